using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using IotXmpp.Gateway;
using IotXmpp.Host;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using IotXmpp.Things;
using IotXmpp.Virtual;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.EndToEnd.Gateway;

/// <summary>
/// A gateway comes back with days of samples of twenty things: all of them go out with their own times, in a bounded memory, and commands do not wait for them. A part of the seven days by default;
/// <c>IOTXMPP_BACKLOG=12096000</c> is the whole, and takes as long as it takes.
/// </summary>
public sealed class GatewayBacklogTests : IAsyncLifetime
{
    private const string Password = "correct horse";
    private const int Things = 20;

    /// <summary>Memory that the process may have had, at most. A bound for the whole as for a part: what waits is on the disk.</summary>
    private const long MemoryLimit = 400L << 20;

    private readonly TempFolder _folder = new("backlog");
    private readonly long _samples = long.Parse(Environment.GetEnvironmentVariable("IOTXMPP_BACKLOG") ?? "40000", CultureInfo.InvariantCulture);
    private readonly int _port = Ports.Free();
    private readonly HashSet<long> _times = [];
    private readonly Lock _gate = new();
    private CancellationTokenSource _limit = null!;
    private HubHost _hub = null!;
    private XmppConnection _owner = null!;

    /// <summary>Whether this is a measurement, as fast as it goes; a part is sent at a rate that leaves time to look.</summary>
    private bool IsWhole => _samples > 1_000_000;

    private CancellationToken Cancel => _limit.Token;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the memory of a process is read from /proc");
        _limit = new CancellationTokenSource(TimeSpan.FromSeconds(400) + TimeSpan.FromMilliseconds(_samples));
        _hub = await HubHost.StartAsync();
        await _hub.AddAccountAsync("gateway-1", Password);
        await _hub.AddAccountAsync("owner", Password);
        await _hub.SetOwnerAsync("gateway-1", "owner");
        await File.WriteAllTextAsync(_folder.File("password"), Password, Cancel);
        PrivateFile.MakeFolder(_folder.File("data"));
        _owner = new XmppConnection(new HostOptions
        {
            Client = ClientOptions.ForTool(new Jid("owner", "hub.test", ""), Password),
            Server = new ServerAddress("127.0.0.1", _hub.DirectTls!.Port, true),
            Authorities = HostOptions.ReadAuthorities(_hub.Server.AuthorityFile!),
        });
        _owner.MessageReceived += Take;
        await _owner.ConnectAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_hub is not null)
        {
            await _owner.DisposeAsync();
            await _hub.DisposeAsync();
        }

        _limit?.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Days_of_samples_drain_with_their_own_times_and_commands_do_not_wait()
    {
        var keys = new NodeKeys(_folder.File("data/nodes.json"));
        for (int i = 0; i < Things; i++)
        {
            keys.Add($"node-{i}");
        }

        string valveKey = keys.Add("valve");
        await SubscribeAsync();

        var clock = Stopwatch.StartNew();
        long seconds = _samples / Things;
        DateTimeOffset begin = new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);
        Fill(begin, seconds);
        double filled = clock.Elapsed.TotalSeconds;
        long bytes = new FileInfo(_folder.File("data/samples.db")).Length;

        await using GatewayProcess gateway = Start();
        await using VirtualNode valve = await GatewayWaits.ConnectAsync("valve", valveKey, _port, Cancel, n => n.Values["open"] = false);
        await gateway.UntilAsync(() => gateway.Status() is { Online: true, Published: > 0 }, Cancel);
        clock.Restart();
        long before = gateway.Status()!.Waiting;
        int commands = 0;
        double slowest = 0;
        long waiting = before;
        while (waiting > 0)
        {
            Assert.False(gateway.HasExited, "the gateway ended by itself");
            long start = Stopwatch.GetTimestamp();
            var set = new Element(Ns.Control, "set");
            set.Add("node").Set("nodeId", "valve");
            set.Add("boolean").Set("name", "open").Set("value", commands % 2 == 0 ? "true" : "false");
            try
            {
                Assert.NotNull((await _owner.SendIqAsync("set", new Jid("gateway-1", "hub.test", "thing"), set, null, Cancel)).Child(Ns.Control, "setResponse"));
            }
            catch (StanzaException e) when (commands == 0 && e.Error.Condition is "recipient-unavailable")
            {
                continue; // the valve is not in yet
            }

            slowest = Math.Max(slowest, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            commands++;
            await Task.Delay(20, Cancel);
            waiting = gateway.Status()!.Waiting;
        }

        double drained = clock.Elapsed.TotalSeconds;
        GatewayStatus end = gateway.Status()!;
        Assert.Equal(0, end.Dropped);
        Assert.True(commands > 1, $"{commands} commands were done meanwhile");
        await gateway.UntilAsync(() => Seen() == seconds, Cancel);
        lock (_gate)
        {
            Assert.Equal(begin.ToUnixTimeMilliseconds(), _times.Min());
            Assert.Equal(begin.AddSeconds(seconds - 1).ToUnixTimeMilliseconds(), _times.Max());
        }

        Assert.InRange(gateway.PeakMemory, 1, MemoryLimit);
        TestContext.Current.SendDiagnosticMessage(string.Create(
            CultureInfo.InvariantCulture,
            $"{_samples} samples: {bytes / 1e6:F1} MB on the disk ({(double)bytes / _samples:F1} B each), written in {filled:F0} s; {before} waited when it was online, at the hub {drained:F1} s later ({before / drained:F0} a second); {commands} commands meanwhile, the slowest {slowest:F0} ms; {gateway.PeakMemory / 1048576} MB of memory at most"));
    }

    private static Sample Climate(long time, long temperature)
    {
        var sample = new Sample();
        sample.Clear(time);
        sample.AddNumeric("temperature", "°C", temperature, 1);
        sample.AddNumeric("humidity", "%", 480 + (temperature % 7), 1);
        sample.AddString("state", temperature % 2 == 0 ? "even" : "odd");
        return sample;
    }

    private void Fill(DateTimeOffset begin, long seconds)
    {
        using var store = new SampleStore(_folder.File("data/samples.db"), new StoreLimits { MaxPending = 100_000 });
        long own = store.Count; // the gateway's own samples of its first life, where that was long enough for one
        for (long second = 0; second < seconds; second++)
        {
            for (int thing = 0; thing < Things; thing++)
            {
                Assert.True(store.Add($"node-{thing}", Climate(begin.AddSeconds(second).ToUnixTimeMilliseconds(), 200 + ((second + thing) % 50))));
            }

            if (second % 2000 == 1999)
            {
                store.Commit();
            }
        }

        store.Commit();
        Assert.Equal((own + (seconds * Things), 0), (store.Count, store.Dropped));
    }

    private GatewayProcess Start() => GatewayProcess.Start(
        _folder.Path,
        "--hub", string.Create(CultureInfo.InvariantCulture, $"xmpps://127.0.0.1:{_hub.DirectTls!.Port}"), "--ca", _hub.Server.AuthorityFile!, "--jid", "gateway-1@hub.test", "--password-file", _folder.File("password"),
        "--nodes", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{_port}"), "--interval", "86400", "--backlog", IsWhole ? "1000000" : "3000");

    // A first life, in which the gateway registers its things; of one of them every sample is looked at.
    private async Task SubscribeAsync()
    {
        await using GatewayProcess gateway = Start();
        await gateway.UntilAsync(() => gateway.Status() is { Online: true }, Cancel);
        await _owner.SubscribeAsync("node-7", Cancel);
        await gateway.KillAsync();
    }

    private void Take(Element message)
    {
        foreach (Element timestamp in message.Child(Ns.PubSubEvent, "event")?.Child("items")?.Children().SelectMany(i => i.Children()).SelectMany(f => f.Children()).SelectMany(n => n.Children()) ?? [])
        {
            lock (_gate)
            {
                _times.Add(DateTimeOffset.Parse(timestamp.Attribute("value")!, CultureInfo.InvariantCulture).ToUnixTimeMilliseconds());
            }
        }
    }

    private long Seen()
    {
        lock (_gate)
        {
            return _times.Count;
        }
    }
}
