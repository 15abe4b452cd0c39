using System.Text.Json.Nodes;
using IotXmpp.Virtual;
using Xunit;

namespace IotXmpp.EndToEnd.Cli;

/// <summary>Images and roll-outs by the command line, against a running hub whose things were flashed without a key.</summary>
public sealed class RolloutCommandTests(UpFixture up) : IClassFixture<UpFixture>
{
    [Fact]
    public async Task An_image_is_signed_brought_rolled_out_refused_by_the_thing_and_taken_away()
    {
        CliResult added = await CliRun.RunAsync(up.Environment, "account", "add", "keeper", "--admin", "--data", up.Data, "--json");
        Assert.True(added.Code == 0, added.ToString());
        Dictionary<string, string?> keeper = up.Environment;
        keeper["IOTXMPP_JID"] = "keeper@localhost";
        keeper["IOTXMPP_PASSWORD"] = (string?)added.Json[0]["password"];
        string key = Path.Combine(up.Folder, "fleet", "update.key");
        keeper["IOTXMPP_UPDATE_KEY"] = key;
        string image = Path.Combine(up.Folder, "image.pe");
        await File.WriteAllBytesAsync(image, new VirtualModule(ModuleFault.None).ToImage(150_000), TestContext.Current.CancellationToken);

        Assert.Equal(2, (await CliRun.RunAsync(keeper, "firmware", "sign", image, "--image", "lab", "--version", "1.5.0", "--target", "nano")).Code);
        Assert.Equal(0, (await CliRun.RunAsync(keeper, "firmware", "key")).Code);
        Assert.Equal(FileModes.Secret, FileModes.Of(key));
        CliResult twice = await CliRun.RunAsync(keeper, "firmware", "key");
        Assert.Equal(1, twice.Code);
        Assert.Contains("already", twice.ErrorLine, StringComparison.Ordinal);
        Assert.Equal(2, (await CliRun.RunAsync(keeper, "firmware", "push", image)).Code);
        Assert.Equal(2, (await CliRun.RunAsync(keeper, "firmware", "sign", image, "--image", "lab", "--version", "one", "--target", "nano")).Code);
        CliResult signed = await CliRun.RunAsync(keeper, "firmware", "sign", image, "--image", "lab", "--version", "1.5.0", "--target", "nano", "--json");
        Assert.True(signed.Code == 0, signed.ToString());
        Assert.Equal(150_000, (int?)signed.Json[0]["size"]);

        // Who is no administrator brings none.
        Assert.NotEqual(0, (await CliRun.RunAsync(up.Environment, "firmware", "push", image)).Code);
        CliResult pushed = await CliRun.RunAsync(keeper, "firmware", "push", image);
        Assert.True(pushed.Code == 0, pushed.ToString());
        Assert.Contains("already", (await CliRun.RunAsync(keeper, "firmware", "push", image)).Out, StringComparison.Ordinal);
        Assert.Equal(("lab", "1.5.0"), ((string?)(await CliRun.RunAsync(keeper, "firmware", "list", "--json")).Json[0]["name"], (string?)(await CliRun.RunAsync(keeper, "firmware", "list", "--json")).Json[0]["version"]));

        CliResult started = await CliRun.RunAsync(keeper, "rollout", "start", "lab", "1.5.0", "bme280-1", "relay-1", "--gate", "0", "--json");
        Assert.True(started.Code == 0, started.ToString());
        string id = started.Json[0]["id"]!.ToString();
        JsonObject? ended = null;
        CliResult show = started;
        for (int i = 0; i < 40 && ended is null; i++)
        {
            show = await CliRun.RunAsync(keeper, "rollout", "show", id, "--json");
            ended = show.Json.FirstOrDefault(j => (string?)j["event"] == "rollout" && j["ended"] is not null);
        }

        Assert.True(ended is not null, show.ToString());
        Assert.Equal("stopped", (string?)ended["state"]);
        JsonObject thing = show.Json.Single(j => (string?)j["event"] == "thing" && (string?)j["id"] == "bme280-1");
        Assert.Equal(("failed", "not-authorized: this thing holds no update key"), ((string?)thing["state"], (string?)thing["reason"]));
        Assert.Contains("1 thing failed", (await CliRun.RunAsync(keeper, "rollout", "show", id)).Out, StringComparison.Ordinal);
        Assert.NotEqual(0, (await CliRun.RunAsync(keeper, "rollout", "resume", id)).Code);
        Assert.NotEqual(0, (await CliRun.RunAsync(keeper, "rollout", "show", "9999")).Code);
        Assert.Equal(2, (await CliRun.RunAsync(keeper, "rollout", "start", "lab", "1.5.0")).Code);
        Assert.Contains((await CliRun.RunAsync(keeper, "rollout", "list", "--json")).Json, j => j["id"]!.ToString() == id);
        Assert.Equal(0, (await CliRun.RunAsync(keeper, "firmware", "remove", "lab", "1.5.0")).Code);
        Assert.NotEqual(0, (await CliRun.RunAsync(keeper, "firmware", "remove", "lab", "1.5.0")).Code);
    }
}
