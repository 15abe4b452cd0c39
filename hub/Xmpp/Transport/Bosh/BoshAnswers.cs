namespace IotXmpp.Hub.Transport.Bosh;

/// <summary>Responses that a client may not have yet (XEP-0124 §9, §14.3), as many as requests may be under way. Used under its session's gate.</summary>
/// <param name="limit">How many are kept.</param>
internal sealed class BoshAnswers(int limit)
{
    /// <summary>How long a response may be on its way before its client is asked for it, in milliseconds (5,000): longer than one that is only slow.</summary>
    public const long MissingAfter = 5_000;

    private readonly SortedDictionary<long, (string? Key, byte[] Body, long At)> _answers = [];

    /// <summary>Keeps a response.</summary>
    public void Add(long rid, string? key, byte[] body, long now)
    {
        _answers[rid] = (key, body, now);
        while (_answers.Count > limit)
        {
            _answers.Remove(_answers.Keys.First());
        }
    }

    /// <summary>The response to a request that comes again; null where it is not kept, or another key came with it.</summary>
    public byte[]? Find(long rid, string? key) => _answers.TryGetValue(rid, out (string? Key, byte[] Body, long At) answer) && answer.Key == key ? answer.Body : null;

    /// <summary>The client has all responses up to a number.</summary>
    /// <returns>The first behind it that it should have long since, with the time since it left in milliseconds (§9.2: <c>report</c>, <c>time</c>); null where there is none.</returns>
    public (long Rid, long Time)? Acknowledge(long ack, long now)
    {
        foreach (long rid in _answers.Keys.Where(rid => rid <= ack).ToList())
        {
            _answers.Remove(rid);
        }

        return _answers.TryGetValue(ack + 1, out (string? Key, byte[] Body, long At) missing) && now - missing.At >= MissingAfter ? (ack + 1, now - missing.At) : null;
    }
}
