using System.Device.Gpio;
using IotXmpp.Esp32;
using IotXmpp.Host;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Servers;
using IotXmpp.Virtual;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.EndToEnd.Things;

/// <summary>What a board survives of its radio and its hub: lost, killed, silent, a stranger, asked twice.</summary>
public sealed class Esp32Tests : Esp32Scene
{
    private const int ChipPin = 13;

    [Fact]
    public async Task A_radio_that_is_lost_costs_no_sample()
    {
        await StartThingAsync("bme280");
        int before = Count(VirtualEventKind.Online);
        Board.Radio.IsInReach = false;
        int sampled = Count(VirtualEventKind.Sampled);
        await UntilAsync(() => Count(VirtualEventKind.Sampled) > sampled + 20, "the board does not measure without the radio");
        await KillHubAsync(); // meanwhile nobody can tell the board
        await StartHubAsync();
        Board.Radio.IsInReach = true;
        await UntilAsync(() => Count(VirtualEventKind.Online) > before, "the board is not back");
        await AssertNothingMissingAsync();
    }

    [Fact]
    public async Task A_hub_that_is_killed_costs_no_sample()
    {
        await StartThingAsync("bme280");
        for (int i = 0; i < 2; i++)
        {
            int before = Count(VirtualEventKind.Online);
            await Hub.Process.KillAsync();
            await UntilAsync(() => Count(VirtualEventKind.Offline) > i, "the board has not noticed");
            int sampled = Count(VirtualEventKind.Sampled);
            await UntilAsync(() => Count(VirtualEventKind.Sampled) > sampled + 10, "the board does not measure without the hub");
            await Hub.DisposeAsync();
            await StartHubAsync();
            await UntilAsync(() => Count(VirtualEventKind.Online) > before, "the board is not back");
        }

        await AssertNothingMissingAsync();
        Assert.Equal(1, Board.Board.Boots);
    }

    [Fact]
    public async Task A_hub_that_is_silent_in_the_handshake_freezes_the_board_until_its_watchdog_chip_resets_it()
    {
        await StartThingAsync("bme280", chipPin: ChipPin);
        await SilenceAsync(async () =>
        {
            await UntilAsync(() => Board.Board.WatchdogResets == 1 && Said("started", "boot=watchdog"), "the chip did not reset the board");
            // Once bitten it asks for a sign of life first, and measures on.
            await UntilAsync(() => Said("hub-unreachable", BoardSocket.Silent), "the board does not look first");
            int sampled = Count(VirtualEventKind.Sampled);
            await UntilAsync(() => Count(VirtualEventKind.Sampled) > sampled + 5, "the board does not measure");
        });
        Assert.Equal(1, Board.Board.WatchdogResets);
        await AssertNothingMissingAsync();
    }

    [Fact]
    public async Task A_hub_that_is_silent_in_the_handshake_does_not_freeze_a_board_that_has_no_watchdog_chip()
    {
        await StartThingAsync("bme280");
        await SilenceAsync(async () =>
        {
            await UntilAsync(() => Said("hub-unreachable", BoardSocket.Silent), "the board does not look first");
            int sampled = Count(VirtualEventKind.Sampled);
            await UntilAsync(() => Count(VirtualEventKind.Sampled) > sampled + 5, "the board does not measure");
        });
        Assert.Equal(1, Board.Board.Boots);
        await AssertNothingMissingAsync();
    }

    [Fact]
    public async Task A_hub_with_another_authority_is_never_told_anything()
    {
        using var other = new TempFolder("other");
        await HubProcess.PrepareAsync(other.File("data"), "x");
        Make("bme280", Path.Combine(other.File("data"), "ca.pem"), await KeyAsync());
        Thing.Start();
        await UntilAsync(() => Said("hub-untrusted"), "the board does not say that it does not trust the hub");
        Assert.DoesNotContain(Events, e => e.Kind == VirtualEventKind.Online);
        // The same board with the right authority would have been let in.
        Assert.True(Thing.Invoke((client, _) => client.Options.Keys is not null && client.Options.Password.Length == 0));
    }

    [Fact]
    public async Task A_command_that_comes_again_after_a_reconnect_is_done_once()
    {
        await StartThingAsync("relay");
        await CommandAsync();
        Assert.Equal(PinValue.High, Thing.Board.Pins.Level(5));
        int before = Count(VirtualEventKind.Online);
        Thing.Invoke((client, _) =>
        {
            client.Drop();
            return true;
        });
        await UntilAsync(() => Count(VirtualEventKind.Online) > before, "the board is not back");
        await CommandAsync();
        before = Count(VirtualEventKind.Online);
        Board.CyclePower();
        await UntilAsync(() => Count(VirtualEventKind.Online) > before, "the board is not back after its plug was pulled");
        await CommandAsync();
        Assert.Equal(1, Count(VirtualEventKind.Controlled));
    }

    // The hub's process is stopped: the kernel goes on accepting, so TCP stands, and TLS is silent.
    private async Task SilenceAsync(Func<Task> meanwhile)
    {
        Signal("STOP");
        try
        {
            Thing.Invoke((client, _) =>
            {
                client.Drop();
                client.ReconnectNow();
                return true;
            });
            await meanwhile();
        }
        finally
        {
            Signal("CONT");
        }

        Thing.Invoke((client, _) =>
        {
            client.ReconnectNow(); // not after a back-off that has grown
            return true;
        });
        await UntilAsync(() => Thing.Invoke((client, _) => client.IsOnline), "the board is not back");
    }

    private async Task CommandAsync()
    {
        await using XmppConnection board = await LoginAsync("board-1");
        var command = new Element(Ns.Command, "command");
        command.Set("id", "q-1");
        var set = new Element(Ns.Control, "set");
        set.Add("boolean").Set("name", "relay").Set("value", "true");
        command.Add(set);
        Element answer = await board.SendIqAsync("set", Thing.Account.WithResource("thing"), command);
        Assert.NotNull(answer.Child(Ns.Control, "setResponse"));
    }
}
