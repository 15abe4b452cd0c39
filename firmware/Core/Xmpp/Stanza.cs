using System;
using IotXmpp.Xml;

namespace IotXmpp.Xmpp;

/// <summary>The three stanzas (RFC 6120 §8), and what is none.</summary>
public enum StanzaKind
{
    /// <summary>Not a stanza: part of the stream's own negotiation.</summary>
    None,
    /// <summary>A message.</summary>
    Message,
    /// <summary>A presence.</summary>
    Presence,
    /// <summary>A request or its answer.</summary>
    Iq,
}

/// <summary>
/// The stanza that is being received: one object a client, valid during the handler's call. The addressing is ready; the payload is read by the pull parser, or made a tree.
/// </summary>
public sealed class Stanza
{
    private static readonly XmlName MessageName = new XmlName(Ns.Client, "message");
    private static readonly XmlName PresenceName = new XmlName(Ns.Client, "presence");
    private static readonly XmlName IqName = new XmlName(Ns.Client, "iq");
    private const int AttributeCount = 4;

    private readonly XmlPullParser _parser;
    private readonly int[] _at = new int[4];
    private readonly int[] _length = new int[4]; // -1: absent
    private byte[] _head = new byte[192];
    private Jid _from;
    private Jid _to;

    internal Stanza(XmlPullParser parser)
    {
        _parser = parser;
    }

    /// <summary>Which of the three it is.</summary>
    public StanzaKind Kind { get; private set; }

    /// <summary>The bytes it stands in.</summary>
    public byte[] Buffer => _parser.Buffer;

    /// <summary>Where its first byte stands.</summary>
    public int Offset { get; private set; }

    /// <summary>Its bytes.</summary>
    public int Count { get; private set; }

    /// <summary>The type; "" when absent. Makes a string.</summary>
    public string Type => Text(0);

    /// <summary>The id; "" when absent. Makes a string.</summary>
    public string Id => Text(1);

    /// <summary>The sender; null when absent (the own account) or malformed.</summary>
    public Jid From
    {
        get
        {
            if (_from == null && _length[2] > 0)
            {
                Jid.TryParse(_head, _at[2], _length[2], out _from);
            }
            return _from;
        }
    }

    /// <summary>The receiver; null when absent or malformed.</summary>
    public Jid To
    {
        get
        {
            if (_to == null && _length[3] > 0)
            {
                Jid.TryParse(_head, _at[3], _length[3], out _to);
            }
            return _to;
        }
    }

    /// <summary>Whether it is an IQ that asks for an answer.</summary>
    public bool IsRequest => Kind == StanzaKind.Iq && (TypeIs("get") || TypeIs("set"));

    /// <summary>Whether it has this type; "" for none. Makes no string.</summary>
    public bool TypeIs(string type)
    {
        int length = _length[0] < 0 ? 0 : _length[0];
        if (type.Length != length)
        {
            return false;
        }
        return _parser.TextIs(_head, _at[0], length, type);
    }

    /// <summary>Goes (back) to its start tag. Then read on with the parser; what follows the stanza is not seen.</summary>
    public XmlPullParser Open()
    {
        _parser.Rewind(Offset);
        _parser.Next();
        return _parser;
    }

    /// <summary>Goes to its first child of this name; null when it has none.</summary>
    public XmlPullParser Open(XmlName child)
    {
        XmlPullParser parser = Open();
        int depth = parser.Depth;
        while (parser.NextChild(depth))
        {
            if (parser.Is(child))
            {
                return parser;
            }
        }
        return null;
    }

    /// <summary>Goes to its first child, the payload of an IQ; null when it has none.</summary>
    public XmlPullParser OpenPayload()
    {
        XmlPullParser parser = Open();
        return parser.NextChild(parser.Depth) ? parser : null;
    }

    /// <summary>Makes a tree of it.</summary>
    public Element ToElement()
    {
        return Element.Read(Open());
    }

    /// <summary>The error it carries (RFC 6120 §8.3), or undefined-condition when it names none.</summary>
    public StanzaError ReadError()
    {
        XmlPullParser parser = Open(ErrorName);
        return parser == null ? StanzaError.UndefinedCondition : StanzaErrorXml.Read(parser);
    }

    /// <summary>Keeps what an answer needs, so that a request can be answered after the call.</summary>
    public IqRequest Defer()
    {
        return new IqRequest(Copy(1), Copy(2));
    }

    internal static readonly XmlName ErrorName = new XmlName(Ns.Client, "error");

    internal void WriteAnswer(StanzaWriter writer, string type)
    {
        writer.Start("iq").Attribute("type", type);
        if (_length[1] >= 0)
        {
            writer.Attribute("id", _head, _at[1], _length[1]);
        }
        if (_length[2] >= 0)
        {
            writer.Attribute("to", _head, _at[2], _length[2]);
        }
    }

    internal bool HasFrom => _length[2] >= 0;

    internal bool FromIs(Jid jid)
    {
        if (_length[2] < 0)
        {
            return false;
        }
        byte[] utf8 = jid.Utf8;
        return Utf8.Equal(_head, _at[2], _length[2], utf8) || jid.Equals(From);
    }

    /// <summary>The id as one that <see cref="Streams.IqTable"/> has made; 0 when it is none.</summary>
    internal long IqId => _length[1] <= 0 ? 0 : Streams.IqTable.ReadId(_head, _at[1], _length[1]);

    /// <summary>Takes the start tag that the parser stands on.</summary>
    internal void Capture(XmlPullParser parser)
    {
        Kind = parser.Is(MessageName) ? StanzaKind.Message : parser.Is(PresenceName) ? StanzaKind.Presence : parser.Is(IqName) ? StanzaKind.Iq : StanzaKind.None;
        _from = null;
        _to = null;
        int at = 0;
        for (int i = 0; i < AttributeCount; i++)
        {
            int index = Kind == StanzaKind.None ? -1 : parser.FindAttribute(AttributeAt(i));
            _at[i] = at;
            _length[i] = -1;
            if (index < 0)
            {
                continue;
            }
            int need = at + parser.AttributeBytes(index);
            if (need > _head.Length)
            {
                byte[] grown = new byte[need + 64]; // bounded by the parser's TagBytes
                Array.Copy(_head, 0, grown, 0, at);
                _head = grown;
            }
            _length[i] = parser.CopyAttribute(index, _head, at);
            at += _length[i];
        }
    }

    private static string AttributeAt(int index)
    {
        switch (index)
        {
            case 0: return "type";
            case 1: return "id";
            case 2: return "from";
            default: return "to";
        }
    }

    internal void Complete(int offset, int count)
    {
        Offset = offset;
        Count = count;
    }

    private string Text(int index)
    {
        return _length[index] <= 0 ? string.Empty : Utf8.Decode(_head, _at[index], _length[index]);
    }

    private byte[] Copy(int index)
    {
        if (_length[index] < 0)
        {
            return null;
        }
        byte[] copy = new byte[_length[index]];
        Array.Copy(_head, _at[index], copy, 0, copy.Length);
        return copy;
    }
}

/// <summary>A request that is answered later.</summary>
public sealed class IqRequest
{
    private readonly byte[] _id;
    private readonly byte[] _from;

    internal IqRequest(byte[] id, byte[] from)
    {
        _id = id;
        _from = from;
    }

    /// <summary>Who asked; null for the own account or its server.</summary>
    public Jid From
    {
        get
        {
            Jid jid = null;
            if (_from != null)
            {
                Jid.TryParse(_from, 0, _from.Length, out jid);
            }
            return jid;
        }
    }

    internal void WriteAnswer(StanzaWriter writer, string type)
    {
        writer.Start("iq").Attribute("type", type);
        if (_id != null)
        {
            writer.Attribute("id", _id, 0, _id.Length);
        }
        if (_from != null)
        {
            writer.Attribute("to", _from, 0, _from.Length);
        }
    }
}
