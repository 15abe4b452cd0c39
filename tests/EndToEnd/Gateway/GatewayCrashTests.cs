using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using IotXmpp.Gateway;
using IotXmpp.Host;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using IotXmpp.Virtual;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.EndToEnd.Gateway;

/// <summary>kill -9 of the gateway while it stores and while it sends: what a thing was told is safe comes to the hub, with its own time and value, numbers and texts alike.</summary>
public sealed class GatewayCrashTests : IAsyncLifetime
{
    private const string Password = "correct horse";
    private const int Things = 8;
    private const int SamplesEach = 150;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(400);
    private static readonly DateTimeOffset Begin = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly TempFolder _folder = new("crash");
    private readonly CancellationTokenSource _limit = new(Limit);
    private readonly ConcurrentDictionary<(string Thing, long Time), string> _stored = new();
    private readonly ConcurrentDictionary<(string Thing, string Item), long[]> _items = new();
    private readonly ConcurrentQueue<string> _wrong = new();
    private readonly ConcurrentDictionary<(string Thing, long Time), string> _acknowledged = new();
    private readonly string[] _names = [.. Enumerable.Range(0, Things).Select(i => $"node-{i}")];
    private readonly int _port = Ports.Free();
    private HubHost _hub = null!;
    private XmppConnection _owner = null!;
    private int _come;

    private CancellationToken Cancel => _limit.Token;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "kill -9 is Linux's");
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
            AnnouncePresence = true,
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

        _limit.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Nothing_that_was_acknowledged_is_lost_and_nothing_comes_changed()
    {
        Dictionary<string, string> keys = _names.ToDictionary(n => n, n => new NodeKeys(_folder.File("data/nodes.json")).Add(n));

        await SubscribeAsync();

        // Three lives without a hub, each killed while things send; they send again what was not acknowledged, as the README says.
        int next = 0;
        for (int life = 1; life <= 3; life++)
        {
            await using GatewayProcess gateway = Start(hubPort: 1);
            await MeasureAsync(keys, gateway, untilAcknowledged: life * Things * SamplesEach / 3);
            next++;
        }

        Assert.Equal(3, next);
        Assert.True(_acknowledged.Count >= Things * SamplesEach / 2, $"{_acknowledged.Count} samples were acknowledged");

        // Two lives with one, killed while they send what waited.
        for (int life = 1; life <= 2; life++)
        {
            await using GatewayProcess gateway = Start(_hub.DirectTls!.Port);
            int seen = _stored.Count;
            await gateway.UntilAsync(() => _stored.Count > seen, Cancel);
            await gateway.KillAsync();
        }

        await using GatewayProcess last = Start(_hub.DirectTls!.Port);
        await last.UntilAsync(() => last.Status() is { Online: true, Waiting: < 5 }, Cancel);
        // What the hub has acknowledged may be on its way to this session yet.
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        while (!_acknowledged.Keys.All(_stored.ContainsKey) && !late.IsCancellationRequested)
        {
            await Task.Delay(20, Cancel);
        }

        Assert.DoesNotContain(_acknowledged.Keys, k => !_stored.ContainsKey(k));
        Assert.Empty(_wrong);
        Assert.Equal(0, last.Status()!.Dropped);
        foreach (((string thing, long time), string value) in _acknowledged)
        {
            Assert.Equal((thing, time, value), (thing, time, _stored[(thing, time)]));
        }

        // What was on its way when the power went comes again, in the same item, which replaces itself (XEP-0060 §7.1.2): the hub has nothing twice.
        Assert.Empty(_items.SelectMany(i => i.Value.Select(t => (i.Key.Thing, t))).GroupBy(s => s).Where(g => g.Count() > 1).Select(g => g.Key));
        TestContext.Current.SendDiagnosticMessage($"{_acknowledged.Count} acknowledged, {_stored.Count} at the hub, {_come - _stored.Count} came once more in the same item");
    }

    private GatewayProcess Start(int hubPort) => GatewayProcess.Start(
        _folder.Path,
        "--hub", string.Create(CultureInfo.InvariantCulture, $"xmpps://127.0.0.1:{hubPort}"), "--ca", _hub.Server.AuthorityFile!, "--jid", "gateway-1@hub.test", "--password-file", _folder.File("password"),
        "--nodes", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{_port}"), "--interval", "86400", "--backlog", "100");

    private async Task MeasureAsync(Dictionary<string, string> keys, GatewayProcess gateway, int untilAcknowledged)
    {
        using var killed = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        Task[] things = [.. keys.Select(k => Task.Run(() => MeasureAsync(k.Key, k.Value, killed.Token), CancellationToken.None))];
        await gateway.UntilAsync(() => _acknowledged.Count >= Math.Min(untilAcknowledged, (Things * SamplesEach) - Things), Cancel);
        await gateway.KillAsync();
        await killed.CancelAsync();
        await Task.WhenAll(things);
    }

    // A thing that keeps what was not acknowledged, and sends it when it is let in again.
    private async Task MeasureAsync(string id, string key, CancellationToken cancel)
    {
        try
        {
            await using VirtualNode node = await GatewayWaits.ConnectAsync(id, key, _port, cancel);
            for (int i = 0; i < SamplesEach; i++)
            {
                long time = Begin.AddSeconds(i).ToUnixTimeMilliseconds();
                if (_acknowledged.ContainsKey((id, time)))
                {
                    continue;
                }

                JsonNode value = Value(i);
                await node.SampleAsync(i, new JsonObject { ["value"] = value }, time);
                int number = i;
                _ = node.AcknowledgedAsync(number, cancel).ContinueWith(_ => _acknowledged[(id, time)] = value.ToString(), cancel, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
            }

            await node.Ended.WaitAsync(cancel);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ObjectDisposedException or VirtualNodeException)
        {
            // The gateway was killed.
        }
    }

    // A number, a truth value, a text in turn.
    private static JsonNode Value(int i) => (i % 3) switch
    {
        0 => JsonValue.Create(i),
        1 => JsonValue.Create(i % 2 == 0),
        _ => JsonValue.Create($"Zustand {i} <&> ä"),
    };

    // A first life with the hub, in which the gateway registers its things.
    private async Task SubscribeAsync()
    {
        await using GatewayProcess gateway = Start(_hub.DirectTls!.Port);
        foreach (string name in _names)
        {
            await _owner.SubscribeAsync(name, Cancel);
        }

        await gateway.KillAsync();
    }

    private void Take(Element message)
    {
        foreach (Element item in message.Child(Ns.PubSubEvent, "event")?.Child("items")?.Children() ?? [])
        {
            var times = new List<long>();
            foreach (Element node in item.ChildCount > 0 ? item.ChildAt(0).Children() : [])
            {
                foreach (Element timestamp in node.Children())
                {
                    string thing = node.Attribute("nodeId")!;
                    long time = DateTimeOffset.Parse(timestamp.Attribute("value")!, CultureInfo.InvariantCulture).ToUnixTimeMilliseconds();
                    string? value = timestamp.Children().FirstOrDefault(f => f.Attribute("name") == "value")?.Attribute("value");
                    if (value is null)
                    {
                        continue; // the gateway's own
                    }

                    string first = _stored.GetOrAdd((thing, time), value);
                    if (first != value)
                    {
                        _wrong.Enqueue($"{thing} at {time}: {first}, then {value}");
                    }

                    times.Add(time);
                    _items[(thing, item.Attribute("id")!)] = [.. times];
                    Interlocked.Increment(ref _come);
                }
            }
        }
    }
}
