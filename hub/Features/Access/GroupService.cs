using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Access;

/// <summary>How a request about groups ended.</summary>
public enum GroupOutcome
{
    /// <summary>Done.</summary>
    Done,

    /// <summary>There is no such group, or nothing of it is for who asks.</summary>
    NotFound,

    /// <summary>Who asks may not do that.</summary>
    Forbidden,

    /// <summary>There is a group of that id.</summary>
    Conflict,

    /// <summary>An id is not 1 to 64 of a-z, 0-9 and -.</summary>
    BadId,

    /// <summary>A name is empty, longer than <see cref="GroupService.NameChars"/>, or has control characters.</summary>
    BadName,

    /// <summary>There is no such account.</summary>
    NoAccount,

    /// <summary>A limit of parameters has too many names, or one that is none, or limits who is no operator.</summary>
    BadParameters,

    /// <summary>There is no such thing, or it is not theirs who ask.</summary>
    NoThing,

    /// <summary>A bound is reached (<see cref="AccessOptions"/>).</summary>
    TooMany,
}

/// <summary>What came of a request about a group.</summary>
/// <param name="Outcome">Done, or why not.</param>
/// <param name="Group">The group as it is now, when done.</param>
public sealed record GroupResult(GroupOutcome Outcome, ThingGroup? Group = null)
{
    /// <summary>It was not done.</summary>
    public static implicit operator GroupResult(GroupOutcome outcome) => new(outcome);
}

/// <summary>
/// Makes and changes groups: who may, and within which bounds. Every face of the hub goes this way. An actor of null is the operator of the machine, who may everything. What is done counts when the call
/// ends, and who has lost a right hears nothing more by it.
/// </summary>
public sealed class GroupService
{
    /// <summary>Characters of a group's name, at most; default 128, as of a meta tag.</summary>
    public const int NameChars = MetaTags.ValueLimit;

    private readonly GroupStore _store;
    private readonly ThingAccess _access;
    private readonly AccessFollower _follower;
    private readonly ThingRights _things;
    private readonly AccountService _accounts;
    private readonly TimeProvider _time;

    internal GroupService(GroupStore store, ThingAccess access, AccessFollower follower, ThingRights things, AccountService accounts, AccessOptions options, TimeProvider time)
    {
        _store = store;
        _access = access;
        _follower = follower;
        _things = things;
        _accounts = accounts;
        Options = options;
        _time = time;
    }

    /// <summary>The bounds.</summary>
    public AccessOptions Options { get; }

    /// <summary>Whether a text can be a group's name.</summary>
    public static bool IsName(string name) => name.Length is > 0 and <= NameChars && !name.Any(char.IsControl);

    /// <summary>A group, for who is in it or may manage it.</summary>
    public async ValueTask<ThingGroup?> FindAsync(Jid? actor, string id, CancellationToken cancel = default) =>
        (await _store.LatestAsync(cancel).ConfigureAwait(false)).Groups.GetValueOrDefault(id) is { } group && (await RoleAsync(actor, group, cancel).ConfigureAwait(false) is not null || await IsAdministratorAsync(actor, cancel).ConfigureAwait(false))
            ? group
            : null;

    /// <summary>The groups that somebody is in or may manage, in the order of their ids.</summary>
    /// <param name="actor">Who asks.</param>
    /// <param name="after">The id after which they begin; "" for the first.</param>
    /// <param name="max">How many, at most.</param>
    /// <param name="cancel">Gives up.</param>
    public async ValueTask<IReadOnlyList<ThingGroup>> ListAsync(Jid? actor, string after, int max, CancellationToken cancel = default)
    {
        GroupSnapshot snapshot = await _store.LatestAsync(cancel).ConfigureAwait(false);
        IEnumerable<ThingGroup> all = await IsAdministratorAsync(actor, cancel).ConfigureAwait(false) ? snapshot.Groups.Values
            : !await IsActiveAsync(actor!, cancel).ConfigureAwait(false) ? []
            : snapshot.OfMember(actor!.Bare).OrderBy(g => g.Id, StringComparer.Ordinal);
        return [.. all.Where(g => string.CompareOrdinal(g.Id, after) > 0).Take(max)];
    }

    /// <summary>The groups of a thing that somebody may know of: its own groups for who owns the thing, else those that he is in himself.</summary>
    public async ValueTask<IReadOnlyList<ThingGroup>> OfThingAsync(Jid? actor, string thing, CancellationToken cancel = default)
    {
        GroupSnapshot snapshot = await _store.LatestAsync(cancel).ConfigureAwait(false);
        if (await _things.FindAsync(thing, cancel).ConfigureAwait(false) is not { } known)
        {
            return [];
        }

        bool sees = actor is null || await _access.MayAsync(actor, thing, ThingRight.Own, null, cancel).ConfigureAwait(false);
        bool isActive = sees || await IsActiveAsync(actor!, cancel).ConfigureAwait(false);
        return [.. snapshot.OfThing(thing).Where(g => Equals(g.Things[thing], known.Owner) && (sees || (isActive && g.RoleOf(actor!.Bare) is not null))).OrderBy(g => g.Id, StringComparer.Ordinal)];
    }

    /// <summary>Whether somebody may say who and what is in a group.</summary>
    public async ValueTask<bool> MayManageAsync(Jid? actor, ThingGroup group, CancellationToken cancel = default) =>
        await RoleAsync(actor, group, cancel).ConfigureAwait(false) is { Role: GroupRole.Administrator } || await IsAdministratorAsync(actor, cancel).ConfigureAwait(false);

    /// <summary>Whether somebody may delete a group or give it away: its owner, and administrators of the hub.</summary>
    public async ValueTask<bool> MayOwnAsync(Jid? actor, ThingGroup group, CancellationToken cancel = default) =>
        (actor is not null && actor.Bare.Equals(group.Owner) && await IsActiveAsync(actor, cancel).ConfigureAwait(false)) || await IsAdministratorAsync(actor, cancel).ConfigureAwait(false);

    /// <summary>Whether somebody may make groups: any account of this hub that is a person's.</summary>
    public async ValueTask<bool> MayCreateAsync(Jid? actor, CancellationToken cancel = default) =>
        actor is null || (IsLocal(actor) && await _accounts.FindAsync(actor.Local, cancel).ConfigureAwait(false) is { Owner: null, IsDisabled: false } && await _things.FindAsync(actor.Local, cancel).ConfigureAwait(false) is null);

    /// <summary>Makes a group.</summary>
    /// <param name="actor">Who asks; the group's owner.</param>
    /// <param name="id">Its id.</param>
    /// <param name="name">Its name for people; "" for the id.</param>
    /// <param name="owner">Another owner, which only administrators of the hub may say; null for who asks.</param>
    /// <param name="cancel">Gives up.</param>
    public async Task<GroupResult> CreateAsync(Jid? actor, string id, string name, Jid? owner = null, CancellationToken cancel = default)
    {
        if (!ThingProvisioning.IsThingId(id))
        {
            return GroupOutcome.BadId;
        }

        name = name.Length == 0 ? id : name;
        if (!IsName(name))
        {
            return GroupOutcome.BadName;
        }

        bool isFree = await IsAdministratorAsync(actor, cancel).ConfigureAwait(false);
        if ((!isFree && owner is not null && !owner.Bare.Equals(actor!.Bare)) || !await MayCreateAsync(actor, cancel).ConfigureAwait(false))
        {
            return GroupOutcome.Forbidden;
        }

        owner = owner?.Bare ?? actor?.Bare;
        if (owner is not null && !await IsAccountAsync(owner, cancel).ConfigureAwait(false))
        {
            return GroupOutcome.NoAccount;
        }

        GroupChange change = await _store.CreateAsync(new ThingGroup(id) { Name = name, Owner = owner, Created = _time.GetUtcNow() }, (Options.Groups, isFree ? 0 : Options.GroupsPerAccount)).ConfigureAwait(false);
        return await EndAsync(id, change).ConfigureAwait(false);
    }

    /// <summary>Gives a group another name.</summary>
    public async Task<GroupResult> RenameAsync(Jid? actor, string id, string name, CancellationToken cancel = default)
    {
        if (!IsName(name))
        {
            return GroupOutcome.BadName;
        }

        (GroupOutcome outcome, ThingGroup? group) = await ManagedAsync(actor, id, cancel).ConfigureAwait(false);
        return outcome != GroupOutcome.Done ? outcome : await EndAsync(id, await _store.UpdateAsync(id, name, group!.Owner).ConfigureAwait(false)).ConfigureAwait(false);
    }

    /// <summary>Gives a group away.</summary>
    public async Task<GroupResult> SetOwnerAsync(Jid? actor, string id, Jid owner, CancellationToken cancel = default)
    {
        if (await FindAsync(actor, id, cancel).ConfigureAwait(false) is not { } group)
        {
            return GroupOutcome.NotFound;
        }

        if (!await MayOwnAsync(actor, group, cancel).ConfigureAwait(false))
        {
            return GroupOutcome.Forbidden;
        }

        return !await IsAccountAsync(owner.Bare, cancel).ConfigureAwait(false)
            ? GroupOutcome.NoAccount
            : await EndAsync(id, await _store.UpdateAsync(id, group.Name, owner.Bare).ConfigureAwait(false)).ConfigureAwait(false);
    }

    /// <summary>Deletes a group; its things stay, and nobody has a right by it any more.</summary>
    public async Task<GroupResult> DeleteAsync(Jid? actor, string id, CancellationToken cancel = default)
    {
        if (await FindAsync(actor, id, cancel).ConfigureAwait(false) is not { } group)
        {
            return GroupOutcome.NotFound;
        }

        if (!await MayOwnAsync(actor, group, cancel).ConfigureAwait(false))
        {
            return GroupOutcome.Forbidden;
        }

        GroupChange change = await _store.DeleteAsync(id).ConfigureAwait(false);
        await _follower.CatchUpAsync(cancel).ConfigureAwait(false);
        return change == GroupChange.Done ? new GroupResult(GroupOutcome.Done, group) : GroupOutcome.NotFound;
    }

    /// <summary>Makes somebody a member of a group, or gives a member another role.</summary>
    /// <param name="actor">Who asks: an administrator of the group.</param>
    /// <param name="id">The group.</param>
    /// <param name="who">Whom (bare JID).</param>
    /// <param name="role">As what.</param>
    /// <param name="parameters">What an operator may set; null for all.</param>
    /// <param name="cancel">Gives up.</param>
    public async Task<GroupResult> SetMemberAsync(Jid? actor, string id, Jid who, GroupRole role, ParameterLimit? parameters = null, CancellationToken cancel = default)
    {
        parameters ??= ParameterLimit.All;
        if (!Enum.IsDefined(role) || parameters.IsNone || (!parameters.IsAll && role != GroupRole.Operator) || parameters.Names.Count > ParameterLimit.MaxNames || !parameters.Names.All(ParameterLimit.IsName))
        {
            return GroupOutcome.BadParameters;
        }

        (GroupOutcome outcome, _) = await ManagedAsync(actor, id, cancel).ConfigureAwait(false);
        if (outcome != GroupOutcome.Done)
        {
            return outcome;
        }

        return !await IsAccountAsync(who.Bare, cancel).ConfigureAwait(false)
            ? GroupOutcome.NoAccount
            : await EndAsync(id, await _store.SetMemberAsync(id, who.Bare, new GroupMember(role, parameters), Options.MembersPerGroup).ConfigureAwait(false)).ConfigureAwait(false);
    }

    /// <summary>Takes somebody out of a group; anybody may leave.</summary>
    public async Task<GroupResult> RemoveMemberAsync(Jid? actor, string id, Jid who, CancellationToken cancel = default)
    {
        if (await FindAsync(actor, id, cancel).ConfigureAwait(false) is not { } group)
        {
            return GroupOutcome.NotFound;
        }

        if (!who.Bare.Equals(actor?.Bare) && !await MayManageAsync(actor, group, cancel).ConfigureAwait(false))
        {
            return GroupOutcome.Forbidden;
        }

        return group.Members.ContainsKey(who.Bare)
            ? await EndAsync(id, await _store.SetMemberAsync(id, who.Bare, null, 0).ConfigureAwait(false)).ConfigureAwait(false)
            : GroupOutcome.NoAccount;
    }

    /// <summary>Puts a thing into a group: its owner decides that, and an administrator of the group has to agree, so it takes both in one.</summary>
    public async Task<GroupResult> AddThingAsync(Jid? actor, string id, string thing, CancellationToken cancel = default)
    {
        (GroupOutcome outcome, _) = await ManagedAsync(actor, id, cancel).ConfigureAwait(false);
        if (outcome != GroupOutcome.Done)
        {
            return outcome;
        }

        if (await _things.FindAsync(thing, cancel).ConfigureAwait(false) is not { } known || (actor is not null && !await _access.MayAsync(actor, thing, ThingRight.Own, null, cancel).ConfigureAwait(false)))
        {
            return GroupOutcome.NoThing;
        }

        return await EndAsync(id, await _store.AddThingsAsync(id, [(known.Id, known.Owner)], (Options.ThingsPerGroup, Options.GroupsPerThing)).ConfigureAwait(false)).ConfigureAwait(false);
    }

    /// <summary>Takes a thing out of a group: its owner may, and administrators of the group.</summary>
    public async Task<GroupResult> RemoveThingAsync(Jid? actor, string id, string thing, CancellationToken cancel = default)
    {
        ThingGroup? group = (await _store.LatestAsync(cancel).ConfigureAwait(false)).Groups.GetValueOrDefault(id);
        bool isOwner = actor is null || await _access.MayAsync(actor, thing, ThingRight.Own, null, cancel).ConfigureAwait(false);
        if (group is null || (!isOwner && await FindAsync(actor, id, cancel).ConfigureAwait(false) is null))
        {
            return GroupOutcome.NotFound;
        }

        if (!isOwner && !await MayManageAsync(actor, group, cancel).ConfigureAwait(false))
        {
            return GroupOutcome.Forbidden;
        }

        return group.Things.ContainsKey(thing) ? await EndAsync(id, await _store.RemoveThingsAsync(id, [thing]).ConfigureAwait(false)).ConfigureAwait(false) : GroupOutcome.NoThing;
    }

    /// <summary>Lets everything follow what was written within another unit of work (<see cref="GroupStore.AddThings"/>).</summary>
    public Task CatchUpAsync() => _follower.CatchUpAsync();

    private bool IsLocal(Jid jid) => jid.Domain == _things.Domain.Domain && jid.Local.Length > 0;

    // Of other domains nobody knows here who is there.
    private async ValueTask<bool> IsAccountAsync(Jid jid, CancellationToken cancel) =>
        jid.Local.Length > 0 && JidPrep.TryParse(jid.ToString(), out _) && (!IsLocal(jid) || await _accounts.FindAsync(jid.Local, cancel).ConfigureAwait(false) is not null);

    private async ValueTask<bool> IsAdministratorAsync(Jid? actor, CancellationToken cancel) => actor is null || (IsLocal(actor) && await _accounts.IsAdministratorAsync(actor.Local, cancel).ConfigureAwait(false));

    // An account that may not log in has no part in a group until it may again.
    private async ValueTask<bool> IsActiveAsync(Jid actor, CancellationToken cancel) => !IsLocal(actor) || await _accounts.FindAsync(actor.Local, cancel).ConfigureAwait(false) is { IsDisabled: false };

    private async ValueTask<GroupMember?> RoleAsync(Jid? actor, ThingGroup group, CancellationToken cancel) =>
        actor is not null && group.RoleOf(actor.Bare) is { } role && await IsActiveAsync(actor, cancel).ConfigureAwait(false) ? role : null;

    private async ValueTask<(GroupOutcome Outcome, ThingGroup? Group)> ManagedAsync(Jid? actor, string id, CancellationToken cancel) =>
        await FindAsync(actor, id, cancel).ConfigureAwait(false) is not { } group ? (GroupOutcome.NotFound, null)
        : await MayManageAsync(actor, group, cancel).ConfigureAwait(false) ? (GroupOutcome.Done, group)
        : (GroupOutcome.Forbidden, null);

    private async Task<GroupResult> EndAsync(string id, GroupChange change)
    {
        if (change != GroupChange.Done)
        {
            return change switch
            {
                GroupChange.Exists => GroupOutcome.Conflict,
                GroupChange.TooMany => GroupOutcome.TooMany,
                _ => GroupOutcome.NotFound,
            };
        }

        await _follower.CatchUpAsync().ConfigureAwait(false);
        return new GroupResult(GroupOutcome.Done, _store.Current.Groups.GetValueOrDefault(id));
    }
}
