using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Storage;

internal static partial class StorageLog
{
    [LoggerMessage(1, LogLevel.Information, "Database {Name} opened")]
    public static partial void Opened(ILogger logger, string name);

    [LoggerMessage(2, LogLevel.Critical, "DATABASE FAILURE ({Failure}): {Lost} writes were not stored and are answered as errors: {Reason}")]
    public static partial void WritesLost(ILogger logger, StorageFailure failure, int lost, string reason);

    [LoggerMessage(3, LogLevel.Error, "Queue of writes full for {Seconds} s: a write was refused")]
    public static partial void QueueFull(ILogger logger, double seconds);

    [LoggerMessage(4, LogLevel.Information, "Migration {Feature} {Number} ({Name}) applied")]
    public static partial void Migrated(ILogger logger, string feature, int number, string name);

    [LoggerMessage(5, LogLevel.Error, "A step after a commit failed")]
    public static partial void CommittedFailed(ILogger logger, Exception exception);

    [LoggerMessage(6, LogLevel.Warning, "Database line lost, opening a new one: {Reason}")]
    public static partial void Reconnecting(ILogger logger, string reason);

    [LoggerMessage(7, LogLevel.Critical, "The line to the database was lost, and {Reason}. This hub ends")]
    public static partial void Taken(ILogger logger, string reason);
}
