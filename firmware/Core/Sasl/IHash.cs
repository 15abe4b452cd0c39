namespace IotXmpp.Sasl;

/// <summary>The hash functions of XMPP.</summary>
public enum HashName
{
    /// <summary>SHA-1, 20 bytes: SCRAM-SHA-1 and the hash of XEP-0115.</summary>
    Sha1,
    /// <summary>SHA-256, 32 bytes.</summary>
    Sha256,
}

/// <summary>Hashing as a platform does it best. <see cref="PortableHash"/> does all of it in C#; a board replaces what it has in native code.</summary>
public interface IHash
{
    /// <summary>The digest of some bytes.</summary>
    byte[] Digest(HashName name, byte[] data);

    /// <summary>HMAC (RFC 2104).</summary>
    byte[] Hmac(HashName name, byte[] key, byte[] data);

    /// <summary>PBKDF2 with HMAC (RFC 8018 §5.2), as long as the hash: <c>Hi()</c> of RFC 5802 §2.2.</summary>
    byte[] Pbkdf2(HashName name, byte[] password, byte[] salt, int iterations);
}
