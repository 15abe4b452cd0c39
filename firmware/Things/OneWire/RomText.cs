namespace IotXmpp.Things;

/// <summary>ROM codes as people write them: sixteen hexadecimal digits, the family code first, such as <c>28169e0700000064</c>.</summary>
public static class RomText
{
    private const string Digits = "0123456789abcdef";

    /// <summary>Writes a ROM code.</summary>
    /// <param name="roms">Holds it.</param>
    /// <param name="offset">Where it begins.</param>
    /// <returns>Sixteen digits.</returns>
    public static string Format(byte[] roms, int offset)
    {
        char[] digits = Digits.ToCharArray();
        char[] text = new char[OneWireBus.RomLength * 2];
        for (int i = 0; i < OneWireBus.RomLength; i++)
        {
            text[i * 2] = digits[roms[offset + i] >> 4];
            text[(i * 2) + 1] = digits[roms[offset + i] & 0x0F];
        }

        return new string(text);
    }

    /// <summary>Reads a ROM code.</summary>
    /// <param name="text">Sixteen digits.</param>
    /// <returns>Eight bytes, or null when it is none or its checksum is wrong.</returns>
    public static byte[] Parse(string text)
    {
        if (text == null || text.Length != OneWireBus.RomLength * 2)
        {
            return null;
        }

        byte[] rom = new byte[OneWireBus.RomLength];
        int at = 0;
        foreach (char c in text.ToCharArray())
        {
            int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
            if (digit < 0)
            {
                return null;
            }

            rom[at >> 1] = (byte)((rom[at >> 1] << 4) | digit);
            at++;
        }

        return OneWireBus.Crc(rom, 0, rom.Length) == 0 ? rom : null;
    }
}
