using System.Globalization;
using IotXmpp.Things;

namespace IotXmpp.Gateway;

/// <summary>A Linux machine's health from <c>/proc</c>, <c>/sys</c> and the file system. What a machine does not have is left out.</summary>
/// <param name="dataFolder">A folder on the disk that is told about.</param>
public sealed class LinuxHealth(string dataFolder) : IHostHealth
{
    private const string Thermal = "/sys/class/thermal/thermal_zone0/temp";
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
        CpuMilliCelsius = int.TryParse(Line(Thermal), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int temperature) ? temperature : int.MinValue;
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
