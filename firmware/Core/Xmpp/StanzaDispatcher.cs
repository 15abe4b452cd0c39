using System.Collections;
using IotXmpp.Streams;
using IotXmpp.Xml;

namespace IotXmpp.Xmpp;

/// <summary>Who gets a stanza: answers go to who asked; the rest to the handlers in their order, and requests then to the one for their payload. What nobody takes is answered as RFC 6120 §8.4 says.</summary>
internal sealed class StanzaDispatcher
{
    private static readonly XmlName Ping = new XmlName(Ns.Ping, "ping");

    private readonly XmppClient _client;
    private readonly IqTable _iqs;
    private readonly ArrayList _handlers = new ArrayList();
    private readonly ArrayList _names = new ArrayList();
    private readonly ArrayList _iqHandlers = new ArrayList();

    internal StanzaDispatcher(XmppClient client, IqTable iqs)
    {
        _client = client;
        _iqs = iqs;
    }

    internal IStanzaHandler Observer { get; set; }

    internal void Add(IStanzaHandler handler)
    {
        _handlers.Add(handler);
    }

    internal void Add(XmlName payload, IStanzaHandler handler)
    {
        _names.Add(payload);
        _iqHandlers.Add(handler);
    }

    internal void Dispatch(Stanza stanza)
    {
        if (Observer != null)
        {
            Observer.Handle(_client, stanza);
        }
        bool iq = stanza.Kind == StanzaKind.Iq;
        bool answer = iq && (stanza.TypeIs("result") || stanza.TypeIs("error"));
        if (answer && _iqs.Answer(_client, stanza, _client.Jid, true))
        {
            return;
        }
        // by index: a handler may add others, and an enumerator would be an allocation
        for (int i = 0; i < _handlers.Count; i++)
        {
            stanza.Open();
            if (((IStanzaHandler)_handlers[i]).Handle(_client, stanza))
            {
                return;
            }
        }
        if (iq && !answer)
        {
            Request(stanza);
        }
    }

    private void Request(Stanza stanza)
    {
        XmlPullParser payload = stanza.IsRequest ? stanza.OpenPayload() : null;
        if (payload == null)
        {
            _client.ReplyError(stanza, StanzaError.BadRequest);
            return;
        }
        if (payload.Is(Ping) && stanza.TypeIs("get"))
        {
            _client.ReplyEmpty(stanza);
            return;
        }
        for (int i = 0; i < _names.Count; i++)
        {
            if (payload.Is((XmlName)_names[i]))
            {
                if (((IStanzaHandler)_iqHandlers[i]).Handle(_client, stanza))
                {
                    return;
                }
                payload = stanza.OpenPayload();
            }
        }
        _client.ReplyError(stanza, StanzaError.ServiceUnavailable);
    }
}
