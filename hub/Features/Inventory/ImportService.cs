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
public sealed record ImportWish(bool IsPartial = false, bool IsCheck = false);

/// <summary>What came of an import.</summary>
/// <param name="Changed">Things that were changed, or would be.</param>
/// <param name="Unchanged">Things that are as the import has them.</param>
/// <param name="Faults">What is wrong, in the order of the lines: the first <see cref="InventoryOptions.ImportFaults"/>.</param>
/// <param name="FaultCount">How many faults there are.</param>
/// <param name="IsDone">Whether anything was taken over.</param>
public sealed record ImportResult(int Changed, int Unchanged, IReadOnlyList<ImportFault> Faults, int FaultCount, bool IsDone);

/// <summary>
/// Takes many things out and in: what is told of them, their groups, their owners. An import names what shall be, so the same twice changes nothing the second time. It makes no things, since those need
/// keys; and it gives nobody more than each change by itself would. All of it is one unit of work.
/// </summary>
public sealed class ImportService(RegistryStore registry, RegistryModule things, ThingAccess access, GroupService groups, AccountService accounts, InventoryService inventory, Jid domain, TimeProvider time)
{
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
            return End(0, 0, [new ImportFault(1, "", $"It has more than {inventory.Options.ImportChars} characters.")], isDone: false);
        }

        bool isJson = text.AsSpan().TrimStart("\uFEFF \t\r\n") is ['[' or '{', ..];
        List<(int Line, ThingRow Row)> rows = isJson ? ThingRows.ReadJson(text, inventory.Options.ImportThings, faults) : ThingRows.ReadCsv(text, inventory.Options.ImportThings, faults);
        if (faults.Count > 0 && rows.Count == 0)
        {
            return End(0, 0, faults, isDone: false);
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        var plans = new List<Plan>();
        int unchanged = 0;
        foreach ((int line, ThingRow row) in rows)
        {
            string? why = seen.Add(row.Id) ? null : "The thing stands here twice.";
            Plan? plan = null;
            if (why is null)
            {
                (why, plan) = await PlanAsync(actor, row, cancel).ConfigureAwait(false);
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
            return End(plans.Count, unchanged, faults, isDone: false);
        }

        try
        {
            await ApplyAsync(plans, cancel).ConfigureAwait(false);
        }
        catch (GroupBoundException)
        {
            faults.Add(new ImportFault(1, "", "A group would have too many things, or a thing would be in too many groups: nothing was changed."));
            return End(plans.Count, unchanged, faults, isDone: false);
        }

        return End(plans.Count, unchanged, faults, isDone: true);
    }

    private ImportResult End(int changed, int unchanged, List<ImportFault> faults, bool isDone) => new(changed, unchanged, [.. faults.Take(inventory.Options.ImportFaults)], faults.Count, isDone);

    // What is to be done with one thing: a fault, or a plan, or nothing at all.
    private async ValueTask<(string? Why, Plan? Plan)> PlanAsync(Jid? actor, ThingRow row, CancellationToken cancel)
    {
        ThingGrant grant = actor is null ? ThingGrant.Of(ThingRight.Own) : await access.GrantAsync(actor, row.Id, cancel).ConfigureAwait(false);
        if (grant.Highest < ThingRight.See || await things.Rights.FindAsync(row.Id, cancel).ConfigureAwait(false) is not { } thing)
        {
            return ("There is no such thing, or not for you.", null);
        }

        if (ThingDetails.TryTags(row.Tags ?? "", out IReadOnlyList<MetaTag> tags) is { } wrong)
        {
            return ($"tags: {wrong}.", null);
        }

        var details = new ThingDetails { Name = row.Name, Place = row.Place, Model = row.Model, Manufacturer = row.Manufacturer, Tags = row.Tags is null ? null : tags };
        if (details.Check() is { } bad)
        {
            return (bad, null);
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

    private async Task ApplyAsync(List<Plan> plans, CancellationToken cancel)
    {
        if (plans.Count == 0)
        {
            return;
        }

        DateTimeOffset now = time.GetUtcNow();
        (int Things, int Groups) most = (groups.Options.ThingsPerGroup, groups.Options.GroupsPerThing);
        List<(Thing Before, Thing After)> changed = await registry.ChangeAllAsync(
            [.. plans.Select(p => (p.Thing.Id, (Func<Thing, Thing>)(before => p.ApplyTo(before, now))))],
            session =>
            {
                foreach (IGrouping<string, Plan> group in plans.SelectMany(p => p.OutOf.Select(id => (id, p))).GroupBy(o => o.id, o => o.p, StringComparer.Ordinal))
                {
                    GroupStore.RemoveThings(session, group.Key, [.. group.Select(p => p.Thing.Id)]);
                }

                foreach (IGrouping<string, Plan> group in plans.SelectMany(p => p.Into.Select(id => (id, p))).GroupBy(o => o.id, o => o.p, StringComparer.Ordinal))
                {
                    GroupStore.AddThings(session, group.Key, [.. group.Select(p => (p.Thing.Id, p.OwnerThen))], most);
                }
            }).ConfigureAwait(false);
        foreach ((Thing before, Thing after) in changed)
        {
            if (after.MovingFrom is not null)
            {
                await things.Rights.SettleAsync(after.Id, cancel).ConfigureAwait(false);
            }

            await things.Provisioning.DescribedAsync(before, after).ConfigureAwait(false);
        }

        await groups.CatchUpAsync().ConfigureAwait(false);
    }

    private sealed record Plan(Thing Thing, ThingDetails Details, Jid? NewOwner, Jid? OwnerThen, string[] Into, string[] OutOf)
    {
        public Thing ApplyTo(Thing before, DateTimeOffset now)
        {
            Thing after = Details.ApplyTo(before);
            return NewOwner is null || NewOwner.Equals(before.Owner)
                ? after
                : after with { State = ThingState.Private, Owner = NewOwner, Claimed = now, MovingFrom = before.MovingFrom ?? before.Owner?.ToString() ?? "" };
        }
    }
}
