using System.Collections.Concurrent;
using System.Globalization;
using IotXmpp.Hub.Modules;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Routing;

/// <summary>Requests of the hub's own entities that wait for their answer (RFC 6120 §8.2.3).</summary>
internal sealed class IqAnswers
{
    /// <summary>Requests under way at a time; default 10,000: one for each session of a hub. Beyond it a request counts as not answered.</summary>
    public const int Limit = 10_000;

    private readonly ConcurrentDictionary<string, Pending> _pending = new(StringComparer.Ordinal);
    private readonly string _prefix = "hub" + Random.Shared.Next(0x100000, 0xFFFFFF).ToString("x", CultureInfo.InvariantCulture) + "-";
    private long _ids;

    /// <summary>Sends a request and waits.</summary>
    public async Task<Stanza?> AskAsync(IStanzaRouter router, OutgoingStanza iq, Jid to, TimeSpan timeout, TimeProvider time, CancellationToken cancel)
    {
        if (_pending.Count >= Limit)
        {
            return null;
        }

        string id = _prefix + Interlocked.Increment(ref _ids).ToString(CultureInfo.InvariantCulture);
        var pending = new Pending(iq.From, to);
        _pending[id] = pending;
        try
        {
            router.Send(iq with { Id = id }, to);
            return await pending.Answer.Task.WaitAsync(timeout, time, cancel).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return null;
        }
        finally
        {
            _pending.TryRemove(id, out _);
        }
    }

    /// <summary>Takes a result or an error that came for an entity of the hub: only from who was asked, only once.</summary>
    public void Take(Stanza answer)
    {
        if (!_pending.IsEmpty && answer.Id is { } id && _pending.TryGetValue(id, out Pending? pending) && pending.To.Equals(answer.From) && pending.From.Equals(answer.To))
        {
            pending.Answer.TrySetResult(answer.Copy());
        }
    }

    private sealed record Pending(Jid From, Jid To)
    {
        public TaskCompletionSource<Stanza> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
