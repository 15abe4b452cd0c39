using System.Device.Pwm;

namespace IotXmpp.Things;

/// <summary>A hobby servo: the length of a pulse, fifty times a second, says the angle. Pulses never leave the stated limits, so the servo is not driven against its stops.</summary>
public sealed class Servo
{
    /// <summary>Pulses per second. Default 50: what analog servos are made for.</summary>
    public const int FrequencyHz = 50;

    /// <summary>The shortest pulse that can be stated, in µs. Default 400: shorter is outside of any hobby servo.</summary>
    public const int LeastPulseMicroseconds = 400;

    /// <summary>The longest pulse that can be stated, in µs. Default 2,600: longer is outside of any hobby servo.</summary>
    public const int GreatestPulseMicroseconds = 2600;

    private readonly PwmChannel _channel;
    private readonly int _minPulse;
    private readonly int _maxPulse;
    private bool _moved;

    /// <summary>Takes the output; no pulse is sent yet, the servo is limp.</summary>
    /// <param name="channel">The output, of <see cref="FrequencyHz"/>.</param>
    /// <param name="minPulseMicroseconds">The pulse of 0°, in µs. The usual servo takes 1,000; many go on to 500.</param>
    /// <param name="maxPulseMicroseconds">The pulse of the whole range, in µs; longer than the first. The usual servo takes 2,000.</param>
    /// <param name="rangeDegrees">The whole range, in degrees.</param>
    public Servo(PwmChannel channel, int minPulseMicroseconds, int maxPulseMicroseconds, int rangeDegrees)
    {
        _channel = channel;
        _minPulse = minPulseMicroseconds;
        _maxPulse = maxPulseMicroseconds;
        RangeDegrees = rangeDegrees;
    }

    /// <summary>The whole range, in degrees.</summary>
    public int RangeDegrees { get; }

    /// <summary>Whether pulses are sent: the servo holds its place.</summary>
    public bool IsHolding { get; private set; }

    /// <summary>The angle that was last set, in tenths of a degree.</summary>
    public int DeciDegrees { get; private set; }

    /// <summary>The angle that the servo was told; a servo does not say where it is.</summary>
    /// <param name="deciDegrees">In tenths of a degree.</param>
    /// <returns>False before it was told any: nobody knows how it stands.</returns>
    public bool TryRead(out int deciDegrees)
    {
        deciDegrees = DeciDegrees;
        return _moved;
    }

    /// <summary>Moves it there and holds it.</summary>
    /// <param name="deciDegrees">In tenths of a degree; bounded by 0 and the range.</param>
    public void Set(int deciDegrees)
    {
        int most = RangeDegrees * 10;
        DeciDegrees = deciDegrees < 0 ? 0 : deciDegrees > most ? most : deciDegrees;
        double pulse = _minPulse + ((_maxPulse - _minPulse) * (double)DeciDegrees / most);
        _channel.DutyCycle = pulse * FrequencyHz / 1000000;
        _moved = true;
        if (!IsHolding)
        {
            IsHolding = true;
            _channel.Start();
        }
    }

    /// <summary>Ends the pulses: the servo is limp, silent, and takes no current.</summary>
    public void Release()
    {
        if (IsHolding)
        {
            IsHolding = false;
            _channel.Stop();
        }
    }
}
