using System.Device.Adc;
using System.Device.Gpio;
using System.Device.I2c;
using System.Device.Pwm;
using IotXmpp.Things;

namespace IotXmpp.Virtual;

/// <summary>
/// A board in memory: named pins, buses with parts, an analog converter, and a script that moves them in time. Made in code, or from JSON by
/// <see cref="BoardFile"/>. Time comes by <see cref="Step"/>; what the script does at a time is done once, in the order it was added.
/// Its pins are those of a real board where one is named (<see cref="BoardTable"/>).
/// </summary>
public sealed class VirtualBoard : IBoardIo, IDisposable
{
    private readonly Dictionary<string, int> _pins = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, PluggedPart> _parts = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<int, VirtualOneWireBus> _wires = [];
    private readonly Dictionary<int, IOneWireBus> _openWires = [];
    private readonly Dictionary<int, VirtualDht22> _pulses = [];
    private readonly Dictionary<int, VirtualPwmChannel> _pwms = [];
    private readonly List<Act> _script = [];
    private long _startMs = -1;

    /// <summary>Makes a board without parts and script.</summary>
    /// <param name="name">What the board is called.</param>
    /// <param name="table">Its pins and their roles; null for pins that can do everything (<see cref="BoardTable.Bench"/>).</param>
    public VirtualBoard(string name = "virtual", BoardPins? table = null)
    {
        Name = name;
        Table = table ?? BoardTable.Bench;
        Gpio = new GpioController(Pins);
    }

    /// <summary>What the board is called.</summary>
    public string Name { get; }

    /// <summary>What each pin can do, and the pins' roles.</summary>
    public BoardPins Table { get; }

    /// <summary>The time of the last <see cref="Step"/>: monotonic, in milliseconds.</summary>
    public long NowMs { get; private set; }

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

    BoardPins IBoardIo.Pins => Table;

    /// <summary>The number of a named pin, or of the pin that has a role of that name.</summary>
    /// <param name="name">Its name.</param>
    /// <exception cref="ArgumentException">The board has no such pin.</exception>
    public int Pin(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        int number = _pins.TryGetValue(name, out int named) ? named : Table.Role(name);
        return number >= 0 ? number : throw new ArgumentException($"Board {Name} has no pin \"{name}\".", nameof(name));
    }

    /// <summary>Plugs a BME280 in.</summary>
    /// <param name="address">Its address.</param>
    /// <returns>The part, to be told what surrounds it.</returns>
    public VirtualBme280 AddBme280(int address = 0x76)
    {
        var part = new VirtualBme280();
        Plug(new PluggedPart($"0x{address:X2}", part, () => I2c.Attach(address, part), () => I2c.Detach(address), part.Reset));
        return part;
    }

    /// <summary>The BME280 at an address.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public VirtualBme280 Bme280(int address = 0x76) => (VirtualBme280)Part($"0x{address:X2}");

    /// <summary>Plugs a DHT22 in.</summary>
    /// <param name="gpio">Its pin.</param>
    /// <param name="id">What scripts call it.</param>
    /// <returns>The part, to be told what surrounds it.</returns>
    public VirtualDht22 AddDht22(int gpio, string id = "dht22")
    {
        var part = new VirtualDht22(() => NowMs, seed: gpio);
        Plug(new PluggedPart(id, part, () => _pulses[gpio] = part, () => _pulses.Remove(gpio), () => { }));
        return part;
    }

    /// <summary>Plugs a DS18B20 in.</summary>
    /// <param name="gpio">The pin of its wire.</param>
    /// <param name="serial">Its serial number, 48 bits.</param>
    /// <param name="id">What scripts call it.</param>
    /// <returns>The part, to be told what surrounds it.</returns>
    public VirtualDs18b20 AddDs18b20(int gpio, long serial = 1, string id = "ds18b20")
    {
        var part = new VirtualDs18b20(() => NowMs, serial);
        VirtualOneWireBus wire = Wire(gpio);
        Plug(new PluggedPart(id, part, () => wire.Attach(part), () => wire.Detach(part), part.PowerOn));
        return part;
    }

    /// <summary>Puts a soil probe on an analog input.</summary>
    /// <param name="gpio">Its pin.</param>
    /// <param name="id">What scripts call it.</param>
    /// <returns>The probe, to be put into soil.</returns>
    public VirtualSoilProbe AddSoilProbe(int gpio, string id = "soil")
    {
        var part = new VirtualSoilProbe(Adc, Channel(gpio));
        Plug(new PluggedPart(id, part, part.Plug, part.Unplug, () => { }));
        return part;
    }

    /// <summary>A part that was added.</summary>
    /// <param name="id">What scripts call it; a part on I2C by its address, such as <c>0x76</c>.</param>
    /// <exception cref="ArgumentException">There is none.</exception>
    public IVirtualPart Part(string id) => Plugged(id).Part;

    /// <summary>Pulls a part out.</summary>
    /// <param name="id">What scripts call it.</param>
    /// <exception cref="ArgumentException">There is none.</exception>
    public void UnplugPart(string id) => Plugged(id).Unplug();

    /// <summary>Plugs a part in again; it has lost what it was told.</summary>
    /// <param name="id">What scripts call it.</param>
    /// <exception cref="ArgumentException">There is none.</exception>
    public void PlugPart(string id)
    {
        PluggedPart part = Plugged(id);
        part.PowerOn();
        part.Plug();
    }

    /// <summary>The 1-Wire bus of a pin.</summary>
    /// <param name="gpio">The pin.</param>
    public VirtualOneWireBus Wire(int gpio) => _wires.TryGetValue(gpio, out VirtualOneWireBus? wire) ? wire : _wires[gpio] = new VirtualOneWireBus();

    /// <summary>The pulse-width output that firmware has opened on a pin.</summary>
    /// <param name="gpio">The pin.</param>
    /// <exception cref="ArgumentException">It has not.</exception>
    public VirtualPwmChannel Pwm(int gpio) => _pwms.TryGetValue(gpio, out VirtualPwmChannel? pwm) ? pwm : throw new ArgumentException($"Nobody has opened GPIO {gpio} of board {Name} as a pulse-width output.", nameof(gpio));

    /// <inheritdoc/>
    public I2cDevice OpenI2c(int address) => I2c.CreateDevice(address);

    /// <inheritdoc/>
    public AdcChannel OpenAdc(int gpio) => Adc.OpenChannel(Channel(gpio));

    /// <inheritdoc/>
    public PwmChannel OpenPwm(int gpio, int frequencyHz)
        => (Table.Can(gpio) & PinCan.Pwm) == 0
            ? throw new ArgumentException($"GPIO {gpio} of board {Name} gives no pulses.", nameof(gpio))
            : _pwms[gpio] = new VirtualPwmChannel(frequencyHz);

    /// <inheritdoc/>
    public IOneWireBus OpenOneWire(int gpio, int receiveGpio)
        => _openWires.TryGetValue(gpio, out IOneWireBus? open) ? open : _openWires[gpio] = new OneWireBus(Wire(gpio));

    /// <inheritdoc/>
    public IPulseInput OpenPulses(int gpio) => new PulsePin(this, gpio);

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
        NowMs = nowMs;
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

        foreach (VirtualPwmChannel pwm in _pwms.Values.Where(p => p.IsRunning))
        {
            pwm.Stop();
        }

        return Gpio;
    }

    /// <inheritdoc/>
    public void Dispose() => Gpio.Dispose();

    private int Channel(int gpio)
    {
        int can = Table.Can(gpio);
        return can >= 0 && PinCan.Channel(can) >= 0 ? PinCan.Channel(can) : throw new ArgumentException($"GPIO {gpio} of board {Name} is no analog input.", nameof(gpio));
    }

    private void Plug(PluggedPart part)
    {
        _parts[part.Id] = part;
        part.Plug();
    }

    private PluggedPart Plugged(string id)
        => _parts.TryGetValue(id, out PluggedPart? part) ? part : throw new ArgumentException($"Board {Name} has no part \"{id}\": {(_parts.Count == 0 ? "none" : string.Join(", ", _parts.Keys))}.", nameof(id));

    private sealed record PluggedPart(string Id, IVirtualPart Part, Action Plug, Action Unplug, Action PowerOn);

    // Looks for the part at each reading, so that it may be plugged in while the firmware runs.
    private sealed class PulsePin(VirtualBoard board, int gpio) : IPulseInput
    {
        public int Read(int lowMs, byte[] highs) => board._pulses.TryGetValue(gpio, out VirtualDht22? part) ? part.Read(lowMs, highs) : 0;
    }

    private sealed class Act(long dueMs, long periodMs, Action<VirtualBoard, TimeSpan> act)
    {
        public long DueMs { get; set; } = dueMs;

        public long PeriodMs { get; } = periodMs;

        public void Do(VirtualBoard board, TimeSpan since) => act(board, since);
    }
}
