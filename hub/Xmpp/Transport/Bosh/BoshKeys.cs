using System.Security.Cryptography;
using System.Text;

namespace IotXmpp.Hub.Transport.Bosh;

/// <summary>The sequence of keys (XEP-0124 §15): each request shows what the last one's key is the hash of, so that nobody else can go on with the session.</summary>
internal static class BoshKeys
{
    /// <summary>Whether a request goes on with the sequence; always so where there is none.</summary>
    /// <param name="last">The last key that was shown; becomes the one of this request.</param>
    /// <param name="request">The request.</param>
    public static bool Follows(ref string? last, BoshRequest request)
    {
        if (last is null)
        {
            return true;
        }

        if (request.Key is null || !CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(Sha1(request.Key)), Encoding.UTF8.GetBytes(last)))
        {
            return false;
        }

        last = request.NewKey ?? request.Key;
        return true;
    }

    private static string Sha1(string key)
    {
#pragma warning disable CA5350 // XEP-0124 §15 defines the sequence with SHA-1.
        return Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes(key)));
#pragma warning restore CA5350
    }
}
