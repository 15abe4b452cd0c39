using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.EndToEnd.Load;

/// <summary>The load generator against the real hub: what it counts is right. Never how fast.</summary>
public sealed class LoadGeneratorTests : IAsyncLifetime
{
    private const string Password = "correct horse";

    /// <summary>Runs here last a second or two; the bound is for a machine that does much else.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    private HubHost _hub = null!;

    public async ValueTask InitializeAsync()
    {
        _hub = await HubHost.StartAsync();
        for (var i = 0; i < 6; i++)
        {
            await _hub.AddAccountAsync("load" + i.ToString(CultureInfo.InvariantCulture), Password);
        }
    }

    public ValueTask DisposeAsync() => _hub.DisposeAsync();

    [Theory]
    [InlineData("message", "--pairs 2 --window 4")]
    [InlineData("message", "--pairs 2 --rate 200")]
    [InlineData("iq", "--pairs 2 --window 4")]
    [InlineData("iq", "--pairs 1 --iq-to server")]
    [InlineData("iq", "--pairs 2 --window 4 --transport websocket")]
    [InlineData("presence", "--pairs 2 --window 2")]
    [InlineData("pubsub", "--pairs 1 --fanout 3 --window 2")]
    [InlineData("pubsub", "--pairs 2 --persist --window 2")]
    [InlineData("telemetry", "--pairs 2 --samples 3 --window 2")]
    [InlineData("login", "--parallel 2 --account-count 6")]
    public async Task All_that_was_sent_has_arrived(string mode, string options)
    {
        var (exitCode, report, log) = await RunAsync(mode, options, (options.Contains("websocket", StringComparison.Ordinal) ? _hub.Http! : _hub.Plain).Port, Password);

        Assert.True(exitCode == 0, log);
        var deliveries = mode switch
        {
            "iq" when !options.Contains("server", StringComparison.Ordinal) => 2, // the request and its result
            "pubsub" when options.Contains("--fanout 3", StringComparison.Ordinal) => 3,
            _ => 1,
        };
        var sent = report.GetProperty("sent_in_all").GetInt64();
        Assert.True(sent > 0);
        Assert.Equal(sent * deliveries, report.GetProperty("delivered_in_all").GetInt64());
        Assert.Empty(report.GetProperty("errors").EnumerateObject());
    }

    [Fact]
    public async Task Idle_sessions_are_counted_with_the_memory_of_the_server()
    {
        var (exitCode, report, log) = await RunAsync("idle", $"--sessions 4 --server-pid {Environment.ProcessId}", _hub.Plain.Port, Password);

        Assert.True(exitCode == 0, log);
        Assert.Equal(4, report.GetProperty("sessions").GetInt32());
        Assert.True(report.GetProperty("server_rss_open_mib").GetDouble() > 0);
        Assert.True(report.TryGetProperty("kb_per_session", out _));
    }

    [Fact]
    public async Task A_wrong_password_is_an_error_of_the_run()
    {
        var (exitCode, report, _) = await RunAsync("message", "--pairs 1", _hub.Plain.Port, "wrong");

        Assert.Equal(1, exitCode);
        Assert.Contains(report.GetProperty("errors").EnumerateObject(), e => e.Name.Contains("not-authorized", StringComparison.Ordinal));
        Assert.Equal(0, report.GetProperty("delivered_in_all").GetInt64());
    }

    [Fact]
    public async Task Too_many_sessions_are_refused_before_anything_is_opened()
    {
        var (exitCode, _, log) = await RunAsync("idle", "--sessions 10001", _hub.Plain.Port, Password);

        Assert.Equal(2, exitCode);
        Assert.Contains("--sessions", log, StringComparison.Ordinal);
    }

    private async Task<(int ExitCode, JsonElement Report, string Log)> RunAsync(string mode, string options, int port, string password)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the load generator needs epoll and /proc");
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["LOAD_PASSWORD"] = password;
        string[] arguments =
        [
            Path.Combine(AppContext.BaseDirectory, "IotXmpp.LoadGenerator.dll"), mode, "--plain", "--host", "127.0.0.1",
            "--port", port.ToString(CultureInfo.InvariantCulture), "--domain", _hub.Domain, "--warmup", "0.2", "--duration", "1", "--json", .. options.Split(' '),
        ];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        try
        {
            var output = process.StandardOutput.ReadToEndAsync();
            var log = process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync().WaitAsync(Limit);
            var text = await output;
            return (process.ExitCode, text.StartsWith('{') ? JsonDocument.Parse(text).RootElement : default, await log + text);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }
}
