using System.Collections.Concurrent;
using System.Device.Gpio;
using IotXmpp.Host;
using IotXmpp.TestKit.Servers;
using IotXmpp.Virtual;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.EndToEnd.Things;

/// <summary>Virtual things, which run the firmware of the boards, against the real hub over real sockets and TLS.</summary>
public sealed class FleetTests : IAsyncLifetime
{
    private const string Password = "correct horse";

    /// <summary>A bound for waits that end by an event: far more than a slow machine needs.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(180);

    private readonly ConcurrentQueue<VirtualEvent> _events = new();
    private HubHost _hub = null!;
    private VirtualFleet _fleet = null!;

    public async ValueTask InitializeAsync()
    {
        _hub = await HubHost.StartAsync();
        _fleet = new VirtualFleet();
        _fleet.Happened += _events.Enqueue;
    }

    public async ValueTask DisposeAsync()
    {
        await _fleet.DisposeAsync();
        await _hub.DisposeAsync();
    }

    [Fact]
    public async Task Every_kind_comes_online_and_publishes()
    {
        foreach (string kind in VirtualKind.Names)
        {
            await AddAsync(kind, kind + "-1");
        }

        _fleet.Start();
        using var limit = new CancellationTokenSource(Limit);
        await _fleet.WaitPublishedAsync(limit.Token);
        foreach (VirtualThing thing in _fleet.Things)
        {
            Assert.Contains(_events, e => e.ThingId == thing.Id && e.Kind == VirtualEventKind.Online);
        }

        Assert.DoesNotContain(_events, e => e.Kind == VirtualEventKind.PublishRefused);
        await using XmppConnection admin = await OperatorAsync();
        foreach (VirtualThing thing in _fleet.Things)
        {
            Element items = await ItemsAsync(admin, thing.Id);
            Assert.True(items.ChildCount >= 1);
            Element fields = items.ChildAt(0).Child(Ns.SensorData, "fields")!;
            Assert.Equal(thing.Id, fields.Child("node")!.Attribute("nodeId"));
        }
    }

    [Fact]
    public async Task A_relay_obeys_the_operator_and_says_what_it_did()
    {
        VirtualThing relay = await AddAsync("relay", "relay-1");
        _fleet.Start();
        using var limit = new CancellationTokenSource(Limit);
        await _fleet.WaitPublishedAsync(limit.Token);
        await using XmppConnection admin = await OperatorAsync();
        Jid thing = relay.Account.WithResource("thing");

        var set = new Element(Ns.Control, "set");
        set.Add("boolean").Set("name", "relay").Set("value", "true");
        Element answer = await admin.SendIqAsync("set", thing, set);
        Assert.NotNull(answer.Child(Ns.Control, "setResponse"));
        Assert.Equal(PinValue.High, relay.Board.Pins.Level(5));
        Assert.Contains(_events, e => e.Kind == VirtualEventKind.Controlled && e.Text.EndsWith("relay=true", StringComparison.Ordinal));

        set = new Element(Ns.Control, "set");
        set.Add("boolean").Set("name", "lamp").Set("value", "true");
        StanzaException refused = await Assert.ThrowsAsync<StanzaException>(() => admin.SendIqAsync("set", thing, set));
        Assert.Equal("item-not-found", refused.Error.Condition);
    }

    [Fact]
    public async Task A_battery_thing_sleeps_and_wakes()
    {
        await AddAsync("battery", "battery-1");
        var woke = new TaskCompletionSource();
        _fleet.Happened += e =>
        {
            if (e.Kind == VirtualEventKind.Published && _events.Any(x => x.Kind == VirtualEventKind.Started && x.Text.Contains("deep-sleep", StringComparison.Ordinal)))
            {
                woke.TrySetResult();
            }
        };
        _fleet.Start();
        await woke.Task.WaitAsync(Limit);
        Assert.Contains(_events, e => e.Kind == VirtualEventKind.Asleep);
        await using XmppConnection admin = await OperatorAsync();
        Assert.True((await ItemsAsync(admin, "battery-1")).ChildCount >= 2);
    }

    [Fact]
    public async Task Any_client_runs_the_commands_of_a_thing_and_only_who_may()
    {
        VirtualThing relay = await AddAsync("relay led servo", "relay-1");
        var restarted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _fleet.Happened += e =>
        {
            if (e.Kind == VirtualEventKind.Started && e.Text.Contains("software", StringComparison.Ordinal))
            {
                restarted.TrySetResult();
            }
        };
        _fleet.Start();
        using var limit = new CancellationTokenSource(Limit);
        await _fleet.WaitPublishedAsync(limit.Token);
        await using XmppConnection admin = await OperatorAsync();
        Jid thing = relay.Account.WithResource("thing");

        Element list = await admin.SendIqAsync("get", thing, new Element(Ns.DiscoItems, "query").Set("node", Ns.Commands));
        Assert.Equal(["set", "read", "identify", "reboot", "sleep", "update"], Children(list.Child(Ns.DiscoItems, "query")!).Select(i => i.Attribute("node")));

        Element form = await CommandAsync(admin, thing, new Element(Ns.Commands, "command").Set("node", "set"));
        Assert.Equal("executing", form.Attribute("status"));
        var filled = new Element(Ns.Commands, "command").Set("node", "set").Set("action", "complete").Set("sessionid", form.Attribute("sessionid")!);
        Element field = filled.Add(Ns.DataForms, "x").Set("type", "submit").Add("field").Set("var", "relay");
        field.Add("value").Text = "true";
        Element done = await CommandAsync(admin, thing, filled);
        Assert.Equal("completed", done.Attribute("status"));
        Assert.Equal(PinValue.High, relay.Board.Pins.Level(5));

        await _hub.AddAccountAsync("mallory", Password);
        await using XmppConnection mallory = await ConnectAsync(new Jid("mallory", _hub.Domain, ""), Password);
        StanzaException refused = await Assert.ThrowsAsync<StanzaException>(() => mallory.SendIqAsync("set", thing, new Element(Ns.Commands, "command").Set("node", "reboot")));
        Assert.Equal("forbidden", refused.Error.Condition);
        Assert.False(restarted.Task.IsCompleted);

        Element reboot = await CommandAsync(admin, thing, new Element(Ns.Commands, "command").Set("node", "reboot"));
        Assert.Equal("completed", reboot.Attribute("status"));
        await restarted.Task.WaitAsync(Limit);
    }

    private static async Task<Element> CommandAsync(XmppConnection connection, Jid thing, Element command)
    {
        Element answer = await connection.SendIqAsync("set", thing, command);
        return answer.Child(Ns.Commands, "command") ?? throw new InvalidOperationException(answer.ToString());
    }

    [Fact]
    public async Task A_connection_that_is_cut_is_taken_up_again_and_no_sample_is_missing()
    {
        VirtualThing thing = await AddAsync("bme280", "climate-1", TimeSpan.FromMilliseconds(200));
        _fleet.Start();
        using var limit = new CancellationTokenSource(Limit);
        await _fleet.WaitPublishedAsync(limit.Token);
        for (int i = 0; i < 3; i++)
        {
            int before = Count(VirtualEventKind.Online);
            thing.Invoke((client, _) =>
            {
                client.Drop();
                return true;
            });

            await UntilAsync(() => Count(VirtualEventKind.Online) > before);
        }

        int sampled = Count(VirtualEventKind.Sampled);
        await UntilAsync(() => Count(VirtualEventKind.Sampled) > sampled + 5);
        await UntilAsync(() => thing.Invoke((_, loop) => loop.Ring.Count == 0));
        await _fleet.StopAsync();

        await using XmppConnection admin = await OperatorAsync();
        List<string> times = await admin.TimesAsync("climate-1");
        Assert.Equal(times.Count, times.Distinct().Count());
        // What was measured after the ring was empty may still be in the thing's flash; a last batch, whose answer came too late, is in both.
        Assert.Equal(Count(VirtualEventKind.Sampled), times.Union(Telemetry.Kept(thing.Flash)).Count());
    }

    private static IEnumerable<Element> Children(Element element) => Enumerable.Range(0, element.ChildCount).Select(element.ChildAt);

    private static async Task<Element> ItemsAsync(XmppConnection connection, string thingId)
    {
        var query = new Element(Ns.PubSub, "pubsub");
        query.Add("items").Set("node", $"things/{thingId}/telemetry");
        Element answer = await connection.SendIqAsync("get", new Jid("", "pubsub.hub.test", ""), query);
        return answer.Child(Ns.PubSub, "pubsub")!.Child("items")!;
    }

    private int Count(VirtualEventKind kind) => _events.Count(e => e.Kind == kind);

    // Waits for something that the fleet's events bring about.
    private async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!condition())
        {
            var next = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            void Wake(VirtualEvent e) => next.TrySetResult();
            _fleet.Happened += Wake;
            try
            {
                if (!condition())
                {
                    await next.Task.WaitAsync(limit.Token);
                }
            }
            finally
            {
                _fleet.Happened -= Wake;
            }
        }
    }

    private async Task<VirtualThing> AddAsync(string kind, string id, TimeSpan? interval = null)
    {
        await _hub.AddAccountAsync(id, Password);
        return _fleet.Add(new VirtualThingOptions
        {
            Kind = kind,
            Account = new Jid(id, _hub.Domain, ""),
            Password = Password,
            Hub = new ServerAddress("127.0.0.1", _hub.DirectTls!.Port, true),
            Authorities = HostOptions.ReadAuthorities(_hub.Server.AuthorityFile!),
            Interval = interval ?? TimeSpan.FromSeconds(1),
            Sleep = TimeSpan.FromSeconds(1),
        });
    }

    private async Task<XmppConnection> OperatorAsync()
    {
        var administrator = _hub.Server.Administrator!;
        Assert.True(Jid.TryParse(administrator.Jid, out Jid account));
        return await ConnectAsync(account, administrator.Password);
    }

    private async Task<XmppConnection> ConnectAsync(Jid account, string password)
    {
        var connection = new XmppConnection(new HostOptions
        {
            Client = ClientOptions.ForTool(account, password),
            Server = new ServerAddress("127.0.0.1", _hub.DirectTls!.Port, true),
            Authorities = HostOptions.ReadAuthorities(_hub.Server.AuthorityFile!),
        });
        await connection.ConnectAsync();
        return connection;
    }
}
