using IotXmpp.Esp32;
using IotXmpp.Virtual;
using Xunit;

namespace IotXmpp.Things.Tests.Esp32;

/// <summary>The firmware's pin tables are those of hardware/Boards.</summary>
public sealed class PinTableTests
{
    [Theory]
    [InlineData("esp32-devkitc-v4")]
    [InlineData("esp32-s3-devkitc-1")]
    [InlineData("esp32-c3-devkitm-1")]
    public void A_table_is_equal_to_the_boards_file(string board)
    {
        BoardPins table = Esp32Boards.Find(board, out string wrong);
        Assert.Null(wrong);
        BoardPinout file = BoardPinout.Find(board)!;
        Assert.Equal(file.Board, table.Board);
        Assert.Equal(file.Pins.Select(p => p.Gpio), Enumerable.Range(0, table.Count).Select(table.Gpio));
        Assert.All(file.Pins, pin => Assert.Equal(Bits(pin), table.Can(pin.Gpio)));
        Assert.All(file.Roles, role => Assert.Equal(role.Value, table.Role(role.Key)));
        Assert.Equal((file.Serial?.Tx ?? -1, file.Serial?.Rx ?? -1), (table.SerialTx, table.SerialRx));
        // And no role more: each that the firmware asks for and the file has not is none.
        Assert.All(AllRoles.Except(file.Roles.Keys), role => Assert.Equal(-1, table.Role(role)));
    }

    private static IEnumerable<string> AllRoles => BoardPinout.All.SelectMany(b => b.Roles.Keys).Distinct();

    private static int Bits(BoardPin pin)
    {
        int bits = pin.IsReserved ? PinCan.Reserved : 0;
        foreach (string can in pin.Can)
        {
            bits |= can switch
            {
                "digital" => PinCan.Digital,
                "input" => PinCan.Input,
                "pwm" => PinCan.Pwm,
                "touch" => PinCan.Touch,
                _ => PinCan.Adc(int.Parse(can.AsSpan("adc1:".Length), System.Globalization.CultureInfo.InvariantCulture)),
            };
        }

        return bits;
    }

    [Fact]
    public void A_board_that_is_not_known_is_said_with_those_that_are()
    {
        Assert.Null(Esp32Boards.Find("esp8266", out string wrong));
        Assert.Equal("there is no board \"esp8266\": esp32-devkitc-v4, esp32-s3-devkitc-1 and esp32-c3-devkitm-1 are known", wrong);
    }
}
