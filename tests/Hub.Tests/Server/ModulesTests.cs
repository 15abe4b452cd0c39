using System.Text.Json;
using System.Xml.Linq;
using IotXmpp.Hub.Server;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Hub.Tests.Server;

/// <summary>Features can be left out (<c>Modules:Disabled</c>): the hub starts, serves the rest, and does not speak of them.</summary>
public sealed class ModulesTests
{
    private static readonly XNamespace Client = RawClient.Client;

    public static TheoryData<string> Alone => [.. ModulesOptions.Optional.Where(name => name is not ("Pep" or "Bookmarks" or "Privacy"))];

    [Theory]
    [MemberData(nameof(Alone))]
    public Task One_of_them_can_be_missing(string name) => ServesAsync([name]);

    [Fact]
    public async Task All_of_them_can_be_missing_and_none_is_advertised()
    {
        (string[] domain, string[] account) = await ServesAsync([.. ModulesOptions.Optional]);
        string[] gone = ["urn:xmpp:mam:2", "urn:xmpp:carbons:2", "urn:xmpp:blocking", "jabber:iq:privacy", "msgoffline", "vcard-temp", "jabber:iq:private", "http://jabber.org/protocol/pubsub#auto-subscribe", "urn:xmpp:time", "jabber:iq:last"];
        Assert.Empty(gone.Intersect(domain.Concat(account)));
        Assert.Contains("urn:xmpp:ping", domain);
    }

    [Theory]
    [InlineData("Accounts", "cannot be left out")]
    [InlineData("archive", "cannot be left out")]
    [InlineData("Pep", "is needed by")]
    [InlineData("Privacy", "is needed by Blocking")]
    public async Task What_the_hub_needs_stops_the_start_with_one_line(string name, string told)
    {
        var failure = await Assert.ThrowsAsync<HubStartException>(() => HubHost.StartAsync(Settings([name])));
        Assert.Contains("Modules:Disabled", failure.Message, StringComparison.Ordinal);
        Assert.Contains(told, failure.Message, StringComparison.Ordinal);
    }

    private static string Settings(string[] disabled) => $$"""{ "Security": { "LoginThrottle": { "Enabled": false } }, "Modules": { "Disabled": {{JsonSerializer.Serialize(disabled)}} } }""";

    // Two people, presence, messages to who is there and to who is not, and what is asked of the domain and of the account.
    private static async Task<(string[] Domain, string[] Account)> ServesAsync(string[] disabled)
    {
        await using var hub = await HubHost.StartAsync(Settings(disabled));
        await using var alice = await HubPair.LoginAsync(hub, "alice");
        await using var bob = await HubPair.LoginAsync(hub, "bob");
        foreach (var client in new[] { alice, bob })
        {
            await client.SendAsync("<presence/>");
            await client.ReadUntilAsync(e => e.Name == Client + "presence");
        }

        await alice.SendAsync($"<message to='{bob.Jid}' type='chat' id='m1'><body>1</body></message><message to='{bob.Jid.Split('/')[0]}' id='m2'><body>2</body></message>");
        Assert.Equal("m1", (string?)(await bob.ReadUntilAsync(e => e.Name == Client + "message")).Attribute("id"));
        Assert.Equal("m2", (string?)(await bob.ReadUntilAsync(e => e.Name == Client + "message")).Attribute("id"));
        string[] features = [.. await FeaturesAsync(alice, hub.Domain)];
        string[] account = [.. await FeaturesAsync(alice, alice.Jid.Split('/')[0])];
        string b = bob.Jid.Split('/')[0];
        bob.Cut();
        await alice.SendAsync($"<message to='{b}' type='chat' id='m3'><body>3</body></message>");
        Assert.DoesNotContain(await alice.PingAsync(), e => e.Element(Client + "error")?.Elements().Any(c => c.Name.LocalName == "internal-server-error") == true);
        return (features, account);
    }

    private static async Task<IEnumerable<string>> FeaturesAsync(RawClient client, string of)
    {
        await client.SendAsync($"<iq to='{of}' type='get' id='disco'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
        var answer = await client.ReadUntilAsync(e => (string?)e.Attribute("id") == "disco");
        Assert.Equal("result", (string?)answer.Attribute("type"));
        return answer.Descendants(XName.Get("feature", "http://jabber.org/protocol/disco#info")).Select(e => (string)e.Attribute("var")!);
    }
}
