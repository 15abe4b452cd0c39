using IotXmpp.Features;

namespace IotXmpp.Things;

/// <summary>
/// A relay as a part of a thing, with an optional button that switches it on the spot, hub or no hub.
/// Parameters: <c>relay</c> (boolean) and <c>relayPulse</c> (on for so many milliseconds, then off).
/// </summary>
public sealed class RelayActuator : ThingPart
{
    /// <summary>The longest pulse, in milliseconds. Default 1 hour: longer is a state, which an operator sets and sees.</summary>
    public const int MaxPulseMs = 3600000;

    private readonly Relay _relay;
    private readonly Button _button;
    private readonly UplinkLostPolicy _policy;
    private readonly int _uplinkLostAfterMs;
    private readonly ControlParameter[] _parameters;
    private readonly string _on;
    private readonly string _presses;
    private long _pulseEndMs = -1;

    /// <summary>Takes the hardware and says what becomes of it when the uplink is lost.</summary>
    /// <param name="relay">The relay.</param>
    /// <param name="button">The button that switches it, or null.</param>
    /// <param name="policy">What the relay does when the uplink is lost.</param>
    /// <param name="uplinkLostAfterMs">How long the uplink has to be away for that, in milliseconds.</param>
    /// <param name="names">What its fields are called; null for their plain names.</param>
    public RelayActuator(Relay relay, Button button, UplinkLostPolicy policy, int uplinkLostAfterMs, PartNames names = null)
    {
        _relay = relay;
        _on = PartNames.Of(names, "relay");
        _presses = PartNames.Of(names, "presses");
        _button = button;
        _policy = policy;
        _uplinkLostAfterMs = uplinkLostAfterMs;
        _parameters = new ControlParameter[]
        {
            new ControlParameter(_on, FieldKind.Boolean, "Relay on"),
            new ControlParameter(PartNames.Of(names, "relayPulse"), FieldKind.Int, "Relay on for so many ms, then off").WithRange(1, MaxPulseMs),
        };
    }

    /// <inheritdoc/>
    public override ControlParameter[] Parameters
    {
        get { return _parameters; }
    }

    /// <inheritdoc/>
    public override int UplinkLostAfterMs
    {
        get { return _policy == UplinkLostPolicy.Hold ? -1 : _uplinkLostAfterMs; }
    }

    /// <inheritdoc/>
    public override int StepIntervalMs
    {
        // A pulse ends within 20 ms of its time.
        get { return _button != null || _pulseEndMs >= 0 ? Button.StepIntervalMs : 1000; }
    }

    /// <inheritdoc/>
    public override bool Step(long nowMs)
    {
        bool changed = false;
        if (_button != null && _button.Step(nowMs))
        {
            Switch(!IsOn());
            changed = true;
        }

        if (_pulseEndMs >= 0 && nowMs >= _pulseEndMs)
        {
            Switch(false);
            changed = true;
        }

        return changed;
    }

    /// <inheritdoc/>
    public override bool TrySample(Sample sample)
        => sample.AddBoolean(_on, IsOn(), FieldFlags.Status)
            && (_button == null || sample.AddLong(_presses, _button.Presses, FieldFlags.Computed));

    /// <inheritdoc/>
    public override string Get(ControlParameter parameter)
    {
        if (parameter != _parameters[0])
        {
            return null;
        }

        return IsOn() ? "true" : "false";
    }

    /// <inheritdoc/>
    public override string Set(ControlValue value, long nowMs)
    {
        bool on = true;
        if (value.Parameter == _parameters[0])
        {
            on = value.Boolean;
            Switch(on);
        }
        else if (value.Parameter == _parameters[1])
        {
            Switch(true);
            _pulseEndMs = nowMs + value.Integer;
        }
        else
        {
            return "no such parameter";
        }

        // Done means that the pin says so, not that it was told.
        return IsOn() == on ? null : "the relay's pin did not follow";
    }

    /// <inheritdoc/>
    public override void UplinkLost(long nowMs)
    {
        if (_policy != UplinkLostPolicy.Hold)
        {
            Switch(_policy == UplinkLostPolicy.On);
        }
    }

    /// <inheritdoc/>
    public override void Stop()
    {
        // A pulse cannot end while the thing sleeps or restarts, so it ends now; a state stays.
        if (_pulseEndMs >= 0)
        {
            Switch(false);
        }
    }

    private bool IsOn()
    {
        bool on;
        return _relay.TryRead(out on) && on;
    }

    private void Switch(bool on)
    {
        _pulseEndMs = -1;
        _relay.Set(on);
    }
}
