using System.Text;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Rooms;

/// <summary>What stands in an occupant's presence beside what the room adds.</summary>
/// <param name="Inner">Elements as UTF-8, fit to stand in jabber:client.</param>
/// <param name="Lang">The language, or null.</param>
internal sealed record PresenceContent(byte[] Inner, string? Lang = null)
{
    public static PresenceContent Empty { get; } = new([]);

    public bool IsLike(PresenceContent other) => Lang == other.Lang && Inner.AsSpan().SequenceEqual(other.Inner);
}

/// <summary>Somebody in a room under a nickname, with one session or more (XEP-0045 §7.2.8). Belongs to its room and is touched within its turns only.</summary>
/// <param name="user">The real bare JID.</param>
/// <param name="nick">The nickname.</param>
/// <param name="id">The occupant id (XEP-0421).</param>
internal sealed class Occupant(Jid user, string nick, string id)
{
    /// <summary>The real bare JID.</summary>
    public Jid User => user;

    /// <summary>The nickname.</summary>
    public string Nick { get; set; } = nick;

    /// <summary>The occupant id (XEP-0421).</summary>
    public string Id => id;

    /// <summary>What it may do.</summary>
    public Role Role { get; set; }

    /// <summary>What it is to the room.</summary>
    public Affiliation Affiliation { get; set; }

    /// <summary>Its sessions; the last one is that whose presence is shown: it has spoken last.</summary>
    public List<OccupantSession> Sessions { get; } = [];

    /// <summary>The session whose presence is shown.</summary>
    public OccupantSession Primary => Sessions[^1];
}

/// <summary>One client of an occupant.</summary>
/// <param name="jid">Its real full JID.</param>
/// <param name="occupant">Whose it is.</param>
/// <param name="presence">What it has said of itself.</param>
/// <param name="allowance">What it may send.</param>
internal sealed class OccupantSession(Jid jid, Occupant occupant, PresenceContent presence, Allowance allowance)
{
    public Jid Jid => jid;

    public Occupant Occupant => occupant;

    public PresenceContent Presence { get; set; } = presence;

    public Allowance Allowance => allowance;

    /// <summary>Whether it is being asked whether it is still there.</summary>
    public bool IsAsked { get; set; }
}

/// <summary>How much an occupant may send: a burst, then so much a second.</summary>
internal sealed class Allowance(RoomsOptions options, TimeProvider time)
{
    private double _tokens = options.StanzaBurst;
    private long _at = time.GetTimestamp();

    /// <summary>Takes one; false where none is left.</summary>
    public bool Take()
    {
        long now = time.GetTimestamp();
        _tokens = Math.Min(options.StanzaBurst, _tokens + (time.GetElapsedTime(_at, now).TotalSeconds * options.StanzasPerSecond));
        _at = now;
        if (_tokens < 1)
        {
            return false;
        }

        _tokens--;
        return true;
    }
}

/// <summary>Nicknames (XEP-0045 §17.1): never empty or invisible; two that look like each other are the same one.</summary>
internal static class Nickname
{
    /// <summary>The nickname without white space around it and with single blanks in it; empty where nothing is left.</summary>
    public static string Tidy(string nick)
    {
        if (!nick.Any(char.IsWhiteSpace))
        {
            return nick;
        }

        return string.Join(' ', nick.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    /// <summary>What two nicknames have in common that cannot both be in a room: letters count without their case and width (as RFC 8266 compares).</summary>
    public static string Key(string nick) => Tidy(nick).Normalize(NormalizationForm.FormKC).ToLowerInvariant();
}
