namespace IotXmpp.Hub.Features.History;

/// <summary>Puts samples and aggregates, in the order of time, into spans of equal length; spans without any stay empty.</summary>
internal sealed class Buckets
{
    private readonly long _first;
    private readonly long _span;
    private readonly Aggregate[] _buckets;

    /// <summary>Spans that begin at whole multiples of their length, so that a chart that is moved shows the same points.</summary>
    /// <param name="from">The beginning, milliseconds since 1970.</param>
    /// <param name="to">The end, not included.</param>
    /// <param name="span">Milliseconds of one span.</param>
    public Buckets(long from, long to, long span)
    {
        _span = span;
        _first = StartOf(from, span);
        _buckets = new Aggregate[checked((int)((to - 1 - _first) / span) + 1)];
    }

    /// <summary>The beginning of the span that a time is in.</summary>
    public static long StartOf(long time, long span)
    {
        long rest = time % span;
        return time - (rest < 0 ? rest + span : rest);
    }

    /// <summary>Whether two times are in one span.</summary>
    public bool IsOne(long first, long last) => (first - _first) / _span == (last - _first) / _span;

    /// <summary>Takes in a sample.</summary>
    public void Add(in Sample sample)
    {
        ref Aggregate bucket = ref Of(sample.Time);
        bucket = bucket.Count == 0 ? Aggregate.Of(bucket.Time, sample.Value) : bucket.Then(sample.Value);
    }

    /// <summary>Takes in an aggregate whose samples are all in the span of its time.</summary>
    public void Add(in Aggregate aggregate)
    {
        ref Aggregate bucket = ref Of(aggregate.Time);
        bucket = bucket.Count == 0 ? aggregate with { Time = bucket.Time } : bucket.Then(aggregate);
    }

    /// <summary>The spans that have samples.</summary>
    public List<Aggregate> ToList() => [.. _buckets.Where(b => b.Count > 0)];

    private ref Aggregate Of(long time)
    {
        int index = (int)((time - _first) / _span);
        ref Aggregate bucket = ref _buckets[index];
        if (bucket.Count == 0)
        {
            bucket = bucket with { Time = _first + (index * _span) };
        }

        return ref bucket;
    }
}
