namespace IotXmpp.Things;

/// <summary>A 1-Wire bus over a board's wire: addressing, the search for ROM codes and the checksum of Maxim application note 27 and 187.</summary>
public sealed class OneWireBus : IOneWireBus
{
    /// <summary>Bytes of a ROM code: family, six of serial number, checksum.</summary>
    public const int RomLength = 8;

    private const byte SearchRom = 0xF0;
    private const byte MatchRom = 0x55;
    private const byte SkipRom = 0xCC;

    private readonly IOneWireLine _line;

    /// <summary>Takes the wire.</summary>
    /// <param name="line">The wire.</param>
    public OneWireBus(IOneWireLine line)
    {
        _line = line;
    }

    /// <summary>The checksum of 1-Wire parts: CRC-8 with x⁸+x⁵+x⁴+1, the least significant bit first. Over data with its checksum it is 0.</summary>
    /// <param name="data">The data.</param>
    /// <param name="offset">Where it begins.</param>
    /// <param name="count">How many bytes.</param>
    /// <returns>The checksum.</returns>
    public static byte Crc(byte[] data, int offset, int count)
    {
        int crc = 0;
        for (int i = 0; i < count; i++)
        {
            crc ^= data[offset + i];
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x8C : crc >> 1;
            }
        }

        return (byte)crc;
    }

    /// <inheritdoc/>
    public int Search(byte[] roms)
    {
        int room = roms.Length / RomLength;
        int found = 0;
        int lastDiscrepancy = -1;
        byte[] rom = new byte[RomLength];
        while (found < room)
        {
            int discrepancy = SearchNext(rom, lastDiscrepancy);
            // A bus that is held low answers with zeros, and their checksum is right.
            if (discrepancy == Failed || rom[0] == 0 || Crc(rom, 0, RomLength) != 0)
            {
                break;
            }

            System.Array.Copy(rom, 0, roms, found * RomLength, RomLength);
            found++;
            if (discrepancy < 0)
            {
                break;
            }

            lastDiscrepancy = discrepancy;
        }

        return found;
    }

    /// <inheritdoc/>
    public bool TryTransfer(byte[] rom, byte[] write, byte[] read)
    {
        if (!_line.Reset())
        {
            return false;
        }

        if (rom == null)
        {
            _line.TouchByte(SkipRom);
        }
        else
        {
            _line.TouchByte(MatchRom);
            Write(rom);
        }

        Write(write);
        for (int i = 0; read != null && i < read.Length; i++)
        {
            read[i] = _line.TouchByte(0xFF);
        }

        return true;
    }

    private const int Failed = -2;

    // One walk down the tree of ROM codes (application note 187): at a place where parts differ, the way of last time is taken up to the last place that was
    // gone to 0, then 1 there, then 0. Returns the last place that was gone to 0 now, -1 when none is left.
    private int SearchNext(byte[] rom, int lastDiscrepancy)
    {
        if (!_line.Reset())
        {
            return Failed;
        }

        _line.TouchByte(SearchRom);
        int discrepancy = -1;
        for (int i = 0; i < RomLength * 8; i++)
        {
            int mask = 1 << (i & 7);
            bool bit = _line.Touch(true);
            bool complement = _line.Touch(true);
            if (bit && complement)
            {
                return Failed;
            }

            bool way = bit;
            if (!bit && !complement)
            {
                way = i < lastDiscrepancy ? (rom[i >> 3] & mask) != 0 : i == lastDiscrepancy;
                if (!way)
                {
                    discrepancy = i;
                }
            }

            rom[i >> 3] = (byte)(way ? rom[i >> 3] | mask : rom[i >> 3] & ~mask);
            _line.Touch(way);
        }

        return discrepancy;
    }

    private void Write(byte[] data)
    {
        for (int i = 0; i < data.Length; i++)
        {
            _line.TouchByte(data[i]);
        }
    }
}
