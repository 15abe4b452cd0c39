using System.Diagnostics;
using System.Text.Json;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Metrics;

/// <summary>Debian's Prometheus reads the hub, and its own tool has nothing to say against the page.</summary>
public sealed class PrometheusTests
{
    private const string Prometheus = "/usr/bin/prometheus";
    private const string Promtool = "/usr/bin/promtool";

    [Fact]
    public async Task Promtool_has_no_complaint()
    {
        Assert.SkipUnless(File.Exists(Promtool), "promtool is not installed (Debian's prometheus)");
        await using HubHost hub = await HubHost.StartAsync("""{ "Listen": { "S2s": "127.0.0.1:0", "Component": "127.0.0.1:0" } }""");
        await using var alice = await MetricsPageTests.LoginAsync(hub);
        string page = await MetricsPageTests.PageAsync(hub);
        Assert.Contains("iotxmpp_server_streams{direction=\"in\"} 0", page, StringComparison.Ordinal);

        using Process check = Process.Start(new ProcessStartInfo(Promtool, ["check", "metrics"]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> complaints = check.StandardError.ReadToEndAsync();
        Task<string> said = check.StandardOutput.ReadToEndAsync();
        await check.StandardInput.WriteAsync(page);
        check.StandardInput.Close();
        await check.WaitForExitAsync();

        Assert.Equal(string.Empty, await complaints + await said);
        Assert.Equal(0, check.ExitCode);
    }

    [Fact]
    public async Task Prometheus_scrapes_the_hub_with_its_token()
    {
        Assert.SkipUnless(File.Exists(Prometheus), "prometheus is not installed (Debian's package)");
        const string token = "0123456789abcdef0123456789abcdef";
        await using HubHost hub = await HubHost.StartAsync($$"""{ "Metrics": { "Token": "{{token}}", "Loopback": false } }""");
        await using var alice = await MetricsPageTests.LoginAsync(hub);
        using var folder = new TempFolder("prometheus");
        string settings = folder.File("prometheus.yml");
        await File.WriteAllTextAsync(settings, $$"""
            global: { scrape_interval: 1s }
            rule_files: [ rules.yml ]
            scrape_configs:
              - job_name: iotxmpp
                authorization: { credentials: {{token}} }
                static_configs: [ { targets: [ "{{hub.Http}}" ] } ]
            """);
        // The expressions that the README proposes are ones that it can load.
        string readme = await File.ReadAllTextAsync(Repository.Path("hub", "Features", "Metrics", "README.md"));
        string rules = readme[(readme.IndexOf("```yaml", StringComparison.Ordinal) + 7)..];
        await File.WriteAllTextAsync(folder.File("rules.yml"), rules[..rules.IndexOf("```", StringComparison.Ordinal)]);
        int port = Ports.Free();
        await using ServerProcess prometheus = await ServerProcess.StartAsync(
            Prometheus,
            [$"--config.file={settings}", $"--storage.tsdb.path={folder.File("data")}", $"--web.listen-address=127.0.0.1:{port}"],
            line => line.Contains("ready to receive web requests", StringComparison.Ordinal));

        using var http = new HttpClient();
        // Together: a scrape that a busy machine had no time for takes them all away until the next.
        await Wait.UntilAsync(async () => (await QueryAsync("iotxmpp_sessions{kind=\"person\",transport=\"tcp\"}"), await QueryAsync("up{job=\"iotxmpp\"}"), await QueryAsync("sum(iotxmpp_logins_total)")) == ("1", "1", "1"));
        using JsonDocument loaded = JsonDocument.Parse(await http.GetStringAsync($"http://127.0.0.1:{port}/api/v1/rules"));
        Assert.Equal(3, loaded.RootElement.GetProperty("data").GetProperty("groups")[0].GetProperty("rules").GetArrayLength());

        async Task<string?> QueryAsync(string query)
        {
            using JsonDocument answer = JsonDocument.Parse(await http.GetStringAsync($"http://127.0.0.1:{port}/api/v1/query?query={Uri.EscapeDataString(query)}"));
            JsonElement result = answer.RootElement.GetProperty("data").GetProperty("result");
            return result.GetArrayLength() == 1 ? result[0].GetProperty("value")[1].GetString() : null;
        }
    }
}
