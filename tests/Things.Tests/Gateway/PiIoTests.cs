using System.Device.Gpio;
using IotXmpp.Gateway.Pi;
using IotXmpp.Things;
using IotXmpp.Virtual;
using Xunit;

namespace IotXmpp.Things.Tests.Gateway;

public sealed class PiIoTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("iotxmpp-w1-").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    [Theory]
    [InlineData("raspberry-pi-4")]
    [InlineData("raspberry-pi-zero-2w")]
    public void The_tables_are_those_of_the_hardware_folder(string board)
    {
        BoardPins file = BoardTable.Find(board);
        BoardPins table = PiPins.Find(board)!;
        int[] all = [.. Enumerable.Range(0, 64)];
        Assert.Equal(all.Select(file.Can), all.Select(table.Can));
        foreach (string role in new[] { "i2c-sda", "i2c-scl", "onewire", "onewire-rx", "dht22", "pir", "soil", "battery", "relay", "servo", "led", "button" })
        {
            Assert.Equal((role, file.Role(role)), (role, table.Role(role)));
        }
    }

    [Fact]
    public void Parts_of_a_list_run_over_system_device_gpio()
    {
        var pins = new VirtualGpioDriver();
        using var io = new PiIo(PiPins.Pi4, new GpioController(pins), oneWireFolder: _folder);
        ThingPart[] parts = PartList.Parse("relay,active=low button pir ds18b20", out _)!.Make(io, new VirtualSettings(), out string? wrong);
        Assert.Null(wrong);
        Assert.Equal(PinValue.High, pins.Level(17));
        Assert.Null(parts[0].Parameters[0].Check("true", out Features.ControlValue on) ?? parts[0].Set(on, 0));
        Assert.Equal(PinValue.Low, pins.Level(17));
    }

    [Theory]
    [InlineData("soil@4", "\"soil@4\": GPIO 4 of raspberry-pi-4 cannot do that; these can: none")]
    [InlineData("led@17", "\"led@17\": GPIO 17 of raspberry-pi-4 cannot do that; these can: 12, 13, 18, 19")]
    [InlineData("ds18b20@17", "\"ds18b20@17\": the kernel drives 1-Wire on GPIO 4; another pin is set by dtoverlay=w1-gpio,gpiopin=… and not here")]
    [InlineData("led", "\"led\": This build has no real PWM output: take a simulated one, or build with PiReferences=packages.")]
    public void What_a_pi_cannot_do_is_said_in_one_line(string text, string expected)
    {
        using var io = new PiIo(PiPins.Pi4, new GpioController(new VirtualGpioDriver()), oneWireFolder: _folder);
        Assert.Null(PartList.Parse(text, out _)!.Make(io, new VirtualSettings(), out string? wrong));
        Assert.Equal(expected, wrong);
    }

    [Fact]
    public void A_thermometer_is_read_by_the_kernels_files()
    {
        string part = Path.Combine(_folder, "28-000000079e16");
        Directory.CreateDirectory(part);
        Directory.CreateDirectory(Path.Combine(_folder, "w1_bus_master1"));
        string file = Path.Combine(part, "w1_slave");
        File.WriteAllText(file, "72 01 4b 46 7f ff 0e 10 57 : crc=57 YES\n72 01 4b 46 7f ff 0e 10 57 t=23125\n");
        var driver = new Ds18b20(new PiOneWireBus(_folder), null);
        Assert.True(Read(driver, 0, true));
        Assert.Equal(23.125, driver.SixteenthsCelsius / 16.0);

        // A wrong checksum, an empty file and 85 °C out of nowhere are no readings.
        File.WriteAllText(file, "72 01 4b 46 7f ff 0e 10 58 : crc=57 NO\n");
        Assert.False(Read(driver, 10_000, false));
        File.WriteAllText(file, "");
        Assert.False(Read(driver, 20_000, false));
        File.WriteAllText(file, "50 05 4b 46 7f ff 0c 10 1c : crc=1c YES\n");
        Assert.False(Read(driver, 30_000, false));
        Directory.Delete(part, true);
        Assert.False(Read(driver, 40_000, false));
        Assert.Contains("nobody", driver.Trouble, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("28-000000079e16", "28169e0700000064")]
    [InlineData("w1_bus_master1", null)]
    [InlineData("28-00000007zz16", null)]
    [InlineData("28", null)]
    public void A_folders_name_is_a_rom_code(string name, string? rom)
        => Assert.Equal(rom, PiOneWireBus.Rom(name) is { } code ? RomText.Format(code, 0) : null);

    [Fact]
    public void Pulses_are_measured_by_watching_the_pin()
    {
        var time = new ReadClock();
        byte[] message = [0x02, 0x8C, 0x01, 0x5F, 0xEE];
        int[] highs = [30, 80, .. Enumerable.Range(0, 40).Select(i => (message[i / 8] & (0x80 >> (i % 8))) != 0 ? 70 : 27)];
        var driver = new WaveDriver(time, highs);
        using var gpio = new GpioController(driver);
        var dht22 = new Dht22(new PiPulseInput(gpio.OpenPin(27, PinMode.InputPullUp), time));
        dht22.TryRead(0);
        Assert.True(dht22.TryRead(1000));
        Assert.Equal((652, 351), (dht22.DeciPercent, dht22.DeciCelsius));
    }

    [Fact]
    public void A_line_where_nothing_happens_is_given_up()
    {
        var time = new ReadClock();
        using var gpio = new GpioController(new WaveDriver(time, []));
        Assert.Equal(0, new PiPulseInput(gpio.OpenPin(27, PinMode.InputPullUp), time).Read(1, new byte[44]));
    }

    // Files are read aside, so real time may pass until one is there; the driver's own time is given.
    private static bool Read(Ds18b20 driver, long nowMs, bool expected)
    {
        for (int i = 0; i < 60; i++)
        {
            if (driver.Step(nowMs + (i * 100)))
            {
                return true;
            }

            Thread.Sleep(expected ? 50 : 1);
        }

        return false;
    }

    /// <summary>Each look at the clock takes a microsecond.</summary>
    private sealed class ReadClock : TimeProvider
    {
        public long Now { get; private set; }

        public override long TimestampFrequency => 1_000_000;

        public override long GetTimestamp() => ++Now;
    }

    /// <summary>A pin on which a wave begins when it is let go.</summary>
    private sealed class WaveDriver(ReadClock time, int[] highs) : GpioDriver
    {
        private long _start;
        private PinMode _mode;

        protected override int PinCount => 28;

        protected override void OpenPin(int pinNumber)
        {
        }

        protected override void ClosePin(int pinNumber)
        {
        }

        protected override void SetPinMode(int pinNumber, PinMode mode)
        {
            _start = time.Now;
            _mode = mode;
        }

        protected override PinMode GetPinMode(int pinNumber) => _mode;

        protected override bool IsPinModeSupported(int pinNumber, PinMode mode) => true;

        protected override PinValue Read(int pinNumber)
        {
            long at = time.Now - _start;
            foreach (int high in highs)
            {
                if ((at -= high) < 0)
                {
                    return PinValue.High;
                }

                if ((at -= 50) < 0)
                {
                    return PinValue.Low;
                }
            }

            return PinValue.High;
        }

        protected override void Write(int pinNumber, PinValue value)
        {
        }

        protected override WaitForEventResult WaitForEvent(int pinNumber, PinEventTypes eventTypes, CancellationToken cancellationToken) => throw new NotSupportedException();

        protected override void AddCallbackForPinValueChangedEvent(int pinNumber, PinEventTypes eventTypes, PinChangeEventHandler callback) => throw new NotSupportedException();

        protected override void RemoveCallbackForPinValueChangedEvent(int pinNumber, PinChangeEventHandler callback) => throw new NotSupportedException();
    }
}
