using System.Runtime.InteropServices;
using IotXmpp.Hub.Server;

SettingsResult read = SettingsLoader.Load(args, System.Environment.GetEnvironmentVariables());
if (!read.IsOk)
{
    await (read.ExitCode == 0 ? Console.Out : Console.Error).WriteLineAsync(read.Message);
    return read.ExitCode;
}

HubServer hub;
try
{
    hub = await HubServer.StartAsync(read.Settings);
}
catch (HubStartException e)
{
    await Console.Error.WriteLineAsync("iotxmpp-hub: " + e.Message);
    return e.ExitCode;
}

await using (hub)
{
    var end = new TaskCompletionSource();
    void End(PosixSignalContext signal)
    {
        signal.Cancel = true;
        end.TrySetResult();
    }

    using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
    using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
    if (hub.Administrator is { } administrator)
    {
        await Console.Out.WriteLineAsync($"administrator {administrator.Jid} one-time password {administrator.Password} (shown this once: change it)");
    }

    foreach ((string what, System.Net.IPEndPoint? where) in new[] { ("c2s", hub.C2s), ("c2s-tls", hub.C2sTls), ("s2s", hub.S2s), ("s2s-tls", hub.S2sTls), ("component", hub.Component), ("proxy65", hub.Proxy65), ("http", hub.Http), ("https", hub.Https) })
    {
        if (where is not null)
        {
            await Console.Out.WriteLineAsync($"{what} {where}");
        }
    }

    await Console.Out.WriteLineAsync("ready");
    bool restart = await Task.WhenAny(end.Task, hub.EndRequested) == hub.EndRequested && await hub.EndRequested;
    await hub.StopAsync();
    return restart ? HubLifetime.RestartExitCode : 0;
}
