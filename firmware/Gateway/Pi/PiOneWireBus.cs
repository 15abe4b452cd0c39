using System.Globalization;
using IotXmpp.Things;

namespace IotXmpp.Gateway.Pi;

/// <summary>
/// 1-Wire thermometers as the kernel shows them (<c>dtoverlay=w1-gpio</c>; modules w1-gpio and w1-therm): a folder a part, and in it a file whose reading converts and
/// gives the scratchpad. That takes a second, so it is read aside; <see cref="TryTransfer"/> returns at once.
/// </summary>
public sealed class PiOneWireBus : IOneWireBus
{
    /// <summary>Where the kernel shows the parts.</summary>
    public const string SystemFolder = "/sys/bus/w1/devices";

    private const byte ConvertTemperature = 0x44;
    private const byte ReadScratchpad = 0xBE;
    private const int Scratchpad = 9;

    private readonly string _folder;
    private readonly Dictionary<string, Task<byte[]?>> _readings = [];

    /// <summary>Looks into a folder.</summary>
    /// <param name="folder">Where the parts are shown.</param>
    public PiOneWireBus(string folder = SystemFolder) => _folder = folder;

    /// <inheritdoc/>
    public int Search(byte[] roms)
    {
        ArgumentNullException.ThrowIfNull(roms);
        int count = 0;
        foreach (string folder in Parts())
        {
            byte[]? rom = Rom(Path.GetFileName(folder));
            if (rom is not null && (count + 1) * OneWireBus.RomLength <= roms.Length)
            {
                rom.CopyTo(roms, count++ * OneWireBus.RomLength);
            }
        }

        return count;
    }

    /// <inheritdoc/>
    public bool TryTransfer(byte[]? rom, byte[] write, byte[]? read)
    {
        ArgumentNullException.ThrowIfNull(write);
        string? folder = rom is null ? Parts().FirstOrDefault() : Path.Combine(_folder, Name(rom));
        if (folder is null || !Directory.Exists(folder))
        {
            return false;
        }

        switch (write[0])
        {
            case ConvertTemperature:
                // One at a time: the kernel lets parts of one wire wait for each other.
                if (!_readings.TryGetValue(folder, out Task<byte[]?>? last) || last.IsCompleted)
                {
                    string file = Path.Combine(folder, "w1_slave");
                    _readings[folder] = Task.Run(() => Read(file));
                }

                return true;
            case ReadScratchpad:
                byte[]? got = _readings.TryGetValue(folder, out Task<byte[]?>? reading) && reading.IsCompletedSuccessfully ? reading.Result : null;
                if (got is null || read is null || read.Length != Scratchpad)
                {
                    return false;
                }

                got.CopyTo(read, 0);
                return true;
            default:
                // The part's settings are the kernel's.
                return true;
        }
    }

    /// <summary>The ROM code of a part by the name of its folder, such as <c>28-000000079e16</c>.</summary>
    /// <param name="name">The folder's name.</param>
    /// <returns>Eight bytes, or null when it is no part's.</returns>
    public static byte[]? Rom(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length != 15 || name[2] != '-'
            || !byte.TryParse(name.AsSpan(0, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out byte family)
            || !long.TryParse(name.AsSpan(3), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out long serial))
        {
            return null;
        }

        byte[] rom = new byte[OneWireBus.RomLength];
        rom[0] = family;
        for (int i = 0; i < 6; i++)
        {
            rom[1 + i] = (byte)(serial >> (8 * i));
        }

        rom[7] = OneWireBus.Crc(rom, 0, 7);
        return rom;
    }

    private static string Name(byte[] rom) => string.Create(CultureInfo.InvariantCulture, $"{rom[0]:x2}-{rom[6]:x2}{rom[5]:x2}{rom[4]:x2}{rom[3]:x2}{rom[2]:x2}{rom[1]:x2}");

    // The first line of the file: nine bytes, and whether the checksum was right. "72 01 4b 46 7f ff 0e 10 57 : crc=57 YES"
    private static byte[]? Read(string file)
    {
        try
        {
            string line = File.ReadLines(file).FirstOrDefault("");
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            byte[] data = new byte[Scratchpad];
            for (int i = 0; i < Scratchpad; i++)
            {
                if (i >= words.Length || !byte.TryParse(words[i], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out data[i]))
                {
                    return null;
                }
            }

            return line.EndsWith("YES", StringComparison.Ordinal) ? data : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Pulled out while it was read.
            return null;
        }
    }

    private IEnumerable<string> Parts()
        => Directory.Exists(_folder) ? Directory.EnumerateDirectories(_folder, "??-????????????").Order(StringComparer.Ordinal) : [];
}
