using IotXmpp.Gateway;
using IotXmpp.Things;
using IotXmpp.Xmpp;

namespace IotXmpp.Virtual;

/// <summary>A kind of virtual thing: its board, the parts that firmware makes of it, and its options.</summary>
public abstract class VirtualKind
{
    private static readonly VirtualKind[] Known = [new ClimateKind(), new RelayKind(), new BatteryKind(), new GreenhouseKind(), new GatewayKind()];

    /// <summary>A board that nothing is wired to; it has no name on the command line, since nobody would watch it.</summary>
    public static VirtualKind Bare { get; } = new BareKind();

    /// <summary>The kind's name on the command line.</summary>
    public abstract string Name { get; }

    /// <summary>What it is, for people.</summary>
    public abstract string Summary { get; }

    /// <summary>Whether it is a gateway, which runs on .NET and no board.</summary>
    public virtual bool IsGateway => false;

    /// <summary>The names of all kinds.</summary>
    public static IEnumerable<string> Names => Known.Select(kind => kind.Name);

    /// <summary>Finds a kind.</summary>
    /// <param name="name">Its name, or a part list such as <c>dht22 servo led</c>.</param>
    /// <exception cref="ArgumentException">There is no such kind; the message names those there are.</exception>
    public static VirtualKind Find(string name)
    {
        VirtualKind? found = Known.FirstOrDefault(kind => kind.Name == name);
        if (found is not null)
        {
            return found;
        }

        PartList? list = PartList.Parse(name, out string? wrong);
        // A bench has all the pins there are: what does not fit it fits no board.
        wrong ??= list is { Count: > 0 } ? list.Check(BoardTable.Bench) : "it is empty";
        return wrong is null
            ? new PartsKind(name)
            : throw new ArgumentException($"There is no virtual thing of kind \"{name}\": {string.Join(", ", Names)}, or a part list ({wrong}).");
    }

    /// <summary>Makes the kind's usual board, with a script that lets something happen.</summary>
    public abstract VirtualBoard CreateBoard();

    /// <summary>Makes the parts, as the firmware does at each start.</summary>
    /// <param name="board">The board; its pins are free.</param>
    /// <param name="settings">What survives a restart.</param>
    public abstract ThingPart[] CreateParts(VirtualBoard board, ISettings settings);

    /// <summary>Sets what this kind wants otherwise than usual.</summary>
    /// <param name="options">The options.</param>
    public virtual void Configure(ThingOptions options)
    {
    }

    private sealed class BareKind : VirtualKind
    {
        public override string Name => "bare";

        public override string Summary => "a board that nothing is wired to";

        public override VirtualBoard CreateBoard() => new("virtual-bare");

        public override ThingPart[] CreateParts(VirtualBoard board, ISettings settings) => [];
    }

    private sealed class ClimateKind : VirtualKind
    {
        public override string Name => "bme280";

        public override string Summary => "temperature, humidity and pressure";

        public override VirtualBoard CreateBoard()
        {
            var board = new VirtualBoard("virtual-bme280");
            VirtualBme280 part = board.AddBme280();
            // A day of ten minutes, so that somebody who watches sees something move.
            return board.Every(TimeSpan.FromSeconds(1), (_, since) =>
            {
                double phase = 2 * Math.PI * since.TotalSeconds / 600;
                part.Temperature = 21.4 + (2.5 * Math.Sin(phase));
                part.Humidity = 48 - (6 * Math.Sin(phase));
                part.Pressure = 1002.5 + (1.5 * Math.Sin(phase / 3));
            });
        }

        public override ThingPart[] CreateParts(VirtualBoard board, ISettings settings) => [new Bme280Sensor(new Bme280(board.OpenI2c(Bme280.DefaultAddress)))];
    }

    private sealed class RelayKind : VirtualKind
    {
        public override string Name => "relay";

        public override string Summary => "a relay with a button; off 60 s after the hub is lost";

        public override VirtualBoard CreateBoard()
        {
            VirtualBoard board = new VirtualBoard("virtual-relay").NamePin("relay", 5).NamePin("button", 4);
            // Somebody presses the button now and then.
            for (int i = 0; i < 100; i++)
            {
                board.PressAt(TimeSpan.FromSeconds(12 + (45 * i)), "button");
            }

            return board;
        }

        public override ThingPart[] CreateParts(VirtualBoard board, ISettings settings)
            => [new RelayActuator(new Relay(board.Gpio, board.Pin("relay"), false), new Button(board.Gpio, board.Pin("button")), UplinkLostPolicy.Off, 60_000)];

        public override void Configure(ThingOptions options) => options.SampleIntervalMs = 30_000;
    }

    private sealed class BatteryKind : VirtualKind
    {
        private const int FullScaleMillivolts = 6600;

        public override string Name => "battery";

        public override string Summary => "a climate sensor on a battery, which sleeps between two measurements";

        public override VirtualBoard CreateBoard()
        {
            var board = new VirtualBoard("virtual-battery");
            VirtualBme280 part = board.AddBme280();
            return board.Every(TimeSpan.FromSeconds(1), (b, since) =>
            {
                part.Temperature = 8 + (3 * Math.Sin(since.TotalSeconds / 120));
                // From 4.1 V down by 1 mV a minute, and charged again at 3.5 V.
                double volts = 4.1 - (since.TotalMinutes % 600 * 0.001);
                b.Adc.SetRatio(0, volts * 1000 / FullScaleMillivolts);
            });
        }

        public override ThingPart[] CreateParts(VirtualBoard board, ISettings settings)
            => [new BatterySensor(new Battery(board.OpenAdc(0), FullScaleMillivolts)), new Bme280Sensor(new Bme280(board.OpenI2c(Bme280.DefaultAddress)))];

        public override void Configure(ThingOptions options) => options.SleepSeconds = 60;
    }

    private sealed class GreenhouseKind : PartsKind
    {
        public GreenhouseKind()
            : base("dht22 ds18b20 soil relay,name=pump,lost=off servo,name=window,lost=rest led pir,warmup=0 button")
        {
        }

        public override string Name => "greenhouse";

        public override string Summary => "air, water and soil, a pump, a window, a lamp: all the parts there are";
    }

    private sealed class GatewayKind : VirtualKind
    {
        public override string Name => "gateway";

        public override bool IsGateway => true;

        public override string Summary => "this machine's health, as a Raspberry Pi gateway tells it";

        public override VirtualBoard CreateBoard() => new("virtual-gateway");

        public override ThingPart[] CreateParts(VirtualBoard board, ISettings settings) => [new GatewayHealth(new LinuxHealth(Path.GetTempPath()))];

        public override void Configure(ThingOptions options) => options.Firmware = GatewayThing.Version;
    }
}
