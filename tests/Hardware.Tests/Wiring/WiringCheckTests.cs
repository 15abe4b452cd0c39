using IotXmpp.TestKit;
using IotXmpp.Virtual;
using IotXmpp.Wiring;
using Xunit;

namespace IotXmpp.Hardware.Tests.Wiring;

/// <summary>Each fault that would burn a part, or send somebody looking for it, is found and told in one line.</summary>
public sealed class WiringCheckTests
{
    private static readonly BoardPinout Board = BoardPinout.Find("esp32-s3-devkitc-1")!;

    [Fact]
    public void What_is_committed_is_well() => Assert.Empty(Find(Yaml, Bom));

    [Theory]
    [InlineData("{ J1: [GPIO5] }, { W8: [3] }", "{ J1: [GPIO46] }, { W8: [3] }", "a wire is at GPIO 46, which is reserved: strapping")]
    [InlineData("{ J1: [GPIO5] }, { W8: [3] }", "{ J1: [GPIO10] }, { W8: [3] }", "no wire is at GPIO 5, which is relay")]
    [InlineData("{ J1: [GPIO5] }, { W8: [3] }", "{ J1: [GPIO10] }, { W8: [3] }", "a wire is at GPIO 10, which has no role")]
    [InlineData("{ J1: [GPIO5] }, { W8: [3] }", "{ J1: [GPIO4] }, { W8: [3] }", "J1.4 has 2 wires: a header pin takes one")]
    [InlineData("- [{ RELAY: [GND] }, { W8: [2] }, { RAIL_GND: [7] }]", "", "RELAY has no ground")]
    [InlineData("- [{ RELAY: [GND] }, { W8: [2] }, { RAIL_GND: [7] }]", "", "RELAY.GND has no wire")]
    [InlineData("{ RELAY: [VCC] }, { W8: [1] }, { RAIL_5V: [3] }", "{ RELAY: [VCC] }, { W8: [1] }, { RAIL_3V3: [9] }", "RELAY needs 5V and is not at that rail")]
    [InlineData("{ BME280: [VIN] }, { W2: [1] }, { RAIL_3V3: [2] }", "{ BME280: [VIN] }, { W2: [1] }, { RAIL_5V: [2] }", "BME280 is at the rail 5V and made for 3.3V")]
    [InlineData("{ BME280: [VIN] }, { W2: [1] }, { RAIL_3V3: [2] }", "{ BME280: [VIN] }, { W2: [1] }, { RAIL_GND: [2] }", "BME280.VIN is at the rail GND: ground belongs to GND and nothing else does")]
    [InlineData("{ J1: [21] }, { W1: [2] }", "{ J1: [2] }, { W1: [2] }", "the rail 5V is fed from J1.2, which is 3.3V")]
    [InlineData("- [{ J1: [21] }, { W1: [2] }, { RAIL_5V: [1] }]", "", "the rail 5V is fed from nowhere")]
    [InlineData("colors: [RD, OG, BK]", "colors: [OG, RD, BK]", "the orange wire of W1 is at 3.3V")]
    [InlineData("[3V3, 3V3, RST, GPIO4, GPIO5,", "[3V3, 3V3, RST, GPIO5, GPIO4,", "wiring.yml labels J1 otherwise than pins.json")]
    public void A_fault_in_the_wiring_is_found(string from, string to, string finding)
    {
        Assert.Contains(from, Yaml, StringComparison.Ordinal);
        Assert.Contains(Find(Yaml.Replace(from, to, StringComparison.Ordinal), Bom), f => f.StartsWith(finding, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("PIR,HC-SR501 motion sensor,1,20,,5V,3.3,", "PIR,HC-SR501 motion sensor,1,20,,5V,5,", "PIR gives up to 5 V to a pin that stands 3.3 V")]
    [InlineData("PIR,HC-SR501", "PIR2,HC-SR501", "PIR is wired and not in bom.csv")]
    [InlineData("PIR,HC-SR501", "PIR2,HC-SR501", "PIR2 of bom.csv draws current and is not wired on esp32-s3-devkitc-1")]
    [InlineData("1,6,0.7,5V,,10,700", "1,6,0.7,5V,,10,1700", "the parts draw up to 2154 mA, more than the supply's 2000 mA")]
    [InlineData("1,5.5,,3.3V,3.0,5,6", "1,5.5,,3.3V,3.0,5,306", "the parts at 3.3 V draw up to 311 mA, more than the 300 mA that the board gives")]
    [InlineData("PSU,", "SUPPLY,", "bom.csv lacks BOARD (the board) or PSU (its supply)")]
    public void A_fault_in_the_parts_list_is_found(string from, string to, string finding)
    {
        Assert.Contains(from, Bom, StringComparison.Ordinal);
        Assert.Contains(finding, Find(Yaml, Bom.Replace(from, to, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("", "wiring.yml is empty")]
    [InlineData("connectors: [", "wiring.yml, line 1:")]
    [InlineData("boards: {}", "wiring.yml, line 1:")]
    [InlineData("connectors: { R1: { type: Resistor } }", "wiring.yml: R1 lacks type or pinlabels")]
    [InlineData("cables: { W1: { wirecount: 2, colors: [RD] } }", "wiring.yml: W1 has not as many colors as wirecount says")]
    [InlineData("cables: { W1: { wirecount: 1, colors: [XX] } }", "wiring.yml: W1 has the color XX, which is none of BK, ")]
    [InlineData("connections: [[{ A: [1] }, { B: [1] }]]", "wiring.yml: connection 1 is not connector, cable, connector")]
    [InlineData("connections: [[{ A: [1] }, { B: [1] }, { C: [1] }]]", "wiring.yml: connection 1 names A, B, C, of which one is not there")]
    [InlineData("connectors: { A: { type: a, pinlabels: [X] } }\ncables: { W: { wirecount: 1, colors: [GN] } }\nconnections: [[{ A: [Y] }, { W: [1] }, { A: [X] }]]", "wiring.yml: A has no pin Y")]
    [InlineData("connectors: { A: { type: a, pinlabels: [X, Y] } }\ncables: { W: { wirecount: 1, colors: [GN] } }\nconnections: [[{ A: [X] }, { W: [2] }, { A: [Y] }]]", "wiring.yml: W has no wire 2")]
    [InlineData("connectors: { A: { type: a, pinlabels: [X, Y] } }\ncables: { W: { wirecount: 1, colors: [GN] } }\nconnections: [[{ A: [X, X] }, { W: [1, 1] }, { A: [Y, Y] }]]", "wiring.yml: wire 1 of W is used twice")]
    public void A_file_that_is_no_wiring_is_refused_with_one_line(string yaml, string message)
    {
        string told = Assert.Throws<WiringException>(() => WiringFile.Parse(yaml)).Message;
        Assert.StartsWith(message, told, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', told);
    }

    [Theory]
    [InlineData("a,b\n", "bom.csv does not begin with ref,part,")]
    [InlineData(BomFile.Header + "\nR1,Resistor\n", "bom.csv, line 2: it has 2 fields and needs 10")]
    [InlineData(BomFile.Header + "\nR1,Resistor,x,,,,,,,\n", "bom.csv, line 2: quantity is a number, not \"x\"")]
    [InlineData(BomFile.Header + "\nR1,Resistor,0,,,,,,,\n", "bom.csv, line 2: quantity is a whole number from 1, not \"0\"")]
    [InlineData(BomFile.Header + "\nR1,Resistor,1,,,12V,,,,\n", "bom.csv, line 2: supply is 3.3V, 5V, mains, battery or empty, not \"12V\"")]
    [InlineData(BomFile.Header + "\nR1,Resistor,1,,,,,,,\nR1,Resistor,1,,,,,,,\n", "bom.csv, line 3: R1 is there already")]
    public void A_file_that_is_no_parts_list_is_refused_with_one_line(string csv, string message)
        => Assert.StartsWith(message, Assert.Throws<WiringException>(() => BomFile.Parse(csv)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_field_may_hold_commas_and_quotes()
        => Assert.Equal("an \"A\", one", BomFile.Parse(BomFile.Header + "\nX,\"an \"\"A\"\", one\",1,,,,,,,\n").Lines[0].Part);

    private static string Yaml => File.ReadAllText(Repository.Path("hardware", "Boards", "esp32-s3-devkitc-1", "wiring.yml"));

    private static string Bom => File.ReadAllText(Repository.Path("hardware", "Boards", "esp32-s3-devkitc-1", "bom.csv"));

    private static string[] Find(string yaml, string bom) => [.. WiringCheck.Find(Board, WiringFile.Parse(yaml), BomFile.Parse(bom))];
}
