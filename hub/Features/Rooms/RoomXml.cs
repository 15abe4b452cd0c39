using System.Globalization;
using System.Text;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Rooms;

/// <summary>What of rooms is XML: names, errors, and what a room takes out of stanzas because only it may say it.</summary>
internal static class RoomXml
{
    public const string Muc = "http://jabber.org/protocol/muc";
    public const string User = Muc + "#user";
    public const string Admin = Muc + "#admin";
    public const string Owner = Muc + "#owner";
    public const string Request = Muc + "#request";
    public const string RegisterForm = Muc + "#register";
    public const string OccupantIdNs = "urn:xmpp:occupant-id:0";
    public const string StanzaIdNs = "urn:xmpp:sid:0";
    public const string RegisterNs = "jabber:iq:register";

    /// <summary>The stanza error of an outcome.</summary>
    public static StanzaError Error(RoomError error) => error switch
    {
        RoomError.BadRequest => StanzaError.BadRequest,
        RoomError.Conflict => StanzaError.Conflict,
        RoomError.Forbidden => StanzaError.Forbidden,
        RoomError.FeatureNotImplemented => StanzaError.FeatureNotImplemented,
        RoomError.ItemNotFound => StanzaError.ItemNotFound,
        RoomError.JidMalformed => StanzaError.JidMalformed,
        RoomError.NotAcceptable => StanzaError.NotAcceptable,
        RoomError.NotAllowed => StanzaError.NotAllowed,
        RoomError.NotAuthorized => StanzaError.NotAuthorized,
        RoomError.PolicyViolation => StanzaError.PolicyViolation.With("That is larger than this service passes on."),
        RoomError.RegistrationRequired => StanzaError.RegistrationRequired,
        RoomError.ResourceConstraint => StanzaError.ResourceConstraint,
        RoomError.ServiceUnavailable => StanzaError.ServiceUnavailable,
        _ => StanzaError.InternalServerError,
    };

    /// <summary>
    /// What stands in a stanza, without what only the room may say: <c>x</c> of muc and muc#user (XEP-0045 §17.3, XEP-0313 §9.3), an occupant id (XEP-0421 §4), and ids and delays in the room's name (XEP-0359 §4).
    /// Elements that lean on a prefix which the stanza's own tag declares are written anew, so that they can stand elsewhere.
    /// </summary>
    public static byte[] Clean(Stanza stanza, Jid room)
    {
        if (stanza.RawAttributes.IndexOf("xmlns:"u8) >= 0)
        {
            return Rewritten(stanza, room);
        }

        ReadOnlySpan<byte> inner = stanza.Inner.Span;
        XmlBuilder? xml = null;
        int copied = 0;
        XmlSpanReader reader = stanza.ReadInner();
        while (reader.Read())
        {
            if (reader.Node != XmlNode.Start)
            {
                continue;
            }

            int start = reader.TagStart;
            bool isForbidden = IsForbidden(reader.LocalName, reader.NamespaceText, reader.Attribute("by"u8) ?? reader.Attribute("from"u8), room);
            reader.Skip();
            if (isForbidden)
            {
                xml ??= new XmlBuilder(inner.Length);
                xml.Raw(inner[copied..start]);
                copied = reader.Position;
            }
        }

        if (xml is null)
        {
            return inner.ToArray();
        }

        using (xml)
        {
            return xml.Raw(inner[copied..]).ToArray();
        }
    }

    /// <summary>What stands in a stanza as bytes that can stand in another.</summary>
    public static byte[] Content(Stanza stanza)
    {
        if (stanza.RawAttributes.IndexOf("xmlns:"u8) < 0)
        {
            return stanza.Inner.ToArray();
        }

        using var xml = new XmlBuilder();
        foreach (Element child in Children(stanza))
        {
            child.WriteTo(xml);
        }

        return xml.ToArray();
    }

    /// <summary>The first child of that name and namespace as a tree, or null.</summary>
    public static Element? Find(Stanza stanza, ReadOnlySpan<byte> name, string ns)
    {
        XmlSpanReader reader = stanza.ReadInner();
        while (reader.Read())
        {
            if (reader.Node != XmlNode.Start)
            {
                continue;
            }

            if (reader.LocalName.SequenceEqual(name) && reader.NamespaceText == ns)
            {
                return Element.Read(ref reader);
            }

            reader.Skip();
        }

        return null;
    }

    /// <summary>The condition of an error stanza, or null.</summary>
    public static string? Condition(Stanza stanza) => Find(stanza, "error"u8, Ns.Client)?.Children.FirstOrDefault(child => child.Namespace == Ns.StanzaErrors && child.Name != "text")?.Name;

    /// <summary>Reads how much of the discussion is wanted (§7.2.14); a value that is none is passed over.</summary>
    public static HistoryRequest? ReadHistory(Element join, DateTimeOffset now)
    {
        if (join.Child("history") is not { } history)
        {
            return null;
        }

        DateTimeOffset? since = Forwarded.TryStamp(history["since"] ?? "", out DateTimeOffset stamp) ? stamp : null;
        if (Number(history["seconds"]) is { } seconds)
        {
            DateTimeOffset start = now - TimeSpan.FromSeconds(seconds);
            since = since > start ? since : start;
        }

        return new HistoryRequest(Number(history["maxchars"]), Number(history["maxstanzas"]), since);
    }

    /// <summary>Reads an address, or null.</summary>
    public static Jid? ReadJid(string? text) => text is not null && JidPrep.TryParse(text, out Jid? jid) ? jid : null;

    /// <summary>Writes <c>item</c> of a list (§9.2: to the admin).</summary>
    public static void WriteItem(XmlBuilder xml, Affiliate row, string? nick)
    {
        xml.Open("item"u8).Attribute("affiliation"u8, RoomTokens.Of(row.Affiliation)).Attribute("jid"u8, row.Jid.Utf8).Attribute("nick"u8, nick);
        xml.Text("reason"u8, row.Reason).Close("item"u8);
    }

    /// <summary>Writes an occupant id (XEP-0421).</summary>
    public static void WriteOccupantId(XmlBuilder xml, string? id)
    {
        if (id is not null)
        {
            xml.Open("occupant-id"u8, OccupantIdNs).Attribute("id"u8, id).Close("occupant-id"u8);
        }
    }

    private static bool IsForbidden(ReadOnlySpan<byte> name, string ns, string? by, Jid room) => ns switch
    {
        Muc or User => name.SequenceEqual("x"u8),
        OccupantIdNs => true,
        StanzaIdNs => name.SequenceEqual("stanza-id"u8) && ReadJid(by)?.Bare.Equals(room) == true,
        Ns.Delay => ReadJid(by)?.Bare.Equals(room) == true,
        _ => false,
    };

    private static byte[] Rewritten(Stanza stanza, Jid room)
    {
        using var xml = new XmlBuilder();
        foreach (Element child in Children(stanza))
        {
            if (!IsForbidden(Encoding.UTF8.GetBytes(child.Name), child.Namespace, child["by"] ?? child["from"], room))
            {
                child.WriteTo(xml);
            }
        }

        return xml.ToArray();
    }

    private static IEnumerable<Element> Children(Stanza stanza) => Element.Parse(stanza.Bytes.Span).Children;

    private static int? Number(string? text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : null;
}
