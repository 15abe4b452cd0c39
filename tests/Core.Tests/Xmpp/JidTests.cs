using FsCheck;
using FsCheck.Fluent;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Core.Tests.Xmpp;

public sealed class JidTests
{
    [Theory]
    [InlineData("example.org", "", "example.org", "")]
    [InlineData("juliet@example.com", "juliet", "example.com", "")]
    [InlineData("Juliet@Example.COM./Foo", "juliet", "example.com", "Foo")]
    [InlineData("juliet@example.com/foo bar", "juliet", "example.com", "foo bar")]
    [InlineData("juliet@example.com/foo@bar/baz", "juliet", "example.com", "foo@bar/baz")]
    [InlineData("example.com/a@b", "", "example.com", "a@b")]
    [InlineData("Σ@example.com", "Σ", "example.com", "")]
    [InlineData("a@[2001:db8::1]", "a", "[2001:db8::1]", "")]
    public void Good_addresses(string text, string local, string domain, string resource)
    {
        Assert.True(Jid.TryParse(text, out var jid));
        Assert.Equal((local, domain, resource), (jid.Local, jid.Domain, jid.Resource));
        Assert.True(Jid.TryParse(jid.ToString(), out var back));
        Assert.Equal(jid, back);
        Assert.Equal(jid.GetHashCode(), back.GetHashCode());
    }

    [Theory]
    [InlineData("")]
    [InlineData("@example.com")]
    [InlineData("a@")]
    [InlineData("a@/b")]
    [InlineData("a@b/")]
    [InlineData("/b")]
    [InlineData("a@b@c")]
    [InlineData("\"a\"@b")]
    [InlineData("a b@c")]
    [InlineData("a&b@c")]
    [InlineData("a'b@c")]
    [InlineData("a:b@c")]
    [InlineData("a<b@c")]
    [InlineData("a@b c")]
    [InlineData("a@b/\u0001")]
    public void Bad_addresses(string text) => Assert.False(Jid.TryParse(text, out _));

    [Fact]
    public void Parts_are_bounded_in_bytes()
    {
        Assert.True(Jid.TryParse(new string('a', 1023) + "@" + new string('b', 1023) + "/" + new string('c', 1023), out _));
        Assert.False(Jid.TryParse(new string('a', 1024) + "@b", out _));
        Assert.False(Jid.TryParse(new string('é', 512) + "@b", out _));
        Assert.False(Jid.TryParse("a@b/" + new string('c', 1024), out _));
    }

    [Fact]
    public void Equality_is_by_parts()
    {
        var full = new Jid("a", "b", "c");
        Assert.Same(full.Bare, full.Bare);
        Assert.Same(full.Bare, full.Bare.Bare);
        Assert.Equal(new Jid("a", "b", null), full.Bare);
        Assert.NotEqual(full, full.Bare);
        Assert.NotEqual(new Jid("a", "b", "C"), full);
        Assert.False(full.Equals(null));
        Assert.Equal("a@b/c"u8.ToArray(), full.Utf8);
        Assert.True(full.IsFull && !full.IsBare && full.Bare.IsBare);
    }

    [Fact]
    public void Whatever_is_read_is_read_again_as_the_same()
    {
        Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<string>(), text =>
            !Jid.TryParse(text, out var jid) || Jid.TryParse(jid.ToString(), out var back) && jid.Equals(back)));
    }
}
