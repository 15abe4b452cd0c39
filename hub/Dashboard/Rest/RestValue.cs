using System.Text.Json;
using System.Text.Json.Serialization;
using IotXmpp.Hub.Features.History;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary>A value as a thing has measured it: in JSON a number, true or false, or the text of an enum.</summary>
/// <param name="Kind">Which of them.</param>
/// <param name="Number">The number; 0 or 1 for a truth.</param>
/// <param name="Text">The text of an enum.</param>
[JsonConverter(typeof(RestValueConverter))]
public readonly record struct RestValue(SeriesKind Kind, double Number, string Text)
{
    /// <summary>The value of a sample.</summary>
    public static RestValue Of(Series series, double value)
    {
        ArgumentNullException.ThrowIfNull(series);
        return new RestValue(series.Kind, value, series.Kind == SeriesKind.Enum ? series.Text(value) : string.Empty);
    }
}

/// <summary>Writes a <see cref="RestValue"/>.</summary>
public sealed class RestValueConverter : JsonConverter<RestValue>
{
    /// <inheritdoc/>
    public override RestValue Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new JsonException("A value is only written.");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, RestValue value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        switch (value.Kind)
        {
            case SeriesKind.Boolean:
                writer.WriteBooleanValue(value.Number != 0);
                break;
            case SeriesKind.Enum:
                writer.WriteStringValue(value.Text);
                break;
            default:
                writer.WriteNumberValue(value.Number);
                break;
        }
    }
}
