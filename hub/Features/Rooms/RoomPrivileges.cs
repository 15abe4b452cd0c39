namespace IotXmpp.Hub.Features.Rooms;

/// <summary>The tables of roles, affiliations and privileges (XEP-0045 §5) as functions: who may do what to whom. A null means that it may be done.</summary>
internal static class RoomPrivileges
{
    /// <summary>The role with which a user enters (§5.1.2); <see cref="Role.None"/> where it may not.</summary>
    public static Role RoleOnEntering(Affiliation affiliation, bool isModerated, bool isMembersOnly) => affiliation switch
    {
        Affiliation.Owner or Affiliation.Admin => Role.Moderator,
        Affiliation.Member => Role.Participant,
        Affiliation.None when isMembersOnly => Role.None,
        Affiliation.None => isModerated ? Role.Visitor : Role.Participant,
        _ => Role.None,
    };

    /// <summary>The role of an occupant whose affiliation changes (§5.1.3): what is gained by a higher one is stable, what was given by a lost one goes with it.</summary>
    public static Role RoleAfter(Role role, Affiliation before, Affiliation after, bool isModerated)
    {
        if (after >= Affiliation.Admin)
        {
            return Role.Moderator;
        }

        if (before >= Affiliation.Admin)
        {
            return after == Affiliation.Member || !isModerated ? Role.Participant : Role.Visitor;
        }

        if (after == Affiliation.Member)
        {
            return role < Role.Participant ? Role.Participant : role;
        }

        return before == Affiliation.Member && after == Affiliation.None && isModerated && role == Role.Participant ? Role.Visitor : role;
    }

    /// <summary>Whether a role may be changed (§8.2, §8.3, §8.4, §9.6, §9.7).</summary>
    /// <param name="actor">The affiliation of who wants it.</param>
    /// <param name="actorRole">Its role; who is admin or owner counts as a moderator also while it is not there.</param>
    /// <param name="target">The affiliation of whom it is about.</param>
    /// <param name="before">The role that it has.</param>
    /// <param name="after">The role that it shall have; <see cref="Role.None"/> kicks.</param>
    public static RoomError? ChangeRole(Affiliation actor, Role actorRole, Affiliation target, Role before, Role after)
    {
        bool isAdmin = actor >= Affiliation.Admin;
        if (actorRole != Role.Moderator && !isAdmin)
        {
            return RoomError.Forbidden;
        }

        if (after == Role.None)
        {
            // §8.2, and the table of §5.1.3: a moderator is kicked by an admin or an owner only.
            return target > actor || (before == Role.Moderator && !isAdmin) ? RoomError.NotAllowed : null;
        }

        if (after == Role.Moderator)
        {
            return isAdmin ? null : RoomError.Forbidden;
        }

        if (target >= Affiliation.Admin)
        {
            // §8.4, §9.7: nobody takes that from an admin or an owner.
            return RoomError.NotAllowed;
        }

        if (before == Role.Moderator)
        {
            return isAdmin ? null : RoomError.Forbidden;
        }

        // §8.4: not from who is at or above the moderator's own level; to be nothing in particular is no level.
        return after == Role.Visitor && before == Role.Participant && target != Affiliation.None && target >= actor ? RoomError.NotAllowed : null;
    }

    /// <summary>Whether an affiliation may be changed (§9.1, §9.3, §9.4, §10.3 to §10.8). Whether an owner is the last one, or somebody means himself, is not asked here.</summary>
    public static RoomError? ChangeAffiliation(Affiliation actor, Affiliation before, Affiliation after)
    {
        if (actor == Affiliation.Owner)
        {
            return null;
        }

        if (actor != Affiliation.Admin)
        {
            return RoomError.Forbidden;
        }

        if (before >= Affiliation.Admin)
        {
            // §9.1: who is as high or higher is not banned; §10.5, §10.8: those lists are the owners'.
            return after == Affiliation.Outcast ? RoomError.NotAllowed : RoomError.Forbidden;
        }

        return after >= Affiliation.Admin ? RoomError.Forbidden : null;
    }

    /// <summary>Whether the list of an affiliation may be read (§9.2, §9.5, §10.5, §10.8).</summary>
    public static bool MayRead(Affiliation list, Affiliation actor, Role actorRole, RoomConfiguration configuration)
    {
        if (actor == Affiliation.Owner)
        {
            return true;
        }

        if (list is Affiliation.Outcast)
        {
            return actor == Affiliation.Admin;
        }

        if (list == Affiliation.Member && actor == Affiliation.Admin)
        {
            return true;
        }

        if (actor == Affiliation.Outcast)
        {
            return false;
        }

        if (configuration.Whois == Whois.Anyone)
        {
            // §9.5: nothing is hidden; in a members-only room a member need not be there.
            return (configuration.MembersOnly && actor >= Affiliation.Member) || configuration.GetMemberList.Contains(actorRole);
        }

        // §5.2.1: addresses are hidden, but from moderators.
        return list == Affiliation.Member && actorRole == Role.Moderator && configuration.GetMemberList.Contains(Role.Moderator);
    }

    /// <summary>Whether an occupant may send messages to all (§7.4).</summary>
    public static bool HasVoice(Role role, bool isModerated) => role >= Role.Participant || (role == Role.Visitor && !isModerated);

    /// <summary>Whether an occupant may change the subject (§8.1).</summary>
    public static bool MayChangeSubject(Role role, RoomConfiguration configuration) => role == Role.Moderator || (configuration.ChangeSubject && HasVoice(role, configuration.Moderated));

    /// <summary>Whether an occupant may send private messages to another (§7.5: <c>muc#roomconfig_allowpm</c>).</summary>
    public static bool MaySendPrivately(Role role, AllowPm allow) => allow switch
    {
        AllowPm.Anyone => role != Role.None,
        AllowPm.Participants => role >= Role.Participant,
        AllowPm.Moderators => role == Role.Moderator,
        _ => false,
    };

    /// <summary>Whether an occupant may invite (§7.8.2, §9.5).</summary>
    public static bool MayInvite(Affiliation affiliation, Role role, RoomConfiguration configuration) =>
        affiliation >= Affiliation.Admin || (role != Role.None && (!configuration.MembersOnly || (configuration.AllowInvites && affiliation == Affiliation.Member)));
}
