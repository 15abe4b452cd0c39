namespace System.Device.Gpio;

public struct GpioPulseCount
{
    private byte _stub;
    public TimeSpan RelativeTime;
    public long Count;
}

public sealed class GpioPulseCounter : IDisposable
{
    internal GpioPulseCounter() { }
    public GpioPulseCount Read() => throw null;
    public GpioPulseCount Reset() => throw null;
    public GpioPulseCounter(int pinNumberA, int pinNumberB = -1) => throw null;
    public void Dispose() { }
    public void Start() { }
    public void Stop() { }
    public GpioPulsePolarity Polarity { get => throw null; set { } }
    public bool IsStarted { get => throw null; }
    public ushort FilterPulses { get => throw null; set { } }
}

public enum GpioPulsePolarity : int { Both = 0, Falling = 1, Rising = 2 }
