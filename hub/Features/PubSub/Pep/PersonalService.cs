using System.Globalization;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.PubSub.Pep;

/// <summary>The publish-subscribe service that an account is (XEP-0163): its own nodes, and subscribers who need not subscribe.</summary>
internal sealed class PersonalService : IPubSubOutbox, IImplicitSubscribers
{
    private readonly PersonalEvents _events;
    private readonly IHub _hub;
    private readonly Lock _gate = new();
    private Task _sending = Task.CompletedTask;
    private long _ids;

    public PersonalService(PersonalEvents events, IHub hub, Jid account, PubSubStore store, PubSubOptions options, IPubSubPresence presence)
    {
        _events = events;
        _hub = hub;
        Account = account;
        Service = new PubSubService(store, options, hub.Domain, hub.Accounts, hub.Rosters, this, presence, hub.Time, account, this);
        Requests = new PubSubRequests(Service, hub.Router);
        OwnerRequests = new OwnerRequests(Service);
        Disco = new PubSubDisco(Service, account, node => events.Feeds?.AddressOf(account, node));
    }

    public Jid Account { get; }

    public PubSubService Service { get; }

    public PubSubRequests Requests { get; }

    public OwnerRequests OwnerRequests { get; }

    public PubSubDisco Disco { get; }

    /// <inheritdoc/>
    public void Send(PubSubEvent notification, IReadOnlyList<Jid> recipients)
    {
        string id = "pep" + Interlocked.Increment(ref _ids).ToString(CultureInfo.InvariantCulture);
        _hub.Router.Multicast(new OutgoingStanza(StanzaKind.Message, PubSubXml.MessageType(notification), Account, PubSubXml.Event(notification), id), recipients);
    }

    /// <inheritdoc/>
    public void Send(Node node, PubSubEvent notification, IReadOnlyList<Jid> subscribers, IReadOnlyList<Jid> others)
    {
        if (notification is ItemsEvent { IsDelayed: false } published)
        {
            _events.OnPublished(Account, node.Name, published.Items, node.Configuration.AccessModel);
        }
        else if (notification is RetractEvent retracted)
        {
            _events.OnRetracted(Account, node.Name, retracted.Ids);
        }
        else if (notification is PurgeEvent or DeleteEvent)
        {
            _events.OnRetracted(Account, node.Name, []);
        }

        // Who they are may have to be read: one event after the other, in the order of the commits.
        lock (_gate)
        {
            _sending = SendAfterAsync(_sending, node, notification, subscribers, others);
        }
    }

    /// <summary>Sends a resource the last items of the nodes that it wants to hear of (XEP-0163 §4.3.4), or what was published there since it went (XEP-0312).</summary>
    public async ValueTask SendLastAsync(Jid resource, IEnumerable<string> names, DateTimeOffset? since, CancellationToken cancel)
    {
        foreach (string name in names)
        {
            if (await Service.Context.NodeAsync(name, cancel).ConfigureAwait(false) is not { } node || !await MayHearAsync(node, resource.Bare).ConfigureAwait(false))
            {
                continue;
            }

            int sent = since is { } went ? await Service.Context.SendSinceAsync(node, resource, went, Service.Context.Options.ItemsPerPage, cancel).ConfigureAwait(false) : 0;
            if (sent == 0 && node.Configuration.SendLastPublishedItem == SendLastPublishedItem.OnSubAndPresence)
            {
                await Service.Context.SendLastItemAsync(node, resource, cancel).ConfigureAwait(false);
            }
        }
    }

    private async Task SendAfterAsync(Task before, Node node, PubSubEvent notification, IReadOnlyList<Jid> subscribers, IReadOnlyList<Jid> others)
    {
        await before.ConfigureAwait(false);
        try
        {
            List<Jid> recipients = [.. subscribers];
            foreach (Jid contact in (await _hub.Rosters.ContactsAsync(Account).ConfigureAwait(false)).Subscribers.Append(Account))
            {
                // Once to everybody: who has subscribed gets it by that.
                if (subscribers.Any(s => s.Bare.Equals(contact)) || others.Any(s => s.Bare.Equals(contact)))
                {
                    continue;
                }

                IReadOnlyList<Jid> wanting = contact.Domain == _hub.Domain.Domain
                    ? [.. _hub.Sessions.ListOf(contact).Where(session => WantedNodes.Wants(session, node.Name)).Select(session => session.Jid)]
                    : _events.Remote.Wanting(Account, contact, node.Name);
                if (wanting.Count > 0 && await MayHearAsync(node, contact).ConfigureAwait(false))
                {
                    recipients.AddRange(wanting);
                }
            }

            if (recipients.Count > 0)
            {
                Send(notification, recipients);
            }
        }
        catch (Storage.StorageException e)
        {
            PersonalLog.NotSent(_events.Log, e, Account, node.Name);
        }
    }

    // XEP-0163 §4.3.1: contacts with a subscription to the account's presence, as far as the node's access model goes.
    private async ValueTask<bool> MayHearAsync(Node node, Jid contact)
    {
        if (contact.Equals(Account))
        {
            return true;
        }

        return node.AffiliationOf(contact) switch
        {
            Affiliation.Outcast or Affiliation.PublishOnly => false,
            Affiliation.Owner or Affiliation.Publisher or Affiliation.Member => true,
            _ => node.Configuration.AccessModel switch
            {
                AccessModel.Open or AccessModel.Presence => await _hub.Rosters.MaySeePresenceAsync(Account, contact).ConfigureAwait(false),
                AccessModel.Roster => await _hub.Rosters.IsInGroupAsync(Account, contact, node.Configuration.RosterGroupsAllowed).ConfigureAwait(false),
                _ => false,
            },
        };
    }
}

/// <summary>Logs of personal services.</summary>
internal static partial class PersonalLog
{
    [LoggerMessage(Level = LogLevel.Error, Message = "An event of {Account}, node {Node}, could not be sent to its contacts")]
    public static partial void NotSent(ILogger log, Exception e, Jid account, string node);

    [LoggerMessage(Level = LogLevel.Error, Message = "What {Jid} wants to hear of could not be found out")]
    public static partial void NotLearned(ILogger log, Exception e, Jid jid);
}
