using System.Collections.Concurrent;

namespace IotXmpp.Hub.Features.Commands;

/// <summary>How long commands took, from the moment they were sent to the thing's answer.</summary>
/// <param name="Count">Commands in the window.</param>
/// <param name="P50">The time that half of them did not exceed; zero where there are none.</param>
/// <param name="P99">The time that 99 of 100 did not exceed.</param>
public readonly record struct Latency(int Count, TimeSpan P50, TimeSpan P99);

/// <summary>
/// The latency of commands over the last hour, for the hub and for each thing: a histogram for each ten minutes whose bounds grow by a fifth, so that a figure is right to 10 percent. A thing that is not
/// commanded has none; one that is has a few hundred bytes.
/// </summary>
/// <param name="time">The clock.</param>
public sealed class LatencyFigures(TimeProvider time)
{
    /// <summary>Things with figures (10,000); the hub's own figure holds all.</summary>
    public const int MaxThings = 10_000;

    private readonly LatencyWindow _hub = new();
    private readonly ConcurrentDictionary<string, LatencyWindow> _things = new(StringComparer.Ordinal);

    /// <summary>All commands of the hub.</summary>
    public Latency Hub => _hub.Read(Now);

    /// <summary>The commands of one thing.</summary>
    public Latency Of(string thing) => _things.TryGetValue(thing, out LatencyWindow? window) ? window.Read(Now) : default;

    /// <summary>The bounds of the hub's histogram in seconds, and how many commands of the last hour took no longer: for metrics.</summary>
    public IReadOnlyList<(double Seconds, int Count)> Cumulative() => _hub.Cumulative(Now);

    /// <summary>A command was answered.</summary>
    internal void Add(string thing, TimeSpan took)
    {
        _hub.Add(Now, took);
        if (!_things.TryGetValue(thing, out LatencyWindow? window))
        {
            if (_things.Count >= MaxThings)
            {
                Trim();
            }

            window = _things.GetOrAdd(thing, static _ => new LatencyWindow());
        }

        window.Add(Now, took);
    }

    /// <summary>Forgets a thing.</summary>
    internal void Forget(string thing) => _things.TryRemove(thing, out _);

    private long Now => time.GetUtcNow().ToUnixTimeSeconds();

    // Those that have not been commanded for an hour go first; where all have, some do.
    private void Trim()
    {
        foreach ((string thing, LatencyWindow window) in _things)
        {
            if (window.Read(Now).Count == 0)
            {
                _things.TryRemove(thing, out _);
            }
        }

        foreach (string thing in _things.Keys.Take(Math.Max(0, _things.Count - MaxThings + (MaxThings / 16))))
        {
            _things.TryRemove(thing, out _);
        }
    }
}

/// <summary>One sliding hour.</summary>
internal sealed class LatencyWindow
{
    private const int Slots = 6;
    private const long SlotSeconds = 600;

    // The n-th bound is 1 ms · 1.2^n: 80 of them reach half an hour.
    private const int Bounds = 80;
    private const double Growth = 1.2;

    private readonly Lock _gate = new();
    private readonly ushort[]?[] _counts = new ushort[Slots][];
    private readonly long[] _epochs = new long[Slots];

    public void Add(long now, TimeSpan took)
    {
        long epoch = now / SlotSeconds;
        int slot = (int)(epoch % Slots);
        int at = took.TotalMilliseconds <= 1 ? 0 : Math.Min(Bounds - 1, (int)Math.Ceiling(Math.Log(took.TotalMilliseconds, Growth)));
        lock (_gate)
        {
            ushort[] counts = _counts[slot] ??= new ushort[Bounds];
            if (_epochs[slot] != epoch)
            {
                Array.Clear(counts);
                _epochs[slot] = epoch;
            }

            if (counts[at] < ushort.MaxValue)
            {
                counts[at]++;
            }
        }
    }

    public Latency Read(long now)
    {
        int[] all = Sum(now);
        int count = 0;
        foreach (int n in all)
        {
            count += n;
        }

        return count == 0 ? default : new Latency(count, At(all, (count + 1) / 2), At(all, (int)Math.Ceiling(count * 0.99)));
    }

    public IReadOnlyList<(double Seconds, int Count)> Cumulative(long now)
    {
        int[] all = Sum(now);
        var list = new List<(double, int)>(Bounds);
        int count = 0;
        for (int i = 0; i < Bounds; i++)
        {
            count += all[i];
            list.Add((Bound(i).TotalSeconds, count));
        }

        return list;
    }

    private static TimeSpan Bound(int i) => TimeSpan.FromMilliseconds(Math.Pow(Growth, i));

    private static TimeSpan At(int[] counts, int rank)
    {
        int seen = 0;
        for (int i = 0; i < Bounds; i++)
        {
            seen += counts[i];
            if (seen >= rank)
            {
                // The middle of the bucket, as its values are spread on a scale that grows.
                return i == 0 ? TimeSpan.FromMilliseconds(1) : TimeSpan.FromMilliseconds(Math.Pow(Growth, i - 0.5));
            }
        }

        return Bound(Bounds - 1);
    }

    private int[] Sum(long now)
    {
        long epoch = now / SlotSeconds;
        var all = new int[Bounds];
        lock (_gate)
        {
            for (int slot = 0; slot < Slots; slot++)
            {
                if (_counts[slot] is { } counts && epoch - _epochs[slot] is >= 0 and < Slots)
                {
                    for (int i = 0; i < Bounds; i++)
                    {
                        all[i] += counts[i];
                    }
                }
            }
        }

        return all;
    }
}
