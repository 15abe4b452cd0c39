using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using IotXmpp.LoadGenerator.Net;

namespace IotXmpp.LoadGenerator.Xmpp;

/// <summary>
/// The client's side of SCRAM (RFC 5802, RFC 7677) without channel binding. Derived keys are kept for the life of the program, as a
/// device keeps them: otherwise a log-in benchmark measures the generator's PBKDF2.
/// </summary>
internal sealed class Scram(string user, string password, HashAlgorithmName hash)
{
    private static readonly Dictionary<(string Password, string Salt, int Iterations, HashAlgorithmName Hash), byte[]> SaltedPasswords = [];

    /// <summary>More rounds than this (PBKDF2 iterations) would let a server stall the generator.</summary>
    private const int MaxIterations = 200_000;

    private readonly string _nonce = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12));
    private byte[] _serverSignature = [];

    private string FirstBare => $"n={user},r={_nonce}";

    public string First() => "n,," + FirstBare;

    public string Final(string challenge)
    {
        string? nonce = null, salt = null;
        var iterations = 0;
        foreach (var part in challenge.Split(','))
        {
            switch (part)
            {
                case ['r', '=', ..]:
                    nonce = part[2..];
                    break;
                case ['s', '=', ..]:
                    salt = part[2..];
                    break;
                case ['i', '=', ..]:
                    _ = int.TryParse(part[2..], NumberStyles.None, CultureInfo.InvariantCulture, out iterations);
                    break;
            }
        }

        if (nonce is null || salt is null || iterations is <= 0 or > MaxIterations || !nonce.StartsWith(_nonce, StringComparison.Ordinal))
        {
            throw new LoadException("sasl: bad challenge");
        }

        var salted = Salted(salt, iterations);
        var clientKey = CryptographicOperations.HmacData(hash, salted, "Client Key"u8);
        var storedKey = CryptographicOperations.HashData(hash, clientKey);
        var withoutProof = "c=biws,r=" + nonce;
        var message = Encoding.UTF8.GetBytes($"{FirstBare},{challenge},{withoutProof}");
        var signature = CryptographicOperations.HmacData(hash, storedKey, message);
        for (var i = 0; i < clientKey.Length; i++)
        {
            clientKey[i] ^= signature[i];
        }

        var serverKey = CryptographicOperations.HmacData(hash, salted, "Server Key"u8);
        _serverSignature = CryptographicOperations.HmacData(hash, serverKey, message);
        return $"{withoutProof},p={Convert.ToBase64String(clientKey)}";
    }

    /// <summary>Whether the server knows the keys, too (RFC 5802 §3).</summary>
    public bool Verify(string outcome) => outcome == "v=" + Convert.ToBase64String(_serverSignature);

    private byte[] Salted(string salt, int iterations)
    {
        var key = (password, salt, iterations, hash);
        if (!SaltedPasswords.TryGetValue(key, out var salted))
        {
            var length = hash == HashAlgorithmName.SHA1 ? 20 : 32;
            salted = Rfc2898DeriveBytes.Pbkdf2(password, Convert.FromBase64String(salt), iterations, hash, length);
            SaltedPasswords[key] = salted;
        }

        return salted;
    }
}
