using System.Collections.Concurrent;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary>How often tokens may ask: a bucket for each, which fills again by the minute.</summary>
/// <param name="options">The rate.</param>
/// <param name="time">The clock.</param>
internal sealed class RestRate(RestOptions options, TimeProvider time)
{
    /// <summary>Tokens with a bucket, at most; default 10,000 (some 100 bytes each). Beyond them those that are full again make place.</summary>
    private const int BucketLimit = 10_000;

    private readonly ConcurrentDictionary<string, Bucket> _buckets = new(StringComparer.Ordinal);

    /// <summary>Takes one request of a token.</summary>
    /// <returns>0, or the seconds after which the token may ask again.</returns>
    public int Take(string token)
    {
        long now = time.GetTimestamp();
        if (_buckets.Count >= BucketLimit)
        {
            foreach ((string name, Bucket idle) in _buckets)
            {
                if (time.GetElapsedTime(idle.At, now).TotalMinutes * options.RequestsPerMinute >= options.Burst)
                {
                    _buckets.TryRemove(name, out _);
                }
            }
        }

        Bucket bucket = _buckets.GetOrAdd(token, static (_, start) => new Bucket { At = start.now, Left = start.Burst }, (now, options.Burst));
        lock (bucket)
        {
            double filled = time.GetElapsedTime(bucket.At, now).TotalMinutes * options.RequestsPerMinute;
            bucket.Left = Math.Min(options.Burst, bucket.Left + Math.Max(0, filled));
            bucket.At = now;
            if (bucket.Left >= 1)
            {
                bucket.Left--;
                return 0;
            }

            return (int)Math.Ceiling((1 - bucket.Left) * 60 / options.RequestsPerMinute);
        }
    }

    private sealed class Bucket
    {
        public long At { get; set; }

        public double Left { get; set; }
    }
}
