using System.Collections.Concurrent;
using System.Security.Cryptography;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Registry;

/// <summary>Port: how the registry speaks to things (XEP-0347 §3.8, §3.9, §3.14).</summary>
public interface IThingContact
{
    /// <summary>Tells a thing whose it is. One that is away learns it when it registers.</summary>
    void Claimed(Thing thing);

    /// <summary>Tells a thing that it was taken out of the registry. One that is away learns it when it updates.</summary>
    void Removed(Thing thing);

    /// <summary>Tells a thing that it is nobody's, and waits for its acknowledgement.</summary>
    /// <returns>False when it is away, answers with an error, or not in time.</returns>
    Task<bool> DisownedAsync(Thing thing, CancellationToken cancel);
}

/// <summary>What came of a request of a thing.</summary>
/// <param name="Outcome">Done, or why not.</param>
/// <param name="Thing">The thing as it is now; null where it is not known.</param>
public sealed record RegistryAnswer(RegistryOutcome Outcome, Thing? Thing = null)
{
    /// <summary>An answer without a thing.</summary>
    public static implicit operator RegistryAnswer(RegistryOutcome outcome) => new(outcome);
}

/// <summary>Found things.</summary>
/// <param name="Things">In the order of their ids.</param>
/// <param name="HasMore">Whether there are more behind them.</param>
public sealed record FoundThings(IReadOnlyList<Thing> Things, bool HasMore);

/// <summary>The rules of XEP-0347: no XML, no SQL.</summary>
/// <param name="store">The things.</param>
/// <param name="rights">Lets rights follow.</param>
/// <param name="accounts">The accounts.</param>
/// <param name="contact">Speaks to things.</param>
/// <param name="options">Bounds.</param>
/// <param name="time">The clock.</param>
public sealed class ThingRegistry(RegistryStore store, ThingRights rights, AccountService accounts, IThingContact contact, RegistryOptions options, TimeProvider time)
{
    private readonly ClaimThrottle _throttle = new(options, time);

    // A thing that has acknowledged may register again before we have written down that it is free: it waits for that.
    private readonly ConcurrentDictionary<string, Task> _disowning = new(StringComparer.Ordinal);

    /// <summary>Tells what has become of a thing, after it is durable.</summary>
    public event Action<Thing, ThingChange>? Changed;

    /// <summary>
    /// A thing registers itself (§3.2–3.4). One that is somebody's stays as it is: the answer has its owner. A KEY that the hub has made stays, whatever the thing presents: its label may be an old one.
    /// A registration without a KEY keeps the one that there is, or makes a thing behind a gateway its gateway's owner's.
    /// </summary>
    public async Task<RegistryAnswer> RegisterAsync(ThingAddress address, MetaTags tags, bool isSelfOwned, CancellationToken cancel = default)
    {
        string id = address.NodeId.Length > 0 ? address.NodeId : address.Account;
        await DisownedAsync(id).ConfigureAwait(false);
        bool isBehind = address.NodeId.Length > 0;
        Account? account = await accounts.FindAsync(address.Account, cancel).ConfigureAwait(false);
        if (isBehind)
        {
            if (!ThingProvisioning.IsThingId(id))
            {
                return RegistryOutcome.BadId;
            }

            if (await accounts.FindAsync(id, cancel).ConfigureAwait(false) is not null)
            {
                return RegistryOutcome.Conflict;
            }
        }

        bool hasKey = !string.IsNullOrEmpty(tags.Secret);
        if (hasKey && tags.Secret!.Length < options.KeyChars && !isSelfOwned)
        {
            return RegistryOutcome.WeakKey;
        }

        byte[]? hash = hasKey && !isSelfOwned ? ClaimKey.Hash(tags.Tags, tags.Secret!) : null;
        Jid speaker = rights.Of(address.Account);
        Jid? gatewaysOwner = isBehind && Addresses.JidPrep.TryParse(account?.Owner ?? "", out Jid? owner) ? owner : null;
        Thing? known = await rights.FindAsync(id, cancel).ConfigureAwait(false);
        bool isFull = known is null && await store.CountAsync(address.Account, cancel).ConfigureAwait(false) >= options.ThingsPerAccount;
        DateTimeOffset now = time.GetUtcNow();
        (Thing? thing, (RegistryOutcome outcome, bool isNewOwner)) = await store.ChangeAsync(id, before =>
        {
            if (before is not null && (before.Account != address.Account || before.NodeId != address.NodeId || before.SourceId != address.SourceId || before.CacheType != address.CacheType))
            {
                return (before, (RegistryOutcome.Conflict, false));
            }

            if (before is { Owner: not null } && !(isSelfOwned && before.Owner.Equals(speaker)))
            {
                return (before, (RegistryOutcome.Done, false));
            }

            if (before is null && isFull)
            {
                return (before, (RegistryOutcome.TooMany, false));
            }

            Thing made = before ?? new Thing(id, address.Account) { NodeId = address.NodeId, SourceId = address.SourceId, CacheType = address.CacheType, Registered = now };
            MetaTag[] all = [.. tags.Tags.Where(t => t.Value.Length > 0)];
            if (isSelfOwned)
            {
                bool isNew = before?.Owner is null;
                return (made with { State = ThingState.Public, Owner = speaker, Claimed = isNew ? now : made.Claimed, Tags = ClaimKey.ByName(all), ClaimHash = null, MovingFrom = isNew ? made.MovingFrom ?? "" : made.MovingFrom }, (RegistryOutcome.Done, isNew));
            }

            if (hash is not null && !made.IsHubKey)
            {
                return (made with { State = ThingState.Unclaimed, Tags = ClaimKey.ByName(all.Select(t => t with { IsClaim = true })), ClaimHash = hash }, (RegistryOutcome.Done, false));
            }

            if (made.ClaimHash is not null && made.Tags.Values.Any(t => t.IsClaim))
            {
                IEnumerable<MetaTag> kept = made.Tags.Values.Where(t => t.IsClaim);
                return (made with { Tags = ClaimKey.ByName([.. kept, .. all.Where(t => kept.All(k => k.Name != t.Name))]) }, (RegistryOutcome.Done, false));
            }

            return gatewaysOwner is null
                ? (before, (RegistryOutcome.WeakKey, false))
                : (made with { State = ThingState.Private, Owner = gatewaysOwner, Claimed = now, Tags = ClaimKey.ByName(all), ClaimHash = null, MovingFrom = made.MovingFrom ?? "" }, (RegistryOutcome.Done, true));
        }).ConfigureAwait(false);
        if (isNewOwner)
        {
            await rights.SettleAsync(id, cancel).ConfigureAwait(false);
            Changed?.Invoke(thing!, ThingChange.Claimed);
        }

        return new RegistryAnswer(outcome, thing);
    }

    /// <summary>
    /// Somebody claims a thing by what he knows of it (§3.8). Of the thing's owner it is taken again, also after a reset of the thing to factory state. Whatever else is the reason, the answer to a claim
    /// that fails is the same.
    /// </summary>
    public async Task<RegistryAnswer> ClaimAsync(Jid claimer, MetaTags tags, bool isPublic, CancellationToken cancel = default)
    {
        Jid owner = claimer.Bare;
        if (!_throttle.MayTry(owner))
        {
            return RegistryOutcome.Throttled;
        }

        bool isNew = false;
        Thing? thing = null;
        if (!string.IsNullOrEmpty(tags.Secret))
        {
            byte[] hash = ClaimKey.Hash(tags.Tags, tags.Secret);
            DateTimeOffset now = time.GetUtcNow();
            ThingState state = isPublic ? ThingState.Public : ThingState.Private;
            thing = await store.ClaimAsync(hash, before =>
            {
                if (before.Revoked is not null || owner.Local == before.Account)
                {
                    return null;
                }

                isNew = before.Owner is null;
                return isNew
                    ? before with { State = state, Owner = owner, Claimed = now, MovingFrom = before.MovingFrom ?? "" }
                    : !owner.Equals(before.Owner) ? null : before.State == state ? before : before with { State = state };
            }).ConfigureAwait(false);
        }

        if (thing is null)
        {
            _throttle.Failed(owner);
            return RegistryOutcome.NotFound;
        }

        await rights.SettleAsync(thing.Id, cancel).ConfigureAwait(false);
        contact.Claimed(thing);
        Changed?.Invoke(thing, isNew ? ThingChange.Claimed : ThingChange.Updated);
        return new RegistryAnswer(RegistryOutcome.Done, thing);
    }

    /// <summary>An owner takes a thing out of the registry (§3.9); it stays the owner's.</summary>
    public async Task<RegistryAnswer> RemoveAsync(Jid owner, ThingAddress address, CancellationToken cancel = default)
    {
        if (await OwnedAsync(owner, address, cancel).ConfigureAwait(false) is not { } thing)
        {
            return RegistryOutcome.NotFound;
        }

        (Thing? removed, bool isDone) = await store.ChangeAsync(thing.Id, before =>
            IsListedOf(before, owner) ? (before! with { State = ThingState.Removed }, true) : (before, false)).ConfigureAwait(false);
        if (!isDone)
        {
            return RegistryOutcome.NotFound;
        }

        contact.Removed(removed!);
        Changed?.Invoke(removed!, ThingChange.Updated);
        return new RegistryAnswer(RegistryOutcome.Done, removed);
    }

    /// <summary>A thing leaves the registry (§3.13): what was told of it is forgotten; it stays its owner's, if it has one besides itself.</summary>
    public async Task UnregisterAsync(ThingAddress address, CancellationToken cancel = default)
    {
        if (await store.FindAsync(address, cancel).ConfigureAwait(false) is not { } thing)
        {
            return;
        }

        (Thing? left, _) = await store.ChangeAsync(thing.Id, before => before switch
        {
            null or { IsBehindGateway: true } => (null, true),
            { Owner: not null, IsSelfOwned: false } => (before with { State = ThingState.Removed }, true),
            // What is known of an account that is a thing's stays known: nobody else gets its name.
            _ => (before with { State = ThingState.Unclaimed, Owner = null, Claimed = null, Tags = ClaimKey.ByName([]), ClaimHash = null, IsHubKey = false }, true),
        }).ConfigureAwait(false);
        Changed?.Invoke(left ?? thing, left is null ? ThingChange.Forgotten : ThingChange.Updated);
    }

    /// <summary>A thing changes what is told of it (§3.10): empty strings take tags away. When it is nobody's, nothing is changed, and the answer's thing has no owner.</summary>
    public async Task<RegistryAnswer> UpdateAsync(ThingAddress address, MetaTags tags, CancellationToken cancel = default)
    {
        await DisownedAsync(address.NodeId.Length > 0 ? address.NodeId : address.Account).ConfigureAwait(false);
        Thing? thing = await store.FindAsync(address, cancel).ConfigureAwait(false)
            ?? (address.NodeId.Length == 0 ? await rights.FindAsync(address.Account, cancel).ConfigureAwait(false) : null);
        return thing is null or { State: ThingState.Removed }
            ? RegistryOutcome.NotFound
            : await UpdateAsync(thing, tags, before => before is { State: not ThingState.Removed }).ConfigureAwait(false);
    }

    /// <summary>An owner changes what is told of a thing (§3.11).</summary>
    public async Task<RegistryAnswer> UpdateAsync(Jid owner, ThingAddress address, MetaTags tags, CancellationToken cancel = default) =>
        await OwnedAsync(owner, address, cancel).ConfigureAwait(false) is { } thing
            ? await UpdateAsync(thing, tags, before => IsListedOf(before, owner)).ConfigureAwait(false)
            : RegistryOutcome.NotFound;

    /// <summary>
    /// An owner gives a thing up (§3.14): only when the thing acknowledges it, since otherwise it could not be claimed again. Its tags go, and so does its KEY: it registers itself anew. A KEY
    /// that the hub has made stays with its tags, since the thing need not know it.
    /// </summary>
    public async Task<RegistryAnswer> DisownAsync(Jid owner, ThingAddress address, CancellationToken cancel = default)
    {
        if (await OwnedAsync(owner, address, cancel).ConfigureAwait(false) is not { } thing)
        {
            return RegistryOutcome.NotFound;
        }

        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_disowning.TryAdd(thing.Id, ended.Task))
        {
            return RegistryOutcome.NotAllowed; // twice at once: the first is still waiting for the thing
        }

        try
        {
            if (!await contact.DisownedAsync(thing, cancel).ConfigureAwait(false))
            {
                return RegistryOutcome.NotAllowed;
            }

            byte[] unknown = RandomNumberGenerator.GetBytes(32); // §3.14: of a KEY that nobody knows
            (Thing? free, bool isDone) = await store.ChangeAsync(thing.Id, before => IsListedOf(before, owner)
                ? (before! with
                {
                    State = ThingState.Unclaimed,
                    Owner = null,
                    Claimed = null,
                    Tags = ClaimKey.ByName(before.Tags.Values.Where(t => t.IsClaim && before.IsHubKey)),
                    ClaimHash = before.IsHubKey ? before.ClaimHash : unknown,
                    MovingFrom = owner.Bare.ToString(),
                }, true)
                : (before, false)).ConfigureAwait(false);
            if (!isDone)
            {
                return RegistryOutcome.NotFound;
            }

            await rights.SettleAsync(thing.Id, cancel).ConfigureAwait(false);
            Changed?.Invoke(free!, ThingChange.Disowned);
            return new RegistryAnswer(RegistryOutcome.Done, free);
        }
        finally
        {
            _disowning.TryRemove(thing.Id, out _);
            ended.SetResult();
        }
    }

    /// <summary>Anybody looks for public things (§3.12).</summary>
    public async ValueTask<FoundThings> SearchAsync(ThingSearch search, CancellationToken cancel = default)
    {
        int max = Math.Min(search.Max, options.FoundThings);
        var found = new List<Thing>();
        int passed = 0;
        foreach (Thing thing in (await store.AllAsync(cancel).ConfigureAwait(false)).Values)
        {
            if (!search.Finds(thing) || passed++ < search.Offset)
            {
                continue;
            }

            if (found.Count == max)
            {
                return new FoundThings(found, true);
            }

            found.Add(thing);
        }

        return new FoundThings(found, false);
    }

    private static bool IsListedOf(Thing? thing, Jid owner) => thing is { State: ThingState.Public or ThingState.Private } && owner.Bare.Equals(thing.Owner);

    private Task DisownedAsync(string id) => _disowning.TryGetValue(id, out Task? ending) ? ending : Task.CompletedTask;

    private async ValueTask<Thing?> OwnedAsync(Jid owner, ThingAddress address, CancellationToken cancel)
    {
        Thing? thing = address.NodeId.Length == 0
            ? await rights.FindAsync(address.Account, cancel).ConfigureAwait(false)
            : await store.FindAsync(address, cancel).ConfigureAwait(false);
        return thing is not null && thing.IsBehindGateway == address.NodeId.Length > 0 && IsListedOf(thing, owner) ? thing : null;
    }

    private async Task<RegistryAnswer> UpdateAsync(Thing thing, MetaTags tags, Func<Thing?, bool> may)
    {
        if (!string.IsNullOrEmpty(tags.Secret) && tags.Secret.Length < options.KeyChars)
        {
            return RegistryOutcome.WeakKey;
        }

        // A new KEY goes with the claim tags as they will be.
        Thing planned = Apply(thing, tags.Tags);
        byte[]? hash = string.IsNullOrEmpty(tags.Secret) ? null : ClaimKey.Hash(planned.Tags.Values.Where(t => t.IsClaim), tags.Secret);
        (Thing? after, RegistryOutcome outcome) = await store.ChangeAsync(thing.Id, before =>
        {
            if (!may(before))
            {
                return (before, RegistryOutcome.NotFound);
            }

            if (before!.Owner is null)
            {
                return (before, RegistryOutcome.Done);
            }

            Thing changed = Apply(before, tags.Tags);
            if (changed.Tags.Count > MetaTags.CountLimit)
            {
                return (before, RegistryOutcome.TooMany);
            }

            return (tags.Secret is null || before.IsHubKey ? changed : changed with { ClaimHash = hash }, RegistryOutcome.Done);
        }).ConfigureAwait(false);
        if (outcome == RegistryOutcome.Done && after?.Owner is not null)
        {
            Changed?.Invoke(after, ThingChange.Updated);
        }

        return new RegistryAnswer(outcome, after);
    }

    private static Thing Apply(Thing thing, IReadOnlyList<MetaTag> tags)
    {
        Dictionary<string, MetaTag> all = new(thing.Tags, StringComparer.Ordinal);
        foreach (MetaTag tag in tags)
        {
            if (tag.Value.Length == 0)
            {
                all.Remove(tag.Name);
            }
            else
            {
                all[tag.Name] = tag with { IsClaim = thing.Tags.TryGetValue(tag.Name, out MetaTag? old) && old.IsClaim };
            }
        }

        return thing with { Tags = ClaimKey.ByName(all.Values) };
    }
}
