namespace IotXmpp.Hub.Features.Rooms;

/// <summary>What an occupant may do while it is in the room (XEP-0045 §5.1); members are the wire tokens, from less to more.</summary>
internal enum Role : byte
{
    /// <summary>Not in the room.</summary>
    None,

    /// <summary>May listen; has no voice in a moderated room.</summary>
    Visitor,

    /// <summary>May speak.</summary>
    Participant,

    /// <summary>May give and take voice, and kick.</summary>
    Moderator,
}

/// <summary>What a user is to a room, whether it is there or not (XEP-0045 §5.2); members are the wire tokens, from less to more.</summary>
internal enum Affiliation : sbyte
{
    /// <summary>Banned.</summary>
    Outcast = -1,

    /// <summary>Nothing in particular.</summary>
    None,

    /// <summary>May enter a members-only room.</summary>
    Member,

    /// <summary>May ban, make members and moderators.</summary>
    Admin,

    /// <summary>May do everything, also configure and destroy.</summary>
    Owner,
}

/// <summary>An expected failure; <see cref="RoomXml.Error"/> maps each to the stanza error that the standard names.</summary>
internal enum RoomError : byte
{
    /// <summary>The request is not what the standard says.</summary>
    BadRequest,

    /// <summary>The nickname or the owner that would be lost is in the way.</summary>
    Conflict,

    /// <summary>Banned, or the affiliation or role is too low.</summary>
    Forbidden,

    /// <summary>Nothing here can do that.</summary>
    FeatureNotImplemented,

    /// <summary>The storage has failed.</summary>
    InternalServerError,

    /// <summary>There is no such room or occupant, or the room is locked.</summary>
    ItemNotFound,

    /// <summary>The nickname is none.</summary>
    JidMalformed,

    /// <summary>The sender is not in the room, or the configuration is not acceptable.</summary>
    NotAcceptable,

    /// <summary>Nobody may do that to this user, or here.</summary>
    NotAllowed,

    /// <summary>The password is missing or wrong.</summary>
    NotAuthorized,

    /// <summary>Larger than the service takes.</summary>
    PolicyViolation,

    /// <summary>The room is for members.</summary>
    RegistrationRequired,

    /// <summary>A bound of the service is reached.</summary>
    ResourceConstraint,

    /// <summary>The room is full, or does not offer that.</summary>
    ServiceUnavailable,
}

/// <summary>The status codes (XEP-0045 §15.6) that the hub sends.</summary>
internal static class RoomStatus
{
    public const int NonAnonymous = 100;
    public const int AffiliationChangedOutside = 101;
    public const int ConfigurationChanged = 104;
    public const int Self = 110;
    public const int LoggingOn = 170;
    public const int LoggingOff = 171;
    public const int NowNonAnonymous = 172;
    public const int NowSemiAnonymous = 173;
    public const int Created = 201;
    public const int NickChangedByService = 210;
    public const int Banned = 301;
    public const int NewNick = 303;
    public const int Kicked = 307;
    public const int AffiliationLost = 321;
    public const int MembersOnly = 322;
    public const int ShuttingDown = 332;
    public const int TechnicalProblem = 333;
}

/// <summary>The words of the protocol.</summary>
internal static class RoomTokens
{
    public static string Of(Role role) => role switch
    {
        Role.Visitor => "visitor",
        Role.Participant => "participant",
        Role.Moderator => "moderator",
        _ => "none",
    };

    public static string Of(Affiliation affiliation) => affiliation switch
    {
        Affiliation.Outcast => "outcast",
        Affiliation.Member => "member",
        Affiliation.Admin => "admin",
        Affiliation.Owner => "owner",
        _ => "none",
    };

    public static Role? ReadRole(string? token) => token switch
    {
        "none" => Role.None,
        "visitor" => Role.Visitor,
        "participant" => Role.Participant,
        "moderator" => Role.Moderator,
        _ => null,
    };

    public static Affiliation? ReadAffiliation(string? token) => token switch
    {
        "outcast" => Affiliation.Outcast,
        "none" => Affiliation.None,
        "member" => Affiliation.Member,
        "admin" => Affiliation.Admin,
        "owner" => Affiliation.Owner,
        _ => null,
    };
}
