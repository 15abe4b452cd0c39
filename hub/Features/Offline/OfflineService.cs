using System.Collections.Concurrent;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Streams;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Offline;

/// <summary>
/// Messages for who is away (XEP-0160): the port <see cref="IUndeliveredMessages"/> over the store. They are removed when they were given to a client, so a crash between the two repeats some and loses none.
/// </summary>
internal sealed class OfflineService(IHub hub, OfflineStore store, OfflineOptions options) : IUndeliveredMessages
{
    private const MessageTraits Fleeting = MessageTraits.ChatState | MessageTraits.OriginId | MessageTraits.StanzaId | MessageTraits.Delay | MessageTraits.NoCopy | MessageTraits.NoPermanentStore | MessageTraits.Private;

    private readonly ILogger _log = hub.Loggers.CreateLogger<OfflineService>();
    private readonly ConcurrentDictionary<Jid, bool> _sending = new();

    /// <inheritdoc/>
    public bool Takes(StanzaType type, MessageTraits traits) => type is StanzaType.Normal or StanzaType.Chat && (traits & MessageTraits.NoStore) == 0
        // §3: a chat state alone tells nothing later.
        && ((traits & MessageTraits.ChatState) == 0 || (traits & ~Fleeting) != 0);

    /// <inheritdoc/>
    public async ValueTask<StanzaError?> TakeAsync(Stanza message, Jid account)
    {
        try
        {
            if (!await store.AddAsync(account.Local, hub.Time.GetUtcNow(), message.From.ToString(), message.ToBytes()).ConfigureAwait(false))
            {
                return StanzaError.ServiceUnavailable;
            }
        }
        catch (StorageException e)
        {
            return e.IsResourceConstraint ? StanzaError.ResourceConstraint : StanzaError.InternalServerError;
        }

        // Who has come meanwhile has asked for what waits before this did.
        if (Receptive(account) is { } session)
        {
            await SendAsync(session).ConfigureAwait(false);
        }

        return null;
    }

    /// <summary>Gives a session what waits for its account (§2 step 5), unless another gets it now, or one reads it by itself (XEP-0013 §2.2).</summary>
    public async ValueTask SendAsync(Session session)
    {
        Jid account = session.Jid.Bare;
        if (!store.MayWait(account.Local, out long mark))
        {
            return;
        }

        if (hub.Sessions.ListOf(account).Any(s => s.Get<ReadsByItself>() is not null) || !_sending.TryAdd(account, true))
        {
            return;
        }

        try
        {
            long last = 0;
            bool readsTheArchive = session.Get<ReadsTheArchive>() is not null;
            List<OfflineMessage> messages;
            while ((messages = await store.ReadAsync(account.Local, last, options.ChunkBytes).ConfigureAwait(false)).Count > 0 && session is { IsAvailable: true, EndReason: null })
            {
                foreach (OfflineMessage message in messages)
                {
                    if (!readsTheArchive || !IsArchived(message))
                    {
                        Deliver(session, message, withNode: false);
                    }
                }

                last = messages[^1].Id;
                await store.RemoveUpToAsync(account.Local, last).ConfigureAwait(false);
                await session.DrainedAsync().ConfigureAwait(false);
            }

            if (messages.Count == 0)
            {
                store.Unmark(account.Local, mark);
            }
        }
        catch (StorageException e)
        {
            OfflineLog.NotSent(_log, e, account);
        }
        finally
        {
            _sending.TryRemove(account, out _);
        }
    }

    /// <summary>Delivers a message with the time at which it came; with its node for who reads by itself (XEP-0013 §2.4).</summary>
    public void Deliver(Session session, OfflineMessage message, bool withNode)
    {
        if (!Addresses.JidPrep.TryParse(message.Sender, out Jid? sender))
        {
            throw new InvalidOperationException("A stored sender is an address.");
        }

        Stanza stanza = Stanza.Parse(message.Stanza, sender, session.Jid.Bare);
        using var xml = new XmlBuilder(message.Stanza.Length + 256);
        xml.Raw(stanza.Inner.Span);
        // One that comes back here a second time (its client never acknowledged it) has its time already.
        if ((stanza.Traits & MessageTraits.Delay) == 0)
        {
            Forwarded.WriteDelay(xml, message.At, hub.Domain, "Offline Storage");
        }

        if (withNode)
        {
            xml.Open("offline"u8, OfflineModule.Flexible).Open("item"u8).Attribute("node"u8, OfflineNode.Of(message.Id)).Close("item"u8).Close("offline"u8);
        }

        hub.Router.DeliverTo(session, stanza.WithInner(xml.Written));
    }

    private static bool IsArchived(OfflineMessage message) => (Stanza.Parse(message.Stanza, null!, null).Traits & MessageTraits.StanzaId) != 0;

    private Session? Receptive(Jid account)
    {
        foreach (Session session in hub.Sessions.Of(account))
        {
            if (session.IsAvailable && session.Priority >= 0)
            {
                return session;
            }
        }

        return null;
    }
}

/// <summary>Marks a session that reads what waits by itself (XEP-0013 §2.2): nothing is sent unasked while it lives.</summary>
internal sealed class ReadsByItself
{
    public static readonly ReadsByItself Instance = new();
}

/// <summary>Marks a session that was made by Bind 2 (XEP-0386 §3.2): it reads the archive, so what waits and is there too is not sent a second time. Things have no use for an archive.</summary>
internal sealed class ReadsTheArchive
{
    private static readonly ReadsTheArchive Instance = new();

    internal sealed class Mark : IBindFeature
    {
        public string Namespace => string.Empty;

        public ValueTask EnableAsync(Session session, Element? request, XmlBuilder bound, CancellationToken cancel)
        {
            if (!session.IsThing)
            {
                session.Set(Instance);
            }

            return default;
        }
    }
}

/// <summary>Logs of <see cref="OfflineService"/>.</summary>
internal static partial class OfflineLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "What waits for {Account} is not sent now")]
    public static partial void NotSent(ILogger log, Exception e, Jid account);
}
