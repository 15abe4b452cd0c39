using System.Net.Http.Headers;
using System.Text;
using System.Xml.Linq;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Storage;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Registration;

/// <summary>An account that was removed leaves nothing: the next one of that name begins with nothing.</summary>
public sealed class RemovalTests
{
    private const string Open = """{ "Security": { "LoginThrottle": { "Enabled": false } }, "Registration": { "Mode": "open" } }""";

    [Fact]
    public async Task Nothing_in_the_database_speaks_of_a_removed_account()
    {
        await using var hub = await HubHost.StartAsync(Open);
        await hub.AddAccountAsync("bob", "bob");
        await using var stranger = await RawClient.ConnectAsync(hub.Plain);
        await RegisterAsync(stranger, hub.Domain, "wanderer");
        await using var alice = await RawClient.ConnectAsync(hub.Plain);
        await alice.LoginAsync(hub.Domain, "wanderer", "secret", "r");
        await using var bob = await RawClient.ConnectAsync(hub.Plain);
        await bob.LoginAsync(hub.Domain, "bob", "bob", "r");

        string[] filled =
        [
            "<query xmlns='jabber:iq:roster'><item jid='bob@hub.test' name='Bob'/></query>",
            "<query xmlns='jabber:iq:private'><notes xmlns='urn:example:notes'>a secret note</notes></query>",
            "<vCard xmlns='vcard-temp'><FN>Wanderer</FN></vCard>",
            "<query xmlns='jabber:iq:privacy'><list name='l'><item type='jid' value='eve@hub.test' action='deny' order='1'/></list></query>",
            "<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='urn:example:mood'><item id='1'><mood xmlns='urn:example:mood'/></item></publish></pubsub>",
        ];
        for (var i = 0; i < filled.Length; i++)
        {
            await alice.SendAsync($"<iq type='set' id='fill{i}'>{filled[i]}</iq>");
            var answer = await alice.ReadUntilAsync(e => (string?)e.Attribute("id") == $"fill{i}");
            Assert.True((string?)answer.Attribute("type") == "result", answer.ToString());
        }

        await alice.SendAsync($"<iq type='set' id='ps' to='pubsub.{hub.Domain}'><pubsub xmlns='http://jabber.org/protocol/pubsub'><create node='a-shared-node'/></pubsub></iq>");
        await alice.ReadUntilAsync(e => (string?)e.Attribute("id") == "ps");
        await bob.SendAsync("<presence/><message to='wanderer@hub.test' type='chat' id='m'><body>are you there</body></message>");
        await bob.PingAsync();
        await UploadAsync(hub, alice);
        Assert.NotEmpty(await TracesAsync(hub, "wanderer"));

        await alice.SendAsync("<iq type='set' id='gone'><query xmlns='jabber:iq:register'><remove/></query></iq>");
        var gone = await alice.ReadUntilAsync(e => (string?)e.Attribute("id") == "gone");
        Assert.Equal("result", (string?)gone.Attribute("type"));
        await Wait.UntilAsync(async () => await hub.Server.Services.AccountStore.FindAsync("wanderer") is null && (await hub.Server.Services.AccountStore.LeavingAsync()).Count == 0);

        // What bob has said and got is bob's: his archive may name whom he spoke to. A node of the shared service outlives who made it, as a room does.
        Assert.Equal([], (await TracesAsync(hub, "wanderer")).Where(trace => !trace.StartsWith("archive", StringComparison.Ordinal) && trace != "pubsub_node.creator"));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(hub.Folder, "data", "upload")));
        await using var next = await RawClient.ConnectAsync(hub.Plain);
        await RegisterAsync(next, hub.Domain, "wanderer");
        await using var heir = await RawClient.ConnectAsync(hub.Plain);
        await heir.LoginAsync(hub.Domain, "wanderer", "secret", "r");
        await heir.SendAsync("<presence/><iq type='set' id='mam'><query xmlns='urn:xmpp:mam:2'/></iq>");
        var end = await heir.ReadUntilAsync(e => (string?)e.Attribute("id") == "mam" || e.Name.LocalName == "message");
        Assert.Equal("iq", end.Name.LocalName);
    }

    [Fact]
    public async Task An_end_that_a_crash_has_interrupted_is_done_at_the_next_start()
    {
        await using var hub = await HubHost.StartAsync(Open);
        var services = hub.Server.Services;
        await hub.AddAccountAsync("wanderer", "secret");
        await services.Database.WriteAsync(session => session.Prepare("INSERT INTO vcard (owner, xml, photo) VALUES ($1, $2, $3)").Bind(1, "wanderer").Bind(2, Encoding.UTF8.GetBytes("<vCard/>")).Bind(3, "").Execute());
        // As the command line does it beside the hub, and as it stands in the tables after a crash.
        Assert.Equal(AccountOutcome.Done, await new AccountService(new AccountStore(services.Database, TimeProvider.System)).RemoveAsync("wanderer"));
        Assert.Equal(AccountOutcome.Leaving, await new AccountService(new AccountStore(services.Database, TimeProvider.System)).CreateAsync("wanderer", "other"));
        await Wait.UntilAsync(async () => (await TracesAsync(hub, "wanderer")).Count == 0);
        Assert.Equal(AccountOutcome.Done, await services.Accounts.CreateAsync("wanderer", "other"));
    }

    /// <summary>Every cell of the database that has the name, by table and column.</summary>
    private static async Task<List<string>> TracesAsync(HubHost hub, string name) => await hub.Server.Services.Database.ReadAsync(session =>
    {
        var tables = new List<string>();
        SqlStatement list = session.Prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'");
        while (list.Read())
        {
            tables.Add(list.GetString(0));
        }

        var found = new List<string>();
        foreach (string table in tables)
        {
            var columns = new List<string>();
            SqlStatement info = session.Prepare($"SELECT name FROM pragma_table_info('{table}')");
            while (info.Read())
            {
                columns.Add(info.GetString(0));
            }

            foreach (string column in columns)
            {
                SqlStatement count = session.Prepare($"SELECT count(*) FROM \"{table}\" WHERE instr(CAST(\"{column}\" AS TEXT), $1) > 0").Bind(1, name);
                count.Read();
                if (count.GetInt64(0) > 0)
                {
                    found.Add($"{table}.{column}");
                }

                count.Reset();
            }
        }

        return found;
    });

    private static async Task RegisterAsync(RawClient client, string domain, string name)
    {
        await client.OpenStreamAsync(domain);
        await client.SendAsync($"<iq type='set' id='reg'><query xmlns='jabber:iq:register'><username>{name}</username><password>secret</password></query></iq>");
        var answer = await client.ReadAsync();
        Assert.True((string?)answer.Attribute("type") == "result", answer.ToString());
    }

    private static async Task UploadAsync(HubHost hub, RawClient client)
    {
        XNamespace ns = "urn:xmpp:http:upload:0";
        await client.SendAsync($"<iq type='get' id='slot' to='upload.{hub.Domain}'><request xmlns='{ns}' filename='a.txt' size='5' content-type='text/plain'/></iq>");
        var slot = await client.ReadUntilAsync(e => (string?)e.Attribute("id") == "slot");
        var put = new Uri((string)slot.Descendants(ns + "put").Single().Attribute("url")!);
        using var http = new HttpClient();
        using var content = new ByteArrayContent("hello"u8.ToArray());
        content.Headers.ContentType = new MediaTypeHeaderValue("text/plain");
        foreach (var header in slot.Descendants(ns + "header"))
        {
            content.Headers.TryAddWithoutValidation((string)header.Attribute("name")!, header.Value);
        }

        using var response = await http.PutAsync(new UriBuilder(put) { Host = "127.0.0.1", Port = hub.Http!.Port }.Uri, content);
        Assert.True(response.IsSuccessStatusCode, response.StatusCode.ToString());
    }
}
