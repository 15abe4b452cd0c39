using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Commands;

/// <summary>Logs of commands.</summary>
internal static partial class CommandLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Command {Id} to {Thing}: {State} {Error}")]
    public static partial void Ended(ILogger log, string id, string thing, CommandState state, string error);

    [LoggerMessage(Level = LogLevel.Information, Message = "Batch {Id}: {State} {Text}")]
    public static partial void BatchEnded(ILogger log, string id, BatchState state, string text);

    [LoggerMessage(Level = LogLevel.Error, Message = "What became of a command ({What}) could not be stored")]
    public static partial void NotStored(ILogger log, Exception e, string what);
}
