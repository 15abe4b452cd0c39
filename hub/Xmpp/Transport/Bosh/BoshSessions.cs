using System.Collections.Concurrent;

namespace IotXmpp.Hub.Transport.Bosh;

/// <summary>All sessions over BOSH by their names. Their number is bounded like that of all connections (<c>Xmpp:MaxConnections</c>).</summary>
internal sealed class BoshSessions
{
    private readonly ConcurrentDictionary<string, BoshSession> _sessions = new(StringComparer.Ordinal);

    /// <summary>The session of that name, or null.</summary>
    public BoshSession? Find(string sid) => _sessions.GetValueOrDefault(sid);

    /// <summary>A session has begun.</summary>
    public void Add(BoshSession session) => _sessions.TryAdd(session.Sid, session);

    /// <summary>A session has ended.</summary>
    public void Remove(BoshSession session) => _sessions.TryRemove(session.Sid, out _);
}
