using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using IotXmpp.Hub.Tls;

namespace IotXmpp.Hub.Server;

/// <summary>
/// The hub's current server certificate: from <c>--cert</c>/<c>--key</c> files (reloaded when they change) or issued by the private authority in the data
/// folder (renewed before it expires). Thread-safe.
/// </summary>
public sealed class ServerCertificate : ITlsIdentitySource, IDisposable
{
    /// <summary>The issued certificate in the data folder.</summary>
    public const string CertificateName = "server.pem";

    /// <summary>Its private key.</summary>
    public const string KeyName = "server.key";

    /// <summary>How often files are looked at for a change, and the certificate's age is checked.</summary>
    public static readonly TimeSpan CheckInterval = TimeSpan.FromMinutes(1);

    private readonly DataFolder _folder;
    private readonly string _domain;
    private readonly TlsOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ClientCertificates? _clients;
    private readonly Lock _lock = new();
    private ITimer? _timer;
    private TlsIdentity _current;
    private (DateTime Certificate, DateTime Key) _stamp;

    private ServerCertificate(DataFolder folder, string domain, TlsOptions options, TimeProvider time, ILogger logger, ClientCertificates? clients)
    {
        _folder = folder;
        _domain = domain;
        _options = options;
        _time = time;
        _logger = logger;
        _clients = clients;
        _current = Load();
    }

    /// <inheritdoc/>
    public TlsIdentity Current => Volatile.Read(ref _current);

    /// <summary>Opens the certificate that the settings name, or issues one, and keeps it current. Logs renewals.</summary>
    /// <exception cref="CertificateException">A file is missing, or certificate and key do not belong together; the message is one line for the operator.</exception>
    public static ServerCertificate Open(DataFolder folder, string domain, TlsOptions options, TimeProvider time, ILogger logger, ClientCertificates? clients = null)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        var certificate = new ServerCertificate(folder, domain, options, time, logger, clients);
        certificate._timer = time.CreateTimer(static state => ((ServerCertificate)state!).Refresh(), certificate, CheckInterval, CheckInterval);
        return certificate;
    }

    /// <summary>Looks at once whether the certificate has to be loaded or issued again. A bad new file is logged, and the old certificate stays.</summary>
    public void Refresh()
    {
        lock (_lock)
        {
            try
            {
                if (_options.CertificateFile is not null ? _stamp == Stamp() : IsIssuedGood(Current.Certificate))
                {
                    return;
                }

                Volatile.Write(ref _current, Load());
                ServerLog.CertificateChanged(_logger, Current.Certificate.Subject, Current.Certificate.NotAfter.ToUniversalTime());
            }
            catch (Exception exception) when (exception is CertificateException or IOException or UnauthorizedAccessException or CryptographicException)
            {
                ServerLog.CertificateNotChanged(_logger, OneLine.Of(exception));
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _timer?.Dispose();

    private TlsIdentity Load() => _options.CertificateFile is { } file ? FromFiles(file, _options.KeyFile!) : Issued();

    private bool IsIssuedGood(X509Certificate2 certificate)
    {
        using CertificateAuthority authority = CertificateAuthority.Open(_folder, _domain, _time);
        return authority.IsGood(certificate, _domain);
    }

    private TlsIdentity Issued()
    {
        using CertificateAuthority authority = CertificateAuthority.Open(_folder, _domain, _time);
        string certificatePath = _folder.File(CertificateName);
        string keyPath = _folder.File(KeyName);
        if (File.Exists(certificatePath) && File.Exists(keyPath))
        {
            try
            {
                X509Certificate2 kept = X509Certificate2.CreateFromPemFile(certificatePath, keyPath);
                if (authority.IsGood(kept, _domain))
                {
                    return new TlsIdentity(Usable(kept), clients: _clients);
                }

                kept.Dispose();
            }
            catch (CryptographicException exception)
            {
                // Nothing is lost with it: the authority issues another one.
                ServerLog.CertificateNotChanged(_logger, $"{certificatePath}: {OneLine.Of(exception)}; issued again");
            }
        }

        X509Certificate2 made = authority.IssueServer(_domain);
        SecretFile.Write(keyPath, Encoding.ASCII.GetBytes(made.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem() + "\n"));
        SecretFile.WritePublic(certificatePath, Encoding.ASCII.GetBytes(made.ExportCertificatePem() + "\n"));
        return new TlsIdentity(Usable(made), clients: _clients);
    }

    private TlsIdentity FromFiles(string certificateFile, string keyFile)
    {
        _stamp = Stamp();
        try
        {
            X509Certificate2 leaf = X509Certificate2.CreateFromPemFile(certificateFile, keyFile);
            var intermediates = new X509Certificate2Collection();
            intermediates.ImportFromPemFile(certificateFile);
            intermediates.RemoveAt(0);
            if (leaf.NotAfter.ToUniversalTime() < _time.GetUtcNow().UtcDateTime)
            {
                ServerLog.CertificateExpired(_logger, certificateFile, leaf.NotAfter.ToUniversalTime());
            }

            return new TlsIdentity(Usable(leaf), intermediates, _clients);
        }
        catch (Exception exception) when (exception is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CertificateException($"certificate {certificateFile} with key {keyFile} cannot be used: {OneLine.Of(exception)}");
        }
    }

    private (DateTime Certificate, DateTime Key) Stamp()
        => (File.GetLastWriteTimeUtc(_options.CertificateFile!), File.GetLastWriteTimeUtc(_options.KeyFile!));

    /// <summary>On Windows the TLS library only takes keys that went through a PKCS #12 container.</summary>
    private static X509Certificate2 Usable(X509Certificate2 certificate)
    {
        if (!OperatingSystem.IsWindows())
        {
            return certificate;
        }

        using (certificate)
        {
            return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
        }
    }
}

/// <summary>The server certificate cannot be used; the message is one line for the operator.</summary>
public sealed class CertificateException(string message) : Exception(message);
