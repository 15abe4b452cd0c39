using IotXmpp.Things;

namespace IotXmpp.Esp32;

/// <summary>Keeps the radio connected by a state machine of our own: each attempt has a bound, the wait between attempts grows, and a radio that hangs is reset.</summary>
public sealed class WifiLink : INetworkLink
{
    /// <summary>How long an attempt may take, in milliseconds. Default 15,000: association and DHCP on a busy access point.</summary>
    public const int AttemptMs = 15000;

    /// <summary>The first wait after a failed attempt, in milliseconds. Default 1,000.</summary>
    public const int FirstWaitMs = 1000;

    /// <summary>The longest wait, in milliseconds. Default 60,000: an access point that comes back finds the thing within a minute.</summary>
    public const int LongestWaitMs = 60000;

    /// <summary>Failed attempts after which the radio is reset. Default 3.</summary>
    public const int AttemptsBeforeReset = 3;

    private readonly IRadio _radio;
    private bool _trying;
    private int _failures;
    private int _waitMs = FirstWaitMs;
    private long _untilMs;

    /// <summary>Takes the radio.</summary>
    /// <param name="radio">The radio, not connected.</param>
    public WifiLink(IRadio radio)
    {
        _radio = radio;
    }

    /// <inheritdoc/>
    public bool IsUp
    {
        get { return _radio.IsConnected; }
    }

    /// <summary>Attempts that failed since it was last up.</summary>
    public int Failures
    {
        get { return _failures; }
    }

    /// <summary>Other settings hold: what there is is given up, and the next attempt is made at once.</summary>
    /// <param name="nowMs">Monotonic time in milliseconds.</param>
    public void Renew(long nowMs)
    {
        _radio.Reset();
        _trying = false;
        _failures = 0;
        _waitMs = FirstWaitMs;
        _untilMs = nowMs;
    }

    /// <inheritdoc/>
    public void Step(long nowMs)
    {
        if (_radio.IsConnected)
        {
            _trying = false;
            _failures = 0;
            _waitMs = FirstWaitMs;
            _untilMs = nowMs;
            return;
        }

        if (nowMs < _untilMs)
        {
            return;
        }

        if (!_trying)
        {
            _trying = true;
            _untilMs = nowMs + AttemptMs;
            _radio.Connect();
            return;
        }

        _trying = false;
        _failures++;
        if (_failures % AttemptsBeforeReset == 0)
        {
            _radio.Reset();
        }

        _untilMs = nowMs + _waitMs;
        _waitMs = _waitMs * 2 > LongestWaitMs ? LongestWaitMs : _waitMs * 2;
    }
}
