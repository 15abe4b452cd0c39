using System.Globalization;
using System.Text;
using IotXmpp.Things;
using IotXmpp.Xmpp;

namespace IotXmpp.Virtual;

/// <summary>What an image of a virtual board does wrong.</summary>
public enum ModuleFault
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Its parts cannot be made, and it says so.</summary>
    Refuses,

    /// <summary>It throws while its parts are made: the board panics.</summary>
    Throws,

    /// <summary>It does not come back while its parts are made: the watchdog resets the board.</summary>
    Hangs,

    /// <summary>It runs for half a minute, and then throws.</summary>
    Panics,
}

/// <summary>
/// What stands for a loadable .pe on a virtual board: a text with a first line that no .pe has, then <c>fault=</c>, and <c>pad=</c> to a size. Its parts are those of the board's kind.
/// </summary>
/// <param name="Fault">What it does wrong.</param>
public sealed record VirtualModule(ModuleFault Fault)
{
    private const string First = "iotxmpp virtual module 1";

    /// <summary>Makes an image.</summary>
    /// <param name="bytes">Its size, at least what it takes.</param>
    /// <param name="mark">Makes it differ from others; one line.</param>
    public byte[] ToImage(int bytes, string mark = "")
    {
        string text = string.Create(CultureInfo.InvariantCulture, $"{First}\nfault={Fault}\nmark={mark}\npad=");
        return Encoding.ASCII.GetBytes(text + new string('.', Math.Max(0, bytes - text.Length)));
    }

    /// <summary>Reads an image.</summary>
    /// <param name="image">Its bytes.</param>
    /// <param name="wrong">What is wrong with it; null when nothing is.</param>
    public static VirtualModule? Parse(byte[] image, out string? wrong)
    {
        string[] lines = Encoding.ASCII.GetString(image).Split('\n');
        wrong = null;
        if (lines.Length > 1 && lines[0] == First && lines[1].StartsWith("fault=", StringComparison.Ordinal) && Enum.TryParse(lines[1][6..], out ModuleFault fault))
        {
            return new VirtualModule(fault);
        }

        wrong = "the image is no module of a virtual board";
        return null;
    }

    /// <summary>Makes the parts.</summary>
    public ThingPart[]? MakeParts(VirtualKind kind, VirtualBoard board, ISettings settings, out string? wrong)
    {
        ArgumentNullException.ThrowIfNull(kind);
        wrong = null;
        switch (Fault)
        {
            case ModuleFault.Refuses:
                wrong = "this image has no parts for this board";
                return null;
            case ModuleFault.Throws:
                throw new FormatException("this image throws");
            case ModuleFault.Hangs:
                throw new HungException();
            default:
                ThingPart[] parts = kind.CreateParts(board, settings);
                return Fault == ModuleFault.Panics ? [.. parts, new PanicPart()] : parts;
        }
    }

    private sealed class PanicPart : ThingPart
    {
        private long _startMs;

        public override void Start(long nowMs) => _startMs = nowMs;

        public override bool Step(long nowMs) => nowMs - _startMs < 30_000 ? false : throw new FormatException("this image panics");
    }
}
