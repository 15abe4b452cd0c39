using System.Text.Json;
using System.Text.Json.Serialization;
using IotXmpp.Hub.Features.History;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary>What is known of one bucket of time.</summary>
/// <param name="Time">Where it begins.</param>
/// <param name="Count">How many samples; 0 is a gap, and all that follows null.</param>
/// <param name="Min">The lowest value; of numbers and truths (0 and 1).</param>
/// <param name="Max">The highest.</param>
/// <param name="Average">Their mean; of a truth the share in which it held.</param>
/// <param name="Last">The value with the latest time.</param>
public sealed record HistoryPointView(DateTime Time, long Count, double? Min, double? Max, double? Average, RestValue? Last);

/// <summary>What a field was in a span.</summary>
/// <param name="Thing">The thing.</param>
/// <param name="Field">The field.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="Unit">Its unit; null for none.</param>
/// <param name="From">The beginning of the span.</param>
/// <param name="To">Its end.</param>
/// <param name="BucketSeconds">Seconds of each point.</param>
/// <param name="Points">The points, the earliest first, without one missing.</param>
public sealed record HistoryView(
    string Thing, string Field, [property: JsonConverter(typeof(RestWord<SeriesKind>))] SeriesKind Kind, string? Unit, DateTime From, DateTime To, double BucketSeconds, IReadOnlyList<HistoryPointView> Points)
{
    /// <summary>Points where nothing is said; default 500.</summary>
    private const int DefaultPoints = 500;

    /// <summary>Asks the history for a span.</summary>
    /// <returns>Null where there would be more points than may be.</returns>
    internal static async ValueTask<HistoryView?> OfAsync(HistoryService history, Series series, RestSpan span, int? points, int? bucketSeconds, int maxPoints, CancellationToken cancel)
    {
        long length = (long)(span.End - span.Begin).TotalMilliseconds;
        long bucket = bucketSeconds is { } seconds ? seconds * 1_000L : Bucket(length, points ?? DefaultPoints);
        long start = span.Begin.ToUnixTimeMilliseconds();
        long end = Math.Max(span.End.ToUnixTimeMilliseconds(), start + 1);
        if (length / bucket > maxPoints)
        {
            return null;
        }

        IReadOnlyList<Aggregate> found;
        try
        {
            found = await history.QueryAsync(series, DateTimeOffset.FromUnixTimeMilliseconds(start), DateTimeOffset.FromUnixTimeMilliseconds(end), TimeSpan.FromMilliseconds(bucket), cancel).ConfigureAwait(false);
        }
        catch (ArgumentOutOfRangeException)
        {
            return null; // the settings allow fewer
        }

        var all = new List<HistoryPointView>((int)(length / bucket) + 2);
        int next = 0;
        for (long at = StartOf(start, bucket); at < end; at += bucket)
        {
            DateTime time = DateTimeOffset.FromUnixTimeMilliseconds(Math.Max(at, DateTimeOffset.MinValue.ToUnixTimeMilliseconds())).UtcDateTime;
            if (next < found.Count && found[next].Time == at)
            {
                Aggregate one = found[next++];
                bool isText = series.Kind == SeriesKind.Enum;
                all.Add(new HistoryPointView(time, one.Count, isText ? null : one.Min, isText ? null : one.Max, isText ? null : one.Average, RestValue.Of(series, one.Last)));
            }
            else
            {
                all.Add(new HistoryPointView(time, 0, null, null, null, null));
            }
        }

        return new HistoryView(series.Thing, series.Field, series.Kind, series.Unit.Length > 0 ? series.Unit : null, span.Begin.UtcDateTime, span.End.UtcDateTime, bucket / 1_000.0, all);
    }

    // Whole seconds where the span is long enough: a chart that is moved shows the same points.
    private static long Bucket(long length, int points)
    {
        long bucket = Math.Max(1, (length + points - 1) / points);
        return bucket <= 1_000 ? bucket : (bucket + 999) / 1_000 * 1_000;
    }

    private static long StartOf(long time, long span)
    {
        long rest = time % span;
        return time - (rest < 0 ? rest + span : rest);
    }
}

/// <summary>The latest values of a thing.</summary>
/// <param name="Thing">The thing.</param>
/// <param name="Fields">Its fields; those without a value are left out.</param>
public sealed record ThingLatestView(string Thing, IReadOnlyList<FieldView> Fields);

/// <summary>The latest values of a fleet.</summary>
/// <param name="Time">When it was asked.</param>
/// <param name="Things">The things that have measured something, in the order of their ids.</param>
public sealed record FleetLatestView(DateTime Time, IEnumerable<ThingLatestView> Things);

/// <summary>JSON of what things have measured.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Strict, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(RestPage<FieldView>))]
[JsonSerializable(typeof(HistoryView))]
[JsonSerializable(typeof(FleetLatestView))]
internal sealed partial class HistoryJson : JsonSerializerContext;
