using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Rooms;

/// <summary>A room as it is kept.</summary>
/// <param name="Local">The localpart of its address.</param>
/// <param name="Creator">Who has made it (bare JID).</param>
/// <param name="Secret">What its occupant ids are made with (XEP-0421 §4.1).</param>
/// <param name="Configuration">The configuration.</param>
/// <param name="Affiliates">Who is what.</param>
internal sealed record RoomRecord(string Local, Jid Creator, byte[] Secret, RoomConfiguration Configuration, IReadOnlyList<Affiliate> Affiliates)
{
    /// <summary>Bytes of a room's secret (32): as many as the hash has.</summary>
    public const int SecretBytes = 32;

    /// <summary>The number of a persistent room; 0 for one that is in memory alone.</summary>
    public long Id { get; init; }

    /// <summary>The subject as a message of the past, or null where none was ever set.</summary>
    public RoomMessage? Subject { get; init; }
}

/// <summary>Who wants to enter, and how (XEP-0045 §7.2).</summary>
/// <param name="User">The real full JID.</param>
/// <param name="Nick">The nickname that it wants.</param>
/// <param name="Presence">What it says of itself.</param>
internal sealed record Entrance(Jid User, string Nick, PresenceContent Presence)
{
    /// <summary>The password, or null.</summary>
    public string? Password { get; init; }

    /// <summary>How much of the discussion it wants; null leaves that to the room.</summary>
    public HistoryRequest? History { get; init; }

    /// <summary>The id of its presence, or null.</summary>
    public string? Id { get; init; }
}
