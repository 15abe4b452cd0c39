using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Sasl;

internal static partial class SaslLog
{
    [LoggerMessage(1, LogLevel.Error, "The store of accounts did not answer; the client was told temporary-auth-failure")]
    public static partial void StoreFailed(ILogger logger, Exception exception);
}
