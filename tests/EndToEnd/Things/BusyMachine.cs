using IotXmpp.Esp32;
using IotXmpp.Virtual;

namespace IotXmpp.EndToEnd.Things;

/// <summary>What a machine that is busy with other tests must not change.</summary>
internal static class BusyMachine
{
    /// <summary>Lets a thing try now, and not after a back-off that has grown while the hub was away.</summary>
    public static void ReconnectNow(this VirtualThing thing) => thing.Invoke((client, _) =>
    {
        client.ReconnectNow();
        return true;
    });

    /// <summary>Gives the board's watchdog its minute in real time, however fast its clock runs: a machine that lets a thread wait for seconds is no board that hangs.</summary>
    public static void KeepWatchdog(this VirtualThing thing, TimeProvider time)
    {
        if (time is QuickTime quick)
        {
            thing.Esp32!.WatchdogMs = BoardApplication.WatchdogMs * quick.Factor;
        }
    }
}
