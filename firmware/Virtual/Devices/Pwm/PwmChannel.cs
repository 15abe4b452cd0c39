namespace System.Device.Pwm;

/// <summary>One pulse-width output.</summary>
public abstract class PwmChannel : IDisposable
{
    /// <summary>Pulses per second, in hertz.</summary>
    public abstract int Frequency { get; set; }

    /// <summary>The part of a period that is high, 0 to 1.</summary>
    public abstract double DutyCycle { get; set; }

    /// <summary>A real output: not here, this is the shim for machines without one.</summary>
    /// <exception cref="PlatformNotSupportedException">Always: build with PiReferences=packages on a Raspberry Pi.</exception>
    public static PwmChannel Create(int chip, int channel, int frequency = 400, double dutyCyclePercentage = 0.5)
        => throw new PlatformNotSupportedException("This build has no real PWM output: take a simulated one, or build with PiReferences=packages.");

    /// <summary>Begins to drive the output.</summary>
    public abstract void Start();

    /// <summary>Ceases to drive the output.</summary>
    public abstract void Stop();

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives the output back.</summary>
    /// <param name="disposing">True when called by <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing)
    {
    }
}
