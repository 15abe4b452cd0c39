using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Xml.Linq;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.HomeAssistant;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Sasl;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.HomeAssistant;

/// <summary>Things in a home, by a broker that nobody here wrote.</summary>
public sealed class BridgeTests
{
    private static readonly XNamespace Control = "urn:xmpp:iot:control";

    [Fact]
    public async Task A_thing_is_found_with_what_it_measures_and_what_may_be_set()
    {
        await using Home home = await Home.StartAsync();
        await using HubHost hub = await HubAsync(home);
        await using RawClient lamp = await ThingAsync(hub, "lamp", "alice");

        await MeasureAsync(lamp, "lamp", "<numeric name='temperature' momentary='true' value='21.5' unit='Cel'/><boolean name='motion' value='true'/><enum name='mode' value='eco'/>");

        await home.HasAsync("iotxmpp/lamp/temperature/state", "21.5");
        await home.HasAsync("iotxmpp/lamp/motion/state", "true");
        await home.HasAsync("iotxmpp/lamp/mode/state", "eco");
        await home.HasAsync("iotxmpp/lamp/availability", "online");
        await home.HasAsync("iotxmpp/status", "online");
        await home.HasAsync("iotxmpp/lamp/relay/state", "false");
        await Wait.UntilAsync(() => home["homeassistant/select/iotxmpp_lamp/speed/config"] is not null); // the last one of the form
        JsonElement temperature = Config(home, "sensor", "temperature");
        Assert.Equal("°C", temperature.GetProperty("unit_of_measurement").GetString());
        Assert.Equal("temperature", temperature.GetProperty("device_class").GetString());
        Assert.Equal("measurement", temperature.GetProperty("state_class").GetString());
        Assert.Equal("iotxmpp_lamp_temperature", temperature.GetProperty("unique_id").GetString());
        Assert.Equal("iotxmpp/lamp/temperature/state", temperature.GetProperty("state_topic").GetString());
        Assert.Equal(["iotxmpp/status", "iotxmpp/lamp/availability"], temperature.GetProperty("availability").EnumerateArray().Select(a => a.GetProperty("topic").GetString()));
        Assert.Equal("all", temperature.GetProperty("availability_mode").GetString());
        Assert.Equal("iotxmpp_lamp", temperature.GetProperty("device").GetProperty("identifiers")[0].GetString());
        Assert.Equal("1.4.0", temperature.GetProperty("device").GetProperty("sw_version").GetString());
        Assert.Equal("motion", Config(home, "binary_sensor", "motion").GetProperty("device_class").GetString());
        Assert.Equal("enum", Config(home, "sensor", "mode").GetProperty("device_class").GetString());
        JsonElement level = Config(home, "number", "level");
        Assert.Equal((0, 100), (level.GetProperty("min").GetDouble(), level.GetProperty("max").GetDouble()));
        Assert.Equal("iotxmpp/lamp/level/set", level.GetProperty("command_topic").GetString());
        Assert.Equal(["slow", "fast"], Config(home, "select", "speed").GetProperty("options").EnumerateArray().Select(o => o.GetString()));
        // A secret is nobody's to see, and the thing's battery is an entity without being a field.
        Assert.DoesNotContain(home.Topics, topic => topic.Contains("password", StringComparison.Ordinal));
        await home.HasAsync("iotxmpp/lamp/battery/state", "87");

        await MeasureAsync(lamp, "lamp", "<numeric name='temperature' momentary='true' value='22' unit='Cel'/>");
        await home.HasAsync("iotxmpp/lamp/temperature/state", "22");
        await lamp.CloseAsync();
        await home.HasAsync("iotxmpp/lamp/availability", "offline");
    }

    [Fact]
    public async Task The_home_switches_with_the_rights_of_its_account_and_is_told_what_is_so()
    {
        await using Home home = await Home.StartAsync();
        await home.SayAsync("iotxmpp/lamp/level/set", "9", retain: true);
        await using HubHost hub = await HubAsync(home);
        await using RawClient lamp = await ThingAsync(hub, "lamp", "alice");
        await Wait.UntilAsync(() => home["homeassistant/switch/iotxmpp_lamp/relay/config"] is not null);

        await home.SayAsync("iotxmpp/lamp/relay/set", "true");
        XElement set = await SetAsync(lamp);
        Assert.StartsWith("alice@hub.test/home-assistant", (string)set.Attribute("from")!, StringComparison.Ordinal);
        Assert.Equal("relay=true", Parameters(set));
        await AnswerAsync(lamp, set);
        await home.HasAsync("iotxmpp/lamp/relay/state", "true");

        // Out of range, no number, not one of the choices, no such parameter, another topic, a command that the broker has kept: none of them reaches the thing, and what is so is told again.
        await home.SayAsync("iotxmpp/lamp/level/set", "101");
        await home.SayAsync("iotxmpp/lamp/level/set", "'/><evil/>");
        await home.SayAsync("iotxmpp/lamp/speed/set", "warp");
        await home.SayAsync("iotxmpp/lamp/password/set", "x");
        await home.SayAsync("iotxmpp/other/relay/set", "true");
        await home.SayAsync("iotxmpp/lamp/level/set", "42");
        set = await SetAsync(lamp);
        Assert.Equal("level=42", Parameters(set));
        await AnswerAsync(lamp, set);
        await home.HasAsync("iotxmpp/lamp/level/state", "42");

        // The thing refuses: the home is told that it is as it was.
        await home.SayAsync("iotxmpp/lamp/relay/set", "false");
        await home.SayAsync("iotxmpp/lamp/relay/state", "false");
        set = await SetAsync(lamp);
        await lamp.SendAsync($"<iq type='error' to='{set.Attribute("from")!.Value}' id='{set.Attribute("id")!.Value}'><error type='wait'><unexpected-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
        await home.HasAsync("iotxmpp/lamp/relay/state", "true");
    }

    [Fact]
    public async Task What_the_account_may_not_see_is_not_told_and_what_it_may_not_control_cannot_be_set()
    {
        await using Home home = await Home.StartAsync();
        await using HubHost hub = await HubAsync(home);
        await using RawClient mine = await ThingAsync(hub, "mine", "alice");
        await using RawClient theirs = await ThingAsync(hub, "theirs", "bob");
        await MeasureAsync(theirs, "theirs", "<numeric name='temperature' momentary='true' value='1' unit='Cel'/>");
        await MeasureAsync(mine, "mine", "<numeric name='temperature' momentary='true' value='2' unit='Cel'/>");

        await home.HasAsync("iotxmpp/mine/temperature/state", "2");
        await Wait.UntilAsync(() => home["homeassistant/switch/iotxmpp_mine/relay/config"] is not null);
        await home.SayAsync("iotxmpp/theirs/relay/set", "true");
        await home.SayAsync("iotxmpp/mine/relay/set", "true");
        await AnswerAsync(mine, await SetAsync(mine));
        await home.HasAsync("iotxmpp/mine/relay/state", "true");
        Assert.DoesNotContain(home.Topics, topic => topic.StartsWith("iotxmpp/theirs/", StringComparison.Ordinal) && !topic.EndsWith("/set", StringComparison.Ordinal));
        Assert.DoesNotContain(home.Topics, topic => topic.Contains("iotxmpp_theirs", StringComparison.Ordinal));
        Assert.Empty(await theirs.PingAsync());
    }

    [Fact]
    public async Task An_account_that_is_disabled_shows_nothing_any_more()
    {
        await using Home home = await Home.StartAsync();
        await using HubHost hub = await HubAsync(home);
        await using RawClient lamp = await ThingAsync(hub, "lamp", "alice");
        await Wait.UntilAsync(() => home["homeassistant/switch/iotxmpp_lamp/relay/config"] is not null);

        await hub.DisableAsync("alice");

        await Wait.UntilAsync(() => !home.Topics.Any(topic => topic.Contains("lamp", StringComparison.Ordinal)));
        await home.SayAsync("iotxmpp/lamp/relay/set", "true");
        Assert.Empty(await lamp.PingAsync());
    }

    [Fact]
    public async Task What_is_forgotten_leaves_the_home_also_where_that_was_while_the_hub_was_away()
    {
        await using Home home = await Home.StartAsync();
        // From another run of this hub, and from another hub.
        await home.SayAsync("homeassistant/sensor/iotxmpp_gone/temperature/config", "{}", retain: true);
        await home.SayAsync("homeassistant/sensor/other_gone/temperature/config", "{}", retain: true);
        await home.SayAsync("homeassistant/sensor/iotxmpp_2_gone/temperature/config", "{}", retain: true);
        await using HubHost hub = await HubAsync(home);
        await using RawClient lamp = await ThingAsync(hub, "lamp", "alice");
        await home.HasAsync("homeassistant/sensor/iotxmpp_gone/temperature/config", null);
        await Wait.UntilAsync(() => home["homeassistant/switch/iotxmpp_lamp/relay/config"] is not null);

        Assert.Equal(AccountOutcome.Done, await hub.Server.Services.Accounts.RemoveAsync("lamp"));

        await Wait.UntilAsync(() => !home.Topics.Any(topic => topic.Contains("lamp", StringComparison.Ordinal)));
        Assert.Equal("{}", home["homeassistant/sensor/other_gone/temperature/config"]);
        Assert.Equal("{}", home["homeassistant/sensor/iotxmpp_2_gone/temperature/config"]);
    }

    [Fact]
    public async Task A_broker_that_goes_and_comes_is_told_all_again_and_a_hub_that_goes_is_away()
    {
        await using Home home = await Home.StartAsync();
        await using (HubHost hub = await HubAsync(home))
        {
            await using RawClient lamp = await ThingAsync(hub, "lamp", "alice");
            await MeasureAsync(lamp, "lamp", "<numeric name='temperature' momentary='true' value='1' unit='Cel'/>");
            await home.HasAsync("iotxmpp/lamp/temperature/state", "1");
            await home.StopBrokerAsync();

            // The hub goes on as if nothing were.
            for (int i = 2; i < 50; i++)
            {
                await MeasureAsync(lamp, "lamp", $"<numeric name='temperature' momentary='true' value='{i}' unit='Cel'/>");
            }

            Assert.Empty(await lamp.PingAsync());
            await home.StartBrokerAsync();
            await home.HasAsync("iotxmpp/lamp/temperature/state", "49");
            await home.HasAsync("iotxmpp/status", "online");
        }

        await home.HasAsync("iotxmpp/status", "offline");
    }

    [Fact]
    public async Task A_hub_that_begins_anew_shows_what_things_let_be_set_before_they_come_back()
    {
        using var data = new TempFolder("home-again");
        await using Home home = await Home.StartAsync();
        await using (HubHost hub = await HubAsync(home, data: data.Path))
        {
            await using RawClient lamp = await ThingAsync(hub, "lamp", "alice");
            await Wait.UntilAsync(() => home["homeassistant/number/iotxmpp_lamp/level/config"] is not null);
            await home.SayAsync("iotxmpp/lamp/level/set", "42");
            await AnswerAsync(lamp, await SetAsync(lamp));
            await home.HasAsync("iotxmpp/lamp/level/state", "42");
            await lamp.CloseAsync();
            await home.HasAsync("iotxmpp/lamp/availability", "offline");
        }

        // The broker has lost what it had kept: all that the home knows now, this hub has told it.
        await home.HasAsync("iotxmpp/status", "offline");
        await home.EmptyBrokerAsync();
        await using HubHost again = await HubAsync(home, data: data.Path);
        await home.HasAsync("iotxmpp/status", "online");
        await home.HasAsync("iotxmpp/lamp/level/state", "42");
        await home.HasAsync("iotxmpp/lamp/relay/state", "false");
        await home.HasAsync("iotxmpp/lamp/availability", "offline");
        await Wait.UntilAsync(() => home["homeassistant/select/iotxmpp_lamp/speed/config"] is not null && home["homeassistant/switch/iotxmpp_lamp/relay/config"] is not null);
        Assert.Equal((0, 100), (Config(home, "number", "level").GetProperty("min").GetDouble(), Config(home, "number", "level").GetProperty("max").GetDouble()));
        Assert.DoesNotContain(home.Topics, topic => topic.Contains("password", StringComparison.Ordinal));

        // One that was removed is not remembered.
        Assert.Equal(AccountOutcome.Done, await again.Server.Services.Accounts.RemoveAsync("lamp"));
        await Wait.UntilAsync(() => !home.Topics.Any(topic => topic.Contains("lamp", StringComparison.Ordinal)));
        Assert.Empty(await new FormStore(again.Server.Services.Database).AllAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task With_tls_and_a_password_and_not_without_the_authority()
    {
        using X509Certificate2 certificate = Certificates.SelfSigned("localhost");
        using var files = new TempFolder("broker");
        string file = files.File("broker.pem");
        await File.WriteAllTextAsync(file, certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(files.File("key.pem"), certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        using (Process passwords = Process.Start("/usr/bin/mosquitto_passwd", ["-b", "-c", files.File("passwords"), "hub", "secret"]))
        {
            await passwords.WaitForExitAsync();
        }

        await using Home home = await Home.StartAsync($"allow_anonymous false\npassword_file {files.File("passwords")}\ncertfile {file}\nkeyfile {files.File("key.pem")}\n", "mqtts", "secret");
        await using (HubHost hub = await HubAsync(home, $$""", "User": "hub", "Password": "secret", "TrustedAuthority": "{{file}}" """))
        {
            await home.HasAsync("iotxmpp/status", "online");
        }

        await home.HasAsync("iotxmpp/status", "offline");
        await using HubHost stranger = await HubAsync(home, """, "User": "hub", "Password": "secret" """);
        await using RawClient lamp = await ThingAsync(stranger, "lamp", "alice");
        Assert.Empty(await lamp.PingAsync());
        Assert.Equal("offline", home["iotxmpp/status"]);
    }

    [Theory]
    [InlineData("\"Broker\": \"mqtt://192.0.2.1\", \"Account\": \"a\"")]
    [InlineData("\"Broker\": \"http://127.0.0.1\", \"Account\": \"a\"")]
    [InlineData("\"Broker\": \"mqtt://user:pw@127.0.0.1\", \"Account\": \"a\"")]
    [InlineData("\"Broker\": \"mqtt://127.0.0.1\"")]
    [InlineData("\"BaseTopic\": \"a/#\"")]
    public async Task A_setting_that_cannot_be_meant_stops_the_start(string settings) =>
        await Assert.ThrowsAsync<IotXmpp.Hub.Server.HubStartException>(() => HubHost.StartAsync($$"""{ "HomeAssistant": { {{settings}} } }"""));

    private static Task<HubHost> HubAsync(Home home, string more = "", string? data = null) => HubHost.StartAsync($$"""
        { "Security": { "LoginThrottle": { "Enabled": false } }, "HomeAssistant": { "Broker": "{{home.Broker}}", "Account": "alice", "GatherMilliseconds": 10, "MaxRetrySeconds": 1 {{more}} } }
        """, data: data);

    private static RegistryModule Registry(HubHost hub) => hub.Server.Hub.Modules.OfType<RegistryModule>().Single();

    // A lamp that is somebody's, logged in; it has answered what may be set of it.
    private static async Task<RawClient> ThingAsync(HubHost hub, string id, string owner)
    {
        if (await hub.Server.Services.Accounts.FindAsync(owner) is null)
        {
            await hub.AddAccountAsync(owner, owner);
        }

        byte[] keys = RandomNumberGenerator.GetBytes(32);
        Assert.Equal(RegistryOutcome.Done, (await Registry(hub).Provisioning.ProvisionAsync(null, new Provision(id, new Jid(owner, hub.Domain, ""), new ScramCredentials(ScramHash.Sha256, keys[..16], 4096, keys, keys)))).Outcome);
        await hub.ChangePasswordAsync(id, "password");
        RawClient thing = await RawClient.ConnectAsync(hub.Plain, id);
        await thing.LoginAsync(hub.Domain, id, "password", "thing");
        await thing.SendAsync("<presence><thing xmlns='urn:iotxmpp:thing:1' fw='1.4.0' bat='87'/></presence>");
        if (owner == "alice")
        {
            XElement asked = await thing.ReadUntilAsync(e => e.Element(Control + "getForm") is not null);
            await thing.SendAsync($"""
                <iq type='result' to='{asked.Attribute("from")!.Value}' id='{asked.Attribute("id")!.Value}'><x xmlns='jabber:x:data' type='form'>
                <field var='relay' type='boolean' label='Relay'><value>0</value></field>
                <field var='level' type='text-single'><validate xmlns='http://jabber.org/protocol/xdata-validate' datatype='xs:int'><range min='0' max='100'/></validate><value>7</value></field>
                <field var='speed' type='list-single'><option><value>slow</value></option><option><value>fast</value></option><value>slow</value></field>
                <field var='password' type='text-private'><value>hunter2</value></field></x></iq>
                """.ReplaceLineEndings(""));
        }

        return thing;
    }

    private static async Task MeasureAsync(RawClient thing, string id, string fields)
    {
        string key = "p" + Guid.NewGuid().ToString("N");
        await thing.SendAsync($"""
            <iq type='set' to='pubsub.hub.test' id='{key}'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='things/{id}/telemetry'><item><fields xmlns='urn:xmpp:iot:sensordata'><node nodeId='{id}'><timestamp value='{DateTime.UtcNow:yyyy-MM-dd'T'HH:mm:ss.fff'Z'}'>{fields}</timestamp></node></fields></item></publish></pubsub></iq>
            """.Trim());
        XElement answer = await thing.ReadUntilAsync(e => (string?)e.Attribute("id") == key);
        Assert.Equal("result", (string?)answer.Attribute("type"));
    }

    private static JsonElement Config(Home home, string component, string slug) => JsonDocument.Parse(home[$"homeassistant/{component}/iotxmpp_lamp/{slug}/config"]!).RootElement;

    private static Task<XElement> SetAsync(RawClient thing) => thing.ReadUntilAsync(e => e.Element(Control + "set") is not null);

    private static string Parameters(XElement set) => string.Join(' ', set.Element(Control + "set")!.Elements().Select(e => $"{e.Attribute("name")!.Value}={e.Attribute("value")!.Value}"));

    private static Task AnswerAsync(RawClient thing, XElement set) =>
        thing.SendAsync($"<iq type='result' to='{set.Attribute("from")!.Value}' id='{set.Attribute("id")!.Value}'><setResponse xmlns='urn:xmpp:iot:control'/></iq>");
}
