using System.Collections.Concurrent;
using System.Device.Gpio;
using System.Diagnostics;
using System.Globalization;
using IotXmpp.Esp32;
using IotXmpp.Host;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using IotXmpp.Virtual;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.EndToEnd.Things;

/// <summary>The application of an ESP32 board against the hub as a process, over real sockets and TLS: killed, stopped, silent.</summary>
public sealed class Esp32Tests : IAsyncLifetime
{
    /// <summary>A bound for waits that end by an event: far more than a slow machine needs.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    private readonly TempFolder _folder = new("esp32");
    private readonly ConcurrentQueue<VirtualEvent> _events = new();
    private readonly ConcurrentQueue<string> _serial = new();
    private readonly int _port = Ports.Free();
    private HubProcess _hub = null!;
    private VirtualThing _thing = null!;

    private string Data => _folder.File("data");

    private string Authority => Path.Combine(Data, "ca.pem");

    public async ValueTask InitializeAsync()
    {
        await HubProcess.PrepareAsync(Data, "board-1", "bob");
        await StartHubAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_thing is not null)
        {
            await _thing.DisposeAsync();
        }

        await _hub.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_hub_that_is_killed_costs_no_sample()
    {
        Make("bme280");
        _thing.Start();
        await _thing.FirstPublished.WaitAsync(Limit, TestContext.Current.CancellationToken);
        for (int i = 0; i < 2; i++)
        {
            int before = Count(VirtualEventKind.Online);
            await _hub.Process.KillAsync();
            await UntilAsync(() => Count(VirtualEventKind.Offline) > i, "the board has not noticed");
            int sampled = Count(VirtualEventKind.Sampled);
            await UntilAsync(() => Count(VirtualEventKind.Sampled) > sampled + 10, "the board does not measure without the hub");
            await _hub.DisposeAsync();
            await StartHubAsync();
            await UntilAsync(() => Count(VirtualEventKind.Online) > before, "the board is not back");
        }

        await AssertNothingMissingAsync();
        Assert.Equal(1, _thing.Esp32!.Board.Boots);
    }

    [Fact]
    public async Task A_hub_that_is_silent_in_the_handshake_freezes_the_board_until_its_watchdog_resets_it()
    {
        Make("bme280");
        _thing.Esp32!.WatchdogMs = 3000;
        _thing.Start();
        await _thing.FirstPublished.WaitAsync(Limit, TestContext.Current.CancellationToken);
        Signal("STOP"); // the kernel goes on accepting: TCP stands, TLS is silent
        try
        {
            _thing.Invoke((client, _) =>
            {
                client.Drop();
                client.ReconnectNow();
                return true;
            });
            await UntilAsync(() => _thing.Esp32.Board.WatchdogResets >= 2, "the watchdog did not reset the board");
        }
        finally
        {
            Signal("CONT");
        }

        await UntilAsync(() => _serial.Any(l => l.Contains("boot=watchdog", StringComparison.Ordinal)) && _thing.Invoke((client, _) => client.IsOnline), "the board is not back");
        await AssertNothingMissingAsync();
    }

    [Fact]
    public async Task A_radio_that_is_lost_costs_no_sample()
    {
        Make("bme280");
        _thing.Start();
        await _thing.FirstPublished.WaitAsync(Limit, TestContext.Current.CancellationToken);
        int before = Count(VirtualEventKind.Online);
        _thing.Esp32!.Radio.IsInReach = false;
        int sampled = Count(VirtualEventKind.Sampled);
        await UntilAsync(() => Count(VirtualEventKind.Sampled) > sampled + 20, "the board does not measure without the radio");
        await _hub.Process.KillAsync(); // meanwhile nobody can tell the board
        await _hub.DisposeAsync();
        await StartHubAsync();
        _thing.Esp32.Radio.IsInReach = true;
        await UntilAsync(() => Count(VirtualEventKind.Online) > before, "the board is not back");
        await AssertNothingMissingAsync();
    }

    [Fact]
    public async Task A_hub_with_another_authority_is_never_told_anything()
    {
        using var other = new TempFolder("other");
        await HubProcess.PrepareAsync(other.File("data"), "x");
        Make("bme280", Path.Combine(other.File("data"), "ca.pem"), await KeyAsync());
        _thing.Start();
        await UntilAsync(() => _serial.Any(l => l.StartsWith("iotxmpp: hub-untrusted", StringComparison.Ordinal)), "the board does not say that it does not trust the hub");
        Assert.DoesNotContain(_events, e => e.Kind == VirtualEventKind.Online);
        // The same board with the right authority would have been let in.
        Assert.True(_thing.Invoke((client, _) => client.Options.Keys is not null && client.Options.Password.Length == 0));
    }

    [Fact]
    public async Task A_wrong_clock_keeps_the_board_out_and_the_right_one_lets_it_in()
    {
        Make("bme280");
        _thing.Esp32!.TimeError = -TimeSpan.FromDays(400);
        _thing.Start();
        await UntilAsync(() => _serial.Any(l => l.StartsWith("iotxmpp: clock-failed", StringComparison.Ordinal)), "the board believes a time before its firmware was made");
        Assert.DoesNotContain(_events, e => e.Kind is VirtualEventKind.Online or VirtualEventKind.Sampled);
        _thing.Esp32.TimeError = TimeSpan.Zero;
        await _thing.FirstPublished.WaitAsync(Limit, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_command_that_comes_again_after_a_reconnect_is_done_once()
    {
        Make("relay");
        _thing.Start();
        await _thing.FirstPublished.WaitAsync(Limit, TestContext.Current.CancellationToken);
        await CommandAsync();
        Assert.Equal(PinValue.High, _thing.Board.Pins.Level(5));
        int before = Count(VirtualEventKind.Online);
        _thing.Invoke((client, _) =>
        {
            client.Drop();
            return true;
        });
        await UntilAsync(() => Count(VirtualEventKind.Online) > before, "the board is not back");
        await CommandAsync();
        Assert.Equal(1, Count(VirtualEventKind.Controlled));
    }

    private static IEnumerable<Element> Children(Element element) => Enumerable.Range(0, element.ChildCount).Select(element.ChildAt);

    private async Task StartHubAsync() => _hub = await HubProcess.StartTlsAsync(Data, _port);

    private void Make(string kind, string? authority = null, DeviceKey? key = null)
    {
        _thing = new VirtualThing(new VirtualThingOptions
        {
            Kind = kind,
            Account = new Jid("board-1", "hub.test", ""),
            Password = "board-1",
            Key = key,
            Hub = new ServerAddress("127.0.0.1", _port, true),
            Authorities = HostOptions.ReadAuthorities(authority ?? Authority),
            Interval = TimeSpan.FromMilliseconds(200),
            Owner = new Jid("bob", "hub.test", ""),
        });
        _thing.Happened += _events.Enqueue;
        _thing.Esp32!.Board.Said += _serial.Enqueue;
    }

    private async Task<DeviceKey> KeyAsync()
    {
        var settings = new VirtualSettings();
        await using XmppConnection connection = await LoginAsync("board-1", settings);
        return new DeviceKey(new Sasl.ScramCache(settings).Last());
    }

    private async Task<XmppConnection> LoginAsync(string account, ISettings? settings = null)
    {
        var connection = new XmppConnection(new HostOptions
        {
            Client = ClientOptions.ForTool(new Jid(account, "hub.test", ""), account),
            Server = new ServerAddress("127.0.0.1", _port, true),
            Authorities = HostOptions.ReadAuthorities(Authority),
            Settings = settings,
            AnnouncePresence = false,
        });
        await connection.ConnectAsync();
        return connection;
    }

    private async Task CommandAsync()
    {
        await using XmppConnection board = await LoginAsync("board-1");
        var command = new Element(Ns.Command, "command");
        command.Set("id", "q-1");
        var set = new Element(Ns.Control, "set");
        set.Add("boolean").Set("name", "relay").Set("value", "true");
        command.Add(set);
        Element answer = await board.SendIqAsync("set", _thing.Account.WithResource("thing"), command);
        Assert.NotNull(answer.Child(Ns.Control, "setResponse"));
    }

    // Every sample that was measured is at the hub or, the last of them, still on flash; none is there twice.
    private async Task AssertNothingMissingAsync()
    {
        await UntilAsync(() => _thing.Invoke((client, loop) => client.IsOnline && loop.Ring.Count == 0), "the ring does not empty");
        await _thing.StopAsync();
        await using XmppConnection reader = await LoginAsync("board-1");
        var query = new Element(Ns.PubSub, "pubsub");
        query.Add("items").Set("node", "things/board-1/telemetry");
        Element answer = await reader.SendIqAsync("get", new Jid("", "pubsub.hub.test", ""), query);
        Element items = answer.Child(Ns.PubSub, "pubsub")!.Child("items")!;
        List<string> times = [.. Children(items).SelectMany(i => Children(i.Child(Ns.SensorData, "fields")!.Child("node")!)).Select(t => t.Attribute("value")!)];
        Assert.Equal(times.Count, times.Distinct().Count());
        int kept = new IotXmpp.Things.TelemetryRing(_thing.Flash, BoardOptions.RingSegmentBytes, BoardOptions.RingSegments).Count;
        Assert.Equal(Count(VirtualEventKind.Sampled), times.Count + kept);
        Assert.NotEmpty(times);
    }

    private int Count(VirtualEventKind kind) => _events.Count(e => e.Kind == kind);

    // A signal to the hub that this test started, by its id.
    private void Signal(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", _hub.Process.Process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
        Assert.Equal(0, kill.ExitCode);
    }

    // Waits for something that the board brings about: looked at again with each of its events and lines.
    private async Task UntilAsync(Func<bool> condition, string otherwise)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!condition())
        {
            Assert.False(limit.IsCancellationRequested, $"{otherwise}: {string.Join(" | ", _serial.TakeLast(15))}");
            await Task.Delay(50, CancellationToken.None);
        }
    }
}
