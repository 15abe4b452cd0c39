using System.ComponentModel.DataAnnotations;

namespace IotXmpp.Hub.Features.Access;

/// <summary>Bounds of groups (settings section <c>Access</c>).</summary>
public sealed class AccessOptions
{
    /// <summary>Groups that one account may own (100): more than a person can tell apart. Administrators of the hub are not bound.</summary>
    [Range(0, 100_000)]
    public int GroupsPerAccount { get; set; } = 100;

    /// <summary>Groups of the hub (10,000): all of them are in memory.</summary>
    [Range(1, 1_000_000)]
    public int Groups { get; set; } = 10_000;

    /// <summary>Members of one group (1,000).</summary>
    [Range(1, 100_000)]
    public int MembersPerGroup { get; set; } = 1_000;

    /// <summary>Things of one group (20,000): a fleet fits in one.</summary>
    [Range(1, 1_000_000)]
    public int ThingsPerGroup { get; set; } = 20_000;

    /// <summary>Groups that one thing is in (64): each is looked at when somebody asks what he may do with it.</summary>
    [Range(1, 1_000)]
    public int GroupsPerThing { get; set; } = 64;
}
