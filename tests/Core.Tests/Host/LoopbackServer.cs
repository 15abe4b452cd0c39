using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using IotXmpp.Core.Tests.Kit;
using IotXmpp.Host;

namespace IotXmpp.Core.Tests.Host;

/// <summary>A server that says what the test says, over real sockets, with a private authority of its own.</summary>
internal sealed class LoopbackServer : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly X509Certificate2 _authority;
    private readonly X509Certificate2 _certificate;

    public LoopbackServer(string name = "example.org")
    {
        using var rootKey = RSA.Create(2048);
        var root = new CertificateRequest("CN=Test authority", rootKey, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        root.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        root.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        _authority = root.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(2));

        using var key = RSA.Create(2048);
        var leaf = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        leaf.CertificateExtensions.Add(names.Build());
        using var signed = leaf.Create(_authority, DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1), [1, 2, 3, 4]);
        using var withKey = signed.CopyWithPrivateKey(key);
        _certificate = X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), null);
        Binding = SHA256.HashData(_certificate.RawData);
        _listener.Start();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public byte[] Binding { get; }

    public X509Certificate2Collection Authorities => [X509CertificateLoader.LoadCertificate(_authority.RawData)];

    public string AuthorityPem => _authority.ExportCertificatePem();

    public ServerAddress Address(bool direct) => ServerAddress.Parse($"{(direct ? "xmpps" : "xmpp")}://127.0.0.1:{Port}");

    public async Task<Peer> AcceptAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        return new Peer(await _listener.AcceptTcpClientAsync(limit.Token), _certificate, Binding);
    }

    public void Dispose()
    {
        _listener.Dispose();
        _certificate.Dispose();
        _authority.Dispose();
    }

    /// <summary>One connection.</summary>
    internal sealed class Peer(TcpClient tcp, X509Certificate2 certificate, byte[] binding) : IDisposable
    {
        private readonly byte[] _buffer = new byte[65536];
        private readonly StringBuilder _read = new();
        private Stream _stream = tcp.GetStream();

        public async Task SecureAsync()
        {
            var ssl = new SslStream(_stream);
            await ssl.AuthenticateAsServerAsync(certificate).WaitAsync(Patience);
            _stream = ssl;
        }

        public async Task SayAsync(string text) => await _stream.WriteAsync(Encoding.UTF8.GetBytes(text)).AsTask().WaitAsync(Patience);

        /// <summary>Reads until what has come ends with this, and returns all of it.</summary>
        public async Task<string> UntilAsync(string end)
        {
            using var limit = new CancellationTokenSource(Patience);
            for (; ; )
            {
                var text = _read.ToString();
                var at = text.IndexOf(end, StringComparison.Ordinal);
                if (at >= 0)
                {
                    _read.Remove(0, at + end.Length);
                    return text[..(at + end.Length)];
                }
                var count = await _stream.ReadAsync(_buffer, limit.Token);
                if (count == 0)
                {
                    throw new InvalidOperationException($"the client closed; waited for {end}, came {text}");
                }
                _read.Append(Encoding.UTF8.GetString(_buffer, 0, count));
            }
        }

        /// <summary>Reads until the client closes.</summary>
        public async Task<string> UntilClosedAsync()
        {
            using var limit = new CancellationTokenSource(Patience);
            try
            {
                for (; ; )
                {
                    var count = await _stream.ReadAsync(_buffer, limit.Token);
                    if (count == 0)
                    {
                        return _read.ToString();
                    }
                    _read.Append(Encoding.UTF8.GetString(_buffer, 0, count));
                }
            }
            catch (IOException)
            {
                return _read.ToString();
            }
        }

        public async Task StartTlsAsync()
        {
            await UntilAsync("version='1.0'>");
            await SayAsync(Harness.ServerHeader + $"<stream:features>{Harness.Tls}</stream:features>");
            await UntilAsync("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
            await SayAsync("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
            await SecureAsync();
        }

        public async Task LogInAsync(string password = "pencil", bool plus = true)
        {
            await UntilAsync("version='1.0'>");
            var mechanism = plus ? "SCRAM-SHA-256-PLUS" : "SCRAM-SHA-256";
            await SayAsync(Harness.ServerHeader + $"<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>{mechanism}</mechanism></mechanisms></stream:features>");
            var scram = new ScramServer(password, mechanism, plus ? binding : null);
            await SayAsync(scram.Challenge(await UntilAsync("</auth>")));
            await SayAsync(scram.Success(await UntilAsync("</response>")));
        }

        public async Task BindAsync()
        {
            await UntilAsync("version='1.0'>");
            await SayAsync(Harness.ServerHeader + $"<stream:features>{Harness.BindFeatures}{Harness.Sm}</stream:features>");
            await UntilAsync("</iq>");
            await SayAsync("<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>bob@example.org/x</jid></bind></iq>");
            await UntilAsync(Harness.Enable);
            await SayAsync("<enabled xmlns='urn:xmpp:sm:3' id='some-long-sm-id' resume='true'/>");
        }

        public void Dispose()
        {
            _stream.Dispose();
            tcp.Dispose();
        }
    }
}
