using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub.Pep;

/// <summary>
/// Which resources of contacts on other servers are there, and of which nodes each wants to hear (XEP-0163 §4.3.2: "appropriate presence information"). In memory only: presence that is there
/// comes again when the account's first session asks for it (RFC 6121 §4.3). Thread-safe.
/// </summary>
internal sealed class RemoteContacts(PepOptions options)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Account> _accounts = new(StringComparer.Ordinal);
    private int _resources;

    /// <summary>What a resource has announced to an account; null where it is not there or announces nothing.</summary>
    public WantedNodes? Find(Jid account, Jid resource)
    {
        lock (_gate)
        {
            return _accounts.TryGetValue(account.Local, out Account? known) && known.Contacts.TryGetValue(resource.Bare, out Dictionary<Jid, WantedNodes>? resources) ? resources.GetValueOrDefault(resource) : null;
        }
    }

    /// <summary>Notes what a resource has announced. What is full begins anew: presence is repeated, and nothing else is lost but events until then.</summary>
    public void Set(Jid account, Jid resource, WantedNodes wanted)
    {
        lock (_gate)
        {
            if (Put(account, resource, wanted, mayAdd: false))
            {
                return;
            }

            if (_resources >= options.CachedRemoteResources)
            {
                _accounts.Clear();
                _resources = 0;
            }
            else if (_accounts.TryGetValue(account.Local, out Account? known) && known.Resources >= options.RemoteResources)
            {
                _resources -= known.Resources;
                _accounts.Remove(account.Local);
            }

            Put(account, resource, wanted, mayAdd: true);
        }
    }

    /// <summary>A resource has gone; a bare JID: all of that contact's.</summary>
    public void Remove(Jid account, Jid from)
    {
        lock (_gate)
        {
            if (!_accounts.TryGetValue(account.Local, out Account? known) || !known.Contacts.TryGetValue(from.Bare, out Dictionary<Jid, WantedNodes>? resources))
            {
                return;
            }

            int gone = from.IsBare ? resources.Count : resources.Remove(from) ? 1 : 0;
            known.Resources -= gone;
            _resources -= gone;
            if (from.IsBare || resources.Count == 0)
            {
                known.Contacts.Remove(from.Bare);
            }

            if (known.Contacts.Count == 0)
            {
                _accounts.Remove(account.Local);
            }
        }
    }

    /// <summary>Forgets an account that was removed.</summary>
    public void RemoveAccount(Jid account)
    {
        lock (_gate)
        {
            if (_accounts.Remove(account.Local, out Account? known))
            {
                _resources -= known.Resources;
            }
        }
    }

    /// <summary>The resources of a contact that want to hear of a node.</summary>
    public IReadOnlyList<Jid> Wanting(Jid account, Jid contact, string node)
    {
        lock (_gate)
        {
            return _accounts.TryGetValue(account.Local, out Account? known) && known.Contacts.TryGetValue(contact, out Dictionary<Jid, WantedNodes>? resources)
                ? [.. resources.Where(resource => resource.Value.Nodes.Contains(node)).Select(resource => resource.Key)]
                : [];
        }
    }

    private bool Put(Jid account, Jid resource, WantedNodes wanted, bool mayAdd)
    {
        if (!_accounts.TryGetValue(account.Local, out Account? known))
        {
            if (!mayAdd)
            {
                return false;
            }

            known = _accounts[account.Local] = new Account();
        }

        if (!known.Contacts.TryGetValue(resource.Bare, out Dictionary<Jid, WantedNodes>? resources))
        {
            if (!mayAdd)
            {
                return false;
            }

            resources = known.Contacts[resource.Bare] = [];
        }

        if (!resources.ContainsKey(resource))
        {
            if (!mayAdd)
            {
                return false;
            }

            known.Resources++;
            _resources++;
        }

        resources[resource] = wanted;
        return true;
    }

    private sealed class Account
    {
        public Dictionary<Jid, Dictionary<Jid, WantedNodes>> Contacts { get; } = [];

        public int Resources { get; set; }
    }
}
