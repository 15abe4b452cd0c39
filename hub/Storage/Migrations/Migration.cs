using System.Security.Cryptography;
using System.Text;

namespace IotXmpp.Hub.Storage.Migrations;

/// <summary>One step of a feature's tables. Once released it never changes: a test holds its <see cref="Checksum"/>, and the database refuses another text.</summary>
/// <param name="Feature">The feature's name: the folder under <c>hub/Features</c>.</param>
/// <param name="Number">1, 2, 3… without gaps within the feature.</param>
/// <param name="Name">What the step does, in a few words.</param>
/// <param name="Sql">Statements in the common dialect with the words of <see cref="SqlDialect"/> in braces.</param>
public sealed record Migration(string Feature, int Number, string Name, string Sql)
{
    /// <summary>The first 16 hexadecimal digits of the SHA-256 of the text, before the dialect's words are put in.</summary>
    public string Checksum => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Sql.ReplaceLineEndings("\n"))))[..16];
}
