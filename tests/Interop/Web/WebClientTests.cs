using System.Diagnostics;
using System.Runtime.InteropServices;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Interop.Tests.Web;

/// <summary>
/// Web clients that nobody here wrote, over WebSocket and BOSH, in Node and in headless Chromium. What they do is told in the scripts beside this file; the last
/// word of each is <c>ok</c>. <c>npm ci</c> in this folder installs them; tests/run.sh does so.
/// </summary>
public sealed class WebClientTests
{
    private static readonly string Folder = Repository.Path("tests", "Interop", "Web");

    /// <summary>How long a client has: a browser starts slowly on a busy machine.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(240);

    private static string Chromium => Environment.GetEnvironmentVariable("CHROMIUM") ?? "/usr/bin/chromium";

    [Theory]
    [InlineData("xmppjs.mjs", "")]
    [InlineData("strophe.mjs", "websocket")]
    [InlineData("stanza.mjs", "websocket")]
    [InlineData("stanza.mjs", "bosh")]
    [InlineData("browser.mjs", "strophe")]
    [InlineData("browser.mjs", "converse websocket")]
    [InlineData("browser.mjs", "converse bosh")]
    [InlineData("openapi.mjs", "")]
    public async Task Client_logs_in_talks_and_leaves(string script, string arguments)
    {
        Assert.SkipUnless(Node() is not null, "node is not installed");
        Assert.SkipUnless(Directory.Exists(Path.Combine(Folder, "node_modules")), "the clients are not installed: npm ci in tests/Interop/Web");
        Assert.SkipUnless(script != "browser.mjs" || File.Exists(Chromium), $"chromium is not installed at {Chromium}; the variable CHROMIUM names another");
        await using var hub = await HubHost.StartAsync();
        await hub.AddAccountAsync("webster", "ein Geheimnis");
        var start = new ProcessStartInfo(Node()!) { WorkingDirectory = Folder, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in new[] { script }.Concat(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)))
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["HUB_HTTP"] = $"http://{hub.Http}";
        start.Environment["HUB_DOMAIN"] = hub.Domain;
        start.Environment["HUB_ACCOUNT"] = "webster:ein Geheimnis";
        start.Environment["CHROMIUM"] = Chromium;
        using var process = Process.Start(start)!;
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Limit, TestContext.Current.CancellationToken);
            var said = await output;
            Assert.True(process.ExitCode == 0 && said.TrimEnd().Split('\n')[^1].StartsWith("ok ", StringComparison.Ordinal), $"{script} {arguments}:\n{said}\n{await errors}");
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    private static string? Node() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, RuntimeInformation.IsOSPlatform(OSPlatform.Windows) ? "node.exe" : "node")).FirstOrDefault(File.Exists);
}
