namespace IotXmpp.Hub.Features.History;

/// <summary>The samples of one publication, read and checked, on their way to the log.</summary>
public sealed class SampleBatch
{
    internal SampleBatch(ThingSeries thing) => Thing = thing;

    /// <summary>How many samples.</summary>
    public int Count => Samples.Count;

    /// <summary>How many samples were not taken: too old, too far in the future, no number, or of one field too many.</summary>
    public int Dropped { get; internal set; }

    internal ThingSeries Thing { get; }

    internal List<Entry> Samples { get; } = [];

    /// <summary>Series that have no row yet, or whose unit is another one now.</summary>
    internal List<(Series Series, string Unit)> Changed { get; } = [];

    /// <summary>The row in the log, once it is written.</summary>
    internal long LogId { get; set; }

    /// <param name="Series">The series; of this batch alone where its id is 0.</param>
    /// <param name="Sample">The sample.</param>
    /// <param name="Text">The text of an enum that has no number yet; else null.</param>
    internal readonly record struct Entry(Series Series, Sample Sample, string? Text);
}

/// <summary>The series of one thing. Grows only.</summary>
internal sealed class ThingSeries(string id)
{
    private Series[] _series = [];

    public string Id { get; } = id;

    public ReadOnlySpan<Series> All => Volatile.Read(ref _series);

    public int Count => Volatile.Read(ref _series).Length;

    public Series? Find(ReadOnlySpan<byte> field, SeriesKind kind)
    {
        foreach (Series series in All)
        {
            if (series.Kind == kind && field.SequenceEqual(series.FieldUtf8))
            {
                return series;
            }
        }

        return null;
    }

    /// <summary>Takes in a stored series; called by one thread at a time.</summary>
    /// <returns>The one that counts: this, or the one that is there already.</returns>
    public Series Add(Series series)
    {
        if (Find(series.FieldUtf8, series.Kind) is { } there)
        {
            return there;
        }

        Volatile.Write(ref _series, [.. _series, series]);
        return series;
    }
}
