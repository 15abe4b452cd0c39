using System.Globalization;

namespace IotXmpp.Hub.Features.Registry;

/// <summary>One comparison of a search (XEP-0347 §3.12): all of them must hold.</summary>
public abstract record SearchTerm(string Tag)
{
    /// <summary>Whether the tag of a thing, which is there and of that type, is what is searched.</summary>
    public abstract bool Holds(MetaTag tag);

    /// <summary>Whether a thing is what is searched: a tag that it has not is never.</summary>
    public bool Holds(Thing thing) => thing.Tags.TryGetValue(Tag, out MetaTag? tag) && Holds(tag);

    /// <summary>Reads an operator; null for one that the standard has not, or whose attributes are wrong.</summary>
    /// <param name="element">Its name, such as <c>strEq</c> or <c>numRange</c>.</param>
    /// <param name="attribute">Its attributes.</param>
    public static SearchTerm? Read(string element, Func<string, string?> attribute)
    {
        string? name = attribute("name")?.ToUpperInvariant();
        if (string.IsNullOrEmpty(name))
        {
            return null;
        }

        if (element == "strMask")
        {
            return attribute("value") is { } mask && attribute("wildcard") is { Length: > 0 } wildcard ? new Mask(name, mask.Split(wildcard)) : null;
        }

        bool isNumeric = element.StartsWith("num", StringComparison.Ordinal);
        if (!isNumeric && !element.StartsWith("str", StringComparison.Ordinal))
        {
            return null;
        }

        string operation = element[3..];
        if (operation is "Range" or "NRange")
        {
            if (!TryValue(attribute("min"), isNumeric, out MetaTag? min) || !TryValue(attribute("max"), isNumeric, out MetaTag? max)
                || !TryFlag(attribute("minIncluded"), out bool minIncluded) || !TryFlag(attribute("maxIncluded"), out bool maxIncluded))
            {
                return null;
            }

            return new Range(name, min!, minIncluded, max!, maxIncluded, IsOutside: operation == "NRange");
        }

        if (!TryValue(attribute("value"), isNumeric, out MetaTag? value))
        {
            return null;
        }

        Func<int, bool>? compare = operation switch
        {
            "Eq" => c => c == 0,
            "NEq" => c => c != 0,
            "Gt" => c => c > 0,
            "GtEq" => c => c >= 0,
            "Lt" => c => c < 0,
            "LtEq" => c => c <= 0,
            _ => null,
        };
        return compare is null ? null : new Comparison(name, value!, compare);
    }

    // Strings by code points: the order is the same everywhere.
    private static int Order(MetaTag tag, MetaTag value) =>
        value.Number is { } number ? tag.Number!.Value.CompareTo(number) : string.CompareOrdinal(tag.Value, value.Value);

    private static bool IsSameType(MetaTag tag, MetaTag value) => (tag.Number is null) == (value.Number is null);

    private static bool TryValue(string? text, bool isNumeric, out MetaTag? value)
    {
        value = null;
        double number = 0;
        if (text is null || (isNumeric && (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number) || double.IsNaN(number))))
        {
            return false;
        }

        value = new MetaTag("", text, isNumeric ? number : null);
        return true;
    }

    private static bool TryFlag(string? text, out bool value)
    {
        value = text is null or "true" or "1"; // the schema's default
        return value || text is "false" or "0";
    }

    private sealed record Comparison(string Tag, MetaTag Value, Func<int, bool> Compare) : SearchTerm(Tag)
    {
        public override bool Holds(MetaTag tag) => IsSameType(tag, Value) && Compare(Order(tag, Value));
    }

    private sealed record Range(string Tag, MetaTag Min, bool MinIncluded, MetaTag Max, bool MaxIncluded, bool IsOutside) : SearchTerm(Tag)
    {
        public override bool Holds(MetaTag tag)
        {
            if (!IsSameType(tag, Min))
            {
                return false;
            }

            int low = Order(tag, Min);
            int high = Order(tag, Max);
            // An endpoint that is included in the range is excluded from what is outside of it.
            bool isInside = (low > 0 || (low == 0 && MinIncluded)) && (high < 0 || (high == 0 && MaxIncluded));
            return isInside != IsOutside;
        }
    }

    /// <summary>Parts in their order, anything between them: no regular expression, so no mask costs more than the value is long for each part.</summary>
    private sealed record Mask(string Tag, string[] Parts) : SearchTerm(Tag)
    {
        public override bool Holds(MetaTag tag)
        {
            if (tag.Number is not null)
            {
                return false;
            }

            ReadOnlySpan<char> rest = tag.Value;
            if (Parts.Length == 1)
            {
                return rest.SequenceEqual(Parts[0]);
            }

            if (!rest.StartsWith(Parts[0], StringComparison.Ordinal))
            {
                return false;
            }

            rest = rest[Parts[0].Length..];
            if (rest.Length < Parts[^1].Length || !rest.EndsWith(Parts[^1], StringComparison.Ordinal))
            {
                return false;
            }

            rest = rest[..^Parts[^1].Length];
            foreach (string part in Parts.AsSpan(1, Parts.Length - 2))
            {
                int at = rest.IndexOf(part, StringComparison.Ordinal);
                if (at < 0)
                {
                    return false;
                }

                rest = rest[(at + part.Length)..];
            }

            return true;
        }
    }
}

/// <summary>A search.</summary>
/// <param name="Terms">All must hold.</param>
/// <param name="Offset">Found things to pass over.</param>
/// <param name="Max">Things wanted at most; the registry may give fewer.</param>
public sealed record ThingSearch(IReadOnlyList<SearchTerm> Terms, int Offset, int Max)
{
    /// <summary>Operators of one search, at most; default 32.</summary>
    public const int TermLimit = 32;

    /// <summary>Whether a thing is found: it is public and somebody's, and all terms hold. The KEY is no tag, so a search for it finds nothing.</summary>
    public bool Finds(Thing thing)
    {
        if (thing is not { State: ThingState.Public, Owner: not null })
        {
            return false;
        }

        foreach (SearchTerm term in Terms)
        {
            if (!term.Holds(thing))
            {
                return false;
            }
        }

        return true;
    }
}
