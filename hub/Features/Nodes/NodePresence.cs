using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Nodes;

/// <summary>How a thing behind a gateway is (wire profile, "Presence is liveness"); immutable.</summary>
/// <param name="Id">The thing.</param>
/// <param name="Gateway">The localpart of its gateway's account.</param>
/// <param name="State"><c>online</c>, <c>sleeping</c>, <c>overdue</c> or <c>offline</c>.</param>
/// <param name="Reason">Why it is offline: a reason of the wire profile; "" for none.</param>
/// <param name="Since">Since when.</param>
public sealed record NodePresence(string Id, string Gateway, string State, string Reason, DateTimeOffset Since)
{
    /// <summary>Until when it sleeps; null for a thing that does not.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Version of its firmware; "" when not told.</summary>
    public string Firmware { get; init; } = "";

    /// <summary>Why it started; "" when not told.</summary>
    public string Boot { get; init; } = "";

    /// <summary>Signal in dBm; null when not told.</summary>
    public int? Signal { get; init; }

    /// <summary>Battery in percent; null when not told.</summary>
    public int? Battery { get; init; }

    /// <summary>Seconds between its signs of life; null when not told.</summary>
    public int? KeepAlive { get; init; }

    /// <summary>Whose it is, when that is somebody else than its gateway's owner: then nobody but him is told. Null when it goes with its gateway. Not stored: the registry has it.</summary>
    public Jid? OwnOwner { get; init; }

    /// <summary>Whether it takes commands.</summary>
    public bool IsOnline => State == "online";
}
