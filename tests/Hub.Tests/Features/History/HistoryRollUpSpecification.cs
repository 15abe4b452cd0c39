using System.Globalization;
using System.Text;
using IotXmpp.Hub.Features.History;
using IotXmpp.Hub.Storage;
using IotXmpp.Xml;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.History;

public sealed class SqliteHistoryRollUpTests : HistoryRollUpSpecification
{
    protected override Task<ISqlDatabase> OpenDatabaseAsync() => TestDatabase.OpenAsync(HistoryMigrations.All);
}

public sealed class PostgresHistoryRollUpTests : HistoryRollUpSpecification
{
    protected override Task<ISqlDatabase> OpenDatabaseAsync() => TestDatabase.OpenPostgresAsync(HistoryMigrations.All);
}

/// <summary>Samples that are rolled up when they are old, and count once whatever comes around that time.</summary>
public abstract class HistoryRollUpSpecification : HistoryHarness
{
    [Fact]
    public async Task A_query_while_chunks_are_rolled_up_counts_each_sample_once()
    {
        await History.DisposeAsync();
        History = await OpenAsync(new HistoryOptions { ChunkSamples = 16, RawDays = 1, MinuteDays = 1 });
        Clock.Now = Start.AddHours(5); // none of them is ahead of the clock
        await PublishAsync("esp32-1", [.. Enumerable.Range(0, 3000).Select(i => Numeric("t", i * 5, "1"))]);
        await History.FlushAsync();
        Task expiring = Task.Run(async () =>
        {
            for (int i = 0; i <= 300; i++)
            {
                Clock.Now = Start.AddDays(1).AddSeconds(i * 50);
                await History.ExpireAsync();
            }

            for (int i = 0; i <= 30; i++)
            {
                Clock.Now = Start.AddDays(2).AddSeconds(i * 500);
                await History.ExpireAsync();
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
            Clock.Now += TimeSpan.FromHours(1);
        }

        await History.FlushAsync();
        (long, double, double)[] whole = [.. (await PointsAsync("t", 3600)).Select(p => (p.Count, p.Sum, p.Last))];
        Assert.Equal([(240, 240, 1), (240, 480, 2), (240, 720, 3), (240, 960, 4)], whole);

        Clock.Now += TimeSpan.FromDays(31);
        await History.ExpireAsync();
        Assert.Empty(await SamplesAsync("t"));
        Assert.Equal(whole, (await PointsAsync("t", 3600)).Select(p => (p.Count, p.Sum, p.Last)));
        Assert.Equal(240, (await PointsAsync("t", 60)).Count);

        Clock.Now += TimeSpan.FromDays(366);
        await History.ExpireAsync();
        Assert.Equal(whole, (await PointsAsync("t", 3600)).Select(p => (p.Count, p.Sum, p.Last)));
        Assert.Equal(4, (await PointsAsync("t", 60)).Count);
        History = await ReopenAsync();
        Assert.Equal(4, History.Find("esp32-1", "t")!.Latest!.Value.Value);
    }

    [Fact]
    public async Task Chunks_that_expire_one_after_the_other_count_each_sample_once()
    {
        await History.DisposeAsync();
        History = await OpenAsync(new HistoryOptions { ChunkSamples = 16, RawDays = 1 });
        await PublishAsync("esp32-1", [.. Enumerable.Range(0, 600).Select(i => Numeric("t", i, "1"))]);
        await History.FlushAsync();
        for (int i = 0; i < 20; i++)
        {
            Clock.Now = Start.AddDays(1).AddSeconds(i * 37);
            await History.ExpireAsync();
            Assert.Equal(600, (await PointsAsync("t", 3600)).Sum(p => p.Count));
            Assert.Equal(10, (await PointsAsync("t", 60)).Count);
        }
    }

    [Fact]
    public async Task What_comes_late_before_the_roll_up_is_in_the_sums()
    {
        await PublishAsync("esp32-1", [.. Enumerable.Range(0, 30).Select(i => Numeric("t", i * 2, "1"))]);
        await History.FlushAsync();
        Clock.Now = Start.AddDays(30).AddMinutes(-1); // what comes now is just young enough to be taken
        await PublishAsync("esp32-1", Numeric("t", 31, "5"), Numeric("t", 90, "5"));
        Clock.Now = Start.AddDays(30).AddMinutes(5);
        await History.ExpireAsync();
        Assert.Empty(await SamplesAsync("t"));
        Assert.Equal([(At(0), 31L, 35.0), (At(60), 1L, 5.0)], (await PointsAsync("t", 60)).Select(p => (p.Time, p.Count, p.Sum)));
    }

    [Theory]
    [InlineData("in a chunk")]
    [InlineData("waiting")]
    [InlineData("in the log")]
    public async Task A_sample_that_comes_again_just_before_its_roll_up_counts_once(string where)
    {
        await PublishAsync("esp32-1", [.. Enumerable.Range(0, 30).Select(i => Numeric("t", i * 2, "1"))]);
        await History.FlushAsync();
        Clock.Now = Start.AddDays(30).AddMinutes(-1);
        await PublishAsync("esp32-1", [.. Enumerable.Range(0, 30).Select(i => Numeric("t", i * 2, "1"))]);
        switch (where)
        {
            case "in a chunk":
                await History.FlushAsync();
                break;
            case "in the log":
                History = await ReopenAsync();
                break;
        }

        Clock.Now = Start.AddDays(30).AddMinutes(5);
        for (int round = 0; round < 2; round++)
        {
            await History.ExpireAsync();
            Assert.Equal([(At(0), 30L, 30.0)], (await PointsAsync("t", 60)).Select(p => (p.Time, p.Count, p.Sum)));
            await History.FlushAsync();
        }
    }

    [Fact]
    public async Task A_sample_that_is_on_its_way_while_its_like_is_rolled_up_counts_once()
    {
        await PublishAsync("esp32-1", Numeric("t", 0, "1"), Numeric("t", 1, "2"));
        await History.FlushAsync();
        Clock.Now = Start.AddDays(30).AddMinutes(-1);
        SampleBatch again = History.Read("esp32-1", Payload("esp32-1", Numeric("t", 1, "2"), Numeric("t", 3600, "3")))!;
        Clock.Now = Start.AddDays(30).AddMinutes(5);
        await History.ExpireAsync();
        await WriteAsync(again);
        Assert.Equal(1, History.DroppedSamples);
        for (int round = 0; round < 2; round++)
        {
            Assert.Equal([(At(0), 2L, 3.0), (At(3600), 1L, 3.0)], (await PointsAsync("t", 60)).Select(p => (p.Time, p.Count, p.Sum)));
            await History.FlushAsync();
            await History.ExpireAsync();
        }
    }

    [Fact]
    public async Task What_was_rolled_up_is_not_taken_again_when_samples_are_kept_longer_or_the_clock_goes_back()
    {
        var options = new HistoryOptions { RawDays = 1 };
        History = await ReopenAsync(options);
        await PublishAsync("esp32-1", Numeric("t", 0, "1"));
        await History.FlushAsync();
        Clock.Now = Start.AddDays(1).AddMinutes(5);
        await History.ExpireAsync();
        foreach ((int rawDays, DateTimeOffset now) in ((int, DateTimeOffset)[])[(30, Clock.Now), (1, Start.AddDays(1).AddMinutes(-1))])
        {
            Clock.Now = now;
            History = await ReopenAsync(new HistoryOptions { RawDays = rawDays });
            await PublishAsync("esp32-1", Numeric("t", 0, "1"), Numeric("t", 600, "1"));
            Assert.Equal([(At(0), 1L), (At(600), 1L)], (await PointsAsync("t", 60)).Select(p => (p.Time, p.Count)));
            await History.FlushAsync();
            await History.ExpireAsync();
            Assert.Equal([(At(0), 1L), (At(600), 1L)], (await PointsAsync("t", 60)).Select(p => (p.Time, p.Count)));
        }
    }

    [Fact]
    public async Task A_query_while_what_waits_is_put_into_chunks_and_rolled_up_counts_each_sample_once()
    {
        var options = new HistoryOptions { ChunkSamples = 16, RawDays = 1 };
        History = await ReopenAsync(options);
        for (int minute = 0; minute < 60; minute++)
        {
            Clock.Now = Start.AddDays(1).AddMinutes(minute);
            await PublishAsync("esp32-1", [.. Enumerable.Range(0, 60).Select(i => Numeric("t", (minute * 60) + i, "1"))]);
            Clock.Now += TimeSpan.FromMinutes(1);
            Task expiring = Task.Run(History.ExpireAsync, TestContext.Current.CancellationToken);
            do
            {
                Assert.Equal((minute + 1) * 60, (await PointsAsync("t", 60)).Sum(p => p.Count));
            }
            while (!expiring.IsCompleted);
            await expiring;
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Whatever_comes_again_around_whatever_roll_up_counts_once(int seed)
    {
        var options = new HistoryOptions { ChunkSamples = 16, RawDays = 1 };
        History = await ReopenAsync(options);
        var random = new Random(seed);
        var taken = new HashSet<long>();
        (SampleBatch Batch, long[] Times)? onItsWay = null;
        long horizon = long.MinValue;
        for (int round = 0; round < 60; round++)
        {
            // Around the age at which samples are rolled up, and around now.
            long[] times = [.. Enumerable.Range(0, random.Next(1, 30)).Select(_ => At((round * 20) + random.Next(-60, 60) - (random.Next(2) * 86_400))).Distinct()];
            Clock.Now = Start.AddSeconds(round * 20);
            if (History.Read("esp32-1", Payload("esp32-1", [.. times.Select(t => $"<timestamp value='{TimeFormat.Text(t)}'><numeric name='t' value='1'/></timestamp>")])) is { } batch)
            {
                times = [.. times.Where(t => t >= Clock.Now.AddDays(-1).ToUnixTimeMilliseconds())];
                if (onItsWay is null && random.Next(3) == 0)
                {
                    onItsWay = (batch, times);
                }
                else
                {
                    await WriteAsync(batch);
                    taken.UnionWith(times);
                }
            }

            switch (random.Next(5))
            {
                case 0:
                    await History.FlushAsync();
                    break;
                case 1 when onItsWay is null:
                    History = await ReopenAsync(options);
                    break;
                case 2:
                    await History.ExpireAsync();
                    horizon = Clock.Now.AddDays(-1).ToUnixTimeMilliseconds();
                    break;
                case 3 when onItsWay is { } late:
                    await WriteAsync(late.Batch);
                    taken.UnionWith(late.Times.Where(t => t >= horizon));
                    onItsWay = null;
                    break;
            }

            if (taken.Count > 0)
            {
                Assert.Equal(
                    taken.GroupBy(t => Buckets.StartOf(t, 60_000)).OrderBy(g => g.Key).Select(g => (g.Key, (long)g.Count())),
                    (await History.QueryAsync(History.Find("esp32-1", "t")!, Start.AddDays(-2), Start.AddDays(1), TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken)).Select(p => (p.Time, p.Count)));
            }
        }
    }
}
