using System.Device.I2c;

namespace IotXmpp.Virtual;

/// <summary>A part on a virtual I2C bus: what it does with bytes. It is called under the bus's lock.</summary>
public interface IVirtualI2cPart
{
    /// <summary>Bytes were written to the part.</summary>
    /// <returns>False when it does not acknowledge.</returns>
    bool Write(ReadOnlySpan<byte> data);

    /// <summary>Bytes are read from the part.</summary>
    /// <returns>False when it does not acknowledge.</returns>
    bool Read(Span<byte> data);
}

/// <summary>An I2C bus in memory: parts sit at addresses and may be unplugged. A transfer to an empty address throws, as on a real bus.</summary>
public sealed class VirtualI2cBus
{
    private readonly Dictionary<int, IVirtualI2cPart> _parts = [];
    private readonly Lock _lock = new();

    /// <summary>Makes an empty bus.</summary>
    /// <param name="busId">The bus's number.</param>
    public VirtualI2cBus(int busId = 1) => BusId = busId;

    /// <summary>The bus's number.</summary>
    public int BusId { get; }

    /// <summary>Plugs a part in, in place of the one at that address.</summary>
    /// <param name="address">Its seven-bit address.</param>
    /// <param name="part">The part.</param>
    public void Attach(int address, IVirtualI2cPart part)
    {
        lock (_lock)
        {
            _parts[address] = part;
        }
    }

    /// <summary>Pulls a part out.</summary>
    /// <param name="address">Its seven-bit address.</param>
    public void Detach(int address)
    {
        lock (_lock)
        {
            _parts.Remove(address);
        }
    }

    /// <summary>Opens a device for thing code. The address may be empty: then every transfer throws.</summary>
    /// <param name="address">Its seven-bit address.</param>
    /// <returns>The device.</returns>
    public I2cDevice CreateDevice(int address) => new Device(this, new I2cConnectionSettings(BusId, address));

    private sealed class Device(VirtualI2cBus bus, I2cConnectionSettings settings) : I2cDevice
    {
        public override I2cConnectionSettings ConnectionSettings => settings;

        public override void Read(Span<byte> buffer)
        {
            lock (bus._lock)
            {
                Require(Part().Read(buffer));
            }
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            lock (bus._lock)
            {
                Require(Part().Write(buffer));
            }
        }

        public override void WriteRead(ReadOnlySpan<byte> writeBuffer, Span<byte> readBuffer)
        {
            lock (bus._lock)
            {
                IVirtualI2cPart part = Part();
                Require(part.Write(writeBuffer) && part.Read(readBuffer));
            }
        }

        private static void Require(bool acknowledged)
        {
            if (!acknowledged)
            {
                throw new IOException("The I2C part did not acknowledge.");
            }
        }

        private IVirtualI2cPart Part()
            => bus._parts.TryGetValue(settings.DeviceAddress, out IVirtualI2cPart? part)
                ? part
                : throw new IOException($"No part at address 0x{settings.DeviceAddress:X2} of I2C bus {settings.BusId}.");
    }
}

/// <summary>A part made of registers: the first byte written sets the register, further bytes go into it and the next ones.</summary>
public abstract class VirtualRegisterPart : IVirtualI2cPart
{
    private byte _register;

    /// <summary>True while the part answers; false plays a part that hangs.</summary>
    public bool Answers { get; set; } = true;

    /// <inheritdoc/>
    public bool Write(ReadOnlySpan<byte> data)
    {
        if (!Answers)
        {
            return false;
        }

        if (data.Length > 0)
        {
            _register = data[0];
            for (int i = 1; i < data.Length; i++)
            {
                WriteRegister(_register++, data[i]);
            }
        }

        return true;
    }

    /// <inheritdoc/>
    public bool Read(Span<byte> data)
    {
        if (!Answers)
        {
            return false;
        }

        for (int i = 0; i < data.Length; i++)
        {
            data[i] = ReadRegister(_register++);
        }

        return true;
    }

    /// <summary>What a register holds.</summary>
    protected abstract byte ReadRegister(byte register);

    /// <summary>A register is written.</summary>
    protected abstract void WriteRegister(byte register, byte value);
}
