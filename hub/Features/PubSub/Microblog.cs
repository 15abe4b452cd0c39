using System.Text;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>Posts and comments as Atom entries (XEP-0277, RFC 4287): what such nodes are by default, what may be published there, and what the hub adds.</summary>
internal static class Microblog
{
    /// <summary>The node of an account's posts.</summary>
    public const string Node = "urn:xmpp:microblog:0";

    /// <summary>What the names of nodes of comments begin with.</summary>
    public const string CommentsPrefix = Node + ":comments/";

    /// <summary>The namespace of Atom.</summary>
    public const string Atom = "http://www.w3.org/2005/Atom";

    /// <summary>The item that tells of the blog itself (§5).</summary>
    public const string MetaDataId = "0";

    /// <summary>Whether a node of that name holds posts or comments.</summary>
    public static bool Is(string name) => name == Node || name.StartsWith(CommentsPrefix, StringComparison.Ordinal);

    /// <summary>Whether a body can be made of what is published on a node.</summary>
    public static bool HasBody(Node node) => node.IsMicroblog || node.Configuration.Type == Atom;

    /// <summary>What such a node is unless it is configured (§4).</summary>
    public static NodeConfiguration Defaults(string name, NodeConfiguration usual)
    {
        if (!Is(name))
        {
            return usual;
        }

        usual = usual with { Type = Atom, NotifyRetract = true, MaxItems = NodeConfiguration.MaxItemsMax, SendLastPublishedItem = SendLastPublishedItem.Never, ItemReply = ItemReply.Publisher };
        return name == Node ? usual : usual with { AccessModel = AccessModel.Open, PublishModel = PublishModel.Open };
    }

    /// <summary>Checks and completes the items of such a node; null where one is no Atom as §2 and §5 want it.</summary>
    /// <param name="service">The address of the service.</param>
    /// <param name="node">The node.</param>
    /// <param name="items">The items, their ids made.</param>
    public static ItemToPublish[]? Complete(Jid service, string node, IReadOnlyList<ItemToPublish> items)
    {
        var completed = new ItemToPublish[items.Count];
        for (int i = 0; i < completed.Length; i++)
        {
            ItemToPublish item = items[i];
            Element payload = Element.Parse(item.Payload.Span);
            // RFC 4287 §4.1.2 wants more of an entry; the standard's own examples leave it out.
            if (!payload.Is(item.Id == MetaDataId ? "feed" : "entry", Atom) || payload.Child("title", Atom) is null)
            {
                return null;
            }

            completed[i] = item.Id == MetaDataId ? item : new ItemToPublish(item.Id, WithLink(payload, service, node, item.Id!) ?? item.Payload);
        }

        return completed;
    }

    /// <summary>The address of a node or of one of its items (XEP-0060 §12.21, RFC 5122).</summary>
    public static string Uri(Jid service, string node, string? item = null) =>
        $"xmpp:{service}?;node={System.Uri.EscapeDataString(node)}" + (item is null ? "" : ";item=" + System.Uri.EscapeDataString(item));

    /// <summary>What a client shows that does not know Atom: the title (XEP-0277 §8), of several entries one a line; null where there is none.</summary>
    public static string? Body(IReadOnlyList<PublishedItem> items)
    {
        StringBuilder? body = null;
        foreach (PublishedItem item in items)
        {
            if (item.Payload.IsEmpty)
            {
                continue;
            }

            Element payload = Element.Parse(item.Payload.Span);
            if (!payload.Is("entry", Atom) || (payload.Child("title", Atom) ?? payload.Child("summary", Atom)) is not { } title || TextOf(title).Trim() is not { Length: > 0 } text)
            {
                continue;
            }

            body ??= new StringBuilder();
            body.Append(body.Length > 0 ? "\n" : "").Append(text);
        }

        return body?.ToString();
    }

    /// <summary>All text below an element.</summary>
    public static string TextOf(Element element)
    {
        var text = new StringBuilder();
        var reader = new XmlSpanReader(element.ToBytes());
        while (reader.Read())
        {
            if (reader.Node == XmlNode.Text)
            {
                text.Append(reader.TextValue);
            }
        }

        return text.ToString();
    }

    // §2.4: the addresses under which a post is found cannot be known by the client; the server adds them.
    private static ReadOnlyMemory<byte>? WithLink(Element entry, Jid service, string node, string id)
    {
        string href = Uri(service, node, id);
        if (entry.Children.Any(c => c.Is("link", Atom) && c["rel"] == "alternate" && c["href"] == href))
        {
            return null;
        }

        entry.Add(new Element("link", Atom).With("rel", "alternate").With("href", href));
        return entry.ToBytes(outerNamespace: "\0");
    }
}
