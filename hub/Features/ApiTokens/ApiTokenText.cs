using System.Security.Cryptography;
using System.Text;

namespace IotXmpp.Hub.Features.ApiTokens;

/// <summary>
/// The text of a token: <c>iotx_</c>, 43 characters of 62 (256 random bits) and 6 of a checksum. By the prefix scanners find one that got into a repository; by the checksum a typing error, or any other text, is told
/// from a token without asking the database.
/// </summary>
public static class ApiTokenText
{
    /// <summary>What every token begins with.</summary>
    public const string Prefix = "iotx_";

    /// <summary>Characters of a token.</summary>
    public const int Length = 5 + RandomChars + CheckChars;

    private const int RandomChars = 43; // 62^43 > 2^256
    private const int CheckChars = 6; // 62^6 > 2^32
    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    /// <summary>A new token.</summary>
    public static string New()
    {
        string text = Prefix + RandomNumberGenerator.GetString(Alphabet, RandomChars);
        return text + Check(text);
    }

    /// <summary>Whether this is the text of a token, of this hub or another.</summary>
    public static bool IsToken(ReadOnlySpan<char> text)
    {
        if (text.Length != Length || !text.StartsWith(Prefix, StringComparison.Ordinal) || text[Prefix.Length..].ContainsAnyExcept(Alphabet))
        {
            return false;
        }

        return text[^CheckChars..].SequenceEqual(Check(text[..^CheckChars]));
    }

    /// <summary>
    /// What the hub keeps of a token. One round of SHA-256 is right here, and PBKDF2 would be wrong: 256 random bits cannot be guessed however fast the hash is, and every request pays for it. On disk: never change it.
    /// </summary>
    public static byte[] Hash(string token) => SHA256.HashData(Encoding.ASCII.GetBytes(token));

    private static string Check(ReadOnlySpan<char> text)
    {
        Span<byte> hash = stackalloc byte[32];
        Span<byte> ascii = stackalloc byte[Length];
        SHA256.HashData(ascii[..Encoding.ASCII.GetBytes(text, ascii)], hash);
        uint number = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(hash);
        Span<char> check = stackalloc char[CheckChars];
        for (int i = CheckChars - 1; i >= 0; i--)
        {
            check[i] = Alphabet[(int)(number % 62)];
            number /= 62;
        }

        return new string(check);
    }
}
