using IotXmpp.Things;

namespace IotXmpp.Virtual;

/// <summary>How a simulated DHT22 misbehaves.</summary>
public enum Dht22Fault
{
    /// <summary>Not at all.</summary>
    None,
    /// <summary>It does not answer.</summary>
    Silent,
    /// <summary>Its checksum is wrong.</summary>
    Checksum,
    /// <summary>It stops after some bits.</summary>
    Short,
    /// <summary>It sends more than it should.</summary>
    Long,
    /// <summary>All its bits are 0, and so is its checksum.</summary>
    Zeros,
    /// <summary>Its pulses have no length that means anything.</summary>
    Noise,
}

/// <summary>A DHT22 in memory: it answers a call by pulses of the data sheet's lengths, with the spread that real ones have. Asked sooner than its two seconds it is silent.</summary>
public sealed class VirtualDht22 : IPulseInput, IVirtualPart
{
    private readonly Func<long> _nowMs;
    private readonly Random _spread;
    private readonly long _bornMs;
    private long _calledMs = long.MinValue / 2;

    /// <summary>Makes a part, just powered on.</summary>
    /// <param name="nowMs">Monotonic time in milliseconds.</param>
    /// <param name="seed">Of the spread, so that a run can be repeated.</param>
    public VirtualDht22(Func<long> nowMs, int seed = 1)
    {
        _nowMs = nowMs;
        _spread = new Random(seed);
        _bornMs = nowMs();
    }

    /// <summary>Temperature around it, in °C.</summary>
    public double Temperature { get; set; } = 20;

    /// <summary>Relative humidity around it, in %.</summary>
    public double Humidity { get; set; } = 50;

    /// <summary>How it misbehaves.</summary>
    public Dht22Fault Fault { get; set; }

    /// <summary>Gives these five bytes in the place of what surrounds it; null for none.</summary>
#pragma warning disable CA1819 // a message as it goes over the wire
    public byte[]? Raw { get; set; }
#pragma warning restore CA1819

    /// <summary>Times that it was called.</summary>
    public int Calls { get; private set; }

    /// <summary>Calls that came sooner than it can measure: a driver's mistake.</summary>
    public int EarlyCalls { get; private set; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Quantities { get; } = ["temperature", "humidity"];

    /// <inheritdoc/>
    public void Set(string quantity, double value)
    {
        switch (quantity)
        {
            case "temperature":
                Temperature = value;
                break;
            case "humidity":
                Humidity = value;
                break;
            default:
                throw IVirtualPart.Unknown("DHT22", quantity, Quantities);
        }
    }

    /// <inheritdoc/>
    public int Read(int lowMs, byte[] highs)
    {
        ArgumentNullException.ThrowIfNull(highs);
        long now = _nowMs();
        Calls++;
        bool early = now - _calledMs < Dht22.MinIntervalMs || now - _bornMs < Dht22.WarmUpMs;
        EarlyCalls += early ? 1 : 0;
        _calledMs = now;
        if (early || lowMs is < 1 or > 20 || Fault == Dht22Fault.Silent)
        {
            return 0;
        }

        List<int> pulses = [Around(30), Around(80)];
        byte[] message = Message();
        int bits = Fault switch { Dht22Fault.Short => 23, Dht22Fault.Long => 48, _ => 40 };
        for (int i = 0; i < bits; i++)
        {
            bool one = i < 40 && (message[i / 8] & (0x80 >> (i % 8))) != 0;
            pulses.Add(Fault == Dht22Fault.Noise ? 20 + _spread.Next(235) : Around(one ? 70 : 27));
        }

        if (pulses.Count > highs.Length)
        {
            return -1;
        }

        for (int i = 0; i < pulses.Count; i++)
        {
            highs[i] = (byte)pulses[i];
        }

        return pulses.Count;
    }

    private byte[] Message()
    {
        if (Raw is not null)
        {
            return Raw;
        }

        if (Fault == Dht22Fault.Zeros)
        {
            return new byte[5];
        }

        int humidity = (int)Math.Round(Humidity * 10);
        int magnitude = (int)Math.Round(Math.Abs(Temperature) * 10);
        byte[] message = [(byte)(humidity >> 8), (byte)humidity, (byte)((magnitude >> 8) | (Temperature < 0 ? 0x80 : 0)), (byte)magnitude, 0];
        message[4] = (byte)(message[0] + message[1] + message[2] + message[3] + (Fault == Dht22Fault.Checksum ? 1 : 0));
        return message;
    }

#pragma warning disable CA5394 // simulated spread, to be repeatable
    private int Around(int microseconds) => microseconds - 4 + _spread.Next(9);
#pragma warning restore CA5394
}
