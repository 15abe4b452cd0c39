using System.Text;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Routing;

/// <summary>The three kinds of stanza (RFC 6120 §8.2).</summary>
public enum StanzaKind : byte
{
    /// <summary>Not a stanza: a stream-level element (a nonza).</summary>
    None,

    /// <summary>Push: <c>message</c>.</summary>
    Message,

    /// <summary>Broadcast: <c>presence</c>.</summary>
    Presence,

    /// <summary>Request and response: <c>iq</c>.</summary>
    Iq,
}

/// <summary>The <c>type</c> of a stanza (RFC 6120 §8.1.4, RFC 6121 §4.7.1 and §5.2.2); members are the wire tokens.</summary>
public enum StanzaType : byte
{
    /// <summary>No <c>type</c>: available presence; a message without one is <see cref="Normal"/>.</summary>
    None,

    /// <summary>iq: request for information.</summary>
    Get,

    /// <summary>iq: request for a change.</summary>
    Set,

    /// <summary>iq: the response to a get or set.</summary>
    Result,

    /// <summary>Any kind: an error.</summary>
    Error,

    /// <summary>message: outside a conversation; also what an unknown type means.</summary>
    Normal,

    /// <summary>message: in a one-to-one conversation.</summary>
    Chat,

    /// <summary>message: in a room.</summary>
    Groupchat,

    /// <summary>message: an alert or notification that expects no reply.</summary>
    Headline,

    /// <summary>presence: no longer available.</summary>
    Unavailable,

    /// <summary>presence: asks to subscribe.</summary>
    Subscribe,

    /// <summary>presence: allows to subscribe.</summary>
    Subscribed,

    /// <summary>presence: ends one's own subscription.</summary>
    Unsubscribe,

    /// <summary>presence: denies or cancels another's subscription.</summary>
    Unsubscribed,

    /// <summary>presence: asks for the current presence.</summary>
    Probe,

    /// <summary>A type that the kind does not have.</summary>
    Unknown,
}

/// <summary>
/// One stanza on its way through the hub: the start tag's attributes, parsed, and the rest as the bytes that came. Nothing below the first child's name has
/// been parsed. The bytes belong to the reader of the stream until the handler returns: who needs them longer takes a copy (<see cref="Copy"/>).
/// Content is in the namespace <c>jabber:client</c> wherever it came from.
/// </summary>
public sealed class Stanza
{
    private ReadOnlyMemory<byte> _bytes;
    private int _attributesStart;
    private int _attributesLength;
    private int _innerStart;
    private int _innerLength;
    private int _idStart;
    private int _idLength;
    private int _childNameStart;
    private int _childNameLength;
    private int _childNsStart;
    private int _childNsLength;
    private int _rootNsStart;
    private int _rootNsLength;
    private MessageTraits _traits;
    private bool _hasTraits;

    internal Stanza()
    {
    }

    /// <summary>message, presence or iq.</summary>
    public StanzaKind Kind { get; internal set; }

    /// <summary>The <c>type</c>.</summary>
    public StanzaType Type { get; internal set; }

    /// <summary>The sender, stamped by the hub (RFC 6120 §8.1.2.1).</summary>
    public Jid From { get; internal set; } = null!;

    /// <summary>The addressee, or null where the stanza has none.</summary>
    public Jid? To { get; internal set; }

    /// <summary>The language of the sender's stream, for a stanza that names none (RFC 6120 §8.1.5); or null.</summary>
    internal byte[]? Language { get; set; }

    /// <summary>The language (RFC 6120 §8.1.5): that of the stanza, else that of its sender's stream; or null.</summary>
    public string? Lang => Attribute("xml:lang"u8) ?? (Language is null ? null : Encoding.UTF8.GetString(Language));

    /// <summary>Whether the message was on its way once already (its session ended before it was acknowledged): it is not kept or copied again.</summary>
    internal bool IsRedirected { get; set; }

    /// <summary>Whether the devices of the addressee have been told of the message (<see cref="Modules.INotifier"/>): its session had lost its stream before it ended.</summary>
    internal bool IsTold { get; set; }

    /// <summary>What the addressee's account says about the sender, where its rules may deny something to some of its sessions.</summary>
    internal Modules.IPrivacyView? Privacy { get; set; }

    /// <summary>Whether a session of the addressee's account does not want it (XEP-0016).</summary>
    public bool IsDeniedFor(Session session) => Privacy is not null && Privacy.Denies(session, PrivacyGuard.KindOf(this));

    /// <summary>What stands in a message; found out when somebody asks first.</summary>
    public MessageTraits Traits
    {
        get
        {
            if (!_hasTraits)
            {
                _traits = MessageTraitsReader.Read(Inner.Span);
                _hasTraits = true;
            }

            return _traits;
        }
    }

    /// <summary>Whether there may be a <see cref="MessageTraits.StanzaId"/>: quick, and never wrong about "no". Most messages have none, and are not read for it.</summary>
    internal bool MayHaveStanzaId => _hasTraits
        ? (_traits & MessageTraits.StanzaId) != 0
        : Inner.Span is var inner && (inner.IndexOf("urn:xmpp:sid:0"u8) >= 0 || inner.IndexOf("&#"u8) >= 0);

    /// <summary>Whether there is an <c>id</c>.</summary>
    public bool HasId => _idStart > 0;

    /// <summary>The <c>id</c>, or null.</summary>
    public string? Id => HasId ? XmlEscape.Decode(RawId, isAttribute: true) : null;

    /// <summary>The <c>id</c> as it stands, references not resolved; empty where there is none.</summary>
    public ReadOnlySpan<byte> RawId => _bytes.Span.Slice(_idStart, _idLength);

    /// <summary>The whole stanza as it came.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes;

    /// <summary>What stands between the stanza's tags.</summary>
    public ReadOnlyMemory<byte> Inner => _bytes.Slice(_innerStart, _innerLength);

    /// <summary>The local name of the first child element; empty where there is none.</summary>
    public ReadOnlySpan<byte> ChildName => _bytes.Span.Slice(_childNameStart, _childNameLength);

    /// <summary>The namespace of the first child element.</summary>
    public ReadOnlySpan<byte> ChildNamespace => _childNsStart == 0 && _childNameLength > 0 ? "jabber:client"u8 : _bytes.Span.Slice(_childNsStart, _childNsLength);

    /// <summary>The first child's name as text, for handlers that are not on a hot path.</summary>
    public string ChildNameText => Encoding.UTF8.GetString(ChildName);

    /// <summary>The namespace that the start tag declares; <c>jabber:client</c> where it declares none.</summary>
    internal ReadOnlySpan<byte> RootNamespace => _rootNsLength < 0 ? "jabber:client"u8 : _bytes.Span.Slice(_rootNsStart, _rootNsLength);

    /// <summary>The attributes of the start tag as they stand, without <c>to</c>, <c>from</c> and the default namespace; each with a space before it.</summary>
    public ReadOnlySpan<byte> RawAttributes => _bytes.Span.Slice(_attributesStart, _attributesLength);

    /// <summary>Whether the stanza is a request of kind iq.</summary>
    public bool IsIqRequest => Kind == StanzaKind.Iq && Type is StanzaType.Get or StanzaType.Set;

    /// <summary>A reader of what stands between the stanza's tags.</summary>
    public XmlSpanReader ReadInner() => new(Inner.Span);

    /// <summary>The value of a rare attribute of the stanza (<c>xml:lang</c>), or null.</summary>
    public string? Attribute(ReadOnlySpan<byte> name)
    {
        var attributes = new AttributeReader(RawAttributes);
        while (attributes.Read())
        {
            if (attributes.Name.SequenceEqual(name))
            {
                return XmlEscape.Decode(attributes.RawValue, isAttribute: true);
            }
        }

        return null;
    }

    /// <summary>The first child as a tree, or null where the stanza is empty.</summary>
    public Element? Child()
    {
        XmlSpanReader reader = ReadInner();
        while (reader.Read())
        {
            if (reader.Node == XmlNode.Start)
            {
                return Element.Read(ref reader);
            }
        }

        return null;
    }

    /// <summary>A copy that owns its bytes.</summary>
    public Stanza Copy()
    {
        var copy = (Stanza)MemberwiseClone();
        copy._bytes = _bytes.ToArray();
        return copy;
    }

    /// <summary>Changes the addresses: only of a copy, and only where the standard lets a server do so.</summary>
    public void SetAddresses(Jid from, Jid? to)
    {
        From = from;
        To = to;
    }

    /// <summary>The stanza with its addresses, as bytes that can be kept and read again.</summary>
    public byte[] ToBytes() => StanzaWriter.Write(this);

    /// <summary>The message as an account shall see it: without ids that pretend to be its archive's (XEP-0359 §4), with the true one where <paramref name="id"/> is not null.</summary>
    public Stanza WithArchiveId(Jid account, string? id) => StanzaIds.For(this, account, id);

    /// <summary>A copy with other content between its tags.</summary>
    /// <param name="inner">Elements as UTF-8, fit to stand in jabber:client.</param>
    public Stanza WithInner(ReadOnlySpan<byte> inner)
    {
        ReadOnlySpan<byte> name = NameOf(Kind);
        using var xml = new XmlBuilder(inner.Length + RawAttributes.Length + 32);
        xml.Open(name).RawAttributes(RawAttributes).Raw(inner).Close(name);
        Stanza copy = Parse(xml.ToArray(), From, To);
        copy.Language = Language;
        copy.IsRedirected = IsRedirected;
        copy.IsTold = IsTold;
        copy.Privacy = Privacy;
        return copy;
    }

    /// <summary>Reads a stanza out of bytes that are known to be one in <c>jabber:client</c>: stored or made by the hub itself.</summary>
    /// <param name="bytes">The whole stanza, without a default namespace or in jabber:client.</param>
    /// <param name="from">The sender.</param>
    /// <param name="to">The addressee, or null.</param>
    public static Stanza Parse(ReadOnlyMemory<byte> bytes, Jid from, Jid? to)
    {
        var stanza = new Stanza();
        stanza.Load(bytes);
        stanza.From = from;
        stanza.To = to;
        return stanza;
    }

    /// <summary>Points this stanza at one whole element that the tokenizer let through; <see cref="From"/> and <see cref="To"/> are the caller's to set.</summary>
    /// <returns>The raw values of <c>to</c> and <c>from</c>, as ranges of the bytes; empty where absent.</returns>
    internal (Range To, Range From) Load(ReadOnlyMemory<byte> bytes)
    {
        _bytes = bytes;
        _hasTraits = IsRedirected = IsTold = false;
        Privacy = null;
        ReadOnlySpan<byte> span = bytes.Span;
        var reader = new XmlSpanReader(span);
        reader.Read();
        Kind = KindOf(reader.LocalName);
        Range to = default;
        Range from = default;
        _rootNsLength = -1;
        _idStart = _idLength = 0;
        ReadOnlySpan<byte> type = default;
        ReadOnlySpan<byte> rawAttributes = reader.RawAttributes;
        var attributes = new AttributeReader(rawAttributes);
        int keepStart = -1;
        int keepEnd = -1;
        bool keepIsWhole = true;
        while (attributes.Read())
        {
            ReadOnlySpan<byte> name = attributes.Name;
            ReadOnlySpan<byte> value = attributes.RawValue;
            int at = OffsetIn(span, value);
            bool keep = true;
            if (name.SequenceEqual("to"u8))
            {
                to = at..(at + value.Length);
                keep = false;
            }
            else if (name.SequenceEqual("from"u8))
            {
                from = at..(at + value.Length);
                keep = false;
            }
            else if (name.SequenceEqual("xmlns"u8))
            {
                _rootNsStart = at;
                _rootNsLength = value.Length;
                keep = false;
            }
            else if (name.SequenceEqual("id"u8))
            {
                _idStart = at;
                _idLength = value.Length;
            }
            else if (name.SequenceEqual("type"u8))
            {
                type = value;
            }

            int start = OffsetIn(span, attributes.Raw) - 1;
            int end = start + attributes.Raw.Length + 1;
            if (keep)
            {
                if (keepStart < 0)
                {
                    keepStart = start;
                }
                else if (start != keepEnd)
                {
                    keepIsWhole = false;
                }

                keepEnd = end;
            }
        }

        Type = TypeOf(Kind, type);
        _innerStart = reader.Position;
        _innerLength = reader.IsEmptyElement ? 0 : span.LastIndexOf((byte)'<') - _innerStart;
        _childNameStart = _childNameLength = _childNsStart = _childNsLength = 0;
        if (_innerLength > 0)
        {
            while (reader.Read())
            {
                if (reader.Node == XmlNode.Start)
                {
                    ReadOnlySpan<byte> name = reader.LocalName;
                    _childNameStart = OffsetIn(span, name);
                    _childNameLength = name.Length;
                    ReadOnlySpan<byte> ns = reader.Namespace;
                    if (span.Overlaps(ns, out int offset))
                    {
                        _childNsStart = offset;
                        _childNsLength = ns.Length;
                    }

                    break;
                }
            }
        }

        if (keepStart < 0)
        {
            _attributesStart = _attributesLength = 0;
        }
        else if (keepIsWhole)
        {
            _attributesStart = keepStart;
            _attributesLength = keepEnd - keepStart;
        }
        else
        {
            Gather(rawAttributes);
        }

        return (to, from);
    }

    /// <summary>The kind that a stanza of that element name has.</summary>
    internal static StanzaKind KindOf(ReadOnlySpan<byte> localName)
    {
        if (localName.SequenceEqual("message"u8))
        {
            return StanzaKind.Message;
        }

        if (localName.SequenceEqual("iq"u8))
        {
            return StanzaKind.Iq;
        }

        return localName.SequenceEqual("presence"u8) ? StanzaKind.Presence : StanzaKind.None;
    }

    /// <summary>The element name of a kind.</summary>
    internal static ReadOnlySpan<byte> NameOf(StanzaKind kind) => kind switch
    {
        StanzaKind.Message => "message"u8,
        StanzaKind.Presence => "presence"u8,
        _ => "iq"u8,
    };

    /// <summary>The wire token of a type; empty for none.</summary>
    internal static ReadOnlySpan<byte> TokenOf(StanzaType type) => type switch
    {
        StanzaType.Get => "get"u8,
        StanzaType.Set => "set"u8,
        StanzaType.Result => "result"u8,
        StanzaType.Error => "error"u8,
        StanzaType.Normal => "normal"u8,
        StanzaType.Chat => "chat"u8,
        StanzaType.Groupchat => "groupchat"u8,
        StanzaType.Headline => "headline"u8,
        StanzaType.Unavailable => "unavailable"u8,
        StanzaType.Subscribe => "subscribe"u8,
        StanzaType.Subscribed => "subscribed"u8,
        StanzaType.Unsubscribe => "unsubscribe"u8,
        StanzaType.Unsubscribed => "unsubscribed"u8,
        StanzaType.Probe => "probe"u8,
        _ => default,
    };

    private static StanzaType TypeOf(StanzaKind kind, ReadOnlySpan<byte> token)
    {
        switch (kind)
        {
            case StanzaKind.Iq:
                return Find(token, StanzaType.Get, StanzaType.Error);
            case StanzaKind.Message:
                // RFC 6121 §5.2.2: an unknown type, like none, is normal.
                StanzaType type = token.IsEmpty ? StanzaType.Normal : Find(token, StanzaType.Error, StanzaType.Headline);
                return type == StanzaType.Unknown ? StanzaType.Normal : type;
            default:
                return token.IsEmpty ? StanzaType.None : token.SequenceEqual("error"u8) ? StanzaType.Error : Find(token, StanzaType.Unavailable, StanzaType.Probe);
        }
    }

    private static StanzaType Find(ReadOnlySpan<byte> token, StanzaType first, StanzaType last)
    {
        for (StanzaType type = first; type <= last; type++)
        {
            if (token.SequenceEqual(TokenOf(type)))
            {
                return type;
            }
        }

        return StanzaType.Unknown;
    }

    private static int OffsetIn(ReadOnlySpan<byte> whole, ReadOnlySpan<byte> part)
    {
        whole.Overlaps(part, out int offset);
        return part.IsEmpty ? 0 : offset;
    }

    // The attributes that stay do not stand side by side: they are written together behind a copy of the stanza.
    private void Gather(ReadOnlySpan<byte> rawAttributes)
    {
        using var xml = new XmlBuilder(_bytes.Length + rawAttributes.Length + 16);
        xml.Raw(_bytes.Span);
        int start = xml.Count;
        var attributes = new AttributeReader(rawAttributes);
        while (attributes.Read())
        {
            if (!attributes.Name.SequenceEqual("to"u8) && !attributes.Name.SequenceEqual("from"u8) && !attributes.Name.SequenceEqual("xmlns"u8))
            {
                xml.Raw(" "u8).Raw(attributes.Raw);
            }
        }

        byte[] all = xml.ToArray();
        _bytes = all;
        _attributesStart = start;
        _attributesLength = all.Length - start;
    }
}
