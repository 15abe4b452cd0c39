using IotXmpp.Gateway;
using IotXmpp.Gateway.Pi;
using Xunit;

namespace IotXmpp.Things.Tests.Gateway;

public sealed class PartSettingsTests : IDisposable
{
    private readonly string _model = Path.GetTempFileName();

    public void Dispose() => File.Delete(_model);

    [Theory]
    [InlineData("Raspberry Pi 4 Model B Rev 1.4\0", "raspberry-pi-4")]
    [InlineData("Raspberry Pi Zero 2 W Rev 1.0\0", "raspberry-pi-zero-2w")]
    [InlineData("Some Other Computer\0", null)]
    [InlineData("", null)]
    public void The_machine_says_which_board_it_is(string model, string? board)
    {
        File.WriteAllText(_model, model);
        Assert.Equal(board, PartSettings.Read(null, "", _model).Board?.Board);
    }

    [Fact]
    public void A_machine_without_that_file_has_no_board_and_needs_none() => Assert.Null(PartSettings.Read(null, "", "/nowhere/at/all").Board);

    [Theory]
    [InlineData("raspberry-pi-9", "", "board: there is no \"raspberry-pi-9\"; there are raspberry-pi-4, raspberry-pi-zero-2w.")]
    [InlineData(null, "relay", "parts: this machine does not say which board it is; --board says it: raspberry-pi-4, raspberry-pi-zero-2w.")]
    [InlineData("raspberry-pi-4", "soil@4", "parts: \"soil@4\": GPIO 4 of raspberry-pi-4 cannot do that; these can: none.")]
    [InlineData("raspberry-pi-4", "relay button@17", "parts: \"button@17\": GPIO 17 is used by relay already.")]
    [InlineData("raspberry-pi-4", "bme280 bme280@0x77 dht22 button pir ds18b20 led", "parts: with the gateway's own 5 fields they make 20; a sample holds 16.")]
    public void What_does_not_fit_is_said_in_one_line(string? board, string parts, string expected)
        => Assert.Equal(expected, Assert.Throws<GatewaySettingsException>(() => PartSettings.Read(board, parts, "/nowhere/at/all")).Message);

    [Fact]
    public void A_list_of_a_file_may_have_lines() => Assert.Equal("relay button", PartSettings.Read("raspberry-pi-4", "relay\nbutton\n").Parts);
}
