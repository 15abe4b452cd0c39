using System.Collections;
using System.Globalization;
using System.Runtime.InteropServices;
using IotXmpp.Gateway;
using IotXmpp.Host;

if (args is ["--help"] or ["-h"])
{
    Console.WriteLine(GatewaySettings.Usage);
    return 0;
}

var environment = (IDictionary)Environment.GetEnvironmentVariables();
Systemd systemd;
GatewayHost gateway;
try
{
    if (args is ["node", ..])
    {
        return NodeCommand.Run(args[1..], environment, Console.Out);
    }

    // Which image runs is chosen before anything is read that only another version may know.
    string data = GatewaySettings.FindDataFolder(args, environment);
    var kept = new FileSettings(GatewayLauncher.SettingsFile(data));
    GatewayLauncher launcher = GatewayLauncher.Open(data, kept);
    launcher.Launch(args, Log);
    // It takes its names out of the environment, which the launched program needs.
    systemd = Systemd.FromEnvironment();
    GatewaySettings settings = GatewaySettings.Read(args, environment);
    gateway = new GatewayHost(settings, new ConsoleObserver(Console.Out, settings.Account.Local, TimeProvider.System), Log, kept, launcher);
}
catch (Exception e) when (e is GatewaySettingsException or RuleException or IOException or InvalidDataException or UnauthorizedAccessException or ArgumentException)
{
    Console.Error.WriteLine($"iotxmpp-gateway: {e.Message}");
    return GatewayLauncher.SettingsExit;
}

using (gateway)
{
    using var stop = new CancellationTokenSource();
    // systemd sends TERM, a person INT: both close the stream in good order.
    using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
    using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
    // A loop that hangs tells nothing, and systemd starts the service anew.
    long next = 0;
    long tell = 0;
    var report = new StatusReport(systemd, Environment.GetEnvironmentVariable("RUNTIME_DIRECTORY"), Log);
    gateway.Alive = () =>
    {
        if (Environment.TickCount64 >= tell)
        {
            // Looked at once a second; written when something has changed, or every five.
            tell = Environment.TickCount64 + 1000;
            report.Tell(gateway.Status());
        }

        if (systemd.Watchdog is { } watchdog && Environment.TickCount64 >= next)
        {
            next = Environment.TickCount64 + (long)(watchdog.TotalMilliseconds / 3);
            systemd.Alive();
        }
    };
    systemd.Ready("measuring; the hub is told when it is there");
    await gateway.RunAsync(stop.Token);
    return 0;

    void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        systemd.Stopping();
        stop.Cancel();
    }
}

static void Log(string line) => Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{DateTimeOffset.UtcNow:HH:mm:ss} {line}"));
