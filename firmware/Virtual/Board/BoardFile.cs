using System.Device.Gpio;
using System.Globalization;
using System.Text.Json;

namespace IotXmpp.Virtual;

/// <summary>
/// Reads a board and its script from JSON:
/// <code>
/// { "board": "demo",
///   "pins": { "relay": { "gpio": 5, "mode": "output" }, "button": { "gpio": 4, "mode": "inputPullUp" } },
///   "i2c":  [ { "address": "0x76", "part": "bme280", "temperature": 21.4, "humidity": 48, "pressure": 1002.5 } ],
///   "adc":  [ { "channel": 0, "ratio": 0.6 } ],
///   "script": [ { "at": 5, "press": "button" }, { "at": 6, "pin": "button", "level": "low" }, { "at": 7, "part": "0x76", "temperature": 30 },
///               { "every": 1, "part": "0x76", "wave": { "of": "temperature", "mean": 21, "amplitude": 2, "period": 300 } },
///               { "at": 9, "adc": 0, "ratio": 0.4 }, { "at": 10, "unplug": "0x76" }, { "at": 20, "plug": "0x76" } ] }
/// </code>
/// Times are seconds from the start. An unknown word is an error: a script that does nothing by a slip of the pen would test nothing.
/// </summary>
public static class BoardFile
{
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
        Only(root, "board", "pins", "i2c", "adc", "script");
        var board = new VirtualBoard(root.TryGetProperty("board", out JsonElement name) ? name.GetString()! : "virtual");
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
            Only(part, "address", "part", "temperature", "humidity", "pressure");
            if (part.GetProperty("part").GetString() != "bme280")
            {
                throw new FormatException($"There is no virtual part \"{part.GetProperty("part").GetString()}\".");
            }

            Surround(board.AddBme280(Address(part.GetProperty("address"))), part);
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

    private static void AddAct(VirtualBoard board, JsonElement act)
    {
        Only(act, "at", "every", "press", "pin", "level", "part", "wave", "temperature", "humidity", "pressure", "adc", "ratio", "plug", "unplug");
        TimeSpan at = act.TryGetProperty("at", out JsonElement time) ? TimeSpan.FromSeconds(time.GetDouble()) : TimeSpan.Zero;
        if (act.TryGetProperty("press", out JsonElement button))
        {
            _ = board.Pin(button.GetString()!);
            board.PressAt(at, button.GetString()!);
            return;
        }

        Action<VirtualBoard, TimeSpan> what;
        if (act.TryGetProperty("pin", out JsonElement pin))
        {
            int number = board.Pin(pin.GetString()!);
            PinValue level = act.GetProperty("level").GetString() switch
            {
                "high" => PinValue.High,
                "low" => PinValue.Low,
                string other => throw new FormatException($"A level is high or low, not \"{other}\"."),
                null => throw new FormatException("A level is high or low."),
            };
            what = (b, _) => b.Pins.SetInput(number, level);
        }
        else if (act.TryGetProperty("adc", out JsonElement channel))
        {
            int number = channel.GetInt32();
            double ratio = act.GetProperty("ratio").GetDouble();
            what = (b, _) => b.Adc.SetRatio(number, ratio);
        }
        else if (act.TryGetProperty("unplug", out JsonElement gone))
        {
            int address = Address(gone);
            what = (b, _) => b.I2c.Detach(address);
        }
        else if (act.TryGetProperty("plug", out JsonElement back))
        {
            int address = Address(back);
            VirtualBme280 part = board.Bme280(address);
            what = (b, _) =>
            {
                part.Reset();
                b.I2c.Attach(address, part);
            };
        }
        else
        {
            VirtualBme280 part = board.Bme280(Address(act.GetProperty("part")));
            what = act.TryGetProperty("wave", out JsonElement wave) ? Wave(part, wave) : (_, _) => Surround(part, act);
        }

        if (act.TryGetProperty("every", out JsonElement period))
        {
            board.Every(TimeSpan.FromSeconds(period.GetDouble()), what);
        }
        else
        {
            board.At(at, b => what(b, at));
        }
    }

    private static Action<VirtualBoard, TimeSpan> Wave(VirtualBme280 part, JsonElement wave)
    {
        Only(wave, "of", "mean", "amplitude", "period");
        double mean = wave.GetProperty("mean").GetDouble();
        double amplitude = wave.GetProperty("amplitude").GetDouble();
        double period = wave.GetProperty("period").GetDouble();
        Action<double> set = wave.GetProperty("of").GetString() switch
        {
            "temperature" => value => part.Temperature = value,
            "humidity" => value => part.Humidity = value,
            "pressure" => value => part.Pressure = value,
            string other => throw new FormatException($"A BME280 does not measure \"{other}\"."),
            null => throw new FormatException("A wave is of temperature, humidity or pressure."),
        };
        return (_, since) => set(mean + (amplitude * Math.Sin(2 * Math.PI * since.TotalSeconds / period)));
    }

    private static void Surround(VirtualBme280 part, JsonElement values)
    {
        part.Temperature = values.TryGetProperty("temperature", out JsonElement t) ? t.GetDouble() : part.Temperature;
        part.Humidity = values.TryGetProperty("humidity", out JsonElement h) ? h.GetDouble() : part.Humidity;
        part.Pressure = values.TryGetProperty("pressure", out JsonElement p) ? p.GetDouble() : part.Pressure;
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

    private static void Only(JsonElement value, params string[] known)
    {
        foreach (JsonProperty member in value.EnumerateObject())
        {
            if (!known.Contains(member.Name))
            {
                throw new FormatException($"\"{member.Name}\" is not known here: {string.Join(", ", known)}.");
            }
        }
    }
}
