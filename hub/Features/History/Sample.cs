namespace IotXmpp.Hub.Features.History;

/// <summary>What a series holds (XEP-0323 §3.2). Kept in the database: the numbers are frozen.</summary>
public enum SeriesKind
{
    /// <summary>Numbers: <c>numeric</c>, <c>int</c>, <c>long</c>.</summary>
    Number = 0,

    /// <summary>Truth: 0 or 1.</summary>
    Boolean = 1,

    /// <summary>One of some texts; the value is its number in <see cref="Series.Texts"/>.</summary>
    Enum = 2,
}

/// <summary>A row of a chunk.</summary>
internal interface IRow<T>
    where T : IRow<T>
{
    /// <summary>Milliseconds since 1970.</summary>
    long Time { get; }

    /// <summary>What stands for both, where a second row of the same time comes.</summary>
    T Joined(in T later);

    /// <summary>Rows in the order of time as a chunk.</summary>
    static abstract Chunk ToChunk(ReadOnlySpan<T> rows);

    /// <summary>The rows of a chunk.</summary>
    static abstract T[] FromChunk(Chunk chunk);
}

/// <summary>One value at one time.</summary>
/// <param name="Time">Milliseconds since 1970, UTC: the time that the thing gave.</param>
/// <param name="Value">The number; 0 or 1; or the number of an enum's text. Never NaN or infinite.</param>
public readonly record struct Sample(long Time, double Value) : IRow<Sample>
{
    // The same sample twice is one; a thing that corrects a value has the last word.
    Sample IRow<Sample>.Joined(in Sample later) => later;

    static Chunk IRow<Sample>.ToChunk(ReadOnlySpan<Sample> rows) => Chunk.Of(rows);

    static Sample[] IRow<Sample>.FromChunk(Chunk chunk) => chunk.Samples();
}

/// <summary>What is known of the samples of a span of time.</summary>
/// <param name="Time">Where the span begins, milliseconds since 1970.</param>
/// <param name="Count">How many samples; never 0: a span without samples is left out.</param>
/// <param name="Min">The lowest value.</param>
/// <param name="Max">The highest value.</param>
/// <param name="Sum">All values added up; divided by <paramref name="Count"/> it is their mean.</param>
/// <param name="Last">The value with the latest time.</param>
public readonly record struct Aggregate(long Time, long Count, double Min, double Max, double Sum, double Last) : IRow<Aggregate>
{
    /// <summary>The mean of the values.</summary>
    public double Average => Sum / Count;

    /// <summary>Of one sample.</summary>
    public static Aggregate Of(long time, double value) => new(time, 1, value, value, value, value);

    /// <summary>Takes in what comes later.</summary>
    public Aggregate Then(in Aggregate later) =>
        new(Time, Count + later.Count, Math.Min(Min, later.Min), Math.Max(Max, later.Max), Sum + later.Sum, later.Last);

    /// <summary>Takes in a later sample.</summary>
    public Aggregate Then(double value) => new(Time, Count + 1, Math.Min(Min, value), Math.Max(Max, value), Sum + value, value);

    // Each sample leaves the finer level once, so what comes late is added.
    Aggregate IRow<Aggregate>.Joined(in Aggregate later) => Then(later);

    static Chunk IRow<Aggregate>.ToChunk(ReadOnlySpan<Aggregate> rows) => Chunk.Of(rows);

    static Aggregate[] IRow<Aggregate>.FromChunk(Chunk chunk) => chunk.Aggregates();
}
