using System.Globalization;
using UnitsNet;

namespace Iot.Device.CpuTemperature;

/// <summary>The processor's temperature, as the kernel's first thermal zone tells it.</summary>
public sealed class CpuTemperature : IDisposable
{
    private const string Zone = "/sys/class/thermal/thermal_zone0/temp";

    /// <summary>Whether this machine tells one.</summary>
    public bool IsAvailable { get; } = File.Exists(Zone);

    /// <summary>The temperature now.</summary>
    /// <exception cref="ArgumentException">The machine tells none, or what it tells is no number.</exception>
    /// <exception cref="IOException">The zone cannot be read.</exception>
    public Temperature Temperature
        => Temperature.FromDegreesCelsius(IsAvailable && int.TryParse(File.ReadLines(Zone).FirstOrDefault(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int milli) ? milli / 1000.0 : double.NaN);

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
