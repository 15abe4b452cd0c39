using System.Net.Http.Headers;
using System.Security.Cryptography;
using Xunit;

namespace IotXmpp.Hub.Tests.Rest;

/// <summary><c>/firmware</c> and <c>/rollouts</c>.</summary>
public sealed class FirmwareResourceTests(RestHub hub) : IClassFixture<RestHub>
{
    private static readonly byte[] Image = [.. Enumerable.Range(0, 5000).Select(i => (byte)i)];
    private static readonly string Hash = Convert.ToHexStringLower(SHA256.HashData(Image));
    private static readonly string Manifest = Uri.EscapeDataString(Convert.ToBase64String(new byte[32]));

    [Fact]
    public async Task An_image_comes_as_a_stream_is_listed_and_goes()
    {
        string root = await hub.TokenAsync("root");
        RestHub.Reply made = await PutAsync("/firmware/rest/1.5.0/nano", root);
        Assert.Equal((201, "rest", 5000, Hash), ((int)made.Status, (string?)made.Json!["name"], (int?)made.Json["size"], (string?)made.Json["sha256"]));
        Assert.Equal(201, (int)(await PutAsync("/firmware/rest/1.5.0/nano", root)).Status);
        Assert.Contains((await hub.GetAsync("/firmware", root)).Json!["items"]!.AsArray(), i => (string?)i!["name"] == "rest");
        Assert.Equal(200, (int)(await hub.GetAsync("/firmware/rest/1.5.0/nano", root)).Status);
        Assert.Equal(204, (int)(await hub.SendAsync(HttpMethod.Delete, "/firmware/rest/1.5.0/nano", root)).Status);
        (await hub.GetAsync("/firmware/rest/1.5.0/nano", root)).Refuses(404, "not-found");
    }

    [Fact]
    public async Task What_is_wrong_or_not_allowed_is_refused_by_its_name()
    {
        string root = await hub.TokenAsync("root");
        string alice = await hub.TokenAsync("alice");
        (await PutAsync("/firmware/x/1.0/nano", alice)).Refuses(403, "forbidden");
        // Who maintains a thing sees what it could be updated with; who maintains none sees nothing.
        await hub.Host.AddAccountAsync("maintains-nothing", "secret of maintains-nothing");
        (await hub.GetAsync("/firmware", await hub.TokenAsync("maintains-nothing"))).Refuses(403, "forbidden");
        Assert.Equal(200, (int)(await hub.GetAsync("/firmware", alice)).Status);
        (await hub.SendAsync(HttpMethod.Delete, "/firmware/x/1.0/nano", alice)).Refuses(403, "forbidden");
        (await PutAsync("/firmware/x/1.0/nano", root, hash: new string('0', 64))).Refuses(422, "invalid");
        (await PutAsync("/firmware/x/one/nano", root)).Refuses(400, "bad-request");
        (await PutAsync("/firmware/%3Cb%3E/1.0/nano", root)).Refuses(400, "bad-request");
        (await PutAsync("/firmware/..%2Fx/1.0/nano", root)).Refuses(400, "bad-request");
        (await hub.SendAsync(HttpMethod.Put, "/firmware/x/1.0/nano", root, more: Body)).Refuses(400, "bad-request");
        Assert.Equal(415, (int)(await hub.SendAsync(HttpMethod.Put, $"/firmware/x/1.0/nano?sha256={Hash}&manifest={Manifest}", root, "{}")).Status);
        (await PutAsync("/firmware/x/1.0/nano", await hub.TokenAsync("root", "firmware:read"))).Refuses(403, "scope-needed");
        Assert.DoesNotContain((await hub.GetAsync("/firmware", root)).Json!["items"]!.AsArray(), i => (string?)i!["name"] == "x");
    }

    [Fact]
    public async Task A_rollout_is_started_seen_by_who_maintains_its_things_and_ended()
    {
        string root = await hub.TokenAsync("root");
        string alice = await hub.TokenAsync("alice");
        string bob = await hub.TokenAsync("bob");
        Assert.Equal(201, (int)(await PutAsync("/firmware/roll/2.0/nano", root)).Status);
        const string Wish = """{ "image": "roll", "version": "2.0", "target": "nano", "things": ["lamp", "meter"], "gate": 5, "waves": [50, 100] }""";
        (await hub.SendAsync(HttpMethod.Post, "/rollouts", bob, Wish)).Refuses(404, "not-found");
        RestHub.Reply made = await hub.SendAsync(HttpMethod.Post, "/rollouts", alice, Wish);
        Assert.Equal((201, "running", 2, 5, 2), ((int)made.Status, (string?)made.Json!["state"], (int?)made.Json["total"], (int?)made.Json["gate"], (int?)made.Json["counts"]!["waiting"]));
        string path = $"/rollouts/{(long)made.Json["id"]!}";
        Assert.Equal("/api/v1" + path, made.Headers.Location!.ToString());
        (await hub.SendAsync(HttpMethod.Post, "/rollouts", alice, Wish)).Refuses(409, "conflict");
        (await hub.GetAsync(path, bob)).Refuses(404, "not-found");
        (await hub.SendAsync(HttpMethod.Post, path + "/cancel", bob)).Refuses(404, "not-found");
        Assert.DoesNotContain((await hub.GetAsync("/rollouts", bob)).Json!["items"]!.AsArray(), r => (long?)r!["id"] == (long?)made.Json["id"]);
        RestHub.Reply things = await hub.GetAsync(path + "/things?limit=1", alice);
        Assert.Equal(("lamp", 1, "waiting", "lamp"), ((string?)things.Json!["items"]![0]!["thing"], (int?)things.Json["items"]![0]!["wave"], (string?)things.Json["items"]![0]!["state"], (string?)things.Json["next"]));
        RestHub.Reply rest = await hub.GetAsync(path + "/things?limit=1&after=lamp", alice);
        Assert.Equal(("meter", null), ((string?)rest.Json!["items"]![0]!["thing"], (string?)rest.Json["next"]));
        Assert.Equal("paused", (string?)(await hub.SendAsync(HttpMethod.Post, path + "/pause", alice)).Json!["state"]);
        (await hub.SendAsync(HttpMethod.Post, path + "/pause", alice)).Refuses(409, "conflict");
        (await hub.SendAsync(HttpMethod.Delete, "/firmware/roll/2.0/nano", root)).Refuses(409, "conflict");
        Assert.Equal("cancelled", (string?)(await hub.SendAsync(HttpMethod.Post, path + "/cancel", alice)).Json!["state"]);
        Assert.Equal(204, (int)(await hub.SendAsync(HttpMethod.Delete, "/firmware/roll/2.0/nano", root)).Status);
        (await hub.SendAsync(HttpMethod.Post, "/rollouts", alice, Wish)).Refuses(404, "not-found");
        (await hub.SendAsync(HttpMethod.Post, "/rollouts", alice, Wish.Replace("[50, 100]", "[50, 10]", StringComparison.Ordinal))).Refuses(422, "invalid");
        (await hub.GetAsync("/rollouts/-1", alice)).Refuses(404, "not-found");
    }

    private Task<RestHub.Reply> PutAsync(string path, string token, string? hash = null) => hub.SendAsync(HttpMethod.Put, $"{path}?sha256={hash ?? Hash}&manifest={Manifest}", token, more: Body);

    private static void Body(HttpRequestMessage request)
    {
        request.Content = new ByteArrayContent(Image);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
    }
}
