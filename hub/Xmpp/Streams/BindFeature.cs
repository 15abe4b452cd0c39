using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Streams;

/// <summary>Resource binding (RFC 6120 §7), and the session request of RFC 3921, which has meant nothing since.</summary>
internal sealed class BindFeature(StreamHost host) : IStreamFeature
{
    public string Namespace => Ns.Bind;

    public void Offer(IClientStream stream, XmlBuilder features)
    {
        if (stream.State == StreamState.Binding)
        {
            features.Empty("bind"u8, Ns.Bind);
            features.Open("session"u8, Ns.Session).Empty("optional"u8).Close("session"u8);
        }
    }

    public ValueTask HandleAsync(IClientStream stream, Element element, CancellationToken cancel)
    {
        var client = (C2sStream)stream;
        string? id = element["id"];
        if (element.Name != "iq" || stream.State != StreamState.Binding)
        {
            client.Fail("unsupported-stanza-type");
            return default;
        }

        Element? bind = element.Child("bind", Ns.Bind);
        string wanted = bind?.Child("resource")?.Text ?? string.Empty;
        if (id is null || element["type"] != "set" || bind is null)
        {
            Refuse(client, id, StanzaError.BadRequest);
            return default;
        }

        if (!host.TryFreeAddress(client.Account!, wanted, out Jid? jid))
        {
            // RFC 6120 §7.7.2.1.
            Refuse(client, id, StanzaError.BadRequest);
            return default;
        }

        // The answer must be the first that the client gets: what Opened handlers send waits behind it.
        client.Queue.Hold();
        using var xml = new XmlBuilder();
        xml.Open("iq"u8).Attribute("type"u8, "result"u8).Attribute("id"u8, id).Open("bind"u8, Ns.Bind).Open("jid"u8);
        client.Send(xml.Text(jid.ToString()).Close("jid"u8).Close("bind"u8).Close("iq"u8));
        if (!host.Bind(client, new Session(jid, client.Queue, host.Hub.Figures)))
        {
            client.Queue.Forget();
            client.Queue.Release();
            Refuse(client, id, StanzaError.ResourceConstraint);
            return default;
        }

        client.Queue.Release();
        return default;
    }

    private static void Refuse(C2sStream client, string? id, StanzaError error)
    {
        using var xml = new XmlBuilder();
        xml.Open("iq"u8).Attribute("type"u8, "error"u8).Attribute("id"u8, id);
        error.WriteTo(xml);
        client.Send(xml.Close("iq"u8));
    }
}
