using IotXmpp.Hub.Features.PubSub;
using IotXmpp.Hub.Features.PubSub.Pep;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Bookmarks;

/// <summary>
/// Keeps the two nodes in which clients have bookmarks the same (XEP-0402 §5.3, <c>#compat-pep</c>): one item a room, and all rooms in one item (XEP-0048 §3). One account at a time is worked off in
/// the order of its changes; of several lists that came meanwhile the last counts, so nothing can pile up.
/// </summary>
internal sealed class BookmarkNodes(IHub hub, PersonalEvents events, BookmarkList list)
{
    private const string Item = "current";

    private readonly ILogger _log = hub.Loggers.CreateLogger<BookmarkNodes>();
    private readonly Dictionary<string, Work> _work = new(StringComparer.Ordinal);

    /// <summary>Hears of what accounts publish.</summary>
    public void OnPublished(Jid account, string node, IReadOnlyList<PublishedItem> items, AccessModel access)
    {
        if (node == BookmarkList.Node)
        {
            Begin(account, null);
        }
        else if (node == BookmarkList.Old && items.Count > 0)
        {
            // The payload is the reader's: it is copied before this returns.
            Begin(account, items[^1].Payload.ToArray());
        }
    }

    /// <summary>Hears of what accounts retract.</summary>
    public void OnRetracted(Jid account, string node, IReadOnlyList<string> ids)
    {
        if (node == BookmarkList.Node)
        {
            Begin(account, null);
        }
    }

    private void Begin(Jid account, byte[]? storage)
    {
        lock (_work)
        {
            bool isRunning = _work.TryGetValue(account.Local, out Work? work);
            if (storage is not null && work?.Own is { } own && storage.AsSpan().SequenceEqual(own))
            {
                return; // the hub's own list: whoever added a room meanwhile keeps it
            }

            work ??= _work[account.Local] = new Work();
            work.List = storage ?? work.List;
            work.IsOldStale |= storage is null;
            if (isRunning)
            {
                return;
            }
        }

        _ = RunAsync(account);
    }

    private async Task RunAsync(Jid account)
    {
        while (Take(account) is var (storage, isOldStale))
        {
            try
            {
                // What an old client writes is taken first, else the list before it would be written over that.
                if (storage is not null && await list.ReplaceAsync(account, Element.Parse(storage)).ConfigureAwait(false) is { } error)
                {
                    BookmarkLog.NotTaken(_log, account, error.Condition);
                }
                else if (storage is null && isOldStale)
                {
                    await WriteOldAsync(account).ConfigureAwait(false);
                }
            }
            catch (StorageException e)
            {
                BookmarkLog.NotUnified(_log, e, account);
            }
        }
    }

    private (byte[]? List, bool IsOldStale)? Take(Jid account)
    {
        lock (_work)
        {
            Work work = _work[account.Local];
            (byte[]? List, bool IsOldStale) next = (work.List, work.IsOldStale);
            if (next is { List: null, IsOldStale: false })
            {
                _work.Remove(account.Local);
                return null;
            }

            work.List = null;
            work.IsOldStale = next is { List: not null, IsOldStale: true };
            return next;
        }
    }

    private async Task WriteOldAsync(Jid account)
    {
        IReadOnlyList<PublishedItem> rooms = await list.ReadAsync(account).ConfigureAwait(false);
        AccessModel? access = await events.AccessAsync(account, BookmarkList.Old).ConfigureAwait(false);
        if (access is null ? rooms.Count == 0 : access != AccessModel.Whitelist)
        {
            return; // §6: a node that others may read never gets rooms that only the account should see
        }

        Element? before = await events.ItemAsync(account, account, BookmarkList.Old, Item).ConfigureAwait(false) is { } item ? Element.Parse(item.Payload.Span) : null;
        Element storage = BookmarkList.Storage(rooms, before);
        if (before is not null && BookmarkList.HaveTheSameRooms(before, storage))
        {
            return;
        }

        byte[] payload = storage.ToBytes(outerNamespace: "\0");
        lock (_work)
        {
            _work[account.Local].Own = payload;
        }

        if (await events.PublishAsync(account, BookmarkList.Old, Item, payload, usual => usual with { AccessModel = AccessModel.Whitelist, MaxItems = 1, PersistItems = true }).ConfigureAwait(false) is { } error)
        {
            BookmarkLog.NotTaken(_log, account, error.Condition);
        }
    }

    private sealed class Work
    {
        /// <summary>The last list that an old client has published and that waits, or null.</summary>
        public byte[]? List { get; set; }

        /// <summary>Whether rooms have changed since the old node was written.</summary>
        public bool IsOldStale { get; set; }

        /// <summary>What the hub itself has published last.</summary>
        public byte[]? Own { get; set; }
    }
}

/// <summary>Logs of <see cref="BookmarkNodes"/>.</summary>
internal static partial class BookmarkLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "The bookmarks of {Account} in one form are not in the other: {Condition}")]
    public static partial void NotTaken(ILogger log, Jid account, string condition);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The bookmarks of {Account} in one form are not in the other")]
    public static partial void NotUnified(ILogger log, Exception e, Jid account);
}
