namespace IotXmpp.Hub.Streams;

/// <summary>
/// How much had come from clients whose session was not taken up in time (XEP-0198 §5: <c>failed</c> with <c>h</c>): one that comes too late knows what of its own arrived, and sends nothing twice.
/// Thread-safe.
/// </summary>
internal sealed class TimedOutSessions
{
    /// <summary>Sessions that are remembered (10,000, some 200 bytes each); the oldest is forgotten first.</summary>
    public const int Limit = 10_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, (string Account, uint Handled)> _known = new(StringComparer.Ordinal);
    private readonly Queue<string> _order = new();

    /// <summary>A session has timed out.</summary>
    public void Add(string id, string account, uint handled)
    {
        lock (_gate)
        {
            if (_known.TryAdd(id, (account, handled)))
            {
                _order.Enqueue(id);
                if (_order.Count > Limit)
                {
                    _known.Remove(_order.Dequeue());
                }
            }
        }
    }

    /// <summary>How many stanzas had come over an account's session; null where that is not known.</summary>
    public uint? Find(string id, string account)
    {
        lock (_gate)
        {
            return _known.TryGetValue(id, out (string Account, uint Handled) session) && session.Account == account ? session.Handled : null;
        }
    }
}
