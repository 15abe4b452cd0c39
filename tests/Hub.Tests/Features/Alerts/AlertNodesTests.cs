using System.Text;
using IotXmpp.Hub.Features.Alerts;
using IotXmpp.Hub.Features.PubSub;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Tests.Rest;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Servers;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Alerts;

/// <summary>What is open stands on the nodes of things, whatever has happened in between.</summary>
public sealed class AlertNodesTests
{
    private static readonly Jid Service = new("", "things.hub.test", "");

    [Fact]
    public async Task Nodes_are_there_from_the_beginning_and_a_start_makes_good_what_did_not_get_there()
    {
        using var data = new TempFolder("alert-nodes");
        var hub = new RestHub { Data = data.Path };
        await hub.InitializeAsync();
        try
        {
            // With the thing, before anything is open: who sees it may subscribe.
            Assert.Equal(["lamp", "meter", "pump"], (await ItemsAsync(hub.Host)).Keys.Order());
            Assert.Equal(AlertOutcome.Done, (await AlertsOf(hub.Host).Rules.PutAsync(RestHub.Of("alice"), Encoding.UTF8.GetBytes("""{"id":"hot","scope":{"things":["lamp","meter"]},"when":{"kind":"threshold","field":"t","is":"above","value":30}}"""))).Outcome);
            await hub.MeasureAsync("lamp", Sample(31));
            await hub.MeasureAsync("meter", Sample(32));
            await Wait.UntilAsync(async () => await StoryAsync(hub.Host) == "lamp: 1, meter: 2");

            // As if the hub had ended before the one was published and after another was over.
            PublisherUseCases publisher = hub.Host.Server.Hub.Modules.OfType<PubSubModule>().Single().Service.Publisher;
            Assert.Null(await publisher.RetractAsync(Service, "things/lamp/alerts", ["1"], notify: false, TestContext.Current.CancellationToken));
            Assert.Null((await publisher.PublishAsync(Service, "things/meter/alerts", [new ItemToPublish("2", "<alert xmlns='urn:iotxmpp:alert:1' id='2' state='acknowledged'/>"u8.ToArray()), new ItemToPublish("99", "<alert xmlns='urn:iotxmpp:alert:1'/>"u8.ToArray())], null, TestContext.Current.CancellationToken)).Error);
            Assert.Equal("lamp: , meter: 2 99", await StoryAsync(hub.Host));

            // As if the thing had made its node before its name was the hub's.
            await hub.Host.Server.Services.Database.WriteAsync(s => s.ExecuteScript("""
                UPDATE pubsub_node SET creator = 'lamp@hub.test' WHERE name = 'things/lamp/alerts';
                UPDATE pubsub_affiliation SET jid = 'lamp@hub.test' WHERE node = (SELECT id FROM pubsub_node WHERE name = 'things/lamp/alerts');
                """));
        }
        finally
        {
            await hub.DisposeAsync();
        }

        await using HubHost again = await HubHost.StartAsync(hub.Settings, data: data.Path);
        await Wait.UntilAsync(async () => await StoryAsync(again) == "lamp: 1, meter: 2");
        Assert.Equal(PubSubError.Forbidden, (await again.Server.Hub.Modules.OfType<PubSubModule>().Single().Service.Owner.ConfigurationAsync(RestHub.Of("lamp"), "things/lamp/alerts", TestContext.Current.CancellationToken)).Error);
        await Wait.UntilAsync(async () => Encoding.UTF8.GetString((await ItemsAsync(again))["meter"]["2"]).Contains("state='raised'", StringComparison.Ordinal));
    }

    private static AlertService AlertsOf(HubHost hub) => hub.Server.Hub.Modules.OfType<AlertsModule>().Single().Service;

    private static Task<Dictionary<string, Dictionary<string, byte[]>>> ItemsAsync(HubHost hub) =>
        hub.Server.Hub.Modules.OfType<PubSubModule>().Single().Service.Hub.ItemsOfThingsAsync("alerts", TestContext.Current.CancellationToken).AsTask();

    private static async Task<string> StoryAsync(HubHost hub)
    {
        Dictionary<string, Dictionary<string, byte[]>> items = await ItemsAsync(hub);
        return string.Join(", ", items.Where(t => t.Key != "pump").OrderBy(t => t.Key).Select(t => $"{t.Key}: {string.Join(' ', t.Value.Keys.Order())}"));
    }

    private static string Sample(double value) => FormattableString.Invariant($"<timestamp value='{DateTimeOffset.UtcNow.UtcDateTime:yyyy-MM-ddTHH:mm:ss.fffZ}'><numeric name='t' value='{value}'/></timestamp>");
}
