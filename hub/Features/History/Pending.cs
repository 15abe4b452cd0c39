namespace IotXmpp.Hub.Features.History;

/// <summary>Samples that are durable in the log and not in chunks yet, by series. All members may be called from any thread.</summary>
internal sealed class Pending
{
    private readonly Lock _gate = new();
    private Dictionary<long, List<Sample>> _current = [];
    private Dictionary<long, List<Sample>>? _flushing;
    private long _lastRow;
    private int _flushingCount;

    /// <summary>Samples that wait.</summary>
    public int Count { get; private set; }

    /// <summary>Takes in the samples of a row; rows come in the order of their numbers.</summary>
    public void Add(List<SampleBatch.Entry> samples, long row)
    {
        lock (_gate)
        {
            foreach (SampleBatch.Entry entry in samples)
            {
                ListOf(_current, entry.Series.Id).Add(entry.Sample);
            }

            Count += samples.Count;
            _lastRow = Math.Max(_lastRow, row);
        }
    }

    /// <summary>Takes in a sample that was read from the log at start.</summary>
    public void Add(long series, Sample sample, long row)
    {
        lock (_gate)
        {
            ListOf(_current, series).Add(sample);
            Count++;
            _lastRow = Math.Max(_lastRow, row);
        }
    }

    /// <summary>Gives all that waits, to be put into chunks; queries see it on until <see cref="Flushed"/>.</summary>
    /// <returns>The samples and the number of the last row of the log that they were in.</returns>
    public (IReadOnlyDictionary<long, List<Sample>> Samples, long LastRow) Take()
    {
        lock (_gate)
        {
            _flushing = _current;
            _flushingCount = Count;
            _current = [];
            return (_flushing, _lastRow);
        }
    }

    /// <summary>What was taken is in chunks and out of the log.</summary>
    public void Flushed()
    {
        lock (_gate)
        {
            _flushing = null;
            Count -= _flushingCount;
            _flushingCount = 0;
        }
    }

    /// <summary>What was taken could not be put into chunks: it waits again.</summary>
    public void Failed()
    {
        lock (_gate)
        {
            foreach ((long series, List<Sample> samples) in _current)
            {
                ListOf(_flushing!, series).AddRange(samples);
            }

            _current = _flushing!;
            _flushing = null;
            _flushingCount = 0;
        }
    }

    /// <summary>The samples of a series in a span, in the order of time, each time once.</summary>
    public Sample[] Of(long series, long from, long to)
    {
        List<Sample> found = [];
        lock (_gate)
        {
            if (_flushing is not null)
            {
                Collect(_flushing, series, from, to, found);
            }

            Collect(_current, series, from, to, found);
        }

        return Sorted(found);
    }

    /// <summary>The earliest time of a series that waits; <see cref="long.MaxValue"/> for none.</summary>
    public long EarliestOf(long series)
    {
        lock (_gate)
        {
            long earliest = long.MaxValue;
            foreach (Dictionary<long, List<Sample>>? some in (ReadOnlySpan<Dictionary<long, List<Sample>>?>)[_flushing, _current])
            {
                if (some is not null && some.TryGetValue(series, out List<Sample>? list))
                {
                    earliest = Math.Min(earliest, list.Min(s => s.Time));
                }
            }

            return earliest;
        }
    }

    /// <summary>Samples in the order of time; of those with one time the last that came.</summary>
    public static Sample[] Sorted(List<Sample> samples)
    {
        bool inOrder = true;
        for (int i = 1; i < samples.Count && inOrder; i++)
        {
            inOrder = samples[i - 1].Time < samples[i].Time;
        }

        if (inOrder)
        {
            return [.. samples];
        }

        // A stable sort: the order of arrival decides among equal times.
        Sample[] sorted = [.. samples.OrderBy(s => s.Time)];
        int length = 0;
        for (int i = 0; i < sorted.Length; i++)
        {
            if (length > 0 && sorted[length - 1].Time == sorted[i].Time)
            {
                length--;
            }

            sorted[length++] = sorted[i];
        }

        return sorted[..length];
    }

    private static void Collect(Dictionary<long, List<Sample>> samples, long series, long from, long to, List<Sample> found)
    {
        if (samples.TryGetValue(series, out List<Sample>? list))
        {
            foreach (Sample sample in list)
            {
                if (sample.Time >= from && sample.Time < to)
                {
                    found.Add(sample);
                }
            }
        }
    }

    private static List<Sample> ListOf(Dictionary<long, List<Sample>> samples, long series)
    {
        if (!samples.TryGetValue(series, out List<Sample>? list))
        {
            samples.Add(series, list = []);
        }

        return list;
    }
}
