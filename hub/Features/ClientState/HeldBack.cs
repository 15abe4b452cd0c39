using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;

namespace IotXmpp.Hub.Features.ClientState;

/// <summary>What waits for one inactive client, in its order. Whatever is urgent takes all of it along.</summary>
internal sealed class HeldBack(ClientStateOptions options) : IDeliveryGate
{
    private readonly Lock _lock = new();
    private readonly List<(string? PresenceOf, byte[] Stanza)> _held = [];
    private int _bytes;
    private bool _isOpen;

    private enum Urgency
    {
        Now,
        CanWait,
        Never,
    }

    public bool Hold(Session session, byte[] stanza)
    {
        Urgency urgency = Judge(stanza, out string? presenceOf);
        if (urgency == Urgency.Never)
        {
            return true;
        }

        lock (_lock)
        {
            if (_isOpen)
            {
                return false;
            }

            if (urgency == Urgency.Now)
            {
                Flush(session);
                return false;
            }

            int before = presenceOf is null ? -1 : _held.FindIndex(h => h.PresenceOf == presenceOf);
            if (before >= 0)
            {
                _bytes -= _held[before].Stanza.Length;
                _held.RemoveAt(before);
            }

            _held.Add((presenceOf, stanza));
            _bytes += stanza.Length;
            if (_held.Count > options.MaxStanzas || _bytes > options.MaxBytes)
            {
                Flush(session);
            }

            return true;
        }
    }

    public void Open(Session session)
    {
        lock (_lock)
        {
            _isOpen = true;
            Flush(session);
        }
    }

    private void Flush(Session session)
    {
        session.DeliverTogether(_held.ConvertAll(h => h.Stanza));
        _held.Clear();
        _bytes = 0;
    }

    private Urgency Judge(byte[] stanza, out string? presenceOf)
    {
        presenceOf = null;
        var reader = new XmlSpanReader(stanza);
        reader.Read();
        string? type = reader.Attribute("type"u8);
        if (reader.LocalName.SequenceEqual("presence"u8))
        {
            presenceOf = type is null or "unavailable" ? reader.Attribute("from"u8) : null;
            return presenceOf is null ? Urgency.Now : Urgency.CanWait; // who wants to subscribe, and errors, do not wait
        }

        return reader.LocalName.SequenceEqual("message"u8) && type != "error" ? JudgeMessage(ref reader) : Urgency.Now;
    }

    private Urgency JudgeMessage(ref XmlSpanReader reader)
    {
        bool isEvent = false;
        bool isTyping = false;
        int depth = reader.Depth;
        while (reader.Read() && reader.Depth >= depth)
        {
            if (reader.Node != XmlNode.Start)
            {
                continue;
            }

            if (reader.Namespace.SequenceEqual("http://jabber.org/protocol/pubsub#event"u8))
            {
                isEvent = true;
            }
            else if (reader.Namespace.SequenceEqual("http://jabber.org/protocol/chatstates"u8))
            {
                isTyping = true;
            }
            else if (!reader.LocalName.SequenceEqual("thread"u8) && !reader.Namespace.SequenceEqual("urn:xmpp:delay"u8)
                && !reader.Namespace.SequenceEqual("urn:xmpp:hints"u8) && !reader.Namespace.SequenceEqual("http://jabber.org/protocol/shim"u8))
            {
                return Urgency.Now;
            }

            reader.Skip();
        }

        // §3: a message with a chat state alone may be discarded.
        return isEvent ? options.HoldEvents ? Urgency.CanWait : Urgency.Now : isTyping ? Urgency.Never : Urgency.Now;
    }
}
