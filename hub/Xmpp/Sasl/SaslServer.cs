namespace IotXmpp.Hub.Sasl;

/// <summary>The server side of SASL (RFC 4422, RFC 6120 §6) for all streams of a hub: mechanisms, keys, throttle. Thread-safe.</summary>
public sealed class SaslServer
{
    /// <summary>Makes the server side; <paramref name="secret"/> (16 octets or more, kept over restarts) makes the salts of accounts that do not exist.</summary>
    public SaslServer(ICredentialStore store, SaslOptions options, ReadOnlySpan<byte> secret, LoginThrottle? throttle = null)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(options);
    }

    /// <summary>Names of the mechanisms to offer on this stream, strongest first (RFC 6120 §6.3.3); empty when TLS has to come first.</summary>
    public IReadOnlyList<string> Mechanisms(SaslContext context) => throw new NotImplementedException();

    /// <summary>The channel-binding types to announce (XEP-0440); empty without TLS.</summary>
    public IReadOnlyList<string> ChannelBindings(SaslContext context) => throw new NotImplementedException();

    /// <summary>Makes the negotiation of one stream.</summary>
    public SaslNegotiation Begin(SaslContext context) => throw new NotImplementedException();

    /// <summary>Forgets what the hub remembers of an account's password: to be called when its credentials change or it is removed.</summary>
    public void CredentialsChanged(string localpart) => throw new NotImplementedException();
}
