using IotXmpp.Things;
using IotXmpp.Xmpp;

namespace IotXmpp.Esp32;

/// <summary>What a thing on a board is told: its configuration, and the sizes that its flash allows.</summary>
public static class BoardOptions
{
    /// <summary>Bytes of a segment of the telemetry ring. Default 8,000: two blocks of 4 KiB, less what the flash file system itself keeps in them.</summary>
    public const int RingSegmentBytes = 8000;

    /// <summary>Segments of the telemetry ring. Default 22: 44 of the 64 blocks that a 4 MB board's file system has; at least 1,000 samples of up to 168 bytes.</summary>
    public const int RingSegments = 22;

    /// <summary>The options of a thing.</summary>
    /// <param name="config">The board's configuration.</param>
    /// <param name="firmware">The firmware's version.</param>
    /// <param name="safe">Why it is in safe mode; null when it is not. What makes a board unreachable, its sleep, is off then.</param>
    public static ThingOptions Of(BoardConfig config, string firmware, string safe)
    {
        Jid owner = null;
        if (config.Owner.Length > 0)
        {
            Jid.TryParse(config.Owner, out owner);
        }

        return new ThingOptions
        {
            ThingId = config.Thing,
            PubSubService = new Jid(string.Empty, "pubsub." + config.Domain, string.Empty),
            Owner = owner,
            Registry = new Jid(string.Empty, "things." + config.Domain, string.Empty),
            Firmware = firmware,
            SampleIntervalMs = config.IntervalSeconds * 1000,
            SleepSeconds = config.SleepSeconds,
            SafeMode = safe,
            RingSegmentBytes = RingSegmentBytes,
            RingSegments = RingSegments,
        };
    }
}

/// <summary>Changes options before a life begins: how a simulated board is made quicker than real ones.</summary>
public interface IOptionsHook
{
    /// <summary>Changes them.</summary>
    /// <param name="thing">The thing's.</param>
    /// <param name="client">The client's.</param>
    void Configure(ThingOptions thing, ClientOptions client);
}
