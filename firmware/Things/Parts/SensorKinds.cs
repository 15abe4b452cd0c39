using IotXmpp.Xmpp;

namespace IotXmpp.Things;

internal sealed class Bme280Kind : PartKind
{
    internal Bme280Kind()
        : base("bme280", null, 0, "bme280@0x76", PartKinds.None, new string[] { "temperature", "humidity", "pressure" }, PartKinds.None)
    {
    }

    public override int Address
    {
        get { return Bme280.DefaultAddress; }
    }

    internal override ThingPart Make(IBoardIo io, PartSpec spec, int gpio, PartNames names, ISettings settings)
        => new Bme280Sensor(new Bme280(io.OpenI2c(gpio)), names);

    protected override string CheckOptions(PartSpec spec)
        => spec.Where < 0 || spec.Where == Bme280.DefaultAddress || spec.Where == Bme280.SecondAddress ? null : "a BME280 is at 0x76 or 0x77";
}

internal sealed class Dht22Kind : PartKind
{
    internal Dht22Kind()
        : base("dht22", "dht22", PinCan.Digital, "dht22@4", PartKinds.None, new string[] { "temperature", "humidity" }, PartKinds.None)
    {
    }

    internal override ThingPart Make(IBoardIo io, PartSpec spec, int gpio, PartNames names, ISettings settings)
        => new Dht22Sensor(new Dht22(io.OpenPulses(gpio)), names);
}

internal sealed class Ds18b20Kind : PartKind
{
    internal Ds18b20Kind()
        : base("ds18b20", "onewire", PinCan.Digital, "ds18b20@15,rom=28169e0700000064", new string[] { "rom", "bits", "rx" }, new string[] { "temperature" }, PartKinds.None)
    {
    }

    public override string SharedBy
    {
        get { return "onewire"; }
    }

    public override string[] PinOptions
    {
        get { return new string[] { "rx" }; }
    }

    internal override ThingPart Make(IBoardIo io, PartSpec spec, int gpio, PartNames names, ISettings settings)
        => new Ds18b20Sensor(new Ds18b20(io.OpenOneWire(gpio, PinOption("rx", spec, gpio, io.Pins)), RomText.Parse(spec.Option("rom")), spec.Number("bits", 12)), names);

    // A board whose wire needs two pins says so by a role of its own.
    internal override int PinOption(string option, PartSpec spec, int gpio, BoardPins pins)
        => spec.Number(option, gpio == pins.Role("onewire") ? pins.Role("onewire-rx") : -1);

    protected override string CheckOptions(PartSpec spec)
    {
        string rom = spec.Option("rom");
        if (rom != null)
        {
            byte[] code = RomText.Parse(rom);
            if (code == null || code[0] != Ds18b20.FamilyCode)
            {
                return "rom is the sixteen hexadecimal digits of a DS18B20, 28 first and its checksum last";
            }
        }

        string wrong = CheckNumber(spec, "bits", 9, 12);
        return wrong == null ? CheckNumber(spec, "rx", 0, 255) : wrong;
    }
}

internal sealed class SoilKind : PartKind
{
    // Measured values of the usual capacitive probe on 3.3 V differ by some percent each way: they are where calibration begins.
    private const int DryPercent = 68;
    private const int WetPercent = 30;

    internal SoilKind()
        : base("soil", "soil", PinCan.Analog, "soil@1,dry=68,wet=30", new string[] { "dry", "wet" }, new string[] { "moisture", "moistureRaw" }, new string[] { "soilDry", "soilWet", "soilCalibrate" })
    {
    }

    internal override ThingPart Make(IBoardIo io, PartSpec spec, int gpio, PartNames names, ISettings settings)
        => new SoilMoistureSensor(new SoilMoisture(io.OpenAdc(gpio), spec.Number("dry", DryPercent) * 10, spec.Number("wet", WetPercent) * 10), settings, names);

    protected override string CheckOptions(PartSpec spec)
    {
        string wrong = CheckNumber(spec, "dry", 0, 100);
        wrong = wrong == null ? CheckNumber(spec, "wet", 0, 100) : wrong;
        int span = (spec.Number("dry", DryPercent) - spec.Number("wet", WetPercent)) * 10;
        return wrong == null && span < SoilMoisture.MinSpan && span > -SoilMoisture.MinSpan ? "dry and wet are too near to each other: at least 5 % of full scale" : wrong;
    }
}

internal sealed class PirKind : PartKind
{
    private const int HoldSeconds = 10;
    private const int WarmUpSeconds = 30;

    internal PirKind()
        : base("pir", "pir", PinCan.Input, "pir@6,hold=10,warmup=30", new string[] { "hold", "retrigger", "warmup" }, new string[] { "motion", "motions" }, new string[] { "pirHold", "pirRetrigger" })
    {
    }

    internal override ThingPart Make(IBoardIo io, PartSpec spec, int gpio, PartNames names, ISettings settings)
    {
        Pir pir = new Pir(io.Gpio, gpio, spec.Number("warmup", WarmUpSeconds) * 1000);
        pir.HoldMs = spec.Number("hold", HoldSeconds) * 1000;
        pir.Retriggers = spec.Option("retrigger") != "no";
        return new PirSensor(pir, settings, names);
    }

    protected override string CheckOptions(PartSpec spec)
    {
        string wrong = CheckNumber(spec, "hold", 1, PirSensor.MaxHoldSeconds);
        wrong = wrong == null ? CheckWord(spec, "retrigger", "yes|no") : wrong;
        return wrong == null ? CheckNumber(spec, "warmup", 0, 300) : wrong;
    }
}

internal sealed class ButtonKind : PartKind
{
    internal ButtonKind()
        : base("button", "button", PinCan.Input, "button@0", PartKinds.None, new string[] { "button", "presses" }, PartKinds.None)
    {
    }

    internal override ThingPart Make(IBoardIo io, PartSpec spec, int gpio, PartNames names, ISettings settings)
        => new ButtonSensor(new Button(io.Gpio, gpio), names);
}

internal sealed class BatteryKind : PartKind
{
    private const int FullScaleMillivolts = 6600;

    internal BatteryKind()
        : base("battery", "battery", PinCan.Analog, "battery@34,full=6600", new string[] { "full" }, new string[] { "voltage", "charge" }, PartKinds.None)
    {
    }

    internal override ThingPart Make(IBoardIo io, PartSpec spec, int gpio, PartNames names, ISettings settings)
        => new BatterySensor(new Battery(io.OpenAdc(gpio), spec.Number("full", FullScaleMillivolts)), names);

    protected override string CheckOptions(PartSpec spec) => CheckNumber(spec, "full", 1000, 60000);
}
