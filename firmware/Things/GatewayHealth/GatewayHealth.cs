using IotXmpp.Features;

namespace IotXmpp.Things;

/// <summary>A gateway's own health as a part of a thing: CPU temperature in °C, uptime in s, disk in use in % and free in MB.</summary>
public sealed class GatewayHealth : ThingPart
{
    private readonly IHostHealth _host;

    /// <summary>Takes the host.</summary>
    /// <param name="host">The operating system's values.</param>
    public GatewayHealth(IHostHealth host)
    {
        _host = host;
    }

    /// <inheritdoc/>
    public override bool TrySample(Sample sample)
    {
        if (!_host.TryRead())
        {
            return false;
        }

        if (_host.CpuMilliCelsius != int.MinValue)
        {
            sample.AddNumeric("cpuTemperature", "°C", FixedPoint.Divide(_host.CpuMilliCelsius, 100), 1);
        }

        if (_host.UptimeSeconds >= 0)
        {
            sample.AddNumeric("uptime", "s", _host.UptimeSeconds, 0, FieldFlags.Status);
        }

        if (_host.DiskTotalBytes > 0 && _host.DiskFreeBytes >= 0)
        {
            long used = _host.DiskTotalBytes - _host.DiskFreeBytes;
            sample.AddNumeric("diskUsed", "%", (long)(used * 1000.0 / _host.DiskTotalBytes), 1, FieldFlags.Status);
            sample.AddNumeric("diskFree", "MB", _host.DiskFreeBytes / 1000000, 0, FieldFlags.Status);
        }

        return true;
    }
}
