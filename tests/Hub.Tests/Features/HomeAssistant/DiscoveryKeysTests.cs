using System.Text.Json;
using System.Text.Json.Nodes;
using IotXmpp.Hub.Features.Control;
using IotXmpp.Hub.Features.History;
using IotXmpp.Hub.Features.HomeAssistant;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.HomeAssistant;

/// <summary>
/// What Home Assistant is told of an entity has only what its documentation has for the component ("Configuration Variables" of integrations/sensor.mqtt, binary_sensor.mqtt, switch.mqtt, number.mqtt, select.mqtt, text.mqtt;
/// "origin" of MQTT discovery): a key that it does not know makes it refuse the whole configuration.
/// </summary>
public sealed class DiscoveryKeysTests
{
    // Of every component.
    private const string Common = "availability availability_mode availability_topic availability_template default_entity_id device enabled_by_default encoding entity_category entity_picture icon "
        + "json_attributes_template json_attributes_topic name object_id origin platform qos state_topic unique_id value_template";

    private static readonly Dictionary<string, string> s_allowed = new(StringComparer.Ordinal)
    {
        ["sensor"] = "device_class expire_after force_update last_reset_value_template options state_class suggested_display_precision unit_of_measurement",
        ["binary_sensor"] = "device_class expire_after force_update off_delay payload_on payload_off payload_available payload_not_available",
        ["switch"] = "command_template command_topic device_class optimistic payload_on payload_off payload_available payload_not_available retain state_on state_off",
        ["number"] = "command_template command_topic device_class min max mode optimistic payload_reset retain step unit_of_measurement",
        ["select"] = "command_template command_topic optimistic options retain",
        ["text"] = "command_template command_topic max min mode pattern retain",
    };

    private static readonly Dictionary<string, string> s_required = new(StringComparer.Ordinal)
    {
        ["sensor"] = "state_topic",
        ["binary_sensor"] = "state_topic",
        ["switch"] = "command_topic",
        ["number"] = "command_topic",
        ["select"] = "command_topic options",
        ["text"] = "command_topic",
    };

    private const string DeviceKeys = "configuration_url connections hw_version identifiers manufacturer model model_id name serial_number suggested_area sw_version via_device";

    // "Device class" of integrations/sensor: the units that it takes beside each.
    private static readonly Dictionary<string, string> s_units = new(StringComparer.Ordinal)
    {
        ["atmospheric_pressure"] = "cbar bar hPa mmHg inHg inH₂O kPa mbar Pa psi",
        ["battery"] = "%",
        ["carbon_dioxide"] = "ppm",
        ["current"] = "A mA",
        ["duration"] = "d h min s ms µs",
        ["energy"] = "J kJ MJ GJ mWh Wh kWh MWh GWh TWh cal kcal Mcal Gcal",
        ["frequency"] = "Hz kHz MHz GHz",
        ["humidity"] = "%",
        ["illuminance"] = "lx",
        ["moisture"] = "%",
        ["power"] = "mW W kW MW GW TW",
        ["pressure"] = "Pa kPa hPa bar cbar mbar mmHg inHg inH₂O psi",
        ["signal_strength"] = "dB dBm",
        ["temperature"] = "°C °F K",
        ["voltage"] = "V mV µV kV MV",
    };

    private const string BinaryClasses = "battery battery_charging carbon_monoxide cold connectivity door garage_door gas heat light lock moisture motion moving occupancy opening plug power presence problem running safety smoke sound tamper update vibration window";

    public static TheoryData<string> Entities => [.. All().Select(e => $"{e.Component} {e.Name}")];

    [Theory]
    [MemberData(nameof(Entities))]
    public void Configuration_has_only_keys_that_are_documented(string which)
    {
        Entity entity = All().Single(e => $"{e.Component} {e.Name}" == which);
        var device = new JsonObject { ["identifiers"] = new JsonArray("iotxmpp_lamp"), ["name"] = "Lamp", ["manufacturer"] = "m", ["model"] = "m", ["serial_number"] = "1", ["sw_version"] = "1", ["via_device"] = "iotxmpp_gateway" };
        JsonElement config = JsonDocument.Parse(new Topics(new HomeAssistantOptions()).ConfigOf("lamp", device, entity)).RootElement;

        string[] keys = [.. config.EnumerateObject().Select(p => p.Name)];
        Assert.Empty(keys.Except((Common + " " + s_allowed[entity.Component]).Split(' ')));
        Assert.Empty(s_required[entity.Component].Split(' ').Except(keys));
        Assert.Empty(config.GetProperty("device").EnumerateObject().Select(p => p.Name).Except(DeviceKeys.Split(' ')));
        Assert.Equal("IotXmpp", config.GetProperty("origin").GetProperty("name").GetString());
        Assert.All(config.GetProperty("availability").EnumerateArray(), a => Assert.Equal(["topic"], a.EnumerateObject().Select(p => p.Name)));
        string? kind = Text("device_class"), unit = Text("unit_of_measurement"), state = Text("state_class");
        switch (entity.Component)
        {
            case "sensor" when kind == "enum":
                Assert.Equal((null, null), (unit, state)); // "cannot be used with"
                Assert.NotEqual(0, config.GetProperty("options").GetArrayLength());
                break;
            case "sensor":
                Assert.True(kind is null || s_units[kind].Split(' ').Contains(unit), $"{kind} beside {unit}");
                Assert.Equal(kind == "energy" ? "total_increasing" : "measurement", state);
                Assert.False(config.TryGetProperty("options", out _));
                break;
            case "binary_sensor":
                Assert.True(kind is null || BinaryClasses.Split(' ').Contains(kind), kind);
                break;
            case "number":
                Assert.True(config.GetProperty("min").GetDouble() < config.GetProperty("max").GetDouble());
                Assert.True(config.GetProperty("step").GetDouble() >= 0.001);
                Assert.Contains(Text("mode"), (string?[])["auto", "box", "slider"]);
                break;
            case "text":
                Assert.InRange(config.GetProperty("max").GetInt32(), 1, 255);
                break;
        }

        string? Text(string name) => config.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;
    }

    [Fact]
    public void Every_component_and_every_class_is_among_them() =>
        Assert.Equal(s_allowed.Keys.Order(), All().Select(e => e.Component).Distinct().Order());

    private static List<Entity> All()
    {
        var all = new List<Entity>();
        string[] units = ["", "Cel", "°C", "[degF]", "degF", "K", "%", "%RH", "hPa", "kPa", "Pa", "mbar", "lx", "lux", "V", "mV", "A", "mA", "W", "kW", "Wh", "kWh", "kW.h", "W.h", "dBm", "dB[mW]", "s", "min", "Hz", "ppm", "[ppm]", "ug/m3", "m3", "parsec"];
        string[] names = ["value", "humidity", "battery", "soil", "co2"];
        all.AddRange(from unit in units from name in names select Vocabulary.Sensor(new Series(0, "lamp", $"{name} in {unit}", SeriesKind.Number, unit)));
        all.AddRange(from name in (string[])["motion", "pir", "occupied", "door", "window", "leak", "smoke", "vibration", "problem", "relay"] select Vocabulary.Sensor(new Series(0, "lamp", name, SeriesKind.Boolean, "")));
        var mode = new Series(0, "lamp", "enumerated", SeriesKind.Enum, "");
        mode.SetText(0, "eco");
        all.Add(Vocabulary.Sensor(mode));
        all.Add(Vocabulary.Diagnostic("battery-told", "%", "battery", 87));
        all.Add(Vocabulary.Diagnostic("signal-told", "dBm", "signal_strength", -60));
        (string Least, string Most)[] bounds = [("", ""), ("0", "100"), ("-1.5", ""), ("", "1"), ("5", "5"), ("9", "1"), ("NaN", "1e999"), ("-1e999", "many")];
        all.AddRange(from bound in bounds from element in (string[])["int", "double"] select Control($"{element} {bound.Least} {bound.Most}", element, bound.Least, bound.Most));
        all.AddRange([Control("on", "boolean"), Control("mode", "string", "", "", "a", "b"), Control("level", "int", "", "", "1", "2"), Control("text", "string")]);
        return all;
    }

    private static Entity Control(string name, string element, string least = "", string most = "", params string[] options) =>
        Vocabulary.Control(new Parameter(new ControlField(name, element, "Label", least, most, options, null), "", default), null);
}
