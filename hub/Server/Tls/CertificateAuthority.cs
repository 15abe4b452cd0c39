using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace IotXmpp.Hub.Server;

/// <summary>
/// The hub's private certificate authority in the data folder: <c>ca.pem</c>, which clients trust (mode 0644), and <c>ca.key</c> (0600). ECDSA P-256,
/// ten years.
/// </summary>
public sealed class CertificateAuthority : IDisposable
{
    /// <summary>Its certificate, for clients.</summary>
    public const string CertificateName = "ca.pem";

    /// <summary>Its private key.</summary>
    public const string KeyName = "ca.key";

    /// <summary>How long the authority lives; devices hold its certificate, and changing it means visiting them.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(3652);

    /// <summary>How long a server certificate lives.</summary>
    public static readonly TimeSpan ServerLifetime = TimeSpan.FromDays(365);

    /// <summary>A server certificate is renewed when less than this is left: a hub that is on holiday for months still has a good one.</summary>
    public static readonly TimeSpan RenewBefore = TimeSpan.FromDays(120);

    /// <summary>Clocks of devices may be late, so certificates begin earlier.</summary>
    private static readonly TimeSpan s_backdate = TimeSpan.FromDays(2);

    private readonly X509Certificate2 _certificate;
    private readonly TimeProvider _time;

    private CertificateAuthority(X509Certificate2 certificate, TimeProvider time)
    {
        _certificate = certificate;
        _time = time;
    }

    /// <summary>The authority's certificate, with its private key.</summary>
    public X509Certificate2 Certificate => _certificate;

    /// <summary>Opens the authority of a data folder, or makes it; one that has expired is replaced.</summary>
    /// <exception cref="CertificateException">The files are there but cannot be used.</exception>
    public static CertificateAuthority Open(DataFolder folder, string domain, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(time);
        string certificatePath = folder.File(CertificateName);
        string keyPath = folder.File(KeyName);
        if (File.Exists(certificatePath) || File.Exists(keyPath))
        {
            X509Certificate2 kept;
            try
            {
                kept = X509Certificate2.CreateFromPemFile(certificatePath, keyPath);
            }
            catch (Exception exception) when (exception is CryptographicException or IOException or UnauthorizedAccessException)
            {
                // Not made anew in silence: every client would have to learn to trust it.
                throw new CertificateException(
                    $"the hub's authority {certificatePath} and {keyPath} cannot be used: {OneLine.Of(exception)}; bring them back, or remove both to have new ones made");
            }

            if (kept.NotAfter.ToUniversalTime() > time.GetUtcNow().UtcDateTime)
            {
                return new CertificateAuthority(kept, time);
            }

            kept.Dispose();
        }

        X509Certificate2 made = Make(domain, time);
        SecretFile.Write(keyPath, Encoding.ASCII.GetBytes(made.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem() + "\n"));
        SecretFile.WritePublic(certificatePath, Encoding.ASCII.GetBytes(made.ExportCertificatePem() + "\n"));
        return new CertificateAuthority(made, time);
    }

    /// <summary>
    /// Issues a server certificate for a domain: the domain itself, its subdomains (services), and <c>localhost</c>, 127.0.0.1 and ::1 for what runs
    /// on the same machine.
    /// </summary>
    public X509Certificate2 IssueServer(string domain)
    {
        ArgumentException.ThrowIfNullOrEmpty(domain);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(Subject(domain), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        // serverAuth and clientAuth: a hub that speaks to another one (RFC 6120 §13.7) shows the same certificate.
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_certificate, true, false));
        request.CertificateExtensions.Add(Names(domain));

        DateTimeOffset now = _time.GetUtcNow();
        DateTimeOffset from = Later(now - s_backdate, new DateTimeOffset(_certificate.NotBefore.ToUniversalTime()));
        DateTimeOffset until = Earlier(now + ServerLifetime, new DateTimeOffset(_certificate.NotAfter.ToUniversalTime()));
        using X509Certificate2 issued = request.Create(_certificate, from, until, RandomNumberGenerator.GetBytes(16));
        return issued.CopyWithPrivateKey(key);
    }

    /// <summary>True when a kept server certificate is of this authority, for this domain, and lasts long enough.</summary>
    public bool IsGood(X509Certificate2 server, string domain)
    {
        ArgumentNullException.ThrowIfNull(server);
        DateTime now = _time.GetUtcNow().UtcDateTime;
        DateTime authorityEnds = _certificate.NotAfter.ToUniversalTime();
        // At the authority's own end nothing longer can be issued.
        return server.Issuer == _certificate.Subject
            && (server.NotAfter.ToUniversalTime() - now > RenewBefore || server.NotAfter.ToUniversalTime() >= authorityEnds.AddDays(-1))
            && server.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().FirstOrDefault()?.KeyIdentifier is { } issuerKey
            && issuerKey.Span.SequenceEqual(_certificate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().First().SubjectKeyIdentifierBytes.Span)
            && server.Extensions.Any(extension => extension.Oid?.Value == "2.5.29.17" && extension.RawData.AsSpan().SequenceEqual(Names(domain).RawData));
    }

    /// <inheritdoc/>
    public void Dispose() => _certificate.Dispose();

    private static X509Certificate2 Make(string domain, TimeProvider time)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(Subject($"IotXmpp authority of {domain}"), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        DateTimeOffset now = time.GetUtcNow();
        return request.CreateSelfSigned(now - s_backdate, now + Lifetime);
    }

    private static X500DistinguishedName Subject(string name)
    {
        var builder = new X500DistinguishedNameBuilder();
        // RFC 5280 A.1: a common name has at most 64 characters; the names that count are in the extension.
        builder.AddCommonName(name.Length <= 64 ? name : name[..64]);
        return builder.Build();
    }

    private static X509Extension Names(string domain)
    {
        var names = new SubjectAlternativeNameBuilder();
        if (IPAddress.TryParse(domain.Trim('[', ']'), out IPAddress? address))
        {
            names.AddIpAddress(address);
        }
        else
        {
            string ascii = new IdnMapping { UseStd3AsciiRules = true }.GetAscii(domain);
            names.AddDnsName(ascii);
            names.AddDnsName("*." + ascii);
        }

        if (domain != "localhost")
        {
            names.AddDnsName("localhost");
        }

        names.AddIpAddress(IPAddress.Loopback);
        names.AddIpAddress(IPAddress.IPv6Loopback);
        return names.Build();
    }

    private static DateTimeOffset Later(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;

    private static DateTimeOffset Earlier(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;
}
