using IotXmpp.Hub.Sasl;
using Xunit;

namespace IotXmpp.Hub.Tests.Sasl;

/// <summary>What streams are offered, and its hash (XEP-0474 §5.1).</summary>
public sealed class SaslOfferTests
{
    [Fact]
    public void The_hash_is_that_of_the_standards_example()
    {
        var offer = new SaslOffer(["SCRAM-SHA-1-PLUS", "SCRAM-SHA-1"], ["tls-server-end-point", "tls-exporter"], []);
        Assert.Equal("G6k/rBLDqgOhRRaCuuatSDFkJ08=", offer.DowngradeHash(ScramHash.Sha1));
    }

    [Fact]
    public void Without_channel_bindings_only_mechanisms_are_hashed()
    {
        var offer = new SaslOffer(["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"], [], []);
        Assert.Equal("J++Diu+JubnE6dLVvZjjI5KHnheOLsUSQWiw/prdbAA=", offer.DowngradeHash(ScramHash.Sha256));
    }

    [Theory]
    [InlineData(true, true, true, "HT-SHA-256-EXPR HT-SHA-256-ENDP HT-SHA-256-NONE")]
    [InlineData(true, false, true, "HT-SHA-256-UNIQ HT-SHA-256-ENDP HT-SHA-256-NONE")]
    [InlineData(false, false, false, "HT-SHA-256-NONE")]
    public void Mechanisms_for_tokens_follow_what_the_channel_has(bool endPoint, bool exporter, bool unique, string expected)
    {
        var server = new SaslServer(new TestAccounts(), new SaslOptions(), new byte[32]) { Tokens = new NoTokens() };
        var context = new SaslContext
        {
            Domain = "example.com",
            IsEncrypted = true,
            TlsServerEndPoint = endPoint ? new byte[] { 1 } : default,
            TlsExporter = exporter ? new byte[] { 2 } : default,
            TlsUnique = unique ? new byte[] { 3 } : default,
        };
        Assert.Equal(expected.Split(' '), server.Offer(context).TokenMechanisms);
        Assert.Same(server.Offer(context), server.Offer(context));
    }

    [Fact]
    public void No_tokens_without_TLS()
    {
        var server = new SaslServer(new TestAccounts(), new SaslOptions(), new byte[32]) { Tokens = new NoTokens() };
        Assert.Empty(server.Offer(new SaslContext { Domain = "example.com", IsEncrypted = false, AllowPlaintext = true }).TokenMechanisms);
    }

    private sealed class NoTokens : ITokenStore
    {
        public ValueTask<IReadOnlyList<FastToken>> FindAsync(string localpart, Guid agent, ScramCredentials credentials, CancellationToken cancel) => new([]);

        public ValueTask<bool> UseAsync(FastToken token, FastUse use, CancellationToken cancel) => new(false);

        public ValueTask<IssuedToken> IssueAsync(string localpart, Guid agent, string mechanism, ScramCredentials credentials, CancellationToken cancel) => throw new NotSupportedException();
    }
}
