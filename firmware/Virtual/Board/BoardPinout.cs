using System.Globalization;
using System.Reflection;
using System.Text.Json;

namespace IotXmpp.Virtual;

/// <summary>
/// The pins of a real board, read from <c>hardware/Boards/&lt;board&gt;/pins.json</c> (its form: <c>hardware/Boards/README.md</c>). The files of the tree
/// are inside this assembly, so that a tool finds them wherever it runs. What is read here is checked: a pin, role or address that cannot be is one
/// clear line.
/// </summary>
public sealed class BoardPinout
{
    private const string Resource = "IotXmpp.Boards.";
    private static readonly Lazy<IReadOnlyList<BoardPinout>> Known = new(LoadAll);

    private BoardPinout(JsonElement root)
    {
        var json = new PinoutJson(root, "the file");
        Board = json.Text("board");
        Name = json.Text("name");
        Aliases = json.Texts("aliases");
        Family = json.Text("family");
        Chip = json.Text("chip");
        Nano = json.Has("nano") ? new NanoLayout(json.Object("nano")) : null;
        FlashBytes = json.Has("flashBytes") ? json.Number("flashBytes") : 0;
        PsramBytes = json.Has("psramBytes") ? json.Number("psramBytes") : 0;
        PinoutJson size = json.Object("size");
        LengthMm = size.Real("lengthMm");
        WidthMm = size.Real("widthMm");
        Headers = [.. json.Items("headers").Select(h => new BoardHeader(h.Text("name"), h.Number("pins"), h.Number("columns"), h.Text("side") == "left"))];
        UsbAtBottom = json.Text("usb") == "bottom";
        Pins = [.. json.Items("pins").Select(p => new BoardPin(p))];
        Power = [.. json.Items("power").Select(p => new PowerPin(p.Text("label"), p.Text("header"), p.Number("position"), p.Text("rail")))];
        Roles = json.Object("roles").Numbers();
        Serial = json.Has("serial") ? (json.Object("serial").Number("tx"), json.Object("serial").Number("rx")) : null;
        PinoutRules.Check(this);
    }

    /// <summary>All boards of the tree, by name.</summary>
    public static IReadOnlyList<BoardPinout> All => Known.Value;

    /// <summary>The folder's name, such as <c>esp32-s3-devkitc-1</c>.</summary>
    public string Board { get; }

    /// <summary>What is printed on the box.</summary>
    public string Name { get; }

    /// <summary>What people also type.</summary>
    public IReadOnlyList<string> Aliases { get; }

    /// <summary><c>esp32</c> or <c>raspberry-pi</c>.</summary>
    public string Family { get; }

    /// <summary>The chip as esptool names it, such as <c>esp32s3</c>.</summary>
    public string Chip { get; }

    /// <summary>How nanoFramework lies in the flash; null on a Raspberry Pi.</summary>
    public NanoLayout? Nano { get; }

    /// <summary>Bytes of flash; 0 on a Raspberry Pi.</summary>
    public int FlashBytes { get; }

    /// <summary>Bytes of PSRAM; 0 when it has none.</summary>
    public int PsramBytes { get; }

    /// <summary>The outline with antenna and connectors, mm.</summary>
    public double LengthMm { get; }

    /// <summary>The outline's short side, mm.</summary>
    public double WidthMm { get; }

    /// <summary>The rows of pins.</summary>
    public IReadOnlyList<BoardHeader> Headers { get; }

    /// <summary>True when the USB connector is at the bottom of the view that the headers' sides are told for, false at its top.</summary>
    public bool UsbAtBottom { get; }

    /// <summary>The GPIO pins.</summary>
    public IReadOnlyList<BoardPin> Pins { get; }

    /// <summary>The other pins.</summary>
    public IReadOnlyList<PowerPin> Power { get; }

    /// <summary>Which GPIO a part uses when its part list names none.</summary>
    public IReadOnlyDictionary<string, int> Roles { get; }

    /// <summary>The pins of the second serial line; null where no two are free.</summary>
    public (int Tx, int Rx)? Serial { get; }

    /// <summary>Reads a board.</summary>
    /// <param name="json">The text of a <c>pins.json</c>.</param>
    /// <exception cref="FormatException">It is none; the message is one line that says what is wrong where.</exception>
    public static BoardPinout Parse(string json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return new BoardPinout(document.RootElement);
        }
        catch (JsonException e)
        {
            throw new FormatException($"This is no pins.json: line {e.LineNumber + 1} is not JSON.", e);
        }
    }

    /// <summary>Finds a board by its name or one of its aliases, in any case.</summary>
    /// <param name="name">What somebody typed.</param>
    /// <returns>The board, or null when there is none.</returns>
    public static BoardPinout? Find(string name)
        => All.FirstOrDefault(b => b.Board.Equals(name, StringComparison.OrdinalIgnoreCase) || b.Aliases.Contains(name, StringComparer.OrdinalIgnoreCase));

    /// <summary>The pin with a number.</summary>
    /// <param name="gpio">The chip's number.</param>
    /// <returns>The pin, or null when the board does not have it on a header.</returns>
    public BoardPin? Pin(int gpio) => Pins.FirstOrDefault(p => p.Gpio == gpio);

    /// <summary>The pin that has a role.</summary>
    /// <param name="role">The role, such as <c>relay</c>.</param>
    /// <returns>The pin, or null when the board gives the role to none.</returns>
    public BoardPin? Role(string role) => Roles.TryGetValue(role, out int gpio) ? Pin(gpio) : null;

    private static List<BoardPinout> LoadAll()
    {
        Assembly assembly = typeof(BoardPinout).Assembly;
        var boards = new List<BoardPinout>();
        foreach (string name in assembly.GetManifestResourceNames().Where(n => n.StartsWith(Resource, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            boards.Add(Parse(reader.ReadToEnd()));
        }

        return boards;
    }
}

/// <summary>A row of pins.</summary>
/// <param name="Name">What the schematic calls it, such as <c>J1</c>.</param>
/// <param name="Pins">How many pins.</param>
/// <param name="Columns">1, or 2 with odd pins left and even pins right.</param>
/// <param name="IsLeft">True when it is at the board's left edge.</param>
public sealed record BoardHeader(string Name, int Pins, int Columns, bool IsLeft);

/// <summary>A pin that is no GPIO.</summary>
/// <param name="Label">What is printed beside it.</param>
/// <param name="Header">Its row.</param>
/// <param name="Position">Its place in the row, from 1.</param>
/// <param name="Rail"><c>3.3V</c>, <c>5V</c>, <c>GND</c> or <c>reset</c>.</param>
public sealed record PowerPin(string Label, string Header, int Position, string Rail);

/// <summary>A GPIO pin.</summary>
public sealed class BoardPin
{
    internal BoardPin(PinoutJson json)
    {
        Gpio = json.Number("gpio");
        Label = json.Text("label");
        Header = json.Text("header");
        Position = json.Number("position");
        Can = json.Texts("can");
        IsReserved = json.Has("reserved") && json.Flag("reserved");
        OnBoard = json.Has("onBoard") ? json.Text("onBoard") : null;
        Note = json.Text("note");
    }

    /// <summary>The chip's number, as firmware opens it.</summary>
    public int Gpio { get; }

    /// <summary>What is printed beside it.</summary>
    public string Label { get; }

    /// <summary>Its row.</summary>
    public string Header { get; }

    /// <summary>Its place in the row, from 1.</summary>
    public int Position { get; }

    /// <summary>What it can do, as the file says it.</summary>
    public IReadOnlyList<string> Can { get; }

    /// <summary>Not to be used by a part; <see cref="Note"/> says why.</summary>
    public bool IsReserved { get; }

    /// <summary>What is soldered to it, or null.</summary>
    public string? OnBoard { get; }

    /// <summary>What to know before using it; may be empty.</summary>
    public string Note { get; }

    /// <summary>True when it can be read.</summary>
    public bool IsInput => Can.Contains("input") || Can.Contains("digital");

    /// <summary>True when it can be driven.</summary>
    public bool IsOutput => Can.Contains("digital");

    /// <summary>True when it gives pulses of a width.</summary>
    public bool IsPwm => Can.Contains("pwm");

    /// <summary>The channel of the converter that works beside Wi-Fi, as nanoFramework numbers it; -1 when the pin is no analog input.</summary>
    public int AdcChannel => Can.FirstOrDefault(c => c.StartsWith("adc1:", StringComparison.Ordinal)) is { } adc ? int.Parse(adc.AsSpan(5), CultureInfo.InvariantCulture) : -1;
}

/// <summary>How nanoFramework lies in an ESP32's flash; addresses and sizes in bytes.</summary>
public sealed class NanoLayout
{
    internal NanoLayout(PinoutJson json)
    {
        Target = json.Text("target");
        ChipFamily = json.Text("chipFamily");
        BootloaderAddress = json.Address("bootloaderAddress");
        PartitionsAddress = json.Address("partitionsAddress");
        RuntimeAddress = json.Address("runtimeAddress");
        DeployAddress = json.Address("deployAddress");
        DeployBytes = json.Number("deployBytes");
        ConfigAddress = json.Address("configAddress");
        ConfigBytes = json.Number("configBytes");
    }

    /// <summary>The name for <c>nanoff --target</c>.</summary>
    public string Target { get; }

    /// <summary>The name in a manifest of ESP Web Tools.</summary>
    public string ChipFamily { get; }

    /// <summary>Where the boot loader is.</summary>
    public int BootloaderAddress { get; }

    /// <summary>Where the partition table is.</summary>
    public int PartitionsAddress { get; }

    /// <summary>Where nanoCLR is.</summary>
    public int RuntimeAddress { get; }

    /// <summary>Where the application's .bin goes.</summary>
    public int DeployAddress { get; }

    /// <summary>How large it may be.</summary>
    public int DeployBytes { get; }

    /// <summary>Where the file system <c>I:</c> is.</summary>
    public int ConfigAddress { get; }

    /// <summary>How large it is.</summary>
    public int ConfigBytes { get; }
}
