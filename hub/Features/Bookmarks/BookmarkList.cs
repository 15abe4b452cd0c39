using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Features.PubSub;
using IotXmpp.Hub.Features.PubSub.Pep;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Bookmarks;

/// <summary>The rooms of an account as XEP-0402 keeps them, one item each, and as XEP-0048 writes them, all in one element.</summary>
internal sealed class BookmarkList(PersonalEvents events)
{
    /// <summary>The node and namespace of XEP-0402.</summary>
    public const string Node = "urn:xmpp:bookmarks:1";

    /// <summary>The namespace, and the node, of XEP-0048.</summary>
    public const string Old = "storage:bookmarks";

    /// <summary>The rooms of an account.</summary>
    public ValueTask<IReadOnlyList<PublishedItem>> ReadAsync(Jid account, CancellationToken cancel = default) => events.ItemsAsync(account, account, Node, cancel);

    /// <summary>Takes a list of XEP-0048 in the place of what is there: who is told hears of changes only (XEP-0402 §5.3.2).</summary>
    public async ValueTask<StanzaError?> ReplaceAsync(Jid account, Element storage, CancellationToken cancel = default)
    {
        var rooms = new Dictionary<string, Element>(StringComparer.Ordinal);
        foreach (Element child in storage.Children.Where(child => child.Name == "conference"))
        {
            if (!JidPrep.TryParse(child["jid"] ?? string.Empty, out Jid? room))
            {
                return StanzaError.JidMalformed;
            }

            rooms[room.Bare.ToString()] = child;
        }

        Dictionary<string, PublishedItem> before = (await ReadAsync(account, cancel).ConfigureAwait(false)).ToDictionary(item => item.Id, StringComparer.Ordinal);
        foreach (string gone in before.Keys.Where(id => !rooms.ContainsKey(id)))
        {
            await events.RetractAsync(account, Node, gone).ConfigureAwait(false);
        }

        foreach ((string room, Element bookmark) in rooms)
        {
            Element? known = before.TryGetValue(room, out PublishedItem? item) ? Element.Parse(item.Payload.Span) : null;
            if ((known is null || !SaysTheSame(ToOld(room, known), bookmark)) && await events.PublishAsync(account, Node, room, ToNew(bookmark, known), Configure).ConfigureAwait(false) is { } error)
            {
                return error.Condition == PubSubError.TooManyNodes.Condition ? StanzaError.ResourceConstraint : StanzaError.NotAcceptable;
            }
        }

        return null;
    }

    /// <summary>Writes rooms as XEP-0048 does, with what else stood in the old element.</summary>
    public static Element Storage(IEnumerable<PublishedItem> rooms, Element? before)
    {
        var storage = new Element("storage", Old);
        foreach (PublishedItem item in rooms)
        {
            storage.Add(ToOld(item.Id, Element.Parse(item.Payload.Span)));
        }

        foreach (Element other in before?.Children.Where(child => child.Name != "conference") ?? [])
        {
            storage.Add(other);
        }

        return storage;
    }

    /// <summary>Whether two lists of XEP-0048 have the same rooms, however they are written.</summary>
    public static bool HaveTheSameRooms(Element one, Element other)
    {
        List<Element> first = [.. one.Children.Where(child => child.Name == "conference")];
        List<Element> second = [.. other.Children.Where(child => child.Name == "conference")];
        return first.Count == second.Count && first.TrueForAll(room => second.Exists(same => same["jid"] == room["jid"] && SaysTheSame(room, same)));
    }

    private static bool SaysTheSame(Element one, Element other) => one["name"] == other["name"] && IsTrue(one["autojoin"]) == IsTrue(other["autojoin"])
        && one.Child("nick")?.Text == other.Child("nick")?.Text && one.Child("password")?.Text == other.Child("password")?.Text;

    private static Element ToOld(string room, Element conference)
    {
        Element old = new Element("conference", Old).With("jid", room).With("name", conference["name"]).With("autojoin", IsTrue(conference["autojoin"]) ? "1" : null);
        Copy(conference, old, "nick");
        Copy(conference, old, "password");
        return old;
    }

    private static byte[] ToNew(Element bookmark, Element? known)
    {
        Element conference = new Element("conference", Node).With("name", bookmark["name"]).With("autojoin", IsTrue(bookmark["autojoin"]) ? "true" : null);
        Copy(bookmark, conference, "nick");
        Copy(bookmark, conference, "password");
        // XEP-0402 §4: extensions of other clients are preserved by who does not know them.
        if (known?.Child("extensions") is { } extensions)
        {
            conference.Add(extensions);
        }

        return conference.ToBytes(outerNamespace: "\0");
    }

    // XEP-0402 §3: what a client asks for when it makes the node. Contacts are not told.
    private static NodeConfiguration Configure(NodeConfiguration usual) => usual with
    {
        AccessModel = AccessModel.Whitelist,
        MaxItems = NodeConfiguration.MaxItemsMax,
        PersistItems = true,
        SendLastPublishedItem = SendLastPublishedItem.Never,
    };

    private static bool IsTrue(string? text) => text is "true" or "1";

    private static void Copy(Element from, Element to, string name)
    {
        if (from.Child(name) is { } child)
        {
            to.Add(new Element(name, to.Namespace).Add(child.Text));
        }
    }
}
