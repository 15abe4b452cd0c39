using System.Numerics;

namespace IotXmpp.LoadGenerator.Measure;

/// <summary>
/// Counts values (microseconds here) in buckets whose width grows with the value: 64 a power of two, so a quantile is right to 1.6 %.
/// Fixed memory, no allocation while recording; exact minimum and maximum.
/// </summary>
internal sealed class Histogram
{
    private const int SubBits = 6;
    private const int Sub = 1 << SubBits;
    private readonly long[] _counts = new long[(64 - SubBits + 1) * Sub];

    public long Count { get; private set; }

    public long Max { get; private set; }

    public long Min { get; private set; } = long.MaxValue;

    public double Mean => Count == 0 ? 0 : (double)_sum / Count;

    private long _sum;

    public void Record(long value)
    {
        value = Math.Max(value, 0);
        _counts[Index(value)]++;
        Count++;
        _sum += value;
        Max = Math.Max(Max, value);
        Min = Math.Min(Min, value);
    }

    /// <summary>The value that this share (0–1) of all recorded values does not exceed; 0 when nothing was recorded.</summary>
    public long Quantile(double share)
    {
        if (Count == 0)
        {
            return 0;
        }

        var rank = Math.Max(1, (long)Math.Ceiling(share * Count));
        long seen = 0;
        for (var i = 0; i < _counts.Length; i++)
        {
            seen += _counts[i];
            if (seen >= rank)
            {
                return Math.Clamp(Upper(i), Min, Max);
            }
        }

        return Max;
    }

    private static int Index(long value)
    {
        if (value < Sub)
        {
            return (int)value;
        }

        var shift = BitOperations.Log2((ulong)value) - SubBits;
        return ((shift + 1) << SubBits) + (int)((value >> shift) - Sub);
    }

    private static long Upper(int index)
    {
        if (index < Sub)
        {
            return index;
        }

        var shift = (index >> SubBits) - 1;
        var value = (long)((index & (Sub - 1)) + Sub);
        return ((value + 1) << shift) - 1;
    }
}
