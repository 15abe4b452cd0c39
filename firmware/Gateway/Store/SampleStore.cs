using IotXmpp.Things;
using SQLitePCL;

namespace IotXmpp.Gateway;

/// <summary>
/// What waits for the hub, in one SQLite file that survives <c>kill -9</c> and power loss: samples of the gateway's own thing and of those behind it, each with its time.
/// Writes gather until <see cref="Commit"/>; one sync serves all of them. When it is full the thing that holds most loses its oldest, and that is counted. A row's key
/// is its time: sixteen to the millisecond; the same sample twice is kept once. Thread-safe.
/// </summary>
public sealed class SampleStore : IDisposable
{
    private const int KeysPerMs = 16;

    private readonly Lock _gate = new();
    private readonly Lock _writing = new();
    private readonly StoreLimits _limits;
    private readonly SqliteFile _writer;
    private readonly SqliteFile _reader;
    private readonly SampleForm _form = new();
    private readonly Dictionary<string, StoreBook> _books = new(StringComparer.Ordinal);
    private List<StoreEntry> _pending = [];
    private List<(StoreBook Book, long[] Keys)> _removals = [];

    /// <summary>Opens a store, which is made when it is not there.</summary>
    /// <param name="path">The file; nobody else uses it.</param>
    /// <param name="limits">Its bounds; null for the usual.</param>
    /// <exception cref="SampleStoreException">The file cannot be opened or is no store.</exception>
    public SampleStore(string path, StoreLimits? limits = null)
    {
        _limits = limits ?? new StoreLimits();
        _writer = new SqliteFile(path, true, _limits.MaxBytes);
        try
        {
            foreach (StoreBook book in StoreTable.Open(_writer, _form))
            {
                _books.Add(book.Id, book);
                Count += book.Stored;
            }

            _reader = new SqliteFile(path, false, 0);
        }
        catch
        {
            _writer.Dispose();
            throw;
        }
    }

    /// <summary>Samples that wait, on the disk.</summary>
    public long Count { get; private set; }

    /// <summary>Samples that wait for their commit.</summary>
    public int Pending => Locked(() => _pending.Count);

    /// <summary>Whether samples that the hub has wait for a commit that removes them.</summary>
    public bool IsLeaving => Locked(() => _removals.Count > 0);

    /// <summary>Samples that were lost, ever: the oldest of a full store, and those that the disk refused.</summary>
    public long Dropped
    {
        get
        {
            lock (_gate)
            {
                return _books.Values.Sum(b => b.Dropped);
            }
        }
    }

    /// <summary>The things that have samples here.</summary>
    public IReadOnlyList<string> Things
    {
        get
        {
            lock (_gate)
            {
                return [.. _books.Values.Where(b => b.Stored > 0).Select(b => b.Id)];
            }
        }
    }

    /// <summary>Samples of one thing that wait, on the disk.</summary>
    public long CountOf(string thingId)
    {
        lock (_gate)
        {
            return _books.TryGetValue(thingId, out StoreBook? book) ? book.Stored : 0;
        }
    }

    /// <summary>Samples of one thing that were lost, ever.</summary>
    public long DroppedOf(string thingId)
    {
        lock (_gate)
        {
            return _books.TryGetValue(thingId, out StoreBook? book) ? book.Dropped : 0;
        }
    }

    /// <summary>Takes a sample; it is durable after the next <see cref="Commit"/>.</summary>
    /// <param name="thingId">Whose it is.</param>
    /// <param name="sample">The sample; it is copied.</param>
    /// <param name="durable">Called after the commit, on its thread; may be null.</param>
    /// <returns>False when it is not taken: it makes a new form of sample, and there are too many of them.</returns>
    public bool Add(string thingId, Sample sample, Action? durable = null)
    {
        ArgumentNullException.ThrowIfNull(sample);
        lock (_gate)
        {
            StoreBook book = BookOf(thingId);
            byte[]? bytes = _form.Write(sample, out (int, string)? shape);
            if (bytes is null)
            {
                book.Dropped++;
                return false;
            }

            if (_pending.Count >= _limits.MaxPending)
            {
                // A shape that goes with it is kept all the same: others may have it too.
                StoreEntry oldest = _pending[0];
                _pending.RemoveAt(0);
                oldest.Book.Dropped++;
                if (oldest.Shape is { } kept && shape is null)
                {
                    shape = kept;
                }
            }

            _pending.Add(new StoreEntry(book, sample.TimeMs * KeysPerMs, bytes, shape, durable));
            return true;
        }
    }

    /// <summary>The oldest samples of a thing that are on the disk.</summary>
    /// <param name="thingId">Whose.</param>
    /// <param name="from">Only keys from this on; 0 for all.</param>
    /// <param name="max">How many at most.</param>
    /// <param name="skip">Keys that are left out, such as those on their way; may be null.</param>
    /// <returns>Keys and samples, oldest first.</returns>
    /// <exception cref="SampleStoreException">The file cannot be read.</exception>
    public IReadOnlyList<(long Key, Sample Sample)> Oldest(string thingId, long from, int max, IReadOnlySet<long>? skip = null)
    {
        lock (_gate)
        {
            if (!_books.TryGetValue(thingId, out StoreBook? book) || !book.IsMade)
            {
                return [];
            }

            var found = new List<(long, Sample)>();
            var unreadable = new List<long>();
            sqlite3_stmt rows = _reader.Prepare($"SELECT key, form FROM {book.Table} WHERE key >= ?1 ORDER BY key", from);
            while (found.Count < max && _reader.Step(rows))
            {
                long key = raw.sqlite3_column_int64(rows, 0);
                if (skip?.Contains(key) is true || book.Leaving.Contains(key))
                {
                    continue;
                }

                var sample = new Sample();
                if (_form.TryRead(raw.sqlite3_column_blob(rows, 1), Floor(key), sample))
                {
                    found.Add((key, sample));
                }
                else
                {
                    unreadable.Add(key);
                }
            }

            raw.sqlite3_reset(rows);
            if (unreadable.Count > 0)
            {
                // Written by a later version, or a disk that forgets: it can only be given up.
                book.Dropped += unreadable.Count;
                Take(book, [.. unreadable]);
            }

            return found;
        }
    }

    /// <summary>The key of the first sample at a time.</summary>
    public static long KeyAt(long timeMs) => timeMs * KeysPerMs;

    /// <summary>These samples are the hub's now: they leave, with the next commit.</summary>
    public void Remove(string thingId, IReadOnlyList<long> keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        lock (_gate)
        {
            if (keys.Count > 0 && _books.TryGetValue(thingId, out StoreBook? book))
            {
                Take(book, [.. keys]);
            }
        }
    }

    /// <summary>The hub does not take these samples: they are given up, and counted.</summary>
    public void GiveUp(string thingId, IReadOnlyList<long> keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        lock (_gate)
        {
            if (_books.TryGetValue(thingId, out StoreBook? book))
            {
                book.Dropped += keys.Count;
            }
        }

        Remove(thingId, keys);
    }

    /// <summary>Makes durable what was added and removed since the last commit: one transaction, one sync.</summary>
    /// <exception cref="SampleStoreException">The disk refuses; everything stays pending and is tried again by the next call.</exception>
    public void Commit()
    {
        List<StoreEntry> entries;
        List<(StoreBook Book, long[] Keys)> removals;
        lock (_writing)
        {
            lock (_gate)
            {
                if (_pending.Count == 0 && _removals.Count == 0)
                {
                    return;
                }

                (entries, _pending) = (_pending, []);
                (removals, _removals) = (_removals, []);
            }

            try
            {
                for (int attempt = 0; ; attempt++)
                {
                    try
                    {
                        Write(entries, removals);
                        break;
                    }
                    catch (SampleStoreException e) when (e.IsFull && attempt < 4)
                    {
                        _writer.Rollback();
                        // Room first: the oldest go, the newest stay.
                        lock (_gate)
                        {
                            Undo(removals);
                        }

                        WriteRoom(entries.Count << attempt);
                    }
                }
            }
            catch
            {
                _writer.Rollback();
                lock (_gate)
                {
                    Undo(removals);
                    _pending = [.. entries, .. _pending];
                    _removals = [.. removals, .. _removals];
                    Trim();
                }

                throw;
            }
        }

        foreach (StoreEntry entry in entries)
        {
            entry.Durable?.Invoke();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_writing)
        {
            lock (_gate)
            {
                _reader.Dispose();
                _writer.Dispose();
            }
        }
    }

    private static long Floor(long key) => key >= 0 ? key / KeysPerMs : -((-key + KeysPerMs - 1) / KeysPerMs);

    private StoreBook BookOf(string thingId)
    {
        if (!_books.TryGetValue(thingId, out StoreBook? book))
        {
            book = new StoreBook(_books.Values.Select(b => b.Number).DefaultIfEmpty(0).Max() + 1, thingId);
            _books.Add(thingId, book);
        }

        return book;
    }

    private T Locked<T>(Func<T> read)
    {
        lock (_gate)
        {
            return read();
        }
    }

    private void Take(StoreBook book, long[] keys)
    {
        book.Leaving.UnionWith(keys);
        _removals.Add((book, keys));
    }

    private void Trim()
    {
        for (int i = 0; i < _pending.Count && _pending.Count > _limits.MaxPending;)
        {
            if (_pending[i].Shape is null)
            {
                _pending[i].Book.Dropped++;
                _pending.RemoveAt(i);
            }
            else
            {
                i++;
            }
        }
    }

    // What a transaction that failed had counted is counted back.
    private void Undo(List<(StoreBook Book, long[] Keys)> removals)
    {
        foreach (StoreBook book in _books.Values)
        {
            Count -= book.Written;
            book.Stored -= book.Written;
            book.Dropped -= book.WrittenDropped;
            book.Written = 0;
            book.WrittenDropped = 0;
            book.IsBeingMade = false;
        }

        foreach ((StoreBook book, long[] keys) in removals)
        {
            book.Leaving.UnionWith(keys);
        }
    }

    private void WriteRoom(int samples)
    {
        _writer.Script("BEGIN IMMEDIATE");
        for (int gone = 0; gone < samples;)
        {
            int more = DropOldest();
            if (more == 0)
            {
                break;
            }

            gone += more;
        }

        Finish();
    }

    private void Write(List<StoreEntry> entries, List<(StoreBook Book, long[] Keys)> removals)
    {
        _writer.Script("BEGIN IMMEDIATE");
        foreach (StoreEntry entry in entries)
        {
            if (entry.Shape is { } shape)
            {
                sqlite3_stmt keep = _writer.Prepare("INSERT OR IGNORE INTO shape(number, form) VALUES (?1, ?2)", shape.Number);
                raw.sqlite3_bind_text(keep, 2, shape.Key);
                _writer.Step(keep);
            }
        }

        foreach ((StoreBook book, long[] keys) in removals)
        {
            foreach (long key in keys)
            {
                Counted(book, book.IsMade ? -_writer.Run($"DELETE FROM {book.Table} WHERE key = ?1", key) : 0);
            }
        }

        foreach (StoreEntry entry in entries)
        {
            StoreTable.Make(_writer, entry.Book);
            Insert(entry);
            if (Count > _limits.MaxSamples)
            {
                DropOldest();
            }
        }

        Finish();
        lock (_gate)
        {
            foreach ((StoreBook book, long[] keys) in removals)
            {
                book.Leaving.ExceptWith(keys);
            }
        }
    }

    private void Finish()
    {
        foreach (StoreBook book in Changed())
        {
            _writer.Run("UPDATE thing SET count = ?2, dropped = ?3 WHERE number = ?1", book.Number, book.Stored, book.Dropped);
        }

        _writer.Script("COMMIT");
        lock (_gate)
        {
            foreach (StoreBook book in _books.Values)
            {
                book.Written = 0;
                book.WrittenDropped = 0;
                book.IsMade |= book.IsBeingMade;
                book.IsBeingMade = false;
            }
        }
    }

    private StoreBook[] Changed()
    {
        lock (_gate)
        {
            return [.. _books.Values.Where(b => b.Written != 0 || b.Dropped != b.DroppedKept).Select(b =>
            {
                b.DroppedKept = b.Dropped;
                return b;
            })];
        }
    }

    private void Insert(StoreEntry entry)
    {
        switch (StoreTable.Insert(_writer, entry.Book, entry.Key, KeysPerMs, entry.Bytes))
        {
            case StoreInsert.Added:
                Counted(entry.Book, 1);
                break;
            case StoreInsert.NoRoom:
                lock (_gate)
                {
                    entry.Book.Dropped++;
                }

                break;
            default:
                break; // the same sample twice is one sample
        }
    }

    // Who holds most loses its oldest: one thing that talks much does not push out the others.
    private int DropOldest()
    {
        StoreBook? most;
        lock (_gate)
        {
            most = _books.Values.Where(b => (b.IsMade || b.IsBeingMade) && b.Stored > 0).MaxBy(b => b.Stored);
        }

        if (most is null)
        {
            return 0;
        }

        int count = (int)Math.Min(_limits.DropAtOnce, Math.Max(1, most.Stored / 8));
        int gone = _writer.Run($"DELETE FROM {most.Table} WHERE key IN (SELECT key FROM {most.Table} ORDER BY key LIMIT ?1)", count);
        Counted(most, -gone);
        lock (_gate)
        {
            most.Dropped += gone;
            most.WrittenDropped += gone;
        }

        return gone;
    }

    private void Counted(StoreBook book, int by)
    {
        lock (_gate)
        {
            Count += by;
            book.Stored += by;
            book.Written += by;
        }
    }
}
