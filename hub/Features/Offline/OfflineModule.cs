using System.Globalization;
using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Offline;

/// <summary>Messages for who is away (XEP-0160), also read one by one (XEP-0013).</summary>
public sealed class OfflineModule(ISqlDatabase database, OfflineOptions options) : IXmppModule, IDiscoProvider
{
    /// <summary>The namespace and node of flexible retrieval.</summary>
    internal const string Flexible = "http://jabber.org/protocol/offline";

    private IHub _hub = null!;
    private OfflineStore _store = null!;
    private OfflineService _offline = null!;

    /// <inheritdoc/>
    public string Name => "Offline";

    /// <inheritdoc/>
    public Xep[] Xeps =>
    [
        new("XEP-0160", "Best Practices for Handling Offline Messages", "1.0.1"),
        new("XEP-0013", "Flexible Offline Message Retrieval", "1.3"),
        new("XEP-0203", "Delayed Delivery", "2.0"),
    ];

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        if (!options.Enabled)
        {
            return;
        }

        _hub = module.Hub;
        _store = new OfflineStore(database, options);
        _offline = new OfflineService(_hub, _store, options);
        module.Undelivered(_offline);
        module.BindFeature(new ReadsTheArchive.Mark());
        module.Presence(Phase.Observe, ArrivedAsync);
        module.Starting(_store.StartAsync);
        module.Domain.Feature("msgoffline").Feature(Flexible);
        module.Account.Iq(StanzaType.Get, "offline", Flexible, ReadAsync).Iq(StanzaType.Set, "offline", Flexible, RemoveAsync).Disco(this);
        _hub.Accounts.Removed += name => _ = _store.RemoveUpToAsync(name, long.MaxValue);
    }

    /// <inheritdoc/>
    public async ValueTask<(bool IsKnown, StanzaError? Error)> InfoAsync(IqRequest request, string? node, DiscoInfo info, CancellationToken cancel)
    {
        if (node != Flexible)
        {
            return (false, null);
        }

        if (Refuses(request) is { } refusal)
        {
            return (true, refusal);
        }

        request.Session!.Set(ReadsByItself.Instance);
        info.Identities.Add(("automation", "message-list", null));
        info.Features.Add(Flexible);
        long count = await _store.CountAsync(request.From.Local, cancel).ConfigureAwait(false);
        info.Forms.Add(new DataForm(FormType.Result, Flexible).Add(new FormField("number_of_messages") { Values = [count.ToString(CultureInfo.InvariantCulture)] }).ToBytes());
        return (true, null);
    }

    /// <inheritdoc/>
    public async ValueTask<DiscoItems> ItemsAsync(IqRequest request, string? node, CancellationToken cancel)
    {
        if (node != Flexible)
        {
            return DiscoItems.Unknown;
        }

        if (Refuses(request) is { } refusal)
        {
            return new DiscoItems(true, [], refusal);
        }

        request.Session!.Set(ReadsByItself.Instance);
        List<OfflineMessage> headers = await _store.HeadersAsync(request.From.Local, cancel).ConfigureAwait(false);
        string account = request.From.Bare.ToString();
        return new DiscoItems(true, [.. headers.Select(header => new DiscoItem(account, OfflineNode.Of(header.Id), header.Sender))]);
    }

    private static StanzaError? Refuses(IqRequest request) => request.IsOwnAccount && request.Session is not null ? null : StanzaError.Forbidden;

    private ValueTask<Verdict> ArrivedAsync(Stanza stanza, Session? sender)
    {
        if (stanza is not { Type: StanzaType.None, To: null } || sender is null)
        {
            return Verdict.Continue;
        }

        bool isReceptive = sender is { IsAvailable: true, Priority: >= 0 };
        bool was = sender.Get<Receptive>() is { Is: true };
        if (isReceptive != was)
        {
            sender.Set(isReceptive ? Receptive.Yes : Receptive.No);
        }

        return isReceptive && !was ? SendAsync(sender) : Verdict.Continue;
    }

    private async ValueTask<Verdict> SendAsync(Session session)
    {
        await _offline.SendAsync(session).ConfigureAwait(false);
        return Verdict.Continue;
    }

    // §2.4 and §2.6: some messages, or all.
    private async ValueTask<IqReply> ReadAsync(IqRequest request, CancellationToken cancel)
    {
        if (Refuses(request) is { } refusal)
        {
            return refusal;
        }

        Session session = request.Session!;
        Element payload = request.Payload();
        session.Set(ReadsByItself.Instance);
        if (payload.Child("fetch") is not null)
        {
            long last = 0;
            List<OfflineMessage> messages;
            while ((messages = await _store.ReadAsync(request.From.Local, last, options.ChunkBytes, cancel).ConfigureAwait(false)).Count > 0)
            {
                messages.ForEach(message => _offline.Deliver(session, message, withNode: true));
                last = messages[^1].Id;
                await session.DrainedAsync().ConfigureAwait(false);
            }

            return IqReply.Empty;
        }

        if (OfflineNode.ReadAll(payload, "view") is not { } ids)
        {
            return StanzaError.BadRequest;
        }

        foreach (long id in ids)
        {
            if (await _store.FindAsync(request.From.Local, id, cancel).ConfigureAwait(false) is not { } message)
            {
                return StanzaError.ItemNotFound;
            }

            _offline.Deliver(session, message, withNode: true);
            await session.DrainedAsync().ConfigureAwait(false);
        }

        return IqReply.Empty;
    }

    // §2.5 and §2.7: some messages, or all.
    private async ValueTask<IqReply> RemoveAsync(IqRequest request, CancellationToken cancel)
    {
        if (Refuses(request) is { } refusal)
        {
            return refusal;
        }

        Element payload = request.Payload();
        if (payload.Child("purge") is not null)
        {
            await _store.RemoveUpToAsync(request.From.Local, long.MaxValue).ConfigureAwait(false);
            return IqReply.Empty;
        }

        if (OfflineNode.ReadAll(payload, "remove") is not { } ids)
        {
            return StanzaError.BadRequest;
        }

        return await _store.RemoveAsync(request.From.Local, ids).ConfigureAwait(false) ? IqReply.Empty : StanzaError.ItemNotFound;
    }

    // Whether messages to the account may go to the session; it asks for what waits each time this becomes true.
    private sealed class Receptive(bool isReceptive)
    {
        public static readonly Receptive Yes = new(true);
        public static readonly Receptive No = new(false);

        public bool Is => isReceptive;
    }
}

/// <summary>The name of a message that waits (XEP-0013 §2.3): its number with as many digits as any, so that names sort as messages do.</summary>
internal static class OfflineNode
{
    /// <summary>Messages that one request may name (1,000: as many as may wait).</summary>
    public const int MaxItems = 1_000;

    public static string Of(long id) => id.ToString("d19", CultureInfo.InvariantCulture);

    /// <summary>The messages that a request names, all with that action; null where it is not so. A name that cannot be one is number 0, which is never there.</summary>
    public static List<long>? ReadAll(Element payload, string action)
    {
        var ids = new List<long>();
        foreach (Element item in payload.Children)
        {
            if (!item.Is("item", OfflineModule.Flexible) || item["action"] != action || item["node"] is not { } node || ids.Count == MaxItems)
            {
                return null;
            }

            ids.Add(long.TryParse(node, NumberStyles.None, CultureInfo.InvariantCulture, out long id) && Of(id) == node ? id : 0);
        }

        return ids.Count > 0 ? ids : null;
    }
}
