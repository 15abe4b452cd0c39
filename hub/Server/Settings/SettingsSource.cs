using System.Collections;
using System.Text.Json;

namespace IotXmpp.Hub.Server;

/// <summary>One place where settings come from: flat names (<c>Section:Name</c>, case does not matter) and their values.</summary>
internal sealed class SettingsSource(string description)
{
    /// <summary>Values by name; those of an array by <c>Name:0</c>, <c>Name:1</c>, …</summary>
    public Dictionary<string, string> Values { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>How the operator wrote a name, where that differs from the name itself.</summary>
    public Dictionary<string, string> WrittenAs { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Names a value for the operator: <c>Security:Sasl:Iterations (environment IOTXMPP_SECURITY__SASL__ITERATIONS)</c>.</summary>
    public string Name(string key) => WrittenAs.TryGetValue(key, out string? written) ? $"{key} ({description} {written})" : $"{key} ({description})";

    /// <summary>Reads a JSON file of settings by section; comments and trailing commas are allowed.</summary>
    /// <exception cref="SettingsException">The file cannot be read or is no JSON object.</exception>
    public static SettingsSource FromJson(string path, string description)
    {
        var source = new SettingsSource($"{description} {path}");
        try
        {
            using JsonDocument document = JsonDocument.Parse(
                File.ReadAllText(path), new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw new SettingsException($"{description} {path}: not a JSON object; allowed: sections, such as {{ \"Security\": {{ … }} }}");
            }

            source.Flatten("", document.RootElement);
        }
        catch (JsonException exception)
        {
            throw new SettingsException(
                $"{description} {path}: line {exception.LineNumber + 1}, column {exception.BytePositionInLine + 1} is not JSON");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new SettingsException($"{description} {path}: {OneLine.Of(exception)}");
        }

        return source;
    }

    /// <summary>
    /// Reads variables that begin with the prefix; two underscores stand for the colon. Other programs of the house use the prefix too, so a name is only
    /// taken when its first part is a name of the hub's settings, or nearly so (which is then told as an error).
    /// </summary>
    public static SettingsSource FromEnvironment(IDictionary environment, string prefix, IReadOnlyDictionary<string, string> aliases)
    {
        var source = new SettingsSource("environment");
        foreach (DictionaryEntry variable in environment)
        {
            string name = (string)variable.Key;
            if (!name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) || name.Length == prefix.Length)
            {
                continue;
            }

            string rest = name[prefix.Length..];
            string key = aliases.TryGetValue(rest.Replace('_', '-'), out string? alias) ? alias : rest.Replace("__", ":", StringComparison.Ordinal);
            source.Values[key] = (string?)variable.Value ?? "";
            source.WrittenAs[key] = name;
        }

        return source;
    }

    private void Flatten(string path, JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (JsonProperty property in element.EnumerateObject())
                {
                    string key = path.Length == 0 ? property.Name : $"{path}:{property.Name}";
                    if (Values.ContainsKey(key))
                    {
                        throw new SettingsException($"setting {Name(key)} stands there twice");
                    }

                    Flatten(key, property.Value);
                }

                break;
            case JsonValueKind.Array:
                Values[path] = ""; // an empty array is a value, too
                int index = 0;
                foreach (JsonElement item in element.EnumerateArray())
                {
                    Flatten($"{path}:{index++}", item);
                }

                if (index > 0)
                {
                    Values.Remove(path);
                }

                break;
            case JsonValueKind.Null:
                break;
            default:
                Values[path] = element.ToString();
                break;
        }
    }
}

/// <summary>Texts of exceptions as one line for the operator.</summary>
internal static class OneLine
{
    public static string Of(Exception exception) => exception.Message.ReplaceLineEndings(" ").Trim();
}
