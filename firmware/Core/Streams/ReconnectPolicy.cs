using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Streams;

/// <summary>When to try again: 1 s doubling to 300 s with full jitter, forgotten after 60 s online; a hint of the server wins (wire profile, Session).</summary>
public sealed class ReconnectPolicy
{
    /// <summary>The first bound of the random wait, in milliseconds. Default 1 s: one lost packet is no reason to stay away.</summary>
    public const long FirstMs = 1000;

    /// <summary>The last bound, in milliseconds. Default 300 s: a hub that is back finds its fleet within five minutes.</summary>
    public const long LastMs = 300000;

    /// <summary>Milliseconds online after which the wait begins anew. Default 60 s: less would let a crash loop hammer.</summary>
    public const long StableMs = 60000;

    /// <summary>The bound after refused credentials, in milliseconds. Default 60 s: they will not be right within a second.</summary>
    public const long RefusedMs = 60000;

    /// <summary>Seconds of a hint at most, both parts. Default one day: a wrong number must not lose a thing for ever.</summary>
    public const long MaxHintSeconds = 86400;

    private readonly IRandom _random;
    private readonly byte[] _bytes = new byte[4];
    private long _bound = FirstMs;
    private long _hintAfter = -1;
    private long _hintSpread;

    /// <summary>A policy with its dice.</summary>
    public ReconnectPolicy(IRandom random)
    {
        _random = random;
    }

    /// <summary>The session ended after so long online.</summary>
    /// <param name="onlineMs">Milliseconds online; 0 for an attempt that failed.</param>
    public void Ended(long onlineMs)
    {
        if (onlineMs >= StableMs)
        {
            _bound = FirstMs;
        }
    }

    /// <summary>Credentials or session were refused: no hurry.</summary>
    public void Refused()
    {
        if (_bound < RefusedMs)
        {
            _bound = RefusedMs;
        }
    }

    /// <summary>The server asked to come back after so long (<c>urn:iotxmpp:drain:1</c>).</summary>
    /// <param name="afterSeconds">Seconds to wait at least.</param>
    /// <param name="spreadSeconds">Seconds over which to spread, on top.</param>
    public void Hint(long afterSeconds, long spreadSeconds)
    {
        _hintAfter = Clamp(afterSeconds) * 1000;
        _hintSpread = Clamp(spreadSeconds) * 1000;
    }

    /// <summary>Milliseconds to wait before the next attempt; each call counts as an attempt.</summary>
    public long NextDelayMs()
    {
        if (_hintAfter >= 0)
        {
            long hinted = _hintAfter + Random(_hintSpread);
            _hintAfter = -1;
            return hinted;
        }
        long delay = Random(_bound);
        _bound = _bound * 2 > LastMs ? LastMs : _bound * 2;
        return delay;
    }

    private static long Clamp(long seconds)
    {
        return seconds < 0 ? 0 : seconds > MaxHintSeconds ? MaxHintSeconds : seconds;
    }

    // 0…bound, both included
    private long Random(long bound)
    {
        _random.Fill(_bytes);
        long dice = NumberFormat.Signed((uint)(_bytes[0] | _bytes[1] << 8 | _bytes[2] << 16 | _bytes[3] << 24));
        return dice * (bound + 1) >> 32;
    }
}
