using System.Net;
using IotXmpp.Hub.Features.Metrics;
using IotXmpp.Hub.Server;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Metrics;

/// <summary>The page for Prometheus: what it says, and who may read it.</summary>
public sealed class MetricsPageTests
{
    private const string Token = "a-token-of-more-than-24-characters";

    [Fact]
    public async Task What_the_hub_does_is_counted_and_nobody_is_named()
    {
        await using HubHost hub = await HubHost.StartAsync();
        await using var alice = await LoginAsync(hub);
        await alice.SendAsync("<presence/>");
        await alice.ReadAsync();
        await alice.SendAsync("<message to='alice@hub.test' type='chat'><body>x</body></message>");
        await alice.ReadAsync();

        string page = string.Empty;
        await Wait.UntilAsync(() =>
        {
            page = PageAsync(hub).GetAwaiter().GetResult();
            return Value(page, "iotxmpp_database_size_bytes") > 0 && Value(page, "iotxmpp_stanzas_sent_total{kind=\"message\"}") == 1;
        });

        Assert.Equal(1, Value(page, "iotxmpp_sessions{kind=\"person\",transport=\"tcp\"}"));
        Assert.Equal(0, Value(page, "iotxmpp_sessions{kind=\"thing\",transport=\"tcp\"}"));
        Assert.Equal(1, Value(page, "iotxmpp_connections"));
        Assert.Equal(1, Value(page, "iotxmpp_stanzas_received_total{kind=\"message\"}"));
        Assert.Equal(1, Value(page, "iotxmpp_stanzas_received_total{kind=\"presence\"}"));
        Assert.Equal(1, Value(page, "iotxmpp_stanzas_sent_total{kind=\"presence\"}"));
        Assert.Equal(1, Value(page, "iotxmpp_logins_total{outcome=\"success\"}"));
        Assert.Equal(0, Value(page, "iotxmpp_logins_total{outcome=\"not-authorized\"}"));
        Assert.Equal(0, Value(page, "iotxmpp_things{state=\"online\"}"));
        Assert.True(Value(page, "iotxmpp_storage_commit_seconds_count") > 0);
        Assert.Equal(Value(page, "iotxmpp_storage_commit_seconds_count"), Value(page, "iotxmpp_storage_commit_seconds_bucket{le=\"+Inf\"}"));
        Assert.True(Value(page, "iotxmpp_storage_batch_units_sum") >= Value(page, "iotxmpp_storage_batch_units_count"));
        Assert.Equal(0, Value(page, "iotxmpp_history_samples_pending"));
        Assert.Equal(0, Value(page, "iotxmpp_commands_open"));
        Assert.Contains("iotxmpp_alerts_raised_total{severity=", page, StringComparison.Ordinal);
        Assert.Equal(0, Value(page, "iotxmpp_commands_ended_total{state=\"failed\"}"));
        Assert.True(Value(page, "process_resident_memory_bytes") > 0);
        Assert.DoesNotContain("alice", page, StringComparison.Ordinal);
        Assert.DoesNotContain("hub.test", page, StringComparison.Ordinal);
        // The hub does not federate: there is no figure of it, and not a zero.
        Assert.DoesNotContain("iotxmpp_server_streams", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Commands_that_go_straight_to_the_thing_are_counted_like_those_that_were_queued()
    {
        await using HubHost hub = await HubHost.StartAsync();
        await using var alice = await LoginAsync(hub);
        await hub.AddAccountAsync("lamp", "lamp");
        await hub.SetOwnerAsync("lamp", "alice");
        await using RawClient lamp = await RawClient.ConnectAsync(hub.Plain, "lamp");
        await lamp.LoginAsync(hub.Domain, "lamp", "lamp", "thing");
        await lamp.SendAsync("<presence/>");
        await lamp.PingAsync();
        foreach ((string id, string answer) in ((string, string)[])[("c1", "type='result'"), ("c2", "type='error'")])
        {
            await CommandAsync(id, answer);
        }

        await Wait.UntilAsync(() =>
        {
            string page = PageAsync(hub).GetAwaiter().GetResult();
            return Value(page, "iotxmpp_commands_ended_total{state=\"done\"}") == 1 && Value(page, "iotxmpp_commands_ended_total{state=\"failed\"}") == 1;
        });

        async Task CommandAsync(string id, string answer)
        {
            await alice.SendAsync($"<iq type='set' to='lamp@hub.test/thing' id='{id}'><set xmlns='urn:xmpp:iot:control'><boolean name='relay' value='true'/></set></iq>");
            await lamp.ReadUntilAsync(e => (string?)e.Attribute("id") == id);
            string error = id == "c2" ? "<error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>" : "<setResponse xmlns='urn:xmpp:iot:control'/>";
            await lamp.SendAsync($"<iq {answer} to='{alice.Jid}' id='{id}'>{error}</iq>");
            await alice.ReadUntilAsync(e => (string?)e.Attribute("id") == id);
        }
    }

    [Fact]
    public async Task One_of_sixteen_stanzas_is_timed_and_a_wrong_password_is_an_outcome()
    {
        await using HubHost hub = await HubHost.StartAsync();
        await using var alice = await LoginAsync(hub);
        int processors = Environment.ProcessorCount;
        for (int i = 0; i < 16 * processors; i++)
        {
            Assert.Empty(await alice.PingAsync());
        }

        await WrongAsync(hub);

        string page = string.Empty;
        await Wait.UntilAsync(() =>
        {
            page = PageAsync(hub).GetAwaiter().GetResult();
            return Value(page, "iotxmpp_stanza_handling_seconds_count") >= 1 && Value(page, "iotxmpp_logins_total{outcome=\"not-authorized\"}") == 1;
        });
        Assert.InRange(Value(page, "iotxmpp_stanza_handling_seconds_count"), 1, processors + 1);
        Assert.Equal(16 * processors, Value(page, "iotxmpp_stanzas_received_total{kind=\"iq\"}"));
    }

    [Fact]
    public async Task Only_programs_on_this_machine_read_it_by_default()
    {
        await using HubHost hub = await HubHost.StartAsync();

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(hub, _ => { }));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(hub, request => request.Headers.Host = "localhost:" + hub.Http!.Port));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(hub, request => request.Headers.Host = "hub.test"));
        // A name that leads here, in a browser; a page that asks from elsewhere; a proxy that speaks for somebody else.
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(hub, request => request.Headers.Host = "evil.example"));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(hub, request => request.Headers.Add("Origin", "http://evil.example")));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(hub, Through("192.0.2.7")));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, await StatusAsync(hub, request => request.Method = HttpMethod.Post));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(hub, request => request.Method = HttpMethod.Head));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(hub, request => request.Headers.Authorization = new("Bearer", "x"), Through("192.0.2.7")));
    }

    [Fact]
    public async Task With_a_token_everybody_reads_it_and_with_a_wrong_one_nobody()
    {
        await using HubHost hub = await HubHost.StartAsync($$"""{ "Metrics": { "Token": "{{Token}}", "Networks": [ "198.51.100.0/24" ] } }""");

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(hub, Through("192.0.2.7"), Bearing(Token)));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(hub, Through("192.0.2.7"), Bearing(Token + "x")));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(hub, Through("192.0.2.7"), Bearing(string.Empty)));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(hub, Through("192.0.2.7")));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(hub, Bearing("nonsense")));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(hub, _ => { }));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(hub, Through("198.51.100.9")));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(hub, Through("198.51.101.9")));
    }

    [Fact]
    public async Task It_can_be_closed_to_this_machine_and_switched_off()
    {
        await using (HubHost closed = await HubHost.StartAsync($$"""{ "Metrics": { "Loopback": false, "Token": "{{Token}}" } }"""))
        {
            Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(closed, _ => { }));
            Assert.Equal(HttpStatusCode.OK, await StatusAsync(closed, Bearing(Token)));
        }

        await using HubHost off = await HubHost.StartAsync("""{ "Metrics": { "Enabled": false } }""");
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(off, _ => { }));
    }

    [Theory]
    [InlineData("""{ "Token": "short" }""")]
    [InlineData("""{ "Networks": [ "everywhere" ] }""")]
    [InlineData("""{ "Otlp": { "Endpoint": "file:///etc/passwd" } }""")]
    [InlineData("""{ "Otlp": { "Headers": [ "a=b,c=d" ] } }""")]
    public async Task A_setting_that_cannot_be_meant_stops_the_start(string settings) =>
        await Assert.ThrowsAsync<HubStartException>(() => HubHost.StartAsync($$"""{ "Metrics": {{settings}} }"""));

    internal static async Task<RawClient> LoginAsync(HubHost hub)
    {
        await hub.AddAccountAsync("alice", "alice");
        RawClient alice = await RawClient.ConnectAsync(hub.Plain, "alice");
        await alice.LoginAsync(hub.Domain, "alice", "alice");
        return alice;
    }

    internal static async Task<string> PageAsync(HubHost hub)
    {
        using var http = new HttpClient();
        using HttpResponseMessage answer = await http.GetAsync($"http://{hub.Http}{MetricsHttp.Path}");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", answer.Content.Headers.ContentType!.ToString());
        return await answer.Content.ReadAsStringAsync();
    }

    internal static double Value(string page, string series) => page.Split('\n')
        .Where(line => line.StartsWith(series + " ", StringComparison.Ordinal))
        .Select(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], System.Globalization.CultureInfo.InvariantCulture))
        .SingleOrDefault(double.NaN);

    private static async Task WrongAsync(HubHost hub)
    {
        await using RawClient stranger = await RawClient.ConnectAsync(hub.Plain, "stranger");
        await stranger.OpenStreamAsync(hub.Domain);
        Assert.NotNull(await stranger.AuthenticateAsync("alice", "wrong"));
    }

    // By a proxy with TLS on this machine.
    private static Action<HttpRequestMessage> Through(string address) => request =>
    {
        request.Headers.Add("X-Forwarded-For", address);
        request.Headers.Add("X-Forwarded-Proto", "https");
    };

    private static Action<HttpRequestMessage> Bearing(string token) => request => request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + token);

    private static async Task<HttpStatusCode> StatusAsync(HubHost hub, params Action<HttpRequestMessage>[] changes)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{hub.Http}{MetricsHttp.Path}");
        foreach (Action<HttpRequestMessage> change in changes)
        {
            change(request);
        }

        using HttpResponseMessage answer = await http.SendAsync(request);
        return answer.StatusCode;
    }
}
