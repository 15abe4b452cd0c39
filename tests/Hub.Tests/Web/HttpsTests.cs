using System.Collections;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using IotXmpp.Hub.Server;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Hub.Tests.Web;

/// <summary>HTTP over the hub's own TLS: what is told of it, what is refused without it, and that a new certificate needs no restart.</summary>
public sealed class HttpsTests
{
    private const string Https = """{ "Listen": { "Https": "127.0.0.1:0" } }""";

    [Fact]
    public async Task Where_it_is_on_clients_are_told_of_it_and_of_nothing_without_it()
    {
        await using var hub = await HubHost.StartAsync(Https);
        using var http = Client(hub);
        Assert.Equal($"https://{hub.Server.Https}", hub.Server.Services.Web.BaseUrl);
        foreach (var way in new[] { $"https://{hub.Server.Https}", $"http://{hub.Http}" })
        {
            var meta = await http.GetStringAsync(way + "/.well-known/host-meta.json");
            Assert.Contains($"wss://{hub.Server.Https}/xmpp-websocket", meta, StringComparison.Ordinal);
            Assert.Contains($"https://{hub.Server.Https}/http-bind", meta, StringComparison.Ordinal);
            Assert.DoesNotContain("ws:", meta, StringComparison.Ordinal);
            Assert.DoesNotContain("http:", meta, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_stream_begins_over_it()
    {
        await using var hub = await HubHost.StartAsync(Https);
        using var http = Client(hub);
        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("xmpp");
        using var wait = new CancellationTokenSource(RawClient.DefaultWait);
        await socket.ConnectAsync(new Uri($"wss://{hub.Server.Https}/xmpp-websocket"), http, wait.Token);
        await socket.SendAsync("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='hub.test' version='1.0'/>"u8.ToArray(), WebSocketMessageType.Text, true, wait.Token);
        var buffer = new byte[16 * 1024];
        var open = await socket.ReceiveAsync(buffer, wait.Token);
        Assert.StartsWith("<open ", Encoding.UTF8.GetString(buffer, 0, open.Count), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("hub.test", "max-age=31536000")]
    [InlineData("localhost", null)]
    [InlineData("127.0.0.1", null)]
    public async Task A_browser_is_told_to_come_by_TLS_only_where_the_host_has_a_name_of_its_own(string host, string? promise)
    {
        await using var hub = await HubHost.StartAsync(Https);
        using var http = Client(hub);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"https://{hub.Server.Https}/healthz");
        request.Headers.Host = host;
        using var answer = await http.SendAsync(request);
        Assert.Equal(promise, answer.Headers.TryGetValues("Strict-Transport-Security", out var said) ? said.Single() : null);
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal("no-referrer", answer.Headers.GetValues("Referrer-Policy").Single());
    }

    [Fact]
    public async Task Without_TLS_nobody_is_told_to_come_by_it()
    {
        await using var hub = await HubHost.StartAsync(Https);
        using var http = Client(hub);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{hub.Http}/healthz");
        request.Headers.Host = "hub.test";
        using var answer = await http.SendAsync(request);
        Assert.False(answer.Headers.Contains("Strict-Transport-Security"));
    }

    [Fact]
    public async Task Who_asks_for_another_protocol_is_refused_in_the_handshake()
    {
        await using var hub = await HubHost.StartAsync(Https);
        Assert.Equal(SslApplicationProtocol.Http11, (await ShakeAsync(hub.Server.Https!, SslApplicationProtocol.Http2, SslApplicationProtocol.Http11)).Protocol);
        await Assert.ThrowsAnyAsync<Exception>(() => ShakeAsync(hub.Server.Https!, new SslApplicationProtocol("xmpp-client")));
        Assert.Equal("xmpp-client", Encoding.ASCII.GetString((await ShakeAsync(hub.Server.C2sTls!, new SslApplicationProtocol("xmpp-client"))).Protocol.Protocol.Span));
        await Assert.ThrowsAnyAsync<Exception>(() => ShakeAsync(hub.Server.C2sTls!, SslApplicationProtocol.Http11));
    }

    [Fact]
    public async Task New_certificate_files_serve_the_next_connection_on_every_listener()
    {
        using var folder = new TempFolder("https");
        Write(folder, "first");
        var time = new ManualTime();
        await using var hub = await HubHost.StartAsync(
            $$"""{ "Listen": { "Https": "127.0.0.1:0" }, "Tls": { "CertificateFile": "{{folder.File("c.pem")}}", "KeyFile": "{{folder.File("k.pem")}}" } }""", time);
        Assert.Equal(("CN=first", "CN=first"), ((await ShakeAsync(hub.Server.Https!)).Subject, (await ShakeAsync(hub.Server.C2sTls!)).Subject));
        Write(folder, "second");
        // Files are told apart by the time of their last change.
        File.SetLastWriteTimeUtc(folder.File("c.pem"), DateTime.UtcNow.AddMinutes(1));
        time.Advance(ServerCertificate.CheckInterval);
        Assert.Equal(("CN=second", "CN=second"), ((await ShakeAsync(hub.Server.Https!)).Subject, (await ShakeAsync(hub.Server.C2sTls!)).Subject));
    }

    [Theory]
    [InlineData("*:0", "127.0.0.1", false)]
    [InlineData("192.0.2.1:5280", "::1", false)]
    [InlineData("*:0", "127.0.0.1,192.0.2.7", true)]
    [InlineData("127.0.0.1:0", "127.0.0.1", true)]
    public async Task Without_TLS_it_listens_beyond_this_machine_for_a_named_proxy_alone(string http, string proxies, bool isGood)
    {
        using var folder = new TempFolder("http");
        var read = SettingsLoader.Load(
            ["--domain", "hub.test", "--data", folder.File("data"), "--c2s", "0", "--c2s-tls", "0", "--http", http, "--Web:Proxies", proxies, "--Logging:LogLevel:Default", "Error"], new Hashtable());
        if (isGood)
        {
            await using var hub = await HubServer.StartAsync(read.Settings!);
            Assert.NotNull(hub.Http);
        }
        else
        {
            var refused = await Assert.ThrowsAsync<HubStartException>(() => HubServer.StartAsync(read.Settings!));
            Assert.Equal(SettingsLoader.BadSetting, refused.ExitCode);
            Assert.Contains("--https", refused.Message, StringComparison.Ordinal);
            Assert.Contains("Web:Proxies", refused.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("/.well-known/host-meta", HttpStatusCode.Forbidden)]
    [InlineData("/flash/", HttpStatusCode.Forbidden)]
    [InlineData("/upload/x/y", HttpStatusCode.Forbidden)]
    [InlineData("/healthz", HttpStatusCode.OK)]
    public async Task What_came_without_TLS_from_another_machine_is_told_that_the_hub_lives_and_no_more(string path, HttpStatusCode expected)
    {
        await using var hub = await HubHost.StartAsync();
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{hub.Http}{path}");
        request.Headers.Add("X-Forwarded-For", "192.0.2.9");
        request.Headers.Add("X-Forwarded-Proto", "http");
        using var answer = await http.SendAsync(request);
        Assert.Equal(expected, answer.StatusCode);
    }

    private static HttpClient Client(HubHost hub)
    {
        var root = X509CertificateLoader.LoadCertificateFromFile(hub.Server.AuthorityFile!);
        var handler = new SocketsHttpHandler();
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, CustomTrustStore = { root } };
        // The name of the request is one thing, that of the machine another.
        handler.SslOptions.TargetHost = "127.0.0.1";
        return new HttpClient(handler);
    }

    private static async Task<(string Subject, SslApplicationProtocol Protocol)> ShakeAsync(IPEndPoint where, params SslApplicationProtocol[] protocols)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(where);
        using var tls = new SslStream(socket.GetStream(), false, (_, _, _, _) => true);
        using var wait = new CancellationTokenSource(RawClient.DefaultWait);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "hub.test", ApplicationProtocols = [.. protocols], EnabledSslProtocols = SslProtocols.Tls12 }, wait.Token);
        return (tls.RemoteCertificate!.Subject, tls.NegotiatedApplicationProtocol);
    }

    private static void Write(TempFolder folder, string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(300));
        File.WriteAllText(folder.File("c.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(folder.File("k.pem"), key.ExportPkcs8PrivateKeyPem());
    }
}
