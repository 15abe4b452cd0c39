using IotXmpp.Virtual;

namespace IotXmpp.Wiring;

/// <summary>A folder of <c>hardware/Boards</c>: what is written by hand, and what is rendered from it.</summary>
internal sealed class BoardFolder
{
    /// <summary>The files that every board has.</summary>
    internal static readonly string[] Files = ["pins.json", "wiring.yml", "wiring.svg", "pinout.svg", "bom.csv", "README.md"];

    private readonly string _folder;

    private BoardFolder(string folder)
    {
        _folder = folder;
        try
        {
            Pinout = BoardPinout.Parse(Read("pins.json"));
        }
        catch (FormatException e)
        {
            throw new WiringException(e.Message.TrimEnd('.'));
        }

        Wiring = WiringFile.Parse(Read("wiring.yml"));
        Bom = BomFile.Parse(Read("bom.csv"));
    }

    /// <summary>The board's pins.</summary>
    internal BoardPinout Pinout { get; }

    /// <summary>The wiring of the default parts.</summary>
    internal WiringFile Wiring { get; }

    /// <summary>The parts list.</summary>
    internal BomFile Bom { get; }

    /// <summary>Reads a board's folder.</summary>
    /// <exception cref="WiringException">A file is missing or wrong; one line says which and why.</exception>
    internal static BoardFolder Open(string folder)
    {
        try
        {
            return new BoardFolder(folder);
        }
        catch (WiringException e)
        {
            throw new WiringException($"{Path.GetFileName(folder)}: {e.Message}");
        }
    }

    /// <summary>What the folder's rendered files should hold, by file name.</summary>
    internal IReadOnlyDictionary<string, string> Render() => new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["pinout.svg"] = PinoutPicture.Draw(Pinout),
        ["wiring.svg"] = WiringPicture.Draw(Pinout, Wiring),
        ["README.md"] = ReadmeTables.Insert(Read("README.md"), this),
    };

    /// <summary>A file's text.</summary>
    internal string Read(string name)
    {
        string path = Path.Combine(_folder, name);
        return File.Exists(path) ? File.ReadAllText(path).ReplaceLineEndings("\n") : throw new WiringException($"{name} is missing");
    }

    /// <summary>Writes a file.</summary>
    internal void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder, name), text);

    /// <summary>True when a rendered file is there and holds this text.</summary>
    internal bool IsCurrent(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        return File.Exists(path) && File.ReadAllText(path).ReplaceLineEndings("\n") == text;
    }
}
