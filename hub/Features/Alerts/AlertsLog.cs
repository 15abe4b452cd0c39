using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Alerts;

/// <summary>Logs of alerts.</summary>
internal static partial class AlertsLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Alert {Alert} {What}: rule {Rule}, thing {Thing}")]
    public static partial void Step(ILogger log, long alert, string what, string rule, string thing);

    [LoggerMessage(Level = LogLevel.Error, Message = "What came of rules could not be stored; it is tried again")]
    public static partial void NotStored(ILogger log, Exception e);

    [LoggerMessage(Level = LogLevel.Error, Message = "What is open could not be told by the nodes of things; it is tried again")]
    public static partial void NotTold(ILogger log, Exception e);

    [LoggerMessage(Level = LogLevel.Error, Message = "Rules could not be read; it is tried again")]
    public static partial void NotRead(ILogger log, Exception e);

    [LoggerMessage(Level = LogLevel.Error, Message = "A fault while rules were judged")]
    public static partial void Fault(ILogger log, Exception e);

    [LoggerMessage(Level = LogLevel.Error, Message = "The document of {Id} cannot be read any more: {Why}")]
    public static partial void Unreadable(ILogger log, string id, string why);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} pairs of rule and thing are not watched: there are more than {Most} (Alerts:MaxWatched)")]
    public static partial void TooMany(ILogger log, int count, int most);

    [LoggerMessage(Level = LogLevel.Error, Message = "The outbox of alerts could not be read or written; it is tried again")]
    public static partial void Outbox(ILogger log, Exception e);

    [LoggerMessage(Level = LogLevel.Warning, Message = "An alert to {Channel} {Address} is given up after {Attempts} attempts: {Why}")]
    public static partial void GivenUp(ILogger log, DeliveryChannel channel, string address, int attempts, string why);

    [LoggerMessage(Level = LogLevel.Debug, Message = "An alert to {Channel} {Address} is tried again later: {Why}")]
    public static partial void Later(ILogger log, DeliveryChannel channel, string address, string why);
}
