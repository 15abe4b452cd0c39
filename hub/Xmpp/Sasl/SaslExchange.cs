namespace IotXmpp.Hub.Sasl;

/// <summary>The state machine of one attempt with one mechanism.</summary>
internal abstract class SaslExchange(SaslServer server, SaslContext context)
{
    /// <summary>How long the last step has to be held back.</summary>
    public TimeSpan Delay { get; private set; }

    /// <summary>The token that the client has proved to hold, where that was the way.</summary>
    public FastToken? Token { get; protected set; }

    protected SaslServer Server { get; } = server;

    protected SaslContext Context { get; } = context;

    /// <summary>The client's next message; null when it gave no initial response.</summary>
    public abstract ValueTask<SaslStep> StepAsync(byte[]? message, CancellationToken cancellationToken);

    /// <summary>
    /// True when the authorization identity is absent or the bare JID of the account itself: nobody acts for others (RFC 6120 §6.3.8).
    /// </summary>
    protected bool IsOwnAuthzid(string authzid, string localpart)
        => authzid.Length == 0
            || (Addresses.JidPrep.TryParse(authzid, out Xmpp.Jid? jid) && jid.Resource.Length == 0 && jid.Local == localpart && jid.Domain == Context.Domain
                // XEP-0388 §2.3: and the stream's 'from' must not say otherwise.
                && (Context.From is null || Context.From.Bare.Equals(jid)));

    /// <summary>
    /// Asks the throttle, before anything is verified; false when the attempt has to be refused. The delay holds a success back as well: otherwise a
    /// guesser would try in parallel and take silence as a no.
    /// </summary>
    protected bool IsAdmitted(string localpart)
    {
        if (Context.RemoteAddress is null || Server.Throttle is null)
        {
            return true;
        }

        TimeSpan delay = Server.Throttle.DelayFor(Context.RemoteAddress, localpart);
        if (delay == LoginThrottle.Refused)
        {
            return false;
        }

        Delay = delay;
        return true;
    }

    /// <summary>Turns the outcome of a verification into a step and tells the throttle; <paramref name="credentials"/> is null when it failed.</summary>
    protected SaslStep Conclude(string localpart, ScramCredentials? credentials, byte[]? successData)
    {
        if (credentials is null)
        {
            if (Context.RemoteAddress is not null)
            {
                Server.Throttle?.Failed(Context.RemoteAddress, localpart);
            }

            return SaslStep.Failure(SaslError.NotAuthorized);
        }

        if (Context.RemoteAddress is not null)
        {
            Server.Throttle?.Succeeded(Context.RemoteAddress, localpart);
        }

        return credentials.IsDisabled ? SaslStep.Failure(SaslError.AccountDisabled) : SaslStep.Success(localpart, successData);
    }
}
