using System.Security.Cryptography.X509Certificates;
using IotXmpp.Hub.Federation;
using IotXmpp.TestKit;
using Xunit;

namespace IotXmpp.Hub.Tests.Federation;

/// <summary>Which certificates prove that a server is a domain (RFC 6120 §13.7.2, RFC 6125 §6).</summary>
public sealed class PeerCertificateTests
{
    private static readonly X509Certificate2 Authority = Certificates.Authority();

    [Theory]
    [InlineData("example.org", "example.org", true)]
    [InlineData("EXAMPLE.org", "example.org", true)]
    [InlineData("*.example.org", "rooms.example.org", true)]
    [InlineData("*.example.org", "example.org", false)]
    [InlineData("*.example.org", "a.rooms.example.org", false)]
    [InlineData("r*.example.org", "rooms.example.org", false)]
    [InlineData("*.org", "example.org", false)]
    [InlineData("*", "localhost", false)]
    [InlineData("example.org.evil.example", "example.org", false)]
    [InlineData("notexample.org", "example.org", false)]
    [InlineData("xn--bcher-kva.example", "b\u00fccher.example", true)]
    public void A_dns_name_counts_as_a_whole(string name, string domain, bool proves)
    {
        using var certificate = Certificates.Server(Authority, [name]);
        Assert.Equal(proves, PeerCertificates.Names(certificate, domain));
    }

    [Theory]
    [InlineData("_xmpp-server.example.org", null, true)]
    [InlineData("_xmpp-client.example.org", null, false)]
    [InlineData("_xmpp-server.other.example", null, false)]
    [InlineData(null, "example.org", true)]
    [InlineData(null, "other.example", false)]
    [InlineData(null, "user@example.org", false)]
    public void Names_of_the_service_count_too(string? service, string? address, bool proves)
    {
        using var certificate = Certificates.Server(Authority, [], service, address);
        Assert.Equal(proves, PeerCertificates.Names(certificate, "example.org"));
    }

    [Fact]
    public void Who_has_issued_it_and_when_counts()
    {
        using var good = Certificates.Server(Authority, ["example.org"]);
        using var over = Certificates.Server(Authority, ["example.org"], days: -0.2);
        using var self = Certificates.SelfSigned("example.org");
        var trusting = new PeerCertificates([Authority], TimeProvider.System);
        Assert.True(trusting.Prove(Shown(good), "example.org"));
        Assert.False(trusting.Prove(Shown(good), "other.example"));
        Assert.False(trusting.Prove(Shown(over), "example.org"));
        Assert.False(trusting.Prove(Shown(self), "example.org"));
        Assert.False(trusting.Prove(new ShownCertificate(), "example.org"));
        using var stranger = Certificates.Authority("stranger");
        Assert.False(new PeerCertificates([stranger], TimeProvider.System).Prove(Shown(good), "example.org"));
        Assert.False(new PeerCertificates([], TimeProvider.System).Prove(Shown(good), "example.org"));
    }

    private static ShownCertificate Shown(X509Certificate2 certificate)
    {
        var shown = new ShownCertificate();
        Assert.True(shown.Take(shown, certificate, null, default));
        return shown;
    }
}
