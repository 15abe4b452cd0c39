namespace IotXmpp.LoadGenerator.Measure;

/// <summary>Errors by kind. More than <see cref="MaxKinds"/> kinds are counted together, so a server's free text cannot grow it.</summary>
internal sealed class ErrorCounts
{
    private const int MaxKinds = 50;
    private readonly SortedDictionary<string, long> _counts = new(StringComparer.Ordinal);

    public bool Any => _counts.Count > 0;

    public IReadOnlyDictionary<string, long> ByKind => _counts;

    public void Add(string kind, long count = 1)
    {
        if (count == 0)
        {
            return;
        }

        if (!_counts.ContainsKey(kind) && _counts.Count >= MaxKinds)
        {
            kind = "other";
        }

        _counts[kind] = _counts.GetValueOrDefault(kind) + count;
    }
}
