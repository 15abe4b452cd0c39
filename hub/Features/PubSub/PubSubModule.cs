using System.Globalization;
using System.Text;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>Publish-subscribe at <c>pubsub.&lt;domain&gt;</c> (XEP-0060): registration, and XML ↔ calls of <see cref="PubSubService"/>.</summary>
public sealed class PubSubModule(ISqlDatabase database) : IXmppModule, IPubSubOutbox, IPubSubPresence
{
    /// <summary>The service's part of its address.</summary>
    public const string Subdomain = "pubsub";

    private static readonly string[] Features =
    [
        "access-authorize", "access-open", "access-presence", "access-roster", "access-whitelist", "auto-create", "config-node", "config-node-max", "create-and-configure", "create-nodes",
        "delete-items", "delete-nodes", "instant-nodes", "item-ids", "last-published", "leased-subscription", "manage-subscriptions", "member-affiliation", "meta-data", "modify-affiliations",
        "multi-items", "outcast-affiliation", "persistent-items", "publish", "publish-only-affiliation", "publish-options", "publisher-affiliation", "purge-nodes", "retract-items",
        "retrieve-affiliations", "retrieve-default", "retrieve-default-sub", "retrieve-items", "retrieve-subscriptions", "rsm", "subscribe", "subscription-notifications", "subscription-options",
    ];

    private IHub _hub = null!;
    private Jid _address = null!;
    private PubSubRequests _requests = null!;
    private ILogger _logger = null!;
    private ITimer? _sweep;
    private long _ids;

    /// <inheritdoc/>
    public string Name => "PubSub";

    /// <inheritdoc/>
    public Xep[] Xeps =>
    [
        new("XEP-0060", "Publish-Subscribe", "1.26.0", "at pubsub.<domain>; one subscription an entity and node, no collections"),
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
        IEntityBuilder service = module.Component(Subdomain);
        service.Identity("pubsub", "service", "Publish-Subscribe").Feature(Ns.PubSub).Feature(Ns.Rsm);
        foreach (string feature in Features)
        {
            service.Feature(Ns.PubSub + "#" + feature);
        }

        service.Iq(StanzaType.Set, "pubsub", Ns.PubSub, _requests.SetAsync, IqOrdering.Concurrent)
            .Iq(StanzaType.Get, "pubsub", Ns.PubSub, _requests.GetAsync)
            .Iq(StanzaType.Set, "pubsub", Ns.PubSubOwner, _requests.OwnerSetAsync)
            .Iq(StanzaType.Get, "pubsub", Ns.PubSubOwner, _requests.OwnerGetAsync)
            .Disco(new PubSubDisco(Service, _address))
            .Message(OnMessageAsync);
        module.Presence(Phase.Observe, OnPresenceAsync);
        _hub.Accounts.Removed += name => RemoveEntity(new Jid(name, _hub.Domain.Domain, string.Empty));
        module.Starting(cancel =>
        {
            _sweep = _hub.Time.CreateTimer(_ => Sweep(), null, options.SweepInterval, options.SweepInterval);
            return ValueTask.CompletedTask;
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
        StanzaType type = notification is AuthorizationRequest or SubscriptionEvent
            ? StanzaType.Normal // for a person, or a change of what one has: kept for who is away
            : notification.Type switch
            {
                NotificationType.Normal => StanzaType.Normal,
                NotificationType.Chat => StanzaType.Chat,
                _ => StanzaType.Headline,
            };
        string id = "ps" + Interlocked.Increment(ref _ids).ToString(CultureInfo.InvariantCulture);
        _hub.Router.Multicast(new OutgoingStanza(StanzaKind.Message, type, _address, PubSubXml.Event(notification), id), recipients);
    }

    /// <inheritdoc/>
    public bool IsAvailable(Jid jid)
    {
        if (jid.Domain != _hub.Domain.Domain)
        {
            return true;
        }

        foreach (Session session in _hub.Sessions.Of(jid.Bare))
        {
            if (session.IsAvailable && (jid.IsBare || session.Jid.Equals(jid)))
            {
                return true;
            }
        }

        return false;
    }

    // A message to the service: an owner's answer to a subscription that waits (§8.6).
    private async ValueTask<Verdict> OnMessageAsync(Stanza stanza, Session? sender)
    {
        if (stanza.Type == StanzaType.Error || FindForm(stanza) is not { } element)
        {
            return Verdict.Handled; // a notification that came back, or nothing that the service understands
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

        PubSubError? error = await Service.Owner.AuthorizeAsync(stanza.From, form["pubsub#node"]?.Value, subscriber, isAllowed).ConfigureAwait(false);
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

    // Nodes with send_last_published_item=on_sub_and_presence: once each time a session becomes available.
    private async ValueTask<Verdict> OnPresenceAsync(Stanza stanza, Session? sender)
    {
        if (sender is null || stanza.To is not null || stanza.Type is not (StanzaType.None or StanzaType.Unavailable))
        {
            return Verdict.Continue;
        }

        bool isAvailable = stanza.Type == StanzaType.None;
        PubSubSession state = PubSubSession.Of(sender);
        if (isAvailable && !state.IsAvailable)
        {
            state.IsAvailable = true;
            try
            {
                await Service.Subscriber.BecameAvailableAsync(sender.Jid).ConfigureAwait(false);
            }
            catch (StorageException e)
            {
                PubSubLog.LastItemsFailed(_logger, sender.Jid, e);
            }
        }
        else if (!isAvailable)
        {
            state.IsAvailable = false;
        }

        return Verdict.Continue;
    }

    private async void RemoveEntity(Jid bare)
    {
        try
        {
            await Service.Owner.RemoveEntityAsync(bare).ConfigureAwait(false);
        }
        catch (StorageException e)
        {
            PubSubLog.RemovalFailed(_logger, bare, e);
        }
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
    [LoggerMessage(Level = LogLevel.Error, Message = "Last items could not be sent to {Jid}")]
    public static partial void LastItemsFailed(ILogger logger, Jid jid, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "Subscriptions and affiliations of the removed account {Jid} are still there")]
    public static partial void RemovalFailed(ILogger logger, Jid jid, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "Expired items could not be removed")]
    public static partial void SweepFailed(ILogger logger, Exception exception);
}
