using System.Security.Cryptography;
using System.Text;

namespace IotXmpp.TestKit.Net;

/// <summary>The client's half of SCRAM (RFC 5802, RFC 7677), written anew for the tests.</summary>
public sealed class ScramClient
{
    private readonly HashAlgorithmName hash;
    private readonly string gs2;
    private readonly byte[] binding;
    private readonly string clientFirstBare;
    private readonly string clientNonce;
    private readonly string password;
    private byte[] serverSignature = [];

    /// <summary>Begins an exchange.</summary>
    /// <param name="mechanism">SCRAM-SHA-1 or SCRAM-SHA-256, with or without -PLUS.</param>
    /// <param name="user">The account's name (the local part).</param>
    /// <param name="password">Its password.</param>
    /// <param name="channelBinding">For -PLUS: the tls-server-end-point data (RFC 5929 §4).</param>
    public ScramClient(string mechanism, string user, string password, byte[]? channelBinding = null)
    {
        hash = mechanism.Contains("SHA-256", StringComparison.Ordinal) ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA1;
        gs2 = mechanism.EndsWith("-PLUS", StringComparison.Ordinal) ? "p=tls-server-end-point,," : "n,,";
        binding = gs2[0] == 'p' ? channelBinding ?? throw new ArgumentNullException(nameof(channelBinding)) : [];
        clientNonce = Convert.ToHexString(RandomNumberGenerator.GetBytes(12));
        clientFirstBare = $"n={user.Replace("=", "=3D", StringComparison.Ordinal).Replace(",", "=2C", StringComparison.Ordinal)},r={clientNonce}";
        this.password = password;
    }

    /// <summary>The first message, for the <c>auth</c> element.</summary>
    public string First => gs2 + clientFirstBare;

    /// <summary>What the server offered, as XEP-0474 §5.1 strings it together; the server's hash must be of this, where it gives one. Null: no matter.</summary>
    public string? Offered { get; init; }

    /// <summary>Answers the server's challenge.</summary>
    /// <param name="serverFirst">The challenge.</param>
    /// <param name="changed">Somebody on the way has changed the hash of what was offered.</param>
    /// <exception cref="InvalidDataException">The server did not take up the client's nonce, or tells another hash of what it offered.</exception>
    public string Final(string serverFirst, bool changed = false)
    {
        var parts = serverFirst.Split(',').ToDictionary(p => p[0], p => p[2..]);
        if (Offered is not null && parts.TryGetValue('h', out var told) && told != Convert.ToBase64String(CryptographicOperations.HashData(hash, Encoding.UTF8.GetBytes(Offered))))
        {
            throw new InvalidDataException($"SCRAM: the hash of what was offered is another one: {serverFirst}");
        }

        if (changed)
        {
            var other = Convert.ToBase64String(CryptographicOperations.HashData(hash, "PLAIN"u8));
            serverFirst = serverFirst.Replace(parts.TryGetValue('h', out told) ? told : throw new InvalidDataException("SCRAM: no hash of what was offered"), other, StringComparison.Ordinal);
        }

        if (!parts['r'].StartsWith(clientNonce, StringComparison.Ordinal) || parts['r'].Length <= clientNonce.Length)
        {
            throw new InvalidDataException($"SCRAM: the server's nonce does not extend the client's: {serverFirst}");
        }

        var length = hash == HashAlgorithmName.SHA256 ? 32 : 20;
        var salted = Rfc2898DeriveBytes.Pbkdf2(
            Encoding.UTF8.GetBytes(password), Convert.FromBase64String(parts['s']), int.Parse(parts['i'], System.Globalization.CultureInfo.InvariantCulture), hash, length);
        var clientKey = Mac(salted, "Client Key");
        var storedKey = CryptographicOperations.HashData(hash, clientKey);
        var channel = Convert.ToBase64String([.. Encoding.UTF8.GetBytes(gs2), .. binding]);
        var withoutProof = $"c={channel},r={parts['r']}";
        var authMessage = $"{clientFirstBare},{serverFirst},{withoutProof}";
        var proof = Mac(storedKey, authMessage);
        for (var i = 0; i < proof.Length; i++)
        {
            proof[i] ^= clientKey[i];
        }

        serverSignature = Mac(Mac(salted, "Server Key"), authMessage);
        return $"{withoutProof},p={Convert.ToBase64String(proof)}";
    }

    /// <summary>Holds the server's last message against what only a server that knows the account can say.</summary>
    /// <exception cref="InvalidDataException">The signature is wrong.</exception>
    public void Verify(string serverFinal)
    {
        if (serverFinal != "v=" + Convert.ToBase64String(serverSignature))
        {
            throw new InvalidDataException($"SCRAM: the server's signature is wrong: {serverFinal}");
        }
    }

    private byte[] Mac(byte[] key, string data) => CryptographicOperations.HmacData(hash, key, Encoding.UTF8.GetBytes(data));
}
