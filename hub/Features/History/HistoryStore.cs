using IotXmpp.Hub.Storage;

namespace IotXmpp.Hub.Features.History;

/// <summary>Series and the log of what has come, in SQL.</summary>
internal sealed class HistoryStore(ISqlDatabase database, HistoryOptions options)
{
    /// <summary>Chunks written in one unit of work, so that nobody else's writes wait long (32: a few milliseconds).</summary>
    private const int SeriesPerUnit = 32;

    /// <summary>Chunks that are rolled up in one unit of work (32).</summary>
    private const int ExpiredPerUnit = 32;

    private readonly ChunkStore _chunks = new(options);
    private long _horizon = long.MinValue;

    /// <summary>Samples before this time may have been rolled up, and none of them is taken any more: whether it was there already cannot be known.</summary>
    public long Horizon => Volatile.Read(ref _horizon);

    /// <summary>Reads all series, with their texts and latest samples as far as they are in chunks.</summary>
    public ValueTask<List<Series>> LoadAsync(CancellationToken cancel) => database.ReadAsync(
        session =>
        {
            SqlStatement horizon = session.Prepare("SELECT time FROM history_horizon WHERE level = $1").Bind(1, (long)Level.Raw);
            if (horizon.Read())
            {
                Volatile.Write(ref _horizon, horizon.GetInt64(0));
                horizon.Reset();
            }

            var series = new Dictionary<long, Series>();
            SqlStatement rows = session.Prepare("SELECT id, thing, field, kind, unit FROM history_series");
            while (rows.Read())
            {
                series.Add(rows.GetInt64(0), new Series(rows.GetInt64(0), rows.GetString(1), rows.GetString(2), (SeriesKind)rows.GetInt64(3), rows.GetString(4)));
            }

            rows = session.Prepare("SELECT series, code, content FROM history_text");
            while (rows.Read())
            {
                series[rows.GetInt64(0)].SetText(rows.GetInt32(1), rows.GetString(2));
            }

            foreach (Series one in series.Values)
            {
                for (Level level = Level.Hour; level >= Level.Raw; level--)
                {
                    SqlStatement last = session.Prepare("SELECT finish, final FROM history_chunk WHERE series = $1 AND level = $2 ORDER BY start DESC LIMIT 1").Bind(1, one.Id).Bind(2, (long)level);
                    if (last.Read())
                    {
                        one.Note(new Sample(last.GetInt64(0), BitConverter.Int64BitsToDouble(last.GetInt64(1))));
                        last.Reset();
                    }
                }
            }

            return series.Values.ToList();
        },
        cancel);

    /// <summary>Reads the log in pages, in the order of its rows.</summary>
    public async ValueTask ReplayAsync(Action<long, Sample, long> each, CancellationToken cancel)
    {
        long behind = 0;
        while (true)
        {
            long from = behind;
            List<(long Id, byte[] Samples)> page = await database.ReadAsync(
                session =>
                {
                    var found = new List<(long, byte[])>();
                    SqlStatement rows = session.Prepare("SELECT id, samples FROM history_log WHERE id > $1 ORDER BY id LIMIT 1000").Bind(1, from);
                    while (rows.Read())
                    {
                        found.Add((rows.GetInt64(0), rows.GetBytes(1)));
                    }

                    return found;
                },
                cancel).ConfigureAwait(false);
            if (page.Count == 0)
            {
                return;
            }

            foreach ((long id, byte[] samples) in page)
            {
                HistoryLog.Read(samples, (series, sample) => each(series, sample, id));
                behind = id;
            }
        }
    }

    /// <summary>Writes a batch into the log; part of the unit of work in which its publication is stored.</summary>
    public void Append(SqlSession session, SampleBatch batch)
    {
        foreach ((Series series, string unit) in batch.Changed)
        {
            SqlStatement row = session.Prepare("INSERT INTO history_series (thing, field, kind, unit) VALUES ($1, $2, $3, $4) ON CONFLICT (thing, field, kind) DO UPDATE SET unit = excluded.unit RETURNING id")
                .Bind(1, series.Thing).Bind(2, series.Field).Bind(3, (long)series.Kind).Bind(4, unit);
            row.Read();
            series.Id = row.GetInt64(0);
            row.Reset();
        }

        for (int i = 0; i < batch.Samples.Count; i++)
        {
            SampleBatch.Entry entry = batch.Samples[i];
            if (entry.Sample.Time < _horizon)
            {
                // It has become too old since it was read.
                batch.Samples.RemoveAt(i--);
                batch.Dropped++;
                continue;
            }

            if (entry.Text is { } text)
            {
                int code = CodeOf(session, entry.Series.Id, text);
                if (code < 0)
                {
                    batch.Samples.RemoveAt(i--);
                    batch.Dropped++;
                    continue;
                }

                batch.Samples[i] = entry with { Sample = entry.Sample with { Value = code } };
            }
        }

        if (batch.Samples.Count > 0)
        {
            SqlStatement log = session.Prepare("INSERT INTO history_log (samples) VALUES ($1) RETURNING id").Bind(1, HistoryLog.Write(batch.Samples));
            log.Read();
            batch.LogId = log.GetInt64(0);
            log.Reset();
        }
    }

    /// <summary>Puts samples into chunks and takes them out of the log. Done again after a crash it comes to the same.</summary>
    public async Task FlushAsync(IReadOnlyDictionary<long, List<Sample>> samples, long lastRow)
    {
        foreach (KeyValuePair<long, List<Sample>>[] some in samples.Chunk(SeriesPerUnit))
        {
            await database.WriteAsync(session =>
            {
                foreach ((long series, List<Sample> list) in some)
                {
                    if (Exists(session, series))
                    {
                        _chunks.Merge<Sample>(session, series, Level.Raw, Pending.Sorted(list));
                    }
                }
            }).ConfigureAwait(false);
        }

        await database.WriteAsync(session => session.Prepare("DELETE FROM history_log WHERE id <= $1").Bind(1, lastRow).Execute()).ConfigureAwait(false);
    }

    /// <summary>
    /// From now on samples that are not kept one by one any more are not taken. What was taken before is durable and waits when this ends: put into chunks, it is there once, and can be rolled up.
    /// </summary>
    public Task CloseAsync(DateTimeOffset now, CancellationToken cancel)
    {
        long limit = now.AddDays(-options.RawDays).ToUnixTimeMilliseconds();
        return database.WriteAsync(
            session =>
            {
                if (limit > _horizon)
                {
                    session.Prepare("INSERT INTO history_horizon (level, time) VALUES ($1, $2) ON CONFLICT (level) DO UPDATE SET time = excluded.time").Bind(1, (long)Level.Raw).Bind(2, limit).Execute();
                    Volatile.Write(ref _horizon, limit); // units come one after the other: the next one sees it
                }
            },
            cancellationToken: cancel);
    }

    /// <summary>Rolls up and removes what is older than it is kept; behind <see cref="CloseAsync"/> and what waited then.</summary>
    public async Task ExpireAsync(DateTimeOffset now, CancellationToken cancel)
    {
        await ExpireAsync(Level.Raw, now.AddDays(-options.RawDays), cancel).ConfigureAwait(false);
        await ExpireAsync(Level.Minute, now.AddDays(-(double)options.RawDays - options.MinuteDays), cancel).ConfigureAwait(false);
        if (options.HourDays > 0)
        {
            await ExpireAsync(Level.Hour, now.AddDays(-(double)options.RawDays - options.MinuteDays - options.HourDays), cancel).ConfigureAwait(false);
        }
    }

    /// <summary>The samples of a span as points; null where chunks changed meanwhile: ask again.</summary>
    public ValueTask<List<Aggregate>?> QueryAsync(long series, long from, long to, Buckets buckets, Sample[] pending, CancellationToken cancel) => database.ReadAsync(
        session =>
        {
            int next = 0;
            foreach ((Level level, Chunk head) in ChunkStore.Heads(session, series, from, to))
            {
                if (level != Level.Raw)
                {
                    if (ChunkStore.Content(session, series, level, head) is not { } coarse)
                    {
                        return null;
                    }

                    foreach (Aggregate aggregate in coarse.Aggregates())
                    {
                        if (aggregate.Time >= from && aggregate.Time < to)
                        {
                            buckets.Add(aggregate);
                        }
                    }

                    continue;
                }

                while (next < pending.Length && pending[next].Time < head.Start)
                {
                    buckets.Add(pending[next++]);
                }

                int behind = next;
                while (behind < pending.Length && pending[behind].Time <= head.Finish)
                {
                    behind++;
                }

                // A chunk that lies in one bucket is known by its head.
                if (behind == next && head.Start >= from && head.Finish < to && buckets.IsOne(head.Start, head.Finish))
                {
                    buckets.Add(head.Total);
                    continue;
                }

                if (ChunkStore.Content(session, series, Level.Raw, head) is not { } chunk)
                {
                    return null;
                }

                ReadOnlySpan<Sample> samples = chunk.Samples();
                if (behind > next)
                {
                    samples = ChunkStore.Joined<Sample>(samples, pending.AsSpan(next, behind - next));
                    next = behind;
                }

                foreach (ref readonly Sample sample in samples)
                {
                    if (sample.Time >= from && sample.Time < to)
                    {
                        buckets.Add(sample);
                    }
                }
            }

            for (; next < pending.Length; next++)
            {
                buckets.Add(pending[next]);
            }

            return buckets.ToList();
        },
        cancel);

    /// <summary>The samples of a span that are kept one by one, the earliest first; null where chunks changed meanwhile: ask again.</summary>
    public ValueTask<Sample[]?> SamplesAsync(long series, long from, long to, int most, Sample[] pending, CancellationToken cancel) => database.ReadAsync(
        session =>
        {
            var found = new List<Sample>();
            foreach (Chunk head in ChunkStore.Heads(session, series, Level.Raw, from, to))
            {
                if (found.Count >= most)
                {
                    break;
                }

                if (ChunkStore.Content(session, series, Level.Raw, head) is not { } chunk)
                {
                    return null;
                }

                foreach (ref readonly Sample sample in chunk.Samples().AsSpan())
                {
                    if (sample.Time >= from && sample.Time < to)
                    {
                        found.Add(sample);
                    }
                }
            }

            // What waits may lie between what was found; what is behind a full page comes with the next.
            Sample[] joined = ChunkStore.Joined<Sample>(found.ToArray(), pending);
            return joined.Length > most ? joined[..most] : joined;
        },
        cancel);

    /// <summary>The earliest time of a series that is in chunks, of any level; <see cref="long.MaxValue"/> for none.</summary>
    public ValueTask<long> EarliestAsync(long series, CancellationToken cancel) => database.ReadAsync(
        session =>
        {
            SqlStatement row = session.Prepare("SELECT min(start) FROM history_chunk WHERE series = $1").Bind(1, series);
            long earliest = row.Read() ? row.GetInt64OrNull(0) ?? long.MaxValue : long.MaxValue;
            row.Reset();
            return earliest;
        },
        cancel);

    /// <summary>Removes everything of a thing.</summary>
    public Task ForgetAsync(string thing) => database.WriteAsync(session =>
    {
        // SQLite keeps no foreign keys unless it is told to.
        foreach (string table in (ReadOnlySpan<string>)["history_chunk", "history_text"])
        {
            session.Prepare($"DELETE FROM {table} WHERE series IN (SELECT id FROM history_series WHERE thing = $1)").Bind(1, thing).Execute();
        }

        session.Prepare("DELETE FROM history_series WHERE thing = $1").Bind(1, thing).Execute();
    });

    private static bool Exists(SqlSession session, long series)
    {
        SqlStatement row = session.Prepare("SELECT 1 FROM history_series WHERE id = $1").Bind(1, series);
        bool exists = row.Read();
        row.Reset();
        return exists;
    }

    private async Task ExpireAsync(Level level, DateTimeOffset before, CancellationToken cancel)
    {
        long limit = before.ToUnixTimeMilliseconds();
        while (!cancel.IsCancellationRequested && await database.WriteAsync(session => _chunks.Expire(session, level, limit, ExpiredPerUnit), cancellationToken: cancel).ConfigureAwait(false) == ExpiredPerUnit)
        {
        }
    }

    private int CodeOf(SqlSession session, long series, string text)
    {
        SqlStatement row = session.Prepare("SELECT code FROM history_text WHERE series = $1 AND content = $2").Bind(1, series).Bind(2, text);
        if (row.Read())
        {
            int known = row.GetInt32(0);
            row.Reset();
            return known;
        }

        row = session.Prepare("SELECT count(*) FROM history_text WHERE series = $1").Bind(1, series);
        row.Read();
        int code = row.GetInt32(0);
        row.Reset();
        if (code >= options.TextsPerField)
        {
            return -1;
        }

        session.Prepare("INSERT INTO history_text (series, code, content) VALUES ($1, $2, $3)").Bind(1, series).Bind(2, (long)code).Bind(3, text).Execute();
        return code;
    }
}
