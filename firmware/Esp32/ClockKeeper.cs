using IotXmpp.Things;
using IotXmpp.Xmpp;

namespace IotXmpp.Esp32;

/// <summary>
/// The board's time of day: unknown until a time server has answered, asked again each day because a crystal drifts, and never believed to be before the last time
/// at which the hub's certificate was good, which the settings keep (a forged answer could otherwise make an expired certificate valid; and a wrong answer from the
/// future, with which no certificate is good, must not shut out the right one).
/// </summary>
public sealed class ClockKeeper : IThingClock
{
    /// <summary>Milliseconds between questions while the time is unknown. Default 5,000.</summary>
    public const int AskMs = 5000;

    /// <summary>Milliseconds after which a known time is asked for again. Default 86,400,000: a day, in which a crystal drifts some 4 s.</summary>
    public const int RenewMs = 86400000;

    private const string Key = "time";

    private readonly ITimeServer _server;
    private readonly ISettings _settings;
    private long _floorMs;
    private long _keptMs;
    private long _offsetMs;
    private long _nowMs;
    private long _askAtMs;

    /// <summary>Opens the clock.</summary>
    /// <param name="server">The time server.</param>
    /// <param name="settings">Where the last known time is kept.</param>
    /// <param name="builtUtcMs">When the firmware was built, in milliseconds since 1970: no time before it is true.</param>
    public ClockKeeper(ITimeServer server, ISettings settings, long builtUtcMs)
    {
        _server = server;
        _settings = settings;
        _floorMs = builtUtcMs;
        byte[] kept = settings.Read(Key);
        if (kept != null && kept.Length == 8)
        {
            long last = 0;
            for (int i = 7; i >= 0; i--)
            {
                last = (last << 8) | kept[i];
            }

            _keptMs = last;
            _floorMs = last > _floorMs ? last : _floorMs;
        }
    }

    /// <inheritdoc/>
    public bool IsSet { get; private set; }

    /// <inheritdoc/>
    public long UtcNowMs
    {
        get { return _nowMs + _offsetMs; }
    }

    /// <summary>Answers that were refused because they lay before the last known time.</summary>
    public int Refused { get; private set; }

    /// <summary>Times that it was set.</summary>
    public int Sets { get; private set; }

    /// <summary>Goes on; to be called before the thing's step.</summary>
    /// <param name="nowMs">Monotonic time in milliseconds.</param>
    /// <param name="networkUp">Whether questions can go out.</param>
    public void Step(long nowMs, bool networkUp)
    {
        _nowMs = nowMs;
        long utcMs;
        if (_server.TryTake(out utcMs))
        {
            if (utcMs < _floorMs)
            {
                Refused++;
            }
            else
            {
                Take(utcMs, nowMs);
            }
        }

        if (networkUp && nowMs >= _askAtMs)
        {
            _askAtMs = nowMs + AskMs;
            _server.Ask();
        }
    }

    /// <summary>Takes the time that the board has kept over a deep sleep, when it is not before the last known one. A time server is asked when the last answer is a day old.</summary>
    /// <param name="utcMs">Milliseconds since 1970; 0 for none.</param>
    /// <param name="nowMs">Monotonic time in milliseconds.</param>
    public void Resume(long utcMs, long nowMs)
    {
        if (utcMs >= _floorMs && _floorMs > 0)
        {
            Take(utcMs, nowMs);
            long age = utcMs - _keptMs;
            _askAtMs = age >= RenewMs ? nowMs : nowMs + RenewMs - age;
        }
    }

    /// <summary>The hub's certificate was good at this time: it becomes the one before which no other is believed. Written once a day, since flash wears.</summary>
    public void Confirm()
    {
        if (IsSet && UtcNowMs - _keptMs >= RenewMs)
        {
            Keep(UtcNowMs);
        }
    }

    /// <summary>The hub could not be reached for long: perhaps the time is wrong, and its certificate only seems bad. A time server is asked again, and its answer wins.</summary>
    public void Doubt()
    {
        _askAtMs = _nowMs;
    }

    private void Take(long utcMs, long nowMs)
    {
        _nowMs = nowMs;
        _offsetMs = utcMs - nowMs;
        IsSet = true;
        Sets++;
        _askAtMs = nowMs + RenewMs;
    }

    private void Keep(long utcMs)
    {
        _floorMs = utcMs;
        _keptMs = utcMs;
        byte[] value = new byte[8];
        for (int i = 0; i < 8; i++)
        {
            value[i] = (byte)(utcMs >> (8 * i));
        }

        _settings.Write(Key, value);
    }
}
