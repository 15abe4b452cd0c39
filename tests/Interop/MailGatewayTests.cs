using System.Globalization;
using System.Text.Json;
using System.Threading.Channels;
using System.Xml.Linq;
using IotXmpp.MailGateway;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace IotXmpp.Interop.Tests;

/// <summary>The e-mail gateway as a component of the hub (XEP-0100, XEP-0114), with a mail server that nobody here wrote (Debian: <c>python3-aiosmtpd</c>).</summary>
public sealed class MailGatewayTests : IAsyncLifetime
{
    private const string Domain = "mail.hub.test";
    private const string Ann = @"ann\40example.org@mail.hub.test";
    private static readonly XNamespace Client = RawClient.Client;

    private readonly TempFolder folder = new("mail");
    private readonly CancellationTokenSource end = new();
    private readonly Channel<JsonElement> mails = Channel.CreateUnbounded<JsonElement>();
    private HubHost? hub;
    private System.Diagnostics.Process? server;
    private Task? gateway;
    private RawClient? alice;

    /// <inheritdoc/>
    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await end.CancelAsync();
        if (gateway is not null)
        {
            await gateway.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (server is { HasExited: false })
        {
            server.Kill(entireProcessTree: true);
        }

        server?.Dispose();
        await (alice?.DisposeAsync() ?? default);
        await (hub?.DisposeAsync() ?? default);
        folder.Dispose();
        end.Dispose();
    }

    [Fact]
    public async Task A_user_registers_writes_in_a_thread_and_leaves()
    {
        await StartAsync();
        await RegisterAsync();

        await AskAsync("<iq type='get' id='d' to='mail.hub.test'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>", "category=\"gateway\" type=\"smtp\"");
        await AskAsync("<iq type='get' id='g' to='mail.hub.test'><query xmlns='jabber:iq:gateway'/></iq>", "<prompt>");
        await AskAsync("<iq type='set' id='t' to='mail.hub.test'><query xmlns='jabber:iq:gateway'><prompt>ann@example.org</prompt></query></iq>", $"<jid>{Ann}</jid>");
        await AskAsync("<iq type='set' id='u' to='mail.hub.test'><query xmlns='jabber:iq:gateway'><prompt>no address</prompt></query></iq>", "not-acceptable");

        await alice!.SendAsync($"<presence to='{Ann}' type='subscribe'/>");
        await alice.ReadUntilAsync(e => IsPresence(e, Ann, "subscribed"));
        await alice.ReadUntilAsync(e => IsPresence(e, Ann, null));

        await alice.SendAsync($"<message to='{Ann}' type='chat' id='1'><subject>Grüße aus Köln</subject><thread>t1</thread><body>Schöne Grüße,\n🌍 &amp; so weiter\n.\n..\nEnde</body></message>");
        var first = await MailAsync();
        Assert.Equal(["ann@example.org"], first.GetProperty("recipients").EnumerateArray().Select(r => r.GetString()));
        Assert.Equal("xmpp@example.net", first.GetProperty("sender").GetString());
        Assert.Equal("Grüße aus Köln", Header(first, "Subject"));
        Assert.Contains("alice@hub.test", Header(first, "From"), StringComparison.Ordinal);
        Assert.Equal("alice@home.example", Header(first, "Reply-To"));
        Assert.Equal("Schöne Grüße,\n🌍 & so weiter\n.\n..\nEnde", first.GetProperty("body").GetString()!.ReplaceLineEndings("\n").TrimEnd('\n'));
        Assert.Null(Header(first, "References"));

        await alice.SendAsync($"<message to='{Ann}' type='chat' id='2'><thread>t1</thread><body>once more</body></message>");
        var second = await MailAsync();
        Assert.Equal(Header(first, "Message-Id"), Header(second, "References"));
        Assert.Equal(Header(first, "Message-Id"), Header(second, "In-Reply-To"));
        await alice.SendAsync($"<message to='{Ann}' type='chat' id='3'><thread>t1</thread><body>and again</body></message>");
        var third = await MailAsync();
        Assert.Equal($"{Header(first, "Message-Id")} {Header(second, "Message-Id")}", Header(third, "References")!.Replace('\t', ' '));

        await alice.SendAsync("<presence type='unavailable'/><presence/>");
        await alice.ReadUntilAsync(e => IsPresence(e, Ann, null));
        await alice.SendAsync("<iq type='set' id='bye' to='mail.hub.test'><query xmlns='jabber:iq:register'><remove/></query></iq>");
        await alice.ReadUntilAsync(e => IsPresence(e, Ann, "unsubscribed"));
        await alice.ReadUntilAsync(e => IsPresence(e, Domain, "unsubscribed"));
        await alice.SendAsync($"<message to='{Ann}' type='chat' id='4'><body>too late</body></message>");
        Assert.Contains("registration-required", (await alice.ReadUntilAsync(e => (string?)e.Attribute("id") == "4")).ToString(), StringComparison.Ordinal);
    }

    /// <summary>Nothing that a person writes becomes a header, a recipient, or a command of SMTP.</summary>
    [Fact]
    public async Task Nothing_gets_into_the_headers()
    {
        await StartAsync();
        await RegisterAsync();
        await alice!.SendAsync($"<message to='{Ann}' id='1'><subject>Hi&#13;&#10;Bcc: eve@example.com&#10;X-Evil: 1</subject><body>.&#13;\nRCPT TO:&lt;eve@example.com>\nBcc: eve@example.com</body></message>");
        var mail = await MailAsync();
        Assert.Null(Header(mail, "Bcc"));
        Assert.Null(Header(mail, "X-Evil"));
        Assert.Single(mail.GetProperty("recipients").EnumerateArray());
        Assert.StartsWith("Hi", Header(mail, "Subject"), StringComparison.Ordinal);
        foreach (var address in new[] { @"a,eve\40example.com@mail.hub.test", @"eve\3e\20x\40example.com@mail.hub.test", @"\22a\20b\22\40example.org@mail.hub.test", "nobody@mail.hub.test", @"a\40b\40example.org@mail.hub.test" })
        {
            await alice.SendAsync($"<message to='{address}' id='x'><body>x</body></message>");
            var refused = await alice.ReadUntilAsync(e => (string?)e.Attribute("id") == "x");
            Assert.True((string?)refused.Attribute("type") == "error", address);
        }

        foreach (var address in new[] { "alice@home.example&#10;Bcc: eve@example.com", "a@b, c@d", "Alice &lt;alice@home.example>", "" })
        {
            await AskAsync($"<iq type='set' id='r' to='mail.hub.test'><query xmlns='jabber:iq:register'><email>{address}</email></query></iq>", "not-acceptable");
        }
    }

    [Fact]
    public async Task A_recipient_that_is_refused_comes_back_and_one_that_is_delayed_is_tried_again()
    {
        await StartAsync();
        await RegisterAsync();
        await alice!.SendAsync(@"<message to='refused\40example.org@mail.hub.test' type='chat' id='1'><subject>S</subject><body>for nobody</body></message>");
        var error = await alice.ReadUntilAsync(e => e.Name.LocalName == "message" && (string?)e.Attribute("type") == "error");
        Assert.Equal(@"refused\40example.org@mail.hub.test", (string?)error.Attribute("from"));
        Assert.Contains("550", error.ToString(), StringComparison.Ordinal);
        Assert.Equal("for nobody", error.Element(Client + "body")?.Value);
        // Whose session is gone is told in words, later.
        await alice.SendAsync(@"<presence type='unavailable'/><message to='refused\40example.org@mail.hub.test' type='chat' id='3'><body>for nobody</body></message>");
        await alice.SendAsync("<presence/>");
        Assert.Contains("could not be delivered", (await alice.ReadUntilAsync(e => e.Name.LocalName == "message")).ToString(), StringComparison.Ordinal);
        await alice.SendAsync(@"<message to='later\40example.org@mail.hub.test' type='chat' id='2'><body>patience</body></message>");
        Assert.Equal("patience", (await MailAsync()).GetProperty("body").GetString()!.Trim());
    }

    [Theory]
    [InlineData("connect")]
    [InlineData("ehlo")]
    [InlineData("mail")]
    [InlineData("rcpt")]
    [InlineData("data")]
    public async Task A_connection_that_is_cut_in_any_phase_loses_no_mail(string phase)
    {
        await StartAsync("--cut", phase);
        await RegisterAsync();
    }

    [Fact]
    public async Task By_STARTTLS_and_with_a_password_and_to_addresses_beyond_ASCII()
    {
        using var authority = Certificates.Authority();
        using var certificate = Certificates.Server(authority, ["localhost"]);
        var (file, key) = Certificates.WritePem(certificate, folder.Path, "smtp");
        await File.WriteAllTextAsync(folder.File("ca.pem"), authority.ExportCertificatePem());
        await StartAsync(smtp => (smtp.Security, smtp.User, smtp.Password, smtp.Authority) = (SmtpSecurity.StartTls, "mailer", "much ado", folder.File("ca.pem")), "--tls", file, key, "--user", "mailer", "much ado");
        await RegisterAsync();
        await alice!.SendAsync(@"<message to='jürgen\40example.org@mail.hub.test' id='1'><body>hallo</body></message>");
        var mail = await MailAsync();
        Assert.Equal(["jürgen@example.org"], mail.GetProperty("recipients").EnumerateArray().Select(r => r.GetString()));
        Assert.True(mail.GetProperty("secure").GetBoolean());
        Assert.Equal("mailer", mail.GetProperty("user").GetString());
        Assert.Contains("SMTPUTF8", mail.GetProperty("options").EnumerateArray().Select(o => o.GetString()));
    }

    [Fact]
    public async Task A_server_that_is_not_trusted_gets_nothing()
    {
        using var authority = Certificates.Authority();
        using var other = Certificates.Authority("another authority");
        using var certificate = Certificates.Server(authority, ["localhost"]);
        var (file, key) = Certificates.WritePem(certificate, folder.Path, "smtp");
        await File.WriteAllTextAsync(folder.File("ca.pem"), other.ExportCertificatePem());
        await StartAsync(_ => { }, "--tls", file, key);
        var sender = new SmtpSender(new GatewayOptions { From = "xmpp@example.net", Smtp = new SmtpOptions { Port = _port, Security = SmtpSecurity.StartTls, Authority = folder.File("ca.pem") } });
        var result = await sender.SendAsync(new Mail(1, "alice@hub.test", "alice@hub.test/r", "ann@example.org", "", "s", "t", "1@mail.hub.test", "", 0), TestContext.Current.CancellationToken);
        Assert.False(result.IsSent);
        Assert.False(result.IsFinal);
    }

    [Fact]
    public async Task Whoever_is_watched_and_goes_offline_is_told_by_mail()
    {
        await StartAsync();
        await RegisterAsync();
        await hub!.AddAccountAsync("lamp", "lamp");
        await using var lamp = await RawClient.ConnectAsync(hub.Plain, "lamp");
        await lamp.LoginAsync("hub.test", "lamp", "lamp", "thing");
        await lamp.SendAsync("<presence/>");
        await lamp.PingAsync();
        await alice!.SendAsync("<message to='mail.hub.test' type='chat'><body>watch lamp@hub.test</body></message>");
        await lamp.ReadUntilAsync(e => IsPresence(e, Domain, "subscribe"));
        await lamp.SendAsync("<presence to='mail.hub.test' type='subscribed'/>");
        await lamp.PingAsync();
        // The gateway has seen the lamp when it has answered what came behind that.
        await AskAsync("<iq type='get' id='q' to='mail.hub.test'><query xmlns='jabber:iq:gateway'/></iq>", "<prompt>");
        await lamp.CloseAsync();
        var mail = await MailAsync();
        Assert.Equal("lamp@hub.test is offline", Header(mail, "Subject"));
        Assert.Equal(["alice@home.example"], mail.GetProperty("recipients").EnumerateArray().Select(r => r.GetString()));
    }

    [Theory]
    [InlineData("ann@example.org", @"ann\40example.org")]
    [InlineData("o'neil&co@example.org", @"o\27neil\26co\40example.org")]
    [InlineData(@"c:\cool stuff", @"c\3a\cool\20stuff")]
    [InlineData(@"\27", @"\5c27")]
    [InlineData(@"c:\5commas", @"c\3a\5c5commas")]
    public void Addresses_are_written_as_localparts(string text, string node)
    {
        Assert.Equal(node, EscapedNode.Escape(text));
        Assert.Equal(text, EscapedNode.Unescape(node));
    }

    private int _port;

    private static bool IsPresence(XElement e, string from, string? type) => e.Name.LocalName == "presence" && ((string?)e.Attribute("from"))?.Split('/')[0] == from && (string?)e.Attribute("type") == type;

    private static string? Header(JsonElement mail, string name) => mail.GetProperty("headers").EnumerateArray().Where(h => string.Equals(h[0].GetString(), name, StringComparison.OrdinalIgnoreCase)).Select(h => h[1].GetString()).FirstOrDefault();

    private Task StartAsync(params string[] arguments) => StartAsync(null, arguments);

    private async Task StartAsync(Action<SmtpOptions>? configure, params string[] arguments)
    {
        Assert.SkipUnless(File.Exists(Slixmpp.Python) && (await Slixmpp.RunAsync("-c", "import aiosmtpd")).Code == 0, "aiosmtpd is not installed (Debian: python3-aiosmtpd)");
        _port = Ports.Free();
        server = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(Slixmpp.Python, [Repository.Path("tests", "Interop", "mailserver.py"), _port.ToString(CultureInfo.InvariantCulture), .. arguments]) { RedirectStandardOutput = true })!;
        Assert.Equal("ready", await server.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
        _ = Task.Run(async () =>
        {
            while (await server.StandardOutput.ReadLineAsync() is { } line)
            {
                mails.Writer.TryWrite(JsonDocument.Parse(line).RootElement);
            }
        });
        hub = await HubHost.StartAsync("""{ "Security": { "LoginThrottle": { "Enabled": false } }, "Listen": { "Component": "127.0.0.1:0" }, "Components": [ { "Jid": "mail.hub.test", "Secret": "much ado" } ] }""");
        var options = new GatewayOptions { Hub = hub.Server.Component!.ToString(), Domain = Domain, Secret = "much ado", From = "xmpp@example.net", Data = folder.File("gateway"), RetrySeconds = 1, Smtp = new SmtpOptions { Port = _port, Security = SmtpSecurity.None } };
        configure?.Invoke(options.Smtp);
        Assert.Null(options.Wrong());
        var connected = new TaskCompletionSource();
        gateway = MailGatewayHost.RunAsync(options, NullLoggerFactory.Instance, connected: () => connected.TrySetResult(), cancel: end.Token);
        await (await Task.WhenAny(connected.Task, gateway)).WaitAsync(Wait.Bound);
        await hub.AddAccountAsync("alice", "alice");
        alice = await RawClient.ConnectAsync(hub.Plain, "alice");
        await alice.LoginAsync("hub.test", "alice", "alice", "r");
        await alice.SendAsync("<presence/>");
        await alice.PingAsync();
    }

    /// <summary>Registers the address and shows that it is one's own.</summary>
    private async Task RegisterAsync()
    {
        await AskAsync("<iq type='get' id='f' to='mail.hub.test'><query xmlns='jabber:iq:register'/></iq>", "<email");
        await AskAsync("<iq type='set' id='r' to='mail.hub.test'><query xmlns='jabber:iq:register'><email>alice@home.example</email></query></iq>", "type=\"result\"");
        await alice!.ReadUntilAsync(e => IsPresence(e, Domain, "subscribe"));
        await alice.SendAsync("<presence to='mail.hub.test' type='subscribed'/><presence to='mail.hub.test' type='subscribe'/>");
        await alice.ReadUntilAsync(e => IsPresence(e, Domain, "subscribed"));
        var mail = await MailAsync();
        Assert.Equal(["alice@home.example"], mail.GetProperty("recipients").EnumerateArray().Select(r => r.GetString()));
        var code = mail.GetProperty("body").GetString()!.Split('\n', StringSplitOptions.TrimEntries).Single(line => line.Length == 10);
        await alice.SendAsync($"<message to='{Ann}' type='chat' id='early'><body>x</body></message>");
        Assert.Contains("registration-required", (await alice.ReadUntilAsync(e => (string?)e.Attribute("id") == "early")).ToString(), StringComparison.Ordinal);
        await alice.SendAsync("<message to='mail.hub.test' type='chat'><body>wrong</body></message>");
        await alice.ReadUntilAsync(e => e.Element(Client + "body")?.Value == "That is not the code.");
        await alice.SendAsync($"<message to='mail.hub.test' type='chat'><body>{code}</body></message>");
        await alice.ReadUntilAsync(e => e.Element(Client + "body")?.Value.StartsWith("alice@home.example is yours", StringComparison.Ordinal) ?? false);
    }

    private async Task AskAsync(string iq, string part)
    {
        var id = XElement.Parse(iq).Attribute("id")!.Value;
        await alice!.SendAsync(iq);
        var answer = (await alice.ReadUntilAsync(e => e.Name.LocalName == "iq" && (string?)e.Attribute("id") == id)).ToString(SaveOptions.DisableFormatting);
        Assert.Contains(part, answer, StringComparison.Ordinal);
    }

    private async Task<JsonElement> MailAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        return await mails.Reader.ReadAsync(limit.Token);
    }
}
