using System.ComponentModel.DataAnnotations;

namespace IotXmpp.Hub.Features.HomeAssistant;

/// <summary>The bridge to Home Assistant (settings section <c>HomeAssistant</c>); off until a broker is named.</summary>
public sealed class HomeAssistantOptions : IValidatableObject
{
    /// <summary>The MQTT broker: <c>mqtt://HOST[:1883]</c>, or with TLS <c>mqtts://HOST[:8883]</c>; empty: there is no bridge.</summary>
    public string Broker { get; set; } = string.Empty;

    /// <summary>The account whose rights the bridge has: what it may see is shown, what it may control can be switched. No default: nobody's home shows things by accident.</summary>
    public string Account { get; set; } = string.Empty;

    /// <summary>The broker's user; empty for none.</summary>
    public string User { get; set; } = string.Empty;

    /// <summary>The user's password.</summary>
    public string Password { get; set; } = string.Empty;

    /// <summary>PEM file of the authority that has issued the broker's certificate, from the working folder or the data folder; empty: those that the system trusts.</summary>
    public string TrustedAuthority { get; set; } = string.Empty;

    /// <summary>Whether a broker on another machine may be used without TLS: then passwords and commands are in the open on the way.</summary>
    public bool AllowPlaintext { get; set; }

    /// <summary>The first part of all topics of this hub; two hubs at one broker need two.</summary>
    public string BaseTopic { get; set; } = "iotxmpp";

    /// <summary>Where Home Assistant looks for what there is; its own setting.</summary>
    public string DiscoveryPrefix { get; set; } = "homeassistant";

    /// <summary>Things that are shown at most (2,000: a home with more is none); the first in the order of their ids.</summary>
    [Range(1, 100_000)]
    public int MaxThings { get; set; } = 2_000;

    /// <summary>Entities that one thing may have (64).</summary>
    [Range(1, 1_000)]
    public int MaxEntities { get; set; } = 64;

    /// <summary>Commands that wait to be sent to things (64); one more is dropped, and the log says so.</summary>
    [Range(1, 10_000)]
    public int MaxCommands { get; set; } = 64;

    /// <summary>Seconds that a thing has for its answer to a command or to the question for its form (10).</summary>
    [Range(1, 300)]
    public int AnswerSeconds { get; set; } = 10;

    /// <summary>Milliseconds for which changes gather before they are told (250): a thing that measures often costs the broker four messages a second.</summary>
    [Range(0, 60_000)]
    public int GatherMilliseconds { get; set; } = 250;

    /// <summary>Longest wait before the next attempt to reach the broker, in seconds (60); it begins with one and doubles.</summary>
    [Range(1, 3_600)]
    public int MaxRetrySeconds { get; set; } = 60;

    /// <summary>The address of the broker; only where one is named.</summary>
    public Uri Address => new(Broker);

    /// <summary>Whether TLS is spoken with the broker.</summary>
    public bool IsSecure => Broker.StartsWith("mqtts:", StringComparison.OrdinalIgnoreCase);

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Broker.Length > 0)
        {
            if (!Uri.TryCreate(Broker, UriKind.Absolute, out Uri? address) || address.Scheme is not ("mqtt" or "mqtts") || address.Host.Length == 0 || address.UserInfo.Length > 0 || address.AbsolutePath.Trim('/').Length > 0)
            {
                yield return new($"'{Broker}' is no broker; allowed: mqtt://HOST[:PORT] or mqtts://HOST[:PORT]", [nameof(Broker)]);
            }
            else if (!IsSecure && !address.IsLoopback && !AllowPlaintext)
            {
                yield return new($"is {Broker}, on another machine and without TLS; use mqtts://, or allow it by HomeAssistant:AllowPlaintext", [nameof(Broker)]);
            }

            if (Account.Length == 0)
            {
                yield return new("is missing; it is the account whose rights the bridge has", [nameof(Account)]);
            }
        }

        foreach ((string topic, string name) in new[] { (BaseTopic, nameof(BaseTopic)), (DiscoveryPrefix, nameof(DiscoveryPrefix)) })
        {
            if (topic.Length is 0 or > 64 || !topic.All(c => char.IsAsciiLetterOrDigit(c) || c == '-'))
            {
                yield return new($"'{topic}' is no topic; allowed: 1 to 64 of a-z A-Z 0-9 -", [name]);
            }
        }
    }
}
