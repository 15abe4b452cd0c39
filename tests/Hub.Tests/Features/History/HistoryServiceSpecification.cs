using System.Globalization;
using System.Text;
using IotXmpp.Hub.Features.History;
using IotXmpp.Hub.Storage;
using IotXmpp.Xml;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.History;

public sealed class SqliteHistoryServiceTests : HistoryServiceSpecification
{
    protected override Task<ISqlDatabase> OpenDatabaseAsync() => TestDatabase.OpenAsync(HistoryMigrations.All);
}

public sealed class PostgresHistoryServiceTests : HistoryServiceSpecification
{
    protected override Task<ISqlDatabase> OpenDatabaseAsync() => TestDatabase.OpenPostgresAsync(HistoryMigrations.All);
}

/// <summary>Samples of things: each once, however late; as points with their gaps; rolled up when they are old.</summary>
public abstract class HistoryServiceSpecification : IAsyncLifetime
{
    private static readonly DateTimeOffset s_start = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);
    private readonly ManualTime _time = new();
    private ISqlDatabase _database = null!;
    private HistoryService _history = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await OpenDatabaseAsync();
        _history = await OpenAsync();
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_history is not null)
        {
            await _history.DisposeAsync();
            await _database.DisposeAsync();
        }
    }

    /// <summary>An empty database with the tables.</summary>
    protected abstract Task<ISqlDatabase> OpenDatabaseAsync();

    [Fact]
    public async Task A_sample_is_there_at_once_and_after_it_was_put_into_a_chunk_and_after_a_restart()
    {
        await PublishAsync("esp32-1", Numeric("temperature", 0, "21.4"));
        await SeesAsync();
        _history = await ReopenAsync();
        await SeesAsync();
        await _history.FlushAsync();
        Assert.Equal(0, _history.PendingSamples);
        await SeesAsync();
        _history = await ReopenAsync();
        await SeesAsync();

        async Task SeesAsync()
        {
            Assert.Equal([new Sample(At(0), 21.4)], await SamplesAsync("temperature"));
            Series series = Assert.Single(_history.SeriesOf("esp32-1"));
            Assert.Equal(("temperature", SeriesKind.Number, "°C", new Sample(At(0), 21.4)), (series.Field, series.Kind, series.Unit, series.Latest));
        }
    }

    [Fact]
    public async Task The_same_sample_twice_is_one_whether_it_waits_or_lies_in_a_chunk()
    {
        await PublishAsync("esp32-1", Numeric("t", 0, "1"), Numeric("t", 1, "2"));
        await PublishAsync("esp32-1", Numeric("t", 1, "2"));
        Assert.Equal(2, (await SamplesAsync("t")).Count);
        await _history.FlushAsync();
        await PublishAsync("esp32-1", Numeric("t", 0, "1"), Numeric("t", 2, "3"));
        Assert.Equal([1, 2, 3], (await SamplesAsync("t")).Select(s => s.Value));
        Aggregate point = Assert.Single(await PointsAsync("t", 3600));
        Assert.Equal((3, 1, 3, 6, 3), (point.Count, point.Min, point.Max, point.Sum, point.Last));
        await _history.FlushAsync();
        Assert.Equal([1, 2, 3], (await SamplesAsync("t")).Select(s => s.Value));
        Assert.Equal(3, Assert.Single(await PointsAsync("t", 3600)).Count);
    }

    [Fact]
    public async Task A_value_that_is_corrected_is_the_later_one()
    {
        await PublishAsync("esp32-1", Numeric("t", 0, "1"));
        await _history.FlushAsync();
        await PublishAsync("esp32-1", Numeric("t", 0, "5"));
        Assert.Equal([5], (await SamplesAsync("t")).Select(s => s.Value));
        await _history.FlushAsync();
        Assert.Equal([5], (await SamplesAsync("t")).Select(s => s.Value));
    }

    [Fact]
    public async Task A_flush_that_a_crash_cut_off_before_the_log_was_emptied_is_done_again_and_comes_to_the_same()
    {
        await PublishAsync("esp32-1", [.. Enumerable.Range(0, 30).Select(i => Numeric("t", i, i.ToString(CultureInfo.InvariantCulture)))]);
        byte[] row = await _database.ReadAsync(s =>
        {
            SqlStatement log = s.Prepare("SELECT samples FROM history_log");
            Assert.True(log.Read());
            byte[] bytes = log.GetBytes(0);
            log.Reset();
            return bytes;
        });
        await _history.FlushAsync();
        await _database.WriteAsync(s => s.Prepare("INSERT INTO history_log (samples) VALUES ($1)").Bind(1, row).Execute());
        _history = await ReopenAsync();
        Assert.Equal(30, _history.PendingSamples);
        Assert.Equal(30, (await SamplesAsync("t")).Count);
        await _history.FlushAsync();
        Assert.Equal(30, (await SamplesAsync("t")).Count);
        Assert.Equal(0, await CountAsync("history_log"));
    }

    [Fact]
    public async Task Booleans_and_enums_have_a_history_texts_have_none()
    {
        await PublishAsync(
            "door-1",
            "<timestamp value='2026-11-20T12:00:00Z'><boolean name='open' value='true'/><enum name='mode' value='auto' dataType='Mode'/><string name='note' value='x'/></timestamp>",
            "<timestamp value='2026-11-20T12:00:01Z'><boolean name='open' value='0'/><enum name='mode' value='off' dataType='Mode'/><int name='count' value='7'/></timestamp>",
            "<timestamp value='2026-11-20T12:00:02Z'><enum name='mode' value='auto' dataType='Mode'/><long name='total' value='9007199254740991'/></timestamp>");
        for (int round = 0; round < 2; round++)
        {
            Assert.Equal(["count", "mode", "open", "total"], _history.SeriesOf("door-1").Select(s => s.Field).Order(StringComparer.Ordinal));
            Series mode = _history.Find("door-1", "mode")!;
            Assert.Equal(["auto", "off", "auto"], (await SamplesAsync("mode", "door-1")).Select(s => mode.Text(s.Value)));
            Assert.Equal([1, 0], (await SamplesAsync("open", "door-1")).Select(s => s.Value));
            Assert.Equal([9007199254740991], (await SamplesAsync("total", "door-1")).Select(s => s.Value));
            _history = await ReopenAsync();
        }
    }

    [Fact]
    public async Task Fields_of_another_node_have_the_nodes_name_before_theirs()
    {
        await PublishAsync("gw-1", "<timestamp value='2026-11-20T12:00:00Z'><numeric name='t' value='1'/></timestamp>");
        SampleBatch batch = _history.Read("gw-1", "<fields xmlns='urn:xmpp:iot:sensordata'><node nodeId='cellar'><timestamp value='2026-11-20T12:00:00Z'><numeric name='t' value='2'/></timestamp></node></fields>"u8)!;
        await WriteAsync(batch);
        Assert.Equal(["cellar/t", "t"], _history.SeriesOf("gw-1").Select(s => s.Field).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("<numeric name='t' value='NaN'/>")]
    [InlineData("<numeric name='t' value='INF'/>")]
    [InlineData("<numeric name='t' value='1e999'/>")]
    [InlineData("<numeric name='t' value='21,4'/>")]
    [InlineData("<numeric name='t' value=''/>")]
    [InlineData("<numeric name='' value='1'/>")]
    [InlineData("<numeric value='1'/>")]
    [InlineData("<boolean name='t' value='yes'/>")]
    public void What_is_no_sample_is_dropped(string field) =>
        Assert.Null(_history.Read("esp32-1", Encoding.UTF8.GetBytes($"<fields xmlns='urn:xmpp:iot:sensordata'><node nodeId='esp32-1'><timestamp value='2026-11-20T12:00:00Z'>{field}</timestamp></node></fields>")));

    [Theory]
    [InlineData("2026-10-21T11:59:59Z", false)]
    [InlineData("2026-10-21T12:00:00Z", true)]
    [InlineData("2026-11-20T13:00:00Z", true)]
    [InlineData("2026-11-20T13:00:01Z", false)]
    [InlineData("yesterday", false)]
    public void What_is_older_than_is_kept_or_far_ahead_is_dropped(string time, bool taken) => Assert.Equal(
        taken, _history.Read("esp32-1", Encoding.UTF8.GetBytes($"<fields xmlns='urn:xmpp:iot:sensordata'><node nodeId='esp32-1'><timestamp value='{time}'><numeric name='t' value='1'/></timestamp></node></fields>")) is not null);

    [Fact]
    public void What_is_no_sensor_data_is_nothing() => Assert.Null(_history.Read("esp32-1", "<fields xmlns='urn:example'><node/></fields>"u8));

    [Fact]
    public async Task One_thing_cannot_make_more_series_than_it_may()
    {
        await PublishAsync("esp32-1", [.. Enumerable.Range(0, 100).Select(i => Numeric("f" + i.ToString(CultureInfo.InvariantCulture), 0, "1"))]);
        Assert.Equal(64, _history.SeriesOf("esp32-1").Count);
        await PublishAsync("esp32-1", Numeric("f0", 1, "2"), Numeric("one-more", 1, "2"));
        Assert.Equal(64, _history.SeriesOf("esp32-1").Count);
        Assert.Equal(2, (await SamplesAsync("f0")).Count);
    }

    [Fact]
    public async Task A_gap_stays_a_gap_and_buckets_begin_at_whole_multiples()
    {
        await PublishAsync("esp32-1", Numeric("t", 30, "1"), Numeric("t", 59, "3"), Numeric("t", 600, "7"));
        for (int round = 0; round < 2; round++)
        {
            IReadOnlyList<Aggregate> points = await _history.QueryAsync(_history.Find("esp32-1", "t")!, s_start.AddSeconds(20), s_start.AddSeconds(700), TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
            Assert.Equal([(At(0), 2L, 2.0), (At(600), 1L, 7.0)], points.Select(p => (p.Time, p.Count, p.Average)));
            await _history.FlushAsync();
        }
    }

    [Fact]
    public async Task A_query_for_too_many_points_is_refused()
    {
        await PublishAsync("esp32-1", Numeric("t", 0, "1"));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await PointsAsync("t", 0.001));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Whatever_comes_in_whatever_order_the_history_is_that_of_a_plain_table(int seed)
    {
        await _history.DisposeAsync();
        _history = await OpenAsync(new HistoryOptions { ChunkSamples = 16 });
        var random = new Random(seed);
        var table = new SortedDictionary<long, double>();
        for (int round = 0; round < 60; round++)
        {
            List<string> some = [];
            int around = random.Next(3_000);
            for (int i = random.Next(1, 40); i > 0; i--)
            {
                int second = random.Next(3) == 0 ? random.Next(3_000) : around + i;
                double value = random.Next(1000) / 10.0;
                table[At(second)] = value;
                some.Add(Numeric("t", second, value.ToString(CultureInfo.InvariantCulture)));
            }

            await PublishAsync("esp32-1", [.. some]);
            switch (random.Next(5))
            {
                case 0:
                    await _history.FlushAsync();
                    break;
                case 1:
                    _history = await ReopenAsync(new HistoryOptions { ChunkSamples = 16 });
                    break;
            }

            Assert.Equal(table.Select(r => new Sample(r.Key, r.Value)), await SamplesAsync("t"));
            int from = random.Next(3_000);
            int to = from + random.Next(1, 3_000);
            int span = random.Next(1, 500);
            Assert.Equal(
                table.Where(r => r.Key >= At(from) && r.Key < At(to)).GroupBy(r => Buckets.StartOf(r.Key, span * 1000)).Select(g => (g.Key, (long)g.Count(), g.Min(r => r.Value), g.Max(r => r.Value), Math.Round(g.Sum(r => r.Value), 6), g.Last().Value)),
                (await _history.QueryAsync(_history.Find("esp32-1", "t")!, s_start.AddSeconds(from), s_start.AddSeconds(to), TimeSpan.FromSeconds(span), TestContext.Current.CancellationToken))
                    .Select(p => (p.Time, p.Count, p.Min, p.Max, Math.Round(p.Sum, 6), p.Last)));
        }
    }

    [Fact]
    public async Task An_export_gives_all_pages()
    {
        await _history.DisposeAsync();
        _history = await OpenAsync(new HistoryOptions { ChunkSamples = 16, MaxPoints = 7 });
        await PublishAsync("esp32-1", [.. Enumerable.Range(0, 50).Select(i => Numeric("t", i, "1"))]);
        await _history.FlushAsync();
        await PublishAsync("esp32-1", [.. Enumerable.Range(40, 20).Select(i => Numeric("t", i, "2"))]);
        List<Sample> all = [];
        await foreach (Sample sample in _history.AllAsync(_history.Find("esp32-1", "t")!, s_start, s_start.AddDays(1), TestContext.Current.CancellationToken))
        {
            all.Add(sample);
        }

        Assert.Equal(Enumerable.Range(0, 60).Select(i => new Sample(At(i), i < 40 ? 1 : 2)), all);
    }

    [Fact]
    public async Task An_export_of_points_gives_all_pages_with_their_gaps()
    {
        await _history.DisposeAsync();
        _history = await OpenAsync(new HistoryOptions { ChunkSamples = 16, MaxPoints = 7 });
        int[] seconds = [.. Enumerable.Range(0, 100), .. Enumerable.Range(500, 100)];
        await PublishAsync("esp32-1", [.. seconds.Select(i => Numeric("t", i, "1"))]);
        await _history.FlushAsync();
        await PublishAsync("esp32-1", [.. Enumerable.Range(600, 30).Select(i => Numeric("t", i, "2"))]);
        List<(long, long, double)> all = [];
        await foreach (Aggregate point in _history.AllAsync(_history.Find("esp32-1", "t")!, s_start.AddDays(-30), s_start.AddDays(1), TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken))
        {
            all.Add((point.Time, point.Count, point.Average));
        }

        Assert.Equal([.. Enumerable.Range(0, 10).Select(i => (At(i * 10), 10L, 1.0)), .. Enumerable.Range(50, 13).Select(i => (At(i * 10), 10L, i < 60 ? 1.0 : 2.0))], all);
    }

    [Fact]
    public async Task The_latest_of_a_fleet_are_the_latest_by_time_and_not_by_arrival()
    {
        for (int thing = 0; thing < 40; thing++)
        {
            await PublishAsync($"esp32-{thing}", Numeric("t", 60, "1"), Numeric("h", 30, "2"));
            await PublishAsync($"esp32-{thing}", Numeric("t", 0, "7")); // late
        }

        for (int round = 0; round < 3; round++)
        {
            for (int thing = 0; thing < 40; thing++)
            {
                Assert.Equal(
                    [("h", new Sample(At(30), 2)), ("t", new Sample(At(60), 1))],
                    _history.SeriesOf($"esp32-{thing}").OrderBy(s => s.Field, StringComparer.Ordinal).Select(s => (s.Field, s.Latest!.Value)));
            }

            await _history.FlushAsync();
            _history = await ReopenAsync();
        }
    }

    [Fact]
    public async Task Hours_that_are_kept_for_a_time_are_gone_after_it()
    {
        var options = new HistoryOptions { RawDays = 1, MinuteDays = 1, HourDays = 1 };
        _history = await ReopenAsync(options);
        await PublishAsync("esp32-1", Numeric("t", 0, "1"));
        await _history.FlushAsync();
        foreach ((int days, int points) in ((int, int)[])[(1, 1), (2, 1), (3, 0)])
        {
            _time.Now = s_start.AddDays(days).AddMinutes(1);
            await _history.ExpireAsync();
            Assert.Equal(points, (await PointsAsync("t", 3600)).Count);
        }

        Assert.Equal(0, await CountAsync("history_chunk"));
    }

    [Fact]
    public async Task What_is_late_for_what_was_rolled_up_already_is_in_the_sums()
    {
        await PublishAsync("esp32-1", [.. Enumerable.Range(0, 30).Select(i => Numeric("t", i * 2, "1"))]);
        await _history.FlushAsync();
        _time.Now = s_start.AddDays(30).AddMinutes(-1); // what comes now is just young enough to be taken
        SampleBatch late = _history.Read("esp32-1", Payload("esp32-1", Numeric("t", 31, "5"), Numeric("t", 90, "5")))!;
        _time.Now = s_start.AddDays(30).AddMinutes(5);
        await _history.ExpireAsync();
        Assert.Empty(await SamplesAsync("t"));
        await WriteAsync(late);
        await _history.FlushAsync();
        Assert.Equal(2, (await SamplesAsync("t")).Count);
        await _history.ExpireAsync();
        Assert.Empty(await SamplesAsync("t"));
        Assert.Equal([(At(0), 31L, 35.0), (At(60), 1L, 5.0)], (await PointsAsync("t", 60)).Select(p => (p.Time, p.Count, p.Sum)));
    }

    [Fact]
    public async Task A_query_while_chunks_are_rolled_up_counts_each_sample_once()
    {
        await _history.DisposeAsync();
        _history = await OpenAsync(new HistoryOptions { ChunkSamples = 16, RawDays = 1, MinuteDays = 1 });
        _time.Now = s_start.AddHours(5); // none of them is ahead of the clock
        await PublishAsync("esp32-1", [.. Enumerable.Range(0, 3000).Select(i => Numeric("t", i * 5, "1"))]);
        await _history.FlushAsync();
        Task expiring = Task.Run(async () =>
        {
            for (int i = 0; i <= 300; i++)
            {
                _time.Now = s_start.AddDays(1).AddSeconds(i * 50);
                await _history.ExpireAsync();
            }

            for (int i = 0; i <= 30; i++)
            {
                _time.Now = s_start.AddDays(2).AddSeconds(i * 500);
                await _history.ExpireAsync();
            }
        }, TestContext.Current.CancellationToken);
        while (!expiring.IsCompleted)
        {
            Assert.Equal(3000, (await PointsAsync("t", 3600)).Sum(p => p.Count));
        }

        await expiring;
        Assert.Equal(3000, (await PointsAsync("t", 3600)).Sum(p => p.Count));
    }

    [Fact]
    public async Task Samples_become_minutes_and_minutes_hours_and_sums_stay()
    {
        for (int hour = 0; hour < 4; hour++)
        {
            await PublishAsync("esp32-1", [.. Enumerable.Range(0, 240).Select(i => Numeric("t", (hour * 3600) + (i * 15), (hour + 1).ToString(CultureInfo.InvariantCulture)))]);
            _time.Now += TimeSpan.FromHours(1);
        }

        await _history.FlushAsync();
        (long, double, double)[] whole = [.. (await PointsAsync("t", 3600)).Select(p => (p.Count, p.Sum, p.Last))];
        Assert.Equal([(240, 240, 1), (240, 480, 2), (240, 720, 3), (240, 960, 4)], whole);

        _time.Now += TimeSpan.FromDays(31);
        await _history.ExpireAsync();
        Assert.Empty(await SamplesAsync("t"));
        Assert.Equal(whole, (await PointsAsync("t", 3600)).Select(p => (p.Count, p.Sum, p.Last)));
        Assert.Equal(240, (await PointsAsync("t", 60)).Count);

        _time.Now += TimeSpan.FromDays(366);
        await _history.ExpireAsync();
        Assert.Equal(whole, (await PointsAsync("t", 3600)).Select(p => (p.Count, p.Sum, p.Last)));
        Assert.Equal(4, (await PointsAsync("t", 60)).Count);
        _history = await ReopenAsync();
        Assert.Equal(4, _history.Find("esp32-1", "t")!.Latest!.Value.Value);
    }

    [Fact]
    public async Task Chunks_that_expire_one_after_the_other_count_each_sample_once()
    {
        await _history.DisposeAsync();
        _history = await OpenAsync(new HistoryOptions { ChunkSamples = 16, RawDays = 1 });
        await PublishAsync("esp32-1", [.. Enumerable.Range(0, 600).Select(i => Numeric("t", i, "1"))]);
        await _history.FlushAsync();
        for (int i = 0; i < 20; i++)
        {
            _time.Now = s_start.AddDays(1).AddSeconds(i * 37);
            await _history.ExpireAsync();
            Assert.Equal(600, (await PointsAsync("t", 3600)).Sum(p => p.Count));
            Assert.Equal(10, (await PointsAsync("t", 60)).Count);
        }
    }

    [Fact]
    public async Task A_thing_that_is_forgotten_leaves_nothing()
    {
        await PublishAsync("esp32-1", Numeric("t", 0, "1"));
        await PublishAsync("esp32-2", Numeric("t", 0, "1"));
        await _history.FlushAsync();
        await PublishAsync("esp32-1", Numeric("t", 1, "1"));
        await _history.ForgetAsync("esp32-1");
        Assert.Empty(_history.SeriesOf("esp32-1"));
        await _history.FlushAsync();
        Assert.Equal(1, await CountAsync("history_series"));
        Assert.Equal(1, await CountAsync("history_chunk"));
        await PublishAsync("esp32-1", Numeric("t", 5, "9"));
        Assert.Equal([new Sample(At(5), 9)], await SamplesAsync("t"));
    }

    [Fact]
    public async Task A_publication_that_is_not_stored_leaves_no_sample()
    {
        SampleBatch batch = _history.Read("esp32-1", Payload("esp32-1", Numeric("t", 0, "1")))!;
        await Assert.ThrowsAsync<InvalidOperationException>(() => _database.WriteAsync(s =>
        {
            _history.Write(s, batch);
            throw new InvalidOperationException();
        }));
        Assert.Empty(_history.SeriesOf("esp32-1"));
        Assert.Equal(0, await CountAsync("history_series"));
        Assert.Equal(0, await CountAsync("history_log"));
    }

    private static long At(int second) => s_start.AddSeconds(second).ToUnixTimeMilliseconds();

    private static string Numeric(string name, int second, string value) => $"<timestamp value='{TimeFormat.Text(At(second))}'><numeric name='{name}' value='{value}' unit='°C'/></timestamp>";

    private static byte[] Payload(string thing, params string[] timestamps) =>
        Encoding.UTF8.GetBytes($"<fields xmlns='urn:xmpp:iot:sensordata' seqnr='1'><node nodeId='{thing}'>{string.Concat(timestamps)}</node></fields>");

    private async Task PublishAsync(string thing, params string[] timestamps) => await WriteAsync(_history.Read(thing, Payload(thing, timestamps))!);

    private Task WriteAsync(SampleBatch batch) => _database.WriteAsync(s => _history.Write(s, batch), () => _history.Committed(batch));

    private async Task<IReadOnlyList<Sample>> SamplesAsync(string field, string thing = "esp32-1") =>
        await _history.SamplesAsync(_history.Find(thing, field)!, s_start.AddDays(-40), s_start.AddDays(40), 10_000, TestContext.Current.CancellationToken);

    private async Task<IReadOnlyList<Aggregate>> PointsAsync(string field, double seconds) =>
        await _history.QueryAsync(_history.Find("esp32-1", field)!, s_start.AddHours(-1), s_start.AddHours(24), TimeSpan.FromSeconds(seconds), TestContext.Current.CancellationToken);

    private ValueTask<long> CountAsync(string table) => _database.ReadAsync(s =>
    {
        SqlStatement row = s.Prepare($"SELECT count(*) FROM {table}");
        row.Read();
        long count = row.GetInt64(0);
        row.Reset();
        return count;
    });

    private async Task<HistoryService> OpenAsync(HistoryOptions? options = null)
    {
        var history = new HistoryService(_database, options ?? new HistoryOptions(), _time, NullLogger<HistoryService>.Instance);
        await history.StartAsync();
        return history;
    }

    private async Task<HistoryService> ReopenAsync(HistoryOptions? options = null)
    {
        await _history.DisposeAsync();
        return await OpenAsync(options);
    }
}
