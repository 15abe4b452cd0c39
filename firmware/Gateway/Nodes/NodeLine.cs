using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using IotXmpp.Features;
using IotXmpp.Things;

namespace IotXmpp.Gateway;

/// <summary>A line of a thing is not what it should be; the message is one line that the thing gets back.</summary>
internal sealed class NodeLineException(string message) : Exception(message);

/// <summary>The lines between a gateway and a thing behind it (see the README): reading what they carry, with a bound for everything, and their seals.</summary>
internal static class NodeLine
{
    /// <summary>Bytes of a line at most. Default 4,096: sixteen fields with long names and units.</summary>
    public const int MaxBytes = 4096;

    /// <summary>Parameters of a thing at most. Default 16: what one command may carry.</summary>
    public const int MaxParameters = 16;

    /// <summary>Characters of a name at most.</summary>
    public const int MaxName = 64;

    /// <summary>Characters of a text at most.</summary>
    public const int MaxText = 255;

    /// <summary>Characters of a seal: half of HMAC-SHA-256, in hexadecimal.</summary>
    public const int SealLength = 32;

    /// <summary>Decimals of a number at most. Default 6; further ones are rounded off.</summary>
    private const int MaxDecimals = 6;

    /// <summary>How far ahead of the gateway's clock a sample may be: what two clocks that are set differ at most.</summary>
    private const long AheadMs = 300_000;

    private static readonly long Oldest = new DateTimeOffset(2000, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();
    private static readonly JsonDocumentOptions Bounds = new() { MaxDepth = 6 };

    /// <summary>Parses a line.</summary>
    /// <exception cref="NodeLineException">It is no JSON object with a <c>t</c>.</exception>
    public static JsonElement Parse(ReadOnlyMemory<byte> line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line, Bounds);
            JsonElement root = document.RootElement.Clone();
            return root.ValueKind == JsonValueKind.Object && root.TryGetProperty("t", out JsonElement t) && t.ValueKind == JsonValueKind.String
                ? root
                : throw new NodeLineException("a line is a JSON object with a \"t\"");
        }
        catch (JsonException)
        {
            throw new NodeLineException("a line is one JSON object in UTF-8");
        }
        catch (InvalidOperationException)
        {
            throw new NodeLineException("a line is one JSON object in UTF-8");
        }
    }

    /// <summary>A text member; null when absent.</summary>
    public static string? Text(JsonElement line, string name, int max = MaxText)
    {
        if (!line.TryGetProperty(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.String && IsText(value.GetString()!, max) ? value.GetString() : throw new NodeLineException($"{name} is a text of {max} characters at most");
    }

    /// <summary>A whole number; null when absent.</summary>
    public static long? Number(JsonElement line, string name, long least, long most)
    {
        if (!line.TryGetProperty(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) && number >= least && number <= most
            ? number
            : throw new NodeLineException($"{name} is a whole number from {least} to {most}");
    }

    /// <summary>A sample: <c>fields</c> with numbers, truth values, texts, or objects with <c>value</c>, <c>unit</c>; <c>time</c> in milliseconds since 1970, or now.</summary>
    public static Sample ReadSample(JsonElement line, long nowMs)
    {
        var sample = new Sample();
        long time = Number(line, "time", long.MinValue, long.MaxValue) ?? nowMs;
        if (time < Oldest || time > nowMs + AheadMs)
        {
            throw new NodeLineException(string.Create(CultureInfo.InvariantCulture, $"time is in milliseconds since 1970, from the year 2000 to now ({nowMs})"));
        }

        sample.Clear(time);
        if (!line.TryGetProperty("fields", out JsonElement fields) || fields.ValueKind != JsonValueKind.Object)
        {
            throw new NodeLineException("a sample has fields");
        }

        foreach (JsonProperty field in fields.EnumerateObject())
        {
            Add(sample, field);
        }

        return sample.Count > 0 ? sample : throw new NodeLineException("a sample has fields");
    }

    /// <summary>What can be set on a thing: <c>params</c>, each with name, type (boolean, int, double, string), label, min, max, options, value.</summary>
    public static (ControlParameter[] Parameters, Dictionary<string, string> Values) ReadParameters(JsonElement line)
    {
        var parameters = new List<ControlParameter>();
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        if (!line.TryGetProperty("params", out JsonElement list) || list.ValueKind == JsonValueKind.Null)
        {
            return ([], values);
        }

        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() > MaxParameters)
        {
            throw new NodeLineException($"params is a list of {MaxParameters} at most");
        }

        foreach (JsonElement entry in list.EnumerateArray())
        {
            if (entry.ValueKind != JsonValueKind.Object || Text(entry, "name", MaxName) is not { Length: > 0 } name)
            {
                throw new NodeLineException("a parameter has a name");
            }

            FieldKind kind = Text(entry, "type") switch
            {
                "boolean" => FieldKind.Boolean,
                "int" => FieldKind.Int,
                "long" => FieldKind.Long,
                "double" => FieldKind.Double,
                "string" => FieldKind.String,
                _ => throw new NodeLineException($"{name}: type is boolean, int, long, double or string"),
            };
            var parameter = new ControlParameter(name, kind, Text(entry, "label") ?? name);
            if (entry.TryGetProperty("min", out JsonElement min) && entry.TryGetProperty("max", out JsonElement max))
            {
                if (min.ValueKind != JsonValueKind.Number || max.ValueKind != JsonValueKind.Number || !(min.GetDouble() <= max.GetDouble()))
                {
                    throw new NodeLineException($"{name}: min and max are numbers");
                }

                parameter.WithRange(min.GetDouble(), max.GetDouble());
            }

            if (entry.TryGetProperty("options", out JsonElement options) && options.ValueKind == JsonValueKind.Array)
            {
                parameter.Options = [.. options.EnumerateArray().Take(MaxParameters).Select(o => o.ValueKind == JsonValueKind.String && IsText(o.GetString()!, MaxText) ? o.GetString()! : throw new NodeLineException($"{name}: options are texts"))];
            }

            if (entry.TryGetProperty("value", out JsonElement value) && Wire(value) is { } wire && parameter.Check(wire, out _) is null)
            {
                values[name] = wire;
            }

            if (parameters.Any(p => p.Name == name))
            {
                throw new NodeLineException($"{name} is there twice");
            }

            parameters.Add(parameter);
        }

        return ([.. parameters], values);
    }

    /// <summary>A parameter's value as JSON.</summary>
    public static JsonNode? Json(ControlValue value) => value.Parameter.Kind switch
    {
        FieldKind.Boolean => JsonValue.Create(value.Boolean),
        FieldKind.Int or FieldKind.Long => JsonValue.Create(value.Integer),
        FieldKind.Double or FieldKind.Numeric => JsonValue.Create(value.Number),
        _ => JsonValue.Create(value.Text),
    };

    /// <summary>A proof that somebody has the key: HMAC-SHA-256 of a text, in hexadecimal.</summary>
    public static string Mac(string key, string text) => Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(text)));

    /// <summary>The seal of a line: nobody on the way can change, repeat or add one.</summary>
    public static string Seal(string sessionKey, char direction, long number, ReadOnlySpan<byte> line)
    {
        byte[] head = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{direction}|{number}|"));
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(sessionKey));
        hmac.AppendData(head);
        hmac.AppendData(line);
        return Convert.ToHexStringLower(hmac.GetHashAndReset())[..SealLength];
    }

    /// <summary>Whether two proofs are the same; takes the same time wherever they differ.</summary>
    public static bool Same(string? given, string wanted)
        => given is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), Encoding.UTF8.GetBytes(wanted));

    private static void Add(Sample sample, JsonProperty field)
    {
        if (!IsText(field.Name, MaxName) || field.Name.Length == 0 || sample.Count == Sample.MaxFields || sample.IndexOf(field.Name) >= 0)
        {
            throw new NodeLineException($"a sample has {Sample.MaxFields} fields at most, each once, with a name of {MaxName} characters at most");
        }

        JsonElement value = field.Value;
        string unit = string.Empty;
        if (value.ValueKind == JsonValueKind.Object)
        {
            unit = Text(value, "unit", MaxName) ?? string.Empty;
            if (!field.Value.TryGetProperty("value", out value))
            {
                throw new NodeLineException($"{field.Name} has no value");
            }
        }

        switch (value.ValueKind)
        {
            case JsonValueKind.True or JsonValueKind.False:
                sample.AddBoolean(field.Name, value.GetBoolean());
                break;
            case JsonValueKind.String when IsText(value.GetString()!, MaxText):
                sample.AddString(field.Name, value.GetString()!);
                break;
            case JsonValueKind.Number when value.TryGetDecimal(out decimal number) && Math.Abs(number) <= 9_000_000_000_000m:
                number = Math.Round(number, MaxDecimals, MidpointRounding.AwayFromZero);
                int decimals = 0;
                while (number != decimal.Truncate(number))
                {
                    number *= 10;
                    decimals++;
                }

                sample.AddNumeric(field.Name, unit, (long)number, decimals);
                break;
            default:
                throw new NodeLineException($"{field.Name} is a number up to 9e12, true, false, or a text of {MaxText} characters at most");
        }
    }

    private static string? Wire(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        JsonValueKind.Number => value.GetRawText(),
        JsonValueKind.String when IsText(value.GetString()!, MaxText) => value.GetString(),
        _ => null,
    };

    // What XML cannot carry (XML 1.0 §2.2) comes in no further.
    private static bool IsText(string text, int max)
    {
        if (text.Length > max)
        {
            return false;
        }

        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                i++;
            }
            else if (char.IsControl(c) || char.IsSurrogate(c) || c is '\ufffe' or '\uffff')
            {
                return false;
            }
        }

        return true;
    }
}
