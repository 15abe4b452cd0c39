using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Streams;

/// <summary>Which kinds of channel binding both forms of SASL take (XEP-0440): a client that knows only one kind would fail with -PLUS where it is another.</summary>
internal sealed class ChannelBindingFeature(StreamHost host) : IStreamFeature
{
    public string Namespace => string.Empty;

    public void Offer(IClientStream stream, XmlBuilder features)
    {
        IReadOnlyList<string> bindings = stream.State == StreamState.Authenticating ? host.Sasl.ChannelBindings(((C2sStream)stream).SaslContext()) : [];
        if (bindings.Count > 0)
        {
            features.Open("sasl-channel-binding"u8, Ns.ChannelBinding);
            foreach (string binding in bindings)
            {
                features.Open("channel-binding"u8).Attribute("type"u8, binding).Close("channel-binding"u8);
            }

            features.Close("sasl-channel-binding"u8);
        }
    }

    public ValueTask HandleAsync(IClientStream stream, Element element, CancellationToken cancel) => default;
}
