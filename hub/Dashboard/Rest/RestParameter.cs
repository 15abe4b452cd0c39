using System.Globalization;
using IotXmpp.Xml;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary>A parameter of a query: its name, its bounds, and what the description of the API says of it. What a resource does not declare is refused by name.</summary>
public abstract class RestParameter
{
    private protected RestParameter(string name, string description)
    {
        Name = name;
        Description = description;
    }

    /// <summary>Characters of a text, at most, where nothing else is said; default 256: a name, not a document.</summary>
    public const int TextLimit = 256;

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>What it is, for people.</summary>
    public string Description { get; }

    /// <summary>JSON type of a value: <c>string</c>, <c>integer</c> or <c>boolean</c>.</summary>
    public string Type { get; private protected init; } = "string";

    /// <summary>JSON Schema's format, such as <c>date-time</c>; null for none.</summary>
    public string? Format { get; private protected init; }

    /// <summary>Lowest number, or null.</summary>
    public long? Minimum { get; private protected init; }

    /// <summary>Highest number, or null.</summary>
    public long? Maximum { get; private protected init; }

    /// <summary>Characters at most, or null.</summary>
    public int? MaxLength { get; private protected init; }

    /// <summary>The only values, or null.</summary>
    public IReadOnlyList<string>? Words { get; private protected init; }

    /// <summary>What it is when it is not given, or null.</summary>
    public string? Default { get; private protected init; }

    /// <summary>How often it may be given.</summary>
    public int Most { get; private protected init; } = 1;

    /// <summary>Whether it must be given.</summary>
    public bool IsRequired { get; private protected init; }

    /// <summary>Reads it.</summary>
    /// <param name="values">All that was given; at most <see cref="Most"/>.</param>
    /// <param name="value">The value.</param>
    /// <returns>What is wrong, for people; null when nothing is.</returns>
    internal abstract string? Read(IReadOnlyList<string> values, out object? value);

    /// <summary>A text.</summary>
    public static RestParameter<string?> Text(string name, string description, int maxLength = TextLimit, bool isRequired = false) => new(name, description, null, (string text, out string? value) =>
    {
        value = text;
        return text.Length > maxLength ? $"It has more than {maxLength} characters." : text.Any(char.IsControl) ? "It has control characters." : null;
    })
    {
        MaxLength = maxLength,
        IsRequired = isRequired,
    };

    /// <summary>One of some words; null where it is not given.</summary>
    public static RestParameter<string?> Word(string name, string description, params IReadOnlyList<string> words) => new(name, description, null, (string text, out string? value) =>
    {
        value = text;
        return words.Contains(text) ? null : "It is one of " + string.Join(", ", words) + ".";
    })
    {
        Words = words,
    };

    /// <summary>A whole number with a default.</summary>
    public static RestParameter<int> Number(string name, string description, int minimum, int maximum, int fallback) => new(name, description, fallback, (string text, out int value) => ReadNumber(text, minimum, maximum, out value))
    {
        Type = "integer",
        Minimum = minimum,
        Maximum = maximum,
        Default = fallback.ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>A whole number; null where it is not given.</summary>
    public static RestParameter<int?> Number(string name, string description, int minimum, int maximum) => new(name, description, null, (string text, out int? value) =>
    {
        string? wrong = ReadNumber(text, minimum, maximum, out int number);
        value = number;
        return wrong;
    })
    {
        Type = "integer",
        Minimum = minimum,
        Maximum = maximum,
    };

    /// <summary>A time (RFC 3339, with its offset); null where it is not given.</summary>
    public static RestParameter<DateTimeOffset?> Time(string name, string description) => new(name, description, null, (string text, out DateTimeOffset? value) =>
    {
        // A plus in a query is a blank to who decodes forms: an offset that was not escaped is understood all the same.
        bool isTime = TimeFormat.TryParse(text.Replace(' ', '+'), out long milliseconds);
        value = isTime ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds) : null;
        return isTime ? null : "It is no time as 2026-11-20T12:00:00Z.";
    })
    {
        Format = "date-time",
    };

    /// <summary>True or false; false where it is not given.</summary>
    public static RestParameter<bool> Flag(string name, string description) => new(name, description, false, (string text, out bool value) =>
    {
        value = text == "true";
        return text is "true" or "false" ? null : "It is true or false.";
    })
    {
        Type = "boolean",
        Default = "false",
    };

    /// <summary>A text that may be given several times.</summary>
    public static RestParameters Texts(string name, string description, int most, int maxLength = TextLimit) => new(name, description, most, maxLength);

    private static string? ReadNumber(string text, int minimum, int maximum, out int value) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value) && value >= minimum && value <= maximum
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"It is a whole number from {minimum} to {maximum}.");
}

/// <summary>A parameter with one value.</summary>
public sealed class RestParameter<T> : RestParameter
{
    private readonly Reader _reader;

    internal RestParameter(string name, string description, T fallback, Reader reader)
        : base(name, description)
    {
        Fallback = fallback;
        _reader = reader;
    }

    internal delegate string? Reader(string text, out T value);

    /// <summary>What it is when it is not given.</summary>
    public T Fallback { get; }

    internal override string? Read(IReadOnlyList<string> values, out object? value)
    {
        string? wrong = _reader(values[0], out T read);
        value = read;
        return wrong;
    }
}

/// <summary>A text that may be given several times.</summary>
public sealed class RestParameters : RestParameter
{
    private readonly int _maxLength;

    internal RestParameters(string name, string description, int most, int maxLength)
        : base(name, description)
    {
        _maxLength = maxLength;
        Most = most;
        MaxLength = maxLength;
    }

    internal override string? Read(IReadOnlyList<string> values, out object? value)
    {
        value = values;
        return values.Any(v => v.Length > _maxLength) ? $"It has more than {_maxLength} characters." : values.Any(v => v.Any(char.IsControl)) ? "It has control characters." : null;
    }
}
