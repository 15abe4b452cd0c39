using System.Security.Cryptography;
using FsCheck;
using FsCheck.Fluent;
using IotXmpp.Sasl;
using Xunit;

namespace IotXmpp.Core.Tests.Sasl;

#pragma warning disable CA5350 // SHA-1 is what is tested
public sealed class HashTests
{
    [Fact]
    public void Digests_are_those_of_the_platform_at_every_length()
    {
        var hash = new PortableHash();
        for (var length = 0; length < 300; length++)
        {
            var data = RandomNumberGenerator.GetBytes(length);
            Assert.Equal(SHA1.HashData(data), hash.Digest(HashName.Sha1, data));
            Assert.Equal(SHA256.HashData(data), hash.Digest(HashName.Sha256, data));
        }
    }

    [Fact]
    public void HMAC_and_PBKDF2_are_those_of_the_platform()
    {
        var hash = new PortableHash();
        Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), Gen.Choose(0, 200).ToArbitrary(), (data, length) =>
        {
            var key = RandomNumberGenerator.GetBytes(length);
            return HMACSHA1.HashData(key, data ?? []).SequenceEqual(hash.Hmac(HashName.Sha1, key, data ?? []))
                && HMACSHA256.HashData(key, data ?? []).SequenceEqual(hash.Hmac(HashName.Sha256, key, data ?? []));
        }));
        byte[] password = "pencil"u8.ToArray(), salt = "0123456789"u8.ToArray();
        Assert.Equal(Rfc2898DeriveBytes.Pbkdf2(password, salt, 50, HashAlgorithmName.SHA1, 20), hash.Pbkdf2(HashName.Sha1, password, salt, 50));
        Assert.Equal(Rfc2898DeriveBytes.Pbkdf2(password, salt, 50, HashAlgorithmName.SHA256, 32), hash.Pbkdf2(HashName.Sha256, password, salt, 50));
    }
}
