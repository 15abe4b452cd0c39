using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using IotXmpp.EndToEnd.Cli;
using IotXmpp.Gateway;
using IotXmpp.TestKit;
using Xunit;

namespace IotXmpp.EndToEnd.Gateway;

/// <summary><c>iotxmpp gateway install|uninstall|status|node|rules</c>, in a folder that is another machine's root, with a systemd that writes down what it is asked.</summary>
public sealed class GatewayInstallTests(UpFixture up) : IClassFixture<UpFixture>, IDisposable
{
    private readonly TempFolder _folder = new("install");
    private readonly FakeSystemd _systemd = new();

    private string Root => _folder.File("root");

    private string Program => _folder.File("program");

    public void Dispose()
    {
        _systemd.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_dry_run_shows_every_file_and_command_and_does_nothing()
    {
        MakeProgram();
        CliResult run = await RunAsync(up.Environment, "install", "--thing", "gw-dry", "--program", Program, "--nodes", "127.0.0.1:5290", "--dry-run");
        Assert.True(run.Code == 0, run.ToString());
        foreach (string expected in (string[])
        [
            $"{Program} -> /opt/iotxmpp-gateway", "thing=gw-dry owner=operator@localhost", "/etc/sysusers.d/iotxmpp-gateway.conf  0644", "/etc/iotxmpp-gateway/settings.json  0600", "    (hidden)",
            "    \"nodes\": \"127.0.0.1:5290\"", "/etc/iotxmpp-gateway/password  0600", "/etc/systemd/system/iotxmpp-gateway.service  0644", "    Type=notify", "    WatchdogSec=60",
            "systemd-sysusers /etc/sysusers.d/iotxmpp-gateway.conf", "systemctl daemon-reload", "systemctl enable iotxmpp-gateway.service", "systemctl restart iotxmpp-gateway.service",
        ])
        {
            Assert.Contains(run.Lines, l => l.Contains(expected, StringComparison.Ordinal));
        }

        Assert.False(File.Exists("/etc/systemd/system/iotxmpp-gateway.service"));
        Assert.Equal([], _systemd.Called);
        Assert.NotEqual(0, (await CliRun.RunAsync(up.Environment, "thing", "show", "gw-dry")).Code);
    }

    [Fact]
    public async Task It_is_installed_runs_says_how_it_is_and_is_taken_away()
    {
        MakeProgram();
        Dictionary<string, string?> boss = await AdministratorAsync();
        CliResult run = await RunAsync(boss, "install", "--thing", "gw-7", "--owner", "operator@localhost", "--program", Program, "--nodes", "127.0.0.1:0", "--interval", "1s", "--root", Root, "--json");
        Assert.True(run.Code == 0, run.ToString());
        Assert.Equal("gw-7@localhost", (string?)run.Json[0]["jid"]);

        string etc = Path.Combine(Root, "etc/iotxmpp-gateway");
        Assert.Equal(FileModes.Secret, FileModes.Of(Path.Combine(etc, "settings.json")));
        Assert.Equal(FileModes.Secret, FileModes.Of(Path.Combine(etc, "password")));
        Assert.Equal("/etc/systemd/system/iotxmpp-gateway.service", File.ResolveLinkTarget(Path.Combine(Root, "etc/systemd/system/multi-user.target.wants/iotxmpp-gateway.service"), false)!.FullName);
        string unit = await File.ReadAllTextAsync(Path.Combine(Root, "etc/systemd/system/iotxmpp-gateway.service"), TestContext.Current.CancellationToken);
        Assert.DoesNotContain("@EXEC@", unit, StringComparison.Ordinal);
        Assert.Contains("ExecStart=/usr/bin/env dotnet /opt/iotxmpp-gateway/IotXmpp.Gateway.dll --settings ${CREDENTIALS_DIRECTORY}/settings.json", unit, StringComparison.Ordinal);
        Assert.DoesNotContain((await File.ReadAllTextAsync(Path.Combine(etc, "password"), TestContext.Current.CancellationToken)).Trim(), unit, StringComparison.Ordinal);
        Assert.Equal([], _systemd.Called);

        // Nothing runs yet.
        _systemd.Show("LoadState=loaded", "ActiveState=inactive", "SubState=dead");
        CliResult before = await RunAsync(boss, "status", "--root", Root);
        Assert.Equal(1, before.Code);
        Assert.Contains("inactive", before.Out, StringComparison.Ordinal);

        CliResult add = await RunAsync(boss, "node", "add", "porch-1", "--root", Root, "--json");
        Assert.True(add.Code == 0, add.ToString());
        Assert.Equal(32, ((string)add.Json[0]["key"]!).Length);
        Assert.Equal(FileModes.Secret, FileModes.Of(Path.Combine(Root, "var/lib/iotxmpp-gateway/nodes.json")));

        // What the unit would start, as the unit would.
        using Process service = StartService();
        try
        {
            await UntilAsync(() => _systemd.Told.Any(t => t.StartsWith("READY=1", StringComparison.Ordinal)), service);
            await UntilAsync(() => _systemd.Told.Contains("WATCHDOG=1"), service);
            _systemd.Show("LoadState=loaded", "ActiveState=active", "SubState=running", "NRestarts=0");
            CliResult status = before;
            await UntilAsync(async () => (status = await RunAsync(boss, "status", "--root", Root, "--json")).Code == 0 && (long?)status.Json[0]["published"] > 0, service);
            JsonObject told = Assert.Single(status.Json);
            Assert.Equal(("active", "gw-7@localhost", true, 0), ((string?)told["service"], (string?)told["jid"], (bool?)told["online"], (long?)told["dropped"]));
            Assert.Equal("porch-1", (string?)Assert.Single(told["nodes"]!.AsArray())!["thing"]);
            Assert.Contains(_systemd.Told, t => t.StartsWith("STATUS=online; ", StringComparison.Ordinal));

            // Its owner reads and sets its rules from anywhere.
            CliResult set = await CliRun.RunAsync(up.Environment, "cool: if temperature > 30 then fan on\n", ["gateway", "rules", "gw-7", "--set", "-"]);
            Assert.True(set.Code == 0, set.ToString());
            Assert.Equal(["cool: if temperature > 30 then fan on"], (await RunAsync(up.Environment, "rules", "gw-7")).Lines);
            CliResult wrong = await CliRun.RunAsync(up.Environment, "cool: when hot\n", ["gateway", "rules", "gw-7", "--set", "-"]);
            Assert.Equal(1, wrong.Code);
            Assert.StartsWith("iotxmpp: the rules are refused, and those that hold stay: rule 1: ", wrong.ErrorLine, StringComparison.Ordinal);

            CliResult remove = await RunAsync(boss, "node", "remove", "porch-1", "--root", Root);
            Assert.True(remove.Code == 0, remove.ToString());
            Assert.Empty((await RunAsync(boss, "node", "list", "--root", Root)).Lines);
        }
        finally
        {
            using Process term = Process.Start("kill", ["-TERM", service.Id.ToString(CultureInfo.InvariantCulture)]);
            await service.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        Assert.Equal(0, service.ExitCode);
        Assert.Contains("STOPPING=1", _systemd.Told);

        CliResult gone = await RunAsync(boss, "uninstall", "--root", Root);
        Assert.True(gone.Code == 0, gone.ToString());
        Assert.Contains("iotxmpp thing revoke gw-7", gone.Out, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(Root, "var/lib/iotxmpp-gateway/samples.db")), "what it kept stays");
        Assert.False(Directory.Exists(etc));
        Assert.Equal(6, (await RunAsync(boss, "uninstall", "--root", Root)).Code);
        Assert.Equal(6, (await RunAsync(boss, "status", "--root", Root)).Code);
    }

    [Fact]
    public async Task What_is_wrong_is_told_in_one_line_and_nothing_is_done()
    {
        MakeProgram();
        string empty = _folder.File("empty");
        Directory.CreateDirectory(empty);
        foreach ((int code, string said, string[] arguments) in new (int, string, string[])[]
        {
            (2, "give --thing", ["install", "--program", Program]),
            (2, "no id of a thing", ["install", "--thing", "Gate Way", "--program", Program]),
            (2, "has no IotXmpp.Gateway.dll", ["install", "--thing", "gw-8", "--program", empty, "--root", Root]),
            (2, "--pins", ["install", "--thing", "gw-8", "--parts", "relay", "--root", Root]),
            (2, "GPIO 4 of raspberry-pi-4 cannot do that", ["install", "--thing", "gw-8", "--parts", "soil@4", "--program", Program, "--root", Root]),
            (2, "nodes:", ["install", "--thing", "gw-8", "--nodes", "here", "--program", Program, "--root", Root]),
            (2, "--account-password-file", ["install", "--account", "gw-8@localhost", "--program", Program, "--root", Root]),
            (4, "make no things", ["install", "--thing", "gw-8", "--program", Program, "--root", Root]),
            (2, "there is no option --frobnicate", ["install", "--frobnicate"]),
            (6, "no gateway is installed", ["node", "add", "x", "--root", Root]),
            (6, "no gateway is installed", ["uninstall", "--root", Root]),
        })
        {
            CliResult run = await RunAsync(up.Environment, arguments);
            Assert.True(run.Code == code && run.ErrorLine.Contains(said, StringComparison.Ordinal), $"{string.Join(' ', arguments)}: {run}");
            Assert.False(Directory.Exists(Root));
        }
    }

    [Fact]
    public async Task A_machine_without_systemd_is_refused()
    {
        MakeProgram();
        string empty = _folder.File("path");
        Directory.CreateDirectory(empty);
        File.CreateSymbolicLink(Path.Combine(empty, "dotnet"), Process.GetCurrentProcess().MainModule!.FileName is var me && Path.GetFileName(me) == "dotnet" ? me : "/usr/bin/dotnet");
        Dictionary<string, string?> environment = up.Environment;
        environment["PATH"] = empty;
        CliResult run = await CliRun.RunAsync(environment, "gateway", "install", "--thing", "gw-9", "--program", Program);
        Assert.True(run.Code == 1 && run.ErrorLine.Contains("no systemd", StringComparison.Ordinal), run.ToString());
    }

    [Fact]
    public async Task Who_is_not_root_is_refused()
    {
        Assert.SkipWhen(Environment.IsPrivilegedProcess, "this runs as root, and there is nobody to be refused");
        MakeProgram();
        CliResult run = await RunAsync(up.Environment, "install", "--thing", "gw-9", "--program", Program);
        Assert.True(run.Code == 1 && run.ErrorLine.Contains("needs root", StringComparison.Ordinal), run.ToString());
    }

    [Fact]
    public async Task Systemd_finds_no_fault_in_the_unit()
    {
        string? analyze = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(p => Path.Combine(p, "systemd-analyze")).FirstOrDefault(File.Exists);
        Assert.SkipWhen(analyze is null, "systemd-analyze is not installed (Debian: systemd)");
        foreach (bool radio in (bool[])[false, true])
        {
            string unit = _folder.File("iotxmpp-gateway.service");
            await File.WriteAllTextAsync(unit, GatewayService.Unit("/bin/true", radio), TestContext.Current.CancellationToken);
            using Process process = Process.Start(new ProcessStartInfo(analyze, ["verify", "--man=no", unit]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
            string said = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken) + await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            // Faults of this machine's other units are not ours.
            Assert.DoesNotContain(said.Split('\n'), l => l.Contains("iotxmpp-gateway.service", StringComparison.Ordinal));
        }
    }

    private async Task<CliResult> RunAsync(Dictionary<string, string?> environment, params string[] arguments)
    {
        environment["PATH"] = _systemd.SearchPath;
        return await CliRun.RunAsync(environment, ["gateway", .. arguments]);
    }

    private async Task<Dictionary<string, string?>> AdministratorAsync()
    {
        string name = $"boss-{Guid.NewGuid().ToString("n")[..8]}";
        CliResult added = await CliRun.RunAsync(up.Environment, "account", "add", name, "--admin", "--data", up.Data, "--json");
        Assert.True(added.Code == 0, added.ToString());
        Dictionary<string, string?> environment = up.Environment;
        environment["IOTXMPP_JID"] = $"{name}@localhost";
        environment["IOTXMPP_PASSWORD"] = (string?)added.Json[0]["password"];
        return environment;
    }

    // What dotnet publish gives, of the test's own output.
    private void MakeProgram()
    {
        Directory.CreateDirectory(Program);
        string[] names = ["IotXmpp.Gateway.", "IotXmpp.Core.dll", "IotXmpp.Host.dll", "IotXmpp.Things.dll", "IotXmpp.Virtual.Devices.dll", "SQLitePCLRaw."];
        foreach (string file in Directory.EnumerateFiles(AppContext.BaseDirectory).Where(f => names.Any(n => Path.GetFileName(f).StartsWith(n, StringComparison.Ordinal))))
        {
            File.Copy(file, Path.Combine(Program, Path.GetFileName(file)));
        }

        foreach (string native in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "runtimes"), "libe_sqlite3.so", SearchOption.AllDirectories).Where(f => f.Contains("linux-", StringComparison.Ordinal)))
        {
            string target = Path.Combine(Program, Path.GetRelativePath(AppContext.BaseDirectory, native));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(native, target);
        }
    }

    private Process StartService()
    {
        string runtime = Path.Combine(Root, "run/iotxmpp-gateway");
        Directory.CreateDirectory(runtime);
        string etc = Path.Combine(Root, "etc/iotxmpp-gateway");
        var start = new ProcessStartInfo("dotnet",
        [
            Path.Combine(Root, "opt/iotxmpp-gateway/IotXmpp.Gateway.dll"), "--settings", Path.Combine(etc, "settings.json"), "--password-file", Path.Combine(etc, "password"),
            "--data", Path.Combine(Root, "var/lib/iotxmpp-gateway"), "--ca", Path.Combine(etc, "ca.pem"),
        ]);
        start.Environment["NOTIFY_SOCKET"] = _systemd.NotifySocket;
        start.Environment["WATCHDOG_USEC"] = "3000000";
        start.Environment["RUNTIME_DIRECTORY"] = runtime;
        return Process.Start(start)!;
    }

    private static Task UntilAsync(Func<bool> condition, Process service) => UntilAsync(() => Task.FromResult(condition()), service);

    private static async Task UntilAsync(Func<Task<bool>> condition, Process service)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(180));
        while (!await condition())
        {
            Assert.False(service.HasExited, "the service ended");
            await Task.Delay(50, limit.Token);
        }
    }
}
