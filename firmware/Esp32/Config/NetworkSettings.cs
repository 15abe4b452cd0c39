using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Esp32;

/// <summary>
/// Which Wi-Fi the board uses and where the hub is: what was flashed, or what was set since and has proved itself (<see cref="NetworkTrial"/>). Kept in the settings under
/// <see cref="Key"/>, five texts each after one byte of length: the four settings, and where the hub was as flashed when they were set.
/// </summary>
public sealed class NetworkSettings
{
    /// <summary>The key in the settings.</summary>
    public const string Key = "network";

    /// <summary>Bytes of a text at most. Default 64: a Wi-Fi password has up to 63 (IEEE 802.11), a name up to 32; a host name that long is rare.</summary>
    public const int MaxTextBytes = 64;

    /// <summary>The Wi-Fi's name; "" for the one that was flashed.</summary>
    public string Ssid = string.Empty;

    /// <summary>The Wi-Fi's password. A secret: never told, never logged.</summary>
    public string Password = string.Empty;

    /// <summary>Where the hub is.</summary>
    public string Host = string.Empty;

    /// <summary>The hub's port for direct TLS.</summary>
    public int Port;

    // Where the hub was, as flashed, when these were set.
    private string _flashed = string.Empty;

    /// <summary>What holds now: what is kept in the settings, else what was flashed.</summary>
    /// <param name="config">What was flashed.</param>
    /// <param name="settings">Where later ones are kept.</param>
    public static NetworkSettings Load(BoardConfig config, ISettings settings)
    {
        NetworkSettings network = new NetworkSettings { Host = config.HubHost, Port = config.Port, _flashed = config.HubHost + ":" + config.Port.ToString() };
        byte[] kept = settings.Read(Key);
        int at = 0;
        string ssid = Part(kept, ref at);
        string password = Part(kept, ref at);
        string host = Part(kept, ref at);
        string port = Part(kept, ref at);
        string flashed = Part(kept, ref at);
        long number = 0;
        byte[] digits = port == null ? new byte[0] : Utf8.Encode(port);
        if (port == null || !Utf8.TryParseLong(digits, 0, digits.Length, out number) || number < 0 || number > 65535)
        {
            return network;
        }

        network.Ssid = ssid;
        network.Password = password;
        // A hub that was flashed since, or a record of a board that knew none: what was flashed holds.
        if (number > 0 && (flashed == null || flashed == network._flashed))
        {
            network.Host = host;
            network.Port = (int)number;
        }

        return network;
    }

    /// <summary>Keeps them.</summary>
    /// <param name="settings">Where.</param>
    public void Save(ISettings settings)
    {
        byte[] ssid = Utf8.Encode(Ssid);
        byte[] password = Utf8.Encode(Password);
        byte[] host = Utf8.Encode(Host);
        byte[] port = Utf8.Encode(Port.ToString());
        byte[] flashed = Utf8.Encode(_flashed);
        byte[] record = new byte[5 + ssid.Length + password.Length + host.Length + port.Length + flashed.Length];
        Put(record, Put(record, Put(record, Put(record, Put(record, 0, ssid), password), host), port), flashed);
        settings.Write(Key, record);
    }

    /// <summary>Takes over what others say.</summary>
    /// <param name="other">The others.</param>
    public void CopyFrom(NetworkSettings other)
    {
        Ssid = other.Ssid;
        Password = other.Password;
        Host = other.Host;
        Port = other.Port;
    }

    private static int Put(byte[] record, int at, byte[] part)
    {
        record[at] = (byte)part.Length;
        System.Array.Copy(part, 0, record, at + 1, part.Length);
        return at + 1 + part.Length;
    }

    private static string Part(byte[] record, ref int at)
    {
        if (record == null || at >= record.Length || at + 1 + record[at] > record.Length)
        {
            return null;
        }

        string text = Utf8.Decode(record, at + 1, record[at]);
        at += 1 + record[at];
        return text;
    }
}
