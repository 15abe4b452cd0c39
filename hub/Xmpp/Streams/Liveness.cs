using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Streams;

/// <summary>What a look at the clock finds (<see cref="Liveness.Look"/>).</summary>
internal enum LivenessFinding
{
    /// <summary>All is well.</summary>
    Alive,

    /// <summary>Silent for long: ask whether it lives.</summary>
    Probe,

    /// <summary>Silent for longer than it may be.</summary>
    Lost,

    /// <summary>Not logged in within its time.</summary>
    NegotiationTooLong,

    /// <summary>A write hangs: the peer does not read.</summary>
    DoesNotRead,
}

/// <summary>Watches the silence of one stream: the time to negotiate, the keep-alive that a thing announced, probes, a write that hangs. A struct of its stream: never copied.</summary>
internal struct Liveness(long now)
{
    private readonly long _openedAt = now;
    private long _lastReceived = now;
    private long _probedAt;
    private long _watchedSince;
    private int _watchedWrite;
    private int _grantedSeconds;

    /// <summary>Bytes have come.</summary>
    public void Received(long now) => Volatile.Write(ref _lastReceived, now);

    /// <summary>The negotiation may take that many seconds longer.</summary>
    public void Extend(int seconds) => _grantedSeconds = seconds;

    /// <summary>Looks at the clock; called every second by one thread.</summary>
    /// <param name="now">The hub's clock in milliseconds.</param>
    /// <param name="options">The bounds.</param>
    /// <param name="state">Where the stream stands.</param>
    /// <param name="writing">The number of the write that is under way, or 0.</param>
    /// <param name="announced">The keep-alive interval that the client has announced, in seconds; 0 for none.</param>
    public LivenessFinding Look(long now, XmppOptions options, StreamState state, int writing, int announced)
    {
        if (writing != _watchedWrite)
        {
            _watchedWrite = writing;
            _watchedSince = now;
        }
        else if (writing != 0 && now - _watchedSince > options.WriteSeconds * 1000L)
        {
            return LivenessFinding.DoesNotRead;
        }

        if (state == StreamState.Closed)
        {
            return LivenessFinding.Alive;
        }

        if (state != StreamState.Bound)
        {
            return now - _openedAt > (options.NegotiationSeconds + _grantedSeconds) * 1000L ? LivenessFinding.NegotiationTooLong : LivenessFinding.Alive;
        }

        long silent = now - Volatile.Read(ref _lastReceived);
        if (announced > 0)
        {
            // Wire profile, session: lost 1.5 intervals after the last byte.
            return silent > announced * 1500L ? LivenessFinding.Lost : LivenessFinding.Alive;
        }

        if (options.IdleSeconds == 0 || silent < options.IdleSeconds * 1000L)
        {
            return LivenessFinding.Alive;
        }

        if (_probedAt <= _lastReceived)
        {
            _probedAt = now;
            return LivenessFinding.Probe;
        }

        return now - _probedAt > options.ProbeSeconds * 1000L ? LivenessFinding.Lost : LivenessFinding.Alive;
    }

    /// <summary>Asks a silent client whether it lives: by stream management where it has that, else by a ping (XEP-0199).</summary>
    public static void Probe(Session session, OutboundQueue queue, Jid domain)
    {
        if (session.Management is { } management)
        {
            management.Request(queue);
            return;
        }

        using var xml = new XmlBuilder();
        xml.Open("iq"u8).Attribute("type"u8, "get"u8).Attribute("id"u8, "probe"u8).Attribute("from"u8, domain.Utf8).Attribute("to"u8, session.Jid.Utf8);
        xml.Empty("ping"u8, Ns.Ping).Close("iq"u8);
        queue.Append(xml.Written);
    }
}
