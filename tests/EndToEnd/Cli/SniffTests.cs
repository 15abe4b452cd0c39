using Xunit;

namespace IotXmpp.EndToEnd.Cli;

/// <summary>A thing's stanzas by the command line, as they pass at the hub.</summary>
public sealed class SniffTests(UpFixture up) : IClassFixture<UpFixture>
{
    private Task<CliResult> Run(params string[] arguments) => CliRun.RunAsync(up.Environment, arguments);

    [Fact]
    public async Task Stanzas_are_shown_as_they_pass_and_the_token_ends_with_it()
    {
        string http = "http://" + (string)up.Hub["http"]!;
        CliResult shown = await Run("sniff", "bme280-1", "--http", http, "--count", "2", "--for", "60s", "--json");
        Assert.True(shown.Code == 0, shown.ToString());
        Assert.Equal(2, shown.Json.Length);
        Assert.All(shown.Json, s => Assert.Equal(("stanza", "bme280-1"), ((string?)s["event"], (string?)s["thing"])));
        Assert.Contains(shown.Json, s => ((string?)s["xml"])!.StartsWith('<'));
        CliResult tokens = await Run("token", "list", "--json");
        Assert.DoesNotContain(tokens.Json, t => (string?)t["name"] == "iotxmpp sniff");
        CliResult none = await Run("sniff", "nothing", "--http", http, "--for", "5s");
        Assert.Equal(6, none.Code);
        Assert.Contains("There is no such thing", none.ErrorLine, StringComparison.Ordinal);
        CliResult open = await Run("sniff", "bme280-1", "--http", "http://192.0.2.1:5280");
        Assert.Equal(2, open.Code);
        Assert.Contains("without TLS", open.ErrorLine, StringComparison.Ordinal);
    }
}
