using System.ComponentModel.DataAnnotations;

namespace IotXmpp.Hub.Features.Rooms;

/// <summary>Rooms (settings section <c>Rooms</c>).</summary>
public sealed class RoomsOptions
{
    /// <summary>False offers no rooms.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Who may create rooms: <c>local</c> (accounts of this hub), <c>anyone</c> (also people of other servers and of components) or <c>administrators</c>.</summary>
    [AllowedValues("local", "anyone", "administrators")]
    public string Creation { get; set; } = "local";

    /// <summary>Rooms that one user has created and that are there (100). Administrators are not bound.</summary>
    [Range(1, 1_000_000)]
    public int RoomsPerOwner { get; set; } = 100;

    /// <summary>Rooms of the service (10,000: some 200 bytes each while nobody is there).</summary>
    [Range(1, 10_000_000)]
    public int MaxRooms { get; set; } = 10_000;

    /// <summary>Occupants of one room, sessions counted (1,000); admins and owners find <see cref="ReservedPlaces"/> more.</summary>
    [Range(1, 1_000_000)]
    public int OccupantsPerRoom { get; set; } = 1_000;

    /// <summary>Places beyond a room's limit that are for its admins and owners (10): a room that was stuffed with strangers can still be administered (XEP-0045 §7.2.9).</summary>
    [Range(0, 1_000)]
    public int ReservedPlaces { get; set; } = 10;

    /// <summary>Affiliations of one room, bans included (2,000).</summary>
    [Range(1, 1_000_000)]
    public int AffiliationsPerRoom { get; set; } = 2_000;

    /// <summary>Messages of the discussion that a room has in memory for who enters, and the most that <c>muc#maxhistoryfetch</c> may ask for (50).</summary>
    [Range(0, 10_000)]
    public int HistoryMessages { get; set; } = 50;

    /// <summary>Bytes of that discussion in memory (256 KiB); then the oldest go.</summary>
    [Range(1024, 64 << 20)]
    public int HistoryBytes { get; set; } = 256 * 1024;

    /// <summary>Bytes of what stands in one message to a room (65,536): it is multiplied by its occupants.</summary>
    [Range(256, 16 << 20)]
    public int MessageBytes { get; set; } = 65_536;

    /// <summary>Bytes of what stands in an occupant's presence (8,192): everybody who enters is sent all of them.</summary>
    [Range(256, 1 << 20)]
    public int PresenceBytes { get; set; } = 8_192;

    /// <summary>Messages and presence a second that one occupant may send for long (20).</summary>
    [Range(1, 10_000)]
    public int StanzasPerSecond { get; set; } = 20;

    /// <summary>Messages and presence that it may send at once (100).</summary>
    [Range(1, 100_000)]
    public int StanzaBurst { get; set; } = 100;

    /// <summary>Messages of one room that may wait for the archive (1,000); more are refused.</summary>
    [Range(1, 100_000)]
    public int PendingMessages { get; set; } = 1_000;

    /// <summary>Characters of a text in a configuration, of a reason, of a nickname (1,000).</summary>
    [Range(16, 65_536)]
    public int TextLimit { get; set; } = 1_000;

    /// <summary>Rooms of an answer to disco#items when no page is asked for, and of a page (100). What is left out is told by RSM.</summary>
    [Range(1, 10_000)]
    public int RoomsPerPage { get; set; } = 100;

    /// <summary>Persistent rooms that stay in memory while nobody is there (1,000, some 1 KB and their discussion each).</summary>
    [Range(0, 1_000_000)]
    public int CachedRooms { get; set; } = 1_000;

    /// <summary>Requests between occupants that wait for their answer, in all rooms (10,000).</summary>
    [Range(1, 1_000_000)]
    public int PendingRequests { get; set; } = 10_000;

    /// <summary>Requests for membership of one room that wait for an admin (100).</summary>
    [Range(1, 10_000)]
    public int PendingRegistrations { get; set; } = 100;
}
