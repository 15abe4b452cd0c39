using System.Device.I2c;

namespace IotXmpp.Things;

/// <summary>I2C transfers that say whether they worked: the file for nanoFramework, where a transfer returns its status.</summary>
public static class I2cTransfer
{
    /// <summary>Writes, then reads after a repeated start.</summary>
    /// <param name="device">The device.</param>
    /// <param name="write">Bytes to write.</param>
    /// <param name="read">Filled with what is read.</param>
    /// <returns>False when the device did not acknowledge.</returns>
    public static bool TryWriteRead(I2cDevice device, byte[] write, byte[] read)
        => device.WriteRead(write, read).Status == I2cTransferStatus.FullTransfer;

    /// <summary>Writes.</summary>
    /// <param name="device">The device.</param>
    /// <param name="write">Bytes to write.</param>
    /// <returns>False when the device did not acknowledge.</returns>
    public static bool TryWrite(I2cDevice device, byte[] write)
        => device.Write(write).Status == I2cTransferStatus.FullTransfer;
}
