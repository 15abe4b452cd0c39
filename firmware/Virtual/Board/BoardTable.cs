using System.Text.Json;
using IotXmpp.Things;

namespace IotXmpp.Virtual;

/// <summary>The pins of boards: those of <c>hardware/Boards</c>, which this library carries with it, and of a bench where every pin can do everything.</summary>
public static class BoardTable
{
    private const string Prefix = "Boards/";

    /// <summary>A board of 49 pins that can do everything; the first twenty are analog inputs too.</summary>
    public static BoardPins Bench { get; } = new(
        "bench",
        [.. Enumerable.Range(0, VirtualGpioDriver.DefaultPinCount)],
        [.. Enumerable.Range(0, VirtualGpioDriver.DefaultPinCount).Select(gpio => PinCan.Digital | PinCan.Pwm | (gpio < 20 ? PinCan.Adc(gpio) : 0))],
        ["battery", "soil", "led", "button", "relay", "pir", "servo", "i2c-sda", "i2c-scl", "onewire", "dht22"],
        [0, 1, 2, 4, 5, 6, 7, 8, 9, 15, 16]);

    /// <summary>The boards that there are.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. typeof(BoardTable).Assembly.GetManifestResourceNames().Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)).Select(n => n.Split('/', '\\')[1]).Order(StringComparer.Ordinal)];

    /// <summary>The pins of a board.</summary>
    /// <param name="board">Its name, or another name that its file gives it.</param>
    /// <exception cref="ArgumentException">There is no such board; the message names those there are.</exception>
    public static BoardPins Find(string board)
    {
        foreach (string name in typeof(BoardTable).Assembly.GetManifestResourceNames().Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            using Stream stream = typeof(BoardTable).Assembly.GetManifestResourceStream(name)!;
            using JsonDocument document = JsonDocument.Parse(stream);
            JsonElement root = document.RootElement;
            bool alias = root.TryGetProperty("aliases", out JsonElement aliases) && aliases.EnumerateArray().Any(a => a.GetString() == board);
            if (alias || root.GetProperty("board").GetString() == board)
            {
                return Read(root);
            }
        }

        throw new ArgumentException($"There is no board \"{board}\": {string.Join(", ", Names)}.", nameof(board));
    }

    /// <summary>Reads the pins of a <c>pins.json</c>.</summary>
    /// <param name="json">Its text.</param>
    /// <exception cref="FormatException">It is none; the message says why.</exception>
    public static BoardPins Parse(string json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return Read(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or OverflowException)
        {
            throw new FormatException("This is no table of pins: " + e.Message, e);
        }
    }

    private static BoardPins Read(JsonElement root)
    {
        JsonElement[] pins = [.. root.GetProperty("pins").EnumerateArray().Where(pin => pin.TryGetProperty("gpio", out JsonElement gpio) && gpio.ValueKind == JsonValueKind.Number)];
        JsonProperty[] roles = [.. root.GetProperty("roles").EnumerateObject()];
        return new BoardPins(
            root.GetProperty("board").GetString()!,
            [.. pins.Select(pin => pin.GetProperty("gpio").GetInt32())],
            [.. pins.Select(Can)],
            [.. roles.Select(role => role.Name)],
            [.. roles.Select(role => role.Value.GetInt32())]);
    }

    private static int Can(JsonElement pin)
    {
        int can = pin.TryGetProperty("reserved", out JsonElement reserved) && reserved.GetBoolean() ? PinCan.Reserved : 0;
        foreach (string word in pin.GetProperty("can").EnumerateArray().Select(e => e.GetString()!))
        {
            can |= word switch
            {
                "digital" => PinCan.Digital,
                "input" => PinCan.Input,
                "output" => PinCan.Output,
                "pwm" => PinCan.Pwm,
                "touch" => PinCan.Touch,
                _ when word.StartsWith("adc1:", StringComparison.Ordinal) => PinCan.Adc(int.Parse(word.AsSpan(5), System.Globalization.CultureInfo.InvariantCulture)),
                // The second converter of an ESP32 belongs to Wi-Fi.
                _ when word.StartsWith("adc2:", StringComparison.Ordinal) => 0,
                _ => throw new FormatException($"GPIO {pin.GetProperty("gpio").GetInt32()} can \"{word}\", which is not known here."),
            };
        }

        return can;
    }
}
