namespace IotXmpp.Hub.Features.Registry;

/// <summary>What people tell of a thing; null leaves as it is, empty takes away. All of it is kept as meta tags (XEP-0347 §5.2): NAME, PLACE, MODEL, MAN and any others.</summary>
public sealed record ThingDetails
{
    /// <summary>Tag of where a thing is, for people.</summary>
    public const string PlaceTag = "PLACE";

    /// <summary>The tags that have a part of their own here.</summary>
    public static IReadOnlyList<string> OwnTags { get; } = ["NAME", PlaceTag, "MODEL", "MAN"];

    /// <summary>Its name for people.</summary>
    public string? Name { get; init; }

    /// <summary>Where it is.</summary>
    public string? Place { get; init; }

    /// <summary>Its model.</summary>
    public string? Model { get; init; }

    /// <summary>Who made it (a domain).</summary>
    public string? Manufacturer { get; init; }

    /// <summary>All its other tags, as they shall be: what is not among them goes.</summary>
    public IReadOnlyList<MetaTag>? Tags { get; init; }

    /// <summary>Tags that are set, and with an empty value taken away, whatever others there are.</summary>
    public IReadOnlyList<MetaTag> Changes { get; init; } = [];

    /// <summary>What is told of a thing.</summary>
    public static ThingDetails Of(Thing thing)
    {
        ArgumentNullException.ThrowIfNull(thing);
        string Value(string tag) => thing.Tags.TryGetValue(tag, out MetaTag? found) ? found.Value : "";
        return new ThingDetails
        {
            Name = Value("NAME"),
            Place = Value(PlaceTag),
            Model = Value("MODEL"),
            Manufacturer = Value("MAN"),
            Tags = [.. thing.Tags.Values.Where(t => !OwnTags.Contains(t.Name)).OrderBy(t => t.Name, StringComparer.Ordinal)],
        };
    }

    /// <summary>Reads tags as they are written: <c>CITY:Oslo;#FLOOR:2</c>, with <c>\</c> before a semicolon or a backslash.</summary>
    /// <param name="text">The text; empty for none.</param>
    /// <param name="tags">The tags.</param>
    /// <returns>What is wrong, for people, or null.</returns>
    public static string? TryTags(string text, out IReadOnlyList<MetaTag> tags)
    {
        tags = [];
        if (text.Length == 0)
        {
            return null;
        }

        if (!MetaTags.TryRead("IoTDisco;" + text, out MetaTags? read, out string? error))
        {
            return error;
        }

        if (read.Secret is not null || read.Tags.FirstOrDefault(t => OwnTags.Contains(t.Name)) is not null)
        {
            return read.Secret is not null ? "a KEY is set by a new claim code" : $"{string.Join(", ", OwnTags)} have fields of their own";
        }

        tags = read.Tags;
        return null;
    }

    /// <summary>The text of tags.</summary>
    public static string Text(IEnumerable<MetaTag> tags) =>
        string.Join(';', tags.Select(t => (t.Number is null ? "" : "#") + t.Name + ":" + t.Value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace(";", "\\;", StringComparison.Ordinal)));

    /// <summary>What is wrong with it, for people; null when nothing is.</summary>
    public string? Check()
    {
        foreach ((string what, string? value) in (ReadOnlySpan<(string, string?)>)[("name", Name), ("place", Place), ("model", Model), ("manufacturer", Manufacturer)])
        {
            if (value is not null && (value.Length > MetaTags.ValueLimit || value.Any(char.IsControl)))
            {
                return $"A {what} has at most {MetaTags.ValueLimit} characters, none of them a control character.";
            }
        }

        return (Tags ?? []).Concat(Changes).FirstOrDefault(t => t.Value.Any(char.IsControl)) is { } odd ? $"The value of {odd.Name} has a control character." : null;
    }

    /// <summary>The thing with it; the same where nothing is another.</summary>
    public Thing ApplyTo(Thing thing)
    {
        ArgumentNullException.ThrowIfNull(thing);
        var all = new Dictionary<string, MetaTag>(thing.Tags, StringComparer.Ordinal);
        bool isChanged = false;
        Set("NAME", Name);
        Set(PlaceTag, Place);
        Set("MODEL", Model);
        Set("MAN", Manufacturer);
        if (Tags is not null)
        {
            foreach (string gone in all.Keys.Where(n => !OwnTags.Contains(n) && Tags.All(t => t.Name != n)).ToList())
            {
                isChanged |= all.Remove(gone);
            }
        }

        foreach (MetaTag tag in (Tags ?? []).Concat(Changes))
        {
            Put(tag);
        }

        return isChanged ? thing with { Tags = ClaimKey.ByName(all.Values) } : thing;

        void Set(string name, string? value)
        {
            if (value is not null)
            {
                Put(new MetaTag(name, value));
            }
        }

        void Put(MetaTag tag)
        {
            if (tag.Value.Length == 0)
            {
                isChanged |= all.Remove(tag.Name);
            }
            else if (!all.TryGetValue(tag.Name, out MetaTag? old) || old.Value != tag.Value || old.Number != tag.Number)
            {
                // What a thing is claimed by stays so: a new label has it.
                all[tag.Name] = tag with { IsClaim = old is { IsClaim: true } };
                isChanged = true;
            }
        }
    }
}
