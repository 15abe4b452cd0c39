using System.Text.Json.Nodes;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.Proposals;
using IotXmpp.TestKit;
using Xunit;

namespace IotXmpp.Hub.Tests.Rest;

/// <summary>Who gets the name of a person who was removed is somebody else: what the former one asked for stays as history, and is not his to see or to change.</summary>
public sealed class RemovedPersonTests(RestHub hub) : IClassFixture<RestHub>
{
    private const string Secret = """{"parameters":[{"name":"password","value":"of erin"}]}""";

    // All lists that give what somebody asked for, has or is told.
    private static readonly string[] s_lists = ["/things", "/audit/commands", "/batches", "/proposals", "/alert-rules", "/alert-deliveries", "/maintenance", "/groups", "/tokens"];

    [Fact]
    public async Task The_next_one_of_a_name_has_and_sees_nothing_of_the_former_one()
    {
        string root = await hub.TokenAsync("root"), alice = await hub.TokenAsync("alice");
        await hub.Host.AddAccountAsync("erin", "secret of erin");
        await hub.AddThingAsync("kettle", "erin");
        GroupService groups = hub.Host.Server.Hub.Modules.OfType<AccessModule>().Single().Groups;
        Assert.Equal(GroupOutcome.Done, (await groups.CreateAsync(RestHub.Of("alice"), "house", "House")).Outcome);
        Assert.Equal(GroupOutcome.Done, (await groups.AddThingAsync(RestHub.Of("alice"), "house", "lamp")).Outcome);
        await DoneAsync(alice, HttpMethod.Put, "/groups/house/members/erin@hub.test", """{"role":"administrator"}""");

        string erin = await hub.TokenAsync("erin");
        string toLamp = await DoneAsync(erin, HttpMethod.Post, "/things/lamp/commands", """{"parameters":[{"name":"relay","value":true}]}""");
        string toKettle = await DoneAsync(erin, HttpMethod.Post, "/things/kettle/commands", Secret);
        string batch = await DoneAsync(erin, HttpMethod.Post, "/batches", """{"things":["lamp"],"parameters":[{"name":"relay","value":false}]}""");
        await DoneAsync(erin, HttpMethod.Put, "/alert-rules/erins", """{"id":"erins","scope":{"all":true},"when":{"kind":"offline"}}""");
        await DoneAsync(erin, HttpMethod.Put, "/maintenance/erins", """{"id":"erins","scope":{"all":true},"once":{"from":"2026-01-01T00:00:00Z","to":"2026-01-02T00:00:00Z"}}""");
        await DoneAsync(erin, HttpMethod.Post, "/groups", """{"id":"erins"}""");
        await DoneAsync(erin, HttpMethod.Post, "/things/kettle/notes", """{"text":"mine"}""");
        ProposalService proposals = hub.Host.Server.Hub.Modules.OfType<ProposalsModule>().Single().Service;
        string note = await DoneAsync(erin, HttpMethod.Post, "/things/lamp/notes", """{"text":"mine, too"}""");
        string proposal = (await proposals.ProposeAsync(RestHub.Of("erin"), "t", "lamp", [new ProposedParameter("relay", "boolean", "true")], "why not")).Proposal!.Id;
        await DoneAsync(alice, HttpMethod.Put, "/alert-rules/hot", """{"id":"hot","scope":{"things":["lamp"]},"when":{"kind":"threshold","field":"t","is":"above","value":30},"deliver":[{"to":"xmpp:erin@hub.test"}]}""");
        await hub.MeasureAsync("lamp", $"<timestamp value='{DateTime.UtcNow:yyyy-MM-ddTHH:mm:ssZ}'><numeric name='t' value='31'/></timestamp>");
        await Wait.UntilAsync(async () => (await ListAsync(erin, "/alert-deliveries")).Count > 0);
        string delivery = (await ListAsync(erin, "/alert-deliveries"))[0]!["id"]!.ToString();
        foreach (string list in s_lists)
        {
            Assert.True((await ListAsync(erin, list)).Count > 0, list);
        }

        Assert.Equal(AccountOutcome.Done, await hub.Host.Server.Services.Accounts.RemoveAsync("erin"));
        (await hub.GetAsync("/things", erin)).Refuses(401, "unauthorized");
        await hub.Host.AddAccountAsync("erin", "another secret");
        erin = await hub.TokenAsync("erin");
        foreach (string list in s_lists.Where(l => l != "/tokens"))
        {
            JsonArray items = await ListAsync(erin, list);
            Assert.True(items.Count == 0, $"{list}: {items}");
        }

        Assert.Single(await ListAsync(erin, "/tokens"));
        await SeesNoneAsync();

        // Also not where he may see the thing: its commands are its own, but what others waited for, planned and were told is theirs.
        await DoneAsync(alice, HttpMethod.Put, "/groups/house/members/erin@hub.test", """{"role":"viewer"}""");
        Assert.Equal(["lamp"], (await ListAsync(erin, "/things")).Select(t => (string?)t!["id"]));
        Assert.All(await ListAsync(erin, "/audit/commands"), c => Assert.Equal("lamp", (string?)c!["thing"]));
        Assert.Equal(200, (int)(await hub.GetAsync($"/commands/{toLamp}", erin)).Status);
        (await hub.SendAsync(HttpMethod.Delete, $"/commands/{toLamp}", erin)).Refuses(403, "forbidden");
        foreach (string list in (string[])["/batches", "/proposals", "/alert-deliveries"])
        {
            Assert.Empty(await ListAsync(erin, list));
        }

        (await hub.GetAsync($"/batches/{batch}", erin)).Refuses(404, "not-found");
        (await hub.GetAsync($"/proposals/{proposal}", erin)).Refuses(404, "not-found");

        // Who maintains a thing takes away his own notes; whose it is, all of them.
        await DoneAsync(alice, HttpMethod.Put, "/groups/house/members/erin@hub.test", """{"role":"administrator"}""");
        (await hub.SendAsync(HttpMethod.Delete, $"/things/lamp/notes/{note}", erin)).Refuses(403, "forbidden");
        string own = await DoneAsync(erin, HttpMethod.Post, "/things/lamp/notes", """{"text":"of the next one"}""");
        Assert.Equal(204, (int)(await hub.SendAsync(HttpMethod.Delete, $"/things/lamp/notes/{own}", erin)).Status);

        // It stays as history, for who may.
        Assert.Contains(await ListAsync(root, "/audit/commands?by=erin@hub.test"), c => (string?)c!["id"] == toKettle);
        await Wait.UntilAsync(async () => (string?)(await hub.GetAsync($"/batches/{batch}", root)).Json!["state"] == "cancelled");

        async Task SeesNoneAsync()
        {
            foreach (string path in (string[])[$"/commands/{toLamp}", $"/commands/{toKettle}", $"/batches/{batch}", $"/batches/{batch}/things", $"/proposals/{proposal}", "/alert-rules/erins", "/groups/erins", "/things/kettle", "/things/kettle/notes"])
            {
                Assert.True((int)(await hub.GetAsync(path, erin)).Status == 404, path);
            }

            foreach (string path in (string[])[$"/commands/{toLamp}", $"/commands/{toKettle}", $"/batches/{batch}", "/alert-rules/erins", "/maintenance/erins", "/groups/erins"])
            {
                Assert.True((int)(await hub.SendAsync(HttpMethod.Delete, path, erin)).Status == 404, path);
            }

            (await hub.SendAsync(HttpMethod.Post, $"/alert-deliveries/{delivery}/again", erin)).Refuses(404, "not-found");
        }
    }

    private async Task<JsonArray> ListAsync(string token, string path)
    {
        RestHub.Reply reply = await hub.GetAsync(path, token);
        Assert.True((int)reply.Status == 200, $"{path}: {reply.Text}");
        return reply.Json!["items"]!.AsArray();
    }

    private async Task<string> DoneAsync(string token, HttpMethod method, string path, string json)
    {
        RestHub.Reply reply = await hub.SendAsync(method, path, token, json);
        Assert.True((int)reply.Status is >= 200 and < 300, $"{path}: {reply.Text}");
        return reply.Json?["id"]?.ToString() ?? "";
    }
}
