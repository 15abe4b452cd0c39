using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace IotXmpp.TestKit;

/// <summary>Makes throw-away certificates.</summary>
public static class Certificates
{
    /// <summary>A self-signed server certificate for a domain, valid from yesterday to tomorrow.</summary>
    public static X509Certificate2 SelfSigned(string domain)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={domain}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(domain);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    /// <summary>An authority, valid from yesterday to tomorrow.</summary>
    public static X509Certificate2 Authority(string name = "test authority")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(2));
    }

    /// <summary>A certificate issued by an authority.</summary>
    /// <param name="authority">The authority.</param>
    /// <param name="xmppAddresses">Its <c>xmppAddr</c> entries (RFC 6120 §13.7.1.4).</param>
    /// <param name="mail">Its mail address, or null.</param>
    /// <param name="uri">Its URI, or null.</param>
    /// <param name="purpose">What it is for: an object identifier; 1.3.6.1.5.5.7.3.2 is for clients.</param>
    /// <param name="days">The days that it is still good for; negative: over.</param>
    public static X509Certificate2 Issue(X509Certificate2 authority, IEnumerable<string> xmppAddresses, string? mail = null, string? uri = null, string purpose = "1.3.6.1.5.5.7.3.2", double days = 1)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=client", key, HashAlgorithmName.SHA256);
        var names = new System.Formats.Asn1.AsnWriter(System.Formats.Asn1.AsnEncodingRules.DER);
        using (names.PushSequence())
        {
            foreach (var address in xmppAddresses)
            {
                using (names.PushSequence(new System.Formats.Asn1.Asn1Tag(System.Formats.Asn1.TagClass.ContextSpecific, 0)))
                {
                    names.WriteObjectIdentifier("1.3.6.1.5.5.7.8.5");
                    using (names.PushSequence(new System.Formats.Asn1.Asn1Tag(System.Formats.Asn1.TagClass.ContextSpecific, 0)))
                    {
                        names.WriteCharacterString(System.Formats.Asn1.UniversalTagNumber.UTF8String, address);
                    }
                }
            }

            foreach (var (tag, text) in new[] { (1, mail), (6, uri) })
            {
                if (text is not null)
                {
                    names.WriteCharacterString(System.Formats.Asn1.UniversalTagNumber.IA5String, text, new System.Formats.Asn1.Asn1Tag(System.Formats.Asn1.TagClass.ContextSpecific, tag));
                }
            }
        }

        request.CertificateExtensions.Add(new X509Extension("2.5.29.17", names.Encode(), critical: false));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], critical: false));
        using var issued = request.Create(authority, DateTimeOffset.UtcNow.AddHours(-20), DateTimeOffset.UtcNow.AddDays(days), RandomNumberGenerator.GetBytes(16));
        return issued.CopyWithPrivateKey(key);
    }

    /// <summary>A server's certificate, issued by an authority.</summary>
    /// <param name="authority">The authority.</param>
    /// <param name="dns">Its <c>dNSName</c> entries.</param>
    /// <param name="service">Its <c>SRVName</c>, such as <c>_xmpp-server.example.org</c>; or null.</param>
    /// <param name="xmpp">Its <c>xmppAddr</c>; or null.</param>
    /// <param name="days">The days that it is still good for; negative: over.</param>
    public static X509Certificate2 Server(X509Certificate2 authority, IEnumerable<string> dns, string? service = null, string? xmpp = null, double days = 1)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=server", key, HashAlgorithmName.SHA256);
        var names = new System.Formats.Asn1.AsnWriter(System.Formats.Asn1.AsnEncodingRules.DER);
        using (names.PushSequence())
        {
            foreach (var (oid, text, kind) in new[] { ("1.3.6.1.5.5.7.8.7", service, System.Formats.Asn1.UniversalTagNumber.IA5String), ("1.3.6.1.5.5.7.8.5", xmpp, System.Formats.Asn1.UniversalTagNumber.UTF8String) })
            {
                if (text is null)
                {
                    continue;
                }

                using (names.PushSequence(new System.Formats.Asn1.Asn1Tag(System.Formats.Asn1.TagClass.ContextSpecific, 0)))
                {
                    names.WriteObjectIdentifier(oid);
                    using (names.PushSequence(new System.Formats.Asn1.Asn1Tag(System.Formats.Asn1.TagClass.ContextSpecific, 0)))
                    {
                        names.WriteCharacterString(kind, text);
                    }
                }
            }

            foreach (var name in dns)
            {
                names.WriteCharacterString(System.Formats.Asn1.UniversalTagNumber.IA5String, name, new System.Formats.Asn1.Asn1Tag(System.Formats.Asn1.TagClass.ContextSpecific, 2));
            }
        }

        request.CertificateExtensions.Add(new X509Extension("2.5.29.17", names.Encode(), critical: false));
        using var issued = request.Create(authority, DateTimeOffset.UtcNow.AddHours(-20), DateTimeOffset.UtcNow.AddDays(days), RandomNumberGenerator.GetBytes(16));
        return issued.CopyWithPrivateKey(key);
    }

    /// <summary>Writes a certificate and its key as two PEM files, the way servers want them.</summary>
    /// <returns>The paths of the certificate and of the key.</returns>
    public static (string Certificate, string Key) WritePem(X509Certificate2 certificate, string folder, string name)
    {
        var certificateFile = Path.Combine(folder, name + ".crt");
        var keyFile = Path.Combine(folder, name + ".key");
        File.WriteAllText(certificateFile, certificate.ExportCertificatePem());
        using var key = certificate.GetECDsaPrivateKey()!;
        File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(keyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        return (certificateFile, keyFile);
    }
}
