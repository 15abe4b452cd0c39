namespace IotXmpp.Hub.Features.Configuration;

/// <summary>Settings of section <c>Configuration</c>.</summary>
public sealed class ConfigurationOptions
{
    /// <summary>Versions of one thing that are kept; default 100: a change a week for two years.</summary>
    public int VersionsPerThing { get; set; } = 100;

    /// <summary>Parameters that may be wished for; default 16: a thing takes no more at once.</summary>
    public int Parameters { get; set; } = 16;

    /// <summary>Things that one request may configure; default 10,000: a whole fleet.</summary>
    public int ThingsPerRequest { get; set; } = 10_000;

    /// <summary>Seconds that new network settings are on trial, as the hub reckons it; default 330: the five minutes of the wire profile, and half a minute for the way.</summary>
    public int TrialSeconds { get; set; } = 330;

    /// <summary>What is wrong with these settings, one line each.</summary>
    public IEnumerable<string> Validate()
    {
        foreach ((string name, int value, int least, int most) in new (string, int, int, int)[]
        {
            (nameof(VersionsPerThing), VersionsPerThing, 2, 10_000),
            (nameof(Parameters), Parameters, 1, 16),
            (nameof(ThingsPerRequest), ThingsPerRequest, 1, 100_000),
            (nameof(TrialSeconds), TrialSeconds, 300, 3_600),
        })
        {
            if (value < least || value > most)
            {
                yield return $"Configuration:{name} must be {least} to {most}.";
            }
        }
    }
}
