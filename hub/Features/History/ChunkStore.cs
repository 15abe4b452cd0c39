using IotXmpp.Hub.Storage;

namespace IotXmpp.Hub.Features.History;

/// <summary>Chunks in SQL. All members run inside a unit of work or a query.</summary>
internal sealed class ChunkStore(HistoryOptions options)
{
    private const string Head = "start, finish, rows, samples, lowest, highest, total, final";

    // One statement, and by that of one moment, for all levels.
    private static readonly string s_heads = string.Join(" UNION ALL ", ((ReadOnlySpan<Level>)[Level.Hour, Level.Minute, Level.Raw]).ToArray().Select(level => $"""
        SELECT {(int)level} AS level, {Head} FROM history_chunk WHERE series = $1 AND level = {(int)level} AND start < $2 AND start >= coalesce(
            (SELECT max(start) FROM history_chunk WHERE series = $1 AND level = {(int)level} AND start <= $3), $3) AND finish >= $3
        """)) + " ORDER BY level DESC, start";

    /// <summary>The heads of the chunks of all levels that touch a span, the coarse before the fine, in the order of time. They are of one moment: what is rolled up meanwhile is in one of them, and once.</summary>
    public static List<(Level Level, Chunk Head)> Heads(SqlSession session, long series, long from, long to)
    {
        var heads = new List<(Level, Chunk)>();
        SqlStatement rows = session.Prepare(s_heads).Bind(1, series).Bind(2, to).Bind(3, from);
        while (rows.Read())
        {
            heads.Add(((Level)rows.GetInt64(0), Read(rows, 1)));
        }

        return heads;
    }

    /// <summary>The heads of the chunks of a level that touch a span, in the order of time.</summary>
    public static List<Chunk> Heads(SqlSession session, long series, Level level, long from, long to)
    {
        var heads = new List<Chunk>();
        SqlStatement rows = session.Prepare($"""
            SELECT {Head} FROM history_chunk WHERE series = $1 AND level = $2 AND start < $3 AND start >= coalesce(
                (SELECT max(start) FROM history_chunk WHERE series = $1 AND level = $2 AND start <= $4), $4) AND finish >= $4 ORDER BY start
            """).Bind(1, series).Bind(2, (long)level).Bind(3, to).Bind(4, from);
        while (rows.Read())
        {
            heads.Add(Read(rows));
        }

        return heads;
    }

    /// <summary>The content of a chunk, or null where it is another one by now.</summary>
    public static Chunk? Content(SqlSession session, long series, Level level, Chunk head)
    {
        SqlStatement row = session.Prepare("SELECT data, finish, rows, samples FROM history_chunk WHERE series = $1 AND level = $2 AND start = $3").Bind(1, series).Bind(2, (long)level).Bind(3, head.Start);
        if (!row.Read())
        {
            return null;
        }

        Chunk? chunk = row.GetInt64(1) == head.Finish && row.GetInt32(2) == head.Rows && row.GetInt64(3) == head.Total.Count ? head with { Data = row.GetBytes(0) } : null;
        row.Reset();
        return chunk;
    }

    /// <summary>Puts rows into chunks. One that is there with the same time is joined with the new one.</summary>
    /// <param name="session">The unit of work.</param>
    /// <param name="series">The series.</param>
    /// <param name="level">How fine the rows are.</param>
    /// <param name="rows">In the order of time, each time once.</param>
    public void Merge<T>(SqlSession session, long series, Level level, ReadOnlySpan<T> rows)
        where T : IRow<T>
    {
        while (!rows.IsEmpty)
        {
            if ((AtOrBefore(session, series, level, rows[0].Time) ?? After(session, series, level, rows[0].Time)) is not { } target)
            {
                Insert(session, series, level, rows);
                return;
            }

            long? next = StartAfter(session, series, level, Math.Max(target.Start, rows[0].Time));
            int count = rows.Length;
            if (next is { } limit)
            {
                count = 0;
                while (count < rows.Length && rows[count].Time < limit)
                {
                    count++;
                }
            }

            ReadOnlySpan<T> group = rows[..count];
            rows = rows[count..];
            bool isBehind = group[0].Time > target.Finish;
            if (isBehind && target.Rows >= options.ChunkSamples)
            {
                Insert(session, series, level, group);
                continue;
            }

            T[] merged = Joined<T>(T.FromChunk(Content(session, series, level, target) ?? throw new InvalidOperationException("A chunk changed within a unit of work.")), group);
            Delete(session, series, level, target.Start);
            if (isBehind && next is null)
            {
                Insert<T>(session, series, level, merged); // what grows at its end is filled up
            }
            else
            {
                InsertEvenly<T>(session, series, level, merged);
            }
        }
    }

    /// <summary>Rolls up the oldest chunks that end before a time, in the order of their ends: samples to minutes, minutes to hours, hours to nothing.</summary>
    /// <returns>How many chunks were there: as many as asked for where there may be more.</returns>
    public int Expire(SqlSession session, Level level, long before, int most)
    {
        var expired = new List<(long Series, long Start)>();
        SqlStatement found = session.Prepare("SELECT series, start FROM history_chunk WHERE level = $1 AND finish < $2 ORDER BY finish LIMIT $3").Bind(1, (long)level).Bind(2, before).Bind(3, most);
        while (found.Read())
        {
            expired.Add((found.GetInt64(0), found.GetInt64(1)));
        }

        foreach ((long series, long start) in expired)
        {
            if (level != Level.Hour && AtOrBefore(session, series, level, start) is { } head && Content(session, series, level, head) is { } chunk)
            {
                (Level coarser, long span) = level == Level.Raw ? (Level.Minute, 60_000L) : (Level.Hour, 3_600_000L);
                Aggregate[] rows = level == Level.Raw ? Array.ConvertAll(chunk.Samples(), s => Aggregate.Of(s.Time, s.Value)) : chunk.Aggregates();
                Merge<Aggregate>(session, series, coarser, Grouped(rows, span).ToArray());
            }

            Delete(session, series, level, start);
        }

        return expired.Count;
    }

    /// <summary>Two lists as one, in the order of time; rows of one time are joined.</summary>
    public static T[] Joined<T>(ReadOnlySpan<T> first, ReadOnlySpan<T> second)
        where T : IRow<T>
    {
        var joined = new T[first.Length + second.Length];
        int length = 0;
        int a = 0;
        int b = 0;
        while (a < first.Length || b < second.Length)
        {
            if (b == second.Length || (a < first.Length && first[a].Time < second[b].Time))
            {
                joined[length++] = first[a++];
            }
            else if (a < first.Length && first[a].Time == second[b].Time)
            {
                joined[length++] = first[a++].Joined(second[b++]);
            }
            else
            {
                joined[length++] = second[b++];
            }
        }

        return length == joined.Length ? joined : joined[..length];
    }

    private static List<Aggregate> Grouped(Aggregate[] finer, long span)
    {
        var rows = new List<Aggregate>();
        foreach (Aggregate aggregate in finer)
        {
            long time = Buckets.StartOf(aggregate.Time, span);
            if (rows.Count > 0 && rows[^1].Time == time)
            {
                rows[^1] = rows[^1].Then(aggregate);
            }
            else
            {
                rows.Add(aggregate with { Time = time });
            }
        }

        return rows;
    }

    private void Insert<T>(SqlSession session, long series, Level level, ReadOnlySpan<T> rows)
        where T : IRow<T>
    {
        for (int at = 0; at < rows.Length; at += options.ChunkSamples)
        {
            Insert(session, series, level, T.ToChunk(rows.Slice(at, Math.Min(options.ChunkSamples, rows.Length - at))));
        }
    }

    // A chunk in the middle that has become too long is cut evenly: each part has room for what else comes late.
    private void InsertEvenly<T>(SqlSession session, long series, Level level, ReadOnlySpan<T> rows)
        where T : IRow<T>
    {
        int pieces = (rows.Length + options.ChunkSamples - 1) / options.ChunkSamples;
        for (int piece = 0; piece < pieces; piece++)
        {
            int from = (int)((long)rows.Length * piece / pieces);
            int to = (int)((long)rows.Length * (piece + 1) / pieces);
            Insert(session, series, level, T.ToChunk(rows[from..to]));
        }
    }

    private static void Insert(SqlSession session, long series, Level level, Chunk chunk) => session.Prepare(
        $"INSERT INTO history_chunk (series, level, {Head}, data) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)")
        .Bind(1, series).Bind(2, (long)level).Bind(3, chunk.Start).Bind(4, chunk.Finish).Bind(5, (long)chunk.Rows).Bind(6, chunk.Total.Count)
        .Bind(7, Number(chunk.Total.Min)).Bind(8, Number(chunk.Total.Max)).Bind(9, Number(chunk.Total.Sum)).Bind(10, Number(chunk.Total.Last)).Bind(11, chunk.Data).Execute();

    private static void Delete(SqlSession session, long series, Level level, long start) =>
        session.Prepare("DELETE FROM history_chunk WHERE series = $1 AND level = $2 AND start = $3").Bind(1, series).Bind(2, (long)level).Bind(3, start).Execute();

    private static Chunk? AtOrBefore(SqlSession session, long series, Level level, long time) => One(
        session.Prepare($"SELECT {Head} FROM history_chunk WHERE series = $1 AND level = $2 AND start <= $3 ORDER BY start DESC LIMIT 1").Bind(1, series).Bind(2, (long)level).Bind(3, time));

    private static Chunk? After(SqlSession session, long series, Level level, long time) => One(
        session.Prepare($"SELECT {Head} FROM history_chunk WHERE series = $1 AND level = $2 AND start > $3 ORDER BY start LIMIT 1").Bind(1, series).Bind(2, (long)level).Bind(3, time));

    private static long? StartAfter(SqlSession session, long series, Level level, long time)
    {
        SqlStatement row = session.Prepare("SELECT min(start) FROM history_chunk WHERE series = $1 AND level = $2 AND start > $3").Bind(1, series).Bind(2, (long)level).Bind(3, time);
        long? start = row.Read() ? row.GetInt64OrNull(0) : null;
        row.Reset();
        return start;
    }

    private static Chunk? One(SqlStatement row)
    {
        Chunk? chunk = row.Read() ? Read(row) : null;
        row.Reset();
        return chunk;
    }

    private static Chunk Read(SqlStatement row, int first = 0) => new(
        row.GetInt64(first), row.GetInt64(first + 1), row.GetInt32(first + 2),
        new Aggregate(row.GetInt64(first), row.GetInt64(first + 3), Value(row.GetInt64(first + 4)), Value(row.GetInt64(first + 5)), Value(row.GetInt64(first + 6)), Value(row.GetInt64(first + 7))));

    // Doubles are kept as the number of their bits: exact, and the same in both databases.
    private static long Number(double value) => BitConverter.DoubleToInt64Bits(value);

    private static double Value(long bits) => BitConverter.Int64BitsToDouble(bits);
}
