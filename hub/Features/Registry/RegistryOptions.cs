namespace IotXmpp.Hub.Features.Registry;

/// <summary>Settings of section <c>Registry</c>.</summary>
public sealed class RegistryOptions
{
    /// <summary>Accounts (localparts) that may provision things beside the administrators; default none: who makes accounts is chosen.</summary>
    public string[] Operators { get; set; } = [];

    /// <summary>Characters of the KEY of a thing that registers itself, at least; default 16: with fewer it could be guessed.</summary>
    public int KeyChars { get; set; } = 16;

    /// <summary>Things behind one gateway; default 1,000.</summary>
    public int ThingsPerAccount { get; set; } = 1_000;

    /// <summary>Claims of one account that may fail within <see cref="ClaimWindow"/>; default 5: a person mistypes.</summary>
    public int ClaimFailures { get; set; } = 5;

    /// <summary>For how long failed claims count; default 10 minutes.</summary>
    public TimeSpan ClaimWindow { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Things in one answer to a search; default 100. Who asks for more pages on.</summary>
    public int FoundThings { get; set; } = 100;

    /// <summary>Bytes of the things in one answer to a search; default 131,072: half of what an operator's stanza may have.</summary>
    public int FoundBytes { get; set; } = 131_072;

    /// <summary>How long a thing may take to acknowledge that it was disowned (XEP-0347 §3.14); default 15 s: over a slow radio link, with its client still waiting.</summary>
    public TimeSpan AcknowledgeTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>What is wrong with these settings, one line each.</summary>
    public IEnumerable<string> Validate()
    {
        foreach ((string name, int value, int least, int most) in new (string, int, int, int)[]
        {
            (nameof(KeyChars), KeyChars, 8, MetaTags.ValueLimit),
            (nameof(ThingsPerAccount), ThingsPerAccount, 1, 1_000_000),
            (nameof(ClaimFailures), ClaimFailures, 1, 1_000),
            (nameof(FoundThings), FoundThings, 1, 10_000),
            (nameof(FoundBytes), FoundBytes, 4_096, 1_048_576),
        })
        {
            if (value < least || value > most)
            {
                yield return $"Registry:{name} must be {least} to {most}.";
            }
        }

        if (ClaimWindow < TimeSpan.FromSeconds(1) || ClaimWindow > TimeSpan.FromDays(1))
        {
            yield return "Registry:ClaimWindow must be 1 s to 1 day.";
        }

        if (AcknowledgeTimeout < TimeSpan.FromSeconds(1) || AcknowledgeTimeout > TimeSpan.FromMinutes(5))
        {
            yield return "Registry:AcknowledgeTimeout must be 1 s to 5 min.";
        }

        foreach (string name in Operators)
        {
            if (!Addresses.JidPrep.TryLocalpart(name, out _))
            {
                yield return $"Registry:Operators: '{name}' is no account name (RFC 7622 §3.3).";
            }
        }
    }
}
