using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Security.Cryptography;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Sasl;
using IotXmpp.Hub.Tls;
using IotXmpp.Hub.Transport;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Streams;

/// <summary>All client streams, what they share, and how sessions begin and end.</summary>
public sealed class StreamHost : IAsyncDisposable
{
    /// <summary>How long a stop waits for what is under way: 120 times 20 ms, so that a whole stop stays below 3 s.</summary>
    private const int StopWaits = 120;

    private static readonly TimeSpan StopWait = TimeSpan.FromMilliseconds(20);

    private readonly ConcurrentDictionary<C2sStream, byte> _streams = new();
    private readonly ConcurrentDictionary<string, Session> _resumable = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<IPAddress, int> _unauthenticated = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly Dictionary<string, IStreamFeature> _featureOf = new(StringComparer.Ordinal);
    private readonly List<IStreamFeature> _features = [];
    private readonly Action<Session, string, string> _endSession;
    private int _finishing;
    private ITimer? _watch;

    /// <param name="hub">The modules, loaded.</param>
    /// <param name="options">The bounds.</param>
    /// <param name="sasl">Checks who clients are.</param>
    /// <param name="tls">The certificate; null only where no listener needs one.</param>
    /// <param name="allowPlaintext">Whether clients on loopback may authenticate without TLS.</param>
    public StreamHost(ModuleHost hub, XmppOptions options, SaslServer sasl, ITlsIdentitySource? tls, bool allowPlaintext)
    {
        _endSession = EndSession;
        Hub = hub;
        Options = options;
        Sasl = sasl;
        Tls = tls;
        AllowPlaintext = allowPlaintext;
        Log = hub.Loggers.CreateLogger("IotXmpp.Hub.Streams");
        Add(new StartTlsFeature(tls is not null));
        var management = new StreamManagementFeature(this);
        Add(new SaslFeature(this));
        Add(new ChannelBindingFeature(this));
        Add(new Sasl2Feature(this, management, new Bind2(this, management, hub.BindFeatures)));
        Add(new BindFeature(this));
        Add(management);
        foreach (IStreamFeature feature in hub.StreamFeatures)
        {
            Add(feature);
        }

        hub.Router.Iqs.Stopping = _stopping.Token;
    }

    /// <summary>How many connections are open.</summary>
    public int Connections => _streams.Count;

    internal ModuleHost Hub { get; }

    internal XmppOptions Options { get; }

    internal SaslServer Sasl { get; }

    internal ITlsIdentitySource? Tls { get; }

    internal bool AllowPlaintext { get; }

    internal ILogger Log { get; }

    internal JidCache Jids { get; } = new();

    /// <summary>Milliseconds of the hub's clock, for time-outs only; never 0.</summary>
    internal long Now => 1 + (Hub.Time.GetTimestamp() / (Hub.Time.TimestampFrequency / 1000));

    internal CancellationToken Stopping => _stopping.Token;

    internal IReadOnlyList<IStreamFeature> Features => _features;

    /// <summary>Begins to watch the clock.</summary>
    public void Start() => _watch = Hub.Time.CreateTimer(_ => WatchAll(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));

    /// <summary>Serves one connection to its end.</summary>
    /// <param name="connection">From the listener.</param>
    /// <param name="directTls">TLS begins at once (XEP-0368).</param>
    public Task ServeAsync(ConnectionContext connection, bool directTls) => ServeAsync(new TcpTransport(this, connection, directTls));

    /// <summary>Serves one client to the end of its stream.</summary>
    internal Task ServeAsync(StreamTransport transport) => new C2sStream(this, transport).RunAsync();

    /// <summary>Ends all streams: each client gets <c>system-shutdown</c> and the hint when to come back (wire profile, session).</summary>
    public async Task StopAsync()
    {
        Hub.IsStopping = true;
        byte[] hint;
        using (var xml = new XmlBuilder())
        {
            hint = xml.Open("retry"u8, Ns.Drain).Attribute("after"u8, Options.DrainAfterSeconds).Attribute("spread"u8, Options.DrainSpreadSeconds).Close("retry"u8).ToArray();
        }

        foreach (C2sStream stream in _streams.Keys)
        {
            stream.EndReason ??= "shutdown";
            stream.Fail("system-shutdown", null, hint);
        }

        // What was accepted is brought to its end: streams say their last words, sessions are told to be gone, handlers finish what they store.
        for (int i = 0; i < StopWaits && (!_streams.IsEmpty || Volatile.Read(ref _finishing) > 0 || Hub.Router.Iqs.Waiting > 0); i++)
        {
            await Task.Delay(StopWait).ConfigureAwait(false);
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_watch is not null)
        {
            await _watch.DisposeAsync().ConfigureAwait(false);
        }

        _stopping.Dispose();
    }

    internal IStreamFeature? FeatureOf(string ns) => _featureOf.GetValueOrDefault(ns);

    /// <summary>Who answers requests in that namespace before the log-in, or null.</summary>
    internal IEarlyRequests? EarlyRequestsOf(ReadOnlySpan<byte> ns)
    {
        foreach (IStreamFeature feature in _features)
        {
            if (feature is IEarlyRequests early && early.Answers(ns))
            {
                return early;
            }
        }

        return null;
    }

    internal void Add(C2sStream stream)
    {
        _streams.TryAdd(stream, 0);
        int unauthenticated = stream.Peer is { } peer ? _unauthenticated.AddOrUpdate(peer.Address, 1, (_, count) => count + 1) : 0;
        if (_streams.Count > Options.MaxConnections || unauthenticated > Options.MaxUnauthenticatedPerAddress)
        {
            stream.Fail("resource-constraint");
        }
    }

    internal void Authenticated(C2sStream stream)
    {
        if (stream.Peer is { } peer)
        {
            Forget(peer.Address);
        }
    }

    internal void Remove(C2sStream stream)
    {
        _streams.TryRemove(stream, out _);
        if (stream.Account is null && stream.Peer is { } peer)
        {
            Forget(peer.Address);
        }
    }

    /// <summary>An address for a new session of an account; false where <paramref name="resource"/> is none. An empty one leaves the choice to the hub.</summary>
    internal bool TryFreeAddress(string account, string resource, [NotNullWhen(true)] out Jid? jid)
    {
        jid = null;
        string? prepared = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        if (resource.Length > 0 && !JidPrep.TryResourcepart(resource, out prepared))
        {
            return false;
        }

        jid = new Jid(account, Hub.Domain.Domain, prepared);
        if (Options.ConflictPolicy == "rename-new" && Hub.Sessions.TryGet(jid, out _))
        {
            jid = jid.WithResource(prepared + "-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4)));
        }

        return true;
    }

    /// <summary>Binds a session to a stream, from where on it can be reached; false where the account has as many as it may.</summary>
    internal bool Bind(C2sStream stream, Session session)
    {
        session.Ending = _endSession;
        session.Stream = stream;
        if (!Hub.Sessions.TryAdd(session, Options.MaxSessionsPerAccount, out Session? replaced))
        {
            if (session.Management is { } management)
            {
                _resumable.TryRemove(management.Id, out _);
            }

            return false;
        }

        replaced?.End("conflict", "replaced");
        stream.Bound(session);
        Hub.Opened(session);
        StreamLog.Bound(Log, session.Jid, stream.Peer, stream.IsEncrypted);
        return true;
    }

    /// <summary>Turns on stream management for a session.</summary>
    internal void Manage(Session session, StreamManagement management)
    {
        session.Management = management;
        if (management.CanResume)
        {
            _resumable[management.Id] = session;
        }
    }

    /// <summary>Sessions that were not taken up in time.</summary>
    internal TimedOutSessions TimedOut { get; } = new();

    /// <summary>The session that <c>previd</c> names, if it is the account's.</summary>
    internal Session? Resumable(string id, string account) => _resumable.TryGetValue(id, out Session? session) && session.Jid.Local == account && session.EndReason is null ? session : null;

    /// <summary>A stream has ended: its session waits for resumption or ends too.</summary>
    internal void StreamEnded(C2sStream stream, Session session, bool closedByPeer)
    {
        if (session.Stream != stream)
        {
            return;
        }

        if (!closedByPeer && stream.KeepSession && session.IsResumable && Options.ResumeSeconds > 0)
        {
            session.Management!.DetachedAt = Now;
            session.Attach(null, null);
            StreamLog.Waiting(Log, session.Jid, session.Management.ResumeSeconds);
            if (Hub.Notifier is { } notifier && notifier.Concerns(session.Jid.Local))
            {
                notifier.Detached(session, session.Management.Watch(notifier));
            }

            Hub.Detached(session);
            return;
        }

        Finish(session, stream.EndReason ?? "connection-lost");
    }

    private void EndSession(Session session, string streamError, string reason)
    {
        C2sStream? stream = session.Stream;
        Finish(session, reason);
        if (stream is not null)
        {
            stream.EndReason = reason;
            stream.Fail(streamError);
        }
    }

    private void Finish(Session session, string reason)
    {
        lock (session)
        {
            if (session.EndReason is not null)
            {
                return;
            }

            session.EndReason = reason;
        }

        Hub.Sessions.Remove(session);
        if (session.Management is { } management)
        {
            _resumable.TryRemove(management.Id, out _);
        }

        session.Attach(null, null);
        StreamLog.Ended(Log, session.Jid, reason);
        _ = FinishAsync(session);
    }

    // The rest of the hub hears of it as if the client had said it (RFC 6121 §4.5.4); then what it never acknowledged goes another way (XEP-0198 §5).
    private async Task FinishAsync(Session session)
    {
        Interlocked.Increment(ref _finishing);
        try
        {
            // Also of a session that was never available: it may have directed presence to somebody (RFC 6121 §4.6.3).
            await Hub.Router.RouteAsync(Farewell(session), session).ConfigureAwait(false);

            Hub.Closed(session);
            foreach (UnackedStanza unacked in session.Management?.TakeUnacked() ?? [])
            {
                await RedirectAsync(unacked, isTold: session.Management!.DetachedAt > 0).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            StreamLog.Failed(Log, e, session.Jid);
        }
        finally
        {
            session.Gone();
            Interlocked.Decrement(ref _finishing);
        }
    }

    // Everybody who watches is told why (wire profile, presence is liveness).
    private static Stanza Farewell(Session session)
    {
        using var xml = new XmlBuilder();
        xml.Open("presence"u8).Attribute("type"u8, "unavailable"u8).Text("status"u8, session.EndReason);
        xml.Open("thing"u8, Ns.Thing).Attribute("state"u8, "offline"u8).Attribute("reason"u8, session.EndReason).Close("thing"u8).Close("presence"u8);
        return Stanza.Parse(xml.ToArray(), session.Jid, null);
    }

    private ValueTask RedirectAsync(UnackedStanza unacked, bool isTold)
    {
        byte[] bytes = unacked.Stanza;
        var stanza = new Stanza();
        (Range to, Range from) = stanza.Load(bytes);
        if (!JidPrep.TryParse(XmlEscape.Decode(bytes.AsSpan()[from], isAttribute: true), out Jid? sender)
            || !JidPrep.TryParse(XmlEscape.Decode(bytes.AsSpan()[to], isAttribute: true), out Jid? addressee))
        {
            return default;
        }

        stanza.From = sender;
        stanza.To = addressee;
        switch (stanza.Kind)
        {
            case StanzaKind.Message:
                // With the time at which it should have come (XEP-0203), unless it has one already.
                if ((stanza.Traits & MessageTraits.Delay) == 0)
                {
                    using var xml = new XmlBuilder(bytes.Length + 128);
                    xml.Raw(stanza.Inner.Span);
                    Forwarded.WriteDelay(xml, unacked.At, Hub.Domain);
                    stanza = stanza.WithInner(xml.Written);
                }

                stanza.IsRedirected = true;
                stanza.IsTold = isTold;
                return Hub.Router.RouteAsync(stanza);
            case StanzaKind.Iq:
                // A request is answered by "not there" like any other; an answer was for the session that asked: a new one with the same address must not get it.
                Hub.Router.Bounce(stanza, StanzaError.ServiceUnavailable);
                return default;
            default:
                // Presence is not repeated: who comes next sees what is current.
                return default;
        }
    }

    private void Add(IStreamFeature feature)
    {
        _features.Add(feature);
        if (feature.Namespace.Length > 0)
        {
            _featureOf.Add(feature.Namespace, feature);
        }
    }

    private void Forget(IPAddress address)
    {
        if (_unauthenticated.AddOrUpdate(address, 0, (_, count) => count - 1) <= 0)
        {
            _unauthenticated.TryRemove(new KeyValuePair<IPAddress, int>(address, 0));
        }
    }

    private void WatchAll()
    {
        long now = Now;
        foreach (KeyValuePair<C2sStream, byte> entry in _streams)
        {
            entry.Key.Watch(now);
        }

        foreach (KeyValuePair<string, Session> entry in _resumable)
        {
            if (entry.Value.Management is { DetachedAt: > 0 } management && now - management.DetachedAt > management.ResumeSeconds * 1000L)
            {
                TimedOut.Add(management.Id, entry.Value.Jid.Local, management.Received);
                Finish(entry.Value, "connection-lost");
            }
        }
    }
}

/// <summary>Logs of streams.</summary>
internal static partial class StreamLog
{
    [LoggerMessage(Level = LogLevel.Error, Message = "The stream of {Jid} failed")]
    public static partial void Failed(ILogger log, Exception e, Jid? jid);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Stream error {Condition} to {Jid} at {Peer}")]
    public static partial void StreamError(ILogger log, string condition, Jid? jid, IPEndPoint? peer);

    [LoggerMessage(Level = LogLevel.Information, Message = "TLS with {Peer} failed: {Reason}")]
    public static partial void TlsFailed(ILogger log, IPEndPoint? peer, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Jid} at {Peer} reads too slowly and is disconnected")]
    public static partial void SlowConsumer(ILogger log, Jid? jid, IPEndPoint? peer);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Jid} bound from {Peer}, TLS {Tls}")]
    public static partial void Bound(ILogger log, Jid jid, IPEndPoint? peer, bool tls);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Jid} lost its stream and may resume for {Seconds} s")]
    public static partial void Waiting(ILogger log, Jid jid, int seconds);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Jid} ended: {Reason}")]
    public static partial void Ended(ILogger log, Jid jid, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Peer} failed to authenticate: {Error}")]
    public static partial void NotAuthenticated(ILogger log, IPEndPoint? peer, string error);
}
