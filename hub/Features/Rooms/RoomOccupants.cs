using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Rooms;

/// <summary>Who is in a room: by nickname, and each session by its real full JID. Touched within the room's turns only.</summary>
internal sealed class RoomOccupants
{
    private readonly Dictionary<string, Occupant> _occupants = new(StringComparer.Ordinal);
    private readonly Dictionary<Jid, OccupantSession> _sessions = [];
    private OccupantSession[]? _all;

    /// <summary>How many sessions there are.</summary>
    public int Count => _sessions.Count;

    /// <summary>All occupants.</summary>
    public IReadOnlyCollection<Occupant> Occupants => _occupants.Values;

    /// <summary>All sessions; the array is never changed.</summary>
    public IReadOnlyList<OccupantSession> Sessions => _all ??= [.. _sessions.Values];

    /// <summary>The session with that real full JID, or null.</summary>
    public OccupantSession? SessionOf(Jid user) => _sessions.GetValueOrDefault(user);

    /// <summary>The occupant with that nickname, or null.</summary>
    public Occupant? OccupantOf(string nick) => _occupants.GetValueOrDefault(Nickname.Key(nick));

    /// <summary>Adds a session, and its occupant where it is the first.</summary>
    public void Add(OccupantSession session)
    {
        session.Occupant.Sessions.Add(session);
        _occupants[Nickname.Key(session.Occupant.Nick)] = session.Occupant;
        _sessions[session.Jid] = session;
        _all = null;
    }

    /// <summary>Takes a session out, and its occupant where it was the last.</summary>
    public void Remove(OccupantSession session)
    {
        session.Occupant.Sessions.Remove(session);
        if (session.Occupant.Sessions.Count == 0)
        {
            _occupants.Remove(Nickname.Key(session.Occupant.Nick));
        }

        _sessions.Remove(session.Jid);
        _all = null;
    }

    /// <summary>Gives an occupant another nickname.</summary>
    public void Rename(Occupant occupant, string nick)
    {
        _occupants.Remove(Nickname.Key(occupant.Nick));
        occupant.Nick = nick;
        _occupants[Nickname.Key(nick)] = occupant;
    }

    /// <summary>Makes a session the one whose presence is shown: what was said last is.</summary>
    public static void Raise(OccupantSession session)
    {
        List<OccupantSession> sessions = session.Occupant.Sessions;
        if (sessions[^1] != session)
        {
            sessions.Remove(session);
            sessions.Add(session);
        }
    }
}
