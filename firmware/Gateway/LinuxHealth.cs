using System.Globalization;
using Iot.Device.CpuTemperature;
using IotXmpp.Things;

namespace IotXmpp.Gateway;

/// <summary>A Linux machine's health: the processor's temperature by Iot.Device.Bindings, the rest from <c>/proc</c> and the file system. What a machine does not have is left out.</summary>
/// <param name="dataFolder">A folder on the disk that is told about.</param>
public sealed class LinuxHealth(string dataFolder) : IHostHealth
{
    private const string Uptime = "/proc/uptime";

    /// <inheritdoc/>
    public int CpuMilliCelsius { get; private set; } = int.MinValue;

    /// <inheritdoc/>
    public long UptimeSeconds { get; private set; } = -1;

    /// <inheritdoc/>
    public long DiskFreeBytes { get; private set; } = -1;

    /// <inheritdoc/>
    public long DiskTotalBytes { get; private set; } = -1;

    /// <inheritdoc/>
    public bool TryRead()
    {
        CpuMilliCelsius = Temperature();
        string? uptime = Line(Uptime)?.Split(' ')[0];
        UptimeSeconds = double.TryParse(uptime, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds) ? (long)seconds : -1;
        DiskFreeBytes = -1;
        DiskTotalBytes = -1;
        try
        {
            var disk = new DriveInfo(Path.GetFullPath(dataFolder));
            DiskTotalBytes = disk.TotalSize;
            DiskFreeBytes = disk.AvailableFreeSpace;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // A file system that tells no sizes: the fields are left out.
        }

        return CpuMilliCelsius != int.MinValue || UptimeSeconds >= 0 || DiskTotalBytes > 0;
    }

    private static int Temperature()
    {
        using var cpu = new CpuTemperature();
        try
        {
            return cpu.IsAvailable ? (int)Math.Round(cpu.Temperature.DegreesCelsius * 1000) : int.MinValue;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // The zone has gone with its driver, or tells no number.
            return int.MinValue;
        }
    }

    private static string? Line(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadLines(path).FirstOrDefault() : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Sensors come and go with their drivers.
            return null;
        }
    }
}
