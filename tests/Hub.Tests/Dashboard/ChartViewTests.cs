using IotXmpp.Hub.Dashboard.Charts;
using IotXmpp.Hub.Features.History;
using Xunit;

namespace IotXmpp.Hub.Tests.Dashboard;

public sealed class ChartViewTests : FleetHarness
{
    [Theory]
    [InlineData(1, 5_000)]
    [InlineData(6, 30_000)]
    [InlineData(24, 120_000)]
    [InlineData(168, 900_000)]
    [InlineData(720, 3_600_000)]
    public void Any_span_is_at_most_a_thousand_points(int hours, long expected)
    {
        Assert.Equal(expected, ChartView.BucketOf(TimeSpan.FromHours(hours)));
        Assert.InRange(TimeSpan.FromHours(hours).TotalMilliseconds / ChartView.BucketOf(TimeSpan.FromHours(hours)), 1, ChartView.MaxPoints);
    }

    [Fact]
    public async Task Fields_of_one_unit_share_a_panel_and_a_gap_is_a_gap()
    {
        await AddAsync("a");
        for (int i = 0; i < 60; i++)
        {
            if (i is < 20 or > 40)
            {
                await MeasureAsync("a", At(3_600 - (i * 60), $"<numeric name='inside' value='{20 + i}' unit='°C'/><numeric name='outside' value='{i}' unit='°C'/><numeric name='humidity' value='50' unit='%'/><boolean name='relay' value='{(i > 50 ? "true" : "false")}'/>"));
            }
        }

        var view = new ChartView(History, "a", Clock);
        view.Choose(TimeSpan.FromHours(1));
        ChartData data = await view.ReadAsync();
        Assert.Equal(["%", "°C", ""], data.Panels.Select(p => p.Unit));
        Assert.Equal(["inside", "outside"], data.Panels[1].Series.Select(s => s.Name));
        Assert.Equal(("boolean", 2), (data.Panels[2].Kind, data.Panels[2].Texts!.Count));
        Assert.True(data.Live);
        ChartSeries inside = data.Panels[1].Series[0];
        Assert.Equal(1, inside.Values.Count(v => v is null));
        Assert.Equal(inside.Times.Order(), inside.Times);
        Assert.DoesNotContain(null, data.Panels[2].Series[0].Values); // a switch holds what it was
        FieldSummary summary = view.Summaries.First(s => s.Name == "inside");
        Assert.Equal(("79", "20", "79", 1), (summary.Latest, summary.Low, summary.High, summary.Gaps));
    }

    [Fact]
    public async Task What_comes_is_appended_and_what_comes_late_is_read_anew()
    {
        await AddAsync("a");
        for (int i = 0; i < 10; i++)
        {
            await MeasureAsync("a", At(100 - (i * 10), $"<numeric name='t' value='{i}' unit='°C'/>"));
        }

        var view = new ChartView(History, "a", Clock);
        view.Choose(TimeSpan.FromHours(1));
        await view.ReadAsync();
        Series series = History.Find("a", "t")!;
        long now = Clock.GetUtcNow().ToUnixTimeMilliseconds();
        Assert.True(view.TryAppend([(series, new Sample(now, 10)), (series, new Sample(now + 1_000, 20))], out IReadOnlyList<ChartPoint> points));
        ChartPoint point = Assert.Single(points);
        Assert.Equal((15, 10, 20, false), (point.Value, point.Low, point.High, point.IsBehindGap));
        Assert.Equal(("0", "20", 0), (view.Summaries[0].Low, view.Summaries[0].High, view.Summaries[0].Gaps));
        Assert.True(view.TryAppend([(series, new Sample(now + 600_000, 5))], out points));
        Assert.True(Assert.Single(points).IsBehindGap);
        Assert.Equal(1, view.Summaries[0].Gaps);
        Assert.False(view.TryAppend([(series, new Sample(now - 50_000, 5))], out _));
        // Of a field that was not there when the span was read.
        await MeasureAsync("a", At(0, "<numeric name='new' value='1'/>"));
        Assert.False(view.TryAppend([(History.Find("a", "new")!, new Sample(now + 700_000, 1))], out _));
    }

    [Fact]
    public async Task Who_has_zoomed_is_not_moved()
    {
        await AddAsync("a");
        await MeasureAsync("a", At(10, "<numeric name='t' value='1'/>"));
        var view = new ChartView(History, "a", Clock);
        DateTimeOffset now = Clock.GetUtcNow();
        view.Zoom(now.AddMinutes(-5), now.AddMinutes(-1));
        ChartData data = await view.ReadAsync();
        Assert.Equal((false, 240), (data.Live, data.To - data.From));
        Assert.True(view.TryAppend([(History.Find("a", "t")!, new Sample(now.ToUnixTimeMilliseconds() + 5, 5))], out IReadOnlyList<ChartPoint> points));
        Assert.Empty(points);
        view.Unzoom();
        Assert.True((await view.ReadAsync()).Live);
    }

    [Fact]
    public void A_span_from_a_browser_has_bounds()
    {
        var view = new ChartView(History, "a", Clock);
        DateTimeOffset now = Clock.GetUtcNow();
        view.Choose(TimeSpan.FromDays(100_000));
        Assert.Equal(ChartView.MaxSpan, view.Range);
        view.Zoom(now, now.AddYears(-1));
        Assert.True(view.IsZoomed);
        Assert.InRange(ChartView.BucketOf(TimeSpan.FromDays(100_000)), 1, long.MaxValue);
    }

    [Fact]
    public async Task No_more_fields_than_a_page_has_room_for()
    {
        await AddAsync("a");
        await MeasureAsync("a", At(1, string.Concat(Enumerable.Range(0, 30).Select(i => $"<numeric name='f{i:00}' value='1'/>"))));
        var view = new ChartView(History, "a", Clock);
        Assert.Equal(ChartView.MaxFields, (await view.ReadAsync()).Panels.Sum(p => p.Series.Count));
        view.Hidden.Add("f00");
        Assert.DoesNotContain((await view.ReadAsync()).Panels[0].Series, s => s.Name == "f00");
    }
}
