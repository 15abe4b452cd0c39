using IotXmpp.Hub.Xml;

namespace IotXmpp.Hub.Streams;

/// <summary>Where a client's stream stands (RFC 6120 §4.3).</summary>
public enum StreamState : byte
{
    /// <summary>The start tag has not come.</summary>
    Opening,

    /// <summary>Open without TLS, where TLS is required first.</summary>
    Securing,

    /// <summary>Open; SASL is next.</summary>
    Authenticating,

    /// <summary>Authenticated; a resource is bound, or a session resumed, next.</summary>
    Binding,

    /// <summary>Stanzas flow.</summary>
    Bound,

    /// <summary>Ended.</summary>
    Closed,
}

/// <summary>
/// A feature of stream negotiation (RFC 6120 §4.3.2): it offers itself in <c>stream:features</c> and answers the elements of its namespace that are not stanzas.
/// </summary>
public interface IStreamFeature
{
    /// <summary>The namespace of the elements it answers; empty where it only offers something.</summary>
    string Namespace { get; }

    /// <summary>Writes what it offers in this state, or nothing.</summary>
    void Offer(IClientStream stream, XmlBuilder features);

    /// <summary>Answers an element of its namespace.</summary>
    ValueTask HandleAsync(IClientStream stream, Element element, CancellationToken cancel);
}

/// <summary>
/// A stream feature that also answers iq requests of who is not logged in yet (XEP-0077 §3.1.1), to the domain or without addressee. Any other stanza before the log-in ends the stream
/// (RFC 6120 §7.1).
/// </summary>
public interface IEarlyRequests
{
    /// <summary>Whether it answers requests of which the payload is in that namespace.</summary>
    bool Answers(ReadOnlySpan<byte> ns);

    /// <summary>Answers one. Whether the stream is protected is the feature's to ask.</summary>
    ValueTask<Modules.IqReply> AnswerAsync(IClientStream stream, Routing.StanzaType type, Element payload, CancellationToken cancel);
}

/// <summary>What a stream feature may see of a client's stream.</summary>
public interface IClientStream
{
    /// <summary>Where the stream stands.</summary>
    StreamState State { get; }

    /// <summary>Whether TLS protects it.</summary>
    bool IsEncrypted { get; }

    /// <summary>The authenticated account's localpart, or null before.</summary>
    string? Account { get; }

    /// <summary>Where the client comes from, or null where that is not known.</summary>
    System.Net.IPAddress? RemoteAddress { get; }

    /// <summary>Whether passwords may go over it: TLS protects it, or the settings allow this peer on loopback to go without.</summary>
    bool MayCarryPasswords { get; }

    /// <summary>The session, once bound.</summary>
    Routing.Session? Session { get; }

    /// <summary>Sends bytes at the stream's first level.</summary>
    void Send(XmlBuilder xml);

    /// <summary>Gives the client more time to log in: a person fills in a form.</summary>
    void ExtendNegotiation(TimeSpan by);

    /// <summary>Ends the stream with an error (RFC 6120 §4.9).</summary>
    void Fail(string condition, string? text = null);
}
