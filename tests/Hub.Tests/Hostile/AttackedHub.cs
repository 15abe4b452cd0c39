using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Xml.Linq;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Hub.Tests.Hostile;

/// <summary>A hub that listens everywhere, as a process of its own, and two honest clients who go on talking. Each way in is a <see cref="Door"/>.</summary>
public sealed class AttackedHub : IAsyncLifetime
{
    private const string Secret = "much ado";
    private readonly TempFolder folder = new("attacked");
    private readonly X509Certificate2 authority = Certificates.Authority();
    private readonly X509Certificate2 peer;
    private readonly HttpClient http = new();
    private IPEndPoint s2s = null!;
    private IPEndPoint component = null!;

    /// <summary>Makes the certificates.</summary>
    public AttackedHub() => peer = Certificates.Server(authority, ["peer.test"]);

    /// <summary>The hub.</summary>
    public HubProcess Hub { get; private set; } = null!;

    /// <summary>The honest clients.</summary>
    internal Witness Witness { get; private set; } = null!;

    /// <summary>The ways in that are streams.</summary>
    public static string[] Doors => ["c2s", "WebSocket", "BOSH", "s2s", "component"];

    /// <summary>Where a listener of TCP is.</summary>
    public IPEndPoint Port(string door) => door switch
    {
        "c2s" => Hub.Plain,
        "s2s" => s2s,
        "component" => component,
        _ => Hub.Http!,
    };

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        var trusted = folder.File("authority.pem");
        await File.WriteAllTextAsync(trusted, authority.ExportCertificatePem());
        var settings = folder.File("settings.json");
        await File.WriteAllTextAsync(settings, $$"""{ "Federation": { "TrustedAuthority": "{{trusted}}" }, "Components": [ { "Jid": "bad.hub.test", "Secret": "{{Secret}}" } ], "Xmpp": { "MaxUnauthenticatedPerAddress": 200, "NegotiationSeconds": 600 } }""");
        await HubProcess.PrepareAsync(folder.File("data"), "alice", "bob", "mallory", "ping", "pong");
        int[] ports = [Ports.Free(), Ports.Free()];
        (s2s, component) = (new IPEndPoint(IPAddress.Loopback, ports[0]), new IPEndPoint(IPAddress.Loopback, ports[1]));
        Hub = await HubProcess.StartWebAsync(folder.File("data"), "--s2s", s2s.ToString(), "--component", component.ToString(), "--settings", settings);
        Witness = await Witness.StartAsync(Hub, "ping", "pong");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Witness.DisposeAsync();
        await Hub.DisposeAsync();
        http.Dispose();
        peer.Dispose();
        authority.Dispose();
        folder.Dispose();
    }

    /// <summary>Sends bytes by a door, as content of a stream, and returns the condition that ends it (of the stream error, or of BOSH's own).</summary>
    /// <param name="door">One of <see cref="Doors"/>.</param>
    /// <param name="known">Whether the peer has proved who it is.</param>
    /// <param name="bytes">What it sends then.</param>
    /// <exception cref="Exception">The stream did not end.</exception>
    public async Task<string?> AttackAsync(string door, bool known, byte[] bytes)
    {
        switch (door)
        {
            case "c2s":
                var client = await RawClient.ConnectAsync(Hub.Plain, "mallory");
                if (known)
                {
                    await client.LoginAsync("hub.test", "mallory", "mallory");
                }
                else
                {
                    await client.OpenStreamAsync("hub.test");
                }

                return await EndAsync(client, bytes);
            case "s2s":
                return await EndAsync(known ? await RawServer.AuthenticateAsync(s2s, "peer.test", "hub.test", peer) : await RawServer.OpenAsync(s2s, "evil.test", "hub.test"), bytes);
            case "component":
                return await EndAsync(known ? await RawComponent.ConnectAsync(component, "bad.hub.test", Secret) : (await RawComponent.OpenAsync(component, "bad.hub.test")).Client, bytes);
            case "WebSocket":
                return await SocketAsync(known, bytes);
            default:
                return await BoshAsync(known, bytes);
        }
    }

    /// <summary>A request over HTTP, and its answer.</summary>
    public Task<HttpResponseMessage> HttpAsync(HttpRequestMessage request) => http.SendAsync(request, TestContext.Current.CancellationToken);

    private static async Task<string?> EndAsync(RawClient client, byte[] bytes)
    {
        await using var closing = client;
        try
        {
            await client.SendAsync(bytes);
        }
        catch (IOException)
        {
            // The hub has closed before all was sent; its last words may still be readable.
        }

        string? condition = null;
        while (true)
        {
            switch (await client.NextAsync())
            {
                case StreamEvent.Received { Element: var e } when e.Name == RawClient.Streams + "error":
                    condition = e.Elements().First().Name.LocalName;
                    break;
                case StreamEvent.Ended:
                    return condition;
            }
        }
    }

    private async Task<string?> SocketAsync(bool known, byte[] bytes)
    {
        const string open = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='hub.test' version='1.0'/>";
        await using var socket = await RawWebSocket.ConnectAsync(Hub.Http!);
        await socket.TextAsync(open);
        await socket.ReadAsync();
        await socket.ReadAsync();
        if (known)
        {
            await socket.TextAsync($"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{Convert.ToBase64String("\0mallory\0mallory"u8)}</auth>");
            await socket.ReadAsync();
            await socket.TextAsync(open);
            await socket.ReadAsync();
            await socket.ReadAsync();
            await socket.TextAsync("<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
            await socket.ReadAsync();
        }

        try
        {
            await socket.SendAsync(1, bytes);
        }
        catch (IOException)
        {
            // As above.
        }

        var (said, _) = await socket.EndAsync();
        var error = said.IndexOf("<stream:error", StringComparison.Ordinal);
        return error < 0 ? null : XElement.Parse(said[error..(said.IndexOf("</stream:error>", StringComparison.Ordinal) + "</stream:error>".Length)]).Elements().First().Name.LocalName;
    }

    private async Task<string?> BoshAsync(bool known, byte[] bytes)
    {
        var created = await PostAsync("<body rid='100' to='hub.test' wait='60' hold='1' ver='1.6' xmpp:version='1.0' xmlns:xmpp='urn:xmpp:xbosh' xmlns='http://jabber.org/protocol/httpbind'/>"u8.ToArray());
        var sid = (string)created.Attribute("sid")!;
        var rid = 101;
        if (known)
        {
            await SayAsync(Encoding.UTF8.GetBytes($"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{Convert.ToBase64String("\0mallory\0mallory"u8)}</auth>"));
            await SayAsync([], "xmpp:restart='true' xmlns:xmpp='urn:xmpp:xbosh'");
            await SayAsync("<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"u8.ToArray());
        }

        var end = await SayAsync(bytes);
        return (string?)end.Attribute("type") != "terminate" ? null
            : end.Elements().FirstOrDefault(e => e.Name == RawClient.Streams + "error")?.Elements().First().Name.LocalName ?? (string?)end.Attribute("condition");

        Task<XElement> SayAsync(byte[] content, string attributes = "") => PostAsync([
            .. Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"<body rid='{rid++}' sid='{sid}' {attributes} xmlns='http://jabber.org/protocol/httpbind'>")), .. content, .. "</body>"u8]);
    }

    private async Task<XElement> PostAsync(byte[] body)
    {
        using var answer = await http.PostAsync(new Uri($"http://{Hub.Http}/http-bind"), new ByteArrayContent(body), TestContext.Current.CancellationToken);
        return answer.IsSuccessStatusCode ? XElement.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))
            : new XElement("body", new XAttribute("type", "terminate"), new XAttribute("condition", string.Create(CultureInfo.InvariantCulture, $"HTTP {(int)answer.StatusCode}")));
    }
}
