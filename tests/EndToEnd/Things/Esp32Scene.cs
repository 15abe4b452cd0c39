using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using IotXmpp.Esp32;
using IotXmpp.Host;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using IotXmpp.Virtual;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.EndToEnd.Things;

/// <summary>The hub as a process, and a virtual ESP32 with the application of the real board, over real sockets and TLS.</summary>
public abstract class Esp32Scene : IAsyncLifetime
{
    /// <summary>A bound for waits that end by an event: far more than a slow machine needs.</summary>
    protected static readonly TimeSpan Limit = TimeSpan.FromSeconds(180);

    private readonly TempFolder _folder = new("esp32");
    private readonly ConcurrentQueue<VirtualEvent> _events = new();
    private readonly ConcurrentQueue<string> _serial = new();
    private readonly int _port = Ports.Free();
    private HubProcess _hub = null!;
    private VirtualThing _thing = null!;

    /// <summary>The hub.</summary>
    protected HubProcess Hub => _hub;

    /// <summary>The thing that <see cref="Make"/> has made.</summary>
    protected VirtualThing Thing => _thing;

    /// <summary>Its board.</summary>
    protected Esp32Host Board => _thing.Esp32!;

    /// <summary>What has happened to it.</summary>
    protected IReadOnlyCollection<VirtualEvent> Events => _events;

    /// <summary>Its serial line.</summary>
    protected IReadOnlyCollection<string> Serial => _serial;

    /// <summary>A folder for the test.</summary>
    protected string Folder => _folder.Path;

    private string Data => _folder.File("data");

    private string Authority => Path.Combine(Data, "ca.pem");

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        await HubProcess.PrepareAsync(Data, "board-1", "bob");
        await StartHubAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_thing is not null)
        {
            await _thing.DisposeAsync();
        }

        await _hub.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>Starts a hub on the same data and port.</summary>
    protected async Task StartHubAsync()
    {
        _hub = await HubProcess.StartTlsAsync(Data, _port);
        _thing?.ReconnectNow();
    }

    /// <summary>Ends the hub as a power cut does, and starts it again.</summary>
    protected async Task KillHubAsync()
    {
        await _hub.Process.KillAsync();
        await _hub.DisposeAsync();
    }

    /// <summary>Makes a thing that is off.</summary>
    protected void Make(string kind, string? authority = null, DeviceKey? key = null, int flashBytes = VirtualFlash.DefaultCapacity, TimeProvider? time = null, int chipPin = -1)
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
            FlashBytes = flashBytes,
            Time = time ?? TimeProvider.System,
        });
        _thing.KeepWatchdog(time ?? TimeProvider.System);
        _thing.Happened += _events.Enqueue;
        _thing.Esp32!.Board.Said += _serial.Enqueue;
        if (chipPin >= 0)
        {
            _thing.Esp32.Board.AddWatchdogChip(chipPin, 8000);
        }
    }

    /// <summary>Makes a thing, switches it on and waits until the hub has its first sample.</summary>
    protected async Task StartThingAsync(string kind, int flashBytes = VirtualFlash.DefaultCapacity, TimeProvider? time = null, int chipPin = -1)
    {
        Make(kind, flashBytes: flashBytes, time: time, chipPin: chipPin);
        _thing.Start();
        await _thing.FirstPublished.WaitAsync(Limit, TestContext.Current.CancellationToken);
    }

    /// <summary>The keys that the hub makes of the password.</summary>
    protected async Task<DeviceKey> KeyAsync()
    {
        var settings = new VirtualSettings();
        await using XmppConnection connection = await LoginAsync("board-1", settings);
        return new DeviceKey(new Sasl.ScramCache(settings).Last());
    }

    /// <summary>Logs a person in.</summary>
    protected async Task<XmppConnection> LoginAsync(string account, ISettings? settings = null)
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

    /// <summary>Waits until the ring has emptied and switches the thing off: no sample is missing at the hub, and none is there twice.</summary>
    protected async Task AssertNothingMissingAsync()
    {
        await UntilAsync(() => _thing.Invoke((client, loop) => client.IsOnline && loop.Ring.Count == 0), "the ring does not empty");
        await AssertAllThereAsync(0);
    }

    /// <summary>Switches the thing off: all samples but so many are at the hub or on flash, and none is at the hub twice.</summary>
    /// <param name="dropped">How many a full ring has dropped.</param>
    protected async Task AssertAllThereAsync(long dropped)
    {
        await _thing.StopAsync();
        await using XmppConnection reader = await LoginAsync("board-1");
        List<string> times = await reader.TimesAsync("board-1");
        Assert.NotEmpty(times);
        Assert.Equal(times.Count, times.Distinct().Count());
        // The last batch may have arrived although the thing, which was going, had no answer: then it is on flash, too.
        int sampled = Count(VirtualEventKind.Sampled);
        List<string> kept = Telemetry.Kept(_thing.Flash);
        Assert.True(
            sampled == times.Union(kept).Count() + dropped,
            $"of {sampled} samples {times.Count} are at the hub, {kept.Count} on flash, {dropped} dropped: {string.Join(" | ", _serial.Where(l => l.Contains("started", StringComparison.Ordinal)))}");
    }

    /// <summary>How often something has happened.</summary>
    protected int Count(VirtualEventKind kind) => _events.Count(e => e.Kind == kind);

    /// <summary>Whether a line was written to the serial line.</summary>
    protected bool Said(string beginning, string part = "") => _serial.Any(l => l.StartsWith("iotxmpp: " + beginning, StringComparison.Ordinal) && l.Contains(part, StringComparison.Ordinal));

    /// <summary>Sends a signal to the hub that this test started, by its id.</summary>
    protected void Signal(string signal)
    {
        string hub = _hub.Process.Process.Id.ToString(CultureInfo.InvariantCulture);
        using var kill = Process.Start("kill", [$"-{signal}", hub]);
        kill.WaitForExit();
        Assert.Equal(0, kill.ExitCode);
        // It stands still only when each of its threads has had its turn: until then it still answers.
        while (signal == "STOP" && Directory.EnumerateDirectories($"/proc/{hub}/task").Any(task => !File.ReadAllText(task + "/stat").Contains(") T ", StringComparison.Ordinal)))
        {
            Thread.Sleep(5);
        }
    }

    /// <summary>Waits for something that the board brings about.</summary>
    protected async Task UntilAsync(Func<bool> condition, string otherwise)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!condition())
        {
            Assert.False(limit.IsCancellationRequested, $"{otherwise}: {string.Join(" | ", _serial.TakeLast(15))}");
            await Task.Delay(50, CancellationToken.None);
        }
    }
}
