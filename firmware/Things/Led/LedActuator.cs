using IotXmpp.Features;
using IotXmpp.Xmpp;

namespace IotXmpp.Things;

/// <summary>
/// An LED as a part of a thing. Parameters: <c>led</c> (on or off, as bright as it last was) and <c>ledBrightness</c> in %, which is kept over a restart; the LED
/// itself is off then. It blinks when the thing is asked to identify itself.
/// </summary>
public sealed class LedActuator : ThingPart
{
    private const int BlinkMs = 250;
    private const int IdentifyMs = 10000;

    private readonly Led _led;
    private readonly UplinkLostPolicy _policy;
    private readonly int _uplinkLostAfterMs;
    private readonly KeptNumber _brightness;
    private readonly ControlParameter[] _parameters;
    private bool _on;
    private long _blinkUntilMs = -1;
    private long _blinkMs;

    /// <summary>Takes the LED and says what becomes of it when the uplink is lost.</summary>
    /// <param name="led">The LED.</param>
    /// <param name="policy">What it does when the uplink is lost.</param>
    /// <param name="uplinkLostAfterMs">How long the uplink has to be away for that, in milliseconds.</param>
    /// <param name="settings">Where the brightness is kept; null keeps it until the restart.</param>
    /// <param name="names">What its fields and parameters are called; null for their plain names.</param>
    public LedActuator(Led led, UplinkLostPolicy policy, int uplinkLostAfterMs, ISettings settings, PartNames names = null)
    {
        _led = led;
        _policy = policy;
        _uplinkLostAfterMs = uplinkLostAfterMs;
        string brightness = PartNames.Of(names, "ledBrightness");
        _brightness = new KeptNumber(settings, brightness, 1000, 1, 1000);
        _parameters = new ControlParameter[]
        {
            new ControlParameter(PartNames.Of(names, "led"), FieldKind.Boolean, "LED on"),
            new ControlParameter(brightness, FieldKind.Double, "Brightness in %; 0 is off").WithRange(0, 100),
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
        get { return _blinkUntilMs >= 0 ? 50 : 1000; }
    }

    /// <inheritdoc/>
    public override bool Step(long nowMs)
    {
        if (_blinkUntilMs < 0)
        {
            return false;
        }

        if (nowMs >= _blinkUntilMs)
        {
            Switch(_on);
        }
        else
        {
            _led.Set(((nowMs - _blinkMs) / BlinkMs) % 2 == 0 ? 1000 : 0);
        }

        return false;
    }

    /// <inheritdoc/>
    public override bool Identify(long nowMs)
    {
        _blinkMs = nowMs;
        _blinkUntilMs = nowMs + IdentifyMs;
        _led.Set(1000);
        return true;
    }

    /// <inheritdoc/>
    public override bool TrySample(Sample sample)
        => sample.AddBoolean(_parameters[0].Name, _on, FieldFlags.Status)
            && sample.AddNumeric(_parameters[1].Name, "%", _on ? _brightness.Value : 0, 1, FieldFlags.Status);

    /// <inheritdoc/>
    public override string Get(ControlParameter parameter)
        => parameter == _parameters[1] ? FixedPoint.Format(_on ? _brightness.Value : 0, 1) : _on ? "true" : "false";

    /// <inheritdoc/>
    public override string Set(ControlValue value, long nowMs)
    {
        if (value.Parameter == _parameters[0])
        {
            Switch(value.Boolean);
            return null;
        }

        int permille = (int)FixedPoint.Round(value.Number, 1);
        if (permille > 0)
        {
            // 0 is off, and on again is as bright as before.
            _brightness.Set(permille);
        }

        Switch(permille > 0);
        return null;
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
        // Blinking cannot go on while the thing sleeps or restarts; a state stays as long as the board drives it.
        Switch(_on);
    }

    private void Switch(bool on)
    {
        _blinkUntilMs = -1;
        _on = on;
        _led.Set(on ? _brightness.Value : 0);
    }
}
