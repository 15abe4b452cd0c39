using System.Collections.Concurrent;
using System.Text;
using IotXmpp.Hub.Features.Alerts;
using IotXmpp.Xml;
using Xunit;

namespace IotXmpp.EndToEnd.Things;

/// <summary>A virtual thing at the real hub gets hot and goes silent; its owner hears of both by messages, and that both are over.</summary>
public sealed class AlertTests : OwnedBoardScene
{
    private readonly ConcurrentQueue<string> _said = new();

    protected override void OnMessage(Element message)
    {
        if (message.Attribute("id") is { } id && id.StartsWith("alert-", StringComparison.Ordinal))
        {
            _said.Enqueue($"{id} {message.ChildText("body")}");
        }
    }

    [Fact]
    public async Task A_thing_that_gets_hot_and_goes_silent()
    {
        AlertService alerts = Hub.Server.Hub.Modules.OfType<AlertsModule>().Single().Service;
        await PutAsync("""{"id":"hot","scope":{"all":true},"when":{"kind":"threshold","field":"temperature","is":"above","value":-100},"message":"{thing} is hot","deliver":[{"to":"owner"}]}""");
        await HeardAsync("-raised [warning] board-1 is hot");
        await PutAsync("""{"id":"silent","scope":{"things":["board-1"]},"when":{"kind":"no-data","after":12},"message":"{thing} is silent","deliver":[{"to":"xmpp:ann@hub.test"}]}""");
        Thing.Esp32!.Radio.IsInReach = false;
        await HeardAsync("-raised [warning] board-1 is silent");
        Thing.Esp32.Radio.IsInReach = true;
        await HeardAsync("-cleared [over] board-1 is silent");
        await PutAsync("""{"id":"hot","scope":{"all":true},"when":{"kind":"threshold","field":"temperature","is":"above","value":100},"message":"{thing} is hot","deliver":[{"to":"owner"}]}""");
        await HeardAsync("-cleared [over] board-1 is hot");

        async Task PutAsync(string rule)
        {
            AlertResult<AlertRule> result = await alerts.Rules.PutAsync(AnnJid, Encoding.UTF8.GetBytes(rule), null, TestContext.Current.CancellationToken);
            Assert.True(result.Outcome == AlertOutcome.Done, result.Text);
        }
    }

    private Task HeardAsync(string what) => UntilAsync(() => Task.FromResult(_said.Any(s => s.Contains(what, StringComparison.Ordinal))), () => $"'{what}' is not among: {string.Join(" | ", _said)}");
}
