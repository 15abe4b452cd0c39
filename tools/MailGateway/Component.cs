using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using System.Xml;
using System.Xml.Linq;
using Microsoft.Extensions.Logging;

namespace IotXmpp.MailGateway;

/// <summary>
/// An external component (XEP-0114): connects to the hub, proves its secret, gives each stanza to a handler in order, sends what it is given. Lost connections are made again, with waits that double. It
/// knows nothing of mail: this file and a handler are a component.
/// </summary>
/// <param name="hub">Where the hub listens for components, <c>HOST:PORT</c>.</param>
/// <param name="domain">The component's own address.</param>
/// <param name="secret">What the hub knows it by.</param>
/// <param name="log">Where it says what it does.</param>
public sealed class Component(string hub, string domain, string secret, ILogger log)
{
    /// <summary>The namespace of stanzas on such a stream.</summary>
    public static readonly XNamespace Ns = "jabber:component:accept";

    /// <summary>The longest wait between two attempts; default 1 minute: soon after the hub is back.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    /// <summary>Stanzas that wait to be sent, at most; default 10,000: who sends more waits himself.</summary>
    public const int QueueStanzas = 10_000;

    private const string Streams = "http://etherx.jabber.org/streams";

    private readonly Channel<XElement> _outgoing = Channel.CreateBounded<XElement>(new BoundedChannelOptions(QueueStanzas) { SingleReader = true });

    /// <summary>Called with each stanza that comes.</summary>
    public Func<XElement, CancellationToken, Task>? Received { get; set; }

    /// <summary>Called when the hub has taken the component in.</summary>
    public Func<CancellationToken, Task>? Connected { get; set; }

    /// <summary>Sends a stanza, when there is a connection; what was sent into one that breaks may be lost, as everywhere in XMPP.</summary>
    public ValueTask SendAsync(XElement stanza, CancellationToken cancel = default) => _outgoing.Writer.WriteAsync(stanza, cancel);

    /// <summary>Runs until it is cancelled.</summary>
    /// <exception cref="UnauthorizedAccessException">The hub does not know the component, or another secret: trying again would not help.</exception>
    public async Task RunAsync(CancellationToken cancel)
    {
        TimeSpan wait = TimeSpan.FromSeconds(1);
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await ServeAsync(() => wait = TimeSpan.FromSeconds(1), cancel).ConfigureAwait(false);
            }
            catch (Exception e) when (e is IOException or SocketException or XmlException && !cancel.IsCancellationRequested)
            {
                ComponentLog.Lost(log, hub, e.Message, wait.TotalSeconds);
            }

            await Task.Delay(wait, cancel).ConfigureAwait(false);
            wait = wait * 2 > LongestWait ? LongestWait : wait * 2;
        }
    }

    internal static bool TryHost(string text, out string host, out int port)
    {
        int colon = text.LastIndexOf(':');
        host = colon > 0 ? text[..colon].Trim('[', ']') : "";
        port = 0;
        return colon > 0 && int.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is > 0 and < 65_536;
    }

    private async Task ServeAsync(Action connected, CancellationToken cancel)
    {
        TryHost(hub, out string host, out int port);
        using var tcp = new TcpClient { NoDelay = true };
        await tcp.ConnectAsync(host, port, cancel).ConfigureAwait(false);
        await using NetworkStream stream = tcp.GetStream();
        await WriteAsync(stream, $"<?xml version='1.0'?><stream:stream xmlns='{Ns}' xmlns:stream='{Streams}' to='{domain}'>", cancel).ConfigureAwait(false);
        // The hub's stream is one document that goes on: each child of its root is a stanza.
        using var reader = XmlReader.Create(stream, new XmlReaderSettings { Async = true, DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, IgnoreComments = true, IgnoreProcessingInstructions = true });
        await reader.MoveToContentAsync().WaitAsync(cancel).ConfigureAwait(false);
        string id = reader.GetAttribute("id") ?? "";
        await WriteAsync(stream, $"<handshake>{Proof(id, secret)}</handshake>", cancel).ConfigureAwait(false);
        XElement? answer = await NextAsync(reader, cancel).ConfigureAwait(false);
        if (answer?.Name != Ns + "handshake")
        {
            string reason = answer?.Elements().FirstOrDefault()?.Name.LocalName ?? "the stream ended";
            throw reason is "not-authorized" or "host-unknown" ? new UnauthorizedAccessException($"the hub at {hub} refuses {domain}: {reason}") : new IOException(reason);
        }

        ComponentLog.Connected(log, domain, hub);
        connected();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task writing = SendAllAsync(stream, ended.Token);
        try
        {
            if (Connected is not null)
            {
                await Connected(cancel).ConfigureAwait(false);
            }

            while (await NextAsync(reader, cancel).ConfigureAwait(false) is { } stanza)
            {
                if (stanza.Name.NamespaceName == Streams)
                {
                    throw new IOException("stream error " + (stanza.Elements().FirstOrDefault()?.Name.LocalName ?? ""));
                }

                if (Received is not null)
                {
                    await Received(stanza, cancel).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            await ended.CancelAsync().ConfigureAwait(false);
            await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task<XElement?> NextAsync(XmlReader reader, CancellationToken cancel)
    {
        while (await reader.ReadAsync().WaitAsync(cancel).ConfigureAwait(false))
        {
            if (reader.NodeType == XmlNodeType.Element)
            {
                using XmlReader whole = reader.ReadSubtree();
                return await XElement.LoadAsync(whole, LoadOptions.PreserveWhitespace, cancel).WaitAsync(cancel).ConfigureAwait(false);
            }

            if (reader.NodeType == XmlNodeType.EndElement && reader.Depth == 0)
            {
                return null;
            }
        }

        return null;
    }

    private async Task SendAllAsync(NetworkStream stream, CancellationToken cancel)
    {
        while (await _outgoing.Reader.WaitToReadAsync(cancel).ConfigureAwait(false))
        {
            while (_outgoing.Reader.TryPeek(out XElement? stanza))
            {
                await WriteAsync(stream, stanza.ToString(SaveOptions.DisableFormatting), cancel).ConfigureAwait(false);
                _outgoing.Reader.TryRead(out _); // only what was written is gone
            }
        }
    }

    private static async Task WriteAsync(NetworkStream stream, string xml, CancellationToken cancel) => await stream.WriteAsync(Encoding.UTF8.GetBytes(xml), cancel).ConfigureAwait(false);

    // XEP-0114 §3.
    private static string Proof(string id, string secret)
    {
#pragma warning disable CA5350 // the standard's own choice
        return Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes(id + secret)));
#pragma warning restore CA5350
    }
}

/// <summary>Logs of <see cref="Component"/>.</summary>
internal static partial class ComponentLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "{Domain} is connected to {Hub}")]
    public static partial void Connected(ILogger log, string domain, string hub);

    [LoggerMessage(Level = LogLevel.Warning, Message = "No connection to {Hub}: {Reason}; again in {Seconds} s")]
    public static partial void Lost(ILogger log, string hub, string reason, double seconds);
}
