using System.Globalization;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Privacy;

/// <summary>Privacy lists (XEP-0016; RFC 3921 §10).</summary>
public sealed class PrivacyListsModule(PrivacyService privacy, PrivacyOptions options) : IXmppModule
{
    private const string Namespace = "jabber:iq:privacy";

    private IHub _hub = null!;
    private long _id;

    /// <inheritdoc/>
    public string Name => "Privacy";

    /// <inheritdoc/>
    public Xep[] Xeps => [new("XEP-0016", "Privacy Lists", "1.7", "one engine with XEP-0191"), new("RFC 3921 §10", "Blocking Communication", Note: "privacy lists, kept for old clients")];

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        _hub = module.Hub;
        module.Privacy(privacy);
        module.Domain.Feature(Namespace);
        module.Account.Iq(StanzaType.Get, "query", Namespace, GetAsync).Iq(StanzaType.Set, "query", Namespace, SetAsync);
        module.Starting(cancel => privacy.StartAsync(_hub, cancel));
        _hub.Accounts.Removed += name => _ = privacy.RemoveAsync(name);
    }

    private async ValueTask<IqReply> GetAsync(IqRequest request, CancellationToken cancel)
    {
        if (!request.IsOwnAccount || request.Session is not { } session)
        {
            return StanzaError.Forbidden;
        }

        List<Element> children = [.. request.Payload().Children];
        // §2.3: one list at a time.
        if (children.Count > 1 || (children.Count == 1 && (!children[0].Is("list", Namespace) || children[0]["name"] is null)))
        {
            return StanzaError.BadRequest;
        }

        PrivacyLists lists = await privacy.ListsAsync(request.From.Local, cancel).ConfigureAwait(false);
        using var xml = new XmlBuilder();
        xml.Open("query"u8, Namespace);
        if (children.Count == 0)
        {
            WriteName(xml, "active"u8, PrivacyService.ActiveOf(session));
            WriteName(xml, "default"u8, lists.Default);
            foreach (string name in lists.Lists.Keys.Order(StringComparer.Ordinal))
            {
                WriteName(xml, "list"u8, name);
            }
        }
        else if (lists.Lists.TryGetValue(children[0]["name"]!, out var items))
        {
            xml.Open("list"u8).Attribute("name"u8, children[0]["name"]);
            foreach (PrivacyItem item in items)
            {
                Write(xml, item);
            }

            xml.Close("list"u8);
        }
        else
        {
            return StanzaError.ItemNotFound;
        }

        return IqReply.Result(xml.Close("query"u8));
    }

    private async ValueTask<IqReply> SetAsync(IqRequest request, CancellationToken cancel)
    {
        if (!request.IsOwnAccount || request.Session is not { } session)
        {
            return StanzaError.Forbidden;
        }

        List<Element> children = [.. request.Payload().Children];
        // §2.1: one thing at a time.
        if (children.Count != 1 || children[0].Namespace != Namespace)
        {
            return StanzaError.BadRequest;
        }

        string? name = children[0]["name"];
        switch (children[0].Name)
        {
            case "active":
                return BlockingModule.Reply(await privacy.SetActiveAsync(session, name).ConfigureAwait(false));
            case "default":
                return BlockingModule.Reply(await privacy.SetDefaultAsync(session, name).ConfigureAwait(false));
            case "list" when name is { Length: > 0 } && name.Length <= options.MaxName:
                return await SetListAsync(session, name, children[0]).ConfigureAwait(false);
            default:
                return StanzaError.BadRequest;
        }
    }

    private async ValueTask<IqReply> SetListAsync(Session session, string name, Element list)
    {
        List<Element> children = [.. list.Children];
        if (children.Count > options.MaxItems)
        {
            return StanzaError.ResourceConstraint;
        }

        PrivacyOutcome outcome;
        if (children.Count == 0)
        {
            outcome = await privacy.RemoveAsync(session, name).ConfigureAwait(false);
        }
        else if (Read(children) is { } items)
        {
            outcome = await KnowsGroupsAsync(session.Jid.Bare, name, items).ConfigureAwait(false)
                ? await privacy.SetAsync(session.Jid.Bare, name, items).ConfigureAwait(false)
                : PrivacyOutcome.ItemNotFound;
        }
        else
        {
            return StanzaError.BadRequest;
        }

        if (outcome == PrivacyOutcome.Done)
        {
            // §2.2 rule 10: all connected resources hear its name.
            foreach (Session other in _hub.Sessions.ListOf(session.Jid.Bare))
            {
                using var xml = new XmlBuilder();
                xml.Open("query"u8, Namespace);
                WriteName(xml, "list"u8, name);
                _hub.Router.Send(new OutgoingStanza(StanzaKind.Iq, StanzaType.Set, other.Jid.Bare, xml.Close("query"u8).ToArray(), $"privacy{Interlocked.Increment(ref _id)}"), other.Jid);
            }
        }

        return BlockingModule.Reply(outcome);
    }

    // §2.1: a group must be one of the roster. One that the list names already may have gone since: then the list can still be changed.
    private async ValueTask<bool> KnowsGroupsAsync(Jid account, string list, List<PrivacyItem> items)
    {
        HashSet<string> named = [.. items.Where(item => item.Match == PrivacyMatch.Group).Select(item => item.Value)];
        if (named.Count == 0)
        {
            return true;
        }

        named.ExceptWith((await privacy.ListsAsync(account.Local).ConfigureAwait(false)).Rules(list).Where(item => item.Match == PrivacyMatch.Group).Select(item => item.Value));
        named.ExceptWith(await _hub.Rosters.GroupsAsync(account).ConfigureAwait(false));
        return named.Count == 0;
    }

    private static List<PrivacyItem>? Read(List<Element> elements)
    {
        var items = new List<PrivacyItem>();
        var orders = new HashSet<long>();
        foreach (Element element in elements)
        {
            if (Read(element) is not { } item || !orders.Add(item.Order))
            {
                return null;
            }

            items.Add(item);
        }

        return items;
    }

    // §2.1.
    private static PrivacyItem? Read(Element element)
    {
        if (!element.Is("item", Namespace) || element["action"] is not ("allow" or "deny")
            || !uint.TryParse(element["order"], NumberStyles.None, CultureInfo.InvariantCulture, out uint order))
        {
            return null;
        }

        PrivacyKinds kinds = PrivacyKinds.None;
        foreach (Element child in element.Children)
        {
            PrivacyKinds kind = KindOf(child);
            if (kind == PrivacyKinds.None)
            {
                return null;
            }

            kinds |= kind;
        }

        (PrivacyMatch Match, string Value)? found = (element["type"], element["value"]) switch
        {
            (null, _) => (PrivacyMatch.All, string.Empty),
            ("jid", { } value) when JidPrep.TryParse(value, out Jid? jid) => (PrivacyMatch.Jid, jid.ToString()),
            ("group", { Length: > 0 } value) => (PrivacyMatch.Group, value),
            ("subscription", "both" or "to" or "from" or "none") => (PrivacyMatch.Subscription, element["value"]!),
            _ => null,
        };
        return found is var (match, text) ? new PrivacyItem(order, match, text, element["action"] == "deny", kinds) : null;
    }

    private static PrivacyKinds KindOf(Element child) => child.Namespace != Namespace ? PrivacyKinds.None : child.Name switch
    {
        "message" => PrivacyKinds.Message,
        "iq" => PrivacyKinds.Iq,
        "presence-in" => PrivacyKinds.PresenceIn,
        "presence-out" => PrivacyKinds.PresenceOut,
        _ => PrivacyKinds.None,
    };

    private static void Write(XmlBuilder xml, PrivacyItem item)
    {
        xml.Open("item"u8);
        if (item.Match != PrivacyMatch.All)
        {
            xml.Attribute("type"u8, item.Match switch { PrivacyMatch.Jid => "jid", PrivacyMatch.Group => "group", _ => "subscription" }).Attribute("value"u8, item.Value);
        }

        xml.Attribute("action"u8, item.IsDenied ? "deny" : "allow").Attribute("order"u8, item.Order);
        Write(xml, item, PrivacyKinds.Message, "message"u8);
        Write(xml, item, PrivacyKinds.Iq, "iq"u8);
        Write(xml, item, PrivacyKinds.PresenceIn, "presence-in"u8);
        Write(xml, item, PrivacyKinds.PresenceOut, "presence-out"u8);
        xml.Close("item"u8);
    }

    private static void Write(XmlBuilder xml, PrivacyItem item, PrivacyKinds kind, ReadOnlySpan<byte> name)
    {
        if ((item.Kinds & kind) != 0)
        {
            xml.Empty(name);
        }
    }

    private static void WriteName(XmlBuilder xml, ReadOnlySpan<byte> element, string? name)
    {
        if (name is not null)
        {
            xml.Open(element).Attribute("name"u8, name).Close(element);
        }
    }
}
