using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Sasl;

internal static partial class SaslLog
{
    [LoggerMessage(1, LogLevel.Error, "The store of accounts did not answer; the client was told temporary-auth-failure")]
    public static partial void StoreFailed(ILogger logger, Exception exception);

    [LoggerMessage(2, LogLevel.Error, "A client's new token could not be kept; it got none")]
    public static partial void TokenFailed(ILogger logger, Exception exception);
}
