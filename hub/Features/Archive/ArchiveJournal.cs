using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using IotXmpp.Hub.Storage;

namespace IotXmpp.Hub.Features.Archive;

/// <summary>
/// What was kept lately, in the order of its coming: one row for all messages of a unit of work, and one message also where it is for two archives. From there it is sorted into the archives in bulk, when
/// enough has gathered or when somebody asks for an archive that it is for. So a commit writes the messages and little else; rows of archives, each at a place of its own, would cost some pages a message.
/// Only for a database that is this hub's alone: places are given by its one writer.
/// </summary>
internal sealed class ArchiveJournal(ISqlDatabase database, ArchiveOptions options, TimeProvider time, ArchiveSizes sizes)
{
    /// <summary>Messages that one unit of work writes at most (128: a row of some 40 KB); more are the next unit's, in the same commit.</summary>
    private const int MaxBatch = 128;

    /// <summary>Builders of blocks that are kept for the next time (128, some 40 KB each).</summary>
    private const int MaxSpareBlocks = 128;

    // Of the writer's thread alone.
    private readonly ArchiveJournalBatch _row = new();
    private readonly Stack<ArchiveBlockBuilder> _spare = new();

    private readonly Lock _gate = new();
    private Batch? _open;
    private int _count = -1; // rows; written by the writer's thread, -1 where it has to be asked for
    private int _isSorting;

    /// <summary>Writes a message; what comes while a commit is under way shares the next one, and its unit of work. What awaits goes on in the order of the calls.</summary>
    public Task<(ArchiveId? First, ArchiveId? Second)> AppendAsync(ArchiveEntry? first, ArchiveEntry? second)
    {
        var message = new Entries(first, second);
        lock (_gate)
        {
            // One whose unit never ran (the queue of writes was full) takes no more.
            if (_open is null or { IsEnded: true } or { Messages.Count: MaxBatch })
            {
                _open = new Batch();
                _open.Messages.Add(message);
                _ = WriteAsync(_open);
            }
            else
            {
                _open.Messages.Add(message);
            }
        }

        return message.Task;
    }

    /// <summary>Sees to it that an archive has what was kept for it.</summary>
    public async ValueTask SortedAsync(string owner, CancellationToken cancel)
    {
        if (await database.ReadAsync(session => Concerns(session, owner), cancel).ConfigureAwait(false))
        {
            await SortAsync(cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Sorts all of it into the archives.</summary>
    public Task SortAsync(CancellationToken cancel) => database.WriteAsync(Sort, cancellationToken: cancel);

    /// <summary>The same, within a unit of work.</summary>
    public bool Sort(SqlSession session)
    {
        // In the order of the archives' tree: rows of one owner meet the same pages.
        var owners = new SortedDictionary<string, Gathered>(StringComparer.Ordinal);
        SqlStatement rows = session.Prepare("SELECT last, entries, stanzas FROM archive_journal ORDER BY seq");
        long last = 0;
        while (rows.Read())
        {
            last = rows.GetInt64(0);
            byte[] stanzas = rows.GetBytes(2);
            var entries = new ArchiveJournalReader(rows.GetBytes(1));
            while (entries.Read())
            {
                string owner = Encoding.UTF8.GetString(entries.Owner);
                if (!owners.TryGetValue(owner, out Gathered? gathered))
                {
                    owners.Add(owner, gathered = new Gathered(_spare.TryPop(out ArchiveBlockBuilder? spare) ? spare : new ArchiveBlockBuilder()));
                }

                gathered.Block.Add(entries.Id, entries.Peer, entries.Resource, stanzas.AsSpan(entries.Offset, entries.Length));
                gathered.Count++;
                if (gathered.Block.IsFull)
                {
                    Flush(session, owner, gathered.Block);
                }
            }
        }

        if (owners.Count == 0)
        {
            return false;
        }

        Volatile.Write(ref _count, -1);
        foreach ((string owner, Gathered gathered) in owners)
        {
            Flush(session, owner, gathered.Block);
            if (_spare.Count < MaxSpareBlocks)
            {
                _spare.Push(gathered.Block);
            }

            sizes.Added(session, owner, gathered.Count);
        }

        session.Prepare("UPDATE archive_place SET seq = $1").Bind(1, last).Execute();
        session.Execute("DELETE FROM archive_journal");
        return true;
    }

    private static bool Concerns(SqlSession session, string owner)
    {
        byte[] wanted = Encoding.UTF8.GetBytes(owner);
        SqlStatement rows = session.Prepare("SELECT entries FROM archive_journal");
        while (rows.Read())
        {
            var entries = new ArchiveJournalReader(rows.GetBytes(0));
            while (entries.Read())
            {
                if (entries.Owner.SequenceEqual(wanted))
                {
                    rows.Reset();
                    return true;
                }
            }
        }

        return false;
    }

    private static void Flush(SqlSession session, string owner, ArchiveBlockBuilder block)
    {
        if (block.Count > 0 && !ArchiveBlocks.Insert(session, owner, block))
        {
            throw new StorageException(StorageFailure.Constraint, "A place in an archive was given twice.");
        }
    }

    private async Task WriteAsync(Batch batch)
    {
        try
        {
            await database.WriteAsync(session => Write(session, batch), inOrder: true).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            List<Entries> lost;
            lock (_gate)
            {
                batch.IsEnded = true;
                lost = batch.Messages;
            }

            foreach (Entries message in lost)
            {
                message.SetException(e);
            }

            return;
        }

        SortIfLong();
        foreach (Entries message in batch.Messages)
        {
            message.SetResult((message.FirstId, message.SecondId));
        }
    }

    private bool Write(SqlSession session, Batch batch)
    {
        lock (_gate)
        {
            if (_open == batch)
            {
                _open = null;
            }
        }

        int count = _count >= 0 ? _count : (int)Number(session, "SELECT CAST(coalesce(sum(number), 0) AS BIGINT) FROM archive_journal");
        Volatile.Write(ref _count, -1);
        // Behind all that was ever given, also before this process began, and also where the clock has gone back.
        long seq = Math.Max(Number(session, "SELECT seq FROM archive_place"), Number(session, "SELECT coalesce(max(last), 0) FROM archive_journal"));
        long now = time.GetUtcNow().ToUnixTimeMilliseconds() * 1000;
        Span<long> salts = new long[batch.Messages.Count * 2];
        RandomNumberGenerator.Fill(MemoryMarshal.AsBytes(salts));
        ArchiveJournalBatch row = _row;
        row.Clear();
        foreach (Entries message in batch.Messages)
        {
            seq = Math.Max(seq + 1, now);
            var id = new ArchiveId(seq, salts[0]);
            if (message.First is not { } first || message.Second is not { } second)
            {
                row.Add(id, (message.First ?? message.Second)!.Value, 0, null);
                message.FirstId = message.First is null ? null : id;
                message.SecondId = message.First is null ? id : null;
            }
            else if (first.Stanza == second.Stanza)
            {
                row.Add(id, first, salts[1], second);
                (message.FirstId, message.SecondId) = (id, id with { Salt = salts[1] });
            }
            else
            {
                // Each account sees another message (XEP-0359 §4): there are two.
                var secondId = new ArchiveId(++seq, salts[1]);
                row.Add(id, first, 0, null);
                row.Add(secondId, second, 0, null);
                (message.FirstId, message.SecondId) = (id, secondId);
            }

            salts = salts[2..];
        }

        session.Prepare("INSERT INTO archive_journal (seq, last, number, entries, stanzas) VALUES ($1, $2, $3, $4, $5)")
            .Bind(1, row.First).Bind(2, row.Last).Bind(3, row.Count).Bind(4, row.Entries).Bind(5, row.Stanzas).Execute();
        Volatile.Write(ref _count, count + row.Count);
        return true;
    }

    private static long Number(SqlSession session, string sql)
    {
        SqlStatement row = session.Prepare(sql);
        row.Read();
        long number = row.GetInt64(0);
        row.Reset();
        return number;
    }

    private void SortIfLong()
    {
        if (Volatile.Read(ref _count) >= options.MaxRecent && Interlocked.Exchange(ref _isSorting, 1) == 0)
        {
            _ = SortLongAsync();
        }
    }

    private async Task SortLongAsync()
    {
        try
        {
            await SortAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (StorageException)
        {
            // The storage has logged it; the next message tries again.
        }
        finally
        {
            Volatile.Write(ref _isSorting, 0);
        }
    }

    private sealed class Gathered(ArchiveBlockBuilder block)
    {
        public ArchiveBlockBuilder Block => block;

        public int Count { get; set; }
    }

    private sealed class Batch
    {
        public List<Entries> Messages { get; } = [];

        /// <summary>Whether it failed; under the gate.</summary>
        public bool IsEnded { get; set; }
    }

    private sealed class Entries(ArchiveEntry? first, ArchiveEntry? second) : TaskCompletionSource<(ArchiveId? First, ArchiveId? Second)>
    {
        public ArchiveEntry? First => first;

        public ArchiveEntry? Second => second;

        public ArchiveId? FirstId { get; set; }

        public ArchiveId? SecondId { get; set; }
    }
}
