using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Privacy;

/// <summary>The blocking command (XEP-0191): the simple face of privacy lists.</summary>
public sealed class BlockingModule(PrivacyService privacy) : IXmppModule
{
    private const string Namespace = "urn:xmpp:blocking";

    private IHub _hub = null!;
    private long _id;

    /// <inheritdoc/>
    public string Name => "Blocking";

    /// <inheritdoc/>
    public Xep[] Xeps => [new("XEP-0191", "Blocking Command", "1.3", "over the default privacy list; subscriptions stay")];

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        _hub = module.Hub;
        module.Domain.Feature(Namespace);
        module.Account.Iq(StanzaType.Get, "blocklist", Namespace, ListAsync).Iq(StanzaType.Set, "block", Namespace, BlockAsync).Iq(StanzaType.Set, "unblock", Namespace, UnblockAsync);
        privacy.Changed += Push;
    }

    /// <summary>The error of an outcome, or an empty result.</summary>
    internal static IqReply Reply(PrivacyOutcome outcome) => outcome switch
    {
        PrivacyOutcome.ItemNotFound => StanzaError.ItemNotFound,
        PrivacyOutcome.Conflict => StanzaError.Conflict,
        PrivacyOutcome.ResourceConstraint => StanzaError.ResourceConstraint,
        _ => IqReply.Empty,
    };

    private async ValueTask<IqReply> ListAsync(IqRequest request, CancellationToken cancel)
    {
        if (!request.IsOwnAccount)
        {
            return StanzaError.Forbidden;
        }

        request.Session?.Set(Interest.Instance);
        PrivacyLists lists = await privacy.ListsAsync(request.From.Local, cancel).ConfigureAwait(false);
        using var xml = new XmlBuilder();
        Write(xml, "blocklist"u8, lists.Blocked);
        return IqReply.Result(xml);
    }

    private async ValueTask<IqReply> BlockAsync(IqRequest request, CancellationToken cancel)
    {
        if (!request.IsOwnAccount)
        {
            return StanzaError.Forbidden;
        }

        (List<string>? jids, StanzaError? error) = Read(request.Payload());
        if (jids is null || jids.Count == 0)
        {
            return error ?? StanzaError.BadRequest;
        }

        Jid account = request.From.Bare;
        // §2.3: who has seen the account's presence sees it go, while it still may.
        PrivacyLists before = await privacy.ListsAsync(account.Local, cancel).ConfigureAwait(false);
        List<Jid> watchers = await WatchersAsync(account, [.. jids.Except(before.Blocked)], cancel).ConfigureAwait(false);
        foreach (Session session in _hub.Sessions.ListOf(account))
        {
            if (session.IsAvailable && watchers.Count > 0)
            {
                _hub.Router.Broadcast(Stanza.Parse("<presence type='unavailable'/>"u8.ToArray(), session.Jid, null), watchers);
            }
        }

        return Reply(await privacy.BlockAsync(account, jids).ConfigureAwait(false));
    }

    private async ValueTask<IqReply> UnblockAsync(IqRequest request, CancellationToken cancel)
    {
        if (!request.IsOwnAccount)
        {
            return StanzaError.Forbidden;
        }

        (List<string>? jids, StanzaError? error) = Read(request.Payload());
        if (jids is null)
        {
            return error!;
        }

        Jid account = request.From.Bare;
        List<string> blocked = [.. (await privacy.ListsAsync(account.Local, cancel).ConfigureAwait(false)).Blocked];
        PrivacyOutcome outcome = await privacy.UnblockAsync(account, jids.Count > 0 ? jids : null).ConfigureAwait(false);
        if (outcome == PrivacyOutcome.Done)
        {
            // §2.4: and sees it again.
            List<Jid> watchers = await WatchersAsync(account, jids.Count > 0 ? [.. jids.Intersect(blocked)] : blocked, cancel).ConfigureAwait(false);
            foreach (Session session in _hub.Sessions.ListOf(account))
            {
                if (session.Presence is { } presence && watchers.Count > 0)
                {
                    _hub.Router.Broadcast(presence, watchers);
                }
            }
        }

        return Reply(outcome);
    }

    private async ValueTask<List<Jid>> WatchersAsync(Jid account, List<string> jids, CancellationToken cancel) => jids.Count == 0
        ? []
        : [.. (await _hub.Rosters.ContactsAsync(account, cancel).ConfigureAwait(false)).Subscribers.Where(contact => jids.Exists(jid => PrivacyItem.Matches(jid, contact)))];

    private static (List<string>? Jids, StanzaError? Error) Read(Element payload)
    {
        var jids = new List<string>();
        foreach (Element item in payload.Children)
        {
            if (!item.Is("item", Namespace) || item["jid"] is not { } text)
            {
                return (null, StanzaError.BadRequest);
            }

            if (!JidPrep.TryParse(text, out Jid? jid))
            {
                return (null, StanzaError.JidMalformed);
            }

            jids.Add(jid.ToString());
        }

        return (jids, null);
    }

    private static void Write(XmlBuilder xml, ReadOnlySpan<byte> name, IEnumerable<string> jids)
    {
        xml.Open(name, Namespace);
        foreach (string jid in jids)
        {
            xml.Open("item"u8).Attribute("jid"u8, jid).Close("item"u8);
        }

        xml.Close(name);
    }

    // §2.3 to §2.5: all resources that have asked for the list, whoever has changed it by whichever protocol.
    private void Push(Jid account, PrivacyLists before, PrivacyLists after)
    {
        List<string> was = [.. before.Blocked];
        List<string> isNow = [.. after.Blocked];
        List<string> blocked = [.. isNow.Except(was)];
        List<string> unblocked = [.. was.Except(isNow)];
        foreach (Session session in _hub.Sessions.ListOf(account))
        {
            if (session.Get<Interest>() is null)
            {
                continue;
            }

            if (blocked.Count > 0)
            {
                Push(session, "block"u8, blocked);
            }

            if (unblocked.Count > 0)
            {
                Push(session, "unblock"u8, isNow.Count == 0 ? [] : unblocked);
            }
        }
    }

    private void Push(Session session, ReadOnlySpan<byte> name, List<string> jids)
    {
        using var xml = new XmlBuilder();
        Write(xml, name, jids);
        _hub.Router.Send(new OutgoingStanza(StanzaKind.Iq, StanzaType.Set, session.Jid.Bare, xml.ToArray(), $"block{Interlocked.Increment(ref _id)}"), session.Jid);
    }

    private sealed class Interest
    {
        public static readonly Interest Instance = new();
    }
}
