using System.Device.Gpio;
using IotXmpp.Gateway;
using IotXmpp.Gateway.Pi;
using IotXmpp.Host;
using IotXmpp.Virtual;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.EndToEnd.Gateway;

/// <summary>A gateway with parts on its own pins: those of a Raspberry Pi, virtual ones here.</summary>
public sealed class GatewayPartsTests : GatewayScene
{
    private string _parts = string.Empty;

    protected override GatewaySettings Settings
    {
        get
        {
            GatewaySettings usual = base.Settings;
            (IotXmpp.Things.BoardPins? board, string parts) = PartSettings.Read("raspberry-pi-4", _parts);
            return new GatewaySettings
            {
                Hub = usual.Hub,
                Account = usual.Account,
                Password = usual.Password,
                CaFile = usual.CaFile,
                DataFolder = usual.DataFolder,
                Interval = usual.Interval,
                Owner = usual.Owner,
                Nodes = usual.Nodes,
                Rules = usual.Rules,
                Board = board,
                Parts = parts,
            };
        }
    }

    protected override string Rules => "hot: if temperature > 30 then relay on else relay off";

    [Fact]
    public async Task Its_pins_are_fields_and_parameters_of_its_own_thing_beside_its_health()
    {
        await StopGatewayAsync();
        _parts = "bme280 relay,lost=hold";
        using var board = new VirtualBoard("virtual-pi", BoardTable.Find("raspberry-pi-4"));
        VirtualBme280 air = board.AddBme280();
        air.Temperature = 21.5;
        await StartGatewayAsync(board);
        await OnlineAsync();
        Element timestamp = (await ItemAsync("gateway-1", f => Field(f, "temperature") is not null)).Child("node")!.Child("timestamp")!;
        Assert.Equal("21.5", timestamp.Children().Single(c => c.Attribute("name") == "temperature").Attribute("value"));
        Assert.All((string[])["uptime", "diskUsed", "diskFree"], name => Assert.Contains(timestamp.Children(), c => c.Attribute("name") == name));

        // A person moves a pin, and so does a local rule.
        var set = new Element(Ns.Control, "set");
        set.Add("boolean").Set("name", "relay").Set("value", "true");
        await Owner.SendIqAsync("set", GatewayJid, set);
        Assert.Equal(PinValue.High, board.Pins.Level(17));
        lock (Gateway.Thing.Gate)
        {
            air.Temperature = 35;
        }

        await UntilAsync(() => Log.Any(l => l.Contains("rule hot on: relay=true done", StringComparison.Ordinal)));
        lock (Gateway.Thing.Gate)
        {
            air.Temperature = 20;
        }

        await UntilAsync(() => board.Pins.Level(17) == PinValue.Low);
        await StopGatewayAsync();
        _parts = string.Empty;
        await StartGatewayAsync();
    }

    [Fact]
    public async Task A_build_without_pins_says_so_in_one_line()
    {
        await StopGatewayAsync();
        _parts = "relay";
        GatewaySettingsException wrong = Assert.Throws<GatewaySettingsException>(() => new GatewayHost(Settings, null, Log.Enqueue));
        Assert.StartsWith("parts: the pins of this machine cannot be opened: ", wrong.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', wrong.Message);
        _parts = string.Empty;
        await StartGatewayAsync();
    }

    private static Element? Field(Element fields, string name) => fields.Child("node")?.Child("timestamp")?.Children().FirstOrDefault(c => c.Attribute("name") == name);
}
