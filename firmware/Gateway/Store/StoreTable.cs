using System.Globalization;
using SQLitePCL;

namespace IotXmpp.Gateway;

/// <summary>A sample that waits for its commit.</summary>
internal sealed record StoreEntry(StoreBook Book, long Key, byte[] Bytes, (int Number, string Key)? Shape, Action? Durable);

/// <summary>What the store knows of one thing: its table, and how much of it was kept and lost.</summary>
internal sealed class StoreBook(int number, string id)
{
    public int Number { get; } = number;

    public string Id { get; } = id;

    public string Table { get; } = string.Create(CultureInfo.InvariantCulture, $"s{number}");

    /// <summary>Its table is there.</summary>
    public bool IsMade { get; set; }

    /// <summary>Its table is made by the transaction that is open.</summary>
    public bool IsBeingMade { get; set; }

    public long Stored { get; set; }

    public long Dropped { get; set; }

    public long DroppedKept { get; set; }

    public long Written { get; set; }

    public long WrittenDropped { get; set; }

    public HashSet<long> Leaving { get; } = [];
}

/// <summary>What became of a row.</summary>
internal enum StoreInsert
{
    /// <summary>It is there now.</summary>
    Added,

    /// <summary>It was there already.</summary>
    Known,

    /// <summary>All keys of its millisecond are taken by others.</summary>
    NoRoom,
}

/// <summary>The rows of one thing: a table for each, so that all of them grow at their end and pages are full.</summary>
internal static class StoreTable
{
    /// <summary>Makes the store's own tables, when they are not there, and reads what they have.</summary>
    public static IReadOnlyList<StoreBook> Open(SqliteFile file, SampleForm form)
    {
        file.Script("CREATE TABLE IF NOT EXISTS thing(number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, count INTEGER NOT NULL DEFAULT 0, dropped INTEGER NOT NULL DEFAULT 0);"
            + "CREATE TABLE IF NOT EXISTS shape(number INTEGER PRIMARY KEY, form TEXT NOT NULL);");
        sqlite3_stmt shapes = file.Prepare("SELECT number, form FROM shape ORDER BY number");
        while (file.Step(shapes))
        {
            form.Add(raw.sqlite3_column_int(shapes, 0), raw.sqlite3_column_text(shapes, 1).utf8_to_string());
        }

        var books = new List<StoreBook>();
        sqlite3_stmt things = file.Prepare("SELECT number, id, count, dropped FROM thing");
        while (file.Step(things))
        {
            long dropped = raw.sqlite3_column_int64(things, 3);
            books.Add(new StoreBook(raw.sqlite3_column_int(things, 0), raw.sqlite3_column_text(things, 1).utf8_to_string())
            {
                Stored = raw.sqlite3_column_int64(things, 2),
                Dropped = dropped,
                DroppedKept = dropped,
                IsMade = true,
            });
        }

        return books;
    }

    /// <summary>Makes the table of a thing, when it is not there.</summary>
    public static void Make(SqliteFile file, StoreBook book)
    {
        if (book.IsMade || book.IsBeingMade)
        {
            return;
        }

        file.Script($"CREATE TABLE IF NOT EXISTS {book.Table}(key INTEGER PRIMARY KEY, form BLOB NOT NULL)");
        sqlite3_stmt name = file.Prepare("INSERT OR IGNORE INTO thing(number, id) VALUES (?1, ?2)", book.Number);
        raw.sqlite3_bind_text(name, 2, book.Id);
        file.Step(name);
        book.IsBeingMade = true;
    }

    /// <summary>Adds a row at the first free key of its millisecond.</summary>
    public static StoreInsert Insert(SqliteFile file, StoreBook book, long first, int keys, byte[] form)
    {
        for (long key = first; key < first + keys; key++)
        {
            sqlite3_stmt insert = file.Prepare($"INSERT OR IGNORE INTO {book.Table}(key, form) VALUES (?1, ?2)", key);
            raw.sqlite3_bind_blob(insert, 2, form);
            file.Step(insert);
            if (raw.sqlite3_changes(file.Handle) > 0)
            {
                return StoreInsert.Added;
            }

            // The same sample twice is one sample; another of the same millisecond takes the next key.
            sqlite3_stmt there = file.Prepare($"SELECT form = ?2 FROM {book.Table} WHERE key = ?1", key);
            raw.sqlite3_bind_blob(there, 2, form);
            bool same = file.Step(there) && raw.sqlite3_column_int(there, 0) == 1;
            raw.sqlite3_reset(there);
            if (same)
            {
                return StoreInsert.Known;
            }
        }

        return StoreInsert.NoRoom;
    }
}
