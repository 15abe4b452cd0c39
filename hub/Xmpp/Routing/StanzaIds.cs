using System.Diagnostics.CodeAnalysis;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Routing;

/// <summary>Ids that an archive gives to messages (XEP-0359): the hub vouches for those of its accounts, and for no others.</summary>
internal static class StanzaIds
{
    /// <summary>The message as <paramref name="account"/> shall see it: without ids that pretend to be its archive's (§4), with the true one where there is one.</summary>
    public static Stanza For(Stanza message, Jid account, string? id)
    {
        bool mayBeSpoofed = message.MayHaveStanzaId && (message.Traits & MessageTraits.StanzaId) != 0;
        if (id is null && !mayBeSpoofed)
        {
            return message;
        }

        ReadOnlySpan<byte> inner = message.Inner.Span;
        using var xml = new XmlBuilder(inner.Length + 256);
        if (mayBeSpoofed)
        {
            CopyWithout(inner, account, xml);
        }
        else
        {
            xml.Raw(inner);
        }

        if (id is not null)
        {
            xml.Open("stanza-id"u8, "urn:xmpp:sid:0"u8).Attribute("by"u8, account.Utf8).Attribute("id"u8, id).Close("stanza-id"u8);
        }

        return message.WithInner(xml.Written);
    }

    private static void CopyWithout(ReadOnlySpan<byte> inner, Jid account, XmlBuilder xml)
    {
        var reader = new XmlSpanReader(inner);
        int copied = 0;
        while (reader.Read())
        {
            if (reader.Node != XmlNode.Start)
            {
                continue;
            }

            int start = reader.TagStart;
            bool isSpoofed = reader.LocalName.SequenceEqual("stanza-id"u8) && XmlEscape.Decode(reader.Namespace, isAttribute: true) == "urn:xmpp:sid:0"
                && reader.Attribute("by"u8) is { } by && TryBare(by, out Jid? claimed) && claimed.Equals(account);
            reader.Skip();
            if (isSpoofed)
            {
                xml.Raw(inner[copied..start]);
                copied = reader.Position;
            }
        }

        xml.Raw(inner[copied..]);
    }

    private static bool TryBare(string text, [NotNullWhen(true)] out Jid? jid)
    {
        bool isJid = JidPrep.TryParse(text, out jid);
        jid = jid?.Bare;
        return isJid && jid is not null;
    }
}
