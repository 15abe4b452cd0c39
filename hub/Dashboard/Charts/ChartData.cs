using System.Text.Json.Serialization;

namespace IotXmpp.Hub.Dashboard.Charts;

/// <summary>What <c>chart.js</c> draws: names as there.</summary>
/// <param name="From">Seconds since 1970.</param>
/// <param name="To">Seconds since 1970.</param>
/// <param name="Bucket">Seconds that one point stands for.</param>
/// <param name="Live">Whether the span ends now and moves on.</param>
/// <param name="Panels">Fields of one unit each.</param>
public sealed record ChartData(
    [property: JsonPropertyName("from")] double From,
    [property: JsonPropertyName("to")] double To,
    [property: JsonPropertyName("bucket")] double Bucket,
    [property: JsonPropertyName("live")] bool Live,
    [property: JsonPropertyName("panels")] IReadOnlyList<ChartPanel> Panels);

/// <summary>Fields that share an axis.</summary>
/// <param name="Unit">Their unit.</param>
/// <param name="Kind"><c>number</c>, <c>boolean</c> or <c>enum</c>.</param>
/// <param name="Texts">What the values of steps are called, by number; null for numbers.</param>
/// <param name="First">The number of the first field's colour.</param>
/// <param name="Series">The fields.</param>
public sealed record ChartPanel(
    [property: JsonPropertyName("unit")] string Unit,
    [property: JsonPropertyName("kind")] string Kind,
    [property: JsonPropertyName("texts")] IReadOnlyList<string>? Texts,
    [property: JsonPropertyName("first")] int First,
    [property: JsonPropertyName("series")] IReadOnlyList<ChartSeries> Series);

/// <summary>A field. A value of null is a gap.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Times">Seconds since 1970, in order.</param>
/// <param name="Values">Means; the last values for steps.</param>
/// <param name="Low">The lowest values; null where there is no band.</param>
/// <param name="High">The highest values.</param>
public sealed record ChartSeries(
    [property: JsonPropertyName("name")] string Name,
    [property: JsonPropertyName("t")] IReadOnlyList<double> Times,
    [property: JsonPropertyName("v")] IReadOnlyList<double?> Values,
    [property: JsonPropertyName("lo")] IReadOnlyList<double?>? Low,
    [property: JsonPropertyName("hi")] IReadOnlyList<double?>? High);

/// <summary>A point that has come, or has become another one.</summary>
/// <param name="Panel">The panel.</param>
/// <param name="Series">The field in it.</param>
/// <param name="Time">Seconds since 1970.</param>
/// <param name="Value">The value.</param>
/// <param name="Low">The lowest.</param>
/// <param name="High">The highest.</param>
/// <param name="IsBehindGap">Whether there is a gap before it.</param>
public sealed record ChartPoint(
    [property: JsonPropertyName("panel")] int Panel,
    [property: JsonPropertyName("series")] int Series,
    [property: JsonPropertyName("t")] double Time,
    [property: JsonPropertyName("v")] double Value,
    [property: JsonPropertyName("lo")] double Low,
    [property: JsonPropertyName("hi")] double High,
    [property: JsonPropertyName("gap")] bool IsBehindGap);

/// <summary>What a field did in the span, for who reads instead of looking.</summary>
/// <param name="Name">The field.</param>
/// <param name="Unit">Its unit.</param>
/// <param name="Latest">Its latest value as text; empty for none.</param>
/// <param name="At">When that was.</param>
/// <param name="Low">The lowest value; empty where nothing came.</param>
/// <param name="High">The highest value.</param>
/// <param name="Mean">The mean; empty for steps.</param>
/// <param name="Gaps">How often nothing came for longer than usual.</param>
public sealed record FieldSummary(string Name, string Unit, string Latest, DateTimeOffset? At, string Low, string High, string Mean, int Gaps);
