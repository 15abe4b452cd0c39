using System.Security.Cryptography;

namespace IotXmpp.Hub.Sasl;

/// <summary>The functions of RFC 5802 §3 over both hashes, without allocations.</summary>
internal static class Scram
{
    /// <summary>The longest hash, in octets.</summary>
    public const int MaxBytes = 32;

    public static int Bytes(ScramHash hash) => hash == ScramHash.Sha256 ? 32 : 20;

    public static void Hmac(ScramHash hash, ReadOnlySpan<byte> key, ReadOnlySpan<byte> message, Span<byte> result)
    {
        if (hash == ScramHash.Sha256)
        {
            HMACSHA256.HashData(key, message, result);
        }
        else
        {
            HMACSHA1.HashData(key, message, result);
        }
    }

    public static void Digest(ScramHash hash, ReadOnlySpan<byte> message, Span<byte> result)
    {
        if (hash == ScramHash.Sha256)
        {
            SHA256.HashData(message, result);
        }
        else
        {
            SHA1.HashData(message, result);
        }
    }

    /// <summary>SaltedPassword := Hi(password, salt, i) and the keys from it; <paramref name="serverKey"/> may be empty when it is not wanted.</summary>
    public static void DeriveKeys(
        ScramHash hash, ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt, int iterations, Span<byte> storedKey, Span<byte> serverKey)
    {
        Span<byte> salted = stackalloc byte[Bytes(hash)];
        Span<byte> clientKey = stackalloc byte[Bytes(hash)];
        Rfc2898DeriveBytes.Pbkdf2(password, salt, salted, iterations, hash == ScramHash.Sha256 ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA1);
        Hmac(hash, salted, "Client Key"u8, clientKey);
        Digest(hash, clientKey, storedKey);
        if (!serverKey.IsEmpty)
        {
            Hmac(hash, salted, "Server Key"u8, serverKey);
        }

        CryptographicOperations.ZeroMemory(salted);
        CryptographicOperations.ZeroMemory(clientKey);
    }

    /// <summary>True when the proof of a client-final message fits the stored key; three hash operations (RFC 5802 §3).</summary>
    public static bool VerifyProof(ScramHash hash, ReadOnlySpan<byte> storedKey, ReadOnlySpan<byte> authMessage, ReadOnlySpan<byte> proof)
    {
        int length = Bytes(hash);
        if (proof.Length != length)
        {
            return false;
        }

        Span<byte> clientKey = stackalloc byte[length];
        Span<byte> again = stackalloc byte[length];
        Hmac(hash, storedKey, authMessage, clientKey);
        for (int i = 0; i < length; i++)
        {
            clientKey[i] ^= proof[i];
        }

        Digest(hash, clientKey, again);
        CryptographicOperations.ZeroMemory(clientKey);
        return CryptographicOperations.FixedTimeEquals(again, storedKey);
    }
}
