using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Firmware;

/// <summary>Logs of <see cref="RolloutService"/>.</summary>
internal static partial class RolloutLog
{
    [LoggerMessage(1, LogLevel.Information, "Roll-out {Id} of {Name} {Version} to {Count} things was started by {By}")]
    public static partial void Started(ILogger log, long id, string name, string version, int count, Jid by);

    [LoggerMessage(2, LogLevel.Information, "Roll-out {Id} was made {State} by {By}")]
    public static partial void Became(ILogger log, long id, RolloutState state, Jid by);

    [LoggerMessage(3, LogLevel.Information, "Roll-out {Id} has ended: {State} {Reason}")]
    public static partial void Ended(ILogger log, long id, RolloutState state, string reason);

    [LoggerMessage(4, LogLevel.Error, "Roll-out {Id} could not be stored")]
    public static partial void NotStored(ILogger log, Exception e, long id);

    [LoggerMessage(5, LogLevel.Error, "Roll-outs were not looked at; it is tried again soon")]
    public static partial void NotLooked(ILogger log, Exception e);
}
