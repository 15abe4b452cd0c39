using System.Collections;
using System.Globalization;
using System.Runtime.InteropServices;
using IotXmpp.Gateway;

if (args is ["--help"] or ["-h"])
{
    Console.WriteLine(GatewaySettings.Usage);
    return 0;
}

var environment = (IDictionary)Environment.GetEnvironmentVariables();
Systemd systemd = Systemd.FromEnvironment();
GatewayHost gateway;
try
{
    if (args is ["node", ..])
    {
        return NodeCommand.Run(args[1..], environment, Console.Out);
    }

    GatewaySettings settings = GatewaySettings.Read(args, environment);
    gateway = new GatewayHost(settings, new ConsoleObserver(Console.Out, settings.Account.Local, TimeProvider.System), Log);
}
catch (Exception e) when (e is GatewaySettingsException or RuleException or IOException or InvalidDataException or UnauthorizedAccessException or ArgumentException)
{
    Console.Error.WriteLine($"iotxmpp-gateway: {e.Message}");
    return 2;
}

using (gateway)
{
    using var stop = new CancellationTokenSource();
    // systemd sends TERM, a person INT: both close the stream in good order.
    using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
    using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
    // A loop that hangs tells nothing, and systemd starts the service anew.
    long next = 0;
    gateway.Alive = () =>
    {
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
