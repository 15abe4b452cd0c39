namespace System.Device.Pwm;

public sealed class PwmChannel : IDisposable
{
    internal PwmChannel() { }
    public PwmChannel(int chip, int channel, int frequency = 400, double dutyCyclePercentage = 0.5) => throw null;
    public static PwmChannel Create(int chip, int channel, int frequency = 400, double dutyCyclePercentage = 0.5) => throw null;
    public static PwmChannel CreateFromPin(int pin, int frequency = 400, double dutyCyclePercentage = 0.5) => throw null;
    public void Dispose() { }
    public void Start() { }
    public void Stop() { }
    public double DutyCycle { get => throw null; set { } }
    public int Frequency { get => throw null; set { } }
}

public enum PwmPulsePolarity : int { ActiveHigh = 0, ActiveLow = 1 }
