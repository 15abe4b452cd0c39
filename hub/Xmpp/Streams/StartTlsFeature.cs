using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Streams;

/// <summary>STARTTLS (RFC 6120 §5): required unless the settings allow a peer on loopback to go without.</summary>
internal sealed class StartTlsFeature(bool isPossible) : IStreamFeature
{
    public string Namespace => Ns.Tls;

    public void Offer(IClientStream stream, XmlBuilder features)
    {
        if (isPossible && !stream.IsEncrypted && stream.Account is null)
        {
            features.Open("starttls"u8, Ns.Tls);
            if (stream.State == StreamState.Securing)
            {
                features.Empty("required"u8);
            }

            features.Close("starttls"u8);
        }
    }

    public ValueTask HandleAsync(IClientStream stream, Element element, CancellationToken cancel)
    {
        using var xml = new XmlBuilder();
        if (!isPossible || stream.IsEncrypted || stream.Account is not null || element.Name != "starttls")
        {
            // RFC 6120 §5.4.2.2: failure ends the stream.
            stream.Send(xml.Empty("failure"u8, Ns.Tls));
            ((C2sStream)stream).SendClose();
            ((C2sStream)stream).Close();
            return default;
        }

        stream.Send(xml.Empty("proceed"u8, Ns.Tls));
        ((C2sStream)stream).BeginTls();
        return default;
    }
}
