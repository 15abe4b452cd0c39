using System.Globalization;
using System.Text.Json;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Alerts;

/// <summary>A document says something that cannot be taken.</summary>
/// <param name="message">Where, and what is allowed; for people.</param>
public sealed class DocumentException(string message) : Exception(message);

/// <summary>The members of one object of a document, strictly: each is asked for by name and type, and one that nobody asked for is a mistake.</summary>
internal sealed class JsonFields
{
    private readonly Dictionary<string, JsonElement> _members = new(StringComparer.Ordinal);
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    public JsonFields(JsonElement value, string path)
    {
        Path = path;
        if (value.ValueKind != JsonValueKind.Object)
        {
            throw new DocumentException($"{(path.Length > 0 ? path : "the document")} must be an object");
        }

        foreach (JsonProperty member in value.EnumerateObject())
        {
            if (!_members.TryAdd(member.Name, member.Value))
            {
                throw new DocumentException($"{At(member.Name)} stands there twice");
            }
        }
    }

    public string Path { get; }

    public string At(string name) => Path.Length > 0 ? $"{Path}.{name}" : name;

    public bool Has(string name) => Find(name) is not null;

    public JsonElement? Find(string name)
    {
        _known.Add(name);
        return _members.TryGetValue(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    public JsonFields Object(string name) => new(Find(name) ?? throw new DocumentException($"{At(name)} is missing"), At(name));

    public string Text(string name, int limit, string? usual = null)
    {
        if (Find(name) is not { } value)
        {
            return usual ?? throw new DocumentException($"{At(name)} is missing");
        }

        string? text = value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        return text is not null && (text.Length > 0 || usual is not null) && text.Length <= limit && !text.Any(char.IsControl)
            ? text
            : throw new DocumentException($"{At(name)} must be a text of {(usual is null ? 1 : 0)} to {limit} characters without control characters");
    }

    public bool Truth(string name, bool usual) => Find(name) switch
    {
        null => usual,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        _ => throw new DocumentException($"{At(name)} must be true or false"),
    };

    public double Number(string name, double min, double max, double? usual = null)
    {
        if (Find(name) is not { } value)
        {
            return usual ?? throw new DocumentException($"{At(name)} is missing");
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && double.IsFinite(number) && number >= min && number <= max
            ? number
            : throw new DocumentException(
                min == double.MinValue && max == double.MaxValue ? $"{At(name)} must be a number" : max == double.MaxValue ? $"{At(name)} must be a number of at least {Plain(min)}" : $"{At(name)} must be a number from {Plain(min)} to {Plain(max)}");
    }

    public int Whole(string name, int min, int max, int? usual = null)
    {
        double number = Number(name, min, max, usual);
        return number == Math.Floor(number) ? (int)number : throw new DocumentException($"{At(name)} must be a whole number");
    }

    public TimeSpan Seconds(string name, double min, double max, double? usual = null) => TimeSpan.FromMilliseconds(Math.Round(Number(name, min, max, usual) * 1000));

    public DateTimeOffset Time(string name)
    {
        string text = Text(name, 40);
        return TimeFormat.TryParse(text, out long ms) ? DateTimeOffset.FromUnixTimeMilliseconds(ms) : throw new DocumentException($"{At(name)}: '{text}' is no time such as 2026-11-20T12:00:00Z");
    }

    public string OneOf(string name, IReadOnlyList<string> allowed, string? usual = null)
    {
        if (Find(name) is null && usual is not null)
        {
            return usual;
        }

        string word = Text(name, 64);
        return allowed.Contains(word) ? word : throw new DocumentException($"{At(name)}: '{word}' is none of {string.Join(", ", allowed)}");
    }

    public IReadOnlyList<JsonElement> List(string name, int limit)
    {
        if (Find(name) is not { } value)
        {
            return [];
        }

        return value.ValueKind == JsonValueKind.Array && value.GetArrayLength() <= limit ? [.. value.EnumerateArray()] : throw new DocumentException($"{At(name)} must be a list of at most {limit}");
    }

    public void End()
    {
        foreach (string name in _members.Keys)
        {
            if (!_known.Contains(name))
            {
                throw new DocumentException($"{At(name)} is not known here; there are: {string.Join(", ", _known.Order(StringComparer.Ordinal))}");
            }
        }
    }

    /// <summary>The members of a rule's or a window's scope.</summary>
    public static AlertScope Scope(JsonFields scope)
    {
        string[] kinds = [.. new[] { "things", "group", "tag", "owner", "all" }.Where(scope.Has)];
        if (kinds.Length != 1)
        {
            throw new DocumentException($"{scope.Path} must have one of things, group, tag, owner, all");
        }

        AlertScope found;
        switch (kinds[0])
        {
            case "things":
                var ids = new SortedSet<string>(StringComparer.Ordinal);
                foreach (JsonElement id in scope.List("things", RuleDocument.MaxThings))
                {
                    ids.Add(id.ValueKind == JsonValueKind.String && id.GetString() is { } text && ThingProvisioning.IsThingId(text) ? text : throw new DocumentException($"{scope.At("things")}: {Short(id.GetRawText())} is no id of a thing"));
                }

                found = new AlertScope(ScopeKind.Things, ids.Count > 0 ? [.. ids] : throw new DocumentException($"{scope.At("things")} is empty"));
                break;
            case "group":
                found = new AlertScope(ScopeKind.Group, [], scope.Text("group", 128));
                break;
            case "tag":
                found = new AlertScope(ScopeKind.Tag, [], scope.Text("tag", 128).ToUpperInvariant(), scope.Has("value") ? scope.Text("value", 256, string.Empty) : null);
                break;
            case "owner":
                found = new AlertScope(ScopeKind.Owner, [], Account(scope, "owner").ToString());
                break;
            default:
                found = scope.Truth("all", false) ? AlertScope.All : throw new DocumentException($"{scope.At("all")} must be true");
                break;
        }

        scope.End();
        return found;
    }

    public static void Write(Utf8JsonWriter json, AlertScope scope)
    {
        json.WriteStartObject("scope");
        switch (scope.Kind)
        {
            case ScopeKind.Things:
                json.WriteStartArray("things");
                foreach (string id in scope.Things)
                {
                    json.WriteStringValue(id);
                }

                json.WriteEndArray();
                break;
            case ScopeKind.All:
                json.WriteBoolean("all", true);
                break;
            default:
                json.WriteString(scope.Kind.ToString().ToLowerInvariant(), scope.Name);
                if (scope.Value is { } value)
                {
                    json.WriteString("value", value);
                }

                break;
        }

        json.WriteEndObject();
    }

    private static Jid Account(JsonFields fields, string name)
    {
        string text = fields.Text(name, 1023);
        return JidPrep.TryParse(text, out Jid? jid) && jid.Local.Length > 0 ? jid.Bare : throw new DocumentException($"{fields.At(name)}: '{Short(text)}' is no account such as ann@example.org");
    }

    internal static string Short(string text) => text.Length <= 60 ? text : text[..60] + "…";

    private static string Plain(double number) => number.ToString(CultureInfo.InvariantCulture);
}
