using System.Security.Cryptography;

namespace IotXmpp.Hub.Sasl;

/// <summary>Random text that people read, type and tell: passwords, tokens, codes, ids.</summary>
public static class RandomText
{
    // 32 characters that cannot be taken for one another: 5 bits each.
    private const string Alphabet = "abcdefghijkmnpqrstuvwxyz23456789";

    /// <summary>A text of so many characters, of 5 random bits each.</summary>
    public static string New(int chars) => RandomNumberGenerator.GetString(Alphabet, chars);

    /// <summary>The same in groups with <c>-</c> between them, which count for nothing.</summary>
    public static string New(int chars, int group) => string.Join('-', New(chars).Chunk(group).Select(c => new string(c)));
}
