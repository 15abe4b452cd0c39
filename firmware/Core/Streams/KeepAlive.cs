using IotXmpp.Xmpp;

namespace IotXmpp.Streams;

/// <summary>Pings when it has been silent either way, and gives up after three misses (wire profile, Session). Any byte from the server is a sign of life.</summary>
internal sealed class KeepAlive
{
    /// <summary>Pings without a byte in answer that end the connection.</summary>
    internal const int MaxMisses = 3;

    private readonly long _silenceMs;
    private readonly long _timeoutMs;
    private long _sent;
    private long _received;
    private long _pinged = -1;
    private int _misses;

    internal KeepAlive(ClientOptions options)
    {
        _silenceMs = options.KeepAliveSeconds * 1000L;
        long timeout = options.PingTimeoutSeconds * 1000L;
        _timeoutMs = timeout < _silenceMs ? timeout : _silenceMs;
    }

    internal void Begin(long now)
    {
        _sent = now;
        _received = now;
        _pinged = -1;
        _misses = 0;
    }

    internal void Sent(long now)
    {
        _sent = now;
    }

    internal void Received(long now)
    {
        _received = now;
        _pinged = -1;
        _misses = 0;
    }

    /// <summary>What is to be done now.</summary>
    internal KeepAliveStep Tick(long now)
    {
        if (_pinged >= 0)
        {
            if (now - _pinged < _timeoutMs)
            {
                return KeepAliveStep.Nothing;
            }
            if (++_misses >= MaxMisses)
            {
                return KeepAliveStep.GiveUp;
            }
            _pinged = now;
            return KeepAliveStep.Ping;
        }
        if (now - _sent < _silenceMs && now - _received < _silenceMs)
        {
            return KeepAliveStep.Nothing;
        }
        _pinged = now;
        return KeepAliveStep.Ping;
    }
}

internal enum KeepAliveStep
{
    Nothing,
    Ping,
    GiveUp,
}
