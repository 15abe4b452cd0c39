using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using IotXmpp.Things;

namespace IotXmpp.Gateway;

/// <summary>What became of a BTHome payload.</summary>
internal enum BtHomeOutcome
{
    /// <summary>It was read.</summary>
    Read,

    /// <summary>It is none, or of a version that this does not know.</summary>
    Unknown,

    /// <summary>It is encrypted and there is no key, or the other way about: who has a key says nothing in the open.</summary>
    KeyMismatch,

    /// <summary>It is not of who has the key.</summary>
    Forged,

    /// <summary>It is an older one again.</summary>
    Replayed,
}

/// <summary>
/// BTHome version 2 (https://bthome.io/format): measurements in the service data of an advertisement (UUID 0xFCD2), in the open or encrypted by AES-CCM with a key for each device. One object reads one
/// device: it knows the device's counter.
/// </summary>
/// <param name="address">The device's address, most significant byte first.</param>
/// <param name="key">Its key (16 bytes); null for one that speaks in the open.</param>
internal sealed class BtHome(byte[] address, byte[]? key)
{
    /// <summary>The UUID of its service data.</summary>
    public const ushort Service = 0xFCD2;

    private const int MicBytes = 4;
    private const int CounterBytes = 4;

    /// <summary>How far a counter may fall back before it is taken for one that began anew. A device without lasting memory starts at 0 after its battery was changed; what was heard before is far above.</summary>
    private const uint RestartBelow = 100;

    private static readonly BtHomeObject?[] Objects = BtHomeObject.Table();

    private uint? _counter;

    /// <summary>The number of the last packet that was read; null when it had none.</summary>
    public int? Packet { get; private set; }

    /// <summary>Battery in percent of the last packet; null when it said nothing of it.</summary>
    public int? Battery { get; private set; }

    /// <summary>Reads a payload.</summary>
    /// <param name="data">The service data behind the UUID.</param>
    /// <param name="sample">Gets the fields; its time is not changed.</param>
    public BtHomeOutcome TryRead(ReadOnlySpan<byte> data, Sample sample)
    {
        if (data.Length < 1 || data[0] >> 5 != 2)
        {
            return BtHomeOutcome.Unknown;
        }

        bool encrypted = (data[0] & 1) != 0;
        if (encrypted != key is not null)
        {
            return BtHomeOutcome.KeyMismatch;
        }

        if (!encrypted)
        {
            Fields(data[1..], sample);
            return BtHomeOutcome.Read;
        }

        int length = data.Length - 1 - CounterBytes - MicBytes;
        if (length < 0)
        {
            return BtHomeOutcome.Unknown;
        }

        ReadOnlySpan<byte> counter = data.Slice(1 + length, CounterBytes);
        // Address, UUID as it is on the air, device information, counter.
        byte[] nonce = [.. address, 0xD2, 0xFC, data[0], .. counter];
        byte[] plain = new byte[length];
        try
        {
            using var ccm = new AesCcm(key!);
            ccm.Decrypt(nonce, data.Slice(1, length), data[^MicBytes..], plain);
        }
        catch (AuthenticationTagMismatchException)
        {
            return BtHomeOutcome.Forged;
        }

        uint number = BinaryPrimitives.ReadUInt32LittleEndian(counter);
        // The same one comes several times, on each channel: it is read again, and is the same sample.
        if (number < _counter && number >= RestartBelow)
        {
            return BtHomeOutcome.Replayed;
        }

        _counter = number;
        Fields(plain, sample);
        return BtHomeOutcome.Read;
    }

    private void Fields(ReadOnlySpan<byte> data, Sample sample)
    {
        Packet = null;
        Battery = null;
        while (data.Length > 1 && Objects[data[0]] is { } kind)
        {
            int length = kind.Length >= 0 ? kind.Length : data[1] + 1;
            if (data.Length < 1 + length)
            {
                return; // cut off: what came before it is whole
            }

            Field(kind, data.Slice(1, length), sample);
            data = data[(1 + length)..];
        }

        // An object that is not known has no known length: nothing behind it can be read.
    }

    private void Field(BtHomeObject kind, ReadOnlySpan<byte> bytes, Sample sample)
    {
        switch (kind.Form)
        {
            case BtHomeForm.Packet:
                Packet = bytes[0];
                break;
            case BtHomeForm.Number:
                long value = Number(bytes, kind.IsSigned) * kind.Times;
                if (kind.Name == "battery")
                {
                    Battery = (int)Math.Clamp(value, 0, 100);
                }

                sample.AddNumeric(Name(sample, kind.Name), kind.Unit, value, kind.Decimals);
                break;
            case BtHomeForm.Truth:
                sample.AddBoolean(Name(sample, kind.Name), bytes[0] != 0);
                break;
            case BtHomeForm.Button when bytes[0] != 0:
                sample.AddString(Name(sample, kind.Name), Event(bytes[0]));
                break;
            case BtHomeForm.Dimmer when bytes[0] != 0:
                sample.AddNumeric(Name(sample, kind.Name), "", bytes[0] == 1 ? -bytes[1] : bytes[1], 0);
                break;
            case BtHomeForm.Text when IsText(bytes[1..]):
                sample.AddString(Name(sample, kind.Name), Encoding.UTF8.GetString(bytes[1..]));
                break;
            default:
                break; // no event, or nothing that a sample holds
        }
    }

    // Two thermometers in one device: temperature and temperature-2.
    private static string Name(Sample sample, string name)
    {
        string free = name;
        for (int i = 2; sample.IndexOf(free) >= 0; i++)
        {
            free = $"{name}-{i}";
        }

        return free;
    }

    private static long Number(ReadOnlySpan<byte> bytes, bool signed)
    {
        long value = 0;
        for (int i = bytes.Length - 1; i >= 0; i--)
        {
            value = (value << 8) | bytes[i];
        }

        int unused = 64 - (8 * bytes.Length);
        return signed ? value << unused >> unused : value;
    }

    private static string Event(byte code) => code switch
    {
        1 => "press",
        2 => "double_press",
        3 => "triple_press",
        4 => "long_press",
        5 => "long_double_press",
        6 => "long_triple_press",
        0x80 => "hold_press",
        _ => "unknown",
    };

    private static bool IsText(ReadOnlySpan<byte> bytes)
    {
        foreach (byte b in bytes)
        {
            // What XML cannot carry comes in no further; a text in other scripts has bytes above these.
            if (b is < 0x20 or 0x7F)
            {
                return false;
            }
        }

        return System.Text.Unicode.Utf8.IsValid(bytes);
    }
}

/// <summary>How an object of BTHome is made.</summary>
internal enum BtHomeForm
{
    Packet,
    Number,
    Truth,
    Button,
    Dimmer,
    Text,

    /// <summary>Its length is known, and nothing is made of it.</summary>
    Ignored,
}

/// <summary>An object of BTHome.</summary>
/// <param name="Form">How it is made.</param>
/// <param name="Length">Its bytes; -1 when its first byte says how many follow.</param>
/// <param name="Name">The field that it becomes.</param>
/// <param name="Unit">The field's unit; "" for none.</param>
/// <param name="Decimals">How many decimals the number has.</param>
/// <param name="IsSigned">Whether the number has a sign.</param>
/// <param name="Times">What the number is multiplied by before that.</param>
internal sealed record BtHomeObject(BtHomeForm Form, int Length, string Name, string Unit = "", int Decimals = 0, bool IsSigned = false, int Times = 1)
{
    /// <summary>All of them, by their number.</summary>
    public static BtHomeObject?[] Table()
    {
        var table = new BtHomeObject?[256];
        table[0x00] = new(BtHomeForm.Packet, 1, "");
        (int Id, int Length, string Name, string Unit, int Decimals)[] unsigned =
        [
            (0x01, 1, "battery", "%", 0), (0x03, 2, "humidity", "%", 2), (0x04, 3, "pressure", "hPa", 2), (0x05, 3, "illuminance", "lx", 2), (0x06, 2, "mass", "kg", 2), (0x07, 2, "mass", "lb", 2),
            (0x09, 1, "count", "", 0), (0x0A, 3, "energy", "kWh", 3), (0x0B, 3, "power", "W", 2), (0x0C, 2, "voltage", "V", 3), (0x0D, 2, "pm25", "µg/m³", 0), (0x0E, 2, "pm10", "µg/m³", 0),
            (0x12, 2, "co2", "ppm", 0), (0x13, 2, "tvoc", "µg/m³", 0), (0x14, 2, "moisture", "%", 2), (0x2E, 1, "humidity", "%", 0), (0x2F, 1, "moisture", "%", 0), (0x3D, 2, "count", "", 0), (0x3E, 4, "count", "", 0),
            (0x40, 2, "distance", "mm", 0), (0x41, 2, "distance", "m", 1), (0x42, 3, "duration", "s", 3), (0x43, 2, "current", "A", 3), (0x44, 2, "speed", "m/s", 2), (0x46, 1, "uvIndex", "", 1),
            (0x47, 2, "volume", "L", 1), (0x48, 2, "volume", "mL", 0), (0x49, 2, "flow", "m³/h", 3), (0x4A, 2, "voltage", "V", 1), (0x4B, 3, "gas", "m³", 3), (0x4C, 4, "gas", "m³", 3), (0x4D, 4, "energy", "kWh", 3),
            (0x4E, 4, "volume", "L", 3), (0x4F, 4, "water", "L", 3), (0x51, 2, "acceleration", "m/s²", 3), (0x52, 2, "rotationSpeed", "°/s", 3), (0x55, 4, "stored", "L", 3), (0x56, 2, "conductivity", "µS/cm", 0),
            (0x5E, 2, "direction", "°", 2), (0x5F, 2, "precipitation", "mm", 1), (0x60, 1, "channel", "", 0),
        ];
        foreach ((int id, int length, string name, string unit, int decimals) in unsigned)
        {
            table[id] = new(BtHomeForm.Number, length, name, unit, decimals);
        }

        (int Id, int Length, string Name, string Unit, int Decimals)[] signed =
        [
            (0x02, 2, "temperature", "°C", 2), (0x08, 2, "dewPoint", "°C", 2), (0x3F, 2, "rotation", "°", 1), (0x45, 2, "temperature", "°C", 1), (0x57, 1, "temperature", "°C", 0), (0x59, 1, "count", "", 0),
            (0x5A, 2, "count", "", 0), (0x5B, 4, "count", "", 0), (0x5C, 4, "power", "W", 2), (0x5D, 2, "current", "A", 3),
        ];
        foreach ((int id, int length, string name, string unit, int decimals) in signed)
        {
            table[id] = new(BtHomeForm.Number, length, name, unit, decimals, true);
        }

        // In steps of 0.35 °C.
        table[0x58] = new(BtHomeForm.Number, 1, "temperature", "°C", 2, true, 35);
        (int Id, string Name)[] truths =
        [
            (0x0F, "on"), (0x10, "power"), (0x11, "opening"), (0x15, "batteryLow"), (0x16, "charging"), (0x17, "carbonMonoxide"), (0x18, "cold"), (0x19, "connected"), (0x1A, "door"), (0x1B, "garageDoor"), (0x1C, "gas"),
            (0x1D, "heat"), (0x1E, "light"), (0x1F, "unlocked"), (0x20, "wet"), (0x21, "motion"), (0x22, "moving"), (0x23, "occupancy"), (0x24, "plugged"), (0x25, "presence"), (0x26, "problem"), (0x27, "running"),
            (0x28, "safe"), (0x29, "smoke"), (0x2A, "sound"), (0x2B, "tamper"), (0x2C, "vibration"), (0x2D, "window"),
        ];
        foreach ((int id, string name) in truths)
        {
            table[id] = new(BtHomeForm.Truth, 1, name);
        }

        table[0x3A] = new(BtHomeForm.Button, 1, "button");
        table[0x3C] = new(BtHomeForm.Dimmer, 2, "dimmer");
        table[0x53] = new(BtHomeForm.Text, -1, "text");
        table[0x54] = new(BtHomeForm.Ignored, -1, "raw");
        table[0x50] = new(BtHomeForm.Ignored, 4, "timestamp");
        table[0xF0] = new(BtHomeForm.Ignored, 2, "deviceType");
        table[0xF1] = new(BtHomeForm.Ignored, 4, "firmware");
        table[0xF2] = new(BtHomeForm.Ignored, 3, "firmware");
        return table;
    }
}
