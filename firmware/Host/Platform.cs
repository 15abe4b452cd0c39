using System.Security.Cryptography;
using IotXmpp.Sasl;
using IotXmpp.Xmpp;

namespace IotXmpp.Host;

/// <summary>The hash functions of .NET.</summary>
public sealed class DotNetHash : IHash
{
    /// <summary>The one there needs to be.</summary>
    public static DotNetHash Instance { get; } = new();

    /// <inheritdoc/>
#pragma warning disable CA5350 // SHA-1 is what SCRAM-SHA-1 and XEP-0115 prescribe
    public byte[] Digest(HashName name, byte[] data) => name == HashName.Sha1 ? SHA1.HashData(data) : SHA256.HashData(data);

    /// <inheritdoc/>
    public byte[] Hmac(HashName name, byte[] key, byte[] data) => name == HashName.Sha1 ? HMACSHA1.HashData(key, data) : HMACSHA256.HashData(key, data);
#pragma warning restore CA5350

    /// <inheritdoc/>
    public byte[] Pbkdf2(HashName name, byte[] password, byte[] salt, int iterations) => name == HashName.Sha1
        ? Rfc2898DeriveBytes.Pbkdf2(password, salt, iterations, HashAlgorithmName.SHA1, 20)
        : Rfc2898DeriveBytes.Pbkdf2(password, salt, iterations, HashAlgorithmName.SHA256, 32);
}

/// <summary>Random bytes of the operating system.</summary>
public sealed class DotNetRandom : IRandom
{
    /// <summary>The one there needs to be.</summary>
    public static DotNetRandom Instance { get; } = new();

    /// <inheritdoc/>
    public void Fill(byte[] buffer) => RandomNumberGenerator.Fill(buffer);
}

/// <summary>The time of day of a <see cref="TimeProvider"/>.</summary>
public sealed class WallClock(TimeProvider time) : IWallClock
{
    /// <inheritdoc/>
    public long UtcNowMs => time.GetUtcNow().ToUnixTimeMilliseconds();
}

/// <summary>Settings that last as long as the process.</summary>
public sealed class MemorySettings : ISettings
{
    private readonly Dictionary<string, byte[]> _values = [];

    /// <inheritdoc/>
    public byte[]? Read(string key)
    {
        lock (_values)
        {
            return _values.GetValueOrDefault(key);
        }
    }

    /// <inheritdoc/>
    public void Write(string key, byte[]? value)
    {
        lock (_values)
        {
            if (value == null)
            {
                _values.Remove(key);
            }
            else
            {
                _values[key] = value;
            }
        }
    }
}
