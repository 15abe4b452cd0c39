using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;
using IotXmpp.Hub.Addresses;

namespace IotXmpp.Hub.Sasl;

/// <summary>HT-SHA-256-* (draft-schmaus-kitten-sasl-ht): <c>authcid NUL HMAC(token, "Initiator" || binding)</c>, answered by <c>HMAC(token, "Responder" || binding)</c>.</summary>
/// <param name="server">The server side.</param>
/// <param name="context">The stream.</param>
/// <param name="mechanism">Its name: a token is good for one mechanism only.</param>
/// <param name="use">What the client said around it.</param>
internal sealed class HashedTokenExchange(SaslServer server, SaslContext context, string mechanism, FastUse use) : SaslExchange(server, context)
{
    private static readonly FastToken s_none = new(string.Empty, Guid.Empty, string.Empty, new byte[HMACSHA256.HashSizeInBytes], 0, false, false, 0);

    public override async ValueTask<SaslStep> StepAsync(byte[]? message, CancellationToken cancellationToken)
    {
        int end = message?.AsSpan().IndexOf((byte)0) ?? -1;
        if (message is null || end <= 0 || message.Length - end - 1 != HMACSHA256.HashSizeInBytes || !Utf8.IsValid(message.AsSpan(0, end)))
        {
            return SaslStep.Failure(SaslError.MalformedRequest);
        }

        if (!JidPrep.TryLocalpart(Encoding.UTF8.GetString(message, 0, end), out string? localpart))
        {
            return SaslStep.Failure(SaslError.NotAuthorized);
        }

        // XEP-0484 §4.1: the stream's 'from' says whose token it is.
        if (Context.From is not { } from || from.Local != localpart || from.Domain != Context.Domain)
        {
            return SaslStep.Failure(SaslError.MalformedRequest);
        }

        if (!IsAdmitted(localpart))
        {
            return SaslStep.Failure(SaslError.TemporaryAuthFailure);
        }

        ScramCredentials? found = await Server.FindAsync(localpart, ScramHash.Sha256, cancellationToken);
        // An account that does not exist costs the same look, so that time does not tell which accounts exist.
        ScramCredentials keys = found ?? Server.Pretend(localpart, ScramHash.Sha256);
        IReadOnlyList<FastToken> tokens = await Server.FindTokensAsync(localpart, use.Agent, keys, cancellationToken);
        ReadOnlyMemory<byte> proof = message.AsMemory(end + 1);
        FastToken? token = Match(tokens.Count > 0 ? tokens[0] : s_none, proof.Span) ?? Match(tokens.Count > 1 ? tokens[1] : s_none, proof.Span);
        if (token is null || found is null)
        {
            return Conclude(localpart, null, null);
        }

        if (token.IsExpired)
        {
            // Who held it is no guesser: nothing is counted against it (§4.2).
            return SaslStep.Failure(SaslError.CredentialsExpired);
        }

        if (found.IsDisabled)
        {
            return Conclude(localpart, found, null);
        }

        if (use.Count is { } count && count <= token.Count || !await Server.UseTokenAsync(token, use, cancellationToken))
        {
            return Conclude(localpart, null, null); // a replay (§3.4)
        }

        Token = token;
        return Conclude(localpart, found, Mac(token.Secret, "Responder"u8));
    }

    private FastToken? Match(FastToken token, ReadOnlySpan<byte> proof) =>
        CryptographicOperations.FixedTimeEquals(Mac(token.Secret, "Initiator"u8), proof) && token.Mechanism == mechanism ? token : null;

    private byte[] Mac(byte[] secret, ReadOnlySpan<byte> side) => HMACSHA256.HashData(secret, (byte[])[.. side, .. SaslMechanisms.TokenBinding(mechanism, Context).Span]);
}
