using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Rooms;

/// <summary>Port: what a room tells, in the room's own order; implemented over XML.</summary>
internal interface IRoomOutbox
{
    /// <summary>Tells sessions of an occupant's presence.</summary>
    void Presence(Room room, PresenceNotice notice, IReadOnlyList<OccupantSession> to);

    /// <summary>Passes a message on.</summary>
    void Message(Room room, RoomMessage message, IReadOnlyList<OccupantSession> to);

    /// <summary>The characters of a message of the past, as a whole stanza to somebody.</summary>
    int Measure(Room room, RoomMessage message, Jid to);

    /// <summary>The room itself tells its occupants of a change (XEP-0045 §10.2.1).</summary>
    void Status(Room room, IReadOnlyList<int> codes, IReadOnlyList<OccupantSession> to);

    /// <summary>The room invites somebody (§7.8.2).</summary>
    void Invite(Room room, Invitation invitation);

    /// <summary>A visitor asks for voice: moderators may give it (§8.6).</summary>
    void AskForVoice(Room room, Occupant visitor, IReadOnlyList<OccupantSession> moderators);

    /// <summary>A user asks for membership: admins may give it (§9.9).</summary>
    void AskForMembership(Room room, Jid user, string nick, IReadOnlyList<OccupantSession> admins);
}

/// <summary>An invitation to a room (§7.8.2).</summary>
/// <param name="To">Who is invited.</param>
/// <param name="From">Who invites, as the invited one is told; null for the room itself.</param>
/// <param name="Reason">Why, or null.</param>
/// <param name="Password">The password of the room, or null.</param>
internal sealed record Invitation(Jid To, Jid? From, string? Reason, string? Password)
{
    /// <summary>Whether the room goes on with a conversation of two (§7.9).</summary>
    public bool IsContinuation { get; init; }

    /// <summary>The thread of that conversation, or null.</summary>
    public string? Thread { get; init; }

    /// <summary>The id of the message, or null.</summary>
    public string? Id { get; init; }
}

/// <summary>Why a room is no more (XEP-0045 §10.9).</summary>
/// <param name="Venue">Where to go instead, or null.</param>
/// <param name="Password">The password there, or null.</param>
/// <param name="Reason">Why, or null.</param>
internal sealed record RoomDestruction(Jid? Venue = null, string? Password = null, string? Reason = null);

/// <summary>What is told of an occupant.</summary>
/// <param name="Occupant">Whom it is about.</param>
/// <param name="Content">What it says of itself.</param>
internal sealed record PresenceNotice(Occupant Occupant, PresenceContent Content)
{
    /// <summary>Under which nickname.</summary>
    public string Nick { get; init; } = Occupant.Nick;

    /// <summary>The affiliation that is told.</summary>
    public Affiliation Affiliation { get; init; } = Occupant.Affiliation;

    /// <summary>The role that is told; <see cref="Role.None"/> where it is no longer there (the presence is then unavailable).</summary>
    public Role Role { get; init; } = Occupant.Role;

    /// <summary>Its real full JID, for who may see that.</summary>
    public Jid? RealJid { get; init; } = Occupant.Sessions.Count > 0 ? Occupant.Primary.Jid : null;

    /// <summary>Whether the nickname is given up for another; the role stays.</summary>
    public string? NewNick { get; init; }

    /// <summary>Status codes for everybody.</summary>
    public IReadOnlyList<int> Codes { get; init; } = [];

    /// <summary>Status codes for the occupant itself, beside 110.</summary>
    public IReadOnlyList<int> SelfCodes { get; init; } = [];

    /// <summary>Who has done that: a nickname, or null.</summary>
    public string? Actor { get; init; }

    /// <summary>Why, or null.</summary>
    public string? Reason { get; init; }

    /// <summary>The end of the room, or null.</summary>
    public RoomDestruction? Destruction { get; init; }

    /// <summary>The id of the presence that has led to it, for who has sent it.</summary>
    public string? Id { get; init; }

    /// <summary>Whether the occupant is no longer there under that nickname.</summary>
    public bool IsUnavailable => Role == Role.None || NewNick is not null;
}
