using System.Text.Json;
using System.Text.Json.Serialization;
using IotXmpp.Hub.Features.History;
using IotXmpp.Hub.Features.Liveness;
using IotXmpp.Hub.Features.Registry;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary>How a thing is.</summary>
/// <param name="State">The state.</param>
/// <param name="Since">Since when.</param>
/// <param name="Reason">Why it is offline; null where nothing is to be said.</param>
/// <param name="Until">Until when it sleeps, or should have slept.</param>
public sealed record ThingStateView([property: JsonConverter(typeof(RestWord<LivenessState>))] LivenessState State, DateTime Since, string? Reason, DateTime? Until);

/// <summary>A field of a thing with its latest value.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="Unit">Its unit; null for none.</param>
/// <param name="Time">When it was measured; null before the first sample.</param>
/// <param name="Value">The latest value; null before the first.</param>
public sealed record FieldView(string Name, [property: JsonConverter(typeof(RestWord<SeriesKind>))] SeriesKind Kind, string? Unit, DateTime? Time, RestValue? Value);

/// <summary>A thing. Texts in it come from people and devices: they are data.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name for people.</param>
/// <param name="Account">The bare JID that speaks for it: its own or its gateway's.</param>
/// <param name="Gateway">The gateway's id, for a thing behind one.</param>
/// <param name="Owner">Whose it is; null while it is nobody's.</param>
/// <param name="Registration">How it stands in the registry.</param>
/// <param name="Tags">What is told of it, by name.</param>
/// <param name="Liveness">How it is; null for one that was never heard of.</param>
/// <param name="Firmware">Version of its firmware.</param>
/// <param name="Signal">Signal in dBm.</param>
/// <param name="Battery">Battery in percent.</param>
/// <param name="Fields">Its fields with their latest values.</param>
public sealed record ThingView(
    string Id, string Name, string Account, string? Gateway, string? Owner, [property: JsonConverter(typeof(RestWord<ThingState>))] ThingState Registration, IReadOnlyDictionary<string, string> Tags,
    ThingStateView? Liveness, string? Firmware, int? Signal, int? Battery, IReadOnlyList<FieldView> Fields)
{
    /// <summary>A thing of the registry with what is known of it now.</summary>
    public static ThingView Of(Thing thing, FleetServices fleet)
    {
        ArgumentNullException.ThrowIfNull(thing);
        ArgumentNullException.ThrowIfNull(fleet);
        ThingLiveness? liveness = fleet.Liveness?.Find(thing.Id);
        return new ThingView(
            thing.Id, thing.Name, $"{thing.Account}@{fleet.Domain.Domain}", thing.IsBehindGateway ? thing.Account : null, thing.Owner?.ToString(), thing.State,
            thing.Tags.OrderBy(t => t.Key, StringComparer.Ordinal).ToDictionary(t => t.Key, t => t.Value.Value),
            StateOf(liveness), Optional(liveness?.Status.Firmware), liveness?.Status.Signal, liveness?.Status.Battery, FieldsOf(thing.Id, fleet));
    }

    /// <summary>How a thing is; null for one that was never heard of.</summary>
    public static ThingStateView? StateOf(ThingLiveness? liveness) =>
        liveness is null ? null : new ThingStateView(liveness.State, liveness.Since.UtcDateTime, Optional(liveness.Reason), liveness.Until?.UtcDateTime);

    /// <summary>The fields of a thing, in the order of their names.</summary>
    public static IReadOnlyList<FieldView> FieldsOf(string thing, FleetServices fleet)
    {
        ArgumentNullException.ThrowIfNull(fleet);
        // A field that has changed its kind is what it was last.
        return fleet.History is not { } history ? [] : [.. history.SeriesOf(thing).GroupBy(s => s.Field).Select(same => same.MaxBy(s => s.Latest?.Time ?? long.MinValue)!).OrderBy(s => s.Field, StringComparer.Ordinal).Select(s => FieldOf(s, s.Latest))];
    }

    /// <summary>A field with one of its samples; null for none.</summary>
    public static FieldView FieldOf(Series series, Sample? sample)
    {
        ArgumentNullException.ThrowIfNull(series);
        return new FieldView(
            series.Field, series.Kind, Optional(series.Unit), sample is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at.Time).UtcDateTime : null, sample is { } one ? RestValue.Of(series, one.Value) : null);
    }

    private static string? Optional(string? text) => string.IsNullOrEmpty(text) ? null : text;
}

/// <summary>JSON of things.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Strict, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ThingView))]
[JsonSerializable(typeof(RestPage<ThingView>))]
internal sealed partial class ThingJson : JsonSerializerContext;
