using System.Buffers;

namespace IotXmpp.Hub.Features.History;

/// <summary>How fine a chunk is. Kept in the database: the numbers are frozen.</summary>
internal enum Level
{
    /// <summary>The samples themselves.</summary>
    Raw = 0,

    /// <summary>One aggregate a minute.</summary>
    Minute = 1,

    /// <summary>One aggregate an hour.</summary>
    Hour = 2,
}

/// <summary>A row of the history: successive samples, or aggregates, of one series. Chunks of a series and level never overlap.</summary>
/// <param name="Start">The time of the first.</param>
/// <param name="Finish">The time of the last.</param>
/// <param name="Rows">How many samples or aggregates.</param>
/// <param name="Total">All of them together; its time is <paramref name="Start"/>.</param>
internal sealed record Chunk(long Start, long Finish, int Rows, Aggregate Total)
{
    private const byte Form = 1;

    /// <summary>The content; null where only the head was read.</summary>
    public byte[]? Data { get; init; }

    /// <summary>Makes one of samples, in the order of time.</summary>
    public static Chunk Of(ReadOnlySpan<Sample> samples)
    {
        Aggregate total = Aggregate.Of(samples[0].Time, samples[0].Value);
        foreach (Sample sample in samples[1..])
        {
            total = total.Then(sample.Value);
        }

        var data = new ArrayBufferWriter<byte>(64 + (samples.Length * 4));
        var writer = new Column.Writer(data);
        writer.Byte(Form);
        Column.WriteTimes(data, samples);
        Column.WriteValues(data, samples);
        return new Chunk(samples[0].Time, samples[^1].Time, samples.Length, total) { Data = data.WrittenSpan.ToArray() };
    }

    /// <summary>Makes one of aggregates, in the order of time.</summary>
    public static Chunk Of(ReadOnlySpan<Aggregate> aggregates)
    {
        Aggregate total = aggregates[0];
        foreach (Aggregate aggregate in aggregates[1..])
        {
            total = total.Then(aggregate);
        }

        var data = new ArrayBufferWriter<byte>(64 + (aggregates.Length * 16));
        var writer = new Column.Writer(data);
        writer.Byte(Form);
        Sample[] column = new Sample[aggregates.Length];
        Write(aggregates, static a => a.Count);
        Column.WriteTimes(data, column);
        Column.WriteValues(data, column);
        foreach (Func<Aggregate, double> part in s_parts)
        {
            Write(aggregates, part);
            Column.WriteValues(data, column);
        }

        return new Chunk(aggregates[0].Time, aggregates[^1].Time, aggregates.Length, total) { Data = data.WrittenSpan.ToArray() };

        void Write(ReadOnlySpan<Aggregate> rows, Func<Aggregate, double> part)
        {
            for (int i = 0; i < rows.Length; i++)
            {
                column[i] = new Sample(rows[i].Time, part(rows[i]));
            }
        }
    }

    /// <summary>The samples of a chunk of <see cref="Level.Raw"/>, in the order of time.</summary>
    /// <exception cref="InvalidDataException">The content is damaged.</exception>
    public Sample[] Samples()
    {
        Column.Reader reader = Open();
        var samples = new Sample[Rows];
        Column.ReadTimes(ref reader, samples);
        Column.ReadValues(ref reader, samples);
        return samples;
    }

    /// <summary>The aggregates of a chunk of another level, in the order of time.</summary>
    /// <exception cref="InvalidDataException">The content is damaged.</exception>
    public Aggregate[] Aggregates()
    {
        Column.Reader reader = Open();
        var rows = new Aggregate[Rows];
        var column = new Sample[Rows];
        Column.ReadTimes(ref reader, column);
        Column.ReadValues(ref reader, column);
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = new Aggregate(column[i].Time, (long)column[i].Value, 0, 0, 0, 0);
        }

        Column.ReadValues(ref reader, column);
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = rows[i] with { Min = column[i].Value };
        }

        Column.ReadValues(ref reader, column);
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = rows[i] with { Max = column[i].Value };
        }

        Column.ReadValues(ref reader, column);
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = rows[i] with { Sum = column[i].Value };
        }

        Column.ReadValues(ref reader, column);
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = rows[i] with { Last = column[i].Value };
        }

        return rows;
    }

    private static readonly Func<Aggregate, double>[] s_parts = [static a => a.Min, static a => a.Max, static a => a.Sum, static a => a.Last];

    private Column.Reader Open()
    {
        var reader = new Column.Reader(Data ?? throw new InvalidOperationException("Only the head of the chunk was read."));
        return reader.Byte() == Form ? reader : throw new InvalidDataException("A chunk of the history has an unknown form.");
    }
}
