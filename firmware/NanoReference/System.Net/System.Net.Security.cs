using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace System.Net.Security;

public static class CertificateManager
{
    public static bool AddCaCertificateBundle(X509Certificate[] ca) => throw null;
    public static bool AddCaCertificateBundle(byte[] ca) => throw null;
    public static bool AddCaCertificateBundle(string ca) => throw null;
}

[System.Flags] public enum SslProtocols : int { None = 0, Tls = 192, Tls11 = 768, Tls12 = 3072, Tls13 = 12288 }

public class SslStream : NetworkStream
{
    internal SslStream() { }
    public SslStream(Socket socket) => throw null;
    public override int Read(byte[] buffer, int offset, int size) => throw null;
    public override void Write(byte[] buffer, int offset, int size) { }
    protected override void Dispose(bool disposing) { }
    public void AuthenticateAsClient(string targetHost, SslProtocols enabledSslProtocols) { }
    public void AuthenticateAsClient(string targetHost, X509Certificate clientCertificate, SslProtocols enabledSslProtocols) { }
    public void AuthenticateAsClient(string targetHost, X509Certificate clientCertificate, X509Certificate ca, SslProtocols enabledSslProtocols) { }
    public void AuthenticateAsServer(X509Certificate serverCertificate, SslProtocols enabledSslProtocols) { }
    public void AuthenticateAsServer(X509Certificate serverCertificate, bool clientCertificateRequired, SslProtocols enabledSslProtocols) { }
    public SslVerification SslVerification { get => throw null; set { } }
    public bool IsServer { get => throw null; }
    public bool UseStoredDeviceCertificate { get => throw null; set { } }
    public override bool DataAvailable { get => throw null; }
    public override long Length { get => throw null; }
}

public enum SslVerification : int { CertificateRequired = 4, NoVerification = 1, VerifyClientOnce = 8, VerifyPeer = 2 }
