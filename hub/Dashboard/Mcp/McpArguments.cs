using System.Text.Json;
using IotXmpp.Hub.Dashboard.Rest;
using IotXmpp.Xml;

namespace IotXmpp.Hub.Dashboard.Mcp;

/// <summary>The arguments of a call, read strictly: what is not known, missing or of another kind is said by its name.</summary>
internal sealed class McpArguments
{
    private readonly IDictionary<string, JsonElement> _given;

    public McpArguments(IDictionary<string, JsonElement>? given, params ReadOnlySpan<string> known)
    {
        _given = given ?? new Dictionary<string, JsonElement>();
        foreach (string name in _given.Keys)
        {
            if (!known.Contains(name))
            {
                Fail($"There is no argument '{(name.Length > 64 ? name[..64] : name)}'.");
                return;
            }
        }
    }

    /// <summary>What is wrong with them; null when nothing is.</summary>
    public string? Wrong { get; private set; }

    /// <summary>A text; empty where it is not given.</summary>
    public string Text(string name, int most, bool isRequired = false)
    {
        if (!Find(name, JsonValueKind.String, isRequired, out JsonElement value))
        {
            return string.Empty;
        }

        string text = value.GetString()!;
        if (text.Length > most)
        {
            Fail($"'{name}' has more than {most} characters.");
        }

        return text;
    }

    /// <summary>A whole number; null where it is not given.</summary>
    public int? Number(string name, int minimum, int maximum)
    {
        if (!Find(name, JsonValueKind.Number, false, out JsonElement value))
        {
            return null;
        }

        if (!value.TryGetInt32(out int number) || number < minimum || number > maximum)
        {
            Fail($"'{name}' is a whole number from {minimum} to {maximum}.");
            return null;
        }

        return number;
    }

    /// <summary>A time; null where it is not given.</summary>
    public DateTimeOffset? Time(string name)
    {
        if (!Find(name, JsonValueKind.String, false, out JsonElement value))
        {
            return null;
        }

        if (!TimeFormat.TryParse(value.GetString()!, out long milliseconds))
        {
            Fail($"'{name}' is no time as 2026-11-20T12:00:00Z.");
            return null;
        }

        return DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
    }

    /// <summary>An object or list as it is.</summary>
    public JsonElement? Raw(string name, JsonValueKind kind) => Find(name, kind, true, out JsonElement value) ? value : null;

    /// <summary>The first fault counts.</summary>
    public void Fail(string what) => Wrong ??= what;

    private bool Find(string name, JsonValueKind kind, bool isRequired, out JsonElement value)
    {
        if (!_given.TryGetValue(name, out value) || value.ValueKind == JsonValueKind.Null)
        {
            if (isRequired)
            {
                Fail($"'{name}' is missing.");
            }

            return false;
        }

        if (value.ValueKind != kind)
        {
            Fail($"'{name}' is of another kind.");
            return false;
        }

        return true;
    }
}
