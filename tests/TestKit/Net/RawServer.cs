using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Xml.Linq;

namespace IotXmpp.TestKit.Net;

/// <summary>Another server that calls the hub, for tests: the steps of its stream over a <see cref="RawClient"/>.</summary>
public static class RawServer
{
    /// <summary>The namespace of servers' stanzas.</summary>
    public static readonly XNamespace Server = "jabber:server";

    /// <summary>The namespace of server dialback.</summary>
    public static readonly XNamespace Dialback = "jabber:server:dialback";

    /// <summary>Sends a start tag and reads the hub's.</summary>
    /// <returns>The hub's start tag, as an empty element.</returns>
    public static async Task<XElement> HeaderAsync(RawClient client, string? from, string? to, string ns = "jabber:server", string? version = "1.0")
    {
        client.Restart();
        string Attribute(string name, string? value) => value is null ? "" : $" {name}='{value}'";
        await client.SendAsync($"<?xml version='1.0'?><stream:stream xmlns='{ns}' xmlns:stream='http://etherx.jabber.org/streams' xmlns:db='jabber:server:dialback'{Attribute("from", from)}{Attribute("to", to)}{Attribute("version", version)}>");
        return await client.NextAsync() is StreamEvent.Opened { Header: var header } ? header : throw new DialogueException("expected a stream header");
    }

    /// <summary>Connects and opens a stream, no more.</summary>
    public static async Task<RawClient> OpenAsync(IPEndPoint hub, string from, string to)
    {
        var client = await RawClient.ConnectAsync(hub, from);
        await HeaderAsync(client, from, to);
        await client.ReadAsync();
        return client;
    }

    /// <summary>The same with TLS, and the stream opened anew in it.</summary>
    /// <returns>The client, and the hub's last start tag.</returns>
    public static async Task<(RawClient Client, XElement Header)> SecureAsync(IPEndPoint hub, string from, string to, X509Certificate2? own)
    {
        var client = await OpenAsync(hub, from, to);
        await client.SendAsync("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
        var proceed = await client.ReadAsync();
        if (proceed.Name.LocalName != "proceed")
        {
            throw new DialogueException($"expected proceed, got {proceed}");
        }

        await client.SecureAsync(to, own: own);
        var header = await HeaderAsync(client, from, to);
        await client.ReadAsync();
        return (client, header);
    }

    /// <summary>The same, with the domain proven by its certificate.</summary>
    public static async Task<RawClient> AuthenticateAsync(IPEndPoint hub, string from, string to, X509Certificate2 own)
    {
        var (client, _) = await SecureAsync(hub, from, to, own);
        await client.SendAsync("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>");
        var success = await client.ReadAsync();
        if (success.Name.LocalName != "success")
        {
            throw new DialogueException($"expected success, got {success}");
        }

        await HeaderAsync(client, from, to);
        await client.ReadAsync();
        return client;
    }
}

/// <summary>Another server that the hub calls, for tests: it says what it is told to, for every connection the same.</summary>
public sealed class FakeServer : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly List<Task> connections = [];
    private readonly Task accepting;

    /// <param name="certificate">Its certificate; null: it has no TLS.</param>
    public FakeServer(X509Certificate2? certificate)
    {
        Certificate = certificate;
        listener.Start();
        accepting = AcceptAsync();
    }

    /// <summary>Its certificate.</summary>
    public X509Certificate2? Certificate { get; }

    /// <summary>Where it listens.</summary>
    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>What stands in the features, once TLS is there (or where there is none).</summary>
    public string Features { get; set; } = "<dialback xmlns='urn:xmpp:features:dialback'><errors/></dialback>";

    /// <summary>The attributes of its start tag.</summary>
    public string Header { get; set; } = "xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' xmlns:db='jabber:server:dialback' id='fake' version='1.0'";

    /// <summary>What it says to an element; null for nothing.</summary>
    public Func<XElement, string?> Answer { get; set; } = _ => null;

    /// <summary>How many connections came.</summary>
    public int Connections { get; private set; }

    /// <summary>How many connections the hub has closed in order, by the end tag of its stream.</summary>
    public int Ended { get; private set; }

    /// <summary>The first-level elements that came.</summary>
    public System.Collections.Concurrent.ConcurrentQueue<XElement> Received { get; } = new();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Dispose();
        await accepting;
        await Task.WhenAll(connections);
        stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                var client = await listener.AcceptTcpClientAsync(stop.Token);
                Connections++;
                connections.Add(ServeAsync(client));
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var socket = client;
        Stream stream = client.GetStream();
        var splitter = new StreamSplitter();
        var buffer = new byte[16 * 1024];
        try
        {
            while (true)
            {
                var count = await stream.ReadAsync(buffer, stop.Token);
                if (count == 0)
                {
                    return;
                }

                splitter.Feed(buffer.AsSpan(0, count));
                while (splitter.Next() is { } next)
                {
                    switch (next)
                    {
                        case StreamEvent.Opened:
                            var features = stream is SslStream || Certificate is null ? Features : "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
                            await WriteAsync(stream, $"<?xml version='1.0'?><stream:stream {Header}><stream:features>{features}</stream:features>");
                            break;
                        case StreamEvent.Received { Element: var element } when element.Name.LocalName == "starttls":
                            await WriteAsync(stream, "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
                            var tls = new SslStream(stream);
                            await tls.AuthenticateAsServerAsync(Certificate!, clientCertificateRequired: false, checkCertificateRevocation: false);
                            stream = tls;
                            splitter.Restart();
                            break;
                        case StreamEvent.Received { Element: var element }:
                            Received.Enqueue(element);
                            if (Answer(element) is { } answer)
                            {
                                await WriteAsync(stream, answer);
                            }

                            break;
                        default:
                            Ended++;
                            return;
                    }
                }
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or System.Security.Authentication.AuthenticationException)
        {
            // The hub has gone, or the test has ended.
        }
    }

    private async Task WriteAsync(Stream stream, string text) => await stream.WriteAsync(Encoding.UTF8.GetBytes(text), stop.Token);
}
