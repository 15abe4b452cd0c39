using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using IotXmpp.Hub.Dashboard.Pages.Groups;
using IotXmpp.Hub.Features.Alerts;

namespace IotXmpp.Hub.Dashboard.Pages.Alerts;

/// <summary>What is wrong with a document, and where: as who reads documents says it.</summary>
/// <param name="Path">The member, such as <c>when.value</c>; empty where it is the whole.</param>
/// <param name="Text">What is wrong, for people.</param>
public sealed record DraftError(string Path, string Text)
{
    /// <summary>Takes apart what a service said: the path stands first.</summary>
    public static DraftError Of(string said)
    {
        ArgumentNullException.ThrowIfNull(said);
        int end = 0;
        while (end < said.Length && (char.IsAsciiLetterOrDigit(said[end]) || said[end] is '.' or '[' or ']'))
        {
            end++;
        }

        string rest = said[end..].TrimStart(':', ' ');
        return rest.Length > 0 ? new DraftError(said[..end], char.ToUpperInvariant(rest[0]) + rest[1..] + ".") : new DraftError("", said + ".");
    }
}

/// <summary>Between the texts of a form and the members of a document. A text that is no number becomes a text there, so that who reads the document refuses it and says what is allowed.</summary>
public static class DraftText
{
    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true };

    /// <summary>A number, or the text that is none.</summary>
    public static JsonNode Number(string text) =>
        double.TryParse(text.Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) ? JsonValue.Create(number) : JsonValue.Create(text);

    /// <summary>A number, a truth or a text: what a value is compared with. In quotation marks it is a text whatever it looks like.</summary>
    public static JsonNode Value(string text) => text.Trim() switch
    {
        "true" => JsonValue.Create(true),
        "false" => JsonValue.Create(false),
        ['"', .. { } inner, '"'] => JsonValue.Create(inner),
        _ => Number(text),
    };

    /// <summary>What is typed for such a value.</summary>
    public static string ValueText(JsonNode value) => value.GetValueKind() == JsonValueKind.String && Value(Text(value)) is var read && (read.GetValueKind() != JsonValueKind.String || Text(read) != Text(value)) ? $"\"{Text(value)}\"" : Text(value);

    /// <summary>A member as a text; empty where there is none.</summary>
    public static string Text(JsonNode? member) => member switch
    {
        null => "",
        JsonValue value when value.GetValueKind() == JsonValueKind.String => value.GetValue<string>(),
        _ => member.ToJsonString(),
    };

    /// <summary>Words apart from each other by blanks, commas or semicolons.</summary>
    public static JsonArray Words(string text) => [.. text.Split([' ', ',', ';', '\n', '\r', '\t'], StringSplitOptions.RemoveEmptyEntries).Select(w => (JsonNode)JsonValue.Create(w))];

    /// <summary>An id made of a name that is none of those that there are.</summary>
    public static string FreeId(string name, IEnumerable<string> taken)
    {
        string id = GroupWords.IdOf(name);
        var all = new HashSet<string>(taken, StringComparer.Ordinal);
        for (int i = 2; all.Contains(id); i++)
        {
            string end = "-" + i.ToString(CultureInfo.InvariantCulture);
            id = GroupWords.IdOf(name) is var stem && stem.Length + end.Length > 64 ? stem[..(64 - end.Length)] + end : stem + end;
        }

        return id;
    }

    /// <summary>A document for people to read.</summary>
    public static string Pretty(JsonNode document) => document.ToJsonString(s_indented);

    /// <summary>The bytes of a document.</summary>
    public static byte[] Bytes(JsonNode document) => System.Text.Encoding.UTF8.GetBytes(document.ToJsonString());
}

/// <summary>Which things, as a form has it.</summary>
public sealed class ScopeDraft
{
    /// <summary>The kinds, with what they are called.</summary>
    public static readonly IReadOnlyList<(ScopeKind Kind, string Name)> Kinds =
    [
        (ScopeKind.All, "All that I maintain"),
        (ScopeKind.Group, "Those of a group"),
        (ScopeKind.Things, "These"),
        (ScopeKind.Tag, "Those with a tag"),
        (ScopeKind.Owner, "Those of an owner"),
    ];

    /// <summary>How they are chosen.</summary>
    public ScopeKind Kind { get; set; } = ScopeKind.All;

    /// <summary>Ids, with blanks between.</summary>
    public string Things { get; set; } = "";

    /// <summary>The group's id.</summary>
    public string Group { get; set; } = "";

    /// <summary>The tag's name.</summary>
    public string Tag { get; set; } = "";

    /// <summary>The tag's value; empty for any.</summary>
    public string TagValue { get; set; } = "";

    /// <summary>The owner's account.</summary>
    public string Owner { get; set; } = "";

    /// <summary>Of a scope.</summary>
    public static ScopeDraft Of(AlertScope scope) => new()
    {
        Kind = scope.Kind,
        Things = string.Join(' ', scope.Things),
        Group = scope.Kind == ScopeKind.Group ? scope.Name : "",
        Tag = scope.Kind == ScopeKind.Tag ? scope.Name : "",
        TagValue = scope.Value ?? "",
        Owner = scope.Kind == ScopeKind.Owner ? scope.Name : "",
    };

    /// <summary>The member <c>scope</c>.</summary>
    public JsonObject Write() => Kind switch
    {
        ScopeKind.Things => new JsonObject { ["things"] = DraftText.Words(Things) },
        ScopeKind.Group => new JsonObject { ["group"] = Group },
        ScopeKind.Tag => TagValue.Trim().Length > 0 ? new JsonObject { ["tag"] = Tag.Trim(), ["value"] = TagValue.Trim() } : new JsonObject { ["tag"] = Tag.Trim() },
        ScopeKind.Owner => new JsonObject { ["owner"] = Owner.Trim() },
        _ => new JsonObject { ["all"] = true },
    };
}
