using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using IotXmpp.Hub.Federation.Dns;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Peers;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Streams;
using IotXmpp.Hub.Tls;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Federation;

/// <summary>
/// Federation with other servers (RFC 6120 §3 and §4): accepts their streams, opens streams to them, and takes from the router what is for their domains. There is
/// one <see cref="RemoteLink"/> for each pair of a domain of this hub and one of another.
/// </summary>
public sealed class FederationHost : PeerHost
{
    /// <summary>Seconds of silence after which the system asks whether the other machine is there (60), six times, ten seconds apart.</summary>
    private const int KeepAliveSeconds = 60;

    private readonly ConcurrentDictionary<(string Local, string Remote), RemoteLink> _links = new();
    private readonly SocketConnectionContextFactory _connections;
    private int _verifying;

    /// <param name="hub">The modules, loaded.</param>
    /// <param name="options">The bounds of streams.</param>
    /// <param name="federation">The settings.</param>
    /// <param name="tls">The hub's certificate.</param>
    /// <param name="trusted">Authorities that are trusted besides those of the system.</param>
    /// <param name="secret">What dialback keys are made of; kept over a restart, so that keys that are in verification stay right.</param>
    public FederationHost(ModuleHost hub, XmppOptions options, FederationOptions federation, ITlsIdentitySource tls, X509Certificate2Collection trusted, byte[] secret)
        : base(hub, options, "IotXmpp.Hub.Federation")
    {
        Federation = federation;
        Tls = new PeerTls(this, tls);
        Dialback = new Dialback(secret);
        Certificates = new PeerCertificates(trusted, hub.Time);
        IPEndPoint[] servers = [.. federation.NameServers.Select(FederationOptions.ServerOf).OfType<IPEndPoint>()];
        var resolver = new DnsResolver(servers.Length > 0 ? () => servers : DnsResolver.SystemServers, hub.Time);
        Locator = new PeerLocator(resolver, federation.Overrides.ToDictionary(o => o.Domain, StringComparer.Ordinal), federation.AllowPrivateAddresses);
        _connections = new SocketConnectionContextFactory(new SocketConnectionFactoryOptions(), Log);
    }

    /// <summary>Streams that are open, by who has opened them.</summary>
    public (int Incoming, int Outgoing) Streams => (Count(stream => stream is IncomingStream), Count(stream => stream is OutgoingStream));

    /// <summary>Stanzas that wait for a stream to their server.</summary>
    public int Waiting => _links.Values.Sum(link => link.Waiting);

    internal FederationOptions Federation { get; }

    internal PeerTls Tls { get; }

    internal Dialback Dialback { get; }

    internal PeerCertificates Certificates { get; }

    internal PeerLocator Locator { get; }

    internal override int MaxStanzaBytes => Federation.MaxStanzaBytes;

    internal override int OutboundQueueBytes => Federation.QueueBytes;

    internal override int BytesPerSecond => Federation.BytesPerSecond;

    private protected override int MaxStreams => Federation.MaxStreams;

    /// <summary>Serves a server that has come, to the end of its stream.</summary>
    public Task ServeAsync(ConnectionContext connection, bool directTls) => new IncomingStream(this, connection).RunAsync(directTls);

    /// <summary>Whether the hub answers for a domain: its own, its services', its components'.</summary>
    internal bool Serves(string domain) => domain == Hub.Domain.Domain || Hub.ComponentAt(domain) is not null || Hub.Components?.At(domain) is not null;

    /// <summary>Whether settings let the hub speak to a domain.</summary>
    internal bool Allows(string domain) => !Serves(domain) && Federation.Allows(domain);

    /// <summary>Takes one stanza that is for another server.</summary>
    internal ValueTask RouteAsync(Stanza stanza)
    {
        string local = stanza.From.Domain;
        string remote = stanza.To!.Domain;
        if (!Serves(local))
        {
            // Nothing is relayed between two other domains.
            return default;
        }

        if (!Allows(remote))
        {
            Hub.Router.Bounce(stanza, StanzaError.NotAllowed.With("This server does not speak to that domain."));
        }
        else if (Link(local, remote) is { } link)
        {
            link.Send(stanza);
        }
        else
        {
            Hub.Router.Bounce(stanza, StanzaError.ResourceConstraint);
        }

        return default;
    }

    /// <summary>The link of a pair of domains; null where there are as many as may be.</summary>
    internal RemoteLink? Link(string local, string remote)
    {
        if (_links.TryGetValue((local, remote), out RemoteLink? link))
        {
            return link;
        }

        if (_links.Count >= Federation.MaxDomains)
        {
            foreach ((_, RemoteLink other) in _links)
            {
                Forget(other);
            }
        }

        return _links.Count < Federation.MaxDomains ? _links.GetOrAdd((local, remote), _ => new RemoteLink(this, local, remote)) : null;
    }

    /// <summary>Lets go of a link that nobody needs.</summary>
    internal void Forget(RemoteLink link)
    {
        if (link.TryRetire())
        {
            _links.TryRemove(new KeyValuePair<(string, string), RemoteLink>((link.Local, link.Remote), link));
        }
    }

    /// <summary>Finds the servers of a domain.</summary>
    internal async ValueTask<PeerLocation> LocateAsync(string domain)
    {
        PeerLocation location = await Locator.LocateAsync(domain, Stopping).ConfigureAwait(false);
        if (location.Refused is { } address)
        {
            FederationLog.NotPublic(Log, domain, address);
        }

        return location;
    }

    /// <summary>Opens a stream to a server and lets it run; null where it cannot be reached.</summary>
    /// <param name="target">Where it is.</param>
    /// <param name="local">The domain that speaks.</param>
    /// <param name="remote">The domain that is spoken to.</param>
    /// <param name="question">A dialback key to be verified, which is all that the stream is for; or null.</param>
    internal async ValueTask<OutgoingStream?> OpenAsync(PeerTarget target, string local, string remote, DialbackQuestion? question)
    {
        var socket = new Socket(target.EndPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        // A server that vanished without a word is noticed within two minutes, though nothing is written meanwhile.
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, KeepAliveSeconds);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, KeepAliveSeconds / 6);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 6);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(Federation.ConnectSeconds), Hub.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(Stopping, limit.Token);
        try
        {
            await socket.ConnectAsync(target.EndPoint, either.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            socket.Dispose();
            FederationLog.NotReached(Log, remote, target.EndPoint, e.Message);
            return null;
        }

        ConnectionContext connection = _connections.Create(socket);
        var stream = new OutgoingStream(this, connection, local, remote, target.DirectTls, question);
        _ = RunAsync(stream, connection, target.DirectTls);
        return stream;
    }

    /// <summary>Asks the server of a domain whether a dialback key is its own (XEP-0220 §2.2.1, step 2).</summary>
    internal async Task<StreamOutcome> VerifyAsync(DialbackQuestion question)
    {
        if (Interlocked.Increment(ref _verifying) > Federation.MaxVerifications)
        {
            Interlocked.Decrement(ref _verifying);
            return new StreamOutcome(StanzaError.ResourceConstraint);
        }

        try
        {
            PeerLocation location = await LocateAsync(question.Originating).ConfigureAwait(false);
            StanzaError error = location.Status == DnsStatus.NotFound ? StanzaError.RemoteServerNotFound : StanzaError.RemoteServerTimeout;
            foreach (PeerTarget target in location.Targets)
            {
                if (await OpenAsync(target, question.Receiving, question.Originating, question).ConfigureAwait(false) is { } stream)
                {
                    StreamOutcome outcome = await stream.Outcome.ConfigureAwait(false);
                    if (outcome.Error is null || outcome.IsFinal)
                    {
                        return outcome;
                    }

                    error = outcome.Error;
                }
            }

            return new StreamOutcome(error);
        }
        finally
        {
            Interlocked.Decrement(ref _verifying);
        }
    }

    private static async Task RunAsync(OutgoingStream stream, ConnectionContext connection, bool directTls)
    {
        // Not on the thread of who sends: it has other stanzas to route.
        await Task.Yield();
        await stream.RunAsync(directTls).ConfigureAwait(false);
        await connection.DisposeAsync().ConfigureAwait(false);
    }
}

/// <summary>A dialback key that another server has sent, to be verified (XEP-0220).</summary>
/// <param name="Receiving">The domain of this hub that it is for.</param>
/// <param name="Originating">The domain that it shall prove.</param>
/// <param name="StreamId">The id of the stream on which it came.</param>
/// <param name="Key">The key.</param>
internal sealed record DialbackQuestion(string Receiving, string Originating, string StreamId, string Key);

/// <summary>What came of opening a stream: it may be used (the key is right), or why not.</summary>
/// <param name="Error">What senders are told; null where it may be used.</param>
/// <param name="IsFinal">Whether another address or another attempt would come to the same.</param>
internal sealed record StreamOutcome(StanzaError? Error, bool IsFinal = false);

/// <summary>Logs of federation.</summary>
internal static partial class FederationLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "{Remote} cannot be reached at {Address}: {Reason}")]
    public static partial void NotReached(ILogger log, string remote, IPEndPoint address, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Remote} is said to be at {Address}, which is not public: not tried (Federation:AllowPrivateAddresses, Federation:Overrides)")]
    public static partial void NotPublic(ILogger log, string remote, IPAddress address);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Remote} at {Address} acknowledges nothing and is disconnected")]
    public static partial void NoAcks(ILogger log, string? remote, IPEndPoint? address);

    [LoggerMessage(Level = LogLevel.Information, Message = "The stream with {Remote} at {Address} is gone: {Count} stanzas that it has not acknowledged go back")]
    public static partial void Unacked(ILogger log, string? remote, IPEndPoint? address, int count);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Local} to {Remote}: up by {Way}, at {Address}")]
    public static partial void Up(ILogger log, string local, string remote, string way, IPEndPoint? address);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Local} to {Remote}: {Error}, {Count} stanzas go back")]
    public static partial void Failed(ILogger log, string local, string remote, string error, int count);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Remote} is known to be so by {Way}, from {Address}")]
    public static partial void Proven(ILogger log, string remote, string way, IPEndPoint? address);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Address} says it is {Remote}, which {Way} does not prove: {Reason}")]
    public static partial void NotProven(ILogger log, IPEndPoint? address, string remote, string way, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Opening a stream from {Local} to {Remote} failed")]
    public static partial void Broken(ILogger log, Exception e, string local, string remote);
}
