using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IotXmpp.Hub.Tls;

namespace IotXmpp.Hub.Server;

/// <summary>Who may issue clients' certificates (<c>Security:ClientCertificateAuthority</c>).</summary>
internal static class ClientAuthorities
{
    /// <summary>Reads the file; null where none is set.</summary>
    /// <exception cref="CertificateException">It cannot be read or holds no certificate; the message is one line for the operator.</exception>
    public static ClientCertificates? Read(string? file, DataFolder folder, string domain, TimeProvider time) =>
        Authorities.Read("Security:ClientCertificateAuthority", file, folder, domain, time) is { } authorities ? new ClientCertificates(authorities) : null;
}

/// <summary>Files of authorities that settings name.</summary>
internal static class Authorities
{
    /// <summary>Reads a file of certificates, from the working folder or the data folder; null where none is set.</summary>
    /// <exception cref="CertificateException">It cannot be read or holds no certificate; the message is one line for the operator.</exception>
    public static X509Certificate2Collection? Read(string setting, string? file, DataFolder folder, string domain, TimeProvider time)
    {
        if (string.IsNullOrWhiteSpace(file))
        {
            return null;
        }

        string path = File.Exists(file) ? file : folder.File(file);
        if (path == folder.File(CertificateAuthority.CertificateName))
        {
            // The hub's own authority, which a first start makes.
            CertificateAuthority.Open(folder, domain, time).Dispose();
        }

        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPemFile(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new CertificateException($"{setting} {file} cannot be read: {OneLine.Of(e)}; give a PEM file of authorities' certificates");
        }

        return authorities.Count > 0 ? authorities : throw new CertificateException($"{setting} {path} holds no certificate; give a PEM file of authorities' certificates");
    }
}
