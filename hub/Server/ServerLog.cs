namespace IotXmpp.Hub.Server;

internal static partial class ServerLog
{
    [LoggerMessage(1, LogLevel.Information, "New server certificate {Subject}, good until {NotAfter:yyyy-MM-dd}")]
    public static partial void CertificateChanged(ILogger logger, string subject, DateTime notAfter);

    [LoggerMessage(2, LogLevel.Error, "The server certificate stays as it is: {Reason}")]
    public static partial void CertificateNotChanged(ILogger logger, string reason);

    [LoggerMessage(3, LogLevel.Warning, "The server certificate {File} has expired on {NotAfter:yyyy-MM-dd}; clients will refuse it")]
    public static partial void CertificateExpired(ILogger logger, string file, DateTime notAfter);
}
