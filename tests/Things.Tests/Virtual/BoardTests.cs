using System.Device.Gpio;
using System.Device.I2c;
using IotXmpp.Things;
using IotXmpp.Virtual;
using Xunit;

namespace IotXmpp.Things.Tests.Virtual;

public sealed class BoardTests
{
    private const string Demo = """
        { "board": "demo",
          "pins": { "relay": { "gpio": 5, "mode": "output" }, "button": { "gpio": 4, "mode": "inputPullUp", "note": "to ground" } },
          "i2c": [ { "address": "0x76", "part": "bme280", "temperature": 21.4, "humidity": 48, "pressure": 1002.5 } ],
          "adc": [ { "channel": 0, "ratio": 0.5 } ],
          "script": [
            { "at": 5, "press": "button" },
            { "at": 10, "part": "0x76", "temperature": 30 },
            { "at": 20, "unplug": "0x76" },
            { "at": 30, "plug": "0x76" },
            { "at": 40, "adc": 0, "ratio": 0.25 },
            { "at": 50, "pin": "button", "level": "low" },
            { "every": 1, "part": "0x76", "wave": { "of": "humidity", "mean": 50, "amplitude": 10, "period": 40 } } ] }
        """;

    [Fact]
    public void A_board_is_read_from_its_file_and_does_what_its_script_says()
    {
        using VirtualBoard board = BoardFile.Parse(Demo);
        var sensor = new Bme280(board.OpenI2c(0x76));
        var button = new Button(board.Gpio, board.Pin("button"));
        int presses = 0;
        for (long now = 1000; now < 40_000; now += 20)
        {
            board.Step(now);
            presses += button.Step(now) ? 1 : 0;
            switch (now)
            {
                case 2000:
                    Assert.True(sensor.TryRead());
                    Assert.Equal(2140.0, sensor.CentiCelsius, 2.0);
                    break;
                case 12_000:
                    Assert.True(sensor.TryRead());
                    Assert.Equal(3000.0, sensor.CentiCelsius, 2.0);
                    // A quarter of the wave, and a second more.
                    Assert.InRange(sensor.Percent1024 / 1024.0, 59, 60.2);
                    break;
                case 22_000:
                    Assert.False(sensor.TryRead());
                    break;
                case 32_000:
                    Assert.True(sensor.TryRead());
                    break;
                default:
                    break;
            }
        }

        Assert.Equal(1, presses);
        Assert.Equal(0.5, board.Adc.OpenChannel(0).ReadRatio(), 0.001);
        board.Step(52_000);
        Assert.Equal(0.25, board.Adc.OpenChannel(0).ReadRatio(), 0.001);
        Assert.Equal(PinValue.Low, board.Pins.Level(4));
    }

    [Theory]
    [InlineData("""{ "boards": "x" }""", "boards")]
    [InlineData("""{ "pins": { "a": { "gpio": 99 } } }""", "pin")]
    [InlineData("""{ "pins": { "a": { "gpio": 1, "mode": "sideways" } } }""", "sideways")]
    [InlineData("""{ "i2c": [ { "address": "0x40", "part": "si7021" } ] }""", "si7021")]
    [InlineData("""{ "script": [ { "at": 1, "press": "bell" } ] }""", "bell")]
    [InlineData("""{ "script": [ { "at": 1, "part": "0x76", "temperature": 3 } ] }""", "0x76")]
    [InlineData("""{ "script": [ { "at": 1, "prat": "0x76" } ] }""", "prat")]
    [InlineData("""{ "pins": """, "board")]
    public void What_is_wrong_with_a_board_is_named(string json, string named)
        => Assert.Contains(named, Assert.Throws<FormatException>(() => BoardFile.Parse(json)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_pin_behaves_as_its_mode_says()
    {
        var driver = new VirtualGpioDriver();
        using var gpio = new GpioController(driver);
        Assert.Throws<InvalidOperationException>(() => gpio.Read(3));
        GpioPin pin = gpio.OpenPin(3, PinMode.InputPullUp);
        Assert.Throws<InvalidOperationException>(() => gpio.OpenPin(3));
        Assert.Equal(PinValue.High, pin.Read());
        Assert.Throws<InvalidOperationException>(() => pin.Write(PinValue.High));
        List<PinEventTypes> edges = [];
        pin.ValueChanged += (_, e) => edges.Add(e.ChangeType);
        driver.SetInput(3, PinValue.Low);
        driver.SetInput(3, PinValue.Low);
        driver.Release(3);
        Assert.Equal([PinEventTypes.Falling, PinEventTypes.Rising], edges);

        GpioPin output = gpio.OpenPin(6, PinMode.Output, PinValue.High);
        List<int> changes = [];
        driver.OutputChanged += (_, e) => changes.Add(e.PinNumber);
        output.Toggle();
        output.Write(PinValue.Low);
        Assert.Equal(PinValue.Low, driver.Level(6));
        Assert.Equal([6], changes);
        Assert.Throws<ArgumentOutOfRangeException>(() => gpio.OpenPin(77));
        output.Dispose();
        Assert.False(driver.IsOpen(6));
    }

    [Fact]
    public void An_edge_can_be_waited_for()
    {
        var driver = new VirtualGpioDriver();
        using var gpio = new GpioController(driver);
        gpio.OpenPin(3, PinMode.InputPullUp);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.True(gpio.WaitForEvent(3, PinEventTypes.Falling, cancelled.Token).TimedOut);
    }

    [Fact]
    public void This_machine_has_no_real_hardware_and_says_so()
    {
        Assert.Throws<PlatformNotSupportedException>(() => new GpioController());
        Assert.Throws<PlatformNotSupportedException>(() => I2cDevice.Create(new I2cConnectionSettings(1, 0x76)));
    }

    [Fact]
    public void Parts_on_pins_are_moved_by_the_script()
    {
        using VirtualBoard board = BoardFile.Parse("""
            { "parts": [ { "part": "dht22", "pin": "dht22", "temperature": 22.5, "humidity": 40 }, { "id": "inlet", "part": "ds18b20", "pin": 15, "serial": 7, "temperature": 12 }, { "part": "soil", "pin": 1, "moisture": 25 } ],
              "script": [ { "at": 5, "part": "dht22", "fault": "checksum" }, { "at": 10, "part": "dht22", "fault": "none", "temperature": 30 }, { "at": 10, "part": "inlet", "temperature": 15 },
                          { "at": 10, "unplug": "soil" }, { "at": 15, "plug": "soil" }, { "at": 20, "unplug": "inlet" } ] }
            """);
        ThingPart[] parts = PartList.Parse("dht22 ds18b20,name=inlet soil", out _)!.Make(board, new VirtualSettings(), out string? wrong);
        Assert.Null(wrong);
        var seen = new Dictionary<long, string>();
        for (long now = 0; now <= 35_000; now += 100)
        {
            board.Step(now);
            var sample = new Sample();
            sample.Clear(now);
            foreach (ThingPart part in parts)
            {
                part.Step(now);
                int count = sample.Count;
                if (now % 1000 == 0 && !part.TrySample(sample))
                {
                    sample.Truncate(count);
                }
            }

            seen[now] = string.Join(' ', Enumerable.Range(0, sample.Count).Where(i => sample.Name(i) != "moistureRaw").Select(i => $"{sample.Name(i)}={sample.Value(i)}"));
        }

        Assert.Equal("temperature=22.5 humidity=40 inletTemperature=12 moisture=25", seen[4000]);
        Assert.Equal("inletTemperature=12 moisture=25", seen[9000]);
        Assert.Equal("temperature=30 humidity=40 inletTemperature=15", seen[14_000]);
        Assert.Equal("temperature=30 humidity=40 inletTemperature=15 moisture=25", seen[16_000]);
        Assert.Equal("temperature=30 humidity=40 moisture=25", seen[34_000]);
    }

    [Theory]
    [InlineData("""{ "parts": [ { "part": "dht23", "pin": 4 } ] }""", "dht23")]
    [InlineData("""{ "parts": [ { "part": "dht22", "pin": "attic" } ] }""", "attic")]
    [InlineData("""{ "parts": [ { "part": "dht22", "pin": 77 } ] }""", "pin")]
    [InlineData("""{ "parts": [ { "part": "dht22", "pin": 4, "pressure": 3 } ] }""", "pressure")]
    [InlineData("""{ "parts": [ { "part": "dht22", "pin": 4 } ], "script": [ { "at": 1, "part": "dht22", "fault": "tired" } ] }""", "tired")]
    [InlineData("""{ "parts": [ { "part": "dht22", "pin": 4 } ], "script": [ { "at": 1, "part": "dht22", "moisture": 1 } ] }""", "moisture")]
    [InlineData("""{ "script": [ { "at": 1, "unplug": "dht22" } ] }""", "dht22")]
    [InlineData("""{ "hardware": "toaster" }""", "toaster")]
    public void A_slip_of_the_pen_in_parts_is_refused(string json, string word)
        => Assert.Contains(word, Assert.Throws<FormatException>(() => BoardFile.Parse(json)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_boards_file_becomes_the_table_of_firmware()
    {
        BoardPins pins = BoardTable.Find("esp32-s3-devkitc-1");
        Assert.Equal(PinCan.Digital | PinCan.Pwm | PinCan.Touch | PinCan.Adc(3), pins.Can(4));
        Assert.Equal(3, PinCan.Channel(pins.Can(4)));
        Assert.Equal(PinCan.Input, pins.Can(0));
        Assert.Equal(PinCan.Digital | PinCan.Pwm | PinCan.Reserved, pins.Can(45));
        Assert.Equal(-1, pins.Can(99));
        Assert.Equal((5, -1), (pins.Role("relay"), pins.Role("toaster")));
    }

    [Fact]
    public void The_boards_of_the_hardware_folder_can_be_played()
    {
        foreach (string name in BoardPinout.All.Select(b => b.Board))
        {
            using var board = new VirtualBoard(name, BoardTable.Find(name));
            Assert.Equal(name, board.Table.Board);
            Assert.Null(PartList.Parse("relay button led servo dht22 bme280 pir", out _)!.Check(board.Table));
        }
    }

    [Theory]
    [InlineData("", "it is empty")]
    [InlineData("dht23", "there is no part \"dht23\"")]
    [InlineData("relay button@5", "GPIO 5 is used by relay already")]
    [InlineData("relay@99", "the board bench has no GPIO 99")]
    public void A_kind_that_is_neither_named_nor_a_part_list_is_refused_in_one_line(string kind, string why)
    {
        string message = Assert.Throws<ArgumentException>(() => VirtualKind.Find(kind)).Message;
        Assert.StartsWith($"There is no virtual thing of kind \"{kind}\": bme280, relay, battery, greenhouse, gateway, or a part list (", message, StringComparison.Ordinal);
        Assert.Contains(why, message, StringComparison.Ordinal);
        Assert.EndsWith(").", message, StringComparison.Ordinal);
    }
}
