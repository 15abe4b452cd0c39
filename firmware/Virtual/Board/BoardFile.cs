using System.Device.Gpio;
using System.Globalization;
using System.Text.Json;

namespace IotXmpp.Virtual;

/// <summary>
/// Reads a board and its script from JSON:
/// <code>
/// { "board": "demo", "hardware": "esp32-s3-devkitc-1",
///   "pins": { "relay": { "gpio": 5, "mode": "output" }, "button": { "gpio": 4, "mode": "inputPullUp" } },
///   "i2c":  [ { "address": "0x76", "part": "bme280", "temperature": 21.4, "humidity": 48, "pressure": 1002.5 } ],
///   "parts": [ { "part": "dht22", "pin": "dht22", "temperature": 20 }, { "id": "inlet", "part": "ds18b20", "pin": 15, "serial": 7 }, { "part": "soil", "pin": 1, "moisture": 40 } ],
///   "adc":  [ { "channel": 0, "ratio": 0.6 } ],
///   "script": [ { "at": 5, "press": "button" }, { "at": 6, "pin": "button", "level": "low" }, { "at": 7, "part": "0x76", "temperature": 30 },
///               { "every": 1, "part": "dht22", "wave": { "of": "temperature", "mean": 21, "amplitude": 2, "period": 300 } },
///               { "at": 8, "part": "dht22", "fault": "checksum" }, { "at": 9, "adc": 0, "ratio": 0.4 }, { "at": 10, "unplug": "0x76" }, { "at": 20, "plug": "0x76" } ] }
/// </code>
/// A pin is a number, a name of <c>pins</c> or a role of the board. Times are seconds from the start. An unknown word is an error: a script that does nothing
/// by a slip of the pen would test nothing.
/// </summary>
public static class BoardFile
{
    private static readonly string[] Quantities = ["temperature", "humidity", "pressure", "moisture"];

    /// <summary>Makes a board from JSON text.</summary>
    /// <param name="json">The text.</param>
    /// <exception cref="FormatException">It is no board; the message says what is wrong where.</exception>
    public static VirtualBoard Parse(string json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            return Read(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or ArgumentException or OverflowException)
        {
            throw new FormatException("This is no board: " + e.Message, e);
        }
    }

    private static VirtualBoard Read(JsonElement root)
    {
        Only(root, "board", "hardware", "pins", "i2c", "parts", "adc", "script");
        var board = new VirtualBoard(
            root.TryGetProperty("board", out JsonElement name) ? name.GetString()! : "virtual",
            root.TryGetProperty("hardware", out JsonElement hardware) ? BoardTable.Find(hardware.GetString()!) : null);
        foreach (JsonProperty pin in Members(root, "pins"))
        {
            Only(pin.Value, "gpio", "mode", "note");
            int number = pin.Value.GetProperty("gpio").GetInt32();
            if (pin.Value.TryGetProperty("mode", out JsonElement mode) && !Enum.TryParse<PinMode>(mode.GetString(), true, out _))
            {
                throw new FormatException($"Pin \"{pin.Name}\" has no such mode as \"{mode.GetString()}\".");
            }

            // Asks the driver, so that a number the board does not have is refused here.
            board.Pins.Level(number);
            board.NamePin(pin.Name, number);
        }

        foreach (JsonElement part in Items(root, "i2c"))
        {
            Only(part, ["address", "part", .. Quantities]);
            if (part.GetProperty("part").GetString() != "bme280")
            {
                throw new FormatException($"There is no virtual part \"{part.GetProperty("part").GetString()}\" on I2C.");
            }

            Surround(board.AddBme280(Address(part.GetProperty("address"))), part);
        }

        foreach (JsonElement part in Items(root, "parts"))
        {
            AddPart(board, part);
        }

        foreach (JsonElement input in Items(root, "adc"))
        {
            Only(input, "channel", "ratio");
            board.Adc.SetRatio(input.GetProperty("channel").GetInt32(), input.GetProperty("ratio").GetDouble());
        }

        foreach (JsonElement act in Items(root, "script"))
        {
            AddAct(board, act.Clone());
        }

        return board;
    }

    private static void AddPart(VirtualBoard board, JsonElement part)
    {
        Only(part, ["id", "part", "pin", "serial", "fault", .. Quantities]);
        string kind = part.GetProperty("part").GetString()!;
        string id = part.TryGetProperty("id", out JsonElement given) ? given.GetString()! : kind;
        int gpio = Pin(board, part.GetProperty("pin"));
        IVirtualPart added = kind switch
        {
            "dht22" => board.AddDht22(gpio, id),
            "ds18b20" => board.AddDs18b20(gpio, part.TryGetProperty("serial", out JsonElement serial) ? serial.GetInt64() : 1, id),
            "soil" => board.AddSoilProbe(gpio, id),
            _ => throw new FormatException($"There is no virtual part \"{kind}\" on a pin: dht22, ds18b20, soil."),
        };
        Surround(added, part);
    }

    private static void AddAct(VirtualBoard board, JsonElement act)
    {
        Only(act, ["at", "every", "press", "pin", "level", "part", "wave", "fault", "adc", "ratio", "plug", "unplug", .. Quantities]);
        TimeSpan at = act.TryGetProperty("at", out JsonElement time) ? TimeSpan.FromSeconds(time.GetDouble()) : TimeSpan.Zero;
        if (act.TryGetProperty("press", out JsonElement button))
        {
            _ = board.Pin(button.GetString()!);
            board.PressAt(at, button.GetString()!);
            return;
        }

        Action<VirtualBoard, TimeSpan> what = What(board, act);
        if (act.TryGetProperty("every", out JsonElement period))
        {
            board.Every(TimeSpan.FromSeconds(period.GetDouble()), what);
        }
        else
        {
            board.At(at, b => what(b, at));
        }
    }

    private static Action<VirtualBoard, TimeSpan> What(VirtualBoard board, JsonElement act)
    {
        if (act.TryGetProperty("pin", out JsonElement pin))
        {
            int number = Pin(board, pin);
            PinValue level = act.GetProperty("level").GetString() switch
            {
                "high" => PinValue.High,
                "low" => PinValue.Low,
                string other => throw new FormatException($"A level is high or low, not \"{other}\"."),
                null => throw new FormatException("A level is high or low."),
            };
            return (b, _) => b.Pins.SetInput(number, level);
        }

        if (act.TryGetProperty("adc", out JsonElement channel))
        {
            int number = channel.GetInt32();
            double ratio = act.GetProperty("ratio").GetDouble();
            return (b, _) => b.Adc.SetRatio(number, ratio);
        }

        if (act.TryGetProperty("unplug", out JsonElement gone))
        {
            string unplugged = Known(board, gone);
            return (b, _) => b.UnplugPart(unplugged);
        }

        if (act.TryGetProperty("plug", out JsonElement back))
        {
            string plugged = Known(board, back);
            return (b, _) => b.PlugPart(plugged);
        }

        IVirtualPart part = board.Part(Known(board, act.GetProperty("part")));
        if (act.TryGetProperty("wave", out JsonElement wave))
        {
            return Wave(part, wave);
        }

        // Tried on a part that nobody has: a quantity that it does not measure is refused now and not in the middle of a run.
        foreach (string quantity in Quantities.Where(q => act.TryGetProperty(q, out _) && !part.Quantities.Contains(q)))
        {
            part.Set(quantity, 0);
        }

        if (act.TryGetProperty("fault", out JsonElement fault))
        {
            _ = Fault(part, fault);
        }

        return (_, _) => Surround(part, act);
    }

    private static Action<VirtualBoard, TimeSpan> Wave(IVirtualPart part, JsonElement wave)
    {
        Only(wave, "of", "mean", "amplitude", "period");
        double mean = wave.GetProperty("mean").GetDouble();
        double amplitude = wave.GetProperty("amplitude").GetDouble();
        double period = wave.GetProperty("period").GetDouble();
        string quantity = wave.GetProperty("of").GetString() ?? throw new FormatException("A wave is of something, such as temperature.");
        part.Set(quantity, mean);
        return (_, since) => part.Set(quantity, mean + (amplitude * Math.Sin(2 * Math.PI * since.TotalSeconds / period)));
    }

    private static void Surround(IVirtualPart part, JsonElement values)
    {
        foreach (string quantity in Quantities)
        {
            if (values.TryGetProperty(quantity, out JsonElement value))
            {
                part.Set(quantity, value.GetDouble());
            }
        }

        if (values.TryGetProperty("fault", out JsonElement fault))
        {
            switch (part)
            {
                case VirtualDht22 dht22:
                    dht22.Fault = Fault(part, fault);
                    break;
                case VirtualDs18b20 ds18b20:
                    ds18b20.Answers = Fault(part, fault) == Dht22Fault.None;
                    break;
                default:
                    break;
            }
        }
    }

    private static Dht22Fault Fault(IVirtualPart part, JsonElement fault)
    {
        string word = fault.GetString() ?? "";
        bool known = Enum.TryParse(word, true, out Dht22Fault found) && !char.IsAsciiDigit(word.FirstOrDefault());
        return known && (part is VirtualDht22 || (part is VirtualDs18b20 && found <= Dht22Fault.Silent))
            ? found
            : throw new FormatException($"The part has no fault \"{word}\": a DHT22 has {string.Join(", ", Enum.GetNames<Dht22Fault>()).ToLowerInvariant()}, a DS18B20 none and silent.");
    }

    private static int Pin(VirtualBoard board, JsonElement pin)
    {
        int number = pin.ValueKind == JsonValueKind.Number ? pin.GetInt32() : board.Pin(pin.GetString()!);
        board.Pins.Level(number);
        return number;
    }

    private static string Known(VirtualBoard board, JsonElement id)
    {
        string text = id.ValueKind == JsonValueKind.Number || id.GetString()!.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? $"0x{Address(id):X2}" : id.GetString()!;
        _ = board.Part(text);
        return text;
    }

    private static int Address(JsonElement value)
    {
        string text = value.ValueKind == JsonValueKind.Number ? value.GetRawText() : value.GetString()!;
        return text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? int.Parse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)
            : int.Parse(text, CultureInfo.InvariantCulture);
    }

    private static IEnumerable<JsonProperty> Members(JsonElement root, string name)
        => root.TryGetProperty(name, out JsonElement found) ? found.EnumerateObject() : Enumerable.Empty<JsonProperty>();

    private static IEnumerable<JsonElement> Items(JsonElement root, string name)
        => root.TryGetProperty(name, out JsonElement found) ? found.EnumerateArray() : Enumerable.Empty<JsonElement>();

    private static void Only(JsonElement value, params ReadOnlySpan<string> known)
    {
        foreach (JsonProperty member in value.EnumerateObject())
        {
            if (!known.Contains(member.Name))
            {
                throw new FormatException($"\"{member.Name}\" is not known here: {string.Join(", ", known!)}.");
            }
        }
    }
}
