using System.Security.Cryptography;
using System.Text;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Rooms;

/// <summary>
/// A room: who is in it, under which nickname, in which role (XEP-0045 §7). A state machine in memory without XML and SQL; what it tells goes to <see cref="IRoomOutbox"/> in its order.
/// Everything happens in turns, one at a time (<see cref="Run{T}"/>); what a turn causes on its own thread (a message that comes back at once) waits for its end.
/// </summary>
internal sealed class Room
{
    private readonly Lock _gate = new();
    private readonly Queue<Action> _after = new();
    private readonly RoomOccupants _there = new();
    private readonly Dictionary<Jid, Role> _remembered = [];
    private readonly byte[] _secret;
    private readonly RoomsOptions _options;
    private readonly IRoomOutbox _outbox;
    private readonly TimeProvider _time;
    private readonly Action<Room> _emptied;
    private bool _isRunning;

    /// <param name="record">What is kept of it.</param>
    /// <param name="jid">Its address.</param>
    /// <param name="options">Bounds.</param>
    /// <param name="outbox">Takes what it tells.</param>
    /// <param name="time">The clock.</param>
    /// <param name="emptied">Called at the end of the turn in which the last one has left.</param>
    public Room(RoomRecord record, Jid jid, RoomsOptions options, IRoomOutbox outbox, TimeProvider time, Action<Room> emptied)
    {
        Jid = jid;
        Id = record.Id;
        Creator = record.Creator;
        Configuration = record.Configuration;
        Affiliations = new RoomAffiliations(record.Affiliates);
        Subject = record.Subject;
        History = new RoomHistory(options.HistoryMessages, options.HistoryBytes);
        _secret = record.Secret;
        _options = options;
        _outbox = outbox;
        _time = time;
        _emptied = emptied;
    }

    /// <summary>Its address.</summary>
    public Jid Jid { get; }

    /// <summary>The number of a persistent room; 0 for one that is in memory alone.</summary>
    public long Id { get; set; }

    /// <summary>Who has made it.</summary>
    public Jid Creator { get; }

    /// <summary>The configuration.</summary>
    public RoomConfiguration Configuration { get; set; }

    /// <summary>Who is what.</summary>
    public RoomAffiliations Affiliations { get; }

    /// <summary>The last messages.</summary>
    public RoomHistory History { get; }

    /// <summary>The subject; null where none was ever set.</summary>
    public RoomMessage? Subject { get; set; }

    /// <summary>Whether its creator has not configured it yet: nobody else may enter (§10.1.1).</summary>
    public bool IsLocked { get; set; }

    /// <summary>Whether it was just made: the first who enters is told (status 201).</summary>
    public bool IsNew { get; set; }

    /// <summary>Whether it is no more: whoever has found it looks again.</summary>
    public bool IsGone { get; private set; }

    /// <summary>Messages that wait for the archive.</summary>
    public int Pending { get; set; }

    /// <summary>The last message that waits, or waited.</summary>
    public Task? Tail { get; set; }

    /// <summary>Requests for membership that wait for an admin: from the nickname's key to who asks (§9.9).</summary>
    public Dictionary<string, (Jid User, string Nick)> Registrations { get; } = new(StringComparer.Ordinal);

    /// <summary>One durable change at a time: what is decided is still so when it is stored.</summary>
    public SemaphoreSlim Changes { get; } = new(1, 1);

    /// <summary>What its occupant ids are made with.</summary>
    public ReadOnlySpan<byte> Secret => _secret;

    /// <summary>Who is there.</summary>
    public IReadOnlyCollection<Occupant> Occupants => _there.Occupants;

    /// <summary>All sessions; the array is never changed.</summary>
    public IReadOnlyList<OccupantSession> Sessions => _there.Sessions;

    /// <summary>Whether nothing holds the room in memory.</summary>
    public bool IsIdle => _there.Count == 0 && Pending == 0 && Changes.CurrentCount == 1;

    /// <summary>Runs a turn.</summary>
    public T Run<T>(Func<T> turn)
    {
        T result;
        bool isEmpty;
        lock (_gate)
        {
            // A turn within a turn is a part of it.
            bool isOuter = !_isRunning;
            bool wasEmpty = _there.Count == 0;
            _isRunning = true;
            try
            {
                result = turn();
                while (isOuter && _after.TryDequeue(out Action? next))
                {
                    next();
                }
            }
            finally
            {
                _isRunning = !isOuter;
            }

            isEmpty = isOuter && _there.Count == 0 && !wasEmpty && !IsGone;
        }

        if (isEmpty)
        {
            _emptied(this);
        }

        return result;
    }

    /// <summary>Runs a turn, or, within one, after it.</summary>
    public void Post(Action turn)
    {
        if (_gate.IsHeldByCurrentThread && _isRunning)
        {
            _after.Enqueue(turn);
            return;
        }

        Run(() =>
        {
            turn();
            return true;
        });
    }

    /// <summary>Takes the room out of use where nobody is there.</summary>
    public bool TryEnd(bool onlyIfIdle) => Run(() =>
    {
        if (IsGone || (onlyIfIdle ? !IsIdle : _there.Count > 0))
        {
            return false;
        }

        IsGone = true;
        return true;
    });

    /// <summary>The session with that real full JID, or null.</summary>
    public OccupantSession? SessionOf(Jid user) => _there.SessionOf(user);

    /// <summary>The occupant with that nickname, or null.</summary>
    public Occupant? OccupantOf(string nick) => _there.OccupantOf(nick);

    /// <summary>The occupant JID of a nickname.</summary>
    public Jid JidOf(string nick) => Jid.WithResource(nick);

    /// <summary>Whether an occupant sees real JIDs (§7.2.3, §7.2.4).</summary>
    public bool SeesJids(Occupant occupant) => Configuration.Whois == Whois.Anyone || occupant.Role == Role.Moderator;

    /// <summary>Whether the presence of an occupant in that role is told to others.</summary>
    public bool Shows(Role role) => Configuration.PresenceBroadcast.Contains(role);

    /// <summary>The occupant id of a user in this room (XEP-0421 §4.1): the same each time, and nobody can find the user by it.</summary>
    public string OccupantId(Jid user) => Convert.ToHexStringLower(HMACSHA256.HashData(_secret, user.Bare.Utf8));

    /// <summary>The sessions of all others.</summary>
    public List<OccupantSession> Others(Occupant occupant) => [.. Sessions.Where(session => session.Occupant != occupant)];

    /// <summary>Lets somebody in.</summary>
    /// <returns>False where the room is no more; else <paramref name="error"/> is null or why not.</returns>
    public bool TryEnter(Entrance entrance, out RoomError? error)
    {
        (bool isThere, error) = Run(() => IsGone ? (false, (RoomError?)null) : (true, Enter(entrance)));
        return isThere;
    }

    /// <summary>An occupant changes its presence, or (another nickname) what it is called (§7.6, §7.7).</summary>
    /// <returns>False where it is not here.</returns>
    public bool TryUpdate(Jid user, string nick, PresenceContent presence, string? id, out RoomError? error)
    {
        (bool isThere, error) = Run(() => SessionOf(user) is { } session ? (true, Update(session, nick, presence, id)) : (false, (RoomError?)null));
        return isThere;
    }

    /// <summary>Somebody leaves (§7.14) or was found to be gone; nothing where it was not there.</summary>
    /// <param name="user">The real full JID.</param>
    /// <param name="farewell">What it says.</param>
    /// <param name="code">Why the room has taken it out, or 0.</param>
    public void Exit(Jid user, PresenceContent farewell, int code = 0) => Post(() =>
    {
        if (SessionOf(user) is not { } session)
        {
            return;
        }

        Occupant occupant = session.Occupant;
        bool wasShown = occupant.Primary == session;
        int[] codes = code == 0 ? [] : [code];
        PresenceNotice notice = new(occupant, farewell) { Role = Role.None, Codes = codes, RealJid = session.Jid };
        _there.Remove(session);
        _outbox.Presence(this, notice, [session]);
        if (occupant.Sessions.Count == 0)
        {
            Tell(notice, occupant.Role, Others(occupant));
        }
        else if (wasShown)
        {
            Tell(new PresenceNotice(occupant, occupant.Primary.Presence), occupant.Role, Sessions);
        }
    });

    /// <summary>Takes an occupant out with all of its sessions.</summary>
    /// <param name="occupant">Who.</param>
    /// <param name="notice">What is told, without who is meant by 110.</param>
    /// <returns>Its sessions, which are to be told, and then the others.</returns>
    public List<OccupantSession> Remove(Occupant occupant, out PresenceNotice notice)
    {
        notice = new PresenceNotice(occupant, PresenceContent.Empty) { Role = Role.None };
        List<OccupantSession> sessions = [.. occupant.Sessions];
        foreach (OccupantSession session in sessions)
        {
            _there.Remove(session);
        }

        return sessions;
    }

    /// <summary>Tells of an occupant's presence as far as its role is shown; itself always.</summary>
    public void Tell(PresenceNotice notice, Role role, IReadOnlyList<OccupantSession> to)
    {
        if (!Shows(role))
        {
            to = [.. to.Where(session => session.Occupant == notice.Occupant)];
        }

        if (to.Count > 0)
        {
            _outbox.Presence(this, notice, to);
        }
    }

    /// <summary>Remembers a role that a moderator gave, for when the user comes again (§5.1: for moderated rooms).</summary>
    public void Remember(Occupant occupant)
    {
        if (Configuration.Moderated && occupant.Affiliation == Affiliation.None && (_remembered.Count < _options.OccupantsPerRoom || _remembered.ContainsKey(occupant.User)))
        {
            _remembered[occupant.User] = occupant.Role;
        }
    }

    /// <summary>The room is no more: each session is told so once (§10.9).</summary>
    public void Destroy(RoomDestruction destruction) => EndAll(occupant => new PresenceNotice(occupant, PresenceContent.Empty) { Role = Role.None, Affiliation = Affiliation.None, RealJid = null, Destruction = destruction });

    /// <summary>The service stops: each session is told so (§11.2).</summary>
    public void ShutDown() => EndAll(occupant => new PresenceNotice(occupant, PresenceContent.Empty) { Role = Role.None, Codes = [RoomStatus.ShuttingDown] });

    private void EndAll(Func<Occupant, PresenceNotice> notice) => Post(() =>
    {
        IsGone = true;
        foreach (Occupant occupant in _there.Occupants.ToArray())
        {
            PresenceNotice told = notice(occupant);
            List<OccupantSession> sessions = [.. occupant.Sessions];
            sessions.ForEach(_there.Remove);
            _outbox.Presence(this, told, sessions);
        }
    });

    private RoomError? Enter(Entrance entrance)
    {
        if (SessionOf(entrance.User) is { } here)
        {
            return Synchronize(here, entrance);
        }

        string nick = Nickname.Tidy(entrance.Nick);
        Affiliation affiliation = Affiliations.Of(entrance.User);
        if (Refuses(entrance, nick, affiliation) is { } refusal)
        {
            return refusal;
        }

        Occupant? occupant = OccupantOf(nick);
        bool isFirst = occupant is null;
        if (occupant is null)
        {
            occupant = new Occupant(entrance.User.Bare, nick, OccupantId(entrance.User)) { Affiliation = affiliation };
            occupant.Role = RoomPrivileges.RoleOnEntering(affiliation, Configuration.Moderated, Configuration.MembersOnly);
            if (Configuration.Moderated && affiliation == Affiliation.None && _remembered.TryGetValue(occupant.User, out Role role))
            {
                occupant.Role = role;
            }

        }

        // Who has the same nickname already is not bound by a new one's allowance.
        var session = new OccupantSession(entrance.User, occupant, entrance.Presence, isFirst ? new Allowance(_options, _time) : occupant.Primary.Allowance);
        _there.Add(session);

        // §7.1: the others, itself, the discussion, the subject; then what is live.
        SendOccupants(session);
        if (isFirst)
        {
            Tell(new PresenceNotice(occupant, entrance.Presence), occupant.Role, Others(occupant));
        }

        SendSelf(session, entrance, nick);
        SendDiscussion(session, entrance.History);
        return null;
    }

    private RoomError? Refuses(Entrance entrance, string nick, Affiliation affiliation)
    {
        if (nick.Length == 0 || nick.Length > _options.TextLimit)
        {
            return RoomError.JidMalformed;
        }

        if (IsLocked && affiliation != Affiliation.Owner)
        {
            return RoomError.ItemNotFound;
        }

        if (affiliation == Affiliation.Outcast)
        {
            return RoomError.Forbidden;
        }

        if (Configuration.MembersOnly && affiliation == Affiliation.None)
        {
            return RoomError.RegistrationRequired;
        }

        if (Configuration.PasswordProtected && !CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(entrance.Password ?? ""), Encoding.UTF8.GetBytes(Configuration.Secret)))
        {
            return RoomError.NotAuthorized;
        }

        if (IsTaken(nick, entrance.User))
        {
            return RoomError.Conflict;
        }

        int places = Math.Min(Configuration.MaxUsers > 0 ? Configuration.MaxUsers : int.MaxValue, _options.OccupantsPerRoom) + (affiliation >= Affiliation.Admin ? _options.ReservedPlaces : 0);
        return _there.Count >= places ? RoomError.ServiceUnavailable : null;
    }

    // Another's, or reserved for another (§7.2.8, §7.12).
    private bool IsTaken(string nick, Jid user) =>
        (OccupantOf(nick) is { } occupant && !occupant.User.Equals(user.Bare)) || (Affiliations.OwnerOf(nick) is { } owner && !owner.Equals(user.Bare));

    // §17.3: a client that is here and enters again has lost what it knew.
    private RoomError? Synchronize(OccupantSession session, Entrance entrance)
    {
        if (!session.Allowance.Take())
        {
            return RoomError.ResourceConstraint;
        }

        if (Nickname.Key(entrance.Nick) != Nickname.Key(session.Occupant.Nick))
        {
            if (Rename(session, entrance.Nick, entrance.Presence, entrance.Id) is { } error)
            {
                return error;
            }
        }
        else if (!session.Presence.IsLike(entrance.Presence))
        {
            session.Presence = entrance.Presence;
            RoomOccupants.Raise(session);
            Tell(new PresenceNotice(session.Occupant, entrance.Presence), session.Occupant.Role, Others(session.Occupant));
        }

        SendOccupants(session);
        SendSelf(session, entrance, session.Occupant.Nick);
        SendDiscussion(session, entrance.History);
        return null;
    }

    private RoomError? Update(OccupantSession session, string nick, PresenceContent presence, string? id)
    {
        if (!session.Allowance.Take())
        {
            return RoomError.ResourceConstraint;
        }

        if (nick != session.Occupant.Nick)
        {
            return Rename(session, nick, presence, id);
        }

        session.Presence = presence;
        RoomOccupants.Raise(session);
        Tell(new PresenceNotice(session.Occupant, presence) { Id = id }, session.Occupant.Role, Sessions);
        return null;
    }

    // §7.6: all sessions of the occupant are called by the new name.
    private RoomError? Rename(OccupantSession session, string wanted, PresenceContent presence, string? id)
    {
        string nick = Nickname.Tidy(wanted);
        if (nick.Length == 0 || nick.Length > _options.TextLimit)
        {
            return RoomError.JidMalformed;
        }

        Occupant occupant = session.Occupant;
        if (IsTaken(nick, session.Jid) || (OccupantOf(nick) is { } other && other != occupant))
        {
            return RoomError.Conflict;
        }

        session.Presence = presence;
        RoomOccupants.Raise(session);
        string before = occupant.Nick;
        if (before != nick)
        {
            Tell(new PresenceNotice(occupant, PresenceContent.Empty) { NewNick = nick, Codes = [RoomStatus.NewNick] }, occupant.Role, Sessions);
            _there.Rename(occupant, nick);
        }

        Tell(new PresenceNotice(occupant, presence) { Id = id, SelfCodes = nick == wanted ? [] : [RoomStatus.NickChangedByService] }, occupant.Role, Sessions);
        return null;
    }

    private void SendOccupants(OccupantSession session)
    {
        OccupantSession[] to = [session];
        foreach (Occupant other in _there.Occupants)
        {
            if (other != session.Occupant)
            {
                Tell(new PresenceNotice(other, other.Primary.Presence), other.Role, to);
            }
        }
    }

    private void SendSelf(OccupantSession session, Entrance entrance, string nick)
    {
        var codes = new List<int>();
        if (Configuration.Whois == Whois.Anyone)
        {
            codes.Add(RoomStatus.NonAnonymous);
        }

        if (Configuration.EnableLogging)
        {
            codes.Add(RoomStatus.LoggingOn);
        }

        if (IsNew)
        {
            IsNew = false;
            codes.Add(RoomStatus.Created);
        }

        if (nick != entrance.Nick)
        {
            codes.Add(RoomStatus.NickChangedByService);
        }

        _outbox.Presence(this, new PresenceNotice(session.Occupant, session.Presence) { Id = entrance.Id, SelfCodes = codes, RealJid = session.Jid }, [session]);
    }

    private void SendDiscussion(OccupantSession session, HistoryRequest? request)
    {
        OccupantSession[] to = [session];
        foreach (RoomMessage message in History.Select(request, Configuration.MaxHistory, message => _outbox.Measure(this, message, session.Jid)))
        {
            _outbox.Message(this, message, to);
        }

        _outbox.Message(this, Subject ?? new RoomMessage(Jid, "<subject/>"u8.ToArray()), to);
    }
}
