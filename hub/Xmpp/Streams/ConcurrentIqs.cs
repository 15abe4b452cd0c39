using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;

namespace IotXmpp.Hub.Streams;

/// <summary>The requests of one session that are in work beside its later stanzas (<see cref="IqOrdering.Concurrent"/>), within a bound.</summary>
/// <param name="limit">How many may be in work at once (<see cref="XmppOptions.MaxConcurrentIqs"/>).</param>
internal sealed class ConcurrentIqs(int limit)
{
    private readonly Lock _gate = new();
    private int _running;
    private TaskCompletionSource? _ended;

    /// <summary>Whether any is in work.</summary>
    public bool Any => Volatile.Read(ref _running) > 0;

    /// <summary>Runs a request; waits before where as many as may are in work.</summary>
    public async ValueTask RunAsync(IqRoute route, IqRequest request, IqDispatcher dispatcher)
    {
        while (Volatile.Read(ref _running) >= limit)
        {
            await EndedAsync(limit / 2).ConfigureAwait(false);
        }

        Interlocked.Increment(ref _running);
        ValueTask run = dispatcher.RunAsync(route, request);
        if (run.IsCompletedSuccessfully)
        {
            Ended();
        }
        else
        {
            _ = FinishAsync(run);
        }
    }

    /// <summary>Ends when none is in work.</summary>
    public ValueTask EndedAsync() => EndedAsync(0);

    private async ValueTask EndedAsync(int most)
    {
        while (true)
        {
            Task ended;
            lock (_gate)
            {
                if (_running <= most)
                {
                    return;
                }

                ended = (_ended ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }

            await ended.ConfigureAwait(false);
        }
    }

    private async Task FinishAsync(ValueTask run)
    {
        try
        {
            await run.ConfigureAwait(false);
        }
        finally
        {
            Ended();
        }
    }

    private void Ended()
    {
        TaskCompletionSource? waiting;
        lock (_gate)
        {
            _running--;
            waiting = _ended;
            _ended = null;
        }

        waiting?.TrySetResult();
    }
}
