using System.Globalization;
using IotXmpp.Hub.Xml;

namespace IotXmpp.Hub.Features.PubSub.Feeds;

/// <summary>A page of a node as an Atom document (RFC 4287), the newest entry first; its neighbours by RFC 5005 §3.</summary>
internal static class AtomFeed
{
    /// <summary>Makes the page; null where the item that it hangs on is not there.</summary>
    public static async ValueTask<Feed?> MakeAsync(PubSubContext context, Node node, string self, FeedPage asked, CancellationToken cancel)
    {
        DateTimeOffset oldest = context.Oldest(node.Configuration);
        int max = Math.Min(context.Options.FeedEntries, context.Options.ItemsPerNode);
        ItemPage? page = asked switch
        {
            { Before: { Length: > 0 } before } => await context.Store.BeforeAsync(node.Id, oldest, before, max, cancel).ConfigureAwait(false),
            { After: { Length: > 0 } after } => await context.Store.AfterAsync(node.Id, oldest, after, max, cancel).ConfigureAwait(false),
            _ => await context.Store.NewestAsync(node.Id, oldest, max, cancel).ConfigureAwait(false),
        };
        if (page is null)
        {
            return null;
        }

        PublishedItem? about = node.IsMicroblog
            ? (await context.Store.ItemsAsync(node.Id, [Microblog.MetaDataId], oldest, cancel).ConfigureAwait(false)).FirstOrDefault()
            : null;

        // From the newest; what does not fit any more begins the next page.
        var entries = new List<byte[]>();
        int bytes = 0;
        int first = page.Items.Count;
        while (first > 0 && (bytes == 0 || bytes < context.Options.FeedBytes))
        {
            PublishedItem item = page.Items[first - 1];
            if (!(node.IsMicroblog && item.Id == Microblog.MetaDataId))
            {
                byte[] entry = Entry(context, node, item);
                if (bytes > 0 && bytes + entry.Length > context.Options.FeedBytes)
                {
                    break;
                }

                bytes += entry.Length;
                entries.Add(entry);
            }

            first--;
        }

        PublishedItem? last = page.Items.Count > 0 ? page.Items[^1] : null;
        DateTimeOffset updated = last?.Published ?? node.Created;
        using var xml = new XmlBuilder(bytes + 2048);
        xml.Raw("<?xml version='1.0' encoding='utf-8'?>\n"u8).Open("feed"u8, Microblog.Atom);
        xml.Text("id"u8, Microblog.Uri(context.Address, node.Name)).Text("title"u8, Title(node, about)).Text("subtitle"u8, node.Configuration.Description is { Length: > 0 } text ? text : null)
            .Text("updated"u8, Stamp(updated)).Open("author"u8).Text("name"u8, NameOf(node.Creator)).Close("author"u8);
        Link(xml, "self", self);
        Link(xml, "alternate", Microblog.Uri(context.Address, node.Name));
        Link(xml, "first", self);
        if (page.Items.Count > 0 && page.Index + first > 0)
        {
            Link(xml, "next", self + "?before=" + Uri.EscapeDataString(page.Items[first].Id));
        }

        if (last is not null && page.Index + page.Items.Count < page.Count)
        {
            Link(xml, "previous", self + "?after=" + Uri.EscapeDataString(last.Id));
        }

        foreach (byte[] entry in entries)
        {
            xml.Raw(entry);
        }

        return new Feed(xml.Close("feed"u8).ToArray(), updated);
    }

    private static byte[] Entry(PubSubContext context, Node node, PublishedItem item)
    {
        string address = Microblog.Uri(context.Address, node.Name, item.Id);
        Element? payload = item.Payload.IsEmpty ? null : Element.Parse(item.Payload.Span);
        Element entry = payload is not null && payload.Is("entry", Microblog.Atom) ? payload : new Element("entry", Microblog.Atom);

        // RFC 4287 §4.1.2: what an entry must have and the publisher need not have said.
        Ensure(entry, "id", address);
        Ensure(entry, "title", item.Id);
        Ensure(entry, "updated", Stamp(item.Published));
        if (entry.Child("author", Microblog.Atom) is null && node.Configuration.ItemReply != ItemReply.None)
        {
            entry.Add(new Element("author", Microblog.Atom).Add(new Element("name", Microblog.Atom).Add(NameOf(item.Publisher))));
        }

        if (!entry.Children.Any(c => c.Is("link", Microblog.Atom) && c["rel"] == "alternate" && c["href"] == address))
        {
            entry.Add(new Element("link", Microblog.Atom).With("rel", "alternate").With("href", address));
        }

        if (payload is not null && !ReferenceEquals(entry, payload))
        {
            entry.Add(new Element("content", Microblog.Atom).With("type", "application/xml").Add(payload));
        }

        return entry.ToBytes(Microblog.Atom);
    }

    private static void Ensure(Element entry, string name, string value)
    {
        if (entry.Child(name, Microblog.Atom) is null)
        {
            entry.Add(new Element(name, Microblog.Atom).Add(value));
        }
    }

    private static string Title(Node node, PublishedItem? about)
    {
        if (node.Configuration.Title.Length > 0)
        {
            return node.Configuration.Title;
        }

        return about is { Payload.IsEmpty: false } && Element.Parse(about.Payload.Span).Child("title", Microblog.Atom) is { } title && Microblog.TextOf(title).Trim() is { Length: > 0 } text ? text : node.Name;
    }

    // No whole address: a page on the web is read by those who gather addresses.
    private static string NameOf(string jid) => jid.IndexOf('@', StringComparison.Ordinal) is > 0 and int at ? jid[..at] : jid;

    private static void Link(XmlBuilder xml, string rel, string href) => xml.Open("link"u8).Attribute("rel"u8, rel).Attribute("href"u8, href).Close("link"u8);

    private static string Stamp(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
