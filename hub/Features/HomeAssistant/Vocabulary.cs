using System.Globalization;
using System.Text.Json.Nodes;
using IotXmpp.Hub.Features.Control;
using IotXmpp.Hub.Features.History;

namespace IotXmpp.Hub.Features.HomeAssistant;

/// <summary>The words of things in those of Home Assistant: units, classes of devices, kinds of entities. A class stands only beside a unit that Home Assistant takes for it; what it does not know is a plain sensor.</summary>
internal static class Vocabulary
{
    // UCUM and SI as things give them, and as Home Assistant writes them.
    private static readonly Dictionary<string, string> s_units = new(StringComparer.Ordinal)
    {
        ["Cel"] = "°C",
        ["[degF]"] = "°F",
        ["degF"] = "°F",
        ["%RH"] = "%",
        ["lux"] = "lx",
        ["kW.h"] = "kWh",
        ["W.h"] = "Wh",
        ["mbar"] = "mbar",
        ["[ppm]"] = "ppm",
        ["dB[mW]"] = "dBm",
        ["min"] = "min",
        ["ug/m3"] = "µg/m³",
        ["m3"] = "m³",
    };

    private static readonly Dictionary<string, string> s_classOfUnit = new(StringComparer.Ordinal)
    {
        ["°C"] = "temperature",
        ["°F"] = "temperature",
        ["hPa"] = "atmospheric_pressure",
        ["kPa"] = "pressure",
        ["Pa"] = "pressure",
        ["mbar"] = "pressure",
        ["lx"] = "illuminance",
        ["V"] = "voltage",
        ["mV"] = "voltage",
        ["A"] = "current",
        ["mA"] = "current",
        ["W"] = "power",
        ["kW"] = "power",
        ["Wh"] = "energy",
        ["kWh"] = "energy",
        ["dBm"] = "signal_strength",
        ["s"] = "duration",
        ["min"] = "duration",
        ["Hz"] = "frequency",
    };

    private static readonly (string Word, string Class)[] s_percent = [("humid", "humidity"), ("bat", "battery"), ("soil", "moisture"), ("moist", "moisture")];

    private static readonly (string Word, string Class)[] s_binary =
        [("motion", "motion"), ("pir", "motion"), ("occup", "occupancy"), ("door", "door"), ("window", "window"), ("leak", "moisture"), ("smoke", "smoke"), ("vibration", "vibration"), ("problem", "problem")];

    /// <summary>A field that is measured.</summary>
    public static Entity Sensor(Series series)
    {
        string? state = series.Latest is { } latest ? series.Text(latest.Value) : null;
        return series.Kind switch
        {
            SeriesKind.Boolean => new Entity("binary_sensor", series.Field, string.Empty, () => Binary(series), state),
            SeriesKind.Enum => new Entity("sensor", series.Field, string.Join('\n', series.Texts), () => Enumerated(series), state),
            _ => new Entity("sensor", series.Field, series.Unit, () => Number(series), state),
        };
    }

    /// <summary>What a thing tells of itself.</summary>
    public static Entity Diagnostic(string name, string unit, string kind, int value) => new(
        "sensor",
        name,
        unit,
        () => new JsonObject { ["name"] = name, ["unit_of_measurement"] = unit, ["device_class"] = kind, ["state_class"] = "measurement", ["entity_category"] = "diagnostic" },
        value.ToString(CultureInfo.InvariantCulture));

    /// <summary>A parameter that may be set.</summary>
    /// <param name="parameter">The parameter.</param>
    /// <param name="measured">The field of the same name, which tells its state where it is newer than what was set; null where there is none.</param>
    public static Entity Control(Parameter parameter, Series? measured)
    {
        string state = measured?.Latest is { } latest && latest.Time >= parameter.ValueAt.ToUnixTimeMilliseconds() ? measured.Text(latest.Value)
            : parameter.Field.Element == "boolean" ? parameter.Value is "1" or "true" ? "true" : "false"
            : parameter.Value.Length <= Parameter.MaxText ? parameter.Value : parameter.Value[..Parameter.MaxText];
        ControlField field = parameter.Field;
        string component = field.Element switch { "boolean" => "switch", _ when field.Options.Count > 0 => "select", "string" => "text", _ => "number" };
        string unit = measured is { Unit.Length: > 0 } ? UnitOf(measured.Unit) : string.Empty;
        string looks = string.Create(CultureInfo.InvariantCulture, $"{field.Label}\n{field.Minimum}\n{field.Maximum}\n{unit}\n{string.Join('\n', field.Options)}");
        return new Entity(component, parameter.Name, looks, () => Settable(component, field, unit), state, parameter);
    }

    private static JsonObject Binary(Series series)
    {
        var config = new JsonObject { ["name"] = series.Field, ["payload_on"] = "true", ["payload_off"] = "false" };
        Set(config, "device_class", Find(s_binary, series.Field));
        return config;
    }

    private static JsonObject Enumerated(Series series) =>
        new() { ["name"] = series.Field, ["device_class"] = "enum", ["options"] = new JsonArray([.. series.Texts.Select(text => (JsonNode)text)]) };

    private static JsonObject Number(Series series)
    {
        string unit = UnitOf(series.Unit);
        string? kind = unit == "%" ? Find(s_percent, series.Field) : unit == "ppm" && series.Field.Contains("co2", StringComparison.OrdinalIgnoreCase) ? "carbon_dioxide" : s_classOfUnit.GetValueOrDefault(unit);
        var config = new JsonObject { ["name"] = series.Field, ["state_class"] = kind == "energy" ? "total_increasing" : "measurement" };
        Set(config, "unit_of_measurement", unit.Length > 0 ? unit : null);
        Set(config, "device_class", kind);
        return config;
    }

    private static JsonObject Settable(string component, ControlField field, string unit)
    {
        var config = new JsonObject { ["name"] = field.Label.Length > 0 ? field.Label : field.Name };
        switch (component)
        {
            case "switch":
                config["payload_on"] = "true";
                config["payload_off"] = "false";
                break;
            case "number":
                // Without bounds Home Assistant takes 1 to 100, and a number whose bounds are no range it does not take at all.
                (double least, double most) = (Number(field.Minimum) ?? -1_000_000, Number(field.Maximum) ?? 1_000_000);
                (config["min"], config["max"]) = least < most ? (least, most) : (-1_000_000, 1_000_000);
                config["step"] = field.Element == "double" ? 0.01 : 1;
                config["mode"] = "box";
                Set(config, "unit_of_measurement", unit.Length > 0 ? unit : null);
                break;
            case "select":
                config["options"] = new JsonArray([.. field.Options.Select(option => (JsonNode)option)]);
                break;
            default:
                config["max"] = Parameter.MaxText;
                break;
        }

        return config;
    }

    // JSON has no infinity.
    private static double? Number(string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) ? number : null;

    private static string UnitOf(string unit) => s_units.GetValueOrDefault(unit, unit);

    private static string? Find((string Word, string Class)[] words, string name) => Array.Find(words, w => name.Contains(w.Word, StringComparison.OrdinalIgnoreCase)).Class;

    private static void Set(JsonObject config, string name, string? value)
    {
        if (value is not null)
        {
            config[name] = value;
        }
    }
}
