using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Json;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Commands;

/// <summary>Parameters checked, masked, and as text: on the wire by XEP-0325, on disk as JSON.</summary>
public static class ParameterText
{
    /// <summary>Parameters of one command at most (16): as many as a thing takes.</summary>
    public const int MaxParameters = 16;

    /// <summary>Characters of a parameter's name at most (64).</summary>
    public const int MaxName = 64;

    /// <summary>Characters of a value at most (1,024).</summary>
    public const int MaxValue = 1_024;

    private static readonly string[] Types = ["boolean", "int", "long", "double", "string", "date", "time", "dateTime", "duration", "color"];

    // Where a thing's form is not known its words are: no value of a parameter that is called like this is told to anybody.
    private static readonly string[] SecretWords = ["password", "passwd", "passphrase", "secret", "psk", "token", "apikey", "privatekey", "pin"];

    /// <summary>Whether an element's name is that of a parameter's type.</summary>
    public static bool IsType(string type) => Array.IndexOf(Types, type) >= 0;

    /// <summary>Whether a parameter is called like a secret.</summary>
    public static bool IsSecretName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        string plain = new([.. name.Where(char.IsAsciiLetterOrDigit).Select(char.ToLowerInvariant)]);
        return SecretWords.Any(w => w == "pin" ? plain == w : plain.EndsWith(w, StringComparison.Ordinal));
    }

    /// <summary>What is wrong with parameters; null where nothing is.</summary>
    public static string? Wrong(IReadOnlyList<CommandParameter> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        if (parameters.Count == 0)
        {
            return "There is nothing to set.";
        }

        if (parameters.Count > MaxParameters)
        {
            return $"{MaxParameters} parameters at a time.";
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (CommandParameter parameter in parameters)
        {
            if (parameter.Name is null || parameter.Value is null || parameter.Name.Length is 0 or > MaxName || !IsText(parameter.Name))
            {
                return $"A parameter has a name of 1 to {MaxName} characters and a value.";
            }

            if (!names.Add(parameter.Name))
            {
                return $"{parameter.Name} is set twice.";
            }

            if (!IsType(parameter.Type))
            {
                return $"{parameter.Name}: there is no such type.";
            }

            if (parameter.Value.Length > MaxValue || !IsText(parameter.Value))
            {
                return $"{parameter.Name}: a value has {MaxValue} characters at most, and those that XML can say.";
            }

            if (!Fits(parameter.Type, parameter.Value))
            {
                return $"{parameter.Name}: this is no {parameter.Type}.";
            }
        }

        return null;
    }

    /// <summary>Whether a value is one of its type (XEP-0325 §3.2, XML Schema).</summary>
    public static bool Fits(string type, string value) => type switch
    {
        "boolean" => value is "true" or "false" or "1" or "0",
        "int" => int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _),
        "long" => long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _),
        "double" => double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number),
        "date" => DateOnly.TryParseExact(value, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        "time" => TimeOnly.TryParse(value, CultureInfo.InvariantCulture, out _),
        "dateTime" => IotXmpp.Xml.TimeFormat.TryParse(value, out _),
        "duration" => IsDuration(value),
        "color" => value.Length is 6 or 8 && value.All(char.IsAsciiHexDigit),
        _ => true,
    };

    /// <summary>The same with what is secret marked: by the thing's form where it is known, else by its name.</summary>
    public static IReadOnlyList<CommandParameter> Mark(IReadOnlyList<CommandParameter> parameters, ThingForm? form) =>
        [.. parameters.Select(p => p with { IsSecret = p.IsSecret || (form?.Find(p.Name)?.IsSecret ?? IsSecretName(p.Name)) || IsSecretName(p.Name) })];

    /// <summary>Writes the <c>set</c> of XEP-0325 §3.2.</summary>
    /// <param name="xml">Where to.</param>
    /// <param name="parameters">What shall be set.</param>
    /// <param name="nodeId">The thing behind a gateway, or empty.</param>
    public static void WriteSet(XmlBuilder xml, IReadOnlyList<CommandParameter> parameters, string nodeId)
    {
        ArgumentNullException.ThrowIfNull(xml);
        xml.Open("set"u8, Ns.Control);
        if (nodeId.Length > 0)
        {
            xml.Open("node"u8).Attribute("nodeId"u8, nodeId).Close("node"u8);
        }

        WriteParameters(xml, parameters);
        xml.Close("set"u8);
    }

    /// <summary>Writes parameters one by one, in the namespace that surrounds them; what is secret without its value.</summary>
    public static void WriteParameters(XmlBuilder xml, IReadOnlyList<CommandParameter> parameters, string? ns = null, bool masked = false)
    {
        ArgumentNullException.ThrowIfNull(xml);
        ArgumentNullException.ThrowIfNull(parameters);
        foreach (CommandParameter parameter in parameters)
        {
            byte[] type = Encoding.UTF8.GetBytes(parameter.Type);
            xml.Open(type);
            if (ns is not null)
            {
                xml.Attribute("xmlns"u8, ns);
            }

            xml.Attribute("name"u8, parameter.Name);
            if (masked && parameter.IsSecret)
            {
                xml.Attribute("secret"u8, "true"u8);
            }
            else
            {
                xml.Attribute("value"u8, parameter.Value);
            }

            xml.Close(type);
        }
    }

    /// <summary>Reads the parameters below an element, a submitted form (XEP-0325 §3.3) included.</summary>
    /// <param name="set">The element: <c>set</c> or <c>config</c>.</param>
    /// <param name="parameters">What is to be set; those of a form are strings.</param>
    /// <returns>False where one of them is none.</returns>
    public static bool TryRead(Element set, [NotNullWhen(true)] out List<CommandParameter>? parameters)
    {
        ArgumentNullException.ThrowIfNull(set);
        parameters = [];
        foreach (Element child in set.Children)
        {
            if (child.Is("x", Ns.DataForms))
            {
                parameters.AddRange(child.Children
                    .Where(f => f.Name == "field" && f["type"] != "hidden" && f["var"] is not (null or "FORM_TYPE") && f.Child("value") is not null)
                    .Select(f => new CommandParameter(f["var"]!, "string", f.Child("value")!.Text)));
            }
            else if (child.Namespace == Ns.Control && child.Name is not ("node" or "paramError"))
            {
                if (child["name"] is not { } name || child["value"] is not { } value || !IsType(child.Name))
                {
                    parameters = null;
                    return false;
                }

                parameters.Add(new CommandParameter(name, child.Name, value));
            }
        }

        return true;
    }

    /// <summary>Parameters as JSON: <c>[{"n":name,"t":type,"v":value,"s":true}]</c>; masked ones have no value.</summary>
    public static string ToJson(IReadOnlyList<CommandParameter> parameters, bool masked)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartArray();
            foreach (CommandParameter parameter in parameters)
            {
                json.WriteStartObject();
                json.WriteString("n", parameter.Name);
                json.WriteString("t", parameter.Type);
                if (!masked || !parameter.IsSecret)
                {
                    json.WriteString("v", parameter.Value);
                }

                if (parameter.IsSecret)
                {
                    json.WriteBoolean("s", true);
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    public static IReadOnlyList<CommandParameter> FromJson(string text)
    {
        using var json = JsonDocument.Parse(text);
        return [.. json.RootElement.EnumerateArray().Select(p => new CommandParameter(
            p.GetProperty("n").GetString()!, p.GetProperty("t").GetString()!, p.TryGetProperty("v", out JsonElement value) ? value.GetString()! : string.Empty, p.TryGetProperty("s", out _)))];
    }

    private static bool IsText(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            bool isPair = char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]);
            if (!isPair && (char.IsSurrogate(c) || c is '\uFFFE' or '\uFFFF' || (c < ' ' && c is not ('\t' or '\n' or '\r'))))
            {
                return false;
            }

            i += isPair ? 1 : 0;
        }

        return true;
    }

    private static bool IsDuration(string text)
    {
        try
        {
            System.Xml.XmlConvert.ToTimeSpan(text);
            return true;
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            return false;
        }
    }
}
