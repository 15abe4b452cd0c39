using System.Collections;
using IotXmpp.Things;
using nanoFramework.Device.OneWire;

namespace IotXmpp.Esp32.Board;

/// <summary>The 1-Wire bus of an ESP32, over the runtime's own.</summary>
internal sealed class Esp32OneWire : IOneWireBus
{
    private const byte MatchRom = 0x55;
    private const byte SkipRom = 0xCC;
    private const int RomBytes = 8;

    private readonly OneWireHost _host = new OneWireHost();

    /// <inheritdoc/>
    public int Search(byte[] roms)
    {
        ArrayList found = _host.FindAllDevices();
        int count = 0;
        for (int i = 0; found != null && i < found.Count && (count + 1) * RomBytes <= roms.Length; i++)
        {
            byte[] rom = (byte[])found[i];
            if (rom.Length == RomBytes && Crc(rom) == rom[RomBytes - 1])
            {
                System.Array.Copy(rom, 0, roms, count++ * RomBytes, RomBytes);
            }
        }

        return count;
    }

    /// <inheritdoc/>
    public bool TryTransfer(byte[] rom, byte[] write, byte[] read)
    {
        if (!_host.TouchReset())
        {
            return false;
        }

        _host.WriteByte(rom == null ? SkipRom : MatchRom);
        for (int i = 0; rom != null && i < RomBytes; i++)
        {
            _host.WriteByte(rom[i]);
        }

        for (int i = 0; i < write.Length; i++)
        {
            _host.WriteByte(write[i]);
        }

        for (int i = 0; read != null && i < read.Length; i++)
        {
            read[i] = _host.ReadByte();
        }

        return true;
    }

    private static byte Crc(byte[] rom)
    {
        int crc = 0;
        for (int i = 0; i < RomBytes - 1; i++)
        {
            crc ^= rom[i];
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x8C : crc >> 1;
            }
        }

        return (byte)crc;
    }
}
