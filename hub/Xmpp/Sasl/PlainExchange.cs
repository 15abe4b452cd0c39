using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;
using IotXmpp.Hub.Addresses;

namespace IotXmpp.Hub.Sasl;

/// <summary>PLAIN (RFC 4616): <c>[authzid] NUL authcid NUL passwd</c>, verified against the SCRAM keys.</summary>
internal sealed class PlainExchange(SaslServer server, SaslContext context) : SaslExchange(server, context)
{
    public override async ValueTask<SaslStep> StepAsync(byte[]? message, CancellationToken cancellationToken)
    {
        if (message is null)
        {
            return SaslStep.Challenge([]);
        }

        byte[]? password = null;
        try
        {
            if (!TryRead(message, out string authzid, out string authcid, out int passwordAt))
            {
                return SaslStep.Failure(SaslError.MalformedRequest);
            }

            if (!JidPrep.TryLocalpart(authcid, out string? localpart))
            {
                return SaslStep.Failure(SaslError.NotAuthorized);
            }

            if (!IsOwnAuthzid(authzid, localpart))
            {
                return SaslStep.Failure(SaslError.InvalidAuthzid);
            }

            if (!IsAdmitted(localpart))
            {
                return SaslStep.Failure(SaslError.TemporaryAuthFailure);
            }

            password = Prepare(message.AsSpan(passwordAt));
            if (password is null)
            {
                return Conclude(localpart, null, null);
            }

            ScramCredentials? found = await Server.FindAsync(localpart, ScramHash.Sha256, cancellationToken);
            // An account that does not exist costs the same derivation, so that time does not tell which accounts exist.
            bool matches = Server.Verified.Verify(localpart, found ?? Server.Pretend(localpart, ScramHash.Sha256), password);
            return Conclude(localpart, matches ? found : null, null);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(message);
            CryptographicOperations.ZeroMemory(password);
        }
    }

    private static bool TryRead(byte[] message, out string authzid, out string authcid, out int passwordAt)
    {
        authzid = authcid = "";
        passwordAt = 0;
        ReadOnlySpan<byte> rest = message;
        int first = rest.IndexOf((byte)0);
        if (first < 0)
        {
            return false;
        }

        int second = rest[(first + 1)..].IndexOf((byte)0) + first + 1;
        if (second <= first + 1 || second == message.Length - 1 || rest[(second + 1)..].Contains((byte)0) || !Utf8.IsValid(rest))
        {
            return false;
        }

        authzid = Encoding.UTF8.GetString(rest[..first]);
        authcid = Encoding.UTF8.GetString(rest[(first + 1)..second]);
        passwordAt = second + 1;
        return true;
    }

    /// <summary>OpaqueString (RFC 8265 §4.2); for printable ASCII it changes nothing, and no string of the password comes into being.</summary>
    private static byte[]? Prepare(ReadOnlySpan<byte> password)
    {
        if (!password.ContainsAnyExceptInRange((byte)' ', (byte)'~'))
        {
            return password.ToArray();
        }

        return Precis.TryOpaqueString(Encoding.UTF8.GetString(password), out string? prepared) ? Encoding.UTF8.GetBytes(prepared) : null;
    }
}
