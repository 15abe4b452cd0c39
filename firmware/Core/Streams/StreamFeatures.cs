using System.Collections;
using IotXmpp.Sasl;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Streams;

/// <summary>What a server offered in <c>stream:features</c> (RFC 6120 §4.3.2), as far as this client can use it.</summary>
internal sealed class StreamFeatures
{
    // mechanisms, in Classic and Sasl2
    internal const int Sha256Plus = 1;
    internal const int Sha1Plus = 2;
    internal const int Sha256Plain = 4;
    internal const int Sha1Plain = 8;
    internal const int PlainText = 16;

    // in Sasl2 besides: what can be done within the authentication. These numbers stand in kept records.
    internal const int InlineResume = 1 << 8;
    internal const int InlineBind = 1 << 9;
    internal const int InlineEnable = 1 << 10;
    internal const int ExactTag = 1 << 11; // the tag "thing" is the whole resource
    internal const int TokenUnbound = 1 << 12;
    internal const int TokenEndPoint = 1 << 13;
    internal const int BindsSomehow = 1 << 14; // kinds of channel binding are told (XEP-0440)
    internal const int BindsEndPoint = 1 << 15;

    private static readonly XmlName StartTls = new XmlName(Ns.Tls, "starttls");
    private static readonly XmlName Mechanisms = new XmlName(Ns.Sasl, "mechanisms");
    private static readonly XmlName Authentication = new XmlName(Ns.Sasl2, "authentication");
    private static readonly XmlName Bindings = new XmlName(Ns.ChannelBinding, "sasl-channel-binding");
    private static readonly XmlName BindName = new XmlName(Ns.Bind, "bind");
    private static readonly XmlName SessionName = new XmlName(Ns.Session, "session");
    private static readonly XmlName ManagementName = new XmlName(Ns.StreamManagement, "sm");

    // the names themselves, for the hash of XEP-0474; only while the client authenticates
    private readonly ArrayList _classicNames = new ArrayList();
    private readonly ArrayList _sasl2Names = new ArrayList();
    private readonly ArrayList _bindingNames = new ArrayList();

    internal bool Tls { get; private set; }

    internal bool TlsRequired { get; private set; }

    /// <summary>The session request of RFC 3921 is wanted.</summary>
    internal bool Session { get; private set; }

    internal bool Management { get; private set; }

    internal bool Bind { get; private set; }

    /// <summary>Mechanisms of RFC 6120.</summary>
    internal int Classic { get; private set; }

    /// <summary>Mechanisms of XEP-0388, and what can be done inline; 0 where it is not offered.</summary>
    internal int Sasl2 { get; private set; }

    /// <summary>Whether these are known from before and not read.</summary>
    internal bool IsKept { get; private set; }

    /// <summary>Forgets all of it.</summary>
    internal void Clear()
    {
        Tls = false;
        TlsRequired = false;
        Session = false;
        Management = false;
        Bind = false;
        Classic = 0;
        Sasl2 = 0;
        IsKept = false;
        _classicNames.Clear();
        _sasl2Names.Clear();
        _bindingNames.Clear();
    }

    /// <summary>Takes what is known of SASL2 from before.</summary>
    internal void Take(int sasl2)
    {
        Clear();
        Sasl2 = sasl2;
        IsKept = true;
    }

    /// <summary>Reads the element on which the parser stands.</summary>
    internal void Read(XmlPullParser parser)
    {
        Clear();
        int depth = parser.Depth;
        while (parser.NextChild(depth))
        {
            if (parser.Is(StartTls))
            {
                Tls = true;
                TlsRequired = HasChild(parser, "required");
            }
            else if (parser.Is(Mechanisms))
            {
                Classic |= ReadMechanisms(parser, _classicNames);
            }
            else if (parser.Is(Authentication))
            {
                Sasl2 |= ReadAuthentication(parser);
            }
            else if (parser.Is(Bindings))
            {
                ReadBindings(parser);
            }
            else if (parser.Is(BindName))
            {
                Bind = true;
            }
            else if (parser.Is(SessionName))
            {
                Session = !HasChild(parser, "optional"); // servers that want what RFC 6121 §1.4 dropped
            }
            else if (parser.Is(ManagementName))
            {
                Management = true;
            }
        }
        if ((Sasl2 & (Sha256Plus | Sha1Plus | Sha256Plain | Sha1Plain | PlainText)) == 0)
        {
            Sasl2 = 0; // nothing to authenticate with
        }
        else if (_bindingNames.Count > 0)
        {
            Sasl2 |= BindsSomehow | (Contains(_bindingNames, "tls-server-end-point") ? BindsEndPoint : 0);
        }
    }

    /// <summary>
    /// Whether what is told of channel binding fits together (XEP-0440 §3): where it does not, somebody on the way took a part out. For a client that can bind.
    /// </summary>
    internal bool BindingsFit(bool sasl2)
    {
        int mechanisms = sasl2 ? Sasl2 : Classic;
        bool plus = (mechanisms & (Sha256Plus | Sha1Plus)) != 0;
        bool told = sasl2 ? (Sasl2 & BindsSomehow) != 0 : _bindingNames.Count > 0;
        bool endPoint = sasl2 ? (Sasl2 & BindsEndPoint) != 0 : Contains(_bindingNames, "tls-server-end-point");
        // rules 4 and 5; an old server that tells no kinds is taken as it is
        return plus ? told ? endPoint : !sasl2 : !told;
    }

    /// <summary>The hash of what was offered (XEP-0474 §5.1).</summary>
    internal byte[] Digest(IHash hashes, HashName hash, bool sasl2)
    {
        byte[] text = Join(sasl2 ? _sasl2Names : _classicNames);
        if (_bindingNames.Count > 0)
        {
            byte[] bindings = Join(_bindingNames);
            byte[] both = new byte[text.Length + 1 + bindings.Length];
            System.Array.Copy(text, 0, both, 0, text.Length);
            both[text.Length] = 0x1F;
            System.Array.Copy(bindings, 0, both, text.Length + 1, bindings.Length);
            text = both;
        }
        return hashes.Digest(hash, text);
    }

    private int ReadAuthentication(XmlPullParser parser)
    {
        int found = 0;
        int depth = parser.Depth;
        while (parser.NextChild(depth))
        {
            if (parser.LocalIs("mechanism"))
            {
                string name = parser.ReadText();
                _sasl2Names.Add(name);
                found |= Mechanism(name);
            }
            else if (parser.LocalIs("inline"))
            {
                int inner = parser.Depth;
                while (parser.NextChild(inner))
                {
                    found |= parser.Is(ManagementName) ? InlineResume
                        : parser.Is(Ns.Bind2, "bind") ? ReadBind(parser)
                        : parser.Is(Ns.Fast, "fast") ? ReadMechanisms(parser, null)
                        : 0;
                }
            }
        }
        return found;
    }

    // the features stand in <inline/> (XEP-0386 §3.1); older texts had them one level higher
    private static int ReadBind(XmlPullParser parser)
    {
        int found = InlineBind;
        int depth = parser.Depth;
        while (parser.NextChild(depth))
        {
            if (parser.LocalIs("inline"))
            {
                int inner = parser.Depth;
                while (parser.NextChild(inner))
                {
                    found |= BindFeature(parser.Attribute("var"));
                }
            }
            else
            {
                found |= BindFeature(parser.Attribute("var"));
            }
        }
        return found;
    }

    private static int BindFeature(string name)
    {
        return name == Ns.StreamManagement ? InlineEnable : name == Ns.Thing ? ExactTag : 0;
    }

    private void ReadBindings(XmlPullParser parser)
    {
        int depth = parser.Depth;
        while (parser.NextChild(depth))
        {
            string type = parser.Attribute("type");
            if (type != null)
            {
                _bindingNames.Add(type);
            }
        }
    }

    private static int ReadMechanisms(XmlPullParser parser, ArrayList names)
    {
        int found = 0;
        int depth = parser.Depth;
        while (parser.NextChild(depth))
        {
            string name = parser.ReadText();
            if (names != null)
            {
                names.Add(name);
            }
            found |= Mechanism(name);
        }
        return found;
    }

    private static int Mechanism(string name)
    {
        switch (name)
        {
            case "SCRAM-SHA-256-PLUS": return Sha256Plus;
            case "SCRAM-SHA-1-PLUS": return Sha1Plus;
            case "SCRAM-SHA-256": return Sha256Plain;
            case "SCRAM-SHA-1": return Sha1Plain;
            case "PLAIN": return PlainText;
            case HashedTokenMechanism.Unbound: return TokenUnbound;
            case HashedTokenMechanism.EndPoint: return TokenEndPoint;
            default: return 0;
        }
    }

    private static bool HasChild(XmlPullParser parser, string name)
    {
        bool found = false;
        int depth = parser.Depth;
        while (parser.NextChild(depth))
        {
            found |= parser.LocalIs(name);
        }
        return found;
    }

    private static bool Contains(ArrayList names, string name)
    {
        for (int i = 0; i < names.Count; i++)
        {
            if ((string)names[i] == name)
            {
                return true;
            }
        }
        return false;
    }

    // sorted by their bytes, between them U+001E
    private static byte[] Join(ArrayList names)
    {
        byte[][] sorted = new byte[names.Count][];
        int length = 0;
        for (int i = 0; i < sorted.Length; i++)
        {
            byte[] name = Utf8.Encode((string)names[i]);
            length += name.Length + 1;
            int at = i;
            for (; at > 0 && IsBefore(name, sorted[at - 1]); at--)
            {
                sorted[at] = sorted[at - 1];
            }
            sorted[at] = name;
        }
        byte[] joined = new byte[length == 0 ? 0 : length - 1];
        int to = 0;
        for (int i = 0; i < sorted.Length; i++)
        {
            if (i > 0)
            {
                joined[to++] = 0x1E;
            }
            System.Array.Copy(sorted[i], 0, joined, to, sorted[i].Length);
            to += sorted[i].Length;
        }
        return joined;
    }

    private static bool IsBefore(byte[] a, byte[] b)
    {
        for (int i = 0; i < a.Length && i < b.Length; i++)
        {
            if (a[i] != b[i])
            {
                return a[i] < b[i];
            }
        }
        return a.Length < b.Length;
    }
}
