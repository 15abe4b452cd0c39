using System.Net;
using System.Text.Json.Nodes;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.ApiTokens;
using IotXmpp.Hub.Features.Sniffer;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using Xunit;

namespace IotXmpp.Hub.Tests.Rest;

/// <summary>A thing's stanzas as server-sent events: for who maintains it, as long as he does, and noted.</summary>
public sealed class RestSnifferTests(RestHub hub) : IClassFixture<RestHub>
{
    private SnifferService Sniffer => hub.Host.Server.Hub.Modules.OfType<SnifferModule>().Single().Service;

    private GroupService Groups => hub.Host.Server.Hub.Modules.OfType<AccessModule>().Single().Groups;

    [Fact]
    public async Task Stanzas_come_as_they_pass_with_secrets_masked_and_it_is_noted_who_looks_on()
    {
        string token = await hub.TokenAsync("alice", ApiScope.ThingsWrite);
        using (HttpResponseMessage response = await hub.OpenAsync("/things/lamp/stanzas", token))
        {
            Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (response.StatusCode, response.Content.Headers.ContentType!.MediaType));
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
            Assert.Equal("retry: 5000", await LineAsync(reader));
            Assert.Contains(await hub.Host.Server.Services.Audit.ListAsync(long.MaxValue, 100, TestContext.Current.CancellationToken), e => (e.Who, e.What, e.About) == ("alice@hub.test", "sniff", "lamp"));
            await using RawClient lamp = await LogInAsync("lamp");
            await lamp.SendAsync("<presence><thing xmlns='urn:iotxmpp:thing:1' fw='1.4.0'/></presence>");
            await lamp.SendAsync("<message to='alice@hub.test'><set xmlns='urn:xmpp:iot:control'><string name='wifi-password' value='hunter2'/></set></message>");
            JsonNode presence = await NextAsync(reader, s => (string?)s["kind"] == "presence" && (bool)s["from"]!);
            Assert.Equal("is there, firmware 1.4.0", (string?)presence["meaning"]);
            JsonNode message = await NextAsync(reader, s => (string?)s["kind"] == "message");
            Assert.Contains("wifi-password", (string?)message["xml"], StringComparison.Ordinal);
            Assert.DoesNotContain("hunter2", message.ToJsonString(), StringComparison.Ordinal);
        }

        // Who has gone, looks on no more.
        await Wait.UntilAsync(() => Sniffer.Count == 0);
    }

    [Fact]
    public async Task Nobody_looks_on_who_may_not()
    {
        await hub.AddThingAsync("watched", "bob");
        Assert.Equal(GroupOutcome.Done, (await Groups.CreateAsync(RestHub.Of("root"), "watchers", "Watchers")).Outcome);
        Assert.Equal(GroupOutcome.Done, (await Groups.AddThingAsync(RestHub.Of("root"), "watchers", "watched")).Outcome);
        Assert.Equal(GroupOutcome.Done, (await Groups.SetMemberAsync(RestHub.Of("root"), "watchers", RestHub.Of("alice"), GroupRole.Operator)).Outcome);
        string alice = await hub.TokenAsync("alice");
        (await hub.GetAsync("/things/watched/stanzas", alice)).Refuses(403, "forbidden");
        (await hub.GetAsync("/things/pump/stanzas", alice)).Refuses(404, "not-found");
        (await hub.GetAsync("/things/nothing/stanzas", alice)).Refuses(404, "not-found");
        (await hub.GetAsync("/things/lamp/stanzas", await hub.TokenAsync("alice", ApiScope.ThingsRead))).Refuses(403, "scope-needed");
        (await hub.GetAsync("/things/lamp/stanzas", null)).Refuses(401, "unauthorized");
        Assert.Equal(0, Sniffer.Count);
    }

    [Fact]
    public async Task A_right_that_goes_ends_it_and_a_token_that_is_revoked()
    {
        await hub.AddThingAsync("lent", "bob");
        Assert.Equal(GroupOutcome.Done, (await Groups.CreateAsync(RestHub.Of("root"), "lenders", "Lenders")).Outcome);
        Assert.Equal(GroupOutcome.Done, (await Groups.AddThingAsync(RestHub.Of("root"), "lenders", "lent")).Outcome);
        Assert.Equal(GroupOutcome.Done, (await Groups.SetMemberAsync(RestHub.Of("root"), "lenders", RestHub.Of("alice"), GroupRole.Administrator)).Outcome);
        using HttpResponseMessage response = await hub.OpenAsync("/things/lent/stanzas", await hub.TokenAsync("alice"));
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        Assert.Equal(GroupOutcome.Done, (await Groups.SetMemberAsync(RestHub.Of("root"), "lenders", RestHub.Of("alice"), GroupRole.Viewer)).Outcome);
        string text = await reader.ReadToEndAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        Assert.EndsWith("event: over\ndata: {}\n\n", text, StringComparison.Ordinal);

        NewApiToken made = await hub.Tokens.CreateAsync("alice", "sniff", [ApiScope.ThingsWrite]);
        using HttpResponseMessage second = await hub.OpenAsync("/things/lamp/stanzas", made.Secret!);
        await hub.Tokens.RevokeAsync(made.Token!.Id, null);
        Assert.DoesNotContain("stanza", await second.Content.ReadAsStringAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        await Wait.UntilAsync(() => Sniffer.Count == 0);
    }

    private async Task<RawClient> LogInAsync(string name)
    {
        await hub.Host.Server.Services.Accounts.ChangePasswordAsync(name, "secret of " + name);
        RawClient client = await RawClient.ConnectAsync(hub.Host.Plain, name);
        await client.LoginAsync("hub.test", name, "secret of " + name, "thing");
        return client;
    }

    private static async Task<JsonNode> NextAsync(StreamReader reader, Func<JsonNode, bool> isIt)
    {
        while (true)
        {
            if (await LineAsync(reader) is { } line && line.StartsWith("data: ", StringComparison.Ordinal) && JsonNode.Parse(line["data: ".Length..]) is { } data && isIt(data))
            {
                return data;
            }
        }
    }

    private static async Task<string?> LineAsync(StreamReader reader) => await reader.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
}
