using IotXmpp.Hub.Features.PrivateXml;
using IotXmpp.Hub.Features.PubSub.Pep;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Bookmarks;

/// <summary>
/// Bookmarks: in the account's node (XEP-0402), which is the place where rooms are kept. Clients that know XEP-0048 alone, in private XML (XEP-0049) or in one item of a node, read and write the same.
/// </summary>
public sealed class BookmarksModule(PersonalEvents events) : IXmppModule, IPrivateElement
{
    private readonly BookmarkList _list = new(events);

    /// <inheritdoc/>
    public string Name => "Bookmarks";

    /// <inheritdoc/>
    public Xep[] Xeps =>
    [
        new("XEP-0402", "PEP Native Bookmarks", "1.2.0", "unified with both forms of XEP-0048"),
        new("XEP-0048", "Bookmarks", "1.2", "in private XML and in a node; rooms are those of XEP-0402"),
    ];

    string IPrivateElement.Name => "storage";

    string IPrivateElement.Namespace => BookmarkList.Old;

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        var nodes = new BookmarkNodes(module.Hub, events, _list);
        events.Published += nodes.OnPublished;
        events.Retracted += nodes.OnRetracted;
        module.Account.Feature(BookmarkList.Node + "#compat").Feature(BookmarkList.Node + "#compat-pep");
    }

    /// <inheritdoc/>
    public async ValueTask<Element> GetAsync(Jid account, Element? stored, CancellationToken cancel) =>
        BookmarkList.Storage(await _list.ReadAsync(account, cancel).ConfigureAwait(false), stored);

    /// <inheritdoc/>
    public async ValueTask<(Element? Stored, StanzaError? Error)> SetAsync(Jid account, Element element, CancellationToken cancel)
    {
        if (await _list.ReplaceAsync(account, element, cancel).ConfigureAwait(false) is { } error)
        {
            return (null, error);
        }

        // Pages (XEP-0048 §2.2) have no place in XEP-0402.
        var rest = new Element("storage", BookmarkList.Old);
        foreach (Element other in element.Children.Where(child => child.Name != "conference"))
        {
            rest.Add(other);
        }

        return (rest.Children.Any() ? rest : null, null);
    }
}
