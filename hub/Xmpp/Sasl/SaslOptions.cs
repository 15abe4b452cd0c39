using System.ComponentModel.DataAnnotations;

namespace IotXmpp.Hub.Sasl;

/// <summary>Settings of SASL (<c>Security:Sasl</c>).</summary>
public sealed class SaslOptions : IValidatableObject
{
    /// <summary>
    /// PBKDF2 iterations of new credentials, and those that accounts that do not exist pretend to have; 4,096 to 1,000,000. Accounts keep theirs until
    /// their password changes: after a change of this setting, and for accounts imported with another number, a challenge tells old accounts from none.
    /// </summary>
    [Range(4096, 1_000_000)]
    public int Iterations { get; set; } = ScramCredentials.DefaultIterations;

    /// <summary>How many recently verified PLAIN passwords are remembered (as keyed hashes) to spare their PBKDF2; 0 switches it off.</summary>
    [Range(0, 10_000_000)]
    public int VerifiedPasswords { get; set; } = 32_768;

    /// <summary>The mechanisms that may be offered; what the stream does not allow (TLS, channel binding) is left out besides.</summary>
    public string[] Mechanisms { get; set; } = [.. SaslMechanisms.All];

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        string? unknown = Mechanisms.FirstOrDefault(name => !SaslMechanisms.All.Contains(name, StringComparer.OrdinalIgnoreCase));
        if (unknown is not null || Mechanisms.Length == 0)
        {
            yield return new($"'{unknown}' is no mechanism; allowed: {string.Join(", ", SaslMechanisms.All)}", [nameof(Mechanisms)]);
        }
    }
}
