using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Routing;

/// <summary>
/// Requests that went to one session and whose answers a feature wants to see pass (RFC 6120 §8.2.3). A session to which nobody pays such attention has none of this: its answers cost one look at a field.
/// </summary>
internal sealed class AnswerWatch
{
    /// <summary>Requests under way to one session (64: what a gateway is asked at a time); beyond it the oldest counts as not answered.</summary>
    public const int Limit = 64;

    private readonly Lock _gate = new();
    private readonly List<(Jid From, string Id, Action<Stanza?> Seen)> _requests = [];

    /// <summary>Waits for the answer to a request.</summary>
    public void Add(Jid from, string id, Action<Stanza?> seen)
    {
        Action<Stanza?>? oldest = null;
        lock (_gate)
        {
            if (_requests.Count == Limit)
            {
                oldest = _requests[0].Seen;
                _requests.RemoveAt(0);
            }

            _requests.Add((from, id, seen));
        }

        oldest?.Invoke(null);
    }

    /// <summary>An answer passes.</summary>
    public void See(Stanza answer)
    {
        Action<Stanza?>? seen = null;
        lock (_gate)
        {
            if (_requests.Count == 0 || answer.To is not { } to || answer.Id is not { } id)
            {
                return;
            }

            int at = _requests.FindIndex(r => r.Id == id && r.From.Equals(to));
            if (at >= 0)
            {
                seen = _requests[at].Seen;
                _requests.RemoveAt(at);
            }
        }

        seen?.Invoke(answer);
    }

    /// <summary>No answer will come any more.</summary>
    public void End()
    {
        Action<Stanza?>[] left;
        lock (_gate)
        {
            left = [.. _requests.Select(r => r.Seen)];
            _requests.Clear();
        }

        foreach (Action<Stanza?> seen in left)
        {
            seen(null);
        }
    }
}
