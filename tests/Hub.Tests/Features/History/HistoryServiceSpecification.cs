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

/// <summary>Samples of things: each once, however late; as points with their gaps.</summary>
public abstract class HistoryServiceSpecification : HistoryHarness
{
    [Fact]
    public async Task A_sample_is_there_at_once_and_after_it_was_put_into_a_chunk_and_after_a_restart()
    {
        await PublishAsync("esp32-1", Numeric("temperature", 0, "21.4"));
        await SeesAsync();
        History = await ReopenAsync();
        await SeesAsync();
        await History.FlushAsync();
        Assert.Equal(0, History.PendingSamples);
        await SeesAsync();
        History = await ReopenAsync();
        await SeesAsync();

        async Task SeesAsync()
        {
            Assert.Equal([new Sample(At(0), 21.4)], await SamplesAsync("temperature"));
            Series series = Assert.Single(History.SeriesOf("esp32-1"));
            Assert.Equal(("temperature", SeriesKind.Number, "°C", new Sample(At(0), 21.4)), (series.Field, series.Kind, series.Unit, series.Latest));
        }
    }

    [Fact]
    public async Task The_same_sample_twice_is_one_whether_it_waits_or_lies_in_a_chunk()
    {
        await PublishAsync("esp32-1", Numeric("t", 0, "1"), Numeric("t", 1, "2"));
        await PublishAsync("esp32-1", Numeric("t", 1, "2"));
        Assert.Equal(2, (await SamplesAsync("t")).Count);
        await History.FlushAsync();
        await PublishAsync("esp32-1", Numeric("t", 0, "1"), Numeric("t", 2, "3"));
        Assert.Equal([1, 2, 3], (await SamplesAsync("t")).Select(s => s.Value));
        Aggregate point = Assert.Single(await PointsAsync("t", 3600));
        Assert.Equal((3, 1, 3, 6, 3), (point.Count, point.Min, point.Max, point.Sum, point.Last));
        await History.FlushAsync();
        Assert.Equal([1, 2, 3], (await SamplesAsync("t")).Select(s => s.Value));
        Assert.Equal(3, Assert.Single(await PointsAsync("t", 3600)).Count);
    }

    [Fact]
    public async Task A_value_that_is_corrected_is_the_later_one()
    {
        await PublishAsync("esp32-1", Numeric("t", 0, "1"));
        await History.FlushAsync();
        await PublishAsync("esp32-1", Numeric("t", 0, "5"));
        Assert.Equal([5], (await SamplesAsync("t")).Select(s => s.Value));
        await History.FlushAsync();
        Assert.Equal([5], (await SamplesAsync("t")).Select(s => s.Value));
    }

    [Fact]
    public async Task A_flush_that_a_crash_cut_off_before_the_log_was_emptied_is_done_again_and_comes_to_the_same()
    {
        await PublishAsync("esp32-1", [.. Enumerable.Range(0, 30).Select(i => Numeric("t", i, i.ToString(CultureInfo.InvariantCulture)))]);
        byte[] row = await Database.ReadAsync(s =>
        {
            SqlStatement log = s.Prepare("SELECT samples FROM history_log");
            Assert.True(log.Read());
            byte[] bytes = log.GetBytes(0);
            log.Reset();
            return bytes;
        });
        await History.FlushAsync();
        await Database.WriteAsync(s => s.Prepare("INSERT INTO history_log (samples) VALUES ($1)").Bind(1, row).Execute());
        History = await ReopenAsync();
        Assert.Equal(30, History.PendingSamples);
        Assert.Equal(30, (await SamplesAsync("t")).Count);
        await History.FlushAsync();
        Assert.Equal(30, (await SamplesAsync("t")).Count);
        Assert.Equal(0, await CountAsync("history_log"));
    }

    [Fact]
    public async Task Booleans_and_enums_have_aHistory_texts_have_none()
    {
        await PublishAsync(
            "door-1",
            "<timestamp value='2026-11-20T12:00:00Z'><boolean name='open' value='true'/><enum name='mode' value='auto' dataType='Mode'/><string name='note' value='x'/></timestamp>",
            "<timestamp value='2026-11-20T12:00:01Z'><boolean name='open' value='0'/><enum name='mode' value='off' dataType='Mode'/><int name='count' value='7'/></timestamp>",
            "<timestamp value='2026-11-20T12:00:02Z'><enum name='mode' value='auto' dataType='Mode'/><long name='total' value='9007199254740991'/></timestamp>");
        for (int round = 0; round < 2; round++)
        {
            Assert.Equal(["count", "mode", "open", "total"], History.SeriesOf("door-1").Select(s => s.Field).Order(StringComparer.Ordinal));
            Series mode = History.Find("door-1", "mode")!;
            Assert.Equal(["auto", "off", "auto"], (await SamplesAsync("mode", "door-1")).Select(s => mode.Text(s.Value)));
            Assert.Equal([1, 0], (await SamplesAsync("open", "door-1")).Select(s => s.Value));
            Assert.Equal([9007199254740991], (await SamplesAsync("total", "door-1")).Select(s => s.Value));
            History = await ReopenAsync();
        }
    }

    [Fact]
    public async Task Fields_of_another_node_have_the_nodes_name_before_theirs()
    {
        await PublishAsync("gw-1", "<timestamp value='2026-11-20T12:00:00Z'><numeric name='t' value='1'/></timestamp>");
        SampleBatch batch = History.Read("gw-1", "<fields xmlns='urn:xmpp:iot:sensordata'><node nodeId='cellar'><timestamp value='2026-11-20T12:00:00Z'><numeric name='t' value='2'/></timestamp></node></fields>"u8)!;
        await WriteAsync(batch);
        Assert.Equal(["cellar/t", "t"], History.SeriesOf("gw-1").Select(s => s.Field).Order(StringComparer.Ordinal));
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
        Assert.Null(History.Read("esp32-1", Encoding.UTF8.GetBytes($"<fields xmlns='urn:xmpp:iot:sensordata'><node nodeId='esp32-1'><timestamp value='2026-11-20T12:00:00Z'>{field}</timestamp></node></fields>")));

    [Theory]
    [InlineData("2026-10-21T11:59:59Z", false)]
    [InlineData("2026-10-21T12:00:00Z", true)]
    [InlineData("2026-11-20T13:00:00Z", true)]
    [InlineData("2026-11-20T13:00:01Z", false)]
    [InlineData("yesterday", false)]
    public void What_is_older_than_is_kept_or_far_ahead_is_dropped(string time, bool taken) => Assert.Equal(
        taken, History.Read("esp32-1", Encoding.UTF8.GetBytes($"<fields xmlns='urn:xmpp:iot:sensordata'><node nodeId='esp32-1'><timestamp value='{time}'><numeric name='t' value='1'/></timestamp></node></fields>")) is not null);

    [Fact]
    public void What_is_no_sensor_data_is_nothing() => Assert.Null(History.Read("esp32-1", "<fields xmlns='urn:example'><node/></fields>"u8));

    [Fact]
    public async Task One_thing_cannot_make_more_series_than_it_may()
    {
        await PublishAsync("esp32-1", [.. Enumerable.Range(0, 100).Select(i => Numeric("f" + i.ToString(CultureInfo.InvariantCulture), 0, "1"))]);
        Assert.Equal(64, History.SeriesOf("esp32-1").Count);
        await PublishAsync("esp32-1", Numeric("f0", 1, "2"), Numeric("one-more", 1, "2"));
        Assert.Equal(64, History.SeriesOf("esp32-1").Count);
        Assert.Equal(2, (await SamplesAsync("f0")).Count);
    }

    [Fact]
    public async Task A_gap_stays_a_gap_and_buckets_begin_at_whole_multiples()
    {
        await PublishAsync("esp32-1", Numeric("t", 30, "1"), Numeric("t", 59, "3"), Numeric("t", 600, "7"));
        for (int round = 0; round < 2; round++)
        {
            IReadOnlyList<Aggregate> points = await History.QueryAsync(History.Find("esp32-1", "t")!, Start.AddSeconds(20), Start.AddSeconds(700), TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
            Assert.Equal([(At(0), 2L, 2.0), (At(600), 1L, 7.0)], points.Select(p => (p.Time, p.Count, p.Average)));
            await History.FlushAsync();
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
    public async Task Whatever_comes_in_whatever_order_theHistory_is_that_of_a_plain_table(int seed)
    {
        await History.DisposeAsync();
        History = await OpenAsync(new HistoryOptions { ChunkSamples = 16 });
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
                    await History.FlushAsync();
                    break;
                case 1:
                    History = await ReopenAsync(new HistoryOptions { ChunkSamples = 16 });
                    break;
            }

            Assert.Equal(table.Select(r => new Sample(r.Key, r.Value)), await SamplesAsync("t"));
            int from = random.Next(3_000);
            int to = from + random.Next(1, 3_000);
            int span = random.Next(1, 500);
            Assert.Equal(
                table.Where(r => r.Key >= At(from) && r.Key < At(to)).GroupBy(r => Buckets.StartOf(r.Key, span * 1000)).Select(g => (g.Key, (long)g.Count(), g.Min(r => r.Value), g.Max(r => r.Value), Math.Round(g.Sum(r => r.Value), 6), g.Last().Value)),
                (await History.QueryAsync(History.Find("esp32-1", "t")!, Start.AddSeconds(from), Start.AddSeconds(to), TimeSpan.FromSeconds(span), TestContext.Current.CancellationToken))
                    .Select(p => (p.Time, p.Count, p.Min, p.Max, Math.Round(p.Sum, 6), p.Last)));
        }
    }

    [Fact]
    public async Task An_export_gives_all_pages()
    {
        await History.DisposeAsync();
        History = await OpenAsync(new HistoryOptions { ChunkSamples = 16, MaxPoints = 7 });
        await PublishAsync("esp32-1", [.. Enumerable.Range(0, 50).Select(i => Numeric("t", i, "1"))]);
        await History.FlushAsync();
        await PublishAsync("esp32-1", [.. Enumerable.Range(40, 20).Select(i => Numeric("t", i, "2"))]);
        List<Sample> all = [];
        await foreach (Sample sample in History.AllAsync(History.Find("esp32-1", "t")!, Start, Start.AddDays(1), TestContext.Current.CancellationToken))
        {
            all.Add(sample);
        }

        Assert.Equal(Enumerable.Range(0, 60).Select(i => new Sample(At(i), i < 40 ? 1 : 2)), all);
    }

    [Fact]
    public async Task An_export_of_points_gives_all_pages_with_their_gaps()
    {
        await History.DisposeAsync();
        History = await OpenAsync(new HistoryOptions { ChunkSamples = 16, MaxPoints = 7 });
        int[] seconds = [.. Enumerable.Range(0, 100), .. Enumerable.Range(500, 100)];
        await PublishAsync("esp32-1", [.. seconds.Select(i => Numeric("t", i, "1"))]);
        await History.FlushAsync();
        await PublishAsync("esp32-1", [.. Enumerable.Range(600, 30).Select(i => Numeric("t", i, "2"))]);
        List<(long, long, double)> all = [];
        await foreach (Aggregate point in History.AllAsync(History.Find("esp32-1", "t")!, Start.AddDays(-30), Start.AddDays(1), TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken))
        {
            all.Add((point.Time, point.Count, point.Average));
        }

        Assert.Equal([.. Enumerable.Range(0, 10).Select(i => (At(i * 10), 10L, 1.0)), .. Enumerable.Range(50, 13).Select(i => (At(i * 10), 10L, i < 60 ? 1.0 : 2.0))], all);
    }

    [Fact]
    public async Task The_latest_of_a_fleet_are_the_latest_byClock_and_not_by_arrival()
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
                    History.SeriesOf($"esp32-{thing}").OrderBy(s => s.Field, StringComparer.Ordinal).Select(s => (s.Field, s.Latest!.Value)));
            }

            await History.FlushAsync();
            History = await ReopenAsync();
        }
    }

    [Fact]
    public async Task Hours_that_are_kept_for_aClock_are_gone_after_it()
    {
        var options = new HistoryOptions { RawDays = 1, MinuteDays = 1, HourDays = 1 };
        History = await ReopenAsync(options);
        await PublishAsync("esp32-1", Numeric("t", 0, "1"));
        await History.FlushAsync();
        foreach ((int days, int points) in ((int, int)[])[(1, 1), (2, 1), (3, 0)])
        {
            Clock.Now = Start.AddDays(days).AddMinutes(1);
            await History.ExpireAsync();
            Assert.Equal(points, (await PointsAsync("t", 3600)).Count);
        }

        Assert.Equal(0, await CountAsync("history_chunk"));
    }

    [Fact]
    public async Task A_thing_that_is_forgotten_leaves_nothing()
    {
        await PublishAsync("esp32-1", Numeric("t", 0, "1"));
        await PublishAsync("esp32-2", Numeric("t", 0, "1"));
        await History.FlushAsync();
        await PublishAsync("esp32-1", Numeric("t", 1, "1"));
        await History.ForgetAsync("esp32-1");
        Assert.Empty(History.SeriesOf("esp32-1"));
        await History.FlushAsync();
        Assert.Equal(1, await CountAsync("history_series"));
        Assert.Equal(1, await CountAsync("history_chunk"));
        await PublishAsync("esp32-1", Numeric("t", 5, "9"));
        Assert.Equal([new Sample(At(5), 9)], await SamplesAsync("t"));
    }

    [Fact]
    public async Task A_publication_that_is_not_stored_leaves_no_sample()
    {
        SampleBatch batch = History.Read("esp32-1", Payload("esp32-1", Numeric("t", 0, "1")))!;
        await Assert.ThrowsAsync<InvalidOperationException>(() => Database.WriteAsync(s =>
        {
            History.Write(s, batch);
            throw new InvalidOperationException();
        }));
        Assert.Empty(History.SeriesOf("esp32-1"));
        Assert.Equal(0, await CountAsync("history_series"));
        Assert.Equal(0, await CountAsync("history_log"));
    }
}
