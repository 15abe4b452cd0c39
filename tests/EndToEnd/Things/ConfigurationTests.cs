using System.Globalization;
using IotXmpp.Host;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.EndToEnd.Things;

/// <summary>An owner configures a thing that was provisioned at the real hub, by its nodes desired and reported.</summary>
public sealed class ConfigurationTests : OwnedBoardScene
{
    private const string Secret = "the new secret";

    protected override TimeProvider Time { get; } = new QuickTime(10);

    [Fact]
    public async Task What_an_owner_publishes_is_set_and_reported_also_when_the_thing_was_away()
    {
        await PublishAsync(12, ("int", "sampleInterval", "2000"));
        await UntilReportedAsync(12, "sampleInterval", "2000");
        Thing.Esp32!.Radio.IsInReach = false;
        await PublishAsync(13, ("int", "sampleInterval", "3000"));
        Thing.Esp32.Radio.IsInReach = true;
        await UntilReportedAsync(13, "sampleInterval", "3000");
    }

    [Fact]
    public async Task New_network_settings_are_tried_and_kept_and_nobody_can_read_the_password_afterwards()
    {
        await PublishAsync(7, ("string", "wifiSsid", "new home"), ("string", "wifiPassword", Secret));
        await UntilReportedAsync(7, "wifiSsid", "home");
        // The old access point goes, the new one is there.
        Thing.Esp32!.Radio.AirSsid = "new home";
        Thing.Esp32.Radio.AirPassword = Secret;
        await UntilReportedAsync(7, "wifiSsid", "new home");
        Element desired = (await ItemAsync("desired"))!;
        Assert.Equal("7", desired.Attribute("version"));
        Assert.Equal("new home", Value(desired, "wifiSsid"));
        Assert.DoesNotContain(Secret, desired.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, (await ItemAsync("reported"))!.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(Serial, line => line.Contains(Secret, StringComparison.Ordinal));
        Assert.Equal(1, Thing.Esp32.Board.Boots);
    }

    [Theory]
    [InlineData(true, "the board started anew before the new network settings had reached the hub: the old ones hold")]
    [InlineData(false, "the new network settings did not reach the hub within 5 minutes: the old ones hold")]
    public async Task New_network_settings_that_do_not_reach_the_hub_are_taken_back_and_the_board_says_why(bool restarts, string why)
    {
        var wish = new Element(Ns.Thing, "config").Set("thing", Board);
        wish.Add(Ns.Control, "string").Set("name", "wifiSsid").Set("value", "nowhere");
        await Ann.SendIqAsync("set", new Jid("", "things.hub.test", ""), wish);
        Assert.Equal("The thing tries it, and goes back to the old one where it does not reach the hub within 5 minutes.", (await StandsAsync("trial")).Text);
        if (restarts)
        {
            Thing.Esp32!.CyclePower();
        }

        Element reverted = await StandsAsync("reverted");
        Assert.Equal((why, "home", "nowhere"), (reverted.Text, reverted.Attribute("reported"), reverted.Attribute("desired")));
        Assert.Equal(restarts ? 2 : 1, Thing.Esp32!.Board.Boots);
    }

    private static string? Value(Element config, string name)
        => Enumerable.Range(0, config.ChildCount).Select(config.ChildAt).FirstOrDefault(e => e.Attribute("name") == name)?.Attribute("value");

    private async Task<Element> StandsAsync(string state)
    {
        Element? found = null;
        await UntilAsync(
            async () =>
            {
                found = (await Ann.SendIqAsync("get", new Jid("", "things.hub.test", ""), new Element(Ns.Thing, "config").Set("thing", Board))).ChildAt(0);
                found = Enumerable.Range(0, found.ChildCount).Select(found.ChildAt).Single(c => c.Name == "parameter");
                return found.Attribute("state") == state;
            },
            () => $"{found}");
        return found!;
    }

    private async Task UntilReportedAsync(int version, string name, string value)
    {
        Element? reported = null;
        await UntilAsync(
            async () =>
            {
                reported = await ItemAsync("reported");
                return reported?.Attribute("version") == version.ToString(CultureInfo.InvariantCulture) && Value(reported, name) == value;
            },
            () => $"{reported}");
    }

    private async Task<Element?> ItemAsync(string node)
    {
        var query = new Element(Ns.PubSub, "pubsub");
        query.Add("items").Set("node", $"things/{Board}/{node}");
        Element answer = await Ann.SendIqAsync("get", new Jid("", "pubsub.hub.test", ""), query);
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
        publish.Add("publish").Set("node", $"things/{Board}/desired").Add("item").Set("id", "current").Add(config);
        await Ann.SendIqAsync("set", new Jid("", "pubsub.hub.test", ""), publish);
    }
}
