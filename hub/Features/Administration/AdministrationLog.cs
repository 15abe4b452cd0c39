using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Administration;

/// <summary>Logs of administration: one line for each command that did something or was refused.</summary>
internal static partial class AdministrationLog
{
    [LoggerMessage(EventId = 1330, Level = LogLevel.Information, Message = "Audit: {Administrator} {Command} {Subjects}: {Outcome}")]
    public static partial void Done(ILogger log, Jid administrator, string command, string subjects, string outcome);

    [LoggerMessage(Level = LogLevel.Warning, Message = "What waited for {Jid} was not shown")]
    public static partial void NotShown(ILogger log, Exception e, Jid jid);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The last log-ins are not stored yet")]
    public static partial void LoginsNotStored(ILogger log, Exception e);
}
