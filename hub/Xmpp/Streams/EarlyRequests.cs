using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Streams;

/// <summary>Requests that come before the log-in (<see cref="IEarlyRequests"/>): one at a time, answered on the stream itself, since there is no session that the router could reach.</summary>
internal static class EarlyRequests
{
    /// <summary>Answers a request where a feature does; false where the stanza may not come now.</summary>
    public static async ValueTask<bool> TryAnswerAsync(StreamHost host, C2sStream stream, Stanza stanza, ReadOnlyMemory<byte> bytes)
    {
        if (stanza.Kind != StanzaKind.Iq || stanza.Type is not (StanzaType.Get or StanzaType.Set) || host.EarlyRequestsOf(stanza.ChildNamespace) is not { } feature)
        {
            return false;
        }

        Element iq = Element.Parse(bytes.Span);
        if (iq["to"] is { Length: > 0 } to && !(JidPrep.TryParse(to, out Jid? jid) && jid.Equals(host.Hub.Domain)))
        {
            return false;
        }

        IqReply reply = string.IsNullOrEmpty(iq["id"]) || iq.Children.Count() != 1
            ? StanzaError.BadRequest
            : await feature.AnswerAsync(stream, stanza.Type, iq.FirstChild!, host.Stopping).ConfigureAwait(false);
        using var xml = new XmlBuilder();
        xml.Open("iq"u8).Attribute("type"u8, reply.Error is null ? "result"u8 : "error"u8).Attribute("id"u8, iq["id"]).Attribute("from"u8, host.Hub.Domain.Utf8);
        if (reply.Error is { } error)
        {
            error.WriteTo(xml);
        }
        else
        {
            xml.Raw(reply.Payload.Span);
        }

        stream.Send(xml.Close("iq"u8));
        if (reply.Error is not null && ++stream.Negotiation.RefusedRequests >= host.Options.MaxSaslAttempts)
        {
            stream.Fail("policy-violation", "Too many requests before the log-in were refused.");
        }

        return true;
    }
}
