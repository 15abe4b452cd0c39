using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.Roster;
using IotXmpp.Hub.Sasl;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Registry;

/// <summary>What a thing is made of.</summary>
/// <param name="Id">Its id: 1 to 64 of a-z, 0-9 and -.</param>
/// <param name="Owner">Whose it shall be (bare JID).</param>
/// <param name="Keys">SCRAM-SHA-256 keys that the client has made of a random secret: the hub never sees it.</param>
public sealed record Provision(string Id, Jid Owner, ScramCredentials Keys)
{
    /// <summary>Tag MODEL; empty for none.</summary>
    public string Model { get; init; } = "";

    /// <summary>Tag SN; empty for the id.</summary>
    public string SerialNumber { get; init; } = "";

    /// <summary>Tag MAN, the manufacturer's domain; empty for none.</summary>
    public string Manufacturer { get; init; } = "";
}

/// <summary>How provisioning ended.</summary>
/// <param name="Outcome">Done, or why not.</param>
/// <param name="Thing">The thing, when done.</param>
/// <param name="ClaimText">The text of its QR code with the new KEY, which is shown this once; null where the KEY it has stays.</param>
public sealed record ThingResult(RegistryOutcome Outcome, Thing? Thing = null, string? ClaimText = null)
{
    /// <summary>It was not done.</summary>
    public static implicit operator ThingResult(RegistryOutcome outcome) => new(outcome);
}

/// <summary>Makes things and takes them back: account, keys, nodes, roster links, registry entry (wire profile, registry). Every face of the hub goes this way: XMPP, REST, pages, command line.</summary>
/// <param name="store">The things.</param>
/// <param name="rights">Lets rights follow.</param>
/// <param name="accounts">The accounts.</param>
/// <param name="links">The rosters.</param>
/// <param name="options">Who may.</param>
/// <param name="time">The clock.</param>
public sealed class ThingProvisioning(RegistryStore store, ThingRights rights, AccountService accounts, RosterLinks links, RegistryOptions options, TimeProvider time)
{
    /// <summary>Tells what has become of a thing, after it is durable.</summary>
    public event Action<Thing, ThingChange>? Changed;

    /// <summary>A thing is about to be forgotten with its account, or its gateway's: who keeps something of it removes that, awaited.</summary>
    public event Func<Thing, Task>? Forgetting;

    /// <summary>Whether a text is a thing's id (wire profile, addresses).</summary>
    public static bool IsThingId(string id) => id.Length is >= 1 and <= 64 && id.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');

    /// <summary>Whether somebody may provision things: an administrator, or an operator by the settings.</summary>
    public async ValueTask<bool> MayProvisionAsync(Jid who, CancellationToken cancel = default) =>
        IsLocal(who) && (await accounts.IsAdministratorAsync(who.Local, cancel).ConfigureAwait(false)
            || (options.Operators.Contains(who.Local, StringComparer.Ordinal) && await accounts.FindAsync(who.Local, cancel).ConfigureAwait(false) is { IsDisabled: false }));

    /// <summary>Whether somebody may change a thing: its owner, or an administrator.</summary>
    public async ValueTask<bool> MayManageAsync(Jid who, Thing thing, CancellationToken cancel = default) =>
        (who.Bare.Equals(thing.Owner) && (!IsLocal(who) || await accounts.FindAsync(who.Local, cancel).ConfigureAwait(false) is { IsDisabled: false })) || (IsLocal(who) && await accounts.IsAdministratorAsync(who.Local, cancel).ConfigureAwait(false));

    /// <summary>
    /// Makes a thing, or gives the one that is there new keys (its sessions go on until they end; it can log in again where it was revoked) and nothing else; a thing that is nobody's gets the owner.
    /// </summary>
    /// <param name="actor">Who asks; null for the operator of the machine.</param>
    /// <param name="provision">What it shall be.</param>
    /// <param name="cancel">Ends the wait.</param>
    public async Task<ThingResult> ProvisionAsync(Jid? actor, Provision provision, CancellationToken cancel = default)
    {
        if (!IsThingId(provision.Id))
        {
            return RegistryOutcome.BadId;
        }

        if (actor is not null && !await MayProvisionAsync(actor, cancel).ConfigureAwait(false))
        {
            return RegistryOutcome.Forbidden;
        }

        Jid owner = provision.Owner.Bare;
        if (owner.Local.Length == 0 || owner.Local == provision.Id || (IsLocal(owner) && await accounts.FindAsync(owner.Local, cancel).ConfigureAwait(false) is null))
        {
            return RegistryOutcome.NoOwner;
        }

        Thing? known = await rights.FindAsync(provision.Id, cancel).ConfigureAwait(false);
        Account? account = await accounts.FindAsync(provision.Id, cancel).ConfigureAwait(false);
        if (known is { IsBehindGateway: true } || account is { IsAdministrator: true } || (account is not null && known is null))
        {
            return RegistryOutcome.Conflict; // a gateway's, or a person's: keys are not given to who asks for them
        }

        // What is there is its owner's or, while it is nobody's, the administrators'.
        if (known is not null && actor is not null && !await MayManageAsync(actor, known, cancel).ConfigureAwait(false))
        {
            return RegistryOutcome.Forbidden;
        }

        DateTimeOffset now = time.GetUtcNow();
        (Thing made, string claim) = known is null ? New(provision, now) : (known, string.Empty);
        (Thing? thing, bool isNew) = await store.ChangeAsync(provision.Id, before => before switch
        {
            null => (made, known is null),
            { Owner: null } => (before with { State = ThingState.Private, Owner = owner, Claimed = now, MovingFrom = "", Revoked = null }, false),
            { Revoked: not null } => (before with { Revoked = null }, false),
            _ => (before, false),
        }).ConfigureAwait(false);
        if (await accounts.SetDeviceKeysAsync(provision.Id, provision.Keys).ConfigureAwait(false) != AccountOutcome.Done)
        {
            return RegistryOutcome.BadId;
        }

        await rights.SettleAsync(provision.Id, cancel).ConfigureAwait(false);
        Changed?.Invoke(thing!, ThingChange.Provisioned);
        return new ThingResult(RegistryOutcome.Done, thing, isNew ? claim : null);
    }

    /// <summary>A thing that was never there, as it is made: somebody's, with a KEY of its own.</summary>
    /// <param name="provision">What it shall be.</param>
    /// <param name="now">When.</param>
    /// <returns>The thing, whose rights have to follow yet (<see cref="MadeAsync"/>), and the text of its QR code: the KEY itself is not kept.</returns>
    public static (Thing Thing, string ClaimText) New(Provision provision, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(provision);
        MetaTag[] tags = Tags(provision);
        string key = ClaimKey.New();
        return (
            new Thing(provision.Id, provision.Id)
            {
                State = ThingState.Private,
                Owner = provision.Owner.Bare,
                Tags = ClaimKey.ByName(tags),
                ClaimHash = ClaimKey.Hash(tags, key),
                IsHubKey = true,
                MovingFrom = "",
                Registered = now,
                Claimed = now,
            },
            MetaTags.ToText(tags, key));
    }

    /// <summary>A thing that was made is durable, with its account: its nodes, its owner's roster and whoever listens follow.</summary>
    public async Task MadeAsync(Thing thing, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(thing);
        await rights.SettleAsync(thing.Id, cancel).ConfigureAwait(false);
        Changed?.Invoke(thing, ThingChange.Provisioned);
    }

    /// <summary>Enters an account that is there as a thing of an owner, with all that belongs to one; one that is a thing already gets that owner. For who may do anything: the operator of the machine.</summary>
    public async Task<ThingResult> EnterAsync(string id, Jid owner, CancellationToken cancel = default)
    {
        if (!IsThingId(id))
        {
            return RegistryOutcome.BadId;
        }

        Account? account = await accounts.FindAsync(id, cancel).ConfigureAwait(false);
        if (account is null || owner.Local.Length == 0)
        {
            return account is null ? RegistryOutcome.NotFound : RegistryOutcome.NoOwner;
        }

        Jid bare = owner.Bare;
        DateTimeOffset now = time.GetUtcNow();
        await rights.FindAsync(id, cancel).ConfigureAwait(false);
        (Thing? thing, bool isGood) = await store.ChangeAsync(id, before => before switch
        {
            null => (new Thing(id, id) { State = ThingState.Private, Owner = bare, MovingFrom = "", Registered = now, Claimed = now }, true),
            { IsBehindGateway: true } => (before, false),
            { Owner: { } known } when known.Equals(bare) => (before with { MovingFrom = before.MovingFrom ?? "" }, true), // its nodes may be missing
            _ => (before with { State = ThingState.Private, Owner = bare, Claimed = now, MovingFrom = before.MovingFrom ?? before.Owner?.ToString() ?? "" }, true),
        }).ConfigureAwait(false);
        if (!isGood)
        {
            return RegistryOutcome.Conflict;
        }

        await rights.SettleAsync(id, cancel).ConfigureAwait(false);
        Changed?.Invoke(thing!, ThingChange.Claimed);
        return new ThingResult(RegistryOutcome.Done, thing);
    }

    /// <summary>Takes a thing's keys away: its sessions end at once, and so do its tokens; what it was stays known. Only provisioning lets it in again.</summary>
    public async Task<ThingResult> RevokeAsync(Jid? actor, string id, CancellationToken cancel = default)
    {
        (RegistryOutcome outcome, Thing? thing) = await ManagedAsync(actor, id, cancel).ConfigureAwait(false);
        if (outcome != RegistryOutcome.Done)
        {
            return outcome;
        }

        if (thing!.IsBehindGateway)
        {
            return RegistryOutcome.NotAllowed; // it has no keys: its gateway has
        }

        DateTimeOffset now = time.GetUtcNow();
        (Thing? revoked, _) = await store.ChangeAsync(thing.Id, before => (before is null or { Revoked: not null } ? before : before with { Revoked = now }, true)).ConfigureAwait(false);
        if (await accounts.RevokeAsync(thing.Account).ConfigureAwait(false) != AccountOutcome.Done || revoked is null)
        {
            return RegistryOutcome.NotFound;
        }

        Changed?.Invoke(revoked, ThingChange.Revoked);
        return new ThingResult(RegistryOutcome.Done, revoked);
    }

    /// <summary>
    /// Makes a thing nobody's again, as it is after a reset to factory state: its owner loses all rights at once, what people told of it goes, its keys stay. Its KEY claims it again, unless a new one
    /// is asked for or it has none.
    /// </summary>
    public async Task<ThingResult> ResetAsync(Jid? actor, string id, bool newKey, CancellationToken cancel = default)
    {
        (RegistryOutcome outcome, Thing? thing) = await ManagedAsync(actor, id, cancel).ConfigureAwait(false);
        if (outcome != RegistryOutcome.Done)
        {
            return outcome;
        }

        MetaTag[] tags = ClaimTags(thing!);
        string? key = newKey || thing!.ClaimHash is null ? ClaimKey.New() : null;
        byte[]? hash = key is null ? null : ClaimKey.Hash(tags, key);
        (Thing? reset, Jid? from) = await store.ChangeAsync(thing!.Id, before => before is null ? (before, null) : (before with
        {
            State = ThingState.Unclaimed,
            Owner = null,
            Claimed = null,
            Tags = ClaimKey.ByName(tags),
            ClaimHash = hash ?? before.ClaimHash,
            IsHubKey = hash is not null || before.IsHubKey,
            // One that was being moved already has not let go of its former owner.
            MovingFrom = before.Owner?.ToString() ?? before.MovingFrom ?? "",
        }, before.Owner)).ConfigureAwait(false);
        if (reset is null)
        {
            return RegistryOutcome.NotFound;
        }

        await rights.SettleAsync(reset.Id, cancel).ConfigureAwait(false);
        if (from is not null)
        {
            Changed?.Invoke(reset, ThingChange.Disowned);
        }

        return new ThingResult(RegistryOutcome.Done, reset, key is null ? null : MetaTags.ToText(tags, key));
    }

    /// <summary>Gives a thing a new KEY: its old code claims it no more. The KEY is told this once: the hub keeps a hash.</summary>
    public async Task<ThingResult> NewKeyAsync(Jid? actor, string id, CancellationToken cancel = default)
    {
        (RegistryOutcome outcome, Thing? thing) = await ManagedAsync(actor, id, cancel).ConfigureAwait(false);
        if (outcome != RegistryOutcome.Done)
        {
            return outcome;
        }

        MetaTag[] tags = ClaimTags(thing!);
        string key = ClaimKey.New();
        byte[] hash = ClaimKey.Hash(tags, key);
        (Thing? changed, _) = await store.ChangeAsync(thing!.Id, before => (before is null ? null : before with
        {
            ClaimHash = hash,
            IsHubKey = true,
            Tags = ClaimKey.ByName([.. before.Tags.Values.Where(t => tags.All(c => c.Name != t.Name)), .. tags]),
        }, true)).ConfigureAwait(false);
        return changed is null ? RegistryOutcome.NotFound : new ThingResult(RegistryOutcome.Done, changed, MetaTags.ToText(tags, key));
    }

    /// <summary>Whether somebody may see what is told of a thing; null for who may change the thing itself (<see cref="MayManageAsync"/>).</summary>
    public Func<Jid, Thing, CancellationToken, ValueTask<bool>>? Sees { get; set; }

    /// <summary>Whether somebody may change what is told of a thing; null for who may change the thing itself (<see cref="MayManageAsync"/>).</summary>
    public Func<Jid, Thing, CancellationToken, ValueTask<bool>>? Maintains { get; set; }

    /// <summary>Gives a thing another name for people (tag NAME, and in its owner's roster); empty takes it away. Its id and its address stay.</summary>
    public Task<ThingResult> RenameAsync(Jid? actor, string id, string name, CancellationToken cancel = default) => DescribeAsync(actor, id, new ThingDetails { Name = name }, cancel);

    /// <summary>Changes what is told of a thing: for who maintains it.</summary>
    public async Task<ThingResult> DescribeAsync(Jid? actor, string id, ThingDetails details, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(details);
        Thing? thing = await rights.FindAsync(id, cancel).ConfigureAwait(false);
        if (thing is null || (actor is not null && !await (Maintains ?? MayManageAsync)(actor, thing, cancel).ConfigureAwait(false)))
        {
            return thing is null && (actor is null || await MayProvisionAsync(actor, cancel).ConfigureAwait(false)) ? RegistryOutcome.NotFound : RegistryOutcome.Forbidden;
        }

        if (details.Check() is not null)
        {
            return RegistryOutcome.BadId;
        }

        (Thing? changed, Thing? was) = await store.ChangeAsync(id, before =>
        {
            Thing? after = before is null ? null : details.ApplyTo(before);
            return after?.Tags.Count > MetaTags.CountLimit ? (before, before) : (after, ReferenceEquals(after, before) ? before : null);
        }).ConfigureAwait(false);
        if (changed is null)
        {
            return RegistryOutcome.NotFound;
        }

        if (was is not null)
        {
            return details.ApplyTo(was).Tags.Count > MetaTags.CountLimit ? RegistryOutcome.TooMany : new ThingResult(RegistryOutcome.Done, changed);
        }

        await DescribedAsync(thing, changed).ConfigureAwait(false);
        return new ThingResult(RegistryOutcome.Done, changed);
    }

    /// <summary>What was told of a thing has changed: the name in its owner's roster follows, and who keeps an audit is told.</summary>
    public async Task DescribedAsync(Thing before, Thing after)
    {
        if (before.Name != after.Name && !after.IsBehindGateway && after.Owner is { } owner)
        {
            await links.RenameAsync(rights.Of(after.Account), owner, after.Name).ConfigureAwait(false);
        }

        Changed?.Invoke(after, ThingChange.Updated);
    }

    /// <summary>
    /// An account is gone: what it owned becomes nobody's, so that who gets its name later does not get its things. Their KEYs claim them again; until then the administrators have them, with all that was
    /// told of them.
    /// </summary>
    public async Task OwnerGoneAsync(string account)
    {
        Jid owner = rights.Of(account);
        foreach (string id in await accounts.OwnedAsync(owner.ToString()).ConfigureAwait(false))
        {
            await rights.FindAsync(id).ConfigureAwait(false); // one that was never entered is entered now
        }

        foreach (Thing thing in (await store.AllAsync().ConfigureAwait(false)).Values.Where(t => owner.Equals(t.Owner) && t.Account != account).ToList())
        {
            (Thing? free, bool isDone) = await store.ChangeAsync(thing.Id, before => before is not null && owner.Equals(before.Owner)
                ? (before with { State = ThingState.Unclaimed, Owner = null, Claimed = null, MovingFrom = owner.ToString() }, true)
                : (before, false)).ConfigureAwait(false);
            if (isDone)
            {
                await rights.SettleAsync(thing.Id).ConfigureAwait(false);
                Changed?.Invoke(free!, ThingChange.Disowned);
            }
        }
    }

    /// <summary>Forgets the things of an account that is gone.</summary>
    public async Task ForgetAsync(string account)
    {
        // What others keep of its things goes first: what a crash interrupts finds them here again.
        foreach (Thing thing in (await store.AllAsync().ConfigureAwait(false)).Values.Where(t => t.Account == account))
        {
            foreach (Func<Thing, Task> forget in (Forgetting?.GetInvocationList() ?? []).Cast<Func<Thing, Task>>())
            {
                await forget(thing).ConfigureAwait(false);
            }
        }

        foreach (Thing thing in await store.ForgetAsync(account).ConfigureAwait(false))
        {
            Changed?.Invoke(thing, ThingChange.Forgotten);
        }
    }

    /// <summary>What must be presented with a new KEY: what came with the registration, or the id as serial number.</summary>
    private static MetaTag[] ClaimTags(Thing thing)
    {
        MetaTag[] tags = [.. thing.Tags.Values.Where(t => t.IsClaim).OrderBy(t => Array.IndexOf(s_order, t.Name) is var at && at < 0 ? s_order.Length : at).ThenBy(t => t.Name, StringComparer.Ordinal)];
        return tags.Length > 0 ? tags : [new MetaTag("SN", thing.Id) { IsClaim = true }];
    }

    // As the wire profile writes them.
    private static readonly string[] s_order = ["SN", "MAN", "MODEL"];

    private static MetaTag[] Tags(Provision provision)
    {
        var tags = new List<MetaTag> { new("SN", provision.SerialNumber.Length > 0 ? provision.SerialNumber : provision.Id) };
        if (provision.Manufacturer.Length > 0)
        {
            tags.Add(new("MAN", provision.Manufacturer));
        }

        if (provision.Model.Length > 0)
        {
            tags.Add(new("MODEL", provision.Model));
        }

        return [.. tags.Select(t => t with { IsClaim = true })];
    }

    private bool IsLocal(Jid jid) => jid.Domain == rights.Domain.Domain && jid.Local.Length > 0;

    // Who may not manage it learns no more than that there is nothing for him.
    private async Task<(RegistryOutcome Outcome, Thing? Thing)> ManagedAsync(Jid? actor, string id, CancellationToken cancel)
    {
        Thing? thing = await rights.FindAsync(id, cancel).ConfigureAwait(false);
        if (thing is null)
        {
            return (actor is null || await MayProvisionAsync(actor, cancel).ConfigureAwait(false) ? RegistryOutcome.NotFound : RegistryOutcome.Forbidden, null);
        }

        return actor is null || await MayManageAsync(actor, thing, cancel).ConfigureAwait(false) ? (RegistryOutcome.Done, thing) : (RegistryOutcome.Forbidden, null);
    }
}
