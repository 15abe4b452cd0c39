using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using IotXmpp.Hub.Features.Control;

namespace IotXmpp.Hub.Features.HomeAssistant;

/// <summary>What Home Assistant calls an entity: one value of a thing, or one thing to switch.</summary>
/// <param name="Component"><c>sensor</c>, <c>binary_sensor</c>, <c>switch</c>, <c>number</c>, <c>select</c> or <c>text</c>.</param>
/// <param name="Name">The field or parameter, as the thing calls it.</param>
/// <param name="Looks">All that its configuration depends on, as text: the configuration is made only where this has changed.</param>
/// <param name="Config">Makes what the configuration has beside topics and ids.</param>
/// <param name="State">Its value now; null where none is known.</param>
/// <param name="Parameter">What may be set; null where nothing may.</param>
internal sealed record Entity(string Component, string Name, string Looks, Func<JsonObject> Config, string? State, Parameter? Parameter = null)
{
    /// <summary>The name as a part of topics and ids: what such parts may not have is replaced, and then a hash keeps two names apart.</summary>
    public string Slug { get; } = SlugOf(Name);

    public static string SlugOf(string name)
    {
        string slug = string.Concat(name.ToLowerInvariant().Take(48).Select(c => char.IsAsciiLetterOrDigit(c) || c == '-' ? c : '_'));
        return slug == name ? slug : slug + "_" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)))[..8];
    }
}

/// <summary>A parameter that may be set from outside.</summary>
/// <param name="Field">What the thing's form says of it (XEP-0325 §3.7).</param>
/// <param name="Value">The value that it has been seen with, or set to, last.</param>
/// <param name="ValueAt">When that was.</param>
internal sealed record Parameter(ControlField Field, string Value, DateTimeOffset ValueAt)
{
    /// <summary>Characters of a text that may be set (255: Home Assistant's own bound).</summary>
    public const int MaxText = 255;

    /// <summary>The name.</summary>
    public string Name => Field.Name;

    /// <summary>Whether Home Assistant has an entity for such: no secrets, and no times.</summary>
    public static bool Has(ControlField field) => !field.IsSecret && field.Element is "boolean" or "int" or "long" or "double" or "string";

    /// <summary>The value to be sent for what Home Assistant has sent; null where it cannot be meant.</summary>
    public string? Read(string payload)
    {
        if (payload.Length > MaxText || payload.Any(char.IsControl))
        {
            return null;
        }

        // A whole number may come with a point.
        string text = Field.Element is "int" or "long" && double.TryParse(payload, NumberStyles.Float, CultureInfo.InvariantCulture, out double whole) && Math.Abs(whole) < 9e15 && whole == Math.Truncate(whole)
            ? ((long)whole).ToString(CultureInfo.InvariantCulture)
            : payload;
        return Field.ToWire(text) is { } value && Field.Check(value) is null ? value : null;
    }
}

/// <summary>The topics of one hub, and the configurations that Home Assistant finds (its documentation, "MQTT discovery").</summary>
internal sealed class Topics(HomeAssistantOptions options)
{
    /// <summary>Whether the bridge is there; the will says that it is not.</summary>
    public string Bridge => options.BaseTopic + "/status";

    /// <summary>All topics by which something is set.</summary>
    public string AllCommands => options.BaseTopic + "/+/+/set";

    /// <summary>All configurations, of which some may be of things that are gone.</summary>
    public string AllConfigs => options.DiscoveryPrefix + "/+/+/+/config";

    public string Availability(string thing) => $"{options.BaseTopic}/{thing}/availability";

    public string State(string thing, string slug) => $"{options.BaseTopic}/{thing}/{slug}/state";

    public string Command(string thing, string slug) => $"{options.BaseTopic}/{thing}/{slug}/set";

    public string Config(string thing, string component, string slug) => $"{options.DiscoveryPrefix}/{component}/{DeviceOf(thing)}/{slug}/config";

    /// <summary>The thing and the entity that a command is for, or null.</summary>
    public (string Thing, string Slug)? ReadCommand(string topic) =>
        topic.Split('/') is [var first, { Length: > 0 } thing, { Length: > 0 } slug, "set"] && first == options.BaseTopic ? (thing, slug) : null;

    /// <summary>The thing that a configuration of this hub is of, or null. Ids have no underscore, so hubs do not take each other's.</summary>
    public string? ReadConfig(string topic)
    {
        string prefix = options.BaseTopic + "_";
        return topic.Split('/') is [var first, _, var device, _, "config"] && first == options.DiscoveryPrefix && device.StartsWith(prefix, StringComparison.Ordinal)
            && device[prefix.Length..] is { Length: > 0 } thing && !thing.Contains('_', StringComparison.Ordinal)
            ? thing
            : null;
    }

    /// <summary>The configuration of an entity.</summary>
    public byte[] ConfigOf(string thing, JsonObject device, Entity entity)
    {
        JsonObject config = entity.Config();
        config["unique_id"] = $"{DeviceOf(thing)}_{entity.Slug}";
        config["state_topic"] = State(thing, entity.Slug);
        if (entity.Parameter is not null)
        {
            config["command_topic"] = Command(thing, entity.Slug);
        }

        config["availability"] = new JsonArray(new JsonObject { ["topic"] = Bridge }, new JsonObject { ["topic"] = Availability(thing) });
        config["availability_mode"] = "all";
        config["device"] = device.DeepClone();
        config["origin"] = new JsonObject { ["name"] = "IotXmpp" };
        return JsonSerializer.SerializeToUtf8Bytes(config);
    }

    /// <summary>The id of a thing's device.</summary>
    public string DeviceOf(string thing) => options.BaseTopic + "_" + thing;
}
