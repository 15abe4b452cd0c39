using System.Collections;
using System.Runtime.InteropServices;
using IotXmpp.Gateway;

if (args is ["--help"] or ["-h"])
{
    Console.WriteLine(GatewaySettings.Usage);
    return 0;
}

ThingHost gateway;
try
{
    GatewaySettings settings = GatewaySettings.Read(args, (IDictionary)Environment.GetEnvironmentVariables());
    gateway = GatewayThing.Create(settings, new ConsoleObserver(Console.Out, settings.Account.Local, TimeProvider.System));
}
catch (Exception e) when (e is GatewaySettingsException or IOException or InvalidDataException or UnauthorizedAccessException or ArgumentException)
{
    Console.Error.WriteLine($"iotxmpp-gateway: {e.Message}");
    return 2;
}

using var stop = new CancellationTokenSource();
// systemd sends TERM, a person INT: both close the stream in good order.
using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
await gateway.RunAsync(stop.Token);
return 0;

void OnSignal(PosixSignalContext context)
{
    context.Cancel = true;
    stop.Cancel();
}
