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

/// <summary>What a stream feature may see of a client's stream.</summary>
public interface IClientStream
{
    /// <summary>Where the stream stands.</summary>
    StreamState State { get; }

    /// <summary>Whether TLS protects it.</summary>
    bool IsEncrypted { get; }

    /// <summary>The authenticated account's localpart, or null before.</summary>
    string? Account { get; }

    /// <summary>The session, once bound.</summary>
    Routing.Session? Session { get; }

    /// <summary>Sends bytes at the stream's first level.</summary>
    void Send(XmlBuilder xml);

    /// <summary>Ends the stream with an error (RFC 6120 §4.9).</summary>
    void Fail(string condition, string? text = null);
}
