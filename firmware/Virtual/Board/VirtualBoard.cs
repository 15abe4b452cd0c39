using System.Device.Adc;
using System.Device.Gpio;
using System.Device.I2c;

namespace IotXmpp.Virtual;

/// <summary>
/// A board in memory: named pins, an I2C bus with parts, an analog converter, and a script that moves them in time. Made in code, or from JSON by
/// <see cref="BoardFile"/>. Time comes by <see cref="Step"/>; what the script does at a time is done once, in the order it was added.
/// </summary>
public sealed class VirtualBoard : IDisposable
{
    private readonly Dictionary<string, int> _pins = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<int, VirtualBme280> _climates = [];
    private readonly List<Act> _script = [];
    private long _startMs = -1;

    /// <summary>Makes a board without names, parts and script.</summary>
    /// <param name="name">What the board is called.</param>
    public VirtualBoard(string name = "virtual")
    {
        Name = name;
        Gpio = new GpioController(Pins);
    }

    /// <summary>What the board is called.</summary>
    public string Name { get; }

    /// <summary>The pins, from outside.</summary>
    public VirtualGpioDriver Pins { get; } = new();

    /// <summary>The pins, as firmware sees them.</summary>
    public GpioController Gpio { get; }

    /// <summary>The I2C bus.</summary>
    public VirtualI2cBus I2c { get; } = new();

    /// <summary>The analog converter.</summary>
    public VirtualAdcController Adc { get; } = new();

    /// <summary>Gives a pin a name.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="number">Its number.</param>
    /// <returns>This board.</returns>
    public VirtualBoard NamePin(string name, int number)
    {
        _pins[name] = number;
        return this;
    }

    /// <summary>The number of a named pin.</summary>
    /// <param name="name">Its name.</param>
    /// <exception cref="ArgumentException">The board has no such pin.</exception>
    public int Pin(string name) => _pins.TryGetValue(name, out int number) ? number : throw new ArgumentException($"Board {Name} has no pin \"{name}\".", nameof(name));

    /// <summary>Plugs a BME280 in.</summary>
    /// <param name="address">Its address.</param>
    /// <returns>The part, to be told what surrounds it.</returns>
    public VirtualBme280 AddBme280(int address = 0x76)
    {
        var part = new VirtualBme280();
        _climates[address] = part;
        I2c.Attach(address, part);
        return part;
    }

    /// <summary>The BME280 at an address.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public VirtualBme280 Bme280(int address = 0x76) => _climates.TryGetValue(address, out VirtualBme280? part) ? part : throw new ArgumentException($"Board {Name} has no BME280 at 0x{address:X2}.", nameof(address));

    /// <summary>Opens an I2C device for firmware.</summary>
    public I2cDevice OpenI2c(int address) => I2c.CreateDevice(address);

    /// <summary>Opens an analog input for firmware.</summary>
    public AdcChannel OpenAdc(int channel) => Adc.OpenChannel(channel);

    /// <summary>Adds something to do once.</summary>
    /// <param name="after">When, counted from the first <see cref="Step"/>.</param>
    /// <param name="act">What.</param>
    /// <returns>This board.</returns>
    public VirtualBoard At(TimeSpan after, Action<VirtualBoard> act)
    {
        ArgumentNullException.ThrowIfNull(act);
        _script.Add(new Act((long)after.TotalMilliseconds, 0, (board, _) => act(board)));
        return this;
    }

    /// <summary>Adds something to do again and again.</summary>
    /// <param name="period">How often; the first time at the first <see cref="Step"/>.</param>
    /// <param name="act">What; it is told the time since the first <see cref="Step"/>.</param>
    /// <returns>This board.</returns>
    public VirtualBoard Every(TimeSpan period, Action<VirtualBoard, TimeSpan> act)
    {
        ArgumentNullException.ThrowIfNull(act);
        ArgumentOutOfRangeException.ThrowIfLessThan(period, TimeSpan.FromMilliseconds(1));
        _script.Add(new Act(0, (long)period.TotalMilliseconds, act));
        return this;
    }

    /// <summary>Presses a button (to ground) for 100 ms.</summary>
    /// <param name="after">When, counted from the first <see cref="Step"/>.</param>
    /// <param name="pin">The button's pin.</param>
    /// <returns>This board.</returns>
    public VirtualBoard PressAt(TimeSpan after, string pin)
        => At(after, board => board.Pins.SetInput(board.Pin(pin), PinValue.Low))
            .At(after + TimeSpan.FromMilliseconds(100), board => board.Pins.Release(board.Pin(pin)));

    /// <summary>Does what the script says until now.</summary>
    /// <param name="nowMs">Monotonic time in milliseconds.</param>
    public void Step(long nowMs)
    {
        if (_startMs < 0)
        {
            _startMs = nowMs;
        }

        long since = nowMs - _startMs;
        for (int i = 0; i < _script.Count; i++)
        {
            Act act = _script[i];
            if (act.DueMs > since)
            {
                continue;
            }

            act.Do(this, TimeSpan.FromMilliseconds(since));
            if (act.PeriodMs > 0)
            {
                // After a long pause it is done once, not once for each time missed.
                act.DueMs = since - (since % act.PeriodMs) + act.PeriodMs;
            }
            else
            {
                _script.RemoveAt(i--);
            }
        }
    }

    /// <summary>The power went away and came back: what firmware had opened is closed, outputs float.</summary>
    /// <returns>The pins for the firmware's next life.</returns>
    public GpioController Restart()
    {
        foreach (int pin in Enumerable.Range(0, VirtualGpioDriver.DefaultPinCount).Where(Gpio.IsPinOpen))
        {
            Gpio.ClosePin(pin);
        }

        return Gpio;
    }

    /// <inheritdoc/>
    public void Dispose() => Gpio.Dispose();

    private sealed class Act(long dueMs, long periodMs, Action<VirtualBoard, TimeSpan> act)
    {
        public long DueMs { get; set; } = dueMs;

        public long PeriodMs { get; } = periodMs;

        public void Do(VirtualBoard board, TimeSpan since) => act(board, since);
    }
}
