using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Rooms;

/// <summary>Who wants something of a room.</summary>
/// <param name="User">The real full JID.</param>
/// <param name="IsAdministrator">Whether it administers the hub: then it may do in every room what an owner may.</param>
internal readonly record struct RoomActor(Jid User, bool IsAdministrator = false)
{
    /// <summary>What it counts as; within a turn of the room.</summary>
    public Affiliation AffiliationIn(Room room) => IsAdministrator ? Affiliation.Owner : room.Affiliations.Of(User);

    /// <summary>Its role: that of the session, else the highest of its occupants.</summary>
    public Role RoleIn(Room room)
    {
        if (room.SessionOf(User) is { } session)
        {
            return session.Occupant.Role;
        }

        Jid bare = User.Bare;
        Role role = Role.None;
        foreach (Occupant occupant in room.Occupants)
        {
            if (occupant.User.Equals(bare) && occupant.Role > role)
            {
                role = occupant.Role;
            }
        }

        return role;
    }

    /// <summary>Under which nickname others are told that it has done something, or null.</summary>
    public string? NickIn(Room room) => room.SessionOf(User)?.Occupant.Nick;
}

/// <summary>A change of a role.</summary>
/// <param name="Nick">Whose: a nickname.</param>
/// <param name="Role">The role that it shall have; none kicks.</param>
/// <param name="Reason">Why, or null.</param>
internal sealed record RoleChange(string Nick, Role Role, string? Reason = null);

/// <summary>Changes of roles, affiliations and configuration, as far as they touch who is in a room (XEP-0045 §8, §9, §10). All or nothing; what is durable is so before.</summary>
internal sealed class RoomModeration(IRoomOutbox outbox, RoomsOptions options)
{
    /// <summary>Changes roles (§8.2 to §8.5, §9.6 to §9.8).</summary>
    /// <param name="room">The room.</param>
    /// <param name="actor">Who wants it.</param>
    /// <param name="changes">What.</param>
    /// <param name="acknowledge">Called when who is kicked was told, and before the others are (§8.2).</param>
    public RoomError? ChangeRoles(Room room, RoomActor actor, IReadOnlyList<RoleChange> changes, Action acknowledge) => room.Run<RoomError?>(() =>
    {
        Affiliation affiliation = actor.AffiliationIn(room);
        Role role = actor.RoleIn(room);
        foreach (RoleChange change in changes)
        {
            if (room.OccupantOf(change.Nick) is not { } occupant)
            {
                // Who may not ask is not told who is there.
                return RoomPrivileges.ChangeRole(affiliation, role, Affiliation.None, Role.Participant, change.Role) ?? RoomError.ItemNotFound;
            }

            if (RoomPrivileges.ChangeRole(affiliation, role, occupant.Affiliation, occupant.Role, change.Role) is { } error)
            {
                return error;
            }
        }

        string? nick = actor.NickIn(room);
        var rest = new List<Action>();
        foreach (RoleChange change in changes)
        {
            if (room.OccupantOf(change.Nick) is not { } occupant)
            {
                continue; // kicked twice in one request
            }

            if (change.Role == Role.None)
            {
                Expel(room, occupant, RoomStatus.Kicked, nick, change.Reason, rest);
            }
            else if (occupant.Role != change.Role)
            {
                Role before = occupant.Role;
                occupant.Role = change.Role;
                room.Remember(occupant);
                rest.Add(() => TellChange(room, occupant, before, nick, change.Reason));
            }
        }

        acknowledge();
        rest.ForEach(tell => tell());
        return null;
    });

    /// <summary>Whether affiliations may be changed so (§9.1 to §9.5, §10.3 to §10.8); within a turn.</summary>
    /// <param name="room">The room.</param>
    /// <param name="actor">Who wants it.</param>
    /// <param name="changes">The rows as they shall be; a nickname of null stays as it is, an empty one is given up.</param>
    /// <param name="rows">The rows as they are to be stored.</param>
    public RoomError? Plan(Room room, RoomActor actor, IReadOnlyList<Affiliate> changes, out List<Affiliate> rows)
    {
        rows = [];
        Affiliation affiliation = actor.AffiliationIn(room);
        int owners = room.Affiliations.Owners;
        int added = 0;
        foreach (Affiliate change in changes)
        {
            Affiliate? known = room.Affiliations.Find(change.Jid);
            Affiliation before = known?.Affiliation ?? Affiliation.None;
            if (RoomPrivileges.ChangeAffiliation(affiliation, before, change.Affiliation) is { } error)
            {
                return error;
            }

            if (change.Affiliation == Affiliation.Outcast && change.Jid.Equals(actor.User.Bare))
            {
                return RoomError.Conflict; // §9.1
            }

            owners += (change.Affiliation == Affiliation.Owner ? 1 : 0) - (before == Affiliation.Owner ? 1 : 0);

            // §9.1: who is banned has no nickname; who is nothing any more has none either.
            string? nick = change.Affiliation <= Affiliation.None ? null : change.Nick is null ? known?.Nick : Nickname.Tidy(change.Nick);
            nick = nick?.Length == 0 ? null : nick;
            if (nick is not null && (nick.Length > options.TextLimit || (room.Affiliations.OwnerOf(nick) is { } other && !other.Equals(change.Jid)) || rows.Exists(row => row.Nick is { } given && Nickname.Key(given) == Nickname.Key(nick))))
            {
                return RoomError.Conflict;
            }

            var row = new Affiliate(change.Jid, change.Affiliation, nick, change.Reason);
            added += (row.IsNothing ? 0 : 1) - (known is null ? 0 : 1);
            rows.Add(row);
        }

        // §10.2, §10.4: never without an owner.
        return owners < 1 && room.Affiliations.Owners > 0 ? RoomError.Conflict
            : added > 0 && room.Affiliations.Count + added > options.AffiliationsPerRoom ? RoomError.ResourceConstraint
            : null;
    }

    /// <summary>Applies rows that are durable; within a turn.</summary>
    /// <param name="room">The room.</param>
    /// <param name="actor">Who has wanted it.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="acknowledge">Called when who is out was told, and before the others are.</param>
    /// <param name="invites">Whether the room invites new members of a members-only room (§9.5).</param>
    public void Apply(Room room, RoomActor actor, IReadOnlyList<Affiliate> rows, Action acknowledge, bool invites = true)
    {
        List<Jid> added = invites && room.Configuration.MembersOnly
            ? [.. rows.Where(row => row.Affiliation >= Affiliation.Member && room.Affiliations.Of(row.Jid) == Affiliation.None && !row.Jid.Equals(actor.User.Bare)).Select(row => row.Jid)]
            : [];
        foreach (Affiliate row in rows)
        {
            room.Affiliations.Set(row);
        }

        string? nick = actor.NickIn(room);
        var rest = new List<Action>();
        foreach (Occupant occupant in room.Occupants.ToArray())
        {
            Affiliation before = occupant.Affiliation;
            Affiliation after = room.Affiliations.Of(occupant.User);
            if (before == after)
            {
                continue;
            }

            string? reason = (rows.FirstOrDefault(row => row.Jid.Equals(occupant.User)) ?? rows.FirstOrDefault(row => row.Jid.Domain == occupant.User.Domain && row.Jid.Local.Length == 0))?.Reason;
            occupant.Affiliation = after;
            if (after == Affiliation.Outcast)
            {
                Expel(room, occupant, RoomStatus.Banned, nick, reason, rest);
            }
            else if (after == Affiliation.None && room.Configuration.MembersOnly)
            {
                // §9.4: only this, not first that it is no member.
                Expel(room, occupant, RoomStatus.AffiliationLost, nick, reason, rest);
            }
            else
            {
                Role role = occupant.Role;
                occupant.Role = RoomPrivileges.RoleAfter(role, before, after, room.Configuration.Moderated);
                rest.Add(() => TellChange(room, occupant, role, nick, reason));
            }
        }

        acknowledge();
        rest.ForEach(tell => tell());

        // §9.5: who may enter now is told so, unless it is here.
        foreach (Jid jid in added)
        {
            if (jid.Local.Length > 0 && !room.Occupants.Any(occupant => occupant.User.Equals(jid)))
            {
                outbox.Invite(room, new Invitation(jid, null, rows.First(row => row.Jid.Equals(jid)).Reason, room.Configuration.PasswordProtected ? room.Configuration.Secret : null));
            }
        }
    }

    /// <summary>Applies a configuration that is durable, and tells of it (§10.2); within a turn.</summary>
    public void Configure(Room room, RoomConfiguration configuration)
    {
        RoomConfiguration before = room.Configuration;
        var rest = new List<Action>();
        if (configuration.MembersOnly && !before.MembersOnly)
        {
            foreach (Occupant occupant in room.Occupants.Where(occupant => occupant.Affiliation == Affiliation.None).ToArray())
            {
                Expel(room, occupant, RoomStatus.MembersOnly, null, null, rest);
            }
        }

        rest.ForEach(tell => tell());
        room.Configuration = configuration;
        foreach (Occupant occupant in room.Occupants.ToArray())
        {
            if (before.Moderated && !configuration.Moderated && occupant.Role == Role.Visitor)
            {
                // Nobody would give it voice any more.
                occupant.Role = Role.Participant;
                TellChange(room, occupant, before.PresenceBroadcast.Contains(Role.Visitor), null, null);
            }
            else if (before.PresenceBroadcast.Contains(occupant.Role) != room.Shows(occupant.Role))
            {
                TellChange(room, occupant, before.PresenceBroadcast.Contains(occupant.Role), null, null);
            }
        }

        var codes = new List<int>();
        if (before.EnableLogging != configuration.EnableLogging)
        {
            codes.Add(configuration.EnableLogging ? RoomStatus.LoggingOn : RoomStatus.LoggingOff);
        }

        if (before.Whois != configuration.Whois)
        {
            codes.Add(configuration.Whois == Whois.Anyone ? RoomStatus.NowNonAnonymous : RoomStatus.NowSemiAnonymous);
        }

        if (before with { EnableLogging = configuration.EnableLogging, Whois = configuration.Whois } != configuration)
        {
            codes.Add(RoomStatus.ConfigurationChanged);
        }

        if (codes.Count > 0 && room.Sessions.Count > 0)
        {
            outbox.Status(room, codes, room.Sessions);
        }
    }

    // It is told at once, the others when the request was answered.
    private void Expel(Room room, Occupant occupant, int code, string? actor, string? reason, List<Action> rest)
    {
        Role role = occupant.Role;
        List<OccupantSession> sessions = room.Remove(occupant, out PresenceNotice notice);
        notice = notice with { Codes = [code], Actor = actor, Reason = reason };
        outbox.Presence(room, notice, sessions);
        rest.Add(() => room.Tell(notice, role, room.Sessions));
    }

    private void TellChange(Room room, Occupant occupant, Role before, string? actor, string? reason) => TellChange(room, occupant, room.Shows(before), actor, reason);

    private void TellChange(Room room, Occupant occupant, bool wasShown, string? actor, string? reason)
    {
        if (occupant.Sessions.Count == 0)
        {
            return;
        }

        var notice = new PresenceNotice(occupant, occupant.Primary.Presence) { Actor = actor, Reason = reason };
        if (room.Shows(occupant.Role))
        {
            outbox.Presence(room, notice, room.Sessions);
        }
        else
        {
            outbox.Presence(room, notice, occupant.Sessions);
            if (wasShown && room.Others(occupant) is { Count: > 0 } others)
            {
                outbox.Presence(room, notice with { Content = PresenceContent.Empty, Role = Role.None }, others);
            }
        }

        if (occupant.Role == Role.Moderator && room.Configuration.Whois == Whois.Moderators)
        {
            // §8: a moderator discovers real JIDs through presence; those that it has seen so far had none.
            foreach (Occupant other in room.Occupants)
            {
                if (other != occupant)
                {
                    room.Tell(new PresenceNotice(other, other.Primary.Presence), other.Role, occupant.Sessions);
                }
            }
        }
    }
}
