using System.Net;
using System.Security.Cryptography;
using System.Text;
using BenchmarkDotNet.Attributes;
using IotXmpp.Hub.Sasl;
using ClientScram = IotXmpp.LoadGenerator.Xmpp.Scram;

namespace IotXmpp.Benchmarks;

/// <summary>A whole log-in of SASL without XML and sockets; the client keeps its derived keys, as things do. Both sides are in the time.</summary>
[MemoryDiagnoser]
public class ScramBenchmarks
{
    private readonly SaslServer _server = new(new OneAccount(), new SaslOptions(), RandomNumberGenerator.GetBytes(32));

    private readonly SaslContext _context = new() { Domain = "localhost", IsEncrypted = false, AllowPlaintext = true, RemoteAddress = IPAddress.Loopback };

    private readonly byte[] _plain = Base64("\0thing\0secret");

    [Benchmark(Description = "SCRAM-SHA-256, server and client")]
    public Task<bool> Sha256() => Login("SCRAM-SHA-256", HashAlgorithmName.SHA256);

    [Benchmark(Description = "SCRAM-SHA-1, server and client")]
    public Task<bool> Sha1() => Login("SCRAM-SHA-1", HashAlgorithmName.SHA1);

    [Benchmark(Description = "PLAIN, a password verified before")]
    public async Task<bool> Plain()
    {
        var step = await _server.Begin(_context).AuthAsync("PLAIN", _plain, CancellationToken.None);
        return step.Kind == SaslStepKind.Success ? true : throw new InvalidOperationException("PLAIN failed");
    }

    private static byte[] Base64(string text) => Encoding.ASCII.GetBytes(Convert.ToBase64String(Encoding.UTF8.GetBytes(text)));

    private async Task<bool> Login(string mechanism, HashAlgorithmName hash)
    {
        var client = new ClientScram("thing", "secret", hash);
        var negotiation = _server.Begin(_context);
        var challenge = await negotiation.AuthAsync(mechanism, Base64(client.First()), CancellationToken.None);
        var final = client.Final(Encoding.UTF8.GetString(challenge.Data ?? []));
        var outcome = await negotiation.ResponseAsync(Base64(final), CancellationToken.None);
        return outcome.Kind == SaslStepKind.Success && client.Verify(Encoding.UTF8.GetString(outcome.Data ?? []))
            ? true
            : throw new InvalidOperationException($"{mechanism} failed: {outcome.Error}");
    }

    private sealed class OneAccount : ICredentialStore
    {
        private readonly ScramCredentials _sha1 = ScramCredentials.Derive(ScramHash.Sha1, "secret");
        private readonly ScramCredentials _sha256 = ScramCredentials.Derive(ScramHash.Sha256, "secret");

        public ValueTask<ScramCredentials?> FindAsync(string localpart, ScramHash hash, CancellationToken cancellationToken) =>
            new(hash == ScramHash.Sha1 ? _sha1 : _sha256);
    }
}
