using System.Text.Json.Nodes;
using Xunit;

namespace IotXmpp.EndToEnd.Cli;

/// <summary>Queued commands, batches, audit and configuration by the command line, against a running <c>iotxmpp up</c>.</summary>
public sealed class QueueTests(UpFixture up) : IClassFixture<UpFixture>
{
    [Fact]
    public async Task A_command_is_given_waited_for_shown_listed_and_stands_in_the_audit()
    {
        CliResult sent = await Run("command", "send", "relay-1", "relay=on", "--key", "k", "--wait", "60s", "--json");
        Assert.True(sent.Code == 0, sent.ToString());
        JsonObject command = Assert.Single(sent.Json);
        Assert.Equal(("done", "relay-1", "true"), ((string?)command["state"], (string?)command["thing"], (string?)command["set"]!["relay"]));
        string id = (string)command["id"]!;
        CliResult shown = await Run("command", "show", id);
        Assert.Equal(4, shown.Lines.Length);
        Assert.StartsWith("relay-1: relay=true, by ", shown.Lines[0], StringComparison.Ordinal);
        Assert.EndsWith("done", shown.Lines[3], StringComparison.Ordinal);
        CliResult late = await Run("command", "cancel", id);
        Assert.NotEqual(0, late.Code);
        Assert.Contains("has come to its end", late.ErrorLine, StringComparison.Ordinal);
        CliResult list = await Run("command", "list", "relay-1", "--state", "done", "--json");
        Assert.Contains(list.Json, c => (string?)c["id"] == id);

        await Run("set", "relay-1", "relay=false");
        CliResult audit = await Run("audit", "--thing", "relay-1", "--way", "direct", "--json");
        Assert.True(audit.Code == 0, audit.ToString());
        Assert.Contains(audit.Json, c => (string?)c["way"] == "direct" && (string?)c["set"]?["relay"] == "false");
        CliResult table = await Run("audit", "--last", "1h");
        Assert.StartsWith("AT", table.Lines[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_waits_behind_a_gateway_is_given_there_and_set_leaves_it_with_the_hub()
    {
        CliResult node = await Run("command", "send", "node-1", "fan=true", "--wait", "60s", "--json");
        Assert.True(node.Code == 0, node.ToString());
        Assert.Equal("done", (string?)Assert.Single(node.Json)["state"]);
        CliResult queued = await Run("set", "relay-1", "relay=true", "--queue", "--ttl", "5m", "--json");
        Assert.True(queued.Code == 0, queued.ToString());
        string id = (string)Assert.Single(queued.Json)["id"]!;
        CliResult done = await Run("command", "show", id, "--wait", "60s", "--json");
        Assert.Equal("done", (string?)Assert.Single(done.Json)["state"]);
    }

    [Fact]
    public async Task A_batch_is_begun_shown_and_listed()
    {
        CliResult begun = await Run("batch", "send", "sampleInterval=60000", "--thing", "relay-1,bme280-1", "--rate", "0", "--json");
        Assert.True(begun.Code == 0, begun.ToString());
        string id = (string)Assert.Single(begun.Json)["id"]!;
        JsonObject batch = [];
        for (int i = 0; i < 300 && (string?)batch["state"] is null or "running"; i++)
        {
            await Task.Delay(100, TestContext.Current.CancellationToken);
            batch = (await Run("batch", "show", id, "--json")).Json[0];
        }

        Assert.Equal(("done", 2), ((string?)batch["state"], (int)batch["done"]!));
        CliResult shown = await Run("batch", "show", id);
        Assert.Contains(shown.Lines, l => l.StartsWith("relay-1", StringComparison.Ordinal) && l.Contains("done", StringComparison.Ordinal));
        Assert.Contains((await Run("batch", "list", "--json")).Json, b => (string?)b["id"] == id);
        Assert.NotEqual(0, (await Run("batch", "cancel", id)).Code);
        Assert.Contains("say which things", (await Run("batch", "send", "relay=true")).ErrorLine, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Configuration_is_set_by_the_version_that_was_seen_shown_and_brought_back()
    {
        CliResult set = await Run("config", "set", "bme280-1", "sampleInterval=30000", "--note", "slower", "--json");
        Assert.True(set.Code == 0, set.ToString());
        int version = (int)Assert.Single(set.Json)["desired"]!;
        CliResult again = await Run("config", "set", "bme280-1", "sampleInterval=20000", "--base", version.ToString(null as IFormatProvider));
        Assert.True(again.Code == 0, again.ToString());
        CliResult late = await Run("config", "set", "bme280-1", "sampleInterval=10000", "--base", version.ToString(null as IFormatProvider));
        Assert.NotEqual(0, late.Code);
        Assert.Contains("somebody has changed it since", late.ErrorLine, StringComparison.Ordinal);
        CliResult back = await Run("config", "revert", "bme280-1", version.ToString(null as IFormatProvider), "--json");
        Assert.Equal("30000", (string?)Assert.Single(back.Json)["parameters"]![0]!["desired"]);
        CliResult versions = await Run("config", "versions", "bme280-1", "--json");
        Assert.Contains(versions.Json, v => (string?)v["note"] == "slower");
        CliResult show = await Run("config", "show", "bme280-1");
        Assert.Contains(show.Lines, l => l.StartsWith("sampleInterval", StringComparison.Ordinal));
        CliResult drift = await Run("config", "drift", "--all", "--json");
        Assert.Contains(drift.Json, c => (string?)c["thing"] == "bme280-1");
    }

    [Theory]
    [InlineData("there is no such thing, or you may not", "command", "send", "nothing-1", "relay=true")]
    [InlineData("is not NAME=VALUE", "command", "send", "relay-1", "relay")]
    [InlineData("is true or false", "command", "send", "relay-1", "relay:boolean=perhaps")]
    [InlineData("is set twice", "command", "send", "relay-1", "relay=true", "relay=false")]
    [InlineData("there is no such command", "command", "show", "none")]
    [InlineData("there is no such batch", "batch", "show", "none")]
    [InlineData("the hub does not understand", "audit", "--outcome", "perhaps")]
    [InlineData("say what to change", "config", "set", "relay-1")]
    [InlineData("there is no such thing, or you may not", "config", "show", "nothing-1")]
    public async Task What_cannot_be_is_said_in_one_line(string line, params string[] arguments)
    {
        CliResult result = await Run(arguments);
        Assert.NotEqual(0, result.Code);
        Assert.Contains(line, result.ErrorLine, StringComparison.Ordinal);
        Assert.Empty(result.Out);
    }

    private Task<CliResult> Run(params string[] arguments) => CliRun.RunAsync(up.Environment, arguments);
}
