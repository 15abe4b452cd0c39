namespace IotXmpp.Sasl;

/// <summary>
/// What a device holds instead of a password: the keys that SCRAM (RFC 5802 §3) makes of it for one salt and count. They open this one account and are worthless
/// when the account gets others, so a device can be revoked and no password is ever on it.
/// </summary>
public sealed class ScramKeys
{
    /// <summary>Keys.</summary>
    /// <param name="hash">The hash they were made with.</param>
    /// <param name="salt">The account's salt.</param>
    /// <param name="iterations">The account's iteration count.</param>
    /// <param name="clientKey">ClientKey, as long as the hash.</param>
    /// <param name="serverKey">ServerKey, as long as the hash.</param>
    public ScramKeys(HashName hash, byte[] salt, int iterations, byte[] clientKey, byte[] serverKey)
    {
        Hash = hash;
        Salt = salt;
        Iterations = iterations;
        ClientKey = clientKey;
        ServerKey = serverKey;
    }

    /// <summary>The hash they were made with.</summary>
    public HashName Hash { get; }

    /// <summary>The account's salt.</summary>
    public byte[] Salt { get; }

    /// <summary>The account's iteration count.</summary>
    public int Iterations { get; }

    /// <summary>ClientKey: proves the device to the server.</summary>
    public byte[] ClientKey { get; }

    /// <summary>ServerKey: proves the server to the device.</summary>
    public byte[] ServerKey { get; }

    /// <summary>Makes the keys of a password: what provisioning does, once.</summary>
    /// <param name="hashes">How to hash.</param>
    /// <param name="hash">Which hash.</param>
    /// <param name="password">The password, prepared.</param>
    /// <param name="salt">The salt.</param>
    /// <param name="iterations">The iteration count.</param>
    public static ScramKeys Derive(IHash hashes, HashName hash, byte[] password, byte[] salt, int iterations)
    {
        byte[] salted = hashes.Pbkdf2(hash, password, salt, iterations);
        return new ScramKeys(hash, salt, iterations, hashes.Hmac(hash, salted, Xml.Utf8.Encode("Client Key")), hashes.Hmac(hash, salted, Xml.Utf8.Encode("Server Key")));
    }

    /// <summary>Whether they are of this salt and count.</summary>
    public bool Fit(byte[] salt, int iterations)
    {
        return iterations == Iterations && salt.Length == Salt.Length && Xml.Utf8.Equal(salt, 0, Salt, 0, salt.Length);
    }
}
