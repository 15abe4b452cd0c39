using System.Security.Cryptography;
using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Modules;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Rooms;

/// <summary>The rooms of the service: found, made, changed, ended (XEP-0045 §7.2, §7.10, §9, §10). Rules and their order; no XML, no SQL. What is durable is so before anybody is told.</summary>
internal sealed class RoomService(RoomBook book, RoomStore store, IRoomArchive archive, IRoomOutbox outbox, RoomsOptions options, IAccounts accounts, Jid domain, Jid service, TimeProvider time)
{
    private volatile bool _isEnding;

    /// <summary>What touches who is in a room.</summary>
    public RoomModeration Moderation { get; } = new(outbox, options);

    /// <summary>What is said.</summary>
    public RoomConversation Conversation { get; } = new(outbox, archive, store, options, time);

    /// <summary>The rooms.</summary>
    public RoomBook Book => book;

    /// <summary>Bounds.</summary>
    public RoomsOptions Options => options;

    /// <summary>Learns which persistent rooms there are.</summary>
    public async ValueTask BeginAsync(CancellationToken cancel) => book.Begin(await store.EntriesAsync(cancel).ConfigureAwait(false));

    /// <summary>Tells everybody that the service stops (§11.2).</summary>
    public void End()
    {
        _isEnding = true;
        foreach (Room room in book.Rooms)
        {
            room.ShutDown();
        }
    }

    /// <summary>The room of that localpart, or null.</summary>
    public ValueTask<Room?> FindAsync(string local, CancellationToken cancel = default)
    {
        Room? room = book.Find(local, out bool isThere);
        return room is not null || !isThere ? new(room) : new(LoadAsync(local, cancel));
    }

    /// <summary>Who asks, with whether it administers the hub.</summary>
    public async ValueTask<RoomActor> ActorAsync(Jid user, CancellationToken cancel = default) => new(user, await accounts.IsAdministratorAsync(user.Bare, cancel).ConfigureAwait(false));

    /// <summary>Lets somebody into a room, which is made where there is none (§7.2, §10.1).</summary>
    public async ValueTask<RoomError?> EnterAsync(string local, Entrance entrance)
    {
        while (!_isEnding)
        {
            Room? room = await FindAsync(local).ConfigureAwait(false);
            if (room is null)
            {
                if (!await MayCreateAsync(entrance.User).ConfigureAwait(false))
                {
                    return RoomError.NotAllowed;
                }

                bool isBound = !await accounts.IsAdministratorAsync(entrance.User.Bare).ConfigureAwait(false);
                room = book.Add(local, () => Make(local, entrance.User.Bare), isBound, out bool isNew);
                if (room is null)
                {
                    return book.Find(local, out bool isThere) is null && isThere ? RoomError.ItemNotFound : RoomError.ResourceConstraint;
                }

                if (isNew)
                {
                    // What an earlier room of that name has left is nobody's business any more; before anything is kept for this one.
                    _ = ForgetAsync(room.Jid);
                }
            }

            if (room.TryEnter(entrance, out RoomError? error))
            {
                if (error is not null && room.IsNew)
                {
                    Emptied(room);
                }

                return error;
            }

            book.Remove(room, forever: room.Id == 0);
        }

        return RoomError.ServiceUnavailable;
    }

    /// <summary>Changes affiliations (§9, §10).</summary>
    public Task<RoomError?> AffiliateAsync(Room room, RoomActor actor, IReadOnlyList<Affiliate> changes, Action acknowledge) => InTurnAsync(room, async () =>
    {
        List<Affiliate> rows = [];
        if (room.Run(() => room.IsGone ? RoomError.ItemNotFound : Moderation.Plan(room, actor, changes, out rows)) is { } error)
        {
            return error;
        }

        if (room.Id != 0)
        {
            await store.SetAffiliatesAsync(room.Id, rows).ConfigureAwait(false);
        }

        room.Post(() => Moderation.Apply(room, actor, rows, acknowledge));
        return null;
    });

    /// <summary>Configures a room; the first time unlocks it (§10.1.2, §10.1.3, §10.2).</summary>
    public Task<RoomError?> ConfigureAsync(Room room, RoomActor actor, DataForm? form) => InTurnAsync(room, async () =>
    {
        RoomConfiguration configuration = room.Configuration;
        List<Affiliate> rows = [];
        RoomError? error = room.Run(() =>
        {
            if (room.IsGone)
            {
                return RoomError.ItemNotFound;
            }

            if (actor.AffiliationIn(room) != Affiliation.Owner)
            {
                return RoomError.Forbidden;
            }

            if (form is null)
            {
                return null;
            }

            return RoomConfigurationForm.Read(form, room, options, out configuration, out List<Affiliate> changes) ?? Moderation.Plan(room, actor, changes, out rows);
        });
        if (error is not null)
        {
            return error;
        }

        await StoreAsync(room, configuration, rows).ConfigureAwait(false);
        room.Post(() =>
        {
            Moderation.Apply(room, actor, rows, static () => { });
            Moderation.Configure(room, configuration);
            room.IsLocked = false;
        });
        book.Changed(room);
        if (room.Run(() => room.Sessions.Count) == 0)
        {
            Emptied(room);
        }

        return null;
    });

    /// <summary>The first configuration is given up: so is the room (§10.1.3). A later one changes nothing.</summary>
    public async Task<RoomError?> CancelAsync(Room room, RoomActor actor) =>
        room.Run<RoomError?>(() => actor.AffiliationIn(room) == Affiliation.Owner ? null : RoomError.Forbidden) is { } error ? error
            : room.IsLocked ? await DestroyAsync(room, actor, new RoomDestruction()).ConfigureAwait(false)
            : null;

    /// <summary>Destroys a room (§10.9).</summary>
    public Task<RoomError?> DestroyAsync(Room room, RoomActor actor, RoomDestruction destruction) => InTurnAsync(room, async () =>
    {
        if (room.Run<RoomError?>(() => room.IsGone ? RoomError.ItemNotFound : actor.AffiliationIn(room) == Affiliation.Owner ? null : RoomError.Forbidden) is { } error)
        {
            return error;
        }

        if (room.Id != 0)
        {
            await store.DeleteAsync(room.Id).ConfigureAwait(false);
        }

        await archive.RemoveAsync(room.Jid).ConfigureAwait(false);
        room.Destroy(destruction);
        book.Remove(room, forever: true);
        return null;
    });

    /// <summary>Who was invited to a members-only room becomes a member (§7.8.2, §9.5), by whoever may invite.</summary>
    public Task<RoomError?> AddMembersAsync(Room room, IReadOnlyList<Affiliate> members) => InTurnAsync(room, async () =>
    {
        List<Affiliate> rows = room.Run<List<Affiliate>>(() => [.. members.Where(member => room.Affiliations.Find(member.Jid) is null)]);
        if (room.Affiliations.Count + rows.Count > options.AffiliationsPerRoom)
        {
            return RoomError.ResourceConstraint;
        }

        if (room.Id != 0)
        {
            await store.SetAffiliatesAsync(room.Id, rows).ConfigureAwait(false);
        }

        room.Post(() => Moderation.Apply(room, new RoomActor(room.Jid), rows, static () => { }, invites: false));
        return null;
    });

    /// <summary>A visitor asks for voice (§7.13); within a turn.</summary>
    public void AskForVoice(Room room, Occupant visitor) => outbox.AskForVoice(room, visitor, [.. room.Sessions.Where(session => session.Occupant.Role == Role.Moderator)]);

    /// <summary>A user registers a nickname with a room, and so becomes a member (§7.10); in a members-only room an admin decides (§9.9).</summary>
    public Task<RoomError?> RegisterAsync(Room room, Jid user, string wanted) => InTurnAsync(room, async () =>
    {
        Jid bare = user.Bare;
        string nick = Nickname.Tidy(wanted);
        Affiliate? row = null;
        RoomError? error = room.Run<RoomError?>(() =>
        {
            Affiliation affiliation = room.Affiliations.Of(bare);
            if (room.IsGone || room.IsLocked)
            {
                return RoomError.ItemNotFound;
            }

            if (affiliation == Affiliation.Outcast)
            {
                return RoomError.NotAllowed;
            }

            if (nick.Length == 0 || nick.Length > options.TextLimit)
            {
                return RoomError.BadRequest;
            }

            if ((room.Affiliations.OwnerOf(nick) is { } owner && !owner.Equals(bare)) || (room.OccupantOf(nick) is { } occupant && !occupant.User.Equals(bare)))
            {
                return RoomError.Conflict;
            }

            if (affiliation == Affiliation.None && room.Configuration.MembersOnly)
            {
                return AskForMembership(room, bare, nick);
            }

            if (room.Affiliations.Find(bare) is null && room.Affiliations.Count >= options.AffiliationsPerRoom)
            {
                return RoomError.ResourceConstraint;
            }

            row = new Affiliate(bare, affiliation == Affiliation.None ? Affiliation.Member : affiliation, nick);
            return null;
        });
        if (error is null && row is not null)
        {
            await SetAsync(room, row).ConfigureAwait(false);
        }

        return error;
    });

    /// <summary>A user gives its registration up (XEP-0077 §3.2).</summary>
    public Task<RoomError?> UnregisterAsync(Room room, Jid user) => InTurnAsync(room, async () =>
    {
        Affiliate? row = room.Run(() => room.Affiliations.Find(user.Bare));
        if (row?.Nick is null || row.Affiliation < Affiliation.Member)
        {
            return RoomError.RegistrationRequired;
        }

        await SetAsync(room, row with { Nick = null, Affiliation = row.Affiliation == Affiliation.Member ? Affiliation.None : row.Affiliation }).ConfigureAwait(false);
        return null;
    });

    /// <summary>An admin decides about a request for membership (§9.9).</summary>
    public async Task<RoomError?> ApproveAsync(Room room, RoomActor actor, string nick, bool isAllowed)
    {
        (Jid User, string Nick) request = (service, nick);
        RoomError? error = room.Run<RoomError?>(() =>
            actor.AffiliationIn(room) < Affiliation.Admin ? RoomError.Forbidden
            : room.Registrations.Remove(Nickname.Key(nick), out request) ? null
            : RoomError.ItemNotFound);
        return error is null && isAllowed ? await AffiliateAsync(room, actor, [new Affiliate(request.User, Affiliation.Member, request.Nick)], static () => { }).ConfigureAwait(false) : error;
    }

    /// <summary>An account is no more: it is nothing to any room.</summary>
    public Task RemoveUserAsync(Jid user) => store.RemoveUserAsync(user, () =>
    {
        foreach (Room room in book.Rooms)
        {
            room.Post(() =>
            {
                if (room.Affiliations.Find(user) is not null)
                {
                    Moderation.Apply(room, new RoomActor(service), [new Affiliate(user, Affiliation.None)], static () => { });
                }
            });
        }
    });

    private async ValueTask<bool> MayCreateAsync(Jid user) => options.Creation switch
    {
        "anyone" => true,
        "local" => user.Domain == domain.Domain && user.Local.Length > 0,
        _ => await accounts.IsAdministratorAsync(user.Bare).ConfigureAwait(false),
    };

    private Room Make(string local, Jid creator) =>
        Room(new RoomRecord(local, creator, RandomNumberGenerator.GetBytes(RoomRecord.SecretBytes), new RoomConfiguration { MaxHistory = Math.Min(20, options.HistoryMessages) }, [new Affiliate(creator, Affiliation.Owner)]), isNew: true);

    private Room Room(RoomRecord record, bool isNew) => new(record, new Jid(record.Local, service.Domain, string.Empty), options, outbox, time, Emptied) { IsLocked = isNew, IsNew = isNew };

    private async Task<Room?> LoadAsync(string local, CancellationToken cancel)
    {
        IReadOnlyList<RoomMessage> discussion = await archive.LastAsync(new Jid(local, service.Domain, string.Empty), options.HistoryMessages, cancel).ConfigureAwait(false);
        Room? loaded = null;
        await store.LoadAsync(local, record =>
        {
            if (record is not null)
            {
                Room room = Room(record, isNew: false);
                foreach (RoomMessage message in discussion)
                {
                    room.History.Add(message, message.SaidAt!.Value);
                }

                loaded = book.Loaded(local, room);
            }
        }).ConfigureAwait(false);
        foreach (Room surplus in book.Surplus())
        {
            if (surplus != loaded && surplus.TryEnd(onlyIfIdle: true))
            {
                book.Remove(surplus, forever: false);
            }
        }

        return loaded;
    }

    // §7.14: a room that is not persistent goes with its last occupant; one that was never unlocked too.
    private void Emptied(Room room)
    {
        if (room.Id == 0 && room.TryEnd(onlyIfIdle: false))
        {
            book.Remove(room, forever: true);
            _ = ForgetAsync(room.Jid);
        }
    }

    private async Task ForgetAsync(Jid room)
    {
        try
        {
            await archive.RemoveAsync(room).ConfigureAwait(false);
        }
        catch (Storage.StorageException)
        {
            // The storage has logged it; a later room of that name tries again.
        }
    }

    private async Task<RoomError?> InTurnAsync(Room room, Func<Task<RoomError?>> change)
    {
        await room.Changes.WaitAsync().ConfigureAwait(false);
        try
        {
            return await change().ConfigureAwait(false);
        }
        catch (Storage.StorageException e)
        {
            return e.IsResourceConstraint ? RoomError.ResourceConstraint : RoomError.InternalServerError;
        }
        finally
        {
            room.Changes.Release();
        }
    }

    private async Task StoreAsync(Room room, RoomConfiguration configuration, List<Affiliate> rows)
    {
        if (configuration.Persistent && room.Id == 0)
        {
            RoomRecord record = room.Run(() =>
            {
                Dictionary<Jid, Affiliate> all = room.Affiliations.All.ToDictionary(row => row.Jid);
                rows.ForEach(row => all[row.Jid] = row);
                return new RoomRecord(room.Jid.Local, room.Creator, room.Secret.ToArray(), configuration, [.. all.Values.Where(row => !row.IsNothing)]) { Subject = room.Subject };
            });
            room.Id = await store.CreateAsync(record, time.GetUtcNow()).ConfigureAwait(false);
        }
        else if (!configuration.Persistent && room.Id != 0)
        {
            await store.DeleteAsync(room.Id).ConfigureAwait(false);
            room.Id = 0;
        }
        else if (room.Id != 0)
        {
            await store.ConfigureAsync(room.Id, configuration, rows).ConfigureAwait(false);
        }
    }

    private async Task SetAsync(Room room, Affiliate row)
    {
        if (room.Id != 0)
        {
            await store.SetAffiliatesAsync(room.Id, [row]).ConfigureAwait(false);
        }

        room.Post(() => Moderation.Apply(room, new RoomActor(row.Jid), [row], static () => { }, invites: false));
    }

    private RoomError? AskForMembership(Room room, Jid user, string nick)
    {
        string key = Nickname.Key(nick);
        if (room.Registrations.TryGetValue(key, out (Jid User, string Nick) waiting) && !waiting.User.Equals(user))
        {
            return RoomError.Conflict;
        }

        if (room.Registrations.Count >= options.PendingRegistrations && waiting.User is null)
        {
            return RoomError.ResourceConstraint;
        }

        room.Registrations[key] = (user, nick);
        List<OccupantSession> admins = [.. room.Sessions.Where(session => session.Occupant.Affiliation >= Affiliation.Admin)];
        outbox.AskForMembership(room, user, nick, admins);
        return null;
    }
}
