using System.Globalization;
using IotXmpp.Things;

namespace IotXmpp.Gateway;

/// <summary>Writes what a thing does, a line each: for the journal of a service and for who looks on.</summary>
/// <param name="output">Where to.</param>
/// <param name="thingId">Whose lines these are.</param>
/// <param name="time">The clock.</param>
public sealed class ConsoleObserver(TextWriter output, string thingId, TimeProvider time) : IThingObserver
{
    /// <inheritdoc/>
    public void UplinkChanged(bool online, string reason) => Line(online ? "online" : $"offline: {reason}");

    /// <inheritdoc/>
    public void Sampled(Sample sample)
    {
        ArgumentNullException.ThrowIfNull(sample);
        Line(string.Join(' ', Enumerable.Range(0, sample.Count).Select(i => $"{sample.Name(i)}={sample.Value(i)}{(sample.Kind(i) == Features.FieldKind.Numeric ? sample.Text(i) : "")}")));
    }

    /// <inheritdoc/>
    public void Published(int samples) => Line(samples == 1 ? "published" : $"published {samples} samples");

    /// <inheritdoc/>
    public void PublishRefused(string reason) => Line($"publish refused: {reason}");

    /// <inheritdoc/>
    public void Controlled(string from, string parameter, string value, string error) => Line($"{from} sets {parameter}={value}{(error is null ? "" : $": {error}")}");

    /// <inheritdoc/>
    public void Sleeping(long untilUtcMs) => Line($"asleep until {DateTimeOffset.FromUnixTimeMilliseconds(untilUtcMs):yyyy-MM-ddTHH:mm:ssZ}");

    private void Line(string text) => output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{time.GetUtcNow():HH:mm:ss} {thingId} {text}"));
}
