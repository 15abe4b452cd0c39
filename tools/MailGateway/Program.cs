using System.Runtime.InteropServices;
using IotXmpp.MailGateway;
using Microsoft.Extensions.Logging;

if (args is not [string file] || file is "--help" or "-h")
{
    await Console.Error.WriteLineAsync("usage: IotXmpp.MailGateway SETTINGS.json (tools/MailGateway/README.md says what stands there)");
    return 2;
}

using ILoggerFactory loggers = LoggerFactory.Create(logging => logging.AddSimpleConsole(console => console.SingleLine = true).AddFilter("IotXmpp.Hub.Storage", LogLevel.Warning));
using var end = new CancellationTokenSource();
void End(PosixSignalContext signal)
{
    signal.Cancel = true;
    end.Cancel();
}

using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
try
{
    await MailGatewayHost.RunAsync(GatewayOptions.Read(file), loggers, cancel: end.Token);
    return 0;
}
catch (OperationCanceledException) when (end.IsCancellationRequested)
{
    return 0;
}
catch (Exception e) when (e is InvalidDataException or UnauthorizedAccessException or IotXmpp.Hub.Storage.StorageException)
{
    await Console.Error.WriteLineAsync("mail gateway: " + e.Message);
    return e is InvalidDataException ? 2 : 1;
}
