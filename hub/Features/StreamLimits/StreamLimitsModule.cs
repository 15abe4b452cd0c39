using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Streams;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.StreamLimits;

/// <summary>Announces the limits of a stream (XEP-0478): bytes of a stanza, seconds of silence.</summary>
public sealed class StreamLimitsModule(XmppOptions options) : IXmppModule
{
    /// <inheritdoc/>
    public string Name => "StreamLimits";

    /// <inheritdoc/>
    public Xep[] Xeps => [new("XEP-0478", "Stream Limits Advertisement", "0.1.0")];

    /// <inheritdoc/>
    public void Register(IModuleBuilder module) => module.StreamFeature(new Limits(options));

    private sealed class Limits(XmppOptions options) : IStreamFeature
    {
        public string Namespace => string.Empty;

        public void Offer(IClientStream stream, XmlBuilder features)
        {
            bool known = stream.Account is not null;
            features.Open("limits"u8, Ns.StreamLimits).Open("max-bytes"u8).Text((known ? options.MaxStanzaBytes : options.UnauthenticatedBytes).ToString(System.Globalization.CultureInfo.InvariantCulture)).Close("max-bytes"u8);
            if (known && options.IdleSeconds > 0)
            {
                features.Open("idle-seconds"u8).Text((options.IdleSeconds + options.ProbeSeconds).ToString(System.Globalization.CultureInfo.InvariantCulture)).Close("idle-seconds"u8);
            }

            features.Close("limits"u8);
        }

        public ValueTask HandleAsync(IClientStream stream, Element element, CancellationToken cancel) => default;
    }
}
