using System.Device.Pwm;

namespace IotXmpp.Virtual;

/// <summary>A change of a pulse-width output.</summary>
/// <param name="IsRunning">Whether there are pulses.</param>
/// <param name="DutyCycle">The part of a period that is high, 0 to 1.</param>
public readonly record struct PwmChange(bool IsRunning, double DutyCycle);

/// <summary>A pulse-width output in memory. It keeps what it was told, and refuses what a real one refuses.</summary>
public sealed class VirtualPwmChannel : PwmChannel
{
    /// <summary>Changes that are kept. Default 1,000; the oldest are dropped.</summary>
    public const int MaxRecord = 1000;

    private readonly Queue<PwmChange> _record = [];
    private readonly Lock _lock = new();
    private int _frequency;
    private double _dutyCycle;

    /// <summary>Makes an output at rest.</summary>
    /// <param name="frequency">Pulses per second.</param>
    public VirtualPwmChannel(int frequency) => Frequency = frequency;

    /// <inheritdoc/>
    public override int Frequency
    {
        get => _frequency;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
            _frequency = value;
        }
    }

    /// <inheritdoc/>
    public override double DutyCycle
    {
        get => _dutyCycle;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, 1);
            _dutyCycle = value;
            Note();
        }
    }

    /// <summary>Whether there are pulses.</summary>
    public bool IsRunning { get; private set; }

    /// <summary>What it was told, oldest first.</summary>
    public IReadOnlyList<PwmChange> Record
    {
        get
        {
            lock (_lock)
            {
                return [.. _record];
            }
        }
    }

    /// <summary>Length of a pulse, in µs; 0 while there are none.</summary>
    public double PulseMicroseconds => IsRunning ? _dutyCycle * 1_000_000 / _frequency : 0;

    /// <summary>How far a servo on this output turns: its arm stays where it was when there are no pulses.</summary>
    /// <param name="minPulse">The pulse of 0°, in µs.</param>
    /// <param name="maxPulse">The pulse of the whole range, in µs.</param>
    /// <param name="range">The whole range, in degrees.</param>
    /// <returns>The angle in degrees of the last pulses; NaN when there never were any.</returns>
    public double ServoAngle(double minPulse = 1000, double maxPulse = 2000, double range = 180)
    {
        double angle = double.NaN;
        foreach (PwmChange change in Record.Where(c => c.IsRunning))
        {
            angle = ((change.DutyCycle * 1_000_000 / _frequency) - minPulse) / (maxPulse - minPulse) * range;
        }

        return angle;
    }

    /// <inheritdoc/>
    public override void Start()
    {
        IsRunning = true;
        Note();
    }

    /// <inheritdoc/>
    public override void Stop()
    {
        IsRunning = false;
        Note();
    }

    private void Note()
    {
        lock (_lock)
        {
            _record.Enqueue(new PwmChange(IsRunning, _dutyCycle));
            if (_record.Count > MaxRecord)
            {
                _record.Dequeue();
            }
        }
    }
}
