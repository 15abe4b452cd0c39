using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Inventory;

/// <summary>A note on a thing; immutable.</summary>
/// <param name="Id">Its number, unique at the thing, growing.</param>
/// <param name="At">When it was written.</param>
/// <param name="Author">Who wrote it (bare JID); null for the operator of the machine.</param>
/// <param name="Text">What it says.</param>
public sealed record ThingNote(long Id, DateTimeOffset At, Jid? Author, string Text);

/// <summary>Notes in SQL.</summary>
public sealed class NoteStore(ISqlDatabase database)
{
    /// <summary>The notes on a thing, the newest first.</summary>
    public ValueTask<List<ThingNote>> ListAsync(string thing, long before, int max, CancellationToken cancel = default) => database.ReadAsync(
        session =>
        {
            var notes = new List<ThingNote>();
            SqlStatement rows = session.Prepare("SELECT id, at, author, content FROM thing_note WHERE thing = $1 AND id < $2 ORDER BY id DESC LIMIT $3").Bind(1, thing).Bind(2, before).Bind(3, max);
            while (rows.Read())
            {
                notes.Add(Read(rows));
            }

            return notes;
        },
        cancel);

    /// <summary>Writes a note; null where there are <paramref name="most"/> already.</summary>
    public Task<ThingNote?> AddAsync(string thing, DateTimeOffset at, Jid? author, string text, int most) => database.WriteAsync(session =>
    {
        SqlStatement row = session.Prepare("SELECT count(*), coalesce(max(id), 0) FROM thing_note WHERE thing = $1").Bind(1, thing);
        row.Read();
        (long count, long last) = (row.GetInt64(0), row.GetInt64(1));
        row.Reset();
        if (count >= most)
        {
            return null;
        }

        session.Prepare("INSERT INTO thing_note (thing, id, at, author, content) VALUES ($1, $2, $3, $4, $5)")
            .Bind(1, thing).Bind(2, last + 1).Bind(3, at.ToUnixTimeMilliseconds()).Bind(4, author?.ToString() ?? "").Bind(5, text).Execute();
        return (ThingNote?)new ThingNote(last + 1, DateTimeOffset.FromUnixTimeMilliseconds(at.ToUnixTimeMilliseconds()), author, text);
    });

    /// <summary>A note, or null.</summary>
    public ValueTask<ThingNote?> FindAsync(string thing, long id, CancellationToken cancel = default) => database.ReadAsync(
        session =>
        {
            SqlStatement row = session.Prepare("SELECT id, at, author, content FROM thing_note WHERE thing = $1 AND id = $2").Bind(1, thing).Bind(2, id);
            return row.Read() ? Read(row) : null;
        },
        cancel);

    /// <summary>Takes a note away.</summary>
    public Task<bool> RemoveAsync(string thing, long id) => database.WriteAsync(session => session.Prepare("DELETE FROM thing_note WHERE thing = $1 AND id = $2").Bind(1, thing).Bind(2, id).Execute() > 0);

    /// <summary>Takes all notes on a thing away.</summary>
    public Task ForgetAsync(string thing) => database.WriteAsync(session => session.Prepare("DELETE FROM thing_note WHERE thing = $1").Bind(1, thing).Execute());

    private static ThingNote Read(SqlStatement row) =>
        new(row.GetInt64(0), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(1)), JidPrep.TryParse(row.GetString(2), out Jid? author) ? author : null, row.GetString(3));
}
