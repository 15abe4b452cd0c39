using System.Collections.Frozen;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Registry;

/// <summary>How a thing stands in the registry (XEP-0347 §3). The numbers are on disk: never change one.</summary>
public enum ThingState
{
    /// <summary>Registered and nobody's: it can be claimed by who knows its key, and is found by nobody.</summary>
    Unclaimed = 1,

    /// <summary>Somebody's, and found by everybody.</summary>
    Public = 2,

    /// <summary>Somebody's, and found by nobody.</summary>
    Private = 3,

    /// <summary>Somebody's, and taken out of the registry (§3.9, §3.13): it is found by nobody and cannot update what is told of it.</summary>
    Removed = 4,
}

/// <summary>A meta tag (XEP-0347 §5.2).</summary>
/// <param name="Name">In upper case: names do not depend on case.</param>
/// <param name="Value">As it was given.</param>
/// <param name="Number">The value of a numeric tag; null for a string.</param>
public sealed record MetaTag(string Name, string Value, double? Number = null)
{
    /// <summary>Whether it belongs to what a claimer must present: it came with the registration, or from provisioning.</summary>
    public bool IsClaim { get; init; }
}

/// <summary>A thing that the hub knows; immutable.</summary>
/// <param name="Id">Its id, unique in the hub: the localpart of its account, or the node id of a thing behind a gateway.</param>
/// <param name="Account">The localpart of the account that speaks for it: its own or its gateway's.</param>
public sealed record Thing(string Id, string Account)
{
    /// <summary>XEP-0326's <c>nodeId</c> behind the gateway; empty for a thing with its own account.</summary>
    public string NodeId { get; init; } = "";

    /// <summary>XEP-0326's <c>sourceId</c>; empty for none.</summary>
    public string SourceId { get; init; } = "";

    /// <summary>XEP-0326's <c>cacheType</c>; empty for none.</summary>
    public string CacheType { get; init; } = "";

    /// <summary>How it stands in the registry.</summary>
    public ThingState State { get; init; } = ThingState.Unclaimed;

    /// <summary>Whose it is; null while it is nobody's. A thing that owns itself (§3.3) has its own address here.</summary>
    public Jid? Owner { get; init; }

    /// <summary>What is told of it, by name; never the KEY.</summary>
    public FrozenDictionary<string, MetaTag> Tags { get; init; } = FrozenDictionary<string, MetaTag>.Empty;

    /// <summary>From KEY and claim tags (<see cref="ClaimKey"/>); null where it cannot be claimed.</summary>
    public byte[]? ClaimHash { get; init; }

    /// <summary>Set while rights have not all followed a change of the owner: the owner before, or empty for none.</summary>
    public string? MovingFrom { get; init; }

    /// <summary>Whether the hub has made its KEY: one that the thing itself announces does not take its place, so that an old label stays void.</summary>
    public bool IsHubKey { get; init; }

    /// <summary>When its keys were taken away; null while it has some.</summary>
    public DateTimeOffset? Revoked { get; init; }

    /// <summary>When it became known.</summary>
    public DateTimeOffset Registered { get; init; }

    /// <summary>When it got its owner; null while it has none.</summary>
    public DateTimeOffset? Claimed { get; init; }

    /// <summary>The number of its last change, in the order of the changes of all things.</summary>
    public long Version { get; init; }

    /// <summary>Whether it is behind a gateway.</summary>
    public bool IsBehindGateway => NodeId.Length > 0;

    /// <summary>Whether it owns itself (§3.3).</summary>
    public bool IsSelfOwned => Owner is { } owner && owner.Local == Account && !IsBehindGateway;

    /// <summary>The name that people gave it (tag NAME), or its id.</summary>
    public string Name => Tags.TryGetValue("NAME", out MetaTag? name) && name.Value.Length > 0 ? name.Value : Id;
}

/// <summary>Where a thing is addressed (XEP-0347 §3.4): the account that speaks for it and, behind a gateway, the node.</summary>
/// <param name="Account">The account's localpart.</param>
/// <param name="NodeId">Empty for the account itself.</param>
/// <param name="SourceId">Empty for none.</param>
/// <param name="CacheType">Empty for none.</param>
public readonly record struct ThingAddress(string Account, string NodeId = "", string SourceId = "", string CacheType = "");

/// <summary>How a request of the registry ended.</summary>
public enum RegistryOutcome
{
    /// <summary>Done and durable.</summary>
    Done,

    /// <summary>There is no such thing, or not for who asks.</summary>
    NotFound,

    /// <summary>Who asks may not.</summary>
    Forbidden,

    /// <summary>The name is somebody else's.</summary>
    Conflict,

    /// <summary>The thing did not acknowledge (§3.14), or is not of that kind.</summary>
    NotAllowed,

    /// <summary>The id is none: 1 to 64 of a-z, 0-9 and - (wire profile, addresses).</summary>
    BadId,

    /// <summary>The KEY is missing or so short that it can be guessed.</summary>
    WeakKey,

    /// <summary>There is no such owner.</summary>
    NoOwner,

    /// <summary>A bound is reached.</summary>
    TooMany,

    /// <summary>Too many claims of this claimer have failed.</summary>
    Throttled,
}

/// <summary>What has become of a thing.</summary>
public enum ThingChange
{
    /// <summary>It has new keys, and perhaps is new.</summary>
    Provisioned,

    /// <summary>It has an owner.</summary>
    Claimed,

    /// <summary>It has none any more.</summary>
    Disowned,

    /// <summary>Its tags or its place in the registry are others.</summary>
    Updated,

    /// <summary>Its keys were taken away.</summary>
    Revoked,

    /// <summary>It is gone.</summary>
    Forgotten,
}
