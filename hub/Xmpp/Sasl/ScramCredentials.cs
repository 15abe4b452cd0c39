using System.Security.Cryptography;
using System.Text;
using IotXmpp.Hub.Addresses;

namespace IotXmpp.Hub.Sasl;

/// <summary>The hash function of a SCRAM mechanism (RFC 5802, RFC 7677).</summary>
public enum ScramHash
{
    /// <summary>SCRAM-SHA-1, 20 octets.</summary>
    Sha1,

    /// <summary>SCRAM-SHA-256, 32 octets.</summary>
    Sha256,
}

/// <summary>What the hub keeps of a password (RFC 5802 §3): nobody can log in elsewhere with it, nor find the password without guessing.</summary>
public sealed class ScramCredentials
{
    /// <summary>The default iteration count; RFC 7677 §4 asks for at least 4096, and devices derive it in interpreted code.</summary>
    public const int DefaultIterations = 4096;

    /// <summary>The octets of a new random salt.</summary>
    public const int SaltBytes = 16;

    /// <summary>Takes stored keys; the arrays are kept, not copied.</summary>
    public ScramCredentials(ScramHash hash, byte[] salt, int iterations, byte[] storedKey, byte[] serverKey)
    {
        Hash = hash;
        Salt = salt;
        Iterations = iterations;
        StoredKey = storedKey;
        ServerKey = serverKey;
    }

    /// <summary>The hash function.</summary>
    public ScramHash Hash { get; }

    /// <summary>The salt.</summary>
    public byte[] Salt { get; }

    /// <summary>The iteration count of PBKDF2.</summary>
    public int Iterations { get; }

    /// <summary>H(HMAC(SaltedPassword, "Client Key")).</summary>
    public byte[] StoredKey { get; }

    /// <summary>HMAC(SaltedPassword, "Server Key").</summary>
    public byte[] ServerKey { get; }

    /// <summary>True when the account may not log in; told (<c>account-disabled</c>) only to who knows the password.</summary>
    public bool IsDisabled { get; init; }

    /// <summary>
    /// Derives the keys of a password, prepared by OpaqueString (RFC 8265 §4.2), with a new random salt unless one is given. It costs about 1 ms at
    /// 4,096 iterations.
    /// </summary>
    /// <exception cref="ArgumentException">The password is empty or has characters that OpaqueString forbids.</exception>
    public static ScramCredentials Derive(ScramHash hash, string password, int iterations = DefaultIterations, byte[]? salt = null)
    {
        ArgumentNullException.ThrowIfNull(password);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(iterations);
        if (!Precis.TryOpaqueString(password, out string? prepared))
        {
            throw new ArgumentException("a password must not be empty and must not hold control characters (RFC 8265 §4.2)", nameof(password));
        }

        salt ??= RandomNumberGenerator.GetBytes(SaltBytes);
        byte[] storedKey = new byte[Scram.Bytes(hash)];
        byte[] serverKey = new byte[Scram.Bytes(hash)];
        byte[] utf8 = Encoding.UTF8.GetBytes(prepared);
        Scram.DeriveKeys(hash, utf8, salt, iterations, storedKey, serverKey);
        CryptographicOperations.ZeroMemory(utf8);
        return new ScramCredentials(hash, salt, iterations, storedKey, serverKey);
    }

    /// <summary>True when <paramref name="password"/> is this account's password; costs a derivation.</summary>
    public bool Verify(string password)
    {
        ArgumentNullException.ThrowIfNull(password);
        if (!Precis.TryOpaqueString(password, out string? prepared))
        {
            return false;
        }

        byte[] utf8 = Encoding.UTF8.GetBytes(prepared);
        bool matches = Verify(utf8);
        CryptographicOperations.ZeroMemory(utf8);
        return matches;
    }

    /// <summary>The same for a password that is prepared already, in UTF-8.</summary>
    internal bool Verify(ReadOnlySpan<byte> preparedPassword)
    {
        Span<byte> storedKey = stackalloc byte[Scram.Bytes(Hash)];
        Scram.DeriveKeys(Hash, preparedPassword, Salt, Iterations, storedKey, []);
        return CryptographicOperations.FixedTimeEquals(storedKey, StoredKey);
    }
}
