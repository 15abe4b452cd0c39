using System.Text.Json;
using System.Text.Json.Serialization;

namespace IotXmpp.Hub.Features.Rooms;

/// <summary>Who may discover the real JIDs of occupants (<c>muc#roomconfig_whois</c>).</summary>
internal enum Whois : byte
{
    /// <summary>Moderators: the room is semi-anonymous.</summary>
    Moderators,

    /// <summary>Everybody in the room: it is non-anonymous.</summary>
    Anyone,
}

/// <summary>Who may send private messages (<c>muc#roomconfig_allowpm</c>).</summary>
internal enum AllowPm : byte
{
    /// <summary>Every occupant.</summary>
    Anyone,

    /// <summary>Who has voice.</summary>
    Participants,

    /// <summary>Moderators.</summary>
    Moderators,

    /// <summary>Nobody.</summary>
    None,
}

/// <summary>A set of roles.</summary>
[Flags]
internal enum Roles : byte
{
    /// <summary>No role.</summary>
    None = 0,

    /// <summary>Visitors.</summary>
    Visitor = 1,

    /// <summary>Participants.</summary>
    Participant = 2,

    /// <summary>Moderators.</summary>
    Moderator = 4,

    /// <summary>All of them.</summary>
    All = Visitor | Participant | Moderator,
}

/// <summary>The configuration of a room (XEP-0045 §15.5.3). What it says unless somebody says otherwise: open, unmoderated, semi-anonymous, public, gone with its last occupant.</summary>
internal sealed record RoomConfiguration
{
    /// <summary>A name for people.</summary>
    public string Name { get; init; } = "";

    /// <summary>A short description.</summary>
    public string Description { get; init; } = "";

    /// <summary>The language of the room (RFC 5646), or empty.</summary>
    public string Language { get; init; } = "";

    /// <summary>The URI of a node that goes with the room, or empty.</summary>
    public string PubSub { get; init; } = "";

    /// <summary>Messages of the discussion that who enters is sent at most.</summary>
    public int MaxHistory { get; init; } = 20;

    /// <summary>Who may send private messages.</summary>
    public AllowPm AllowPm { get; init; }

    /// <summary>Whether members of a members-only room may invite: whom they invite becomes a member. Elsewhere every occupant may.</summary>
    public bool AllowInvites { get; init; }

    /// <summary>Whether participants may change the subject.</summary>
    public bool ChangeSubject { get; init; }

    /// <summary>Whether the discussion is kept in the room's archive.</summary>
    public bool EnableLogging { get; init; } = true;

    /// <summary>Which roles may read the list of members.</summary>
    public Roles GetMemberList { get; init; } = Roles.All;

    /// <summary>Occupants at most; 0: as many as the service allows.</summary>
    public int MaxUsers { get; init; }

    /// <summary>Whether only members may enter.</summary>
    public bool MembersOnly { get; init; }

    /// <summary>Whether visitors have no voice.</summary>
    public bool Moderated { get; init; }

    /// <summary>Whether a password is needed.</summary>
    public bool PasswordProtected { get; init; }

    /// <summary>The password.</summary>
    public string Secret { get; init; } = "";

    /// <summary>Whether the room stays when nobody is there.</summary>
    public bool Persistent { get; init; }

    /// <summary>The presence of which roles is told to others.</summary>
    public Roles PresenceBroadcast { get; init; } = Roles.All;

    /// <summary>Whether the room is listed.</summary>
    public bool Public { get; init; } = true;

    /// <summary>Who may discover real JIDs.</summary>
    public Whois Whois { get; init; }

    /// <summary>The configuration as it is stored.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, RoomJson.Default.RoomConfiguration);

    /// <summary>Reads what was stored.</summary>
    public static RoomConfiguration FromJson(string json) => JsonSerializer.Deserialize(json, RoomJson.Default.RoomConfiguration) ?? new RoomConfiguration();
}

/// <summary>Sets of roles.</summary>
internal static class RolesExtensions
{
    /// <summary>Whether a role is in the set.</summary>
    public static bool Contains(this Roles roles, Role role) => (roles & Of(role)) != 0;

    /// <summary>The set of one role.</summary>
    public static Roles Of(Role role) => role switch
    {
        Role.Visitor => Roles.Visitor,
        Role.Participant => Roles.Participant,
        Role.Moderator => Roles.Moderator,
        _ => Roles.None,
    };
}

/// <summary>How a configuration is stored: names are those of the properties, and never change.</summary>
[JsonSourceGenerationOptions(UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.Never)]
[JsonSerializable(typeof(RoomConfiguration))]
internal sealed partial class RoomJson : JsonSerializerContext;
