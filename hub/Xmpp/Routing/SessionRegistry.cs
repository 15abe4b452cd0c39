using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Routing;

/// <summary>The sessions bound on this hub: from an account's bare JID to its sessions. Reading takes no lock.</summary>
public sealed class SessionRegistry
{
    private readonly ConcurrentDictionary<Jid, Session[]> _byAccount = new();
    private int _count;

    /// <summary>How many sessions are bound, resumable ones included.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>The sessions of an account, in the order in which they were bound; empty where there are none.</summary>
    public ReadOnlySpan<Session> Of(Jid bareJid) => _byAccount.TryGetValue(bareJid, out Session[]? sessions) ? sessions : default;

    /// <summary>The same as an array of its own right: it never changes.</summary>
    public IReadOnlyList<Session> ListOf(Jid bareJid) => _byAccount.TryGetValue(bareJid, out Session[]? sessions) ? sessions : [];

    /// <summary>The session with exactly this full JID.</summary>
    public bool TryGet(Jid fullJid, [NotNullWhen(true)] out Session? session)
    {
        if (_byAccount.TryGetValue(fullJid.Bare, out Session[]? sessions))
        {
            foreach (Session candidate in sessions)
            {
                if (candidate.Jid.Resource == fullJid.Resource)
                {
                    session = candidate;
                    return true;
                }
            }
        }

        session = null;
        return false;
    }

    /// <summary>All sessions, as they are at some moment of the enumeration.</summary>
    public IEnumerable<Session> All()
    {
        foreach (KeyValuePair<Jid, Session[]> account in _byAccount)
        {
            foreach (Session session in account.Value)
            {
                yield return session;
            }
        }
    }

    /// <summary>Adds a session unless the account has <paramref name="limit"/> already; a session with the same resource is taken out and returned.</summary>
    internal bool TryAdd(Session session, int limit, out Session? replaced)
    {
        Jid account = session.Jid.Bare;
        while (true)
        {
            replaced = null;
            if (!_byAccount.TryGetValue(account, out Session[]? before))
            {
                if (_byAccount.TryAdd(account, [session]))
                {
                    Interlocked.Increment(ref _count);
                    return true;
                }

                continue;
            }

            int taken = Array.FindIndex(before, s => s.Jid.Resource == session.Jid.Resource);
            Session[] after;
            if (taken >= 0)
            {
                replaced = before[taken];
                after = [.. before.Where((_, i) => i != taken), session];
            }
            else if (before.Length >= limit)
            {
                return false;
            }
            else
            {
                after = [.. before, session];
            }

            if (_byAccount.TryUpdate(account, after, before))
            {
                if (taken < 0)
                {
                    Interlocked.Increment(ref _count);
                }

                return true;
            }
        }
    }

    /// <summary>Takes a session out; false where it is not in (replaced by another, say).</summary>
    internal bool Remove(Session session)
    {
        Jid account = session.Jid.Bare;
        while (_byAccount.TryGetValue(account, out Session[]? before))
        {
            int index = Array.IndexOf(before, session);
            if (index < 0)
            {
                return false;
            }

            bool done = before.Length == 1
                ? _byAccount.TryRemove(new KeyValuePair<Jid, Session[]>(account, before))
                : _byAccount.TryUpdate(account, [.. before.Where((_, i) => i != index)], before);
            if (done)
            {
                Interlocked.Decrement(ref _count);
                return true;
            }
        }

        return false;
    }
}
