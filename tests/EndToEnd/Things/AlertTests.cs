using System.Collections.Concurrent;
using System.Text;
using IotXmpp.Esp32;
using IotXmpp.Host;
using IotXmpp.Hub.Features.Alerts;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Sasl;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Servers;
using IotXmpp.Virtual;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.EndToEnd.Things;

/// <summary>A virtual thing at the real hub gets hot and goes silent; its owner hears of both by messages, and that both are over.</summary>
public sealed class AlertTests : IAsyncLifetime
{
    private const string Thing = "board-1";

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(90);
    private static readonly DeviceKey s_key = DeviceKey.Derive(DotNetHash.Instance, "a secret of this device", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16], 4096);

    private readonly ConcurrentQueue<string> _said = new();
    private HubHost _hub = null!;
    private VirtualThing _thing = null!;
    private XmppConnection _ann = null!;

    public async ValueTask InitializeAsync()
    {
        _hub = await HubHost.StartAsync();
        await _hub.AddAccountAsync("ann", "ann");
        RegistryModule registry = _hub.Server.Hub.Modules.OfType<RegistryModule>().Single();
        DotNetHash hashes = DotNetHash.Instance;
        ThingResult made = await registry.Provisioning.ProvisionAsync(
            null, new Provision(Thing, new Jid("ann", "hub.test", ""), new ScramCredentials(ScramHash.Sha256, s_key.Keys.Salt, 4096, s_key.StoredKey(hashes), s_key.Keys.ServerKey)));
        Assert.Equal(RegistryOutcome.Done, made.Outcome);
        _ann = new XmppConnection(new HostOptions
        {
            Client = ClientOptions.ForTool(new Jid("ann", "hub.test", "desk"), "ann"),
            Server = new ServerAddress("127.0.0.1", _hub.DirectTls!.Port, true),
            Authorities = HostOptions.ReadAuthorities(_hub.Server.AuthorityFile!),
            AnnouncePresence = true,
        });
        _ann.MessageReceived += message =>
        {
            if (message.Attribute("id") is { } id && id.StartsWith("alert-", StringComparison.Ordinal))
            {
                _said.Enqueue($"{id} {message.ChildText("body")}");
            }
        };
        await _ann.ConnectAsync(failFast: true, TestContext.Current.CancellationToken);
        _thing = new VirtualThing(new VirtualThingOptions
        {
            Kind = "bme280",
            Account = new Jid(Thing, "hub.test", null),
            Key = s_key,
            Hub = new ServerAddress("127.0.0.1", _hub.DirectTls!.Port, true),
            Authorities = HostOptions.ReadAuthorities(_hub.Server.AuthorityFile!),
        });
        _thing.Start();
        await _thing.FirstPublished.WaitAsync(s_limit, TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _thing.DisposeAsync();
        await _ann.DisposeAsync();
        await _hub.DisposeAsync();
    }

    [Fact]
    public async Task A_thing_that_gets_hot_and_goes_silent()
    {
        AlertService alerts = _hub.Server.Hub.Modules.OfType<AlertsModule>().Single().Service;
        var ann = new Jid("ann", "hub.test", "");
        await PutAsync("""{"id":"hot","scope":{"all":true},"when":{"kind":"threshold","field":"temperature","is":"above","value":-100},"message":"{thing} is hot","deliver":[{"to":"owner"}]}""");
        await HeardAsync("-raised [warning] board-1 is hot");
        await PutAsync("""{"id":"silent","scope":{"things":["board-1"]},"when":{"kind":"no-data","after":12},"message":"{thing} is silent","deliver":[{"to":"xmpp:ann@hub.test"}]}""");
        _thing.Esp32!.Radio.IsInReach = false;
        await HeardAsync("-raised [warning] board-1 is silent");
        _thing.Esp32.Radio.IsInReach = true;
        await HeardAsync("-cleared [over] board-1 is silent");
        await PutAsync("""{"id":"hot","scope":{"all":true},"when":{"kind":"threshold","field":"temperature","is":"above","value":100},"message":"{thing} is hot","deliver":[{"to":"owner"}]}""");
        await HeardAsync("-cleared [over] board-1 is hot");

        async Task PutAsync(string rule)
        {
            AlertResult<AlertRule> result = await alerts.Rules.PutAsync(ann, Encoding.UTF8.GetBytes(rule), null, TestContext.Current.CancellationToken);
            Assert.True(result.Outcome == AlertOutcome.Done, result.Text);
        }
    }

    private async Task HeardAsync(string what)
    {
        using var limit = new CancellationTokenSource(s_limit);
        while (!_said.Any(s => s.Contains(what, StringComparison.Ordinal)))
        {
            Assert.False(limit.IsCancellationRequested, $"'{what}' is not among: {string.Join(" | ", _said)}");
            await Task.Delay(50, CancellationToken.None);
        }
    }
}
