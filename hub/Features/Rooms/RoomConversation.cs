using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Rooms;

/// <summary>Port: where a room's discussion is kept (XEP-0313).</summary>
internal interface IRoomArchive
{
    /// <summary>Whether discussions are kept at all.</summary>
    bool IsThere { get; }

    /// <summary>Keeps a message; called in the order of the messages, and what awaits goes on in that order.</summary>
    /// <returns>Its id, when it is durable.</returns>
    Task<string> AppendAsync(Room room, RoomMessage message, OccupantSession sender);

    /// <summary>The last messages of a discussion, oldest first, without changes of the subject.</summary>
    ValueTask<IReadOnlyList<RoomMessage>> LastAsync(Jid room, int count, CancellationToken cancel);

    /// <summary>Removes all.</summary>
    Task RemoveAsync(Jid room);
}

/// <summary>What an occupant says to all.</summary>
/// <param name="Inner">Elements as UTF-8, fit to stand in jabber:client, without what only a room may say.</param>
/// <param name="Id">The id, or null.</param>
/// <param name="Lang">The language, or null.</param>
internal sealed record Speech(byte[] Inner, string? Id = null, string? Lang = null)
{
    /// <summary>Whether it changes the subject (XEP-0045 §8.1).</summary>
    public bool IsSubject { get; init; }

    /// <summary>Whether it is part of the discussion: who comes later is shown it.</summary>
    public bool IsKept { get; init; }
}

/// <summary>Messages of a room: to all, to one, and who may send them (XEP-0045 §7.4, §7.5, §8.1). What is kept is durable before anybody is shown it.</summary>
internal sealed class RoomConversation(IRoomOutbox outbox, IRoomArchive archive, RoomStore store, RoomsOptions options, TimeProvider time)
{
    /// <summary>An occupant says something to all, or changes the subject.</summary>
    /// <returns>Ends when it was passed on: at once, or when it is durable.</returns>
    public ValueTask<RoomError?> SayAsync(Room room, Jid user, Speech speech)
    {
        Task<RoomError?>? waiting = null;
        RoomError? error = room.Run(() => Say(room, user, speech, out waiting));
        return waiting is null ? new(error) : new(waiting);
    }

    /// <summary>Whether an occupant may send a private message, and to whom it goes.</summary>
    public RoomError? Whisper(Room room, Jid user, string nick, out Occupant? from, out IReadOnlyList<OccupantSession> to)
    {
        Occupant? sender = null;
        OccupantSession[] sessions = [];
        RoomError? error = room.Run<RoomError?>(() =>
        {
            if (room.SessionOf(user) is not { } session)
            {
                return RoomError.NotAcceptable;
            }

            if (room.OccupantOf(nick) is not { } target)
            {
                return RoomError.ItemNotFound;
            }

            if (!RoomPrivileges.MaySendPrivately(session.Occupant.Role, room.Configuration.AllowPm))
            {
                return RoomError.Forbidden;
            }

            if (!session.Allowance.Take())
            {
                return RoomError.ResourceConstraint;
            }

            sender = session.Occupant;
            sessions = [.. target.Sessions];
            return null;
        });
        from = sender;
        to = sessions;
        return error;
    }

    private RoomError? Say(Room room, Jid user, Speech speech, out Task<RoomError?>? waiting)
    {
        waiting = null;
        if (room.IsGone || (room.IsLocked && room.SessionOf(user) is null))
        {
            return RoomError.ItemNotFound;
        }

        if (room.SessionOf(user) is not { } session)
        {
            return RoomError.NotAcceptable;
        }

        Occupant occupant = session.Occupant;
        if (speech.IsSubject ? !RoomPrivileges.MayChangeSubject(occupant.Role, room.Configuration) : !RoomPrivileges.HasVoice(occupant.Role, room.Configuration.Moderated))
        {
            return RoomError.Forbidden;
        }

        if (speech.Inner.Length > options.MessageBytes)
        {
            return RoomError.PolicyViolation;
        }

        if (!session.Allowance.Take() || room.Pending >= options.PendingMessages)
        {
            return RoomError.ResourceConstraint;
        }

        var message = new RoomMessage(room.JidOf(occupant.Nick), speech.Inner, speech.Id, speech.Lang) { OccupantId = occupant.Id };
        Task<string>? keeping = speech.IsKept && room.Configuration.EnableLogging && archive.IsThere ? archive.AppendAsync(room, message, session) : null;
        Task? storing = speech.IsSubject && room.Id != 0 ? store.SetSubjectAsync(room.Id, message, time.GetUtcNow()) : null;
        if (keeping is null && storing is null && room.Pending == 0)
        {
            PassOn(room, message, speech);
            return null;
        }

        // What is not kept waits too where something is before it: an occupant's words keep their order.
        room.Pending++;
        room.Tail = waiting = FinishAsync(room, message, speech, keeping, storing, room.Tail);
        return null;
    }

    private async Task<RoomError?> FinishAsync(Room room, RoomMessage message, Speech speech, Task<string>? keeping, Task? storing, Task? before)
    {
        RoomError? error = null;
        try
        {
            if (storing is not null)
            {
                await storing.ConfigureAwait(false);
            }

            if (keeping is not null)
            {
                message = message with { ArchiveId = await keeping.ConfigureAwait(false) };
            }
            else if (before is not null)
            {
                await before.ConfigureAwait(false);
            }
        }
        catch (StorageException e)
        {
            // The storage has logged it; who speaks is told, and nobody is shown what is not durable.
            error = e.IsResourceConstraint ? RoomError.ResourceConstraint : RoomError.InternalServerError;
        }

        room.Run(() =>
        {
            room.Pending--;
            if (error is null && !room.IsGone)
            {
                PassOn(room, message, speech);
            }

            return true;
        });
        return error;
    }

    private void PassOn(Room room, RoomMessage message, Speech speech)
    {
        if (speech.IsSubject)
        {
            room.Subject = message with { SaidAt = time.GetUtcNow() };
        }
        else if (speech.IsKept)
        {
            room.History.Add(message, time.GetUtcNow());
        }

        outbox.Message(room, message, room.Sessions);
    }
}
