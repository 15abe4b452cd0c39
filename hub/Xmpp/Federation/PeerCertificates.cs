using System.Formats.Asn1;
using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IotXmpp.Hub.Addresses;

namespace IotXmpp.Hub.Federation;

/// <summary>The certificate that a server has shown, with what came beside it.</summary>
internal sealed class ShownCertificate
{
    private readonly X509Certificate2Collection _beside = [];
    private X509Certificate2? _certificate;

    /// <summary>The callback of the handshake: keeps what is shown and lets it pass; whom it proves is decided when it is known who the peer says it is.</summary>
    public bool Take(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        _certificate = certificate is null ? null : X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
        foreach (X509Certificate2 other in chain?.ChainPolicy.ExtraStore ?? [])
        {
            _beside.Add(X509CertificateLoader.LoadCertificate(other.RawData));
        }

        return true;
    }

    /// <summary>The certificate, or null.</summary>
    public X509Certificate2? Certificate => _certificate;

    /// <summary>What came beside it.</summary>
    public X509Certificate2Collection Beside => _beside;
}

/// <summary>Whether certificates prove that a server is a domain (RFC 6120 §13.7.2, RFC 6125 §6, XEP-0178 §3).</summary>
/// <param name="trusted">Authorities that are trusted besides those of the system.</param>
/// <param name="time">The clock.</param>
internal sealed class PeerCertificates(X509Certificate2Collection trusted, TimeProvider time)
{
    private const string SubjectAlternativeName = "2.5.29.17";
    private const string XmppAddress = "1.3.6.1.5.5.7.8.5";
    private const string ServiceName = "1.3.6.1.5.5.7.8.7";

    /// <summary>Whether what was shown is issued by an authority that is trusted, is good now, and names the domain.</summary>
    public bool Prove(ShownCertificate shown, string domain) => shown.Certificate is { } certificate && Names(certificate, domain) && (Chains(shown, trusted) || Chains(shown, null));

    /// <summary>
    /// Whether a certificate names a domain: by dNSName (where the leftmost label may be <c>*</c>), by SRVName with the service <c>xmpp-server</c>, or by xmppAddr.
    /// The common name does not count (RFC 9525 §2).
    /// </summary>
    internal static bool Names(X509Certificate2 certificate, string domain)
    {
        if (certificate.Extensions.FirstOrDefault(e => e.Oid?.Value == SubjectAlternativeName) is not { } extension)
        {
            return false;
        }

        try
        {
            string ascii = new IdnMapping().GetAscii(domain);
            AsnReader names = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
            while (names.HasData)
            {
                Asn1Tag tag = names.PeekTag();
                if (tag is { TagClass: TagClass.ContextSpecific, TagValue: 0 })
                {
                    AsnReader other = names.ReadSequence(tag);
                    string kind = other.ReadObjectIdentifier();
                    AsnReader value = other.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true));
                    if (kind == XmppAddress && JidPrep.TryDomainpart(value.ReadCharacterString(UniversalTagNumber.UTF8String), out string? address) && address == domain)
                    {
                        return true;
                    }

                    if (kind == ServiceName && value.ReadCharacterString(UniversalTagNumber.IA5String).Split('.', 2) is [var service, var host]
                        && service.Equals("_xmpp-server", StringComparison.OrdinalIgnoreCase) && host.Equals(ascii, StringComparison.OrdinalIgnoreCase))
                    {
                        return true;
                    }
                }
                else if (tag is { TagClass: TagClass.ContextSpecific, TagValue: 2 })
                {
                    if (Matches(names.ReadCharacterString(UniversalTagNumber.IA5String, tag), ascii))
                    {
                        return true;
                    }
                }
                else
                {
                    names.ReadEncodedValue();
                }
            }
        }
        catch (Exception e) when (e is AsnContentException or ArgumentException)
        {
            return false; // signed, but not readable; or a domain that no certificate can name
        }

        return false;
    }

    // RFC 6125 §6.4.3: '*' is the whole leftmost label or nothing.
    private static bool Matches(string name, string domain)
    {
        if (name.Equals(domain, StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        int dot = domain.IndexOf('.', StringComparison.Ordinal);
        return name.StartsWith("*.", StringComparison.Ordinal) && dot > 0 && domain.AsSpan(dot).Equals(name.AsSpan(1), StringComparison.OrdinalIgnoreCase) && name.AsSpan(2).Contains('.');
    }

    private bool Chains(ShownCertificate shown, X509Certificate2Collection? authorities)
    {
        if (authorities is { Count: 0 })
        {
            return false;
        }

        using var chain = new X509Chain();
        if (authorities is not null)
        {
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        }

        chain.ChainPolicy.ExtraStore.AddRange(shown.Beside);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = time.GetUtcNow().UtcDateTime;
        try
        {
            return chain.Build(shown.Certificate!);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }
}
