using IotXmpp.Hub.Routing;

namespace IotXmpp.Hub.Streams;

/// <summary>
/// Messages of one session that wait for their place in the archive while the hub reads on: many share one commit. They are delivered and counted in their order; whatever is no such message waits
/// for all of them (RFC 6120 §10.1). Used by the session's reader alone, but for what ends.
/// </summary>
/// <param name="limit">How many may wait (<see cref="XmppOptions.MaxPendingMessages"/>); then the hub reads on when none waits.</param>
internal sealed class PendingMessages(int limit)
{
    private Task _last = Task.CompletedTask;
    private int _waiting;

    /// <summary>Whether any waits.</summary>
    public bool Any => !_last.IsCompleted;

    /// <summary>Ends when none waits.</summary>
    public Task EndedAsync() => _last;

    /// <summary>Adds one; ends when the hub may read on.</summary>
    public ValueTask AddAsync(Task work, Session session, C2sStream stream, StreamHost host)
    {
        int waiting = Interlocked.Increment(ref _waiting);
        _last = FinishAsync(_last, work, session, stream, host);
        return waiting >= limit ? new ValueTask(_last) : default;
    }

    private async Task FinishAsync(Task before, Task work, Session session, C2sStream stream, StreamHost host)
    {
        try
        {
            await work.ConfigureAwait(false);
            await before.ConfigureAwait(false);
            session.CountReceived();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            StreamLog.Failed(host.Log, e, session.Jid);
            stream.Fail("internal-server-error");
        }

        Interlocked.Decrement(ref _waiting);
    }
}
