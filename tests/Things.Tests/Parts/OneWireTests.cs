using FsCheck;
using FsCheck.Fluent;
using IotXmpp.Things;
using IotXmpp.Virtual;
using Xunit;

namespace IotXmpp.Things.Tests.Parts;

public sealed class OneWireTests
{
    private readonly VirtualOneWireBus _wire = new();

    private byte[][] Search(int room)
    {
        byte[] roms = new byte[room * 8];
        int found = new OneWireBus(_wire).Search(roms);
        return [.. Enumerable.Range(0, found).Select(i => roms[(i * 8)..((i * 8) + 8)])];
    }

    private VirtualDs18b20 Add(long serial, byte family = Ds18b20.FamilyCode)
    {
        var part = new VirtualDs18b20(() => 0, serial, family);
        _wire.Attach(part);
        return part;
    }

    [Fact]
    public void The_checksum_of_application_note_27_comes_out()
    {
        // Maxim application note 27, example: the ROM code A2 00 00 00 01 B8 1C 02 read from the last byte.
        byte[] rom = [0x02, 0x1C, 0xB8, 0x01, 0x00, 0x00, 0x00, 0xA2];
        Assert.Equal(0xA2, OneWireBus.Crc(rom, 0, 7));
        Assert.Equal(0, OneWireBus.Crc(rom, 0, 8));
    }

    [Fact]
    public void Nobody_on_the_bus_is_nobody_found() => Assert.Empty(Search(4));

    [Fact]
    public void A_bus_that_is_held_low_has_nobody_on_it()
    {
        _wire.IsShorted = true;
        Assert.Empty(Search(4));
    }

    [Fact]
    public void Every_part_is_found_once()
        => Check.QuickThrowOnFailure(Prop.ForAll(Gen.NonEmptyListOf(Gen.Choose(0, int.MaxValue)).ToArbitrary(), serials =>
        {
            var wire = new VirtualOneWireBus();
            // Small and large numbers, so that codes differ early and late.
            long[] distinct = [.. serials.Take(12).Select((s, i) => i % 2 == 0 ? s & 7 : (long)s << 16).Distinct()];
            VirtualDs18b20[] parts = [.. distinct.Select(s => new VirtualDs18b20(() => 0, s))];
            Array.ForEach(parts, wire.Attach);
            byte[] roms = new byte[16 * 8];
            int found = new OneWireBus(wire).Search(roms);
            string[] codes = [.. Enumerable.Range(0, found).Select(i => RomText.Format(roms, i * 8))];
            return codes.Order(StringComparer.Ordinal).SequenceEqual(parts.Select(p => RomText.Format(p.Rom, 0)).Order(StringComparer.Ordinal));
        }));

    [Fact]
    public void A_search_ends_where_there_is_no_more_room()
    {
        for (int i = 1; i <= 5; i++)
        {
            Add(i);
        }

        Assert.Equal(3, Search(3).Length);
    }

    [Fact]
    public void A_disturbed_search_tells_no_part_that_is_not_there()
    {
        VirtualDs18b20 part = Add(0x123456789ABC);
        for (int slot = 8; slot < 8 + (3 * 64); slot++)
        {
            _wire.DisturbInSlots = slot;
            Assert.All(Search(4), rom => Assert.Equal(part.Rom, rom));
            _wire.DisturbInSlots = -1;
        }
    }

    [Fact]
    public void Only_who_is_meant_answers()
    {
        VirtualDs18b20 one = Add(1);
        VirtualDs18b20 two = Add(2);
        var bus = new OneWireBus(_wire);
        Assert.True(bus.TryTransfer(one.Rom, [0x44], null));
        Assert.Equal((1, 0), (one.Conversions, two.Conversions));
        Assert.True(bus.TryTransfer(null, [0x44], null));
        Assert.Equal((2, 1), (one.Conversions, two.Conversions));
    }

    [Theory]
    [InlineData("28ff641e8216035c", false)]
    [InlineData("28FF", false)]
    [InlineData("28ff641e821603zz", false)]
    [InlineData("", false)]
    [InlineData("0000000000000000", true)]
    public void A_rom_code_is_read_with_its_checksum(string text, bool good) => Assert.Equal(good, RomText.Parse(text) is not null);

    [Fact]
    public void A_rom_code_is_written_as_it_is_read()
    {
        VirtualDs18b20 part = Add(0xA1B2C3D4E5F6);
        string text = RomText.Format(part.Rom, 0);
        Assert.StartsWith("28f6e5d4c3b2a1", text, StringComparison.Ordinal);
        Assert.Equal(part.Rom, RomText.Parse(text));
        Assert.Equal(part.Rom, RomText.Parse(text.ToUpperInvariant()));
    }
}
