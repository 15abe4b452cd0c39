using System.ComponentModel.DataAnnotations;

namespace IotXmpp.Hub.Transport.Bosh;

/// <summary>The bounds of sessions over BOSH (settings section <c>Bosh</c>; XEP-0124).</summary>
public sealed class BoshOptions
{
    /// <summary>Whether it is served.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Longest time that a request is held, in seconds (60; §7.1): proxies on the way cut what is silent for longer.</summary>
    [Range(1, 600)]
    public int MaxWaitSeconds { get; set; } = 60;

    /// <summary>Requests that may be held at once (1; §7.1): there are clients that ask for two, have two connections, and then none left to say something with.</summary>
    [Range(1, 4)]
    public int MaxHold { get; set; } = 1;

    /// <summary>Seconds without a request after which the client counts as lost (60; §10).</summary>
    [Range(5, 3600)]
    public int InactivitySeconds { get; set; } = 60;

    /// <summary>Shortest time between two empty requests of a client that lets none be held, in seconds (5; §12).</summary>
    [Range(1, 60)]
    public int PollingSeconds { get; set; } = 5;

    /// <summary>Longest pause that a client may announce, in seconds (120; §10).</summary>
    [Range(5, 3600)]
    public int MaxPauseSeconds { get; set; } = 120;

    /// <summary>Repetitions of requests that were answered already, in a row (20; §14.3): who repeats more does not read.</summary>
    [Range(1, 1000)]
    public int MaxRepeats { get; set; } = 20;
}
