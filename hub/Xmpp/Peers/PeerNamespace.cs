using System.Text;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Peers;

/// <summary>
/// Elements of peers whose streams have a namespace of their own (<c>jabber:server</c>, <c>jabber:component:accept</c>). Content is jabber:client within the hub wherever it came from, and mostly it says nothing
/// about its namespace, so its bytes stay. A peer that spells its namespace out does so in the start tag of the stanza, and that is taken out there; only where it stands further in, the element is written anew.
/// </summary>
internal static class PeerNamespace
{
    private enum Place
    {
        Nowhere,
        RootOnly,
        Within,
    }

    /// <summary>The element as it would stand in a stream in jabber:client.</summary>
    /// <param name="element">One whole element, as the tokenizer let it through.</param>
    /// <param name="ns">The peer's namespace, as UTF-8.</param>
    public static ReadOnlyMemory<byte> ToClient(ReadOnlyMemory<byte> element, ReadOnlySpan<byte> ns)
    {
        // A look for the bytes tells for nearly all.
        if (element.Span.IndexOf(ns) < 0)
        {
            return element;
        }

        return Find(element.Span, ns, out Range declaration) switch
        {
            Place.Nowhere => element,
            Place.RootOnly => (byte[])[.. element.Span[..declaration.Start.Value], .. element.Span[declaration.End.Value..]],
            _ => Element.Parse(element.Span).Translated(Encoding.UTF8.GetString(ns), Ns.Client).ToBytes(),
        };
    }

    private static Place Find(ReadOnlySpan<byte> element, ReadOnlySpan<byte> ns, out Range declaration)
    {
        declaration = default;
        Place place = Place.Nowhere;
        var reader = new XmlSpanReader(element);
        while (reader.Read())
        {
            if (reader.Node != XmlNode.Start)
            {
                continue;
            }

            ReadOnlySpan<byte> raw = reader.RawAttributes;
            if (raw.IndexOf(ns) < 0)
            {
                continue;
            }

            var attributes = new AttributeReader(raw);
            while (attributes.Read())
            {
                if (!attributes.RawValue.SequenceEqual(ns) || !attributes.Name.StartsWith("xmlns"u8))
                {
                    continue;
                }

                if (reader.Depth > 1 || attributes.Name.Length > "xmlns".Length)
                {
                    // A prefix of one's own, or an element further in.
                    return Place.Within;
                }

                element.Overlaps(attributes.Raw, out int at);
                declaration = (at - 1)..(at + attributes.Raw.Length);
                place = Place.RootOnly;
            }
        }

        return place;
    }
}
