using IotXmpp.Hub.Storage;

namespace IotXmpp.Hub.Features.Archive;

/// <summary>
/// Holds archives to <see cref="ArchiveOptions.MaxMessages"/>. Not message by message: the oldest go when one in a hundred is too many, and an archive is counted only when it has grown by as much.
/// Of the writer's thread alone.
/// </summary>
internal sealed class ArchiveSizes(ArchiveOptions options)
{
    private readonly Dictionary<string, Size> _sizes = new(StringComparer.Ordinal);

    private int Slack => options.MaxMessages / 100;

    /// <summary>An archive has grown.</summary>
    public void Added(SqlSession session, string owner, int count)
    {
        if (!_sizes.TryGetValue(owner, out Size? size))
        {
            if (_sizes.Count >= options.CachedAccounts)
            {
                _sizes.Clear();
            }

            _sizes.Add(owner, size = new Size());
        }

        size.Count += count;
        if (!size.IsWhole && size.Count > Slack)
        {
            size.Count = ArchiveBlocks.Count(session, owner);
            size.IsWhole = true;
        }

        if (size.IsWhole && size.Count > options.MaxMessages + Slack)
        {
            size.Count -= RemoveOldest(session, owner, size.Count - options.MaxMessages);
        }
    }

    /// <summary>Messages were removed from an archive.</summary>
    public void Removed(string owner, int count)
    {
        if (_sizes.TryGetValue(owner, out Size? size) && size.IsWhole)
        {
            size.Count -= count;
        }
    }

    /// <summary>An archive is gone.</summary>
    public void Forget(string owner) => _sizes.Remove(owner);

    /// <summary>Removes what is too many, a step of it; returns whether there is more.</summary>
    public bool Trim(SqlSession session, string owner)
    {
        long count = ArchiveBlocks.Count(session, owner);
        int removed = count > options.MaxMessages + Slack ? RemoveOldest(session, owner, count - options.MaxMessages) : 0;
        Removed(owner, removed);
        return removed > 0 && count - removed > options.MaxMessages + Slack;
    }

    private int RemoveOldest(SqlSession session, string owner, long count) => ArchiveBlocks.RemoveOldest(session, owner, (int)Math.Min(count, ArchiveStore.ExpiryStep), Slack);

    private sealed class Size
    {
        public long Count { get; set; }

        /// <summary>Whether <see cref="Count"/> is the archive's; else it is what has come while nobody counted.</summary>
        public bool IsWhole { get; set; }
    }
}
