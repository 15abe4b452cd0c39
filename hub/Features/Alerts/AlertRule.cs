using IotXmpp.Hub.Features.Registry;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Alerts;

/// <summary>How grave an alert is. The numbers are on disk: never change one.</summary>
public enum AlertSeverity
{
    /// <summary>Good to know.</summary>
    Info = 0,

    /// <summary>Somebody should look.</summary>
    Warning = 1,

    /// <summary>Somebody must look now.</summary>
    Critical = 2,
}

/// <summary>How things are chosen.</summary>
public enum ScopeKind
{
    /// <summary>By their ids.</summary>
    Things,

    /// <summary>The members of a group.</summary>
    Group,

    /// <summary>Those with a meta tag (XEP-0347).</summary>
    Tag,

    /// <summary>Those of an owner.</summary>
    Owner,

    /// <summary>All.</summary>
    All,
}

/// <summary>Which things a rule or a window is for; of these only those count that its author maintains.</summary>
/// <param name="Kind">How they are chosen.</param>
/// <param name="Things">Their ids, in order.</param>
/// <param name="Name">The group, the tag's name (upper case), or the owner's bare JID.</param>
/// <param name="Value">The tag's value; null: any.</param>
public sealed record AlertScope(ScopeKind Kind, IReadOnlyList<string> Things, string Name = "", string? Value = null)
{
    /// <summary>All things that the author maintains.</summary>
    public static AlertScope All { get; } = new(ScopeKind.All, []);

    /// <summary>Whether a thing is among them.</summary>
    /// <param name="thing">The thing.</param>
    /// <param name="groups">The members of groups, by the group's name.</param>
    public bool Has(Thing thing, Func<string, IReadOnlySet<string>> groups)
    {
        ArgumentNullException.ThrowIfNull(thing);
        ArgumentNullException.ThrowIfNull(groups);
        return Kind switch
        {
            ScopeKind.Things => Things.Contains(thing.Id),
            ScopeKind.Group => groups(Name).Contains(thing.Id),
            ScopeKind.Tag => thing.Tags.TryGetValue(Name, out MetaTag? tag) && (Value is null || tag.Value == Value),
            ScopeKind.Owner => thing.Owner?.ToString() == Name,
            _ => true,
        };
    }

    /// <inheritdoc/>
    public bool Equals(AlertScope? other) => other is not null && Kind == other.Kind && Things.SequenceEqual(other.Things) && Name == other.Name && Value == other.Value;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Kind, Things.Count, Name, Value);
}

/// <summary>How an alert gets to somebody. The numbers are on disk: never change one.</summary>
public enum DeliveryChannel
{
    /// <summary>A message to a JID.</summary>
    Xmpp = 0,

    /// <summary>A mail.</summary>
    Mail = 1,

    /// <summary>An HTTPS request.</summary>
    Webhook = 2,
}

/// <summary>To whom an alert goes.</summary>
/// <param name="Channel">How.</param>
/// <param name="Address">The bare JID, the mail address or the URL; <see cref="OwnerAddress"/> for the thing's owner, by XMPP.</param>
/// <param name="Secret">What a webhook's requests are signed with; else empty.</param>
public sealed record DeliveryTarget(DeliveryChannel Channel, string Address, string Secret = "")
{
    /// <summary>Stands for the owner of the thing.</summary>
    public const string OwnerAddress = "owner";
}

/// <summary>A rule: data, no code. Immutable.</summary>
/// <param name="Id">Its id: 1 to 64 of <c>a-z 0-9 -</c>.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Scope">Which things.</param>
/// <param name="Condition">What it watches for.</param>
public sealed record AlertRule(string Id, string Name, AlertScope Scope, AlertCondition Condition)
{
    /// <summary>Whether it is watched.</summary>
    public bool IsEnabled { get; init; } = true;

    /// <summary>How grave.</summary>
    public AlertSeverity Severity { get; init; } = AlertSeverity.Warning;

    /// <summary>What is told, with placeholders (<see cref="AlertText"/>); empty: the usual text of the condition.</summary>
    public string Message { get; init; } = string.Empty;

    /// <summary>Who is told.</summary>
    public IReadOnlyList<DeliveryTarget> Deliver { get; init; } = [];

    /// <summary>Whose rule it is (bare JID): it sees no thing that he does not maintain.</summary>
    public Jid Author { get; init; } = null!;

    /// <summary>Counts its changes, from 1.</summary>
    public long Revision { get; init; }

    /// <summary>When it was changed last.</summary>
    public DateTimeOffset Changed { get; init; }
}
