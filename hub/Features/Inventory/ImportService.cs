using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Inventory;

/// <summary>What an import shall do.</summary>
/// <param name="IsPartial">Do what is right and leave out what is wrong; else all or nothing.</param>
/// <param name="IsCheck">Change nothing, only tell.</param>
/// <param name="IsCreate">Make what is not there, for who may provision things.</param>
public sealed record ImportWish(bool IsPartial = false, bool IsCheck = false, bool IsCreate = false);

/// <summary>What came of an import.</summary>
/// <param name="Changed">Things that were changed, or would be.</param>
/// <param name="Unchanged">Things that are as the import has them.</param>
/// <param name="Faults">What is wrong, in the order of the lines: the first <see cref="InventoryOptions.ImportFaults"/>.</param>
/// <param name="FaultCount">How many faults there are.</param>
/// <param name="IsDone">Whether anything was taken over.</param>
public sealed record ImportResult(int Changed, int Unchanged, IReadOnlyList<ImportFault> Faults, int FaultCount, bool IsDone)
{
    /// <summary>Things that were made, or would be.</summary>
    public int Created { get; init; }

    /// <summary>The things that were made, with their secrets: told this once, the hub keeps none of them.</summary>
    public IReadOnlyList<MadeThing> Made { get; init; } = [];
}

/// <summary>
/// Takes many things out and in: what is told of them, their groups, their owners. An import names what shall be, so the same twice changes nothing the second time. Things that are not there it makes where
/// that is asked for; and it gives nobody more than each change by itself would. All of it is one unit of work.
/// </summary>
public sealed class ImportService(RegistryStore registry, RegistryModule things, ThingAccess access, GroupService groups, AccountService accounts, InventoryService inventory, Jid domain, TimeProvider time)
{
    private const string Unknown = "There is no such thing, or not for you";

    /// <summary>A page of an export: what somebody may see of things, in the order of their ids.</summary>
    /// <param name="actor">Who asks; null for all.</param>
    /// <param name="query">Which things.</param>
    /// <param name="after">The id behind which the page begins; "" for the first.</param>
    /// <param name="max">Things of the page, at most.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>The rows, and the id behind which the next page begins; null on the last.</returns>
    public async ValueTask<(IReadOnlyList<ThingRow> Rows, string? Next)> ExportAsync(Jid? actor, ThingQuery query, string after, int max, CancellationToken cancel = default)
    {
        ThingPage page = await inventory.SearchAsync(actor, query, after, max, cancel).ConfigureAwait(false);
        var rows = new List<ThingRow>(page.Things.Count);
        foreach (Thing thing in page.Things)
        {
            ThingDetails details = ThingDetails.Of(thing);
            rows.Add(new ThingRow
            {
                Id = thing.Id,
                Name = details.Name,
                Model = details.Model,
                Manufacturer = details.Manufacturer,
                Place = details.Place,
                Tags = ThingDetails.Text(details.Tags!),
                Groups = [.. (await groups.OfThingAsync(actor, thing.Id, cancel).ConfigureAwait(false)).Select(g => g.Id)],
                Owner = thing.Owner?.ToString() ?? "",
            });
        }

        return (rows, page.Next);
    }

    /// <summary>Imports text.</summary>
    /// <param name="actor">Who asks; null for the operator of the machine.</param>
    /// <param name="text">CSV with a head, or an array in JSON (told by its first character).</param>
    /// <param name="wish">How.</param>
    /// <param name="cancel">Gives up.</param>
    public async Task<ImportResult> ImportAsync(Jid? actor, string text, ImportWish wish, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(wish);
        var faults = new List<ImportFault>();
        if (text.Length > inventory.Options.ImportChars)
        {
            return End([], 0, [new ImportFault(1, "", $"It has more than {inventory.Options.ImportChars} characters.")]);
        }

        bool isJson = text.AsSpan().TrimStart("\uFEFF \t\r\n") is ['[' or '{', ..];
        List<(int Line, ThingRow Row)> rows = isJson ? ThingRows.ReadJson(text, inventory.Options.ImportThings, faults) : ThingRows.ReadCsv(text, inventory.Options.ImportThings, faults);
        if (faults.Count > 0 && rows.Count == 0)
        {
            return End([], 0, faults);
        }

        bool mayMake = wish.IsCreate && (actor is null || await things.Provisioning.MayProvisionAsync(actor, cancel).ConfigureAwait(false));
        int made = 0;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var plans = new List<Plan>();
        int unchanged = 0;
        foreach ((int line, ThingRow row) in rows)
        {
            string? why = seen.Add(row.Id) ? null : "The thing stands here twice.";
            Plan? plan = null;
            if (why is null)
            {
                (why, plan) = mayMake && (!ThingProvisioning.IsThingId(row.Id) || await things.Rights.FindAsync(row.Id, cancel).ConfigureAwait(false) is null)
                    ? await PlanNewAsync(actor, row, cancel).ConfigureAwait(false)
                    : await PlanAsync(actor, row, cancel).ConfigureAwait(false);
                if (wish.IsCreate && !mayMake && why == Unknown + ".")
                {
                    why = Unknown + ". An import makes things for who may provision them: administrators of the hub, and Registry:Operators."; // the same whether it is there or not
                }
            }

            if (plan is { IsNew: true } && ++made > inventory.Options.ImportNewThings)
            {
                (why, plan) = ($"One import makes at most {inventory.Options.ImportNewThings} things.", null);
            }

            if (why is not null)
            {
                faults.Add(new ImportFault(line, row.Id, why));
            }
            else if (plan is null)
            {
                unchanged++;
            }
            else
            {
                plans.Add(plan);
            }
        }

        faults.Sort((a, b) => a.Line.CompareTo(b.Line));
        if (wish.IsCheck || (faults.Count > 0 && !wish.IsPartial))
        {
            return End(plans, unchanged, faults);
        }

        try
        {
            return End(plans, unchanged, faults, await ApplyAsync(plans, cancel).ConfigureAwait(false));
        }
        catch (GroupBoundException)
        {
            faults.Add(new ImportFault(1, "", "A group would have too many things, or a thing would be in too many groups: nothing was changed."));
        }
        catch (IdTakenException taken)
        {
            faults.Add(new ImportFault(1, taken.Message, "The id was taken meanwhile, or is not free yet: nothing was changed."));
        }

        return End(plans, unchanged, faults);
    }

    private ImportResult End(List<Plan> plans, int unchanged, List<ImportFault> faults, IReadOnlyList<MadeThing>? made = null) =>
        new(plans.Count(p => !p.IsNew), unchanged, [.. faults.Take(inventory.Options.ImportFaults)], faults.Count, made is not null) { Created = plans.Count(p => p.IsNew), Made = made ?? [] };

    // What is to be done with one thing: a fault, or a plan, or nothing at all.
    private async ValueTask<(string? Why, Plan? Plan)> PlanAsync(Jid? actor, ThingRow row, CancellationToken cancel)
    {
        ThingGrant grant = actor is null ? ThingGrant.Of(ThingRight.Own) : await access.GrantAsync(actor, row.Id, cancel).ConfigureAwait(false);
        if (grant.Highest < ThingRight.See || await things.Rights.FindAsync(row.Id, cancel).ConfigureAwait(false) is not { } thing)
        {
            return (Unknown + ".", null);
        }

        if (Details(row, out ThingDetails details) is { } wrong)
        {
            return (wrong, null);
        }

        if (details.Tags is { } tags)
        {
            // By what a thing is claimed stays where the row does not name it: a row that has made a thing makes no other of it.
            details = details with { Tags = [.. tags, .. thing.Tags.Values.Where(t => t.IsClaim && !ThingDetails.OwnTags.Contains(t.Name) && tags.All(named => named.Name != t.Name))] };
        }

        Thing after = details.ApplyTo(thing);
        bool isDescribed = !ReferenceEquals(after, thing);
        if (isDescribed && !grant.Allows(ThingRight.Maintain))
        {
            return ("Only who maintains the thing changes what is told of it.", null);
        }

        if (after.Tags.Count > MetaTags.CountLimit)
        {
            return ($"A thing has at most {MetaTags.CountLimit} tags.", null);
        }

        Jid? owner = thing.Owner;
        if (row.Owner is { Length: > 0 } named)
        {
            if (!JidPrep.TryParse(named, out owner) || !owner.IsBare || owner.Local.Length == 0)
            {
                return ("owner: that is no bare JID.", null);
            }

            if (!owner.Equals(thing.Owner) && await OwnerFaultAsync(actor, thing, owner, cancel).ConfigureAwait(false) is { } refused)
            {
                return (refused, null);
            }
        }

        (string? why, string[] into, string[] outOf) = await GroupsAsync(actor, thing, row.Groups, grant, cancel).ConfigureAwait(false);
        bool isMoved = !Equals(owner, thing.Owner);
        return why is not null ? (why, null)
            : isDescribed || isMoved || into.Length + outOf.Length > 0 ? (null, new Plan(thing, details, isMoved ? owner : null, owner, into, outOf))
            : (null, null);
    }

    // The same for one that is not there, of who may provision things.
    private async ValueTask<(string? Why, Plan? Plan)> PlanNewAsync(Jid? actor, ThingRow row, CancellationToken cancel)
    {
        if (!ThingProvisioning.IsThingId(row.Id))
        {
            return ("That is no id of a thing: 1 to 64 of a-z, 0-9 and -.", null);
        }

        if (await accounts.FindAsync(row.Id, cancel).ConfigureAwait(false) is not null)
        {
            return ("That id is taken by an account that is no thing.", null);
        }

        if (Details(row, out ThingDetails details) is { } wrong)
        {
            return (wrong, null);
        }

        Jid? owner = actor?.Bare;
        if (row.Owner is { Length: > 0 } named && (!JidPrep.TryParse(named, out owner) || !owner.IsBare || owner.Local.Length == 0))
        {
            return ("owner: that is no bare JID.", null);
        }

        if (owner is null || (owner.Domain == domain.Domain && (owner.Local == row.Id || await accounts.FindAsync(owner.Local, cancel).ConfigureAwait(false) is null)))
        {
            return (owner is null ? "owner: whose it shall be has to be said." : "owner: there is no such account.", null);
        }

        // By its tags it will be claimed: those stay whatever else is told of it.
        string serial = (details.Tags ?? []).FirstOrDefault(t => t.Name == "SN")?.Value is { Length: > 0 } given ? given : row.Id;
        var provision = new NewThing(row.Id, owner, serial, row.Model ?? "", row.Manufacturer ?? "");
        var thing = new Thing(row.Id, row.Id) { Owner = owner };
        if (details.ApplyTo(thing).Tags.Count + 3 > MetaTags.CountLimit)
        {
            return ($"A thing has at most {MetaTags.CountLimit} tags.", null);
        }

        bool isHis = actor is null || actor.Bare.Equals(owner) || await accounts.IsAdministratorAsync(actor.Local, cancel).ConfigureAwait(false);
        (string? why, string[] into, _) = await GroupsAsync(actor, thing, row.Groups, ThingGrant.Of(isHis ? ThingRight.Own : ThingRight.See), cancel).ConfigureAwait(false);
        return why is not null ? (why, null) : (null, new Plan(thing, details with { Tags = null, Changes = details.Tags ?? [] }, null, owner, into, []) { Provision = provision });
    }

    private static string? Details(ThingRow row, out ThingDetails details)
    {
        string? wrong = ThingDetails.TryTags(row.Tags ?? "", out IReadOnlyList<MetaTag> tags);
        details = new ThingDetails { Name = row.Name, Place = row.Place, Model = row.Model, Manufacturer = row.Manufacturer, Tags = row.Tags is null ? null : tags };
        return wrong is null ? details.Check() : $"tags: {wrong}.";
    }

    // Whose a thing is says no import of somebody who only owns it: the new owner has not been asked.
    private async ValueTask<string?> OwnerFaultAsync(Jid? actor, Thing thing, Jid owner, CancellationToken cancel)
    {
        bool isAdministrator = actor is null || (actor.Domain == domain.Domain && await accounts.IsAdministratorAsync(actor.Local, cancel).ConfigureAwait(false));
        return !isAdministrator ? "owner: only an administrator of the hub gives a thing away."
            : thing.IsBehindGateway ? "owner: a thing behind a gateway is claimed."
            : owner.Local == thing.Account && owner.Domain == domain.Domain ? "owner: a thing owns itself only by registering so."
            : owner.Domain == domain.Domain && await accounts.FindAsync(owner.Local, cancel).ConfigureAwait(false) is null ? "owner: there is no such account."
            : null;
    }

    private async ValueTask<(string? Why, string[] Into, string[] OutOf)> GroupsAsync(Jid? actor, Thing thing, IReadOnlyList<string>? wanted, ThingGrant grant, CancellationToken cancel)
    {
        if (wanted is null)
        {
            return (null, [], []);
        }

        string[] known = [.. (await groups.OfThingAsync(actor, thing.Id, cancel).ConfigureAwait(false)).Select(g => g.Id)];
        string[] into = [.. wanted.Distinct(StringComparer.Ordinal).Except(known, StringComparer.Ordinal)];
        string[] outOf = [.. known.Except(wanted, StringComparer.Ordinal)];
        if (wanted.Count > groups.Options.GroupsPerThing)
        {
            return ($"groups: a thing is in at most {groups.Options.GroupsPerThing}.", into, outOf);
        }

        if (into.Length > 0 && !grant.Allows(ThingRight.Own))
        {
            return ("groups: only who owns a thing puts it into a group.", into, outOf);
        }

        foreach (string id in into.Concat(outOf))
        {
            ThingGroup? group = await groups.FindAsync(actor, id, cancel).ConfigureAwait(false);
            bool isOut = outOf.Contains(id, StringComparer.Ordinal);
            if ((group is null && !(isOut && grant.Allows(ThingRight.Own))) || (group is not null && !await groups.MayManageAsync(actor, group, cancel).ConfigureAwait(false) && !(isOut && grant.Allows(ThingRight.Own))))
            {
                return (group is null ? $"groups: there is no group {id}, or not for you." : $"groups: you do not administer {id}.", into, outOf);
            }
        }

        return (null, into, outOf);
    }

    private async Task<IReadOnlyList<MadeThing>> ApplyAsync(List<Plan> plans, CancellationToken cancel)
    {
        if (plans.Count == 0)
        {
            return [];
        }

        DateTimeOffset now = time.GetUtcNow();
        var made = new Dictionary<string, FreshThing>(StringComparer.Ordinal);
        foreach (Plan plan in plans.Where(p => p.IsNew))
        {
            cancel.ThrowIfCancellationRequested();
            made.Add(plan.Thing.Id, FreshThing.Make(plan.Provision!, plan.Details, now));
        }

        (int Things, int Groups) most = (groups.Options.ThingsPerGroup, groups.Options.GroupsPerThing);
        List<(Thing? Before, Thing After)> changed = await registry.ChangeAllAsync(
            [.. plans.Select(p => (p.Thing.Id, (Func<Thing?, Thing?>)(before => p.IsNew ? made[p.Thing.Id].Over(before) : before is null ? null : p.ApplyTo(before, now))))],
            session =>
            {
                foreach ((string id, FreshThing fresh) in made)
                {
                    if (!accounts.AddDevice(session, id, fresh.Keys))
                    {
                        throw new IdTakenException(id);
                    }
                }

                foreach (IGrouping<string, Plan> group in plans.SelectMany(p => p.OutOf.Select(id => (id, p))).GroupBy(o => o.id, o => o.p, StringComparer.Ordinal))
                {
                    GroupStore.RemoveThings(session, group.Key, [.. group.Select(p => p.Thing.Id)]);
                }

                foreach (IGrouping<string, Plan> group in plans.SelectMany(p => p.Into.Select(id => (id, p))).GroupBy(o => o.id, o => o.p, StringComparer.Ordinal))
                {
                    GroupStore.AddThings(session, group.Key, [.. group.Select(p => (p.Thing.Id, p.OwnerThen))], most);
                }
            }).ConfigureAwait(false);
        try
        {
            // All is durable: what follows is not given up half way, and what fails of it is done at the next start.
            foreach ((Thing? before, Thing after) in changed)
            {
                if (before is null)
                {
                    await things.Provisioning.MadeAsync(after, CancellationToken.None).ConfigureAwait(false);
                    continue;
                }

                if (after.MovingFrom is not null)
                {
                    await things.Rights.SettleAsync(after.Id, CancellationToken.None).ConfigureAwait(false);
                }

                await things.Provisioning.DescribedAsync(before, after).ConfigureAwait(false);
            }

            await groups.CatchUpAsync().ConfigureAwait(false);
        }
        catch (StorageException) when (made.Count > 0)
        {
            // The secrets are told now or never.
        }

        return [.. made.Select(m => new MadeThing(m.Key, things.Rights.Of(m.Key), m.Value.Password, m.Value.ClaimText))];
    }

    private sealed record Plan(Thing Thing, ThingDetails Details, Jid? NewOwner, Jid? OwnerThen, string[] Into, string[] OutOf)
    {
        public NewThing? Provision { get; init; }

        public bool IsNew => Provision is not null;

        public Thing ApplyTo(Thing before, DateTimeOffset now)
        {
            Thing after = Details.ApplyTo(before);
            return NewOwner is null || NewOwner.Equals(before.Owner)
                ? after
                : after with { State = ThingState.Private, Owner = NewOwner, Claimed = now, MovingFrom = before.MovingFrom ?? before.Owner?.ToString() ?? "" };
        }
    }
}
