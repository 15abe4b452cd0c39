using Xunit;

namespace IotXmpp.EndToEnd.Cli;

/// <summary>Alerts, rules and maintenance windows by the command line, against a running <c>iotxmpp up</c>.</summary>
public sealed class AlertTests(UpFixture up) : IClassFixture<UpFixture>
{
    private Task<CliResult> Run(params string[] arguments) => CliRun.RunAsync(up.Environment, arguments);

    [Fact]
    public async Task A_rule_is_tested_added_raises_is_acknowledged_silenced_and_removed()
    {
        string file = Path.Combine(up.Folder, "warm.json");
        await File.WriteAllTextAsync(file, """{"id":"warm","scope":{"things":["bme280-1"]},"when":{"kind":"threshold","field":"temperature","is":"above","value":-100}}""", TestContext.Current.CancellationToken);
        CliResult tested = await Run("rule", "test", file, "--last", "1h", "--json");
        Assert.True(tested.Code == 0, tested.ToString());
        Assert.Equal(("rule-tested", 1), ((string?)tested.Json[^1]["event"], (int)tested.Json[^1]["alerts"]!));
        CliResult added = await Run("rule", "add", file);
        Assert.True(added.Code == 0, added.ToString());
        Assert.Contains("The rule warm is watched now (revision 1)", added.Out, StringComparison.Ordinal);
        CliResult list = await Run("alert", "list", "bme280-1", "--json");
        for (int i = 0; i < 100 && !list.Json.Any(); i++)
        {
            await Task.Delay(100, TestContext.Current.CancellationToken);
            list = await Run("alert", "list", "bme280-1", "--json");
        }

        string id = list.Json.Single()["id"]!.ToString();
        CliResult ack = await Run("alert", "ack", id, "--note", "on my way");
        Assert.True(ack.Code == 0, ack.ToString());
        Assert.Contains("acknowledged", ack.Out, StringComparison.Ordinal);
        CliResult silent = await Run("alert", "silence", id, "--for", "2h", "--json");
        Assert.True(silent.Code == 0, silent.ToString());
        Assert.NotNull(silent.Json.Single()["silenced-until"]);
        CliResult text = await Run("alert", "list");
        Assert.StartsWith("ID", text.Lines[0], StringComparison.Ordinal);
        Assert.Contains(text.Lines, l => l.Contains("bme280-1", StringComparison.Ordinal) && l.Contains("acknowledged", StringComparison.Ordinal));
        Assert.Equal(0, (await Run("alert", "deliveries")).Code);
        Assert.Contains("off", (await Run("rule", "disable", "warm")).Out, StringComparison.Ordinal);
        Assert.Contains("watched", (await Run("rule", "enable", "warm")).Out, StringComparison.Ordinal);
        Assert.Contains("\"warm\"", (await Run("rule", "show", "warm")).Out, StringComparison.Ordinal);
        Assert.Contains((await Run("rule", "list")).Lines, l => l.StartsWith("warm", StringComparison.Ordinal));
        Assert.Equal(0, (await Run("rule", "remove", "warm")).Code);
        Assert.Equal(6, (await Run("rule", "remove", "warm")).Code);
    }

    [Fact]
    public async Task A_window_is_added_listed_and_removed()
    {
        string file = Path.Combine(up.Folder, "oiling.json");
        await File.WriteAllTextAsync(file, """{"id":"oiling","scope":{"all":true},"weekly":{"days":["sun"],"at":"22:00","minutes":60,"zone":"Europe/Berlin"}}""", TestContext.Current.CancellationToken);
        CliResult added = await Run("maintenance", "add", file);
        Assert.True(added.Code == 0, added.ToString());
        Assert.Equal("oiling", (string?)(await Run("maintenance", "list", "--json")).Json.Single()["id"]);
        Assert.Contains((await Run("maintenance", "list")).Lines, l => l.StartsWith("oiling", StringComparison.Ordinal));
        Assert.Equal(0, (await Run("maintenance", "remove", "oiling")).Code);
        Assert.Equal(6, (await Run("maintenance", "remove", "oiling")).Code);
    }

    [Theory]
    [InlineData(2, "cannot be read", "rule", "add", "/no/such/file.json")]
    [InlineData(6, "no such alert", "alert", "ack", "999999999")]
    [InlineData(6, "no such delivery", "alert", "again", "999999999")]
    [InlineData(6, "no such rule", "rule", "enable", "nothing")]
    [InlineData(2, "--max is 1 to 10000", "alert", "list", "--max", "0")]
    public async Task What_is_wrong_is_one_line(int code, string says, params string[] arguments)
    {
        CliResult run = await Run(arguments);
        Assert.True(run.Code == code, run.ToString());
        Assert.Contains(says, run.ErrorLine, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rule_that_is_none_is_refused_with_where_and_why()
    {
        string file = Path.Combine(up.Folder, "none.json");
        await File.WriteAllTextAsync(file, """{"id":"none","scope":{"all":true},"when":{"kind":"weather"}}""", TestContext.Current.CancellationToken);
        CliResult run = await Run("rule", "add", file);
        Assert.True(run.Code == 2, run.ToString());
        Assert.Contains("when.kind: 'weather' is none of threshold", run.ErrorLine, StringComparison.Ordinal);
    }
}
