using System.Globalization;
using IotXmpp.Hub.Features.History;

namespace IotXmpp.Hub.Dashboard.Charts;

/// <summary>
/// The chart of one thing's fields: reads a span in at most some thousand points a field, keeps gaps as gaps, and takes in what comes while the span is live. The rights are the page's to ask: it shows
/// what the history has of this one thing.
/// </summary>
public sealed class ChartView(HistoryService history, string thing, TimeProvider time)
{
    /// <summary>Points of one field (1,000): as many as a screen is wide.</summary>
    public const int MaxPoints = 1_000;

    /// <summary>Fields shown at once (12); others are chosen instead.</summary>
    public const int MaxFields = 12;

    /// <summary>The longest span (5 years).</summary>
    public static readonly TimeSpan MaxSpan = TimeSpan.FromDays(5 * 366);

    private static readonly long[] s_buckets =
    [
        100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 10_800_000, 21_600_000, 43_200_000, 86_400_000, 172_800_000,
    ];

    private readonly Lock _gate = new();
    private readonly List<Line> _lines = [];
    private (DateTimeOffset From, DateTimeOffset To)? _zoom;
    private long _bucket;

    /// <summary>The span that is shown when nobody has zoomed (6 hours).</summary>
    public TimeSpan Range { get; private set; } = TimeSpan.FromHours(6);

    /// <summary>Whether somebody has zoomed: then the span stands still.</summary>
    public bool IsZoomed => _zoom is not null;

    /// <summary>Fields that are not shown; by default none but those beyond <see cref="MaxFields"/>.</summary>
    public HashSet<string> Hidden { get; } = new(StringComparer.Ordinal);

    /// <summary>What the fields did in the span, with what has come since it was read.</summary>
    public IReadOnlyList<FieldSummary> Summaries
    {
        get
        {
            lock (_gate)
            {
                return [.. _lines.Select(l => l.Summary())];
            }
        }
    }

    /// <summary>The fields of the thing, by name: of a field that changed its kind the latest.</summary>
    public IReadOnlyList<Series> Fields => [.. history.SeriesOf(thing).GroupBy(s => s.Field).Select(g => g.MaxBy(s => s.Latest?.Time ?? long.MinValue)!).OrderBy(s => s.Kind).ThenBy(s => s.Field, StringComparer.Ordinal)];

    /// <summary>Shows another span that ends now.</summary>
    public void Choose(TimeSpan range)
    {
        Range = range > MaxSpan ? MaxSpan : range < TimeSpan.FromMinutes(1) ? TimeSpan.FromMinutes(1) : range;
        _zoom = null;
    }

    /// <summary>Shows a span that somebody has chosen in the chart.</summary>
    public void Zoom(DateTimeOffset from, DateTimeOffset to)
    {
        if (to - from < TimeSpan.FromSeconds(1))
        {
            to = from.AddSeconds(1);
        }

        _zoom = (to - from > MaxSpan ? to - MaxSpan : from, to);
    }

    /// <summary>Shows the span of before.</summary>
    public void Unzoom() => _zoom = null;

    /// <summary>Reads the span.</summary>
    public async Task<ChartData> ReadAsync(CancellationToken cancel = default)
    {
        DateTimeOffset now = time.GetUtcNow();
        (DateTimeOffset from, DateTimeOffset to) = _zoom ?? (now - Range, now);
        long bucket = BucketOf(to - from);
        var lines = new List<Line>();
        foreach (Series series in Fields.Where(f => !Hidden.Contains(f.Field)).Take(MaxFields))
        {
            // What comes from here on is told; what the query has of it already would count twice in the mean of the last point, and is told apart by its time.
            long seen = series.Latest?.Time ?? long.MinValue;
            IReadOnlyList<Aggregate> points = await history.QueryAsync(series, from, to.AddMilliseconds(1), TimeSpan.FromMilliseconds(bucket), cancel).ConfigureAwait(false);
            lines.Add(new Line(series, points, bucket) { Seen = seen });
        }

        var panels = new List<ChartPanel>();
        foreach (IGrouping<string, Line> group in lines.GroupBy(l => l.Series.Kind == SeriesKind.Number ? "number " + l.Series.Unit : l.Series.Kind + " " + l.Series.Field))
        {
            int place = 0;
            foreach (Line line in group)
            {
                line.Panel = panels.Count;
                line.Place = place++;
            }

            Series one = group.First().Series;
            panels.Add(new ChartPanel(
                one.Unit,
                one.Kind switch { SeriesKind.Boolean => "boolean", SeriesKind.Enum => "enum", _ => "number" },
                one.Kind switch { SeriesKind.Boolean => ["off", "on"], SeriesKind.Enum => [.. one.Texts], _ => null },
                panels.Sum(p => p.Series.Count),
                [.. group.Select(l => l.ToSeries())]));
        }

        lock (_gate)
        {
            _lines.Clear();
            _lines.AddRange(lines);
            _bucket = bucket;
        }

        return new ChartData(Seconds(from), Seconds(to), bucket / 1000.0, _zoom is null, panels);
    }

    /// <summary>Takes in samples that have come.</summary>
    /// <param name="samples">Of this thing.</param>
    /// <param name="points">The points to append, the earliest first.</param>
    /// <returns>False where the span must be read anew: a field is new, or samples are older than what is shown.</returns>
    public bool TryAppend(IReadOnlyList<(Series Series, Sample Sample)> samples, out IReadOnlyList<ChartPoint> points)
    {
        var append = new Dictionary<(int, long), ChartPoint>();
        points = [];
        if (_zoom is not null)
        {
            return true; // it stands still
        }

        lock (_gate)
        {
            foreach ((Series series, Sample sample) in samples)
            {
                if (Hidden.Contains(series.Field))
                {
                    continue;
                }

                Line? line = _lines.Find(l => ReferenceEquals(l.Series, series));
                if (line is null)
                {
                    if (_lines.Count < MaxFields)
                    {
                        return false;
                    }

                    continue;
                }

                if (sample.Time <= line.Seen)
                {
                    if (sample.Time == line.Seen)
                    {
                        continue; // the query had it
                    }

                    return false;
                }

                line.Seen = sample.Time;
                ChartPoint point = line.Take(sample, _bucket, out bool isNew);
                var key = (_lines.IndexOf(line), (long)(point.Time * 1000));
                append[key] = !isNew && append.TryGetValue(key, out ChartPoint? before) ? point with { IsBehindGap = before.IsBehindGap } : point;
            }
        }

        points = [.. append.Values.OrderBy(p => p.Time)];
        return true;
    }

    /// <summary>The length of a bucket for a span, in milliseconds: a round one that gives at most <see cref="MaxPoints"/>.</summary>
    internal static long BucketOf(TimeSpan span)
    {
        double least = span.TotalMilliseconds / MaxPoints;
        return Array.Find(s_buckets, b => b >= least) is > 0 and long bucket ? bucket : s_buckets[^1];
    }

    private static double Seconds(DateTimeOffset at) => at.ToUnixTimeMilliseconds() / 1000.0;

    // Six digits are more than a pixel tells, and half the bytes.
    private static double Short(double value) => value == 0 || !double.IsFinite(value) ? 0 : double.Parse(value.ToString("G6", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private sealed class Line(Series series, IReadOnlyList<Aggregate> points, long bucket)
    {
        private readonly long _gap = GapOf(points, bucket);
        private Aggregate? _last = points.Count > 0 ? points[^1] : null;
        private Aggregate? _all = points.Count > 0 ? points.Skip(1).Aggregate(points[0], (all, point) => all.Then(point)) : null;
        private int? _gaps;

        public Series Series => series;

        public int Panel { get; set; }

        public int Place { get; set; }

        public long Seen { get; set; }

        private bool IsStep => series.Kind != SeriesKind.Number;

        public ChartSeries ToSeries()
        {
            var times = new List<double>(points.Count + 8);
            var values = new List<double?>(points.Count + 8);
            // A band is drawn only where points stand for several values.
            bool hasBand = !IsStep;
            List<double?>? low = hasBand ? new(points.Count + 8) : null;
            List<double?>? high = hasBand ? new(points.Count + 8) : null;
            for (int i = 0; i < points.Count; i++)
            {
                if (i > 0 && IsGap(points[i - 1].Time, points[i].Time))
                {
                    times.Add((points[i - 1].Time + bucket) / 1000.0);
                    values.Add(null);
                    low?.Add(null);
                    high?.Add(null);
                }

                times.Add(points[i].Time / 1000.0);
                values.Add(Value(points[i]));
                low?.Add(Short(points[i].Min));
                high?.Add(Short(points[i].Max));
            }

            return new ChartSeries(series.Field, times, values, low, high);
        }

        public ChartPoint Take(Sample sample, long span, out bool isNew)
        {
            long start = sample.Time - (((sample.Time % span) + span) % span);
            isNew = _last is not { } last || last.Time < start;
            bool isBehindGap = isNew && _last is { } before && IsGap(before.Time, start);
            _gaps = Gaps() + (isBehindGap ? 1 : 0);
            _all = _all is { } all ? all.Then(sample.Value) : Aggregate.Of(start, sample.Value);
            _last = isNew ? Aggregate.Of(start, sample.Value) : _last!.Value.Then(sample.Value);
            Aggregate now = _last.Value;
            return new ChartPoint(Panel, Place, start / 1000.0, Value(now), Short(now.Min), Short(now.Max), isBehindGap);
        }

        public FieldSummary Summary()
        {
            Aggregate? shown = IsStep ? null : _all;
            return new FieldSummary(
                series.Field,
                series.Unit,
                series.Latest is { } latest ? series.Text(latest.Value) : string.Empty,
                series.Latest is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at.Time) : null,
                shown is { } low ? Text(low.Min) : string.Empty,
                shown is { } high ? Text(high.Max) : string.Empty,
                shown is { } mean ? Text(mean.Average) : string.Empty,
                Gaps());
        }

        private int Gaps()
        {
            if (_gaps is not { } gaps)
            {
                gaps = 0;
                for (int i = 1; i < points.Count; i++)
                {
                    gaps += IsGap(points[i - 1].Time, points[i].Time) ? 1 : 0;
                }

                _gaps = gaps;
            }

            return gaps;
        }

        // A switch holds its value until it says another: that is no gap.
        private bool IsGap(long before, long after) => !IsStep && after - before > _gap;

        private double Value(in Aggregate point) => IsStep ? point.Last : Short(point.Average);

        private string Text(double value) => series.Text(Short(value));

        // What is usual for a field is known by its own points: nine of ten follow closer than this.
        private static long GapOf(IReadOnlyList<Aggregate> points, long bucket)
        {
            if (points.Count < 3)
            {
                return long.MaxValue;
            }

            long[] steps = new long[points.Count - 1];
            for (int i = 1; i < points.Count; i++)
            {
                steps[i - 1] = points[i].Time - points[i - 1].Time;
            }

            Array.Sort(steps);
            return Math.Max(2 * bucket, steps[(int)((steps.Length - 1) * 0.9)] * 5 / 2);
        }
    }
}
