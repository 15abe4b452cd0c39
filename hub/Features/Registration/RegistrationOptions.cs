using System.ComponentModel.DataAnnotations;
using IotXmpp.Hub.Addresses;

namespace IotXmpp.Hub.Features.Registration;

/// <summary>Who may make an account by himself.</summary>
public enum RegistrationMode
{
    /// <summary>Nobody.</summary>
    Off,

    /// <summary>Who brings a token (XEP-0445).</summary>
    Invite,

    /// <summary>Everybody.</summary>
    Open,
}

/// <summary>Settings of section <c>Registration</c>.</summary>
public sealed class RegistrationOptions : IValidatableObject
{
    /// <summary>Who may make an account by himself; default <c>off</c>.</summary>
    public RegistrationMode Mode { get; set; } = RegistrationMode.Off;

    /// <summary>Whether people may change their own password in-band; default true, also where nobody may register.</summary>
    public bool PasswordChange { get; set; } = true;

    /// <summary>Whether people may remove their own account in-band; default true.</summary>
    public bool Removal { get; set; } = true;

    /// <summary>Characters of a password, at least; default 1 (none is empty), at most 1,024.</summary>
    [Range(1, 1_024)]
    public int MinPasswordLength { get; set; } = 1;

    /// <summary>Names that nobody registers: those that people take for the operator (RFC 2142 §3 to §5), in place of the default list.</summary>
    public string[] ReservedNames { get; set; } =
    [
        "abuse", "admin", "administrator", "anonymous", "hostmaster", "info", "jabber", "mailer-daemon", "noc", "nobody", "operator", "postmaster", "root", "security", "server", "support", "system", "webmaster", "xmpp",
    ];

    /// <summary>Attempts from one address (of IPv6: one network of 64 bits) within <see cref="Window"/>; default 20: a household, not a robot. Loopback is not counted: it is the operator's.</summary>
    [Range(1, 1_000_000)]
    public int AttemptsPerAddress { get; set; } = 20;

    /// <summary>Attempts from everywhere within <see cref="Window"/>; default 10,000: less than one and a half percent of a processor for their keys.</summary>
    [Range(1, 100_000_000)]
    public int Attempts { get; set; } = 10_000;

    /// <summary>How long attempts count; default 1 hour.</summary>
    public TimeSpan Window { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Seconds more that a client has to log in once it has asked for the form; default 300: a person thinks of a name and a password.</summary>
    [Range(0, 3_600)]
    public int FormSeconds { get; set; } = 300;

    /// <summary>What people read above the form.</summary>
    [MaxLength(1_000)]
    public string Instructions { get; set; } = "Choose a name and a password for your account.";

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Window < TimeSpan.FromMinutes(1) || Window > TimeSpan.FromDays(7))
        {
            yield return new("allowed: 1m to 7d", [nameof(Window)]);
        }

        for (int i = 0; i < ReservedNames.Length; i++)
        {
            if (!JidPrep.TryLocalpart(ReservedNames[i], out string? name))
            {
                yield return new($"'{ReservedNames[i]}' is no account name (RFC 7622 §3.3)", [$"{nameof(ReservedNames)}:{i}"]);
            }
            else
            {
                ReservedNames[i] = name;
            }
        }
    }
}
