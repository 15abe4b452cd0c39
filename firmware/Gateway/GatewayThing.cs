using System.Reflection;
using IotXmpp.Host;
using IotXmpp.Things;
using IotXmpp.Xmpp;

namespace IotXmpp.Gateway;

/// <summary>The gateway as a thing: its own health, published like any other telemetry, buffered on disk while the hub is away.</summary>
public static class GatewayThing
{
    /// <summary>Segments of the gateway's ring. Default 128: with 8 KiB each some 10,000 samples, 3 days at one in 30 s.</summary>
    private const int RingSegments = 128;

    /// <summary>The program's version.</summary>
    public static string Version => typeof(GatewayThing).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";

    /// <summary>Makes the gateway's thing with everything it needs of the machine.</summary>
    /// <param name="settings">The gateway's settings.</param>
    /// <param name="observer">Is told what it does; may be null.</param>
    /// <param name="time">The clock; null for the system's.</param>
    /// <returns>A host, to be run.</returns>
    /// <exception cref="IOException">The CA's file or the data folder cannot be read.</exception>
    /// <exception cref="InvalidDataException">A file is not what it should be.</exception>
    public static ThingHost Create(GatewaySettings settings, IThingObserver? observer, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(settings);
        time ??= TimeProvider.System;
        var store = new FileSegmentStore(Path.Combine(settings.DataFolder, "unsent"));
        var kept = new FileSettings(Path.Combine(settings.DataFolder, "settings.json"));
        var host = new HostOptions
        {
            Client = ClientOptions.ForThing(settings.Account, settings.Password),
            Server = settings.Hub,
            Authorities = settings.CaFile is null ? null : HostOptions.ReadAuthorities(settings.CaFile),
            Time = time,
        };
        var options = new ThingOptions
        {
            ThingId = settings.Account.Local,
            PubSubService = new Jid(string.Empty, "pubsub." + settings.Account.Domain, string.Empty),
            Owner = settings.Owner,
            Firmware = Version,
            SampleIntervalMs = (int)settings.Interval.TotalMilliseconds,
            RingSegments = RingSegments,
        };
        var platform = new ThingPlatform
        {
            Clock = new SystemClock(time),
            Hash = DotNetHash.Instance,
            Settings = kept,
            Storage = store,
            Status = new ProcessStatus(),
        };
        return new ThingHost(host, kept, client => new ThingLoop(client, [new GatewayHealth(new LinuxHealth(settings.DataFolder))], options, platform) { Observer = observer });
    }
}
