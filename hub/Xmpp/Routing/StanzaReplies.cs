using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Routing;

/// <summary>Answers and errors: what goes back to who sent a stanza (RFC 6120 §8.2.3, §8.3).</summary>
internal sealed class StanzaReplies(ModuleHost hub, StanzaRouter router)
{
    /// <summary>Bytes of a refused stanza's content that its error carries back (1 KiB): enough to see what it was, too little to be an amplifier.</summary>
    public const int MaxEchoBytes = 1024;

    public void Reply(Stanza request, IqReply reply)
    {
        if (reply.IsLater)
        {
            return;
        }

        using var head = new XmlBuilder(256);
        Jid from = request.To ?? request.From.Bare;
        StanzaWriter.Open(head, StanzaKind.Iq, reply.Error is null ? StanzaType.Result : StanzaType.Error, request.Id, from);
        if (reply.Error is { } error)
        {
            using XmlBuilder refusal = Tail(reply.Payload.IsEmpty ? request.Inner : reply.Payload, !reply.Payload.IsEmpty, error, "</iq>"u8);
            DeliverTo(request.From, from, head, refusal);
            return;
        }

        if (reply.Payload.IsEmpty && hub.Sessions.TryGet(request.From, out Session? session))
        {
            session.Deliver(head.OpenTag, request.From, "/>"u8);
            return;
        }

        using var tail = new XmlBuilder(reply.Payload.Length + 16);
        if (reply.Payload.IsEmpty)
        {
            tail.Raw("/>"u8);
        }
        else
        {
            tail.Raw(">"u8).Raw(reply.Payload.Span).Raw("</iq>"u8);
        }

        DeliverTo(request.From, from, head, tail);
    }

    public void Bounce(Stanza stanza, StanzaError error)
    {
        if (stanza.Type == StanzaType.Error || (stanza.Kind == StanzaKind.Iq && stanza.Type == StanzaType.Result))
        {
            return;
        }

        if (stanza.Kind == StanzaKind.Iq)
        {
            Reply(stanza, error);
            return;
        }

        using var head = new XmlBuilder(256);
        Jid from = stanza.To ?? stanza.From.Bare;
        StanzaWriter.Open(head, stanza.Kind, StanzaType.Error, stanza.Id, from);
        using XmlBuilder tail = Tail(stanza.Inner, false, error, stanza.Kind == StanzaKind.Message ? "</message>"u8 : "</presence>"u8);
        DeliverTo(stanza.From, from, head, tail);
    }

    // RFC 6120 §8.3.1: the error may carry what was sent; it does, while that is small.
    private static XmlBuilder Tail(ReadOnlyMemory<byte> content, bool isAnswer, StanzaError error, ReadOnlySpan<byte> end)
    {
        var tail = new XmlBuilder(512);
        tail.Raw(">"u8);
        if (isAnswer || content.Length <= MaxEchoBytes)
        {
            tail.Raw(content.Span);
        }

        error.WriteTo(tail);
        return tail.Raw(end);
    }

    private void DeliverTo(Jid to, Jid from, XmlBuilder head, XmlBuilder tail)
    {
        if (to.Domain == hub.Domain.Domain)
        {
            if (hub.Sessions.TryGet(to, out Session? session))
            {
                session.Deliver(head.OpenTag, to, tail.Written);
            }

            return;
        }

        byte[] bytes = new byte[StanzaBytes.Bound(head.OpenTag, to, tail.Written)];
        int length = StanzaBytes.Write(bytes, head.OpenTag, to, tail.Written);
        router.Run(router.RouteAsync(Stanza.Parse(bytes.AsMemory(0, length), from, to)));
    }
}
