using System.Diagnostics.CodeAnalysis;

namespace IotXmpp.Hub.Transport.Bosh;

/// <summary>The order of a session's requests (XEP-0124 §14): taken as they come without a gap, worked off one after the other. Called under the session's gate.</summary>
/// <param name="first">The number of the first request.</param>
/// <param name="window">Requests that may be under way at once (§7.2).</param>
internal sealed class BoshTurns(long first, int window)
{
    /// <summary>Requests that may have carried an answer before their turn (16): what a client sends while one of its requests is in work for long stays bounded.</summary>
    private const int MaxAhead = 16;

    private readonly SortedDictionary<long, BoshExchange> _arrived = [];
    private readonly Queue<BoshExchange> _turns = [];
    private long _begun = first;
    private long _unanswered = first;

    /// <summary>The number that is taken next.</summary>
    public long Next { get; private set; } = first;

    /// <summary>Requests that have come and whose content was not begun.</summary>
    public IEnumerable<BoshExchange> Waiting => _arrived.Values.Concat(_turns);

    /// <summary>Whether a request may carry an answer before its content was begun.</summary>
    public bool MayCarry => _turns.Count <= MaxAhead;

    /// <summary>Whether a number is behind the window (§14.2), which begins where neither an answer was given nor work was begun.</summary>
    public bool IsBeyond(long rid) => rid >= Math.Max(_begun, _unanswered) + window;

    /// <summary>A request was answered.</summary>
    public void Answered(long rid) => _unanswered = Math.Max(_unanswered, rid + 1);

    /// <summary>A request has come. One with its number that was not taken yet gives way.</summary>
    public void Arrive(BoshExchange exchange)
    {
        if (_arrived.Remove(exchange.Request.Rid, out BoshExchange? earlier))
        {
            earlier.IsReplaced = true;
            earlier.Reply(BoshBody.Recoverable());
        }

        _arrived.Add(exchange.Request.Rid, exchange);
    }

    /// <summary>Takes the next request that is here without a gap.</summary>
    public bool TryTake([NotNullWhen(true)] out BoshExchange? taken)
    {
        if (!_arrived.Remove(Next, out taken))
        {
            return false;
        }

        Next++;
        _turns.Enqueue(taken);
        return true;
    }

    /// <summary>Lets the next request begin that was taken; false where there is none.</summary>
    public bool Begin()
    {
        if (!_turns.TryDequeue(out BoshExchange? next))
        {
            return false;
        }

        _begun++;
        next.Begin();
        return true;
    }
}
