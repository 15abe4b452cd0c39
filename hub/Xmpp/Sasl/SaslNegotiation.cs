namespace IotXmpp.Hub.Sasl;

/// <summary>
/// The SASL negotiation of one stream, without I/O: elements' texts go in, <see cref="SaslStep"/>s come out. One call at a time.
/// After a failure the client may try again with <see cref="AuthAsync"/>, as often as the stream allows (RFC 6120 §6.4.5).
/// </summary>
public sealed class SaslNegotiation
{
    internal SaslNegotiation()
    {
    }

    /// <summary>How many attempts have failed on this stream.</summary>
    public int Failures { get; private set; }

    /// <summary>How long to wait before the last step is sent (growing delay after failures); zero when the throttle is off.</summary>
    public TimeSpan Delay { get; private set; }

    /// <summary>
    /// <c>&lt;auth mechanism='…'&gt;</c>: <paramref name="text"/> is the element's character data: base64, <c>=</c> for an empty initial response,
    /// nothing for none (RFC 6120 §6.4.2).
    /// </summary>
    public ValueTask<SaslStep> AuthAsync(string mechanism, ReadOnlyMemory<byte> text, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary><c>&lt;response&gt;</c>: <paramref name="text"/> is base64 (RFC 6120 §6.4.3).</summary>
    public ValueTask<SaslStep> ResponseAsync(ReadOnlyMemory<byte> text, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary><c>&lt;abort/&gt;</c> (RFC 6120 §6.4.4).</summary>
    public SaslStep Abort() => throw new NotImplementedException();

    /// <summary>The element name of an error (RFC 6120 §6.5).</summary>
    public static string ElementName(SaslError error) => throw new NotImplementedException();
}
