using IotXmpp.Xmpp;

namespace IotXmpp.Esp32;

/// <summary>
/// Settings in flash files that survive a power cut at any byte: each key has two files, a write goes into the older one, and a file counts only when its check is right. The form
/// is frozen by a test: sequence (1 byte), the value, CRC-16 (2 bytes); an empty value is a removed key.
/// </summary>
public sealed class FlashSettings : ISettings
{
    /// <summary>Where the files lie; a key and <c>.0</c> or <c>.1</c> follow.</summary>
    public const string Prefix = "I:\\set_";

    private const int Overhead = 3;

    private readonly IBoardFiles _files;

    /// <summary>Settings in these files.</summary>
    /// <param name="files">The board's files.</param>
    public FlashSettings(IBoardFiles files)
    {
        _files = files;
    }

    /// <summary>Writes that flash refused since start: what was to be kept is then lost at the next restart.</summary>
    public int Refused { get; private set; }

    /// <inheritdoc/>
    public byte[] Read(string key)
    {
        int slot;
        byte[] file = Newest(key, out slot);
        if (file == null || file.Length == Overhead)
        {
            return null;
        }

        byte[] value = new byte[file.Length - Overhead];
        System.Array.Copy(file, 1, value, 0, value.Length);
        return value;
    }

    /// <inheritdoc/>
    public void Write(string key, byte[] value)
    {
        int slot;
        byte[] before = Newest(key, out slot);
        int length = value == null ? 0 : value.Length;
        if (Same(before, value, length))
        {
            return; // flash wears
        }

        byte[] file = new byte[length + Overhead];
        file[0] = before == null ? (byte)0 : (byte)(before[0] + 1);
        if (length > 0)
        {
            System.Array.Copy(value, 0, file, 1, length);
        }

        int crc = Crc(file, length + 1);
        file[length + 1] = (byte)crc;
        file[length + 2] = (byte)(crc >> 8);
        if (!_files.TryWrite(Path(key, 1 - slot), file))
        {
            Refused++;
        }
    }

    private static string Path(string key, int slot) => Prefix + key + (slot == 0 ? ".0" : ".1");

    private static bool Same(byte[] file, byte[] value, int length)
    {
        if (file == null)
        {
            return length == 0;
        }

        if (file.Length != length + Overhead)
        {
            return false;
        }

        for (int i = 0; i < length; i++)
        {
            if (file[i + 1] != value[i])
            {
                return false;
            }
        }

        return true;
    }

    private static int Crc(byte[] buffer, int count)
    {
        // CRC-16/CCITT-FALSE: a torn or erased file must not look whole.
        int crc = 0xFFFF;
        for (int i = 0; i < count; i++)
        {
            crc ^= buffer[i] << 8;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 0x8000) != 0 ? ((crc << 1) ^ 0x1021) & 0xFFFF : (crc << 1) & 0xFFFF;
            }
        }

        return crc;
    }

    // The newer of the two files that are whole, and its slot; null and slot 1 when there is none, so that the first write goes into slot 0.
    private byte[] Newest(string key, out int slot)
    {
        byte[] first = Whole(Path(key, 0));
        byte[] second = Whole(Path(key, 1));
        slot = 1;
        if (second != null && (first == null || (byte)(second[0] - first[0]) < 128))
        {
            return second;
        }

        slot = first == null ? 1 : 0;
        return first;
    }

    private byte[] Whole(string path)
    {
        byte[] file = _files.Read(path);
        if (file == null || file.Length < Overhead)
        {
            return null;
        }

        int crc = file[file.Length - 2] | (file[file.Length - 1] << 8);
        return Crc(file, file.Length - 2) == crc ? file : null;
    }
}
