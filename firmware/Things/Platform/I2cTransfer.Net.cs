using System.Device.I2c;
using System.IO;

namespace IotXmpp.Things;

/// <summary>
/// I2C transfers that say whether they worked. The two worlds differ here: the .NET package throws, nanoFramework returns a status; each has its own file.
/// </summary>
public static class I2cTransfer
{
    /// <summary>Writes, then reads after a repeated start.</summary>
    /// <param name="device">The device.</param>
    /// <param name="write">Bytes to write.</param>
    /// <param name="read">Filled with what is read.</param>
    /// <returns>False when the device did not acknowledge.</returns>
    public static bool TryWriteRead(I2cDevice device, byte[] write, byte[] read)
    {
        try
        {
            device.WriteRead(write, read);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Writes.</summary>
    /// <param name="device">The device.</param>
    /// <param name="write">Bytes to write.</param>
    /// <returns>False when the device did not acknowledge.</returns>
    public static bool TryWrite(I2cDevice device, byte[] write)
    {
        try
        {
            device.Write(write);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
