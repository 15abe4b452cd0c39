using System.Security.Cryptography;
using System.Text;

namespace IotXmpp.Gateway;

/// <summary>How the owner of a thing behind a gateway that is nobody's claims it (XEP-0347 §3.5): by a KEY that is made of the thing's own key, and from which that cannot be found.</summary>
public static class NodeClaim
{
    private const string Alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

    /// <summary>The code.</summary>
    /// <param name="id">The thing.</param>
    /// <param name="key">Its key.</param>
    public static string Code(string id, string key) => $"IoTDisco;SN:{id};KEY:{Key(key)}";

    /// <summary>The KEY: 26 characters, 130 bits.</summary>
    /// <param name="key">The thing's key.</param>
    public static string Key(string key)
    {
        byte[] digest = HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), "claim"u8);
        return string.Create(26, digest, (text, bytes) =>
        {
            for (int i = 0; i < text.Length; i++)
            {
                text[i] = Alphabet[bytes[i] & 31];
            }
        });
    }
}
