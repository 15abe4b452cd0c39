namespace System.Device.I2c;

/// <summary>Which device on which bus.</summary>
public sealed class I2cConnectionSettings
{
    /// <summary>Names a device.</summary>
    /// <param name="busId">The bus.</param>
    /// <param name="deviceAddress">The seven-bit address.</param>
    public I2cConnectionSettings(int busId, int deviceAddress)
    {
        BusId = busId;
        DeviceAddress = deviceAddress;
    }

    /// <summary>The bus.</summary>
    public int BusId { get; }

    /// <summary>The seven-bit address.</summary>
    public int DeviceAddress { get; }
}

/// <summary>
/// A device on an I2C bus. A transfer that the device does not acknowledge throws <see cref="IOException"/>, as the .NET package does;
/// nanoFramework returns a status instead, so thing code goes through <c>IotXmpp.Things.I2cTransfer</c>.
/// </summary>
public abstract class I2cDevice : IDisposable
{
    /// <summary>Which device this is.</summary>
    public abstract I2cConnectionSettings ConnectionSettings { get; }

    /// <summary>A device on a real bus: not here, this is the shim for machines without buses.</summary>
    /// <exception cref="PlatformNotSupportedException">Always: build with PiReferences=packages on a Raspberry Pi.</exception>
    public static I2cDevice Create(I2cConnectionSettings settings)
        => throw new PlatformNotSupportedException("This build has no real I2C bus: take a device of VirtualI2cBus, or build with PiReferences=packages.");

    /// <summary>Reads one byte.</summary>
    public virtual byte ReadByte()
    {
        Span<byte> one = stackalloc byte[1];
        Read(one);
        return one[0];
    }

    /// <summary>Reads as many bytes as the buffer has.</summary>
    /// <exception cref="IOException">The device did not acknowledge.</exception>
    public abstract void Read(Span<byte> buffer);

    /// <summary>Writes one byte.</summary>
    public virtual void WriteByte(byte value) => Write([value]);

    /// <summary>Writes bytes.</summary>
    /// <exception cref="IOException">The device did not acknowledge.</exception>
    public abstract void Write(ReadOnlySpan<byte> buffer);

    /// <summary>Writes, then reads after a repeated start.</summary>
    /// <exception cref="IOException">The device did not acknowledge.</exception>
    public virtual void WriteRead(ReadOnlySpan<byte> writeBuffer, Span<byte> readBuffer)
    {
        Write(writeBuffer);
        Read(readBuffer);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives the device back.</summary>
    /// <param name="disposing">True when called by <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing)
    {
    }
}
