using System.Collections.Concurrent;
using System.Globalization;
using IotXmpp.Esp32;
using IotXmpp.Host;
using IotXmpp.TestKit.Servers;
using IotXmpp.Virtual;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.EndToEnd.Things;

/// <summary>An owner configures a thing that was provisioned at the real hub, by its nodes desired and reported.</summary>
public sealed class ConfigurationTests : IAsyncLifetime
{
    private const string Thing = "board-1";
    private const string Secret = "the new secret";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly DeviceKey Key = DeviceKey.Derive(DotNetHash.Instance, "a secret of this device", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16], 4096);

    private readonly ConcurrentQueue<string> _serial = new();
    private HubHost _hub = null!;
    private VirtualThing _thing = null!;
    private XmppConnection _ann = null!;

    public async ValueTask InitializeAsync()
    {
        _hub = await HubHost.StartAsync();
        await _hub.AddAccountAsync("ann", "ann");
        await _hub.SetAdministratorAsync("ann");
        _ann = await LoginAsync("ann");
        await ProvisionAsync();
        _thing = new VirtualThing(new VirtualThingOptions
        {
            Kind = "bme280",
            Account = new Jid(Thing, "hub.test", null),
            Key = Key,
            Hub = new ServerAddress("127.0.0.1", _hub.DirectTls!.Port, true),
            Authorities = HostOptions.ReadAuthorities(_hub.Server.AuthorityFile!),
            Time = new QuickTime(10),
        });
        _thing.Esp32!.Board.Said += _serial.Enqueue;
        _thing.Start();
        await _thing.FirstPublished.WaitAsync(Limit, TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _thing.DisposeAsync();
        await _ann.DisposeAsync();
        await _hub.DisposeAsync();
    }

    [Fact]
    public async Task What_an_owner_publishes_is_set_and_reported_also_when_the_thing_was_away()
    {
        await PublishAsync(12, ("int", "sampleInterval", "2000"));
        await UntilReportedAsync(12, "sampleInterval", "2000");
        _thing.Esp32!.Radio.IsInReach = false;
        await PublishAsync(13, ("int", "sampleInterval", "3000"));
        _thing.Esp32.Radio.IsInReach = true;
        await UntilReportedAsync(13, "sampleInterval", "3000");
    }

    [Fact]
    public async Task New_network_settings_are_tried_and_kept_and_nobody_can_read_the_password_afterwards()
    {
        await PublishAsync(7, ("string", "wifiSsid", "new home"), ("string", "wifiPassword", Secret));
        await UntilReportedAsync(7, "wifiSsid", "home");
        // The old access point goes, the new one is there.
        _thing.Esp32!.Radio.AirSsid = "new home";
        _thing.Esp32.Radio.AirPassword = Secret;
        await UntilReportedAsync(7, "wifiSsid", "new home");
        Element desired = (await ItemAsync("desired"))!;
        Assert.Equal("7", desired.Attribute("version"));
        Assert.Equal("new home", Value(desired, "wifiSsid"));
        Assert.DoesNotContain(Secret, desired.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, (await ItemAsync("reported"))!.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(_serial, line => line.Contains(Secret, StringComparison.Ordinal));
        Assert.Equal(1, _thing.Esp32.Board.Boots);
    }

    private static string? Value(Element config, string name)
        => Enumerable.Range(0, config.ChildCount).Select(config.ChildAt).FirstOrDefault(e => e.Attribute("name") == name)?.Attribute("value");

    private async Task UntilReportedAsync(int version, string name, string value)
    {
        using var limit = new CancellationTokenSource(Limit);
        Element? reported = null;
        while (reported?.Attribute("version") != version.ToString(CultureInfo.InvariantCulture) || Value(reported, name) != value)
        {
            Assert.False(limit.IsCancellationRequested, $"{reported} {string.Join(" | ", _serial.TakeLast(8))}");
            await Task.Delay(100, CancellationToken.None);
            reported = await ItemAsync("reported");
        }
    }

    private async Task<Element?> ItemAsync(string node)
    {
        var query = new Element(Ns.PubSub, "pubsub");
        query.Add("items").Set("node", $"things/{Thing}/{node}");
        Element answer = await _ann.SendIqAsync("get", new Jid("", "pubsub.hub.test", ""), query);
        Element items = answer.Child(Ns.PubSub, "pubsub")!.Child("items")!;
        return items.ChildCount == 0 ? null : Assert.Single(Enumerable.Range(0, items.ChildCount).Select(items.ChildAt)).Child(Ns.Thing, "config");
    }

    private async Task PublishAsync(int version, params (string Type, string Name, string Value)[] parameters)
    {
        var config = new Element(Ns.Thing, "config");
        config.Set("version", version.ToString(CultureInfo.InvariantCulture));
        foreach ((string type, string name, string value) in parameters)
        {
            var parameter = new Element(Ns.Control, type);
            parameter.Set("name", name).Set("value", value);
            config.Add(parameter);
        }

        var publish = new Element(Ns.PubSub, "pubsub");
        publish.Add("publish").Set("node", $"things/{Thing}/desired").Add("item").Set("id", "current").Add(config);
        await _ann.SendIqAsync("set", new Jid("", "pubsub.hub.test", ""), publish);
    }

    private async Task ProvisionAsync()
    {
        var service = new Jid("", "things.hub.test", "");
        var execute = new Element(Ns.Commands, "command");
        execute.Set("node", Ns.Thing + "#provision").Set("action", "execute");
        Element asked = (await _ann.SendIqAsync("set", service, execute)).Child(Ns.Commands, "command")!;
        var complete = new Element(Ns.Commands, "command");
        complete.Set("node", Ns.Thing + "#provision").Set("sessionid", asked.Attribute("sessionid")!).Set("action", "complete");
        var form = new Element(Ns.DataForms, "x");
        form.Set("type", "submit");
        foreach ((string name, string value) in new[]
        {
            ("FORM_TYPE", Ns.Thing + "#provision"), ("thing", Thing), ("salt", Convert.ToBase64String(Key.Keys.Salt)), ("iterations", "4096"),
            ("storedKey", Convert.ToBase64String(Key.StoredKey(DotNetHash.Instance))), ("serverKey", Convert.ToBase64String(Key.Keys.ServerKey)), ("model", "esp32-devkitc-v4"),
        })
        {
            Element field = form.Add("field").Set("var", name);
            field.Add("value").Text = value;
        }

        complete.Add(form);
        Element done = (await _ann.SendIqAsync("set", service, complete)).Child(Ns.Commands, "command")!;
        Assert.Equal("completed", done.Attribute("status"));
    }

    private async Task<XmppConnection> LoginAsync(string account)
    {
        var connection = new XmppConnection(new HostOptions
        {
            Client = ClientOptions.ForTool(new Jid(account, "hub.test", ""), account),
            Server = new ServerAddress("127.0.0.1", _hub.DirectTls!.Port, true),
            Authorities = HostOptions.ReadAuthorities(_hub.Server.AuthorityFile!),
            AnnouncePresence = false,
        });
        await connection.ConnectAsync();
        return connection;
    }
}
