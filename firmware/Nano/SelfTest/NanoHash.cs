using System;
using System.Security.Cryptography;
using IotXmpp.Sasl;
using IotXmpp.Xmpp;

namespace IotXmpp.SelfTest;

/// <summary>Hash functions with HMAC-SHA-256 of the runtime, in native code; the others in C#.</summary>
public sealed class NanoHash : PortableHash
{
    /// <inheritdoc/>
    public override byte[] Hmac(HashName name, byte[] key, byte[] data)
        => name == HashName.Sha256 ? HMACSHA256.HashData(key, data) : base.Hmac(name, key, data);
}

/// <summary>The runtime's dice; on an ESP32 they are the hardware's.</summary>
public sealed class NanoRandom : IRandom
{
    private readonly Random _random = new Random();

    /// <inheritdoc/>
    public void Fill(byte[] buffer)
    {
        _random.NextBytes(buffer);
    }
}
