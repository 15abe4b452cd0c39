using System.Collections.Concurrent;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Storage.Migrations;

namespace IotXmpp.Hub.Features.Offline;

/// <summary>A message that waits.</summary>
/// <param name="Id">Its number, rising.</param>
/// <param name="At">When it came.</param>
/// <param name="Sender">Who sent it (full JID).</param>
/// <param name="Stanza">The whole stanza; empty where it was not asked for.</param>
public sealed record OfflineMessage(long Id, DateTimeOffset At, string Sender, byte[] Stanza);

/// <summary>Messages that wait, in SQL. Owners are localparts, prepared.</summary>
public sealed class OfflineStore(ISqlDatabase database, OfflineOptions options)
{
    /// <summary>The table. A released migration never changes.</summary>
    public static IReadOnlyList<Migration> Migrations { get; } =
    [
        new("Offline", 1, "messages for accounts that are away", """
            CREATE TABLE offline_message (
                id {identity},
                owner {text} NOT NULL,
                at {long} NOT NULL,
                bytes {long} NOT NULL,
                sender {text} NOT NULL,
                stanza {blob} NOT NULL);
            CREATE INDEX offline_message_owner ON offline_message (owner, id, bytes);
            """),
    ];

    // For whom something may wait, with the number of the last change: a log-in of anybody else asks no database. Bounded by the accounts.
    private readonly ConcurrentDictionary<string, long> _owners = new(StringComparer.Ordinal);
    private long _changes;

    /// <summary>Learns for whom messages wait; called once before the first session.</summary>
    public async ValueTask StartAsync(CancellationToken cancel)
    {
        List<string> owners = await database.ReadAsync(
            session =>
            {
                var found = new List<string>();
                SqlStatement rows = session.Prepare("SELECT DISTINCT owner FROM offline_message");
                while (rows.Read())
                {
                    found.Add(rows.GetString(0));
                }

                return found;
            },
            cancel).ConfigureAwait(false);
        owners.ForEach(Mark);
    }

    /// <summary>Whether something may wait for an account; from memory, and never wrong about "no" when what was stored is.</summary>
    /// <param name="owner">The account.</param>
    /// <param name="mark">What <see cref="Unmark"/> wants to know.</param>
    public bool MayWait(string owner, out long mark) => _owners.TryGetValue(owner, out mark);

    /// <summary>Nothing waits for an account any more, unless something has come since <paramref name="mark"/> was given.</summary>
    public void Unmark(string owner, long mark) => _owners.TryRemove(new KeyValuePair<string, long>(owner, mark));

    /// <summary>Stores a message; false where the account has as many as it may.</summary>
    public Task<bool> AddAsync(string owner, DateTimeOffset at, string sender, byte[] stanza) => database.WriteAsync(
        session =>
        {
            SqlStatement sums = session.Prepare("SELECT count(*), coalesce(sum(bytes), 0) FROM offline_message WHERE owner = $1").Bind(1, owner);
            sums.Read();
            bool isFull = sums.GetInt64(0) >= options.MaxMessages || sums.GetInt64(1) + stanza.Length > options.MaxBytes;
            sums.Reset();
            if (!isFull)
            {
                session.Prepare("INSERT INTO offline_message (owner, at, bytes, sender, stanza) VALUES ($1, $2, $3, $4, $5)")
                    .Bind(1, owner).Bind(2, at.ToUnixTimeMilliseconds()).Bind(3, stanza.Length).Bind(4, sender).Bind(5, stanza).Execute();
            }

            return !isFull;
        },
        isAdded =>
        {
            if (isAdded)
            {
                Mark(owner);
            }
        },
        inOrder: true);

    /// <summary>How many wait.</summary>
    public ValueTask<long> CountAsync(string owner, CancellationToken cancel = default) => database.ReadAsync(
        session =>
        {
            SqlStatement count = session.Prepare("SELECT count(*) FROM offline_message WHERE owner = $1").Bind(1, owner);
            count.Read();
            long n = count.GetInt64(0);
            count.Reset();
            return n;
        },
        cancel);

    /// <summary>Who has sent what waits, oldest first.</summary>
    public ValueTask<List<OfflineMessage>> HeadersAsync(string owner, CancellationToken cancel = default) => database.ReadAsync(
        session =>
        {
            var headers = new List<OfflineMessage>();
            SqlStatement rows = session.Prepare("SELECT id, at, sender FROM offline_message WHERE owner = $1 ORDER BY id").Bind(1, owner);
            while (rows.Read())
            {
                headers.Add(new OfflineMessage(rows.GetInt64(0), DateTimeOffset.FromUnixTimeMilliseconds(rows.GetInt64(1)), rows.GetString(2), []));
            }

            return headers;
        },
        cancel);

    /// <summary>Messages behind a number, oldest first, until they have that many bytes: at least one where there is any.</summary>
    public ValueTask<List<OfflineMessage>> ReadAsync(string owner, long after, int bytes, CancellationToken cancel = default) => database.ReadAsync(
        session =>
        {
            var messages = new List<OfflineMessage>();
            SqlStatement rows = session.Prepare("SELECT id, at, sender, stanza FROM offline_message WHERE owner = $1 AND id > $2 ORDER BY id").Bind(1, owner).Bind(2, after);
            for (int read = 0; rows.Read(); read += messages[^1].Stanza.Length)
            {
                if (read >= bytes)
                {
                    rows.Reset();
                    break;
                }

                messages.Add(Message(rows));
            }

            return messages;
        },
        cancel);

    /// <summary>One message, or null.</summary>
    public ValueTask<OfflineMessage?> FindAsync(string owner, long id, CancellationToken cancel = default) => database.ReadAsync(
        session =>
        {
            SqlStatement row = session.Prepare("SELECT id, at, sender, stanza FROM offline_message WHERE owner = $1 AND id = $2").Bind(1, owner).Bind(2, id);
            OfflineMessage? message = row.Read() ? Message(row) : null;
            row.Reset();
            return message;
        },
        cancel);

    /// <summary>Removes messages, all or none; false where one is not there.</summary>
    public Task<bool> RemoveAsync(string owner, IReadOnlyList<long> ids) => database.WriteAsync(session =>
    {
        foreach (long id in ids)
        {
            SqlStatement row = session.Prepare("SELECT 1 FROM offline_message WHERE owner = $1 AND id = $2").Bind(1, owner).Bind(2, id);
            bool isThere = row.Read();
            row.Reset();
            if (!isThere)
            {
                return false;
            }
        }

        foreach (long id in ids)
        {
            session.Prepare("DELETE FROM offline_message WHERE owner = $1 AND id = $2").Bind(1, owner).Bind(2, id).Execute();
        }

        return true;
    });

    /// <summary>Removes messages up to a number.</summary>
    public Task RemoveUpToAsync(string owner, long id) => database.WriteAsync(
        session => session.Prepare("DELETE FROM offline_message WHERE owner = $1 AND id <= $2").Bind(1, owner).Bind(2, id).Execute());

    private void Mark(string owner) => _owners[owner] = Interlocked.Increment(ref _changes);

    private static OfflineMessage Message(SqlStatement row) => new(row.GetInt64(0), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(1)), row.GetString(2), row.GetBytes(3));
}
