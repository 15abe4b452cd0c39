using System.ComponentModel.DataAnnotations;

namespace IotXmpp.Hub.Features.ExternalServices;

/// <summary>Services beside the hub that its accounts are told of (settings section <c>ExternalServices</c>).</summary>
public sealed class ExternalServicesOptions
{
    /// <summary>The services, mostly STUN and TURN; none: nothing is offered.</summary>
    public ExternalService[] Services { get; set; } = [];

    /// <summary>Seconds for which time-limited credentials are good (86,400: a call that begins in the evening ends before they do).</summary>
    [Range(60, 30 * 86_400)]
    public int CredentialSeconds { get; set; } = 86_400;
}

/// <summary>One service.</summary>
public sealed class ExternalService : IValidatableObject
{
    /// <summary><c>stun</c>, <c>turn</c>, <c>stuns</c>, <c>turns</c>, or another type of the registry.</summary>
    public string Type { get; set; } = string.Empty;

    /// <summary>A name or an IP address.</summary>
    public string Host { get; set; } = string.Empty;

    /// <summary>Its port; 0: that of its type (3478; 5349 with TLS).</summary>
    [Range(0, 65_535)]
    public int Port { get; set; }

    /// <summary><c>udp</c> or <c>tcp</c>; empty: not told.</summary>
    public string Transport { get; set; } = string.Empty;

    /// <summary>What people read; empty: nothing.</summary>
    public string Name { get; set; } = string.Empty;

    /// <summary>The secret that it shares with the hub, for time-limited credentials (coturn: <c>static-auth-secret</c>); empty: none.</summary>
    public string Secret { get; set; } = string.Empty;

    /// <summary>A user name that is the same for all; empty: none.</summary>
    public string Username { get; set; } = string.Empty;

    /// <summary>Its password.</summary>
    public string Password { get; set; } = string.Empty;

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        // What is wrong is told without what is secret.
        if (Type.Length == 0 || !Type.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.'))
        {
            yield return new($"'{Type}' is no type; allowed: stun, turn, stuns, turns, or another of the registry", [nameof(Type)]);
        }

        if (Uri.CheckHostName(Host) == UriHostNameType.Unknown)
        {
            yield return new($"'{Host}' is no host; allowed: a name or an IP address", [nameof(Host)]);
        }

        if (Transport is not ("" or "udp" or "tcp"))
        {
            yield return new($"'{Transport}' cannot be used; allowed: udp, tcp, or nothing", [nameof(Transport)]);
        }

        if (Secret.Length > 0 && (Username.Length > 0 || Password.Length > 0))
        {
            yield return new("is given beside a user name; allowed: a secret, or a user name and its password", [nameof(Secret)]);
        }

        if ((Username.Length == 0) != (Password.Length == 0))
        {
            yield return new("is missing; user name and password are given together or not at all", [Username.Length == 0 ? nameof(Username) : nameof(Password)]);
        }
    }
}
