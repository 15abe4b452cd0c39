using IotXmpp.Features;
using IotXmpp.Things;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Esp32;

/// <summary>
/// New network settings on trial (wire profile, Registry): <c>wifiSsid</c>, <c>wifiPassword</c>, <c>hubHost</c> and <c>hubPort</c> are tried together, a moment after the last was set,
/// and are kept only if the hub is reached with them within five minutes; else, and at every restart before that, the old ones hold. Nothing is written to flash before they have proved
/// themselves, so no power cut can lose a thing; that there is a trial, and how it ended, is kept (<see cref="Key"/>), so that the thing can tell it.
/// </summary>
public sealed class NetworkTrial : ThingPart, ISettingsTrial
{
    /// <summary>The key in the settings: one byte, what became of the last trial.</summary>
    public const string Key = "trial";

    /// <summary>Milliseconds that new settings have to reach the hub. Default 300,000: the five minutes of the wire profile.</summary>
    public const int TrialMs = 300000;

    /// <summary>Milliseconds between the last setting and the trial. Default 2,000: the answer to who set it has to go out by the old network.</summary>
    public const int DelayMs = 2000;

    private const byte Running = 1;
    private const byte NotReached = 2;
    private const byte Restarted = 3;

    private readonly NetworkSettings _now;
    private readonly ISettings _settings;
    private readonly IRadio _radio;
    private readonly ControlParameter[] _parameters;
    // There while they are needed: what held before, during a trial, and what is to be tried, before one.
    private NetworkSettings _before;
    private NetworkSettings _next;
    private long _startMs = -1;
    private long _endMs = -1;
    private byte _kept;

    /// <summary>Watches over the settings in use.</summary>
    /// <param name="now">The settings in use; changed in place.</param>
    /// <param name="settings">Where those that proved themselves are kept.</param>
    /// <param name="radio">Knows the network that was flashed.</param>
    public NetworkTrial(NetworkSettings now, ISettings settings, IRadio radio)
    {
        _radio = radio;
        _now = now;
        _settings = settings;
        byte[] kept = settings.Read(Key);
        _kept = kept == null || kept.Length != 1 ? (byte)0 : kept[0];
        if (_kept == Running)
        {
            Keep(Restarted);
        }

        _parameters = new ControlParameter[]
        {
            new ControlParameter("wifiSsid", FieldKind.String, "Wi-Fi network; tried for 5 minutes"),
            new ControlParameter("wifiPassword", FieldKind.String, "Wi-Fi password") { IsSecret = true },
            new ControlParameter("hubHost", FieldKind.String, "Where the hub is; tried for 5 minutes"),
            new ControlParameter("hubPort", FieldKind.Int, "The hub's port for TLS").WithRange(1, 65535),
        };
    }

    /// <summary>Whether new settings are on trial.</summary>
    public bool IsOnTrial
    {
        get { return _endMs >= 0; }
    }

    /// <summary>What became of the last trial, for people; "" when there was none.</summary>
    public string Outcome { get; private set; } = string.Empty;

    /// <inheritdoc/>
    public bool IsRunning
    {
        get { return _kept == Running; }
    }

    /// <inheritdoc/>
    public string Reverted
    {
        get
        {
            return _kept == NotReached ? "the new network settings did not reach the hub within 5 minutes: the old ones hold"
                : _kept == Restarted ? "the board started anew before the new network settings had reached the hub: the old ones hold"
                : null;
        }
    }

    /// <inheritdoc/>
    public override ControlParameter[] Parameters
    {
        get { return _parameters; }
    }

    /// <inheritdoc/>
    public override string Get(ControlParameter parameter)
    {
        if (parameter == _parameters[0])
        {
            return _radio.Ssid;
        }

        if (parameter == _parameters[2])
        {
            return _now.Host;
        }

        return parameter == _parameters[3] ? _now.Port.ToString() : null;
    }

    /// <inheritdoc/>
    public override string Set(ControlValue value, long nowMs)
    {
        if (IsOnTrial)
        {
            return "other network settings are on trial";
        }

        byte[] text = Utf8.Encode(value.Text);
        if (text.Length > NetworkSettings.MaxTextBytes)
        {
            return "is longer than " + NetworkSettings.MaxTextBytes.ToString() + " bytes";
        }

        if (_startMs < 0)
        {
            _next = new NetworkSettings();
            _next.CopyFrom(_now);
        }

        if (value.Parameter == _parameters[0])
        {
            _next.Ssid = value.Text;
        }
        else if (value.Parameter == _parameters[1])
        {
            // A password alone is one for the network in use.
            _next.Ssid = _next.Ssid.Length > 0 ? _next.Ssid : _radio.Ssid;
            _next.Password = value.Text;
        }
        else if (value.Parameter == _parameters[2])
        {
            if (text.Length == 0)
            {
                return "a host is needed";
            }

            _next.Host = value.Text;
        }
        else
        {
            _next.Port = (int)value.Integer;
        }

        _startMs = nowMs + DelayMs;
        if (_kept != Running)
        {
            Keep(Running);
        }

        return null;
    }

    /// <summary>Goes on.</summary>
    /// <param name="nowMs">Monotonic time in milliseconds.</param>
    /// <returns>True when the settings in use have changed: the radio and the connection are to begin anew.</returns>
    public bool StepTrial(long nowMs)
    {
        if (_startMs >= 0 && nowMs >= _startMs)
        {
            _startMs = -1;
            _before = new NetworkSettings();
            _before.CopyFrom(_now);
            _now.CopyFrom(_next);
            _next = null;
            _endMs = nowMs + TrialMs;
            Outcome = string.Empty;
            return true;
        }

        if (_endMs >= 0 && nowMs >= _endMs)
        {
            _endMs = -1;
            _now.CopyFrom(_before);
            _before = null;
            Keep(NotReached);
            Outcome = Reverted;
            return true;
        }

        return false;
    }

    /// <summary>A new session with the hub began: what is on trial has proved itself.</summary>
    public void Reached()
    {
        if (_endMs >= 0)
        {
            _endMs = -1;
            _before = null;
            _now.Save(_settings);
            Keep(0);
            Outcome = "the new network settings reached the hub and are kept";
        }
    }

    private void Keep(byte state)
    {
        _kept = state;
        _settings.Write(Key, state == 0 ? null : new byte[] { state });
    }
}
