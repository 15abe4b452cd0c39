using System.Text;
using System.Text.Unicode;
using IotXmpp.Hub.Addresses;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Sasl;

/// <summary>EXTERNAL (RFC 4422 App. A, XEP-0178 §2): the client's certificate, verified in the TLS handshake, says who it is.</summary>
internal sealed class ExternalExchange(SaslServer server, SaslContext context) : SaslExchange(server, context)
{
    public override async ValueTask<SaslStep> StepAsync(byte[]? message, CancellationToken cancellationToken)
    {
        if (message is null)
        {
            return SaslStep.Challenge([]);
        }

        if (!Utf8.IsValid(message))
        {
            return SaslStep.Failure(SaslError.MalformedRequest);
        }

        Jid? account;
        if (message.Length > 0)
        {
            // §2 step 11b: one of those that the certificate names
            account = JidPrep.TryParse(Encoding.UTF8.GetString(message), out Jid? wanted) && Context.CertifiedAccounts.Contains(wanted) ? wanted : null;
        }
        else
        {
            // step 11a, 11b: it must be clear which one
            account = Context.CertifiedAccounts.Count == 1 ? Context.CertifiedAccounts[0] : null;
        }

        if (account is null || (message.Length > 0 && !IsOwnAuthzid(account.ToString(), account.Local)))
        {
            return SaslStep.Failure(SaslError.InvalidAuthzid);
        }

        return IsAdmitted(account.Local)
            ? Conclude(account.Local, await Server.FindAsync(account.Local, ScramHash.Sha256, cancellationToken), null)
            : SaslStep.Failure(SaslError.TemporaryAuthFailure);
    }
}
