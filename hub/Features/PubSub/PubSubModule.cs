using System.Globalization;
using System.Text;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Features.AdHoc;
using IotXmpp.Hub.Features.PubSub.Feeds;
using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>Publish-subscribe at <c>pubsub.&lt;domain&gt;</c> (XEP-0060): registration, and XML ↔ calls of <see cref="PubSubService"/>.</summary>
public sealed class PubSubModule(ISqlDatabase database, CommandBook commands, FeedBook feeds) : IXmppModule, IPubSubOutbox, IPubSubPresence
{
    /// <summary>The service's part of its address.</summary>
    public const string Subdomain = "pubsub";

    /// <summary>What of XEP-0060 there is, at the service of the hub and at those of accounts.</summary>
    internal static readonly string[] Supported =
    [
        "access-authorize", "access-open", "access-presence", "access-roster", "access-whitelist", "auto-create", "config-node", "config-node-max", "create-and-configure", "create-nodes",
        "delete-items", "delete-nodes", "instant-nodes", "item-ids", "last-published", "leased-subscription", "manage-subscriptions", "member-affiliation", "meta-data", "modify-affiliations",
        "multi-items", "multi-subscribe", "outcast-affiliation", "persistent-items", "presence-notifications", "publish", "publish-node-full", "publish-only-affiliation", "publish-options",
        "publisher-affiliation", "purge-nodes", "retract-items", "retrieve-affiliations", "retrieve-default", "retrieve-default-sub", "retrieve-items", "retrieve-subscriptions", "rsm", "since",
        "subscribe", "subscription-notifications", "subscription-options",
    ];

    /// <summary>What there is at the service of the hub alone.</summary>
    internal static readonly string[] SupportedByService = ["collections", "get-pending", "multi-collections"];

    private IHub _hub = null!;
    private Jid _address = null!;
    private PubSubRequests _requests = null!;
    private OwnerRequests _ownerRequests = null!;
    private ILogger _logger = null!;
    private ITimer? _sweep;
    private long _ids;

    /// <inheritdoc/>
    public string Name => "PubSub";

    /// <inheritdoc/>
    public Xep[] Xeps =>
    [
        new("XEP-0060", "Publish-Subscribe", "1.30.0", "at pubsub.<domain>; without content filters and payment"),
        new("XEP-0131", "Stanza Headers and Internet Metadata", "1.2", "SubID and Collection in notifications"),
        new("XEP-0248", "PubSub Collection Nodes", "0.5.0", "at pubsub.<domain>"),
        new("XEP-0277", "Microblogging over XMPP", "0.6.5", "checked and completed on their nodes; open ones also as Atom feeds over HTTP"),
        new("XEP-0312", "PubSub Since", "0.3"),
        new("XEP-0004", "Data Forms", "2.13.1"),
        new("XEP-0059", "Result Set Management", "1.0"),
        new("XEP-0068", "Field Standardization for Data Forms", "1.3.0"),
    ];

    /// <summary>The rules, for other features of the hub; after <see cref="Register"/>.</summary>
    public PubSubService Service { get; private set; } = null!;

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        _hub = module.Hub;
        _logger = _hub.Loggers.CreateLogger<PubSubModule>();
        _address = new Jid(string.Empty, Subdomain + "." + _hub.Domain.Domain, string.Empty);
        PubSubOptions options = module.Options<PubSubOptions>("PubSub");
        if (options.Validate().FirstOrDefault() is { } wrong)
        {
            throw new ArgumentException(wrong);
        }

        Service = new PubSubService(new PubSubStore(database), options, _hub.Domain, _hub.Accounts, _hub.Rosters, this, this, _hub.Time);
        _requests = new PubSubRequests(Service, _hub.Router);
        _ownerRequests = new OwnerRequests(Service);
        feeds.Attach(Service);
        new PendingCommand(Service).AddTo(commands);
        IEntityBuilder service = module.Component(Subdomain);
        service.Identity("pubsub", "service", "Publish-Subscribe").Feature(Ns.PubSub).Feature(Ns.Rsm).Feature(PubSubXml.Shim);
        foreach (string feature in Supported.Concat(SupportedByService))
        {
            service.Feature(Ns.PubSub + "#" + feature);
        }

        service.Iq(StanzaType.Set, "pubsub", Ns.PubSub, _requests.SetAsync, IqOrdering.Concurrent)
            .Iq(StanzaType.Get, "pubsub", Ns.PubSub, _requests.GetAsync)
            .Iq(StanzaType.Set, "pubsub", Ns.PubSubOwner, _ownerRequests.SetAsync)
            .Iq(StanzaType.Get, "pubsub", Ns.PubSubOwner, _ownerRequests.GetAsync)
            .Disco(new PubSubDisco(Service, _address, node => feeds.AddressOf(null, node)))
            .Message(OnMessageAsync);
        module.Presence(Phase.Observe, OnPresenceAsync);
        module.SessionClosed(OnClosed);
        _hub.Accounts.Removed += name => Service.Owner.RemoveEntityAsync(new Jid(name, _hub.Domain.Domain, string.Empty));
        module.Starting(async cancel =>
        {
            await Service.StartAsync(cancel).ConfigureAwait(false);
            _sweep = _hub.Time.CreateTimer(_ => Sweep(), null, options.SweepInterval, options.SweepInterval);
        });
        module.Stopping(async cancel =>
        {
            if (_sweep is not null)
            {
                await _sweep.DisposeAsync().ConfigureAwait(false);
            }
        });
    }

    /// <inheritdoc/>
    public void Send(PubSubEvent notification, IReadOnlyList<Jid> recipients)
    {
        string id = "ps" + Interlocked.Increment(ref _ids).ToString(CultureInfo.InvariantCulture);
        _hub.Router.Multicast(new OutgoingStanza(StanzaKind.Message, PubSubXml.MessageType(notification), _address, PubSubXml.Event(notification), id), recipients);
    }

    /// <inheritdoc/>
    public bool IsAvailable(Jid jid) => SessionPresence.IsAvailable(_hub, jid);

    /// <inheritdoc/>
    public ShowValues ShowsOf(Jid jid) => SessionPresence.ShowsOf(_hub, jid);

    // A message to the service: an owner's answer to a subscription that waits (§8.6).
    private async ValueTask<Verdict> OnMessageAsync(Stanza stanza, Session? sender)
    {
        if (stanza.Type == StanzaType.Error)
        {
            if (Bounce.Read(stanza) is { } node)
            {
                await Service.Subscriber.BouncedAsync(stanza.From, node).ConfigureAwait(false);
            }

            return Verdict.Handled;
        }

        if (FindForm(stanza) is not { } element)
        {
            return Verdict.Handled; // nothing that the service understands
        }

        DataForm? form = DataForm.Read(element);
        if (form?.FormType != Ns.PubSub + "#subscribe_authorization")
        {
            return Verdict.Reject(StanzaError.BadRequest);
        }

        if (form.Type == FormType.Cancel)
        {
            return Verdict.Handled; // somebody else may answer
        }

        if (form.Type != FormType.Submit || form["pubsub#allow"] is not { } allow || !allow.TryBoolean(out bool isAllowed)
            || !JidPrep.TryParse(form["pubsub#subscriber_jid"]?.Value ?? "", out Jid? subscriber))
        {
            return Verdict.Reject(StanzaError.BadRequest);
        }

        PubSubError? error = await Service.Lists.AuthorizeAsync(stanza.From, form["pubsub#node"]?.Value, subscriber, isAllowed, form["pubsub#subid"]?.Value).ConfigureAwait(false);
        return error is null ? Verdict.Handled : Verdict.Reject(PubSubXml.Error(error));
    }

    private static Element? FindForm(Stanza stanza)
    {
        XmlSpanReader reader = stanza.ReadInner();
        while (reader.Read())
        {
            if (reader.Node != XmlNode.Start)
            {
                continue;
            }

            if (reader.IsStart("x"u8, "jabber:x:data"u8))
            {
                return Element.Read(ref reader);
            }

            reader.Skip();
        }

        return null;
    }

    // What a session missed, and nodes with send_last_published_item=on_sub_and_presence: once each time a session becomes available.
    private async ValueTask<Verdict> OnPresenceAsync(Stanza stanza, Session? sender)
    {
        if (stanza.Type is StanzaType.Unsubscribe or StanzaType.Unsubscribed)
        {
            return await OnCancelledAsync(stanza).ConfigureAwait(false);
        }

        if (sender is null || stanza.To is not null || stanza.Type is not (StanzaType.None or StanzaType.Unavailable))
        {
            return Verdict.Continue;
        }

        bool isAvailable = stanza.Type == StanzaType.None;
        PubSubSession state = PubSubSession.Of(sender);
        if (isAvailable == state.IsAvailable)
        {
            return Verdict.Continue;
        }

        state.IsAvailable = isAvailable;
        try
        {
            if (!isAvailable)
            {
                await Service.Subscriber.WentOfflineAsync(sender.Jid, isLast: !_hub.Sessions.ListOf(sender.Jid.Bare).Any(s => s != sender && s.IsAvailable)).ConfigureAwait(false);
            }
            else if (await Ago.SinceAsync(_hub, stanza, sender).ConfigureAwait(false) is { } since)
            {
                await Service.Subscriber.CameBackAsync(sender.Jid, since).ConfigureAwait(false);
            }
            else
            {
                await Service.Subscriber.BecameAvailableAsync(sender.Jid).ConfigureAwait(false);
            }
        }
        catch (StorageException e)
        {
            PubSubLog.LastItemsFailed(_logger, sender.Jid, e);
        }

        return Verdict.Continue;
    }

    // §12.4: one that never said that it is there does not say that it goes.
    private void OnClosed(Session session)
    {
        if (session.Get<PubSubSession>() is { IsTemporary: true, IsAvailable: false })
        {
            _ = EndTemporaryAsync(session.Jid);
        }
    }

    private async Task EndTemporaryAsync(Jid session)
    {
        try
        {
            await Service.Subscriber.WentOfflineAsync(session, isLast: false).ConfigureAwait(false);
        }
        catch (StorageException e)
        {
            PubSubLog.NotEnded(_logger, session, e); // with the hub's next start they end
        }
    }

    // §12.13: who does not see an owner's presence any more does not hear of its nodes for that reason.
    private async ValueTask<Verdict> OnCancelledAsync(Stanza stanza)
    {
        if (stanza.To is { } to)
        {
            (Jid owner, Jid contact) = stanza.Type == StanzaType.Unsubscribed ? (stanza.From.Bare, to.Bare) : (to.Bare, stanza.From.Bare);
            try
            {
                await Service.Subscriber.LostPresenceAsync(owner, contact).ConfigureAwait(false);
                if (Service.Things is not null)
                {
                    await Service.Hub.RecheckAsync(owner.Local, contact).ConfigureAwait(false); // who saw a thing by its presence alone sees it no more
                }
            }
            catch (StorageException e)
            {
                PubSubLog.RemovalFailed(_logger, contact, e);
            }
        }

        return Verdict.Continue;
    }

    private async void Sweep()
    {
        try
        {
            await Service.SweepAsync().ConfigureAwait(false);
        }
        catch (StorageException e)
        {
            PubSubLog.SweepFailed(_logger, e); // the next one tries again
        }
    }
}

/// <summary>What the service keeps with a session.</summary>
internal sealed class PubSubSession
{
    public SessionOrder Order { get; } = new();

    /// <summary>Whether the last items were sent since the session became available.</summary>
    public bool IsAvailable { get; set; }

    /// <summary>Whether it has subscribed for as long as it is there.</summary>
    public bool IsTemporary { get; set; }

    public static PubSubSession Of(Session session)
    {
        PubSubSession? state = session.Get<PubSubSession>();
        if (state is null)
        {
            state = new PubSubSession();
            session.Set(state);
        }

        return state;
    }
}

internal static partial class PubSubLog
{
    [LoggerMessage(Level = LogLevel.Error, Message = "Subscriptions of {Jid} to nodes of somebody whose presence it does not see any more are still there")]
    public static partial void RemovalFailed(ILogger logger, Jid jid, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "Temporary subscriptions of {Jid}, which has gone, are still there")]
    public static partial void NotEnded(ILogger logger, Jid jid, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "Last items could not be sent to {Jid}")]
    public static partial void LastItemsFailed(ILogger logger, Jid jid, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "Expired items could not be removed")]
    public static partial void SweepFailed(ILogger logger, Exception exception);
}
