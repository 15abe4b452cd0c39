using IotXmpp.Hub.Tls;

namespace IotXmpp.Hub.Server;

/// <summary>
/// The hub's current server certificate: from <c>--cert</c>/<c>--key</c> files (reloaded when they change) or issued by the private authority in the data
/// folder (renewed before it expires). Thread-safe.
/// </summary>
public sealed class ServerCertificate : ITlsIdentitySource, IDisposable
{
    private ServerCertificate()
    {
    }

    /// <summary>Opens the certificate that the settings name, or issues one. Logs renewals.</summary>
    /// <exception cref="CertificateException">A file is missing, or certificate and key do not belong together; the message is one line for the operator.</exception>
    public static ServerCertificate Open(DataFolder folder, string domain, TlsOptions options, TimeProvider time, ILogger logger) => throw new NotImplementedException();

    /// <inheritdoc/>
    public TlsIdentity Current => throw new NotImplementedException();

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}

/// <summary>The server certificate cannot be used; the message is one line for the operator.</summary>
public sealed class CertificateException(string message) : Exception(message);
