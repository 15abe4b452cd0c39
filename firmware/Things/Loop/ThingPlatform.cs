using IotXmpp.Features;
using IotXmpp.Sasl;
using IotXmpp.Xmpp;

namespace IotXmpp.Things;

/// <summary>The time of day, and whether it is known: a board has none between power-on and the first answer of a time server.</summary>
public interface IThingClock : IWallClock
{
    /// <summary>Whether <see cref="IWallClock.UtcNowMs"/> is true. Samples are taken only then: a wrong time cannot be put right later.</summary>
    bool IsSet { get; }
}

/// <summary>The way to the network: a radio that has to be connected first.</summary>
public interface INetworkLink
{
    /// <summary>Whether packets can go.</summary>
    bool IsUp { get; }

    /// <summary>Goes on with connecting; returns at once.</summary>
    /// <param name="nowMs">Monotonic time in milliseconds.</param>
    void Step(long nowMs);
}

/// <summary>What resets the board when the loop hangs, as the TLS handshake of nanoFramework may.</summary>
public interface IWatchdog
{
    /// <summary>All is well; to be called more often than the watchdog's time.</summary>
    void Feed();
}

/// <summary>The board's power.</summary>
public interface IPower
{
    /// <summary>Sleeps; the board starts anew at that time. May return (a simulated board does): then the loop does nothing more.</summary>
    /// <param name="untilUtcMs">When to wake, in milliseconds since 1970-01-01 UTC.</param>
    void Sleep(long untilUtcMs);

    /// <summary>Starts the board anew at once, as reset reason <c>software</c>. May return (a simulated board does): then the loop does nothing more.</summary>
    void Restart();
}

/// <summary>What the board says about itself in its presence.</summary>
public interface IBoardStatus
{
    /// <summary>Why it started: <c>power-on</c>, <c>brownout</c>, <c>watchdog</c>, <c>panic</c>, <c>software</c> or <c>deep-sleep</c>.</summary>
    string BootReason { get; }

    /// <summary>Signal in dBm, or 0 when there is no radio.</summary>
    int SignalDbm { get; }

    /// <summary>Free bytes of the managed heap, or -1 when unknown.</summary>
    long FreeHeapBytes { get; }
}

/// <summary>Takes samples off the loop's hands.</summary>
public interface ISampleSink
{
    /// <summary>Takes a sample.</summary>
    /// <param name="sample">The sample; it is valid during the call.</param>
    void Add(Sample sample);
}

/// <summary>Settings that hold only when they have proved themselves (wire profile, registry: network settings).</summary>
public interface ISettingsTrial
{
    /// <summary>Whether some are on trial, or about to be.</summary>
    bool IsRunning { get; }

    /// <summary>Why those that were tried last do not hold, for people; null when they do, or when there was no trial. Survives a restart.</summary>
    string Reverted { get; }
}

/// <summary>The board as the thing loop sees it. Each platform fills in its own; <see cref="Power"/> may be null where nothing sleeps.</summary>
public sealed class ThingPlatform
{
    /// <summary>The time of day.</summary>
    public IThingClock Clock { get; set; }

    /// <summary>Hash functions, for the capabilities.</summary>
    public IHash Hash { get; set; }

    /// <summary>What survives a restart: remembered commands, and whether the telemetry node is there.</summary>
    public ISettings Settings { get; set; }

    /// <summary>Where samples wait for the hub.</summary>
    public ISegmentStore Storage { get; set; }

    /// <summary>Takes the samples instead of <see cref="Storage"/>, and brings them to the hub itself; null where the loop does. What the storage holds already still goes out.</summary>
    public ISampleSink Sink { get; set; }

    /// <summary>The way to the network, or null where the operating system sees to it.</summary>
    public INetworkLink Network { get; set; }

    /// <summary>The watchdog, or null.</summary>
    public IWatchdog Watchdog { get; set; }

    /// <summary>The board's power, or null.</summary>
    public IPower Power { get; set; }

    /// <summary>What the board says about itself.</summary>
    public IBoardStatus Status { get; set; }

    /// <summary>Settings that are tried before they hold; null where there are none.</summary>
    public ISettingsTrial Trial { get; set; }

    /// <summary>How this platform is updated; null where it is not. An image begins with a restart: without <see cref="Power"/> the loop goes asleep with <see cref="ThingLoop.IsRestarting"/>, and its host begins anew.</summary>
    public UpdatePlatform Update { get; set; }

    /// <summary>Commands (XEP-0050) that this platform has beside those of every thing; null for none.</summary>
    public AdHocCommand[] Commands { get; set; }
}
