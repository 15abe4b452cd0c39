using System.Collections.Concurrent;
using System.Net;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Streams;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Peers;

/// <summary>The streams of one kind of peer and what they share.</summary>
public abstract class PeerHost : IAsyncDisposable
{
    /// <summary>How long a stop waits for streams to say their last words: 100 times 20 ms.</summary>
    private const int StopWaits = 100;

    /// <summary>How long it waits before that for acknowledgements: 25 times 20 ms.</summary>
    private const int AckWaits = 25;

    private static readonly TimeSpan StopWait = TimeSpan.FromMilliseconds(20);

    private readonly ConcurrentDictionary<PeerStream, byte> _streams = new();
    private readonly CancellationTokenSource _stopping = new();
    private volatile bool _isEnding;
    private ITimer? _watch;

    private protected PeerHost(ModuleHost hub, XmppOptions options, string log)
    {
        Hub = hub;
        Options = options;
        Log = hub.Loggers.CreateLogger(log);
        Stopping = _stopping.Token;
    }

    /// <summary>How many streams are open.</summary>
    public int Connections => _streams.Count;

    /// <summary>How many of the streams are such.</summary>
    private protected int Count(Func<PeerStream, bool> such) => _streams.Keys.Count(such);

    internal ModuleHost Hub { get; }

    internal XmppOptions Options { get; }

    internal ILogger Log { get; }

    internal JidCache Jids { get; } = new(1024);

    internal CancellationToken Stopping { get; }

    /// <summary>Milliseconds of the hub's clock, for time-outs only; never 0.</summary>
    internal long Now => 1 + (Hub.Time.GetTimestamp() / (Hub.Time.TimestampFrequency / 1000));

    /// <summary>Largest stanza of a peer that is known, in bytes.</summary>
    internal abstract int MaxStanzaBytes { get; }

    /// <summary>Bytes that may wait for a peer that reads slowly.</summary>
    internal abstract int OutboundQueueBytes { get; }

    /// <summary>Bytes a second that a peer may send; 0: no bound.</summary>
    internal abstract int BytesPerSecond { get; }

    /// <summary>Streams that may be open at once.</summary>
    private protected abstract int MaxStreams { get; }

    /// <summary>Begins to watch the clock.</summary>
    public void Start() => _watch = Hub.Time.CreateTimer(_ => WatchAll(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));

    /// <summary>Ends all streams with <c>system-shutdown</c>.</summary>
    public async Task StopAsync()
    {
        _isEnding = true;
        for (int i = 0; i < AckWaits && _streams.Keys.Any(stream => stream.HasUnacked); i++)
        {
            // What has left is mostly there already, and only its acknowledgement is on the way.
            await Task.Delay(StopWait).ConfigureAwait(false);
        }

        foreach (PeerStream stream in _streams.Keys)
        {
            stream.Fail("system-shutdown");
        }

        for (int i = 0; i < StopWaits && !_streams.IsEmpty; i++)
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
        GC.SuppressFinalize(this);
    }

    internal void Add(PeerStream stream)
    {
        _streams.TryAdd(stream, 0);
        int unknown = stream.Peer is { } peer ? _streams.Keys.Count(other => !other.IsAuthenticated && Equals(other.Peer?.Address, peer.Address)) : 0;
        if (_isEnding)
        {
            stream.Fail("system-shutdown");
        }
        else if (_streams.Count > MaxStreams || unknown > Options.MaxUnauthenticatedPerAddress)
        {
            stream.Fail("resource-constraint");
        }
    }

    internal void Remove(PeerStream stream) => _streams.TryRemove(stream, out _);

    private void WatchAll()
    {
        long now = Now;
        foreach (PeerStream stream in _streams.Keys)
        {
            stream.Watch(now);
        }
    }

    /// <summary>Whether administrators do not want the sender of a stanza to be heard (<see cref="IOutsiders"/>): he is told, except for presence.</summary>
    internal bool Refuses(Stanza stanza)
    {
        if (Hub.Outsiders is not { } outsiders || outsiders.Allows(stanza.From))
        {
            return false;
        }

        if (stanza.Kind != StanzaKind.Presence)
        {
            Hub.Router.Bounce(stanza, StanzaError.NotAllowed.With("This server does not speak to you."));
        }

        return true;
    }
}

/// <summary>Logs of peers' streams.</summary>
internal static partial class PeerLog
{
    [LoggerMessage(Level = LogLevel.Error, Message = "The stream of {Name} at {Peer} failed")]
    public static partial void Failed(ILogger log, Exception e, string? name, IPEndPoint? peer);

    [LoggerMessage(Level = LogLevel.Information, Message = "Stream error {Condition} ({Text}) to {Name} at {Peer}")]
    public static partial void StreamError(ILogger log, string condition, string? text, string? name, IPEndPoint? peer);

    [LoggerMessage(Level = LogLevel.Information, Message = "Stream error {Condition} from {Name} at {Peer}")]
    public static partial void StreamErrorReceived(ILogger log, string condition, string? name, IPEndPoint? peer);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Name} at {Peer} reads too slowly and is disconnected")]
    public static partial void SlowConsumer(ILogger log, string? name, IPEndPoint? peer);

    [LoggerMessage(Level = LogLevel.Information, Message = "TLS with {Peer} failed: {Reason}")]
    public static partial void TlsFailed(ILogger log, IPEndPoint? peer, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Component {Domain} is there, from {Peer}")]
    public static partial void ComponentConnected(ILogger log, string domain, IPEndPoint? peer);

    [LoggerMessage(Level = LogLevel.Information, Message = "Component {Domain} has gone")]
    public static partial void ComponentGone(ILogger log, string domain);
}
