using IotXmpp.Hub.Features.PubSub;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Features.Roster;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Access;

/// <summary>
/// Lets subscriptions follow rights: what somebody hears of a thing's nodes, and whose presence he sees by right, ends when the right does. Rights themselves are asked anew each time; this is about what
/// was granted once and goes on. What a crash interrupts is made good at the next start.
/// </summary>
public sealed class AccessFollower : IDisposable
{
    /// <summary>Things that are told one by one when a group changes (64); more are told as one change of everything.</summary>
    private const int ToldOneByOne = 64;

    private readonly GroupStore _groups;
    private readonly ThingAccess _access;
    private readonly RegistryStore _registry;
    private readonly ServiceUseCases _nodes;
    private readonly RosterLinks _links;
    private readonly IHub _hub;
    private readonly ILogger _log;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private GroupSnapshot _followed = GroupSnapshot.Empty;

    internal AccessFollower(GroupStore groups, ThingAccess access, RegistryStore registry, ServiceUseCases nodes, RosterLinks links, IHub hub, ILogger log)
    {
        _groups = groups;
        _access = access;
        _registry = registry;
        _nodes = nodes;
        _links = links;
        _hub = hub;
        _log = log;
    }

    /// <summary>Whoever may not log in hears nothing, and keeps what he has subscribed to and whose presence he sees by right: it goes on when he may again. For before the start.</summary>
    /// <param name="disabled">The names of the accounts.</param>
    public void Suspend(IEnumerable<string> disabled)
    {
        foreach (string name in disabled)
        {
            _nodes.Suspend(Of(name));
        }
    }

    /// <summary>An account may log in no more, or again; what it may not any more by then ends now.</summary>
    public async Task LogInChangedAsync(string name)
    {
        Jid who = Of(name);
        try
        {
            if (!await _hub.Accounts.MayLogInAsync(name).ConfigureAwait(false))
            {
                _nodes.Suspend(who);
            }
            else if (_nodes.IsSuspended(who))
            {
                await _nodes.ResumeAsync(who).ConfigureAwait(false);
                await EndPresenceAsync(_groups.Current, (_, other) => other.Equals(who)).ConfigureAwait(false);
            }
            else
            {
                return; // another password: nobody's rights are others by it
            }
        }
        catch (StorageException e)
        {
            AccessLog.NotFollowed(_log, e);
        }

        _access.Tell(new AccessChange(who, null));
    }

    /// <summary>Takes up the groups; looks at all subscriptions where a process has ended before everything had followed.</summary>
    public async ValueTask StartAsync(CancellationToken cancel = default)
    {
        GroupSnapshot now = await _groups.LatestAsync(cancel).ConfigureAwait(false);
        if (!await _groups.IsFollowedAsync(cancel).ConfigureAwait(false))
        {
            foreach (Jid who in await _nodes.SubscribersOfThingsAsync(cancel).ConfigureAwait(false))
            {
                await _nodes.RecheckAsync(who, cancel).ConfigureAwait(false);
            }

            await EndPresenceAsync(now, (_, _) => true).ConfigureAwait(false);
            await _groups.SetFollowedAsync(now.Generation).ConfigureAwait(false);
        }

        _followed = now;
    }

    /// <summary>Lets everything follow the groups as they are now. A storage that fails is tried again by the next call.</summary>
    public async Task CatchUpAsync(CancellationToken cancel = default)
    {
        await _gate.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            GroupSnapshot now = await _groups.LatestAsync(cancel).ConfigureAwait(false);
            if (now.Generation != _followed.Generation)
            {
                await FollowAsync(_followed, now).ConfigureAwait(false);
                await _groups.SetFollowedAsync(now.Generation).ConfigureAwait(false);
                _followed = now;
            }
        }
        catch (StorageException e)
        {
            AccessLog.NotFollowed(_log, e);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>A thing has another owner than before: it leaves the groups that the former one had put it in, and who heard of it by them hears no more.</summary>
    public async Task MovedAsync(Thing thing, Jid? before)
    {
        ArgumentNullException.ThrowIfNull(thing);
        await _groups.LeaveAsync(thing.Id, thing.Owner, keepsNone: false).ConfigureAwait(false);
        await CatchUpAsync().ConfigureAwait(false);
        await RecheckAsync(_groups.Current, thing.Id).ConfigureAwait(false);
        _access.Tell(new AccessChange(null, thing.Id));
    }

    /// <summary>A thing is gone.</summary>
    public async Task ForgottenAsync(string thing)
    {
        await _groups.LeaveAsync(thing, null, keepsNone: true).ConfigureAwait(false);
        await CatchUpAsync().ConfigureAwait(false);
        _access.Tell(new AccessChange(null, thing));
    }

    /// <summary>An account is gone.</summary>
    public async Task ForgottenAsync(Jid account)
    {
        await _groups.ForgetAsync(account).ConfigureAwait(false);
        await _nodes.ResumeAsync(account).ConfigureAwait(false); // who gets its name may hear
        await CatchUpAsync().ConfigureAwait(false);
    }

    /// <summary>Somebody's part in the hub is another one: he may be no administrator any more.</summary>
    public async Task RoleChangedAsync(Jid who)
    {
        try
        {
            await _nodes.RecheckAsync(who).ConfigureAwait(false);
            await EndPresenceAsync(_groups.Current, (_, other) => other.Equals(who)).ConfigureAwait(false);
        }
        catch (StorageException e)
        {
            AccessLog.NotFollowed(_log, e);
        }

        _access.Tell(new AccessChange(who, null));
    }

    /// <summary>Whether a request for a thing's presence needs nobody's approval, because who asks may see the thing; it is noted, so that it ends with the right.</summary>
    /// <param name="thing">The account that is asked.</param>
    /// <param name="who">Who asks.</param>
    public async ValueTask<bool> ApprovesAsync(Jid thing, Jid who)
    {
        // People's presence is their own, whatever right an administrator has over things.
        bool isThing = (await _registry.KnownAsync().ConfigureAwait(false)).ContainsKey(thing.Local) || await _hub.Accounts.OwnerAsync(thing.Local).ConfigureAwait(false) is not null;
        if (!isThing || await _hub.Rosters.MaySeePresenceAsync(thing.Bare, who.Bare).ConfigureAwait(false) || !await _access.MayAsync(who, thing.Local, ThingRight.See).ConfigureAwait(false))
        {
            return false;
        }

        await _groups.SetApprovedAsync(thing.Local, who, hasEnded: false).ConfigureAwait(false);
        return true;
    }

    /// <summary>What was approved while the right was taken away ends behind it.</summary>
    public async Task ApprovedAsync(Jid thing, Jid who)
    {
        if (!await _access.MayAsync(who, thing.Local, ThingRight.See).ConfigureAwait(false))
        {
            await EndPresenceAsync(_groups.Current, (id, other) => id == thing.Local && other.Equals(who.Bare)).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();

    private Jid Of(string account) => new(account, _hub.Domain.Domain, string.Empty);

    private async Task FollowAsync(GroupSnapshot before, GroupSnapshot now)
    {
        var lessPeople = new HashSet<Jid>();
        var lessThings = new HashSet<string>(StringComparer.Ordinal);
        var people = new HashSet<Jid>();
        var things = new HashSet<string>(StringComparer.Ordinal);
        foreach (string id in before.Groups.Keys.Union(now.Groups.Keys, StringComparer.Ordinal))
        {
            ThingGroup was = before.Groups.GetValueOrDefault(id) ?? new ThingGroup(id);
            ThingGroup is_ = now.Groups.GetValueOrDefault(id) ?? new ThingGroup(id);
            if (was.Version == is_.Version)
            {
                continue;
            }

            foreach (string thing in was.Things.Keys.Union(is_.Things.Keys, StringComparer.Ordinal))
            {
                if (!is_.Things.TryGetValue(thing, out Jid? owner) || !was.Things.TryGetValue(thing, out Jid? former) || !Equals(owner, former))
                {
                    things.Add(thing);
                    if (was.Things.ContainsKey(thing))
                    {
                        lessThings.Add(thing);
                    }
                }
            }

            foreach (Jid who in was.Members.Keys.Union(is_.Members.Keys).Concat(new[] { was.Owner, is_.Owner }.OfType<Jid>()))
            {
                ThingGrant had = was.RoleOf(who) is { } old ? ThingGrant.Of(old) : ThingGrant.Nothing;
                ThingGrant has = is_.RoleOf(who) is { } role ? ThingGrant.Of(role) : ThingGrant.Nothing;
                if (had != has)
                {
                    people.Add(who);
                    if (has.Highest < had.Highest)
                    {
                        lessPeople.Add(who);
                    }
                }
            }
        }

        foreach (Jid who in lessPeople)
        {
            await _nodes.RecheckAsync(who).ConfigureAwait(false);
        }

        await EndPresenceAsync(now, (thing, who) => lessPeople.Contains(who) || lessThings.Contains(thing)).ConfigureAwait(false);
        foreach (string thing in lessThings)
        {
            await RecheckAsync(now, thing).ConfigureAwait(false);
        }

        foreach (string? thing in things.Count <= ToldOneByOne ? (IEnumerable<string?>)things : [null])
        {
            _access.Tell(new AccessChange(null, thing));
        }

        foreach (Jid who in people)
        {
            _access.Tell(new AccessChange(who, null));
        }
    }

    // With a gateway goes what goes with it.
    private async Task RecheckAsync(GroupSnapshot now, string thing)
    {
        await _nodes.RecheckAsync(thing, null).ConfigureAwait(false);
        foreach (Thing behind in (await _registry.KnownAsync().ConfigureAwait(false)).Values.Where(t => t.IsBehindGateway && t.Account == thing))
        {
            await _nodes.RecheckAsync(behind.Id, null).ConfigureAwait(false);
        }

        await EndPresenceAsync(now, (id, _) => id == thing).ConfigureAwait(false);
    }

    private async Task EndPresenceAsync(GroupSnapshot now, Func<string, Jid, bool> isMeant)
    {
        foreach ((string thing, Jid who) in now.Approved.SelectMany(a => a.Value.Select(who => (a.Key, who))).Where(a => isMeant(a.Key, a.who)).ToList())
        {
            if (!_nodes.IsSuspended(who) && !await _access.MayAsync(who, thing, ThingRight.See).ConfigureAwait(false))
            {
                await _links.EndSeeingAsync(new Jid(thing, _hub.Domain.Domain, string.Empty), who).ConfigureAwait(false);
                await _groups.SetApprovedAsync(thing, who, hasEnded: true).ConfigureAwait(false);
            }
        }
    }
}

/// <summary>Logs of <see cref="AccessFollower"/>.</summary>
internal static partial class AccessLog
{
    [LoggerMessage(Level = LogLevel.Error, Message = "Subscriptions have not followed a change of rights yet; it is tried again")]
    public static partial void NotFollowed(ILogger log, Exception e);
}
