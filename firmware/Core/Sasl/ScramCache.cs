using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Sasl;

/// <summary>
/// The keys of the last successful SCRAM, in the settings under <see cref="Key"/>: salt, iterations, ClientKey, ServerKey (RFC 5802 §3). Who reads them can log in as the account, as with its password.
/// </summary>
public sealed class ScramCache
{
    /// <summary>The key in the settings.</summary>
    public const string Key = "scram";

    /// <summary>The layout of the record: version, hash, iterations (4, big-endian), then user, salt, ClientKey, ServerKey, each after one byte of length.</summary>
    private const byte Version = 1;

    private readonly ISettings _settings;

    /// <summary>A cache in these settings.</summary>
    public ScramCache(ISettings settings)
    {
        _settings = settings;
    }

    /// <summary>Finds the keys for exactly this salt and count.</summary>
    public bool Find(string user, HashName hash, byte[] salt, int iterations, out byte[] clientKey, out byte[] serverKey)
    {
        clientKey = null;
        serverKey = null;
        byte[] record = _settings.Read(Key);
        if (record == null || record.Length < 6 || record[0] != Version || record[1] != (byte)hash)
        {
            return false;
        }
        int kept = record[2] << 24 | record[3] << 16 | record[4] << 8 | record[5];
        byte[] name = Utf8.Encode(user);
        byte[] keptName = Part(record, 0);
        byte[] keptSalt = Part(record, 1);
        clientKey = Part(record, 2);
        serverKey = Part(record, 3);
        int size = hash == HashName.Sha1 ? 20 : 32;
        return kept == iterations && Same(keptName, name) && Same(keptSalt, salt)
            && clientKey != null && clientKey.Length == size && serverKey != null && serverKey.Length == size;
    }

    /// <summary>The keys of the last successful SCRAM, whoever's they are; null when there are none.</summary>
    public ScramKeys Last()
    {
        byte[] record = _settings.Read(Key);
        if (record == null || record.Length < 6 || record[0] != Version)
        {
            return null;
        }
        byte[] salt = Part(record, 1);
        byte[] clientKey = Part(record, 2);
        byte[] serverKey = Part(record, 3);
        int iterations = record[2] << 24 | record[3] << 16 | record[4] << 8 | record[5];
        return salt == null || clientKey == null || serverKey == null ? null : new ScramKeys((HashName)record[1], salt, iterations, clientKey, serverKey);
    }

    /// <summary>Keeps keys that the server has accepted.</summary>
    public void Keep(string user, HashName hash, byte[] salt, int iterations, byte[] clientKey, byte[] serverKey)
    {
        byte[] name = Utf8.Encode(user);
        if (name.Length > 255 || salt.Length > 255)
        {
            return; // does not fit the record: such an account does PBKDF2 each time
        }
        byte[] record = new byte[10 + name.Length + salt.Length + clientKey.Length + serverKey.Length];
        record[0] = Version;
        record[1] = (byte)hash;
        record[2] = (byte)(iterations >> 24);
        record[3] = (byte)(iterations >> 16);
        record[4] = (byte)(iterations >> 8);
        record[5] = (byte)iterations;
        int at = Put(record, 6, name);
        at = Put(record, at, salt);
        at = Put(record, at, clientKey);
        Put(record, at, serverKey);
        _settings.Write(Key, record);
    }

    /// <summary>Removes them: they were refused.</summary>
    public void Forget()
    {
        _settings.Write(Key, null);
    }

    private static int Put(byte[] record, int at, byte[] part)
    {
        record[at] = (byte)part.Length;
        System.Array.Copy(part, 0, record, at + 1, part.Length);
        return at + 1 + part.Length;
    }

    private static byte[] Part(byte[] record, int index)
    {
        int at = 6;
        for (; at < record.Length && index > 0; index--)
        {
            at += 1 + record[at];
        }
        if (at >= record.Length || at + 1 + record[at] > record.Length)
        {
            return null;
        }
        byte[] part = new byte[record[at]];
        System.Array.Copy(record, at + 1, part, 0, part.Length);
        return part;
    }

    private static bool Same(byte[] a, byte[] b)
    {
        return a != null && a.Length == b.Length && Utf8.Equal(a, 0, b, 0, b.Length);
    }
}
