using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IotXmpp.Hub.Server;
using IotXmpp.Hub.Tests.Sasl;
using IotXmpp.Hub.Tls;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace IotXmpp.Hub.Tests.Server;

public sealed class CertificateTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("iotxmpp-tls-").FullName;
    private readonly DataFolder _folder;
    private readonly TestClock _clock = new();

    public CertificateTests()
    {
        Assert.True(DataFolder.TryOpen(Path.Combine(_root, "data"), out DataFolder? folder, out string? error), error);
        _folder = folder;
    }

    public void Dispose()
    {
        _folder.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    private ServerCertificate Open(string domain = "example.org", TlsOptions? options = null)
        => ServerCertificate.Open(_folder, domain, options ?? new TlsOptions(), _clock, NullLogger.Instance);

    private X509Certificate2 Authority() => X509CertificateLoader.LoadCertificateFromFile(_folder.File("ca.pem"));

    private static bool IsTrusted(X509Certificate2 certificate, X509Certificate2 root, DateTime at)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(root);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = at;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.1"));
        return chain.Build(certificate);
    }

    [Theory]
    [InlineData("example.org", "example.org", "pubsub.example.org", "localhost")]
    [InlineData("localhost", "localhost", "things.localhost")]
    [InlineData("b\u00FCcher.example", "xn--bcher-kva.example", "pubsub.xn--bcher-kva.example")]
    [InlineData("192.0.2.7", "192.0.2.7", "localhost")]
    public void The_first_start_makes_what_clients_can_trust(string domain, params string[] names)
    {
        using ServerCertificate server = Open(domain);
        X509Certificate2 certificate = server.Current.Certificate;
        using X509Certificate2 root = Authority();
        Assert.True(IsTrusted(certificate, root, _clock.GetUtcNow().UtcDateTime));
        Assert.All([.. names, "127.0.0.1", "::1"], name => Assert.True(certificate.MatchesHostname(name), name));
        Assert.False(certificate.MatchesHostname("example.com"));
        Assert.Equal("1.2.840.10045.3.1.7", certificate.GetECDsaPublicKey()!.ExportParameters(false).Curve.Oid.Value); // P-256
        Assert.InRange(root.NotAfter.ToUniversalTime(), _clock.GetUtcNow().UtcDateTime.AddYears(9), _clock.GetUtcNow().UtcDateTime.AddYears(11));
        Assert.False(root.HasPrivateKey);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal("0600", Mode("ca.key"));
            Assert.Equal("0600", Mode("server.key"));
            Assert.Equal("0644", Mode("ca.pem"));
        }
    }

    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    private string Mode(string name) => "0" + Convert.ToString((int)File.GetUnixFileMode(_folder.File(name)), 8);

    [Fact]
    public void A_restart_keeps_both()
    {
        byte[] first;
        using (ServerCertificate server = Open())
        {
            first = server.Current.Certificate.RawData;
        }

        using ServerCertificate again = Open();
        Assert.Equal(first, again.Current.Certificate.RawData);
        Assert.True(again.Current.Certificate.HasPrivateKey);
    }

    [Fact]
    public void Another_domain_gets_another_certificate_of_the_same_authority()
    {
        Open().Dispose();
        byte[] authority = File.ReadAllBytes(_folder.File("ca.pem"));
        using ServerCertificate server = Open("example.net");
        Assert.True(server.Current.Certificate.MatchesHostname("example.net"));
        Assert.Equal(authority, File.ReadAllBytes(_folder.File("ca.pem")));
    }

    [Fact]
    public void It_is_renewed_in_time_while_the_hub_runs()
    {
        using ServerCertificate server = Open();
        TlsIdentity first = server.Current;
        _clock.Advance(CertificateAuthority.ServerLifetime - CertificateAuthority.RenewBefore - TimeSpan.FromDays(1));
        server.Refresh();
        Assert.Same(first, server.Current);
        _clock.Advance(TimeSpan.FromDays(2));
        server.Refresh();
        Assert.NotSame(first, server.Current);
        using X509Certificate2 root = Authority();
        Assert.True(IsTrusted(server.Current.Certificate, root, _clock.GetUtcNow().UtcDateTime));
        TlsIdentity second = server.Current;
        server.Refresh();
        Assert.Same(second, server.Current);
    }

    [Fact]
    public void Near_the_end_of_the_authority_nothing_is_issued_over_and_over()
    {
        using ServerCertificate server = Open();
        _clock.Advance(CertificateAuthority.Lifetime - TimeSpan.FromDays(30));
        server.Refresh();
        TlsIdentity last = server.Current;
        using X509Certificate2 root = Authority();
        Assert.True(IsTrusted(last.Certificate, root, _clock.GetUtcNow().UtcDateTime));
        server.Refresh();
        Assert.Same(last, server.Current);
        _clock.Advance(TimeSpan.FromDays(31)); // now the authority itself has ended, and a new one takes over
        server.Refresh();
        using X509Certificate2 next = Authority();
        Assert.NotEqual(root.RawData, next.RawData);
        Assert.True(IsTrusted(server.Current.Certificate, next, _clock.GetUtcNow().UtcDateTime));
    }

    [Fact]
    public void A_broken_authority_is_told_and_not_replaced()
    {
        Open().Dispose();
        File.WriteAllText(_folder.File("ca.pem"), "no certificate");
        Assert.Contains("ca.pem", Assert.Throws<CertificateException>(() => Open()).Message, StringComparison.Ordinal);
        Assert.Equal("no certificate", File.ReadAllText(_folder.File("ca.pem")));
    }

    [Fact]
    public void A_broken_server_certificate_is_issued_again()
    {
        Open().Dispose();
        File.WriteAllText(_folder.File("server.pem"), "no certificate");
        using ServerCertificate server = Open();
        Assert.True(server.Current.Certificate.MatchesHostname("example.org"));
    }

    [Fact]
    public void Given_files_are_used_and_loaded_again_when_they_change()
    {
        string certificateFile = Path.Combine(_root, "given.pem");
        string keyFile = Path.Combine(_root, "given.key");
        WriteGiven("first");
        using ServerCertificate server = Open(options: new TlsOptions { CertificateFile = certificateFile, KeyFile = keyFile });
        Assert.Equal("CN=first", server.Current.Certificate.Subject);
        Assert.False(File.Exists(_folder.File("ca.pem")));
        TlsIdentity first = server.Current;
        server.Refresh();
        Assert.Same(first, server.Current);

        WriteGiven("second");
        server.Refresh();
        Assert.Equal("CN=second", server.Current.Certificate.Subject);

        File.WriteAllText(certificateFile, "half written");
        Touch();
        server.Refresh();
        Assert.Equal("CN=second", server.Current.Certificate.Subject); // a bad file does not take the hub down

        WriteGiven("third");
        server.Refresh();
        Assert.Equal("CN=third", server.Current.Certificate.Subject);

        void WriteGiven(string name)
        {
            using RSA key = RSA.Create(2048);
            var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA384, RSASignaturePadding.Pkcs1);
            using X509Certificate2 made = request.CreateSelfSigned(_clock.GetUtcNow().AddDays(-1), _clock.GetUtcNow().AddDays(10));
            File.WriteAllText(certificateFile, made.ExportCertificatePem());
            File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());
            Touch();
        }

        void Touch()
        {
            _stamp = _stamp.AddSeconds(1); // file times may be too coarse for a fast test
            File.SetLastWriteTimeUtc(certificateFile, _stamp);
        }
    }

    private DateTime _stamp = new(2026, 11, 20, 0, 0, 0, DateTimeKind.Utc);

    [Fact]
    public void Given_files_that_cannot_be_used_are_told()
    {
        Open().Dispose();
        var missing = new TlsOptions { CertificateFile = Path.Combine(_root, "none.pem"), KeyFile = Path.Combine(_root, "none.key") };
        Assert.Contains("none.pem", Assert.Throws<CertificateException>(() => Open(options: missing)).Message, StringComparison.Ordinal);
        var mixed = new TlsOptions { CertificateFile = _folder.File("ca.pem"), KeyFile = _folder.File("server.key") };
        Assert.Contains("ca.pem", Assert.Throws<CertificateException>(() => Open(options: mixed)).Message, StringComparison.Ordinal);
    }

    [Theory] // RFC 5929 §4.1
    [InlineData("SHA256", 32, false)]
    [InlineData("SHA384", 48, false)]
    [InlineData("SHA512", 64, false)]
    [InlineData("SHA256", 32, true)]
    [InlineData("SHA384", 48, true)]
    public void The_channel_binding_has_the_hash_of_the_signature(string hash, int length, bool pss)
    {
        using RSA key = RSA.Create(2048);
        var request = new CertificateRequest("CN=x", key, new HashAlgorithmName(hash), pss ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddDays(1));
        byte[] binding = TlsIdentity.ServerEndPointOf(certificate);
        byte[] expected = length switch { 32 => SHA256.HashData(certificate.RawData), 48 => SHA384.HashData(certificate.RawData), _ => SHA512.HashData(certificate.RawData) };
        Assert.Equal(expected, binding);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task Clients_connect_and_see_the_same_binding(SslProtocols protocol)
    {
        using ServerCertificate server = ServerCertificate.Open(_folder, "example.org", new TlsOptions(), TimeProvider.System, NullLogger.Instance);
        using X509Certificate2 root = Authority();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var socket = new TcpClient();
        Task connecting = socket.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        using TcpClient accepted = await listener.AcceptTcpClientAsync();
        await connecting;
        await using var serverSide = new SslStream(accepted.GetStream());
        await using var clientSide = new SslStream(socket.GetStream());
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        Task serving = serverSide.AuthenticateAsServerAsync(server.Current.Options, limit.Token);
        await clientSide.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "example.org",
                EnabledSslProtocols = protocol,
                CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { root }, RevocationMode = X509RevocationMode.NoCheck },
            },
            limit.Token);
        await serving;
        Assert.Equal(protocol, serverSide.SslProtocol);
        using X509Certificate2 seen = new(clientSide.RemoteCertificate!);
        Assert.Equal(TlsIdentity.ServerEndPointOf(seen), server.Current.ServerEndPoint);
        byte[] exported = OpenSsl.ChannelBinding(serverSide);
        Assert.Equal(protocol == SslProtocols.Tls13 && OperatingSystem.IsLinux() ? 32 : 0, exported.Length);
        Assert.Equal(exported, OpenSsl.ChannelBinding(clientSide)); // both ends have the same, and nobody else (RFC 9266)
        await serverSide.WriteAsync("x"u8.ToArray(), limit.Token);
        Assert.Equal(1, await clientSide.ReadAsync(new byte[8], limit.Token));
    }
}
