using System.Collections.Immutable;
using IotXmpp.Hub.Modules;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Privacy;

/// <summary>By what a rule finds who it is about (XEP-0016 §2.1); members are the wire tokens.</summary>
public enum PrivacyMatch
{
    /// <summary>Everybody: the rule that is left when no other matched.</summary>
    All,

    /// <summary>An address, with all that belongs to it.</summary>
    Jid,

    /// <summary>A group of the roster.</summary>
    Group,

    /// <summary>The state of the subscription.</summary>
    Subscription,
}

/// <summary>One rule.</summary>
/// <param name="Order">Its place among the rules of its list.</param>
/// <param name="Match">By what it finds.</param>
/// <param name="Value">The address, group or state; empty for <see cref="PrivacyMatch.All"/>.</param>
/// <param name="IsDenied">deny or allow.</param>
/// <param name="Kinds">What it is about; <see cref="PrivacyKinds.None"/> for all stanzas.</param>
public sealed record PrivacyItem(long Order, PrivacyMatch Match, string Value, bool IsDenied, PrivacyKinds Kinds)
{
    /// <summary>Whether this is what the blocking command makes: nothing at all from or to an address (XEP-0191 §4).</summary>
    public bool IsBlock => Match == PrivacyMatch.Jid && IsDenied && Kinds == PrivacyKinds.None;

    /// <summary>Whether the rule is about that kind.</summary>
    public bool IsAbout(PrivacyKinds kind) => Kinds == PrivacyKinds.None || (Kinds & kind) != 0;

    /// <summary>Whether it is about an entity.</summary>
    public bool Finds(Jid other, RosterEntry? entry) => Match switch
    {
        PrivacyMatch.All => true,
        PrivacyMatch.Jid => Matches(Value, other),
        PrivacyMatch.Group => entry is not null && entry.Groups.Contains(Value),
        _ => Value == (entry?.Subscription ?? "none"),
    };

    /// <summary>Whether an address, or what belongs to it, is <paramref name="other"/>: resource, account, resource of a domain, all of a domain (§2.1).</summary>
    public static bool Matches(string value, Jid other)
    {
        if (value == other.Domain)
        {
            return true;
        }

        return value == other.ToString() || (other.IsFull && value == other.Bare.ToString()) || (other.Local.Length > 0 && other.IsFull && value == other.Domain + "/" + other.Resource);
    }
}

/// <summary>The lists of one account; immutable.</summary>
/// <param name="Default">The name of the list that holds for the account, or null.</param>
/// <param name="Lists">All lists: rules in their order.</param>
public sealed record PrivacyLists(string? Default, ImmutableDictionary<string, ImmutableArray<PrivacyItem>> Lists)
{
    /// <summary>The list that the blocking command makes where there is none.</summary>
    public const string BlockList = "blocked";

    /// <summary>No lists.</summary>
    public static PrivacyLists Empty { get; } = new(null, ImmutableDictionary.Create<string, ImmutableArray<PrivacyItem>>(StringComparer.Ordinal));

    /// <summary>Whether there is nothing to keep.</summary>
    public bool IsEmpty => Default is null && Lists.IsEmpty;

    /// <summary>Blocked addresses: those of the default list (XEP-0191 §4).</summary>
    public IEnumerable<string> Blocked => Rules(Default).Where(item => item.IsBlock).Select(item => item.Value);

    /// <summary>The rules of a list; none for null.</summary>
    public ImmutableArray<PrivacyItem> Rules(string? name) => name is not null && Lists.TryGetValue(name, out ImmutableArray<PrivacyItem> items) ? items : [];

    /// <summary>Blocks addresses: they come first in the default list, which is made where there is none.</summary>
    public PrivacyLists Block(IReadOnlyCollection<string> jids)
    {
        string name = Default ?? FreeName();
        ImmutableArray<PrivacyItem> before = Rules(name);
        IEnumerable<PrivacyItem> blocks = jids.Except(before.Where(item => item.IsBlock).Select(item => item.Value), StringComparer.Ordinal)
            .Select(jid => new PrivacyItem(0, PrivacyMatch.Jid, jid, IsDenied: true, PrivacyKinds.None));
        return this with { Default = name, Lists = Lists.SetItem(name, Numbered([.. blocks, .. before])) };
    }

    /// <summary>Unblocks addresses; null: all.</summary>
    public PrivacyLists Unblock(IReadOnlyCollection<string>? jids)
    {
        if (Default is null)
        {
            return this;
        }

        ImmutableArray<PrivacyItem> rest = [.. Rules(Default).Where(item => !item.IsBlock || (jids is not null && !jids.Contains(item.Value)))];
        return rest.IsEmpty && Default.StartsWith(BlockList, StringComparison.Ordinal)
            ? new PrivacyLists(null, Lists.Remove(Default))
            : this with { Lists = Lists.SetItem(Default, rest) };
    }

    /// <summary>Whether a list denies something to or from an entity (§2.2): the first rule that finds it decides, and none allows.</summary>
    public bool Denies(string? list, Jid other, RosterEntry? entry, PrivacyKinds kind)
    {
        foreach (PrivacyItem item in Rules(list))
        {
            if (item.IsAbout(kind) && item.Finds(other, entry))
            {
                return item.IsDenied;
            }
        }

        return false;
    }

    /// <summary>Whether any rule asks for the roster.</summary>
    public bool NeedsRoster => Lists.Values.Any(items => items.Any(item => item.Match is PrivacyMatch.Group or PrivacyMatch.Subscription));

    private string FreeName()
    {
        string name = BlockList;
        for (int i = 2; Lists.ContainsKey(name); i++)
        {
            name = $"{BlockList} {i}";
        }

        return name;
    }

    private static ImmutableArray<PrivacyItem> Numbered(IEnumerable<PrivacyItem> items) => [.. items.Select((item, i) => item with { Order = i + 1 })];
}
