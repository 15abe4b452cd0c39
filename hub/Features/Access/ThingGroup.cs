using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Access;

/// <summary>What a member of a group may do with its things. The numbers are on disk: never change one.</summary>
public enum GroupRole
{
    /// <summary>Sees them (<see cref="ThingRight.See"/>).</summary>
    Viewer = 1,

    /// <summary>Controls them (<see cref="ThingRight.Control"/>), within the limit of the member.</summary>
    Operator = 2,

    /// <summary>Maintains them (<see cref="ThingRight.Maintain"/>), and says who is in the group.</summary>
    Administrator = 3,
}

/// <summary>A member of a group.</summary>
/// <param name="Role">The role.</param>
/// <param name="Parameters">What an operator may set; of others it means nothing.</param>
public sealed record GroupMember(GroupRole Role, ParameterLimit Parameters);

/// <summary>A group of things and of people; immutable.</summary>
/// <param name="Id">Its id: 1 to 64 of a-z, 0-9 and -.</param>
public sealed record ThingGroup(string Id)
{
    private static readonly Dictionary<Jid, GroupMember> NoMembers = [];
    private static readonly Dictionary<string, Jid?> NoThings = [];

    /// <summary>Its name for people.</summary>
    public string Name { get; init; } = "";

    /// <summary>Who made it, or got it since (bare JID): administrator of the group, and the only one besides the hub's administrators who may give it away or delete it. Null where that account is gone.</summary>
    public Jid? Owner { get; init; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset Created { get; init; }

    /// <summary>The number of its last change, in the order of the changes of all groups.</summary>
    public long Version { get; init; }

    /// <summary>The members by bare JID.</summary>
    public IReadOnlyDictionary<Jid, GroupMember> Members { get; init; } = NoMembers;

    /// <summary>The things by id, each with whose it was when it came: with another owner it is in the group no more, since he has not been asked.</summary>
    public IReadOnlyDictionary<string, Jid?> Things { get; init; } = NoThings;

    /// <summary>What somebody is here, or null: the owner is an administrator.</summary>
    /// <param name="who">His bare JID.</param>
    public GroupMember? RoleOf(Jid who) => who.Equals(Owner) ? s_owner : Members.GetValueOrDefault(who);

    private static readonly GroupMember s_owner = new(GroupRole.Administrator, ParameterLimit.All);
}
