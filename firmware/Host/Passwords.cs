using System.Globalization;
using System.Text;

namespace IotXmpp.Host;

/// <summary>Passwords as both sides must have them before hashing: what looks the same is the same.</summary>
public static class Passwords
{
    /// <summary>
    /// OpaqueString (RFC 8265 §4.2): spaces of any script become SPACE, then Unicode's canonical composition. Which characters a password may have is the server's to say.
    /// </summary>
    public static string Prepare(string password)
    {
        if (Ascii.IsValid(password))
        {
            return password;
        }
        var spaces = string.Create(password.Length, password, static (target, source) =>
        {
            for (var i = 0; i < target.Length; i++)
            {
                target[i] = char.GetUnicodeCategory(source[i]) == UnicodeCategory.SpaceSeparator ? ' ' : source[i];
            }
        });
        return spaces.Normalize(NormalizationForm.FormC);
    }
}
