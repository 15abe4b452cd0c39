using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Xml.Linq;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Hub.Tests.Sasl;

/// <summary>SASL EXTERNAL by client certificate (XEP-0178 §2, RFC 6120 §13.7.1.4), over real TLS.</summary>
public sealed class ExternalTests : IAsyncLifetime
{
    private static readonly XNamespace s_sasl = "urn:ietf:params:xml:ns:xmpp-sasl";

    private readonly X509Certificate2 _authority = Certificates.Authority();
    private readonly TempFolder _folder = new("external");
    private HubHost _hub = null!;

    public async ValueTask InitializeAsync()
    {
        string file = _folder.File("clients.pem");
        await File.WriteAllTextAsync(file, _authority.ExportCertificatePem());
        _hub = await HubHost.StartAsync($$"""{ "Security": { "LoginThrottle": { "Enabled": false }, "ClientCertificateAuthority": "{{file}}" } }""");
        await _hub.AddAccountAsync("alice", "secret");
        await _hub.AddAccountAsync("bob", "secret");
    }

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        _folder.Dispose();
        _authority.Dispose();
    }

    [Fact]
    public async Task One_address_and_no_authorization_identity()
    {
        await using RawClient client = await OpenAsync(Certificates.Issue(_authority, ["alice@hub.test"]));
        Assert.Equal("EXTERNAL", client.Mechanisms[0]);
        Assert.Equal("success", await AnswerAsync(client, "="));
        await client.OpenStreamAsync("hub.test");
        await client.BindAsync("r");
        Assert.Equal("alice@hub.test/r", client.Jid);
    }

    [Fact]
    public async Task By_SASL2_with_a_session_in_one_answer()
    {
        await using RawClient client = await OpenAsync(Certificates.Issue(_authority, ["alice@hub.test"]));
        await client.SendAsync("<authenticate xmlns='urn:xmpp:sasl:2' mechanism='EXTERNAL'><initial-response/><bind xmlns='urn:xmpp:bind:0'><tag>thing</tag></bind></authenticate>");
        Assert.Equal("alice@hub.test/thing", (await client.ReadAsync()).Value);
    }

    [Theory]
    [InlineData("=", "invalid-authzid")]
    [InlineData("bob@hub.test", "success")]
    [InlineData("carol@hub.test", "invalid-authzid")]
    [InlineData("alice@hub.test/r", "invalid-authzid")]
    public async Task Of_several_addresses_the_client_names_one(string authzid, string expected)
    {
        await using RawClient client = await OpenAsync(Certificates.Issue(_authority, ["alice@hub.test", "bob@hub.test"]));
        Assert.Equal(expected, await AnswerAsync(client, authzid == "=" ? "=" : Convert.ToBase64String(Encoding.UTF8.GetBytes(authzid))));
    }

    [Fact]
    public async Task An_address_without_account_is_not_authorized()
    {
        await using RawClient client = await OpenAsync(Certificates.Issue(_authority, ["carol@hub.test"]));
        Assert.Equal("not-authorized", await AnswerAsync(client, "="));
    }

    [Fact]
    public async Task A_disabled_account_stays_outside()
    {
        await _hub.DisableAsync("alice");
        await using RawClient client = await OpenAsync(Certificates.Issue(_authority, ["alice@hub.test"]));
        Assert.Equal("account-disabled", await AnswerAsync(client, "="));
    }

    [Fact]
    public async Task Without_xmppAddr_a_URI_or_a_mail_address_speaks()
    {
        await using RawClient uri = await OpenAsync(Certificates.Issue(_authority, [], uri: "xmpp:alice@hub.test"));
        Assert.Equal("success", await AnswerAsync(uri, "="));
        await using RawClient mail = await OpenAsync(Certificates.Issue(_authority, [], mail: "bob@hub.test"));
        Assert.Equal("success", await AnswerAsync(mail, "="));
    }

    [Fact]
    public async Task With_xmppAddr_nothing_else_speaks()
    {
        await using RawClient client = await OpenAsync(Certificates.Issue(_authority, ["alice@hub.test"], mail: "bob@hub.test"));
        Assert.Equal("invalid-authzid", await AnswerAsync(client, Convert.ToBase64String("bob@hub.test"u8)));
    }

    [Theory]
    [InlineData("stranger")]
    [InlineData("expired")]
    [InlineData("server's")]
    [InlineData("other domain")]
    [InlineData("nameless")]
    [InlineData("none")]
    public async Task Who_shows_no_good_certificate_is_not_offered_it_and_may_still_log_in(string kind)
    {
        using X509Certificate2 stranger = Certificates.Authority("somebody else");
        X509Certificate2? certificate = kind switch
        {
            "stranger" => Certificates.Issue(stranger, ["alice@hub.test"]),
            "expired" => Certificates.Issue(_authority, ["alice@hub.test"], days: -0.5),
            "server's" => Certificates.Issue(_authority, ["alice@hub.test"], purpose: "1.3.6.1.5.5.7.3.1"),
            "other domain" => Certificates.Issue(_authority, ["alice@elsewhere.test"]),
            "nameless" => Certificates.Issue(_authority, []),
            _ => null,
        };
        await using RawClient client = await OpenAsync(certificate);
        Assert.DoesNotContain("EXTERNAL", client.Mechanisms);
        Assert.Equal("invalid-mechanism", await AnswerAsync(client, "="));
        Assert.Null(await client.AuthenticateAsync("alice", "secret"));
    }

    [Fact]
    public async Task A_second_handshake_of_the_same_client_is_taken_too()
    {
        X509Certificate2 certificate = Certificates.Issue(_authority, ["alice@hub.test"]);
        for (int i = 0; i < 3; i++)
        {
            await using RawClient client = await OpenAsync(certificate);
            Assert.Equal("success", await AnswerAsync(client, "="));
        }
    }

    [Fact]
    public async Task An_authority_that_cannot_be_read_stops_the_start_with_one_line()
    {
        Exception e = await Assert.ThrowsAnyAsync<Exception>(() => HubHost.StartAsync("""{ "Security": { "ClientCertificateAuthority": "nowhere.pem" } }"""));
        Assert.Contains("Security:ClientCertificateAuthority nowhere.pem cannot be read", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Fact]
    public async Task The_hub_s_own_authority_may_be_the_one_from_the_first_start_on()
    {
        await using HubHost hub = await HubHost.StartAsync("""{ "Security": { "ClientCertificateAuthority": "ca.pem" } }""");
        Assert.NotNull(hub.DirectTls);
    }

    private static async Task<string> AnswerAsync(RawClient client, string initial)
    {
        await client.SendAsync($"<auth xmlns='{s_sasl}' mechanism='EXTERNAL'>{initial}</auth>");
        XElement answer = await client.ReadAsync();
        return answer.Name.LocalName == "failure" ? answer.Elements().First().Name.LocalName : answer.Name.LocalName;
    }

    private async Task<RawClient> OpenAsync(X509Certificate2? certificate)
    {
        RawClient client = await RawClient.ConnectAsync(_hub.DirectTls!);
        await client.SecureAsync("hub.test", "xmpp-client", certificate);
        await client.OpenStreamAsync("hub.test");
        return client;
    }
}
