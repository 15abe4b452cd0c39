using System.Collections.Concurrent;
using System.Globalization;
using IotXmpp.Host;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using IotXmpp.Virtual;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.EndToEnd.Things;

/// <summary>Queued commands to things that run the firmware of the boards: they sleep, lose their cable, and the hub is killed; each command is done once.</summary>
public sealed class CommandTests : IAsyncLifetime
{
    private const string Password = "correct horse";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(240);
    private static readonly Jid Service = new("", "things.hub.test", "");

    private readonly TempFolder _folder = new("commands");
    private readonly ConcurrentQueue<VirtualEvent> _events = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_thing_that_sleeps_gets_its_command_when_it_wakes()
    {
        await using HubHost hub = await HostAsync("battery-1");
        await using XmppConnection alice = await ConnectAsync(hub.DirectTls!.Port, hub.Server.AuthorityFile!, "alice");
        await using VirtualThing thing = Thing("battery", "battery-1", hub.DirectTls.Port, hub.Server.AuthorityFile!, sleep: TimeSpan.FromSeconds(3));
        thing.Start();
        await Wait.UntilAsync(() => _events.Any(e => e.Kind == VirtualEventKind.Asleep));
        Element command = await QueueAsync(alice, "battery-1", "4321");
        await DoneAsync(alice, command.Attribute("id")!);
        Assert.Equal("sampleInterval=4321", Assert.Single(Done()));
    }

    [Fact]
    public async Task A_cable_that_is_pulled_between_command_and_answer_has_nothing_done_twice()
    {
        await using HubHost hub = await HostAsync("bme280-1");
        await using var cable = new SilentProxy(hub.DirectTls!.Port);
        await using XmppConnection alice = await ConnectAsync(hub.DirectTls.Port, hub.Server.AuthorityFile!, "alice");
        await using VirtualThing thing = Thing("bme280", "bme280-1", cable.Port, hub.Server.AuthorityFile!);
        // As soon as it is done, before the answer can leave.
        thing.Happened += e =>
        {
            if (e.Kind == VirtualEventKind.Controlled)
            {
                cable.Pull();
            }
        };
        thing.Start();
        await thing.FirstPublished.WaitAsync(Limit, TestContext.Current.CancellationToken);
        Element command = await QueueAsync(alice, "bme280-1", "2345");
        await Wait.UntilAsync(() => Done().Length == 1);
        Assert.Equal("sent", (await FindAsync(alice, command.Attribute("id")!)).Attribute("state"));
        cable.Plug();
        thing.Invoke((client, _) =>
        {
            client.Drop(); // as a board does that notices at last
            return true;
        });
        // By its answer that stream management brings again, or by its memory when it is asked again: both are right.
        await DoneAsync(alice, command.Attribute("id")!);
        Assert.Equal("sampleInterval=2345", Assert.Single(Done()));
    }

    [Fact]
    public async Task A_hub_that_is_killed_loses_no_command_and_has_none_done_twice()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "kill -9 is Linux's");
        string data = _folder.File("data");
        await HubProcess.PrepareAsync(data, ("bme280-1", "alice"), "bme280-1", "alice");
        int port = Ports.Free();
        var sent = new List<string>();
        HubProcess hub = await HubProcess.StartTlsAsync(data, port);
        string authority = Path.Combine(data, "ca.pem");
        await using VirtualThing thing = Thing("bme280", "bme280-1", port, authority, password: "bme280-1");
        try
        {
            // While the thing is away: what waits survives.
            await using (XmppConnection alice = await ConnectAsync(port, authority, "alice", "alice"))
            {
                sent.Add((await QueueAsync(alice, "bme280-1", "1000")).Attribute("id")!);
            }

            await hub.Process.KillAsync();
            await hub.DisposeAsync();
            hub = await HubProcess.StartTlsAsync(data, port);
            thing.Start();
            await thing.FirstPublished.WaitAsync(Limit, TestContext.Current.CancellationToken);

            // While it is there: killed at some moment between taken, sent, done and noted. What holds, holds at each.
            for (int round = 1; round <= 6; round++)
            {
                await using (XmppConnection alice = await ConnectAsync(port, authority, "alice", "alice"))
                {
                    await DoneAsync(alice, sent[^1]);
                    sent.Add((await QueueAsync(alice, "bme280-1", (1000 + round).ToString(CultureInfo.InvariantCulture))).Attribute("id")!);
                    await Task.Delay(round * 3, CancellationToken.None); // another moment each time
                    await hub.Process.KillAsync();
                }

                await hub.DisposeAsync();
                hub = await HubProcess.StartTlsAsync(data, port);
                thing.ReconnectNow();
            }

            await using XmppConnection reader = await ConnectAsync(port, authority, "alice", "alice");
            foreach (string id in sent)
            {
                await DoneAsync(reader, id);
            }

            Assert.Equal(Enumerable.Range(1000, 7).Select(i => $"sampleInterval={i}"), Done());
        }
        finally
        {
            await hub.DisposeAsync();
        }
    }

    [Fact]
    public async Task What_a_thing_refuses_is_told_in_its_words()
    {
        await using HubHost hub = await HostAsync("bme280-1");
        await using XmppConnection alice = await ConnectAsync(hub.DirectTls!.Port, hub.Server.AuthorityFile!, "alice");
        await using VirtualThing thing = Thing("bme280", "bme280-1", hub.DirectTls.Port, hub.Server.AuthorityFile!);
        Element command = await QueueAsync(alice, "bme280-1", "5");
        thing.Start();
        Element failed = await EndAsync(alice, command.Attribute("id")!);
        Assert.Equal("failed", failed.Attribute("state"));
        Assert.Equal("bad-request", failed.Child(Ns.Command, "failed")!.Attribute("condition"));
        Assert.Contains("sampleInterval", failed.Child(Ns.Command, "failed")!.Text, StringComparison.Ordinal);
        Assert.Empty(Done());
    }

    private static async Task<Element> QueueAsync(XmppConnection who, string thing, string interval)
    {
        var command = new Element(Ns.Command, "command").Set("thing", thing);
        var set = new Element(Ns.Control, "set");
        set.Add("int").Set("name", "sampleInterval").Set("value", interval);
        command.Add(set);
        return (await who.SendIqAsync("set", Service, command)).Child(Ns.Command, "command")!;
    }

    private static async Task<Element> FindAsync(XmppConnection who, string id) => (await who.SendIqAsync("get", Service, new Element(Ns.Command, "command").Set("id", id))).Child(Ns.Command, "command")!;

    private static async Task<Element> EndAsync(XmppConnection who, string id)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (true)
        {
            Element command = await FindAsync(who, id);
            if (command.Attribute("state") is not ("queued" or "sent"))
            {
                return command;
            }

            await Task.Delay(50, limit.Token);
        }
    }

    private static async Task<Element> DoneAsync(XmppConnection who, string id)
    {
        Element command = await EndAsync(who, id);
        Assert.True(command.Attribute("state") == "done", command.ToString());
        return command;
    }

    private static async Task<XmppConnection> ConnectAsync(int port, string authority, string account, string password = Password)
    {
        var connection = new XmppConnection(new HostOptions
        {
            Client = ClientOptions.ForTool(new Jid(account, "hub.test", ""), password),
            Server = new ServerAddress("127.0.0.1", port, true),
            Authorities = HostOptions.ReadAuthorities(authority),
        });
        await connection.ConnectAsync();
        return connection;
    }

    private static async Task<HubHost> HostAsync(string thing)
    {
        HubHost hub = await HubHost.StartAsync();
        await hub.AddAccountAsync("alice", Password);
        await hub.AddAccountAsync(thing, Password);
        await hub.SetOwnerAsync(thing, "alice");
        return hub;
    }

    private string[] Done() => [.. _events.Where(e => e.Command is { Error: null }).Select(e => $"{e.Command!.Parameter}={e.Command.Value}")];

    private VirtualThing Thing(string kind, string id, int port, string authority, TimeSpan? sleep = null, string password = Password)
    {
        var thing = new VirtualThing(new VirtualThingOptions
        {
            Kind = kind,
            Account = new Jid(id, "hub.test", ""),
            Password = password,
            Hub = new ServerAddress("127.0.0.1", port, true),
            Authorities = HostOptions.ReadAuthorities(authority),
            Interval = TimeSpan.FromMilliseconds(500),
            Sleep = sleep ?? TimeSpan.FromSeconds(1),
        });
        thing.Happened += _events.Enqueue;
        return thing;
    }
}
