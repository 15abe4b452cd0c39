using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Xml.Linq;

namespace IotXmpp.TestKit.Net;

/// <summary>
/// An XMPP client for tests: it sends whatever bytes it is told, and reads one first-level element after the other with a bounded wait.
/// It reads only when it is asked to, so a test can also be a client that stops reading. Not thread-safe: one test, one client.
/// </summary>
public sealed class RawClient : IAsyncDisposable
{
    /// <summary>How long a read waits before the test fails. Generous: the machine may be busy; nothing is asserted about time.</summary>
    public static readonly TimeSpan DefaultWait = TimeSpan.FromSeconds(60);

    /// <summary>The stream namespace.</summary>
    public static readonly XNamespace Streams = "http://etherx.jabber.org/streams";

    /// <summary>The namespace of clients' stanzas.</summary>
    public static readonly XNamespace Client = "jabber:client";

    private static readonly XNamespace Sasl = "urn:ietf:params:xml:ns:xmpp-sasl";
    private static readonly XNamespace Sasl2 = "urn:xmpp:sasl:2";
    private static readonly XNamespace Bindings = "urn:xmpp:sasl-cb:0";
    private static readonly XNamespace Tls = "urn:ietf:params:xml:ns:xmpp-tls";
    private static readonly XNamespace Bind = "urn:ietf:params:xml:ns:xmpp-bind";

    private readonly StreamSplitter splitter = new();
    private readonly byte[] buffer = new byte[16 * 1024];
    private readonly Transcript transcript;
    private readonly Socket? socket;
    private Stream stream;
    private Task<int>? pending;
    private bool ended;
    private int ids;

    private RawClient(string name, Socket? socket, Stream stream, Transcript transcript)
    {
        Name = name;
        this.socket = socket;
        this.transcript = transcript;
        this.stream = stream;
    }

    /// <summary>What the transcript calls this client.</summary>
    public string Name { get; }

    /// <summary>What was said so far, by all clients that share the transcript.</summary>
    public Transcript Transcript => transcript;

    /// <summary>The full JID that the server gave at binding.</summary>
    public string Jid { get; private set; } = "";

    /// <summary>The features that the server offered last.</summary>
    public XElement Features { get; private set; } = new("none");

    /// <summary>The last stream header of the server, as an empty element.</summary>
    public XElement Header { get; private set; } = new("none");

    /// <summary>Whether the socket is protected by TLS.</summary>
    public bool IsSecure => stream is SslStream;

    /// <summary>The server's certificate, after TLS.</summary>
    public X509Certificate2? ServerCertificate { get; private set; }

    /// <summary>Opens a socket, no more.</summary>
    public static async Task<RawClient> ConnectAsync(IPEndPoint server, string name = "client", Transcript? transcript = null)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(server).WaitAsync(DefaultWait);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        var client = new RawClient(name, socket, new NetworkStream(socket, ownsSocket: true), transcript ?? new Transcript());
        client.transcript.Note(name, "connected");
        return client;
    }

    /// <summary>A client over another transport, which looks like a stream on TCP.</summary>
    public static RawClient Over(Stream stream, string name = "client", Transcript? transcript = null)
    {
        var client = new RawClient(name, null, stream, transcript ?? new Transcript());
        client.transcript.Note(name, "connected by " + stream.GetType().Name);
        return client;
    }

    /// <summary>Sends text as UTF-8.</summary>
    public Task SendAsync(string xml) => SendAsync(Encoding.UTF8.GetBytes(xml));

    /// <summary>Sends bytes as they are.</summary>
    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        transcript.Sent(Name, bytes.Span);
        await stream.WriteAsync(bytes).AsTask().WaitAsync(DefaultWait);
        await stream.FlushAsync();
    }

    /// <summary>The next thing on the stream.</summary>
    /// <exception cref="DialogueException">Nothing came in time.</exception>
    public async Task<StreamEvent> NextAsync(TimeSpan? wait = null)
    {
        while (true)
        {
            if (splitter.Next() is { } ready)
            {
                transcript.Received(Name, ready);
                if (ready is StreamEvent.Received { Element: var e } && e.Name == Streams + "features")
                {
                    Features = e;
                }

                return ready;
            }

            if (ended)
            {
                throw new DialogueException($"{Name}: the connection has ended, nothing more can come");
            }

            int count;
            try
            {
                pending ??= stream.ReadAsync(buffer).AsTask();
                count = await pending.WaitAsync(wait ?? DefaultWait);
                pending = null;
            }
            catch (TimeoutException)
            {
                throw new DialogueException($"{Name}: nothing came within {(wait ?? DefaultWait).TotalSeconds} s");
            }
            catch (IOException e)
            {
                return End(e.InnerException is SocketException s ? s.SocketErrorCode.ToString() : e.Message);
            }

            if (count == 0)
            {
                return End("orderly");
            }

            splitter.Feed(buffer.AsSpan(0, count));
        }
    }

    /// <summary>The next first-level element.</summary>
    /// <exception cref="DialogueException">The stream closed, the socket ended or nothing came in time.</exception>
    public async Task<XElement> ReadAsync(TimeSpan? wait = null) => await NextAsync(wait) switch
    {
        StreamEvent.Received r => r.Element,
        var other => throw new DialogueException($"{Name}: expected an element, got {Describe(other)}"),
    };

    /// <summary>Reads on until an element fulfils the condition; what comes before is dropped.</summary>
    public async Task<XElement> ReadUntilAsync(Func<XElement, bool> condition)
    {
        while (true)
        {
            var element = await ReadAsync();
            if (condition(element))
            {
                return element;
            }
        }
    }

    /// <summary>Sends a stream header and reads the server's, with the features.</summary>
    public async Task OpenStreamAsync(string domain, string? from = null)
    {
        splitter.Restart();
        await SendAsync($"<?xml version='1.0'?><stream:stream{(from is null ? "" : $" from='{from}'")} to='{domain}' version='1.0' xml:lang='en' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>");
        Header = await NextAsync() switch
        {
            StreamEvent.Opened o => o.Header,
            var other => throw new DialogueException($"{Name}: expected a stream header, got {Describe(other)}"),
        };
        Features = await ReadAsync();
        if (Features.Name != Streams + "features")
        {
            throw new DialogueException($"{Name}: expected features, got {Features}");
        }
    }

    /// <summary>Forgets the server's stream: the next bytes are of a new one.</summary>
    public void Restart() => splitter.Restart();

    /// <summary>Protects the socket by TLS now. Any certificate is taken, tests look at <see cref="ServerCertificate"/>.</summary>
    public async Task SecureAsync(string domain, string? alpn = null, X509Certificate2? own = null)
    {
        var tls = new SslStream(stream, leaveInnerStreamOpen: false);
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = domain,
            RemoteCertificateValidationCallback = (_, certificate, _, _) =>
            {
                ServerCertificate = certificate is null ? null : X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
                return true;
            },
            ClientCertificates = own is null ? null : [own],
            ApplicationProtocols = alpn is null ? null : [new SslApplicationProtocol(alpn)],
        };
        stream = tls;
        await tls.AuthenticateAsClientAsync(options).WaitAsync(DefaultWait);
        transcript.Note(Name, $"TLS ({tls.SslProtocol})");
    }

    /// <summary>STARTTLS on an open stream (RFC 6120 §5).</summary>
    public async Task StartTlsAsync(string domain)
    {
        await SendAsync($"<starttls xmlns='{Tls}'/>");
        var answer = await ReadAsync();
        if (answer.Name != Tls + "proceed")
        {
            throw new DialogueException($"{Name}: expected proceed, got {answer}");
        }

        await SecureAsync(domain);
        splitter.Restart();
    }

    /// <summary>The names of the SASL mechanisms that the server offers now.</summary>
    public IReadOnlyList<string> Mechanisms =>
        [.. Features.Elements(Sasl + "mechanisms").Elements(Sasl + "mechanism").Select(m => m.Value)];

    /// <summary>Authenticates on an open stream (RFC 6120 §6); the stream must be opened anew afterwards.</summary>
    /// <param name="user">The account's name.</param>
    /// <param name="password">Its password.</param>
    /// <param name="mechanism">Null takes the best that is offered without channel binding.</param>
    /// <returns>Null on success, else the <c>failure</c> element.</returns>
    public async Task<XElement?> AuthenticateAsync(string user, string password, string? mechanism = null)
    {
        mechanism ??= new[] { "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN" }.FirstOrDefault(Mechanisms.Contains)
            ?? throw new DialogueException($"{Name}: no usable mechanism in {Features}");
        XElement answer;
        if (mechanism == "PLAIN")
        {
            await SendAsync($"<auth xmlns='{Sasl}' mechanism='PLAIN'>{Encode($"\0{user}\0{password}")}</auth>");
            answer = await ReadAsync();
        }
        else
        {
            var scram = new ScramClient(mechanism, user, password, ServerCertificate is null ? null : EndPointBinding(ServerCertificate))
            {
                Offered = Offered(Features.Elements(Sasl + "mechanisms").Elements(Sasl + "mechanism")),
            };
            await SendAsync($"<auth xmlns='{Sasl}' mechanism='{mechanism}'>{Encode(scram.First)}</auth>");
            answer = await ReadAsync();
            if (answer.Name == Sasl + "challenge")
            {
                await SendAsync($"<response xmlns='{Sasl}'>{Encode(scram.Final(Decode(answer.Value)))}</response>");
                answer = await ReadAsync();
                if (answer.Name == Sasl + "success")
                {
                    scram.Verify(Decode(answer.Value));
                }
            }
        }

        if (answer.Name == Sasl + "success")
        {
            return null;
        }

        return answer.Name == Sasl + "failure" ? answer : throw new DialogueException($"{Name}: expected success or failure, got {answer}");
    }

    /// <summary>Authenticates by SASL2 (XEP-0388) with SCRAM.</summary>
    /// <param name="user">The account's name.</param>
    /// <param name="password">Its password.</param>
    /// <param name="mechanism">A SCRAM mechanism.</param>
    /// <param name="inline">What else stands in <c>authenticate</c>.</param>
    /// <param name="changed">The server's hash of what it offered is changed on the way (XEP-0474).</param>
    /// <returns>The <c>success</c> or <c>failure</c> element.</returns>
    public async Task<XElement> Authenticate2Async(string user, string password, string mechanism, string inline, bool changed = false)
    {
        var scram = new ScramClient(mechanism, user, password, ServerCertificate is null ? null : EndPointBinding(ServerCertificate))
        {
            Offered = Offered(Features.Elements(Sasl2 + "authentication").Elements(Sasl2 + "mechanism")),
        };
        await SendAsync($"<authenticate xmlns='{Sasl2}' mechanism='{mechanism}'><initial-response>{Encode(scram.First)}</initial-response>{inline}</authenticate>");
        var answer = await ReadAsync();
        if (answer.Name == Sasl2 + "challenge")
        {
            await SendAsync($"<response xmlns='{Sasl2}'>{Encode(scram.Final(Decode(answer.Value), changed))}</response>");
            answer = await ReadAsync();
            if (answer.Name == Sasl2 + "success")
            {
                scram.Verify(Decode(answer.Element(Sasl2 + "additional-data")!.Value));
            }
        }

        return answer;
    }

    /// <summary>The server has bound this address by other means than <see cref="BindAsync"/>.</summary>
    public void Bound(string jid) => Jid = jid;

    /// <summary>Binds a resource (RFC 6120 §7).</summary>
    public async Task BindAsync(string? resource)
    {
        var id = NewId();
        await SendAsync($"<iq type='set' id='{id}'><bind xmlns='{Bind}'>{(resource is null ? "" : $"<resource>{resource}</resource>")}</bind></iq>");
        var answer = await ReadAsync();
        Jid = answer.Element(Bind + "bind")?.Element(Bind + "jid")?.Value ?? throw new DialogueException($"{Name}: expected a bound JID, got {answer}");
    }

    /// <summary>All of it: stream, TLS where asked, SASL, bind.</summary>
    public async Task LoginAsync(string domain, string user, string password, string? resource = null, bool startTls = false)
    {
        await OpenStreamAsync(domain);
        if (startTls)
        {
            await StartTlsAsync(domain);
            await OpenStreamAsync(domain);
        }

        if (await AuthenticateAsync(user, password) is { } failure)
        {
            throw new DialogueException($"{Name}: log-in refused: {failure}");
        }

        await OpenStreamAsync(domain);
        await BindAsync(resource);
    }

    /// <summary>
    /// Pings the server and returns what came before the answer. As a server keeps the order of what it sends a session, all that it had for this
    /// session before the ping is in the list: the way to show that nothing came, without sleeping.
    /// </summary>
    public async Task<IReadOnlyList<XElement>> PingAsync()
    {
        var id = NewId();
        await SendAsync($"<iq type='get' id='{id}'><ping xmlns='urn:xmpp:ping'/></iq>");
        var before = new List<XElement>();
        while (true)
        {
            var element = await ReadAsync();
            if (element.Name == Client + "iq" && (string?)element.Attribute("id") == id)
            {
                return before;
            }

            before.Add(element);
        }
    }

    /// <summary>Closes the stream and waits for the server to close its own.</summary>
    public async Task CloseAsync()
    {
        await SendAsync("</stream:stream>");
        while (await NextAsync() is not (StreamEvent.Closed or StreamEvent.Ended))
        {
        }

        await DisposeAsync();
    }

    /// <summary>Cuts the socket at once by a TCP reset: the peer vanishes without a word.</summary>
    public void Cut()
    {
        transcript.Note(Name, "cut");
        if (socket is null)
        {
            stream.Close();
        }
        else
        {
            socket.LingerState = new LingerOption(true, 0);
            socket.Close();
        }

        ended = true;
    }

    /// <summary>Ends the sending half of the socket only.</summary>
    public void ShutdownSend() => socket!.Shutdown(SocketShutdown.Send);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        ended = true;
        try
        {
            await stream.DisposeAsync();
        }
        catch (IOException)
        {
            // The TLS goodbye to a peer that has gone; there is nothing left to tell it.
        }
    }

    /// <summary>A fresh stanza id of this client.</summary>
    public string NewId() => $"{Name}-{++ids}";

    /// <summary>Says an event in one line.</summary>
    public static string Describe(StreamEvent e) => e switch
    {
        StreamEvent.Received r => r.Element.ToString(SaveOptions.DisableFormatting),
        StreamEvent.Opened o => $"the stream header {o.Header}",
        StreamEvent.Closed => "the end of the stream </stream:stream>",
        StreamEvent.Ended x => $"the end of the connection ({x.How})",
        _ => e.ToString(),
    };

    /// <summary>Channel binding data of the type tls-server-end-point (RFC 5929 §4.1).</summary>
    public static byte[] EndPointBinding(X509Certificate2 certificate) => certificate.SignatureAlgorithm.FriendlyName switch
    {
        { } n when n.Contains("384", StringComparison.Ordinal) => SHA384.HashData(certificate.RawData),
        { } n when n.Contains("512", StringComparison.Ordinal) => SHA512.HashData(certificate.RawData),
        _ => SHA256.HashData(certificate.RawData),
    };

    // XEP-0474 §5.1: what the hash is made over.
    private string Offered(IEnumerable<XElement> mechanisms)
    {
        var bindings = Features.Elements(Bindings + "sasl-channel-binding").Elements().Select(b => (string)b.Attribute("type")!).Order(StringComparer.Ordinal).ToList();
        var lists = string.Join('\u001e', mechanisms.Select(m => m.Value).Order(StringComparer.Ordinal));
        return bindings.Count == 0 ? lists : lists + '\u001f' + string.Join('\u001e', bindings);
    }

    private static string Encode(string s) => Convert.ToBase64String(Encoding.UTF8.GetBytes(s));

    private static string Decode(string s) => Encoding.UTF8.GetString(Convert.FromBase64String(s));

    private StreamEvent.Ended End(string how)
    {
        ended = true;
        var end = new StreamEvent.Ended(how);
        transcript.Received(Name, end);
        return end;
    }
}
