using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IotXmpp.Hub.Addresses;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Tls;

/// <summary>Whom clients' certificates speak for (XEP-0178 §2, RFC 6120 §13.7.1.4).</summary>
/// <param name="authorities">Who may issue them; nobody else.</param>
public sealed class ClientCertificates(X509Certificate2Collection authorities)
{
    private const string SubjectAlternativeName = "2.5.29.17";
    private const string XmppAddress = "1.3.6.1.5.5.7.8.5";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    /// <summary>The authorities.</summary>
    public X509Certificate2Collection Authorities => authorities;

    /// <summary>
    /// The accounts of a domain that a certificate names: its <c>xmppAddr</c> entries, or where it has none, <c>xmpp:</c> URIs and mail addresses in its subjectAltName. None where it is not
    /// issued by one of the authorities, is not good now, or is not for clients.
    /// </summary>
    public IReadOnlyList<Jid> AccountsOf(X509Certificate2? certificate, Jid domain, DateTimeOffset now)
    {
        if (certificate is null || !IsTrusted(certificate, now))
        {
            return [];
        }

        try
        {
            (List<string> addresses, List<string> others) = Names(certificate);
            return [.. (addresses.Count > 0 ? addresses : others)
                .Select(name => JidPrep.TryParse(name, out Jid? jid) && jid.Domain == domain.Domain && jid.Local.Length > 0 ? jid.Bare : null)
                .OfType<Jid>().Distinct()];
        }
        catch (Exception e) when (e is AsnContentException or CryptographicException)
        {
            return []; // signed, but not readable
        }
    }

    private bool IsTrusted(X509Certificate2 certificate, DateTimeOffset now)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = now.UtcDateTime;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ClientAuthentication));
        return chain.Build(certificate);
    }

    private static (List<string> Addresses, List<string> Others) Names(X509Certificate2 certificate)
    {
        var addresses = new List<string>();
        var others = new List<string>();
        if (certificate.Extensions.FirstOrDefault(e => e.Oid?.Value == SubjectAlternativeName) is not { } extension)
        {
            return (addresses, others);
        }

        AsnReader names = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
        while (names.HasData)
        {
            // RFC 5280 §4.2.1.6: otherName [0], rfc822Name [1], uniformResourceIdentifier [6]
            Asn1Tag tag = names.PeekTag();
            switch (tag)
            {
                case { TagClass: TagClass.ContextSpecific, TagValue: 0 }:
                    AsnReader other = names.ReadSequence(tag);
                    if (other.ReadObjectIdentifier() == XmppAddress)
                    {
                        AsnReader value = other.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true));
                        addresses.Add(value.ReadCharacterString(UniversalTagNumber.UTF8String));
                    }

                    break;
                case { TagClass: TagClass.ContextSpecific, TagValue: 1 }:
                    others.Add(names.ReadCharacterString(UniversalTagNumber.IA5String, tag));
                    break;
                case { TagClass: TagClass.ContextSpecific, TagValue: 6 }:
                    string uri = names.ReadCharacterString(UniversalTagNumber.IA5String, tag);
                    if (uri.StartsWith("xmpp:", StringComparison.OrdinalIgnoreCase) && !uri.Contains('?', StringComparison.Ordinal))
                    {
                        others.Add(Uri.UnescapeDataString(uri[5..]));
                    }

                    break;
                default:
                    names.ReadEncodedValue();
                    break;
            }
        }

        return (addresses, others);
    }
}
