using System.Text;
using IotXmpp.Core.Tests.Kit;
using IotXmpp.Sasl;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Core.Tests.Sasl;

public sealed class ScramTests
{
    [Fact]
    public void RFC_5802_section_5()
    {
        var scram = Make(HashName.Sha1, "fyko+d2lbbFgONRv9qkxdawL");
        Assert.Equal("SCRAM-SHA-1", scram.Name);
        Assert.Equal("n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL", Text(scram.Initial()));
        Assert.Equal(
            "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
            Text(scram.Respond(Bytes("r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096"))));
        Assert.False(scram.IsComplete);
        Assert.True(scram.Succeed(Bytes("v=rmF9pqV8S7suAoZWja4dJRkFsKQ=")));
        Assert.True(scram.IsComplete);
    }

    [Fact]
    public void RFC_7677_section_3()
    {
        var scram = Make(HashName.Sha256, "rOprNGfwEbeRWgbNEkqO");
        Assert.Equal("n,,n=user,r=rOprNGfwEbeRWgbNEkqO", Text(scram.Initial()));
        Assert.Equal(
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
            Text(scram.Respond(Bytes("r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"))));
        Assert.True(scram.Succeed(Bytes("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")));
    }

    [Theory]
    [InlineData("r=other,s=QSXCR+Q6sek8bf92,i=4096")]
    [InlineData("r=abc,s=QSXCR+Q6sek8bf92,i=4096")] // nothing added
    [InlineData("r=abcdef,s=,i=4096")]
    [InlineData("r=abcdef,s=*,i=4096")]
    [InlineData("r=abcdef,s=QSXCR+Q6sek8bf92")]
    [InlineData("r=abcdef,s=QSXCR+Q6sek8bf92,i=4095")]
    [InlineData("r=abcdef,s=QSXCR+Q6sek8bf92,i=1000001")]
    [InlineData("r=abcdef,s=QSXCR+Q6sek8bf92,i=-1")]
    [InlineData("m=x,r=abcdef,s=QSXCR+Q6sek8bf92,i=4096")]
    [InlineData("e=other-error")]
    [InlineData("")]
    public void A_wrong_challenge_is_refused(string challenge)
    {
        var scram = Make(HashName.Sha1, "abc");
        scram.Initial();
        Assert.Null(scram.Respond(Bytes(challenge)));
        Assert.NotEmpty(scram.Failure);
    }

    [Theory]
    [InlineData("v=rmF9pqV8S7suAoZWja4dJRkFsKA=")]
    [InlineData("v=")]
    [InlineData("e=invalid-proof")]
    [InlineData(null)]
    public void A_server_that_does_not_know_the_password_is_not_believed(string? final)
    {
        var scram = Make(HashName.Sha1, "fyko+d2lbbFgONRv9qkxdawL");
        scram.Initial();
        scram.Respond(Bytes("r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096"));
        Assert.False(scram.Succeed(final == null ? null : Bytes(final)));
        Assert.False(scram.IsComplete);
    }

    [Fact]
    public void Success_before_the_challenge_is_not_believed()
    {
        var scram = Make(HashName.Sha1, "abc");
        scram.Initial();
        Assert.False(scram.Succeed(Bytes("v=rmF9pqV8S7suAoZWja4dJRkFsKQ=")));
    }

    [Fact]
    public void A_name_is_escaped_and_a_hidden_channel_binding_is_told()
    {
        var options = ClientOptions.ForThing(new Jid("a=b,c", "d", null), "p");
        var scram = new ScramMechanism(HashName.Sha256, new PortableHash(), Bytes("n"), options, null, [1, 2], false);
        Assert.Equal("y,,n=a=3Db=2Cc,r=n", Text(scram.Initial()));
        var plus = new ScramMechanism(HashName.Sha256, new PortableHash(), Bytes("n"), options, null, [1, 2], true);
        Assert.Equal("SCRAM-SHA-256-PLUS", plus.Name);
        Assert.Equal("p=tls-server-end-point,,n=a=3Db=2Cc,r=n", Text(plus.Initial()));
    }

    [Fact]
    public void A_damaged_cache_is_as_none()
    {
        var settings = new TestSettings();
        var cache = new ScramCache(settings);
        cache.Keep("u", HashName.Sha256, [1, 2, 3], 4096, new byte[32], new byte[32]);
        var good = settings.Values[ScramCache.Key];
        Assert.True(cache.Find("u", HashName.Sha256, [1, 2, 3], 4096, out _, out _));
        Assert.False(cache.Find("v", HashName.Sha256, [1, 2, 3], 4096, out _, out _));
        Assert.False(cache.Find("u", HashName.Sha1, [1, 2, 3], 4096, out _, out _));
        Assert.False(cache.Find("u", HashName.Sha256, [1, 2, 4], 4096, out _, out _));
        Assert.False(cache.Find("u", HashName.Sha256, [1, 2, 3], 4097, out _, out _));
        for (var length = 0; length < good.Length; length++)
        {
            settings.Values[ScramCache.Key] = good[..length];
            Assert.False(cache.Find("u", HashName.Sha256, [1, 2, 3], 4096, out _, out _));
        }
    }

    [Fact]
    public void Keys_alone_log_in_and_no_password_is_stretched()
    {
        var hash = new CountingHash();
        var keys = ScramKeys.Derive(hash, HashName.Sha256, Bytes("pencil"), Convert.FromBase64String("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096);
        var options = ClientOptions.ForThing(new Jid("user", "example.org", null), keys);
        Assert.Empty(options.Password);
        var scram = new ScramMechanism(HashName.Sha256, hash, Bytes("rOprNGfwEbeRWgbNEkqO"), options, null, null, false);
        scram.Initial();
        Assert.Equal(
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
            Text(scram.Respond(Bytes("r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"))));
        Assert.True(scram.Succeed(Bytes("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")));
        Assert.Equal(1, hash.Derivations); // the one above
        Assert.False(scram.UsedCache);
    }

    [Theory]
    [InlineData("s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4097")]
    [InlineData("s=QSXCR+Q6sek8bf92,i=4096")]
    public void Keys_of_another_salt_or_count_are_said_to_be_so(string offered)
    {
        var keys = new ScramKeys(HashName.Sha256, Convert.FromBase64String("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096, new byte[32], new byte[32]);
        var scram = new ScramMechanism(HashName.Sha256, new PortableHash(), Bytes("abc"), ClientOptions.ForThing(new Jid("user", "d", null), keys), new ScramCache(new TestSettings()), null, false);
        scram.Initial();
        Assert.Null(scram.Respond(Bytes("r=abcdef," + offered)));
        Assert.Equal("the account has another salt or iteration count than this device's keys: provision it again", scram.Failure);
    }

    private static ScramMechanism Make(HashName hash, string nonce)
    {
        var options = ClientOptions.ForThing(new Jid("user", "example.org", null), "pencil");
        return new ScramMechanism(hash, new CountingHash(), Bytes(nonce), options, new ScramCache(new TestSettings()), null, false);
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static string Text(byte[] bytes) => Encoding.UTF8.GetString(bytes);
}
