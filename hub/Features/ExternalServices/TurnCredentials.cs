using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace IotXmpp.Hub.Features.ExternalServices;

/// <summary>
/// Credentials that a TURN server believes until they end, without asking anybody ("A REST API For Access To TURN Services", which XEP-0215 §4.3 names; coturn: <c>use-auth-secret</c>): the user name says when that is and
/// whose they are, the password proves that who knows the secret has said so.
/// </summary>
public readonly record struct TurnCredentials(string Username, string Password, DateTimeOffset Expires)
{
    /// <summary>Makes credentials.</summary>
    /// <param name="secret">What the hub shares with the service.</param>
    /// <param name="account">The account's localpart.</param>
    /// <param name="expires">When they end; whole seconds count.</param>
    public static TurnCredentials Make(string secret, string account, DateTimeOffset expires)
    {
        expires = DateTimeOffset.FromUnixTimeSeconds(expires.ToUnixTimeSeconds());
        string username = string.Create(CultureInfo.InvariantCulture, $"{expires.ToUnixTimeSeconds()}:{Plain(account)}");
#pragma warning disable CA5350 // what TURN servers compute
        string password = Convert.ToBase64String(HMACSHA1.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(username)));
#pragma warning restore CA5350
        return new TurnCredentials(username, password, expires);
    }

    // RFC 8489 §14.3: names beyond ASCII are prepared, and two programs may do that in two ways.
    private static string Plain(string account) => Ascii.IsValid(account) ? account : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(account)).AsSpan(0, 16));
}
