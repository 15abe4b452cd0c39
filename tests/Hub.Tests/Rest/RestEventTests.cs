using System.Net;
using System.Text.Json.Nodes;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.ApiTokens;
using IotXmpp.Hub.Features.Liveness;
using Xunit;

namespace IotXmpp.Hub.Tests.Rest;

/// <summary>Server-sent events: what the account may see, as long as it may.</summary>
public sealed class RestEventTests(RestHub hub) : IClassFixture<RestHub>
{
    [Fact]
    public async Task Liveness_and_values_come_as_they_happen_and_only_of_what_one_sees()
    {
        // Things of this test's own: one that is online already tells nothing when it comes again.
        await hub.AddThingAsync("seen", "alice");
        await hub.AddThingAsync("unseen", "bob");
        using HttpResponseMessage response = await hub.OpenAsync("/events", await hub.TokenAsync("alice"));
        Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (response.StatusCode, response.Content.Headers.ContentType!.MediaType));
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        Assert.Equal("retry: 5000", await LineAsync(reader));
        hub.Liveness.Online("unseen", ThingStatus.None);
        hub.Liveness.Online("seen", ThingStatus.None);
        (string type, JsonNode data) = await NextAsync(reader);
        Assert.Equal(("liveness", "seen", "online"), (type, (string)data["thing"]!, (string)data["liveness"]!["state"]!));
        await hub.MeasureAsync("unseen", Sample());
        await hub.MeasureAsync("seen", Sample());
        (type, data) = await NextAsync(reader);
        Assert.Equal(("values", "seen", "t", 4.5), (type, (string)data["thing"]!, (string)data["fields"]![0]!["name"]!, (double)data["fields"]![0]!["value"]!));
    }

    [Fact]
    public async Task A_token_without_history_hears_of_liveness_alone()
    {
        await hub.AddThingAsync("other", "alice");
        await hub.AddThingAsync("wanted", "alice");
        string token = await hub.TokenAsync("alice", ApiScope.ThingsRead);
        (await hub.GetAsync("/events?type=values", token)).Refuses(403, "scope-needed");
        using HttpResponseMessage response = await hub.OpenAsync("/events?thing=wanted", token);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        await hub.MeasureAsync("wanted", Sample());
        hub.Liveness.Online("other", ThingStatus.None);
        hub.Liveness.Online("wanted", ThingStatus.None);
        (string type, JsonNode data) = await NextAsync(reader);
        Assert.Equal(("liveness", "wanted"), (type, (string)data["thing"]!));
    }

    [Fact]
    public async Task What_is_revoked_ends_at_once()
    {
        NewApiToken made = await hub.Tokens.CreateAsync("alice", "stream", [ApiScope.ThingsRead]);
        using HttpResponseMessage response = await hub.OpenAsync("/events", made.Secret!);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        await hub.Tokens.RevokeAsync(made.Token!.Id, null);
        while (await LineAsync(reader) is not null)
        {
        }
    }

    [Fact]
    public async Task A_right_that_goes_takes_its_events_along()
    {
        await hub.AddThingAsync("shared", "bob");
        GroupService groups = hub.Host.Server.Hub.Modules.OfType<AccessModule>().Single().Groups;
        Assert.Equal(GroupOutcome.Done, (await groups.CreateAsync(RestHub.Of("root"), "shared-things", "Shared")).Outcome);
        Assert.Equal(GroupOutcome.Done, (await groups.AddThingAsync(RestHub.Of("root"), "shared-things", "shared")).Outcome);
        Assert.Equal(GroupOutcome.Done, (await groups.SetMemberAsync(RestHub.Of("root"), "shared-things", RestHub.Of("alice"), GroupRole.Viewer)).Outcome);
        string token = await hub.TokenAsync("alice");
        Assert.Equal(["shared"], (await hub.GetAsync("/things?group=shared-things", token)).Json!["items"]!.AsArray().Select(t => (string?)t!["id"]));
        using HttpResponseMessage response = await hub.OpenAsync("/events?thing=shared&thing=lamp&type=values", token);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        await hub.MeasureAsync("shared", Sample());
        Assert.Equal("shared", (string?)(await NextAsync(reader)).Data["thing"]);
        Assert.Equal(GroupOutcome.Done, (await groups.RemoveMemberAsync(RestHub.Of("root"), "shared-things", RestHub.Of("alice"))).Outcome);
        await hub.MeasureAsync("shared", Sample());
        await hub.MeasureAsync("lamp", Sample());
        Assert.Equal("lamp", (string?)(await NextAsync(reader)).Data["thing"]);
        (await hub.GetAsync("/things/shared", token)).Refuses(404, "not-found");
        Assert.Empty((await hub.GetAsync("/things?group=shared-things", token)).Json!["items"]!.AsArray());
    }

    [Fact]
    public async Task Streams_of_one_token_are_bounded()
    {
        string token = await hub.TokenAsync("bob");
        var open = new List<HttpResponseMessage>();
        try
        {
            for (int i = 0; i < 8; i++)
            {
                open.Add(await hub.OpenAsync("/events", token));
                Assert.Equal(HttpStatusCode.OK, open[^1].StatusCode);
            }

            (await hub.GetAsync("/events", token)).Refuses(429, "too-many");
        }
        finally
        {
            open.ForEach(r => r.Dispose());
        }
    }

    private static string Sample() => $"<timestamp value='{DateTimeOffset.UtcNow.UtcDateTime:yyyy-MM-ddTHH:mm:ss.fffZ}'><numeric name='t' value='4.5'/></timestamp>";

    /// <summary>The next event. Bounded as a whole: a stream without events has its lines too.</summary>
    private static async Task<(string Type, JsonNode Data)> NextAsync(StreamReader reader)
    {
        long from = TimeProvider.System.GetTimestamp();
        while (true)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(from) < TimeSpan.FromMinutes(1), "no event comes");
            string? line = await LineAsync(reader);
            Assert.NotNull(line);
            if (line.StartsWith("event: ", StringComparison.Ordinal))
            {
                string data = (await LineAsync(reader))!;
                Assert.StartsWith("data: ", data, StringComparison.Ordinal);
                return (line["event: ".Length..], JsonNode.Parse(data["data: ".Length..])!);
            }
        }
    }

    private static async Task<string?> LineAsync(StreamReader reader) => await reader.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
}
