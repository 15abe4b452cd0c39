using System.Security.Cryptography;
using System.Text;
using IotXmpp.Hub.Sasl;

namespace IotXmpp.Hub.Tests.Sasl;

/// <summary>The client of RFC 5802, written from the standard's formulas and not from the server's code.</summary>
internal sealed class ScramTestClient(ScramHash hash, string username, string password, string gs2Header = "n,,", byte[]? binding = null, string nonce = "fyko+d2lbbFgONRv9qkxdawL")
{
    private string _serverFirst = "";
    private string _authMessage = "";
    private byte[] _salted = [];

    public string FirstBare => $"n={username},r={nonce}";

    public string First => gs2Header + FirstBare;

    public string Final(byte[] serverFirst)
    {
        _serverFirst = Encoding.UTF8.GetString(serverFirst);
        var parts = _serverFirst.Split(',').ToDictionary(part => part[0], part => part[2..]);
        byte[] salt = Convert.FromBase64String(parts['s']);
        HashAlgorithmName name = hash == ScramHash.Sha1 ? HashAlgorithmName.SHA1 : HashAlgorithmName.SHA256;
        _salted = Rfc2898DeriveBytes.Pbkdf2(password, salt, int.Parse(parts['i'], System.Globalization.CultureInfo.InvariantCulture), name, hash == ScramHash.Sha1 ? 20 : 32);
        string withoutProof = $"c={Convert.ToBase64String([.. Encoding.UTF8.GetBytes(gs2Header), .. binding ?? []])},r={parts['r']}";
        _authMessage = $"{FirstBare},{_serverFirst},{withoutProof}";
        byte[] clientKey = Hmac(_salted, "Client Key");
        byte[] storedKey = hash == ScramHash.Sha1 ? SHA1.HashData(clientKey) : SHA256.HashData(clientKey);
        byte[] proof = [.. clientKey.Zip(Hmac(storedKey, _authMessage), (a, b) => (byte)(a ^ b))];
        return $"{withoutProof},p={Convert.ToBase64String(proof)}";
    }

    public string ServerSignature => "v=" + Convert.ToBase64String(Hmac(Hmac(_salted, "Server Key"), _authMessage));

    private byte[] Hmac(byte[] key, string text)
        => hash == ScramHash.Sha1 ? HMACSHA1.HashData(key, Encoding.UTF8.GetBytes(text)) : HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text));
}

/// <summary>Accounts in memory, as a store has them.</summary>
internal sealed class TestAccounts : ICredentialStore
{
    private readonly Dictionary<(string, ScramHash), ScramCredentials> _accounts = [];

    public bool IsBroken { get; set; }

    public TestAccounts With(string name, string password, bool disabled = false)
    {
        foreach (ScramHash hash in Enum.GetValues<ScramHash>())
        {
            ScramCredentials derived = ScramCredentials.Derive(hash, password);
            _accounts[(name, hash)] = new(hash, derived.Salt, derived.Iterations, derived.StoredKey, derived.ServerKey) { IsDisabled = disabled };
        }

        return this;
    }

    public void Set(string name, ScramCredentials credentials) => _accounts[(name, credentials.Hash)] = credentials;

    public ValueTask<ScramCredentials?> FindAsync(string localpart, ScramHash hash, CancellationToken cancellationToken)
        => IsBroken ? throw new IOException("disk on fire") : new(_accounts.GetValueOrDefault((localpart, hash)));
}

/// <summary>A clock that goes when the test says so.</summary>
internal sealed class TestClock : TimeProvider
{
    private DateTimeOffset _now = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => _now;

    public override long GetTimestamp() => _now.UtcTicks;

    public void Advance(TimeSpan by) => _now += by;
}
