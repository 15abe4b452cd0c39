using System.Device.Pwm;

namespace IotXmpp.Things;

/// <summary>
/// A light-emitting diode (or an LED strip behind a transistor) that is dimmed by pulse width. Brightness is what the eye sees: by default it is turned into a
/// duty cycle by CIE 1931 lightness, so that 50 % looks half as bright (18 % of the light); linear makes the duty cycle the brightness.
/// </summary>
public sealed class Led
{
    /// <summary>Pulses per second. Default 1,000: above what eyes and most cameras see, and an ESP32 still has 16 bits of it.</summary>
    public const int FrequencyHz = 1000;

    private readonly PwmChannel _channel;
    private readonly bool _activeLow;
    private readonly bool _linear;
    private bool _started;
    private int _permille;

    /// <summary>Takes the output, with the LED off.</summary>
    /// <param name="channel">The output, of <see cref="FrequencyHz"/>.</param>
    /// <param name="activeLow">True when the LED is lit while the pin is low.</param>
    /// <param name="linear">True when the duty cycle is the brightness itself.</param>
    public Led(PwmChannel channel, bool activeLow, bool linear)
    {
        _channel = channel;
        _activeLow = activeLow;
        _linear = linear;
        Set(0);
    }

    /// <summary>The brightness that the output has.</summary>
    /// <param name="permille">In ‰.</param>
    /// <returns>True: an output always answers.</returns>
    public bool TryRead(out int permille)
    {
        permille = _permille;
        return true;
    }

    /// <summary>Sets the brightness.</summary>
    /// <param name="permille">0 (off) to 1,000; more and less are bounded.</param>
    public void Set(int permille)
    {
        _permille = permille < 0 ? 0 : permille > 1000 ? 1000 : permille;
        double duty = _linear ? _permille / 1000.0 : Lightness(_permille);
        _channel.DutyCycle = _activeLow ? 1 - duty : duty;
        if (!_started)
        {
            // Only now: an output that starts before its duty cycle is set flashes.
            _started = true;
            _channel.Start();
        }
    }

    /// <summary>The light that looks as bright as was asked for: CIE 1931, the inverse of L*.</summary>
    /// <param name="permille">Brightness, 0 to 1,000.</param>
    /// <returns>Relative luminance, 0 to 1.</returns>
    public static double Lightness(int permille)
    {
        // L* = 903.3·Y up to 8, and 116·Y^(1/3) − 16 above.
        if (permille <= 80)
        {
            return permille / 9033.0;
        }

        double root = ((permille / 10.0) + 16) / 116;
        return root * root * root;
    }
}
