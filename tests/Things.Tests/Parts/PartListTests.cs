using IotXmpp.Things;
using IotXmpp.Virtual;
using Xunit;

namespace IotXmpp.Things.Tests.Parts;

public sealed class PartListTests
{
    internal static readonly BoardPins Board = new(
        "testboard",
        [0, 1, 2, 4, 5, 6, 7, 8, 9, 15, 26, 34],
        [
            PinCan.Digital, PinCan.Digital | PinCan.Adc(0), PinCan.Digital | PinCan.Adc(1) | PinCan.Pwm, PinCan.Digital | PinCan.Pwm, PinCan.Digital | PinCan.Pwm, PinCan.Digital, PinCan.Digital | PinCan.Pwm,
            PinCan.Digital, PinCan.Digital, PinCan.Digital, PinCan.Digital | PinCan.Reserved, PinCan.Input | PinCan.Adc(6),
        ],
        ["i2c-sda", "i2c-scl", "led", "button", "relay", "dht22", "onewire", "soil", "servo"],
        [8, 9, 2, 0, 5, 4, 15, 1, 7]);

    private static string Wrong(string text)
    {
        PartList? list = PartList.Parse(text, out string? wrong);
        Assert.Equal(list is null, wrong is not null);
        return wrong ?? list!.Check(Board) ?? "";
    }

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("bme280")]
    [InlineData("bme280@0x76 bme280@0x77")]
    [InlineData("bme280@118")]
    [InlineData("relay@5,lost=off,after=60")]
    [InlineData("relay relay@6,name=fan,lost=on button@0 battery@34")]
    [InlineData("relay,button=0,active=low")]
    [InlineData("bme280@0x76 relay@5,lost=off,after=60 dht22 ds18b20 soil@1 led servo@7 button@0")]
    [InlineData("ds18b20,rom=28169e0700000064 ds18b20,rom=2801000000000029,bits=9")]
    [InlineData("servo@7,min=500,max=2500,range=270,rest=0,release=2000,lost=hold")]
    [InlineData("pir@5,hold=60,retrigger=no,warmup=0")]
    public void A_list_that_fits_the_board(string text) => Assert.Equal("", Wrong(text));

    [Theory]
    [InlineData("dht23", "\"dht23\": there is no part \"dht23\"; there are ")]
    [InlineData("relay@", "\"relay@\": after @ comes a number, such as relay@5,lost=off,after=60")]
    [InlineData("relay@x", "\"relay@x\": after @ comes a number, such as relay@5,lost=off,after=60")]
    [InlineData("relay@-5", "\"relay@-5\": after @ comes a number, such as relay@5,lost=off,after=60")]
    [InlineData("relay@99", "\"relay@99\": the board testboard has no GPIO 99")]
    [InlineData("relay@26", "\"relay@26\": GPIO 26 of testboard is reserved (flash, PSRAM, console or a level at start)")]
    [InlineData("relay@34", "\"relay@34\": GPIO 34 of testboard cannot do that; these can: 0, 1, 2, 4, 5, 6, 7, 8, 9, 15")]
    [InlineData("battery@5", "\"battery@5\": GPIO 5 of testboard cannot do that; these can: 1, 2, 34")]
    [InlineData("battery", "\"battery\": the board testboard has no pin for battery; say which, such as battery@34,full=6600")]
    [InlineData("relay button@5", "\"button@5\": GPIO 5 is used by relay already")]
    [InlineData("relay,button=0 button", "\"button\": GPIO 0 is used by relay's button already")]
    [InlineData("bme280 relay@8", "\"relay@8\": GPIO 8 is used by the I2C bus already")]
    [InlineData("bme280 bme280@0x76", "\"bme280@0x76\": there is another part at this I2C address")]
    [InlineData("bme280@0x40", "\"bme280@0x40\": a BME280 is at 0x76 or 0x77")]
    [InlineData("relay,lost=maybe", "\"relay,lost=maybe\": lost is one of hold|off|on, not \"maybe\"")]
    [InlineData("relay,after=1h", "\"relay,after=1h\": after is a number from 0 to 86400, not \"1h\"")]
    [InlineData("relay,after=86401", "\"relay,after=86401\": after is a number from 0 to 86400, not \"86401\"")]
    [InlineData("relay,colour=red", "\"relay,colour=red\": there is no option \"colour\" of relay; there are name, lost, after, active, button")]
    [InlineData("relay,lost", "\"relay,lost\": the option \"lost\" has no value: lost=…")]
    [InlineData("relay,lost=", "\"relay,lost=\": the option \"lost\" has no value: lost=…")]
    [InlineData("relay,lost=on,lost=off", "\"relay,lost=on,lost=off\": the option \"lost\" is given twice")]
    [InlineData("soil@5", "\"soil@5\": GPIO 5 of testboard cannot do that; these can: 1, 2, 34")]
    [InlineData("soil,dry=50,wet=48", "\"soil,dry=50,wet=48\": dry and wet are too near to each other")]
    [InlineData("led@9", "\"led@9\": GPIO 9 of testboard cannot do that; these can: 2, 4, 5, 7")]
    [InlineData("servo@6,min=2000,max=1000", "\"servo@6,min=2000,max=1000\": min is less than max")]
    [InlineData("servo@6,max=9000", "\"servo@6,max=9000\": max is a number from 400 to 2600")]
    [InlineData("servo@6,range=90,rest=91", "\"servo@6,range=90,rest=91\": rest is a number from 0 to 90")]
    [InlineData("ds18b20,rom=28ff641e8216035c", "\"ds18b20,rom=28ff641e8216035c\": rom is the sixteen hexadecimal digits")]
    [InlineData("ds18b20 ds18b20", "\"ds18b20\": several parts on one wire need rom= each")]
    [InlineData("ds18b20,rx=16", "\"ds18b20,rx=16\": the board testboard has no GPIO 16")]
    [InlineData("dht22 soil@4", "\"soil@4\": GPIO 4 of testboard cannot do that")]
    [InlineData("pir", "\"pir\": the board testboard has no pin for pir")]
    [InlineData("relay,name=2", "\"relay,name=2\": a name is 1 to 24 of a-z, A-Z and 0-9 and begins with a-z")]
    [InlineData("relay,name=fan relay@6,name=fan", "\"relay@6,name=fan\": \"fan\" is there already; give the part another name=")]
    [InlineData("button button@1 button@2 button@4 button@5 button@6 button@7 button@8 button@9", "a thing has at most 8 parts; \"button@9\" is one too many")]
    public void What_is_wrong_is_said_in_one_line(string text, string wrong) => Assert.StartsWith(wrong, Wrong(text), StringComparison.Ordinal);

    [Fact]
    public void Names_that_are_taken_are_numbered_and_those_given_are_used()
    {
        using var board = new VirtualBoard();
        ThingPart[] parts = PartList.Parse("bme280 dht22 ds18b20,name=inlet relay relay@3,name=pump", out _)!.Make(board, new VirtualSettings(), out string? wrong);
        Assert.Null(wrong);
        Assert.Equal(["relay", "relayPulse", "pump", "pumpPulse"], parts.SelectMany(p => p.Parameters).Select(p => p.Name));
        board.AddBme280();
        board.AddDht22(16);
        board.AddDs18b20(15);
        var sample = new Sample();
        sample.Clear(1);
        foreach (ThingPart part in parts)
        {
            part.Start(0);
        }

        for (long now = 0; now < 3000; now += 100)
        {
            board.Step(now);
            Array.ForEach(parts, part => part.Step(now));
        }

        Assert.All(parts, part => Assert.True(part.TrySample(sample)));
        Assert.Equal(
            ["temperature", "humidity", "pressure", "temperature2", "humidity2", "inletTemperature", "relay", "pump"],
            Enumerable.Range(0, sample.Count).Select(sample.Name));
    }

    [Fact]
    public void What_the_board_cannot_open_is_said_in_one_line()
    {
        using var board = new VirtualBoard();
        board.Gpio.OpenPin(5);
        Assert.Null(PartList.Parse("relay", out _)!.Make(board, new VirtualSettings(), out string? wrong));
        Assert.Equal("\"relay\": Pin 5 is already open.", wrong);
    }

    [Fact]
    public void A_sample_has_room_for_all_fields_or_the_list_is_refused()
        => Assert.Equal("", Wrong("bme280 bme280@0x77 dht22 button@0"));

    [Fact]
    public void Every_kind_that_is_named_is_there_under_its_name()
        => Assert.All(PartKind.AllNames().Split(", "), name => Assert.Equal(name, PartKind.Find(name)!.Name));

    [Fact]
    public void Every_example_is_a_part_list()
        => Assert.All(PartKind.AllNames().Split(", "), name => Assert.Null(PartList.Parse(PartKind.Find(name)!.Example, out string? wrong) is null ? wrong : null));

    [Fact]
    public void Too_many_fields_are_refused()
        => Assert.Equal("the parts have 17 fields; a sample holds 16", PartList.Parse("bme280 bme280@0x77 dht22 soil@1 pir battery@0 button@4 ds18b20", out _)!.Check(BoardTable.Bench) ?? "");

    [Fact]
    public void Measuring_again_and_again_allocates_nothing()
    {
        using var board = new VirtualBoard();
        board.AddSoilProbe(1);
        ThingPart[] parts = PartList.Parse("soil pir led servo button relay", out _)!.Make(board, new VirtualSettings(), out _);
        var sample = new Sample();
        void Round(long now)
        {
            sample.Clear(now);
            for (int i = 0; i < parts.Length; i++)
            {
                parts[i].Step(now);
                parts[i].TrySample(sample);
            }
        }

        for (int i = 0; i < 1000; i++)
        {
            Round(i * 50);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 1000; i < 2000; i++)
        {
            Round(i * 50);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void A_long_text_is_no_list() => Assert.Equal("a part list has at most 400 characters", Wrong(new string(' ', 401)));

    [Fact]
    public void A_board_without_a_bus_has_no_parts_on_it()
    {
        var board = new BoardPins("bare", [0], [PinCan.Digital], [], []);
        Assert.Equal("\"bme280\": the board bare has no pins for an I2C bus", PartList.Parse("bme280", out _)!.Check(board));
    }
}
