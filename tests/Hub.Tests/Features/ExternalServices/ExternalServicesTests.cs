using System.Collections;
using System.Xml.Linq;
using IotXmpp.Hub.Features.ExternalServices;
using IotXmpp.Hub.Server;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.ExternalServices;

public sealed class ExternalServicesTests
{
    /// <summary>Frozen: a TURN server computes the same. (<c>printf 1433895918:alice | openssl dgst -sha1 -hmac north -binary | base64</c>)</summary>
    [Fact]
    public void Credentials_are_what_a_turn_server_computes()
    {
        var credentials = TurnCredentials.Make("north", "alice", DateTimeOffset.FromUnixTimeMilliseconds(1_433_895_918_506));
        Assert.Equal(("1433895918:alice", "RqMvcGPYTJMGThVLSi4amT4zFtI=", DateTimeOffset.FromUnixTimeSeconds(1_433_895_918)), (credentials.Username, credentials.Password, credentials.Expires));
        Assert.Matches("^1433895918:[0-9a-f]{32}$", TurnCredentials.Make("north", "älice", DateTimeOffset.FromUnixTimeSeconds(1_433_895_918)).Username);
    }

    [Theory]
    [InlineData("""{ "Host": "turn.test", "Secret": "hidden" }""", "Services:0:Type")]
    [InlineData("""{ "Type": "turn turn", "Host": "turn.test", "Secret": "hidden" }""", "Services:0:Type")]
    [InlineData("""{ "Type": "turn", "Secret": "hidden" }""", "Services:0:Host")]
    [InlineData("""{ "Type": "turn", "Host": "not a host", "Secret": "hidden" }""", "Services:0:Host")]
    [InlineData("""{ "Type": "turn", "Host": "turn.test", "Port": 70000, "Secret": "hidden" }""", "Services:0:Port")]
    [InlineData("""{ "Type": "turn", "Host": "turn.test", "Transport": "sctp", "Secret": "hidden" }""", "Services:0:Transport")]
    [InlineData("""{ "Type": "turn", "Host": "turn.test", "Secret": "hidden", "Username": "u", "Password": "hidden" }""", "Services:0:Secret")]
    [InlineData("""{ "Type": "turn", "Host": "turn.test", "Password": "hidden" }""", "Services:0:Username")]
    [InlineData("""{ "Type": "turn", "Host": "turn.test", "Username": "u" }""", "Services:0:Password")]
    public async Task A_bad_setting_is_named_and_what_is_secret_is_not_told(string service, string named)
    {
        using var folder = new TempFolder("services");
        await File.WriteAllTextAsync(folder.File("settings.json"), $$"""{ "ExternalServices": { "Services": [ {{service}} ] } }""");
        SettingsResult read = SettingsLoader.Load(["--settings", folder.File("settings.json")], new Hashtable());
        SettingsException bad = Assert.Throws<SettingsException>(() => read.Settings!.Section<ExternalServicesOptions>("ExternalServices"));
        Assert.Contains(named, bad.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", bad.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Strangers_are_not_told()
    {
        await using HubPair pair = await HubPair.StartAsync(certificates: false, bidirectional: false, more: """ "ExternalServices": { "Services": [ { "Type": "turn", "Host": "turn.test", "Secret": "s" } ] } """);
        await using RawClient stranger = await HubPair.LoginAsync(pair.Peer, "carol");
        foreach (string request in new[] { "<services xmlns='urn:xmpp:extdisco:2'/>", "<credentials xmlns='urn:xmpp:extdisco:2'><service host='turn.test' type='turn'/></credentials>" })
        {
            string id = stranger.NewId();
            await stranger.SendAsync($"<iq type='get' to='hub.test' id='{id}'>{request}</iq>");
            XElement answer = await stranger.ReadUntilAsync(e => (string?)e.Attribute("id") == id);
            Assert.Single(answer.Descendants(), e => e.Name.LocalName == "forbidden");
        }
    }
}
