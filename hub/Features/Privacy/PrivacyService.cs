using System.Collections.Concurrent;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Privacy;

/// <summary>How a change of lists ended; members are the errors that the standard names.</summary>
public enum PrivacyOutcome
{
    /// <summary>Done.</summary>
    Done,

    /// <summary>There is no such list.</summary>
    ItemNotFound,

    /// <summary>Another resource uses the list (XEP-0016 §2.2 rule 11).</summary>
    Conflict,

    /// <summary>More lists or rules than an account may have.</summary>
    ResourceConstraint,
}

/// <summary>Whom accounts deny what: the port <see cref="IPrivacy"/> over the store, for privacy lists (XEP-0016) and the blocking command (XEP-0191) alike.</summary>
public sealed class PrivacyService(PrivacyStore store, PrivacyOptions options) : IPrivacy
{
    // Who has lists at all is known of every account, without a look; what they are of as many as the settings say.
    private readonly ConcurrentDictionary<string, bool> _owners = new(StringComparer.Ordinal);
    private readonly OwnerCache<PrivacyLists> _lists = new(options.CachedAccounts);
    private IHub _hub = null!;

    // An empty dictionary would take all its locks to say so, for every stanza.
    private volatile bool _isUsed;

    /// <summary>Told of each change of an account's lists, after it is durable and in order: what they were, what they are.</summary>
    public event Action<Jid, PrivacyLists, PrivacyLists>? Changed;

    /// <summary>Reads who has lists; called once before the first session.</summary>
    public async ValueTask StartAsync(IHub hub, CancellationToken cancel)
    {
        _hub = hub;
        store.Changed += OnChanged;
        foreach (string owner in await store.OwnersAsync(cancel).ConfigureAwait(false))
        {
            _owners[owner] = true;
            _isUsed = true;
        }
    }

    /// <inheritdoc/>
    public bool IsUsed => _isUsed;

    /// <inheritdoc/>
    public bool Has(string localpart) => _isUsed && _owners.ContainsKey(localpart);

    /// <inheritdoc/>
    public async ValueTask<IPrivacyView?> ViewAsync(Jid account, Jid other)
    {
        PrivacyLists lists = await ListsAsync(account.Local).ConfigureAwait(false);
        if (lists.IsEmpty)
        {
            return null;
        }

        return new View(lists, other, lists.NeedsRoster ? await _hub.Rosters.FindAsync(account, other.Bare).ConfigureAwait(false) : null);
    }

    /// <summary>The lists of an account.</summary>
    public ValueTask<PrivacyLists> ListsAsync(string owner, CancellationToken cancel = default) =>
        _owners.ContainsKey(owner) ? _lists.GetAsync(owner, store.LoadAsync, cancel) : new(PrivacyLists.Empty);

    /// <summary>Blocks addresses (XEP-0191 §2.3).</summary>
    public Task<PrivacyOutcome> BlockAsync(Jid account, IReadOnlyCollection<string> jids) => ChangeAsync(account, null, lists => (lists.Block(jids), PrivacyOutcome.Done));

    /// <summary>Unblocks addresses (XEP-0191 §2.4); null: all (§2.5).</summary>
    public Task<PrivacyOutcome> UnblockAsync(Jid account, IReadOnlyCollection<string>? jids) => ChangeAsync(account, null, lists => (lists.Unblock(jids), PrivacyOutcome.Done));

    /// <summary>Adds or replaces a list (XEP-0016 §2.6, §2.7).</summary>
    public Task<PrivacyOutcome> SetAsync(Jid account, string name, IEnumerable<PrivacyItem> items) =>
        ChangeAsync(account, null, lists => (lists with { Lists = lists.Lists.SetItem(name, [.. items.OrderBy(item => item.Order)]) }, PrivacyOutcome.Done));

    /// <summary>Removes a list (XEP-0016 §2.8).</summary>
    public Task<PrivacyOutcome> RemoveAsync(Session session, string name) => ChangeAsync(session.Jid.Bare, session, lists =>
        !lists.Lists.ContainsKey(name) ? (null, PrivacyOutcome.ItemNotFound)
        : IsUsedByOthers(lists, name, session) ? (null, PrivacyOutcome.Conflict)
        : (new PrivacyLists(lists.Default == name ? null : lists.Default, lists.Lists.Remove(name)), PrivacyOutcome.Done));

    /// <summary>Makes a list the default, or (null) none (XEP-0016 §2.5).</summary>
    public Task<PrivacyOutcome> SetDefaultAsync(Session session, string? name) => ChangeAsync(session.Jid.Bare, session, lists =>
        name is not null && !lists.Lists.ContainsKey(name) ? (null, PrivacyOutcome.ItemNotFound)
        : lists.Default is { } used && used != name && IsUsedByOthers(lists, used, session) ? (null, PrivacyOutcome.Conflict)
        : (lists with { Default = name }, PrivacyOutcome.Done));

    /// <summary>Lets a list hold for one session while it lives, or (null) the default again (XEP-0016 §2.4).</summary>
    public async ValueTask<PrivacyOutcome> SetActiveAsync(Session session, string? name)
    {
        if (name is not null && !(await ListsAsync(session.Jid.Local).ConfigureAwait(false)).Lists.ContainsKey(name))
        {
            return PrivacyOutcome.ItemNotFound;
        }

        session.Set(new ActiveList(name));
        return PrivacyOutcome.Done;
    }

    /// <summary>The list that a session has made active, or null.</summary>
    public static string? ActiveOf(Session session) => session.Get<ActiveList>()?.Name;

    /// <summary>Forgets an account that was removed.</summary>
    public Task RemoveAsync(string owner) => store.RemoveAsync(owner);

    private async Task<PrivacyOutcome> ChangeAsync(Jid account, Session? session, Func<PrivacyLists, (PrivacyLists? After, PrivacyOutcome Outcome)> change)
    {
        PrivacyOutcome outcome = PrivacyOutcome.Done;
        await store.ChangeAsync(
            account.Local,
            lists =>
            {
                (PrivacyLists? after, outcome) = change(lists);
                if (after is not null && (after.Lists.Count > options.MaxLists || after.Lists.Values.Any(items => items.Length > options.MaxItems)))
                {
                    outcome = PrivacyOutcome.ResourceConstraint;
                    return null;
                }

                return after;
            }).ConfigureAwait(false);
        return outcome;
    }

    private void OnChanged(string owner, PrivacyLists before, PrivacyLists after)
    {
        if (after.IsEmpty)
        {
            _owners.TryRemove(owner, out _);
            _lists.Remove(owner);
        }
        else
        {
            _lists.Set(owner, after);
            _owners[owner] = true;
            _isUsed = true;
        }

        Changed?.Invoke(new Jid(owner, _hub.Domain.Domain, string.Empty), before, after);
    }

    private bool IsUsedByOthers(PrivacyLists lists, string name, Session session) =>
        _hub.Sessions.ListOf(session.Jid.Bare).Any(other => other != session && (ActiveOf(other) ?? lists.Default) == name);

    private sealed class View(PrivacyLists lists, Jid other, RosterEntry? entry) : IPrivacyView
    {
        public bool Denies(Session? session, PrivacyKinds kind) => lists.Denies((session is null ? null : ActiveOf(session)) ?? lists.Default, other, entry, kind);
    }

    private sealed class ActiveList(string? name)
    {
        public string? Name => name;
    }
}
