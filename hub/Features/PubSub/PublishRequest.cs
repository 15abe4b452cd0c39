using System.Text;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>
/// A publication read out of a stanza's bytes (XEP-0060 §7.1.1), the hot path: the payloads are slices of the stanza where they can stand by themselves,
/// and only what cannot (a namespace declared further out) is written anew.
/// </summary>
internal readonly struct PublishRequest
{
    private PublishRequest(string? node, ItemToPublish[] items, Element? options)
    {
        Node = node;
        Items = items;
        Options = options;
    }

    public string? Node { get; }

    public ItemToPublish[] Items { get; }

    /// <summary>The form of publishing options, or null.</summary>
    public Element? Options { get; }

    /// <summary>Reads it.</summary>
    /// <param name="stanza">The whole iq.</param>
    /// <param name="request">The publication.</param>
    /// <param name="error">Why it cannot be taken, or null.</param>
    /// <returns>False when this is no publication.</returns>
    public static bool TryRead(ReadOnlyMemory<byte> stanza, out PublishRequest request, out PubSubError? error)
    {
        request = default;
        error = null;
        var reader = new XmlSpanReader(stanza.Span);
        bool outerPrefixes = false;
        if (!Enter(ref reader, ref outerPrefixes) || !Enter(ref reader, ref outerPrefixes) || !Enter(ref reader, ref outerPrefixes) || !reader.IsStart("publish"u8))
        {
            return false; // iq, pubsub, publish
        }

        string? node = reader.Attribute("node"u8);
        int depth = reader.Depth;
        ItemToPublish first = default;
        List<ItemToPublish>? more = null;
        int count = 0;
        while (reader.Read() && !(reader.Node == XmlNode.End && reader.Depth == depth))
        {
            if (!reader.IsStart("item"u8))
            {
                continue;
            }

            if (!TryReadItem(ref reader, stanza, outerPrefixes, out ItemToPublish item))
            {
                error = PubSubError.InvalidPayload;
                return true;
            }

            if (count++ == 0)
            {
                first = item;
            }
            else
            {
                (more ??= [first]).Add(item);
            }
        }

        Element? options = null;
        while (reader.Read() && reader.Depth >= depth)
        {
            if (reader.IsStart("publish-options"u8, "http://jabber.org/protocol/pubsub"u8))
            {
                options = Element.Read(ref reader).Child("x", Ns.DataForms);
                if (options is null)
                {
                    error = PubSubError.BadRequest;
                }
            }
        }

        request = new PublishRequest(node, more is not null ? [.. more] : count == 1 ? [first] : [], options);
        return true;
    }

    private static bool Enter(ref XmlSpanReader reader, ref bool prefixes)
    {
        while (reader.Read())
        {
            if (reader.Node == XmlNode.Start)
            {
                prefixes |= reader.RawAttributes.IndexOf("xmlns:"u8) >= 0;
                return true;
            }

            if (reader.Node == XmlNode.End)
            {
                return false;
            }
        }

        return false;
    }

    /// <summary>From the start of an item to its end; false when it has more than one payload element.</summary>
    private static bool TryReadItem(ref XmlSpanReader reader, ReadOnlyMemory<byte> stanza, bool outerPrefixes, out ItemToPublish item)
    {
        string? id = reader.Attribute("id"u8);
        bool prefixes = outerPrefixes || reader.RawAttributes.IndexOf("xmlns:"u8) >= 0;
        int depth = reader.Depth;
        ReadOnlyMemory<byte> payload = default;
        item = default;
        while (reader.Read() && !(reader.Node == XmlNode.End && reader.Depth == depth))
        {
            if (reader.Node != XmlNode.Start)
            {
                continue;
            }

            if (!payload.IsEmpty)
            {
                return false;
            }

            if (!prefixes && DeclaresDefault(reader.RawAttributes))
            {
                int start = reader.TagStart;
                reader.Skip();
                payload = stanza[start..reader.Position];
            }
            else
            {
                // A namespace that no element of the payload declares would be another one in the notification.
                payload = Element.Read(ref reader).ToBytes(outerNamespace: "\0");
            }
        }

        item = new ItemToPublish(string.IsNullOrEmpty(id) ? null : id, payload);
        return true;
    }

    private static bool DeclaresDefault(ReadOnlySpan<byte> rawAttributes)
    {
        var attributes = new AttributeReader(rawAttributes);
        while (attributes.Read())
        {
            if (attributes.Name.SequenceEqual("xmlns"u8))
            {
                return true;
            }
        }

        return false;
    }
}
