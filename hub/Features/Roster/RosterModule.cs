using System.Globalization;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Streams;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Roster;

/// <summary>The roster (RFC 6121 §2) and presence subscriptions (§3).</summary>
public sealed class RosterModule(RosterStore store, RosterLinks links, RosterOptions options) : IXmppModule
{
    private IHub _hub = null!;
    private RosterPush _push = null!;
    private SubscriptionService _subscriptions = null!;

    /// <inheritdoc/>
    public string Name => "Roster";

    /// <inheritdoc/>
    public Xep[] Xeps => [new("RFC 6121 §2", "Managing the Roster", Note: "with versioning"), new("RFC 6121 §3", "Managing Presence Subscriptions", Note: "with pre-approval")];

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        _hub = module.Hub;
        _push = new RosterPush(_hub);
        _subscriptions = new SubscriptionService(_hub, store, _push, links);
        links.Attach(_hub, _push, _subscriptions);
        module.Account.Iq(StanzaType.Get, "query", Ns.Roster, GetAsync).Iq(StanzaType.Set, "query", Ns.Roster, SetAsync);
        module.Presence(Phase.Inspect, _subscriptions.HandleAsync);
        module.StreamFeature(new RosterFeatures());
        _hub.Accounts.Removed += name => _subscriptions.ForgetAsync(new Jid(name, _hub.Domain.Domain, string.Empty));
    }

    private async ValueTask<IqReply> GetAsync(IqRequest request, CancellationToken cancel)
    {
        if (!request.IsOwnAccount)
        {
            // RFC 6121 §2.1.3: nobody reads another's roster.
            return StanzaError.Forbidden;
        }

        request.Session?.Set(RosterInterest.Instance);
        string owner = request.From.Local;
        string? known = request.Payload()["ver"];
        if (!string.IsNullOrEmpty(known) && long.TryParse(known, NumberStyles.None, CultureInfo.InvariantCulture, out long version)
            && await store.ChangesSinceAsync(owner, version, cancel).ConfigureAwait(false) is { } changes)
        {
            // §2.6.3: an empty result, then what changed as pushes.
            _hub.Router.Reply(request.Stanza, IqReply.Empty);
            foreach (RosterItem item in changes)
            {
                _push.Send(request.Session!, item);
            }

            return IqReply.Later;
        }

        Roster roster = await store.LoadAsync(owner, cancel).ConfigureAwait(false);
        using var xml = new XmlBuilder();
        xml.Open("query"u8, Ns.Roster);
        if (known is not null)
        {
            xml.Attribute("ver"u8, roster.Version);
        }

        foreach (RosterItem item in roster.Listed)
        {
            RosterPush.Write(xml, item);
        }

        return IqReply.Result(xml.Close("query"u8));
    }

    private async ValueTask<IqReply> SetAsync(IqRequest request, CancellationToken cancel)
    {
        if (!request.IsOwnAccount)
        {
            return StanzaError.Forbidden;
        }

        Element query = request.Payload();
        List<Element> items = [.. query.Children];
        if (items.Count != 1 || !items[0].Is("item", Ns.Roster) || items[0]["jid"] is not { } address)
        {
            // §2.1.5: one item.
            return StanzaError.BadRequest;
        }

        if (!JidPrep.TryParse(address, out Jid? contact))
        {
            return StanzaError.JidMalformed;
        }

        if (contact.IsFull)
        {
            return StanzaError.BadRequest.With("A roster item is a bare JID.");
        }

        if (contact.Equals(request.From.Bare))
        {
            return StanzaError.NotAllowed;
        }

        return items[0]["subscription"] == "remove"
            ? await _subscriptions.RemoveAsync(request.From.Bare, contact).ConfigureAwait(false)
            : await PutAsync(request.From.Local, contact, items[0]).ConfigureAwait(false);
    }

    private async ValueTask<IqReply> PutAsync(string owner, Jid contact, Element item)
    {
        string name = item["name"] ?? string.Empty;
        string[] groups = [.. item.Children.Where(c => c.Is("group", Ns.Roster)).Select(c => c.Text)];
        // §2.3.3: the errors of a roster set.
        if (groups.Distinct(StringComparer.Ordinal).Count() != groups.Length)
        {
            return StanzaError.BadRequest.With("The same group twice.");
        }

        if (name.Length > options.NameLimit || groups.Any(g => g.Length == 0 || g.Length > options.NameLimit) || groups.Length > options.GroupLimit)
        {
            return StanzaError.NotAcceptable;
        }

        RosterChange change = await store.ChangeAsync(
            owner,
            contact.ToString(),
            before => before with { Name = name, Groups = groups, Listed = true },
            done => _push.ToInterested(owner, done)).ConfigureAwait(false);
        return change.LimitReached ? StanzaError.ResourceConstraint.With($"A roster has at most {options.ItemLimit} items.") : IqReply.Empty;
    }

    // RFC 6121 §2.6.1, §3.4.1.
    private sealed class RosterFeatures : IStreamFeature
    {
        public string Namespace => string.Empty;

        public void Offer(IClientStream stream, XmlBuilder features)
        {
            if (stream.Account is not null)
            {
                features.Empty("ver"u8, "urn:xmpp:features:rosterver").Empty("sub"u8, "urn:xmpp:features:pre-approval");
            }
        }

        public ValueTask HandleAsync(IClientStream stream, Element element, CancellationToken cancel) => default;
    }
}

/// <summary>Marks a session that has asked for the roster: it gets pushes (RFC 6121 §2.1.6).</summary>
internal sealed class RosterInterest
{
    public static readonly RosterInterest Instance = new();
}

/// <summary>Roster pushes.</summary>
internal sealed class RosterPush(IHub hub)
{
    private long _id;

    /// <summary>Tells a change to every session of the account that has asked for the roster.</summary>
    public void ToInterested(string owner, RosterChange change)
    {
        if (!change.IsPushed)
        {
            return;
        }

        foreach (Session session in hub.Sessions.ListOf(new Jid(owner, hub.Domain.Domain, string.Empty)))
        {
            if (session.Get<RosterInterest>() is not null)
            {
                Send(session, change.After);
            }
        }
    }

    /// <summary>Tells one item to one session.</summary>
    public void Send(Session session, RosterItem item)
    {
        using var xml = new XmlBuilder();
        xml.Open("query"u8, Ns.Roster).Attribute("ver"u8, item.Version);
        Write(xml, item);
        string id = "push" + Interlocked.Increment(ref _id).ToString(CultureInfo.InvariantCulture);
        hub.Router.Send(new OutgoingStanza(StanzaKind.Iq, StanzaType.Set, session.Jid.Bare, xml.Close("query"u8).ToArray(), id), session.Jid);
    }

    /// <summary>Writes an <c>item</c> (RFC 6121 §2.1.2).</summary>
    public static void Write(XmlBuilder xml, RosterItem item)
    {
        xml.Open("item"u8).Attribute("jid"u8, item.Contact);
        if (item.Name.Length > 0)
        {
            xml.Attribute("name"u8, item.Name);
        }

        xml.Attribute("subscription"u8, item.Listed ? item.State.Token() : "remove");
        if (item.Listed && item.State.IsPendingOut())
        {
            xml.Attribute("ask"u8, "subscribe"u8);
        }

        if (item.Listed && item.Approved)
        {
            xml.Attribute("approved"u8, "true"u8);
        }

        if (item.Listed)
        {
            foreach (string group in item.Groups)
            {
                xml.Text("group"u8, group);
            }
        }

        xml.Close("item"u8);
    }
}
