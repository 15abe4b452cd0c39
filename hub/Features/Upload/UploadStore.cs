using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Storage.Migrations;

namespace IotXmpp.Hub.Features.Upload;

/// <summary>A file, or the place that is kept for one.</summary>
/// <param name="Id">Its name on the disk: 144 random bits.</param>
/// <param name="Account">Whose it is.</param>
/// <param name="FileName">How its sender calls it.</param>
/// <param name="ContentType">What its sender says that it is.</param>
/// <param name="Size">Its bytes.</param>
/// <param name="At">When its slot was given, Unix milliseconds.</param>
/// <param name="IsStored">Whether it is there.</param>
public sealed record UploadedFile(string Id, string Account, string FileName, string ContentType, long Size, long At, bool IsStored);

/// <summary>Why a slot was not given.</summary>
public enum SlotOutcome
{
    /// <summary>It was.</summary>
    Given,

    /// <summary>The account would keep more than it may.</summary>
    AccountFull,

    /// <summary>All accounts together would.</summary>
    Full,

    /// <summary>The account has as many open slots as it may.</summary>
    TooManySlots,
}

/// <summary>Files in SQL: what there is; the bytes lie in a folder.</summary>
public sealed class UploadStore(ISqlDatabase database)
{
    private const string Columns = "id, account, name, type, size, at, stored";

    /// <summary>The table. A released migration never changes.</summary>
    public static IReadOnlyList<Migration> Migrations { get; } =
    [
        new("Upload", 1, "files of accounts, and slots that are open", """
            CREATE TABLE upload_file (id {text} NOT NULL PRIMARY KEY, account {text} NOT NULL, name {text} NOT NULL, type {text} NOT NULL, size {long} NOT NULL, at {long} NOT NULL, stored {long} NOT NULL);
            CREATE INDEX upload_file_account ON upload_file (account);
            CREATE INDEX upload_file_at ON upload_file (at);
            """),
    ];

    /// <summary>Keeps place for a file, where the quotas allow it.</summary>
    /// <param name="file">The file.</param>
    /// <param name="options">The quotas.</param>
    /// <param name="openSince">Slots that were given before this time count no more.</param>
    public Task<SlotOutcome> ReserveAsync(UploadedFile file, UploadOptions options, long openSince) => database.WriteAsync(session =>
    {
        const string Counted = " FROM upload_file WHERE (stored = 1 OR at > $1)";
        if (Number(session.Prepare("SELECT count(*) FROM upload_file WHERE account = $2 AND stored = 0 AND at > $1").Bind(1, openSince).Bind(2, file.Account)) >= options.MaxOpenSlots)
        {
            return SlotOutcome.TooManySlots;
        }

        if (Number(session.Prepare("SELECT CAST(coalesce(sum(size), 0) AS bigint)" + Counted + " AND account = $2").Bind(1, openSince).Bind(2, file.Account)) + file.Size > options.AccountBytes)
        {
            return SlotOutcome.AccountFull;
        }

        if (Number(session.Prepare("SELECT CAST(coalesce(sum(size), 0) AS bigint)" + Counted).Bind(1, openSince)) + file.Size > options.TotalBytes)
        {
            return SlotOutcome.Full;
        }

        session.Prepare("INSERT INTO upload_file (id, account, name, type, size, at, stored) VALUES ($1, $2, $3, $4, $5, $6, 0)")
            .Bind(1, file.Id).Bind(2, file.Account).Bind(3, file.FileName).Bind(4, file.ContentType).Bind(5, file.Size).Bind(6, file.At).Execute();
        return SlotOutcome.Given;
    });

    /// <summary>The file, or null.</summary>
    public ValueTask<UploadedFile?> FindAsync(string id, CancellationToken cancel) => database.ReadAsync(
        session =>
        {
            SqlStatement row = session.Prepare("SELECT " + Columns + " FROM upload_file WHERE id = $1").Bind(1, id);
            UploadedFile? file = row.Read() ? Read(row) : null;
            row.Reset();
            return file;
        },
        cancel);

    /// <summary>The file is there; false where its place is gone meanwhile.</summary>
    public Task<bool> StoredAsync(string id) => database.WriteAsync(session => session.Prepare("UPDATE upload_file SET stored = 1 WHERE id = $1 AND stored = 0").Bind(1, id).Execute() == 1);

    /// <summary>Forgets files: those of an account.</summary>
    public Task<List<string>> RemoveAccountAsync(string account) => RemoveAsync("SELECT id FROM upload_file WHERE account = $1", "DELETE FROM upload_file WHERE account = $1", account);

    /// <summary>Forgets files that are older than they may be, and slots that were not used.</summary>
    /// <param name="before">Files of before this time, Unix milliseconds.</param>
    /// <param name="openSince">Slots of before this time.</param>
    public Task<List<string>> RemoveOldAsync(long before, long openSince) => database.WriteAsync(session =>
    {
        List<string> ids = Ids(session.Prepare("SELECT id FROM upload_file WHERE at < $1 OR (stored = 0 AND at < $2)").Bind(1, before).Bind(2, openSince));
        session.Prepare("DELETE FROM upload_file WHERE at < $1 OR (stored = 0 AND at < $2)").Bind(1, before).Bind(2, openSince).Execute();
        return ids;
    });

    /// <summary>The names of all files.</summary>
    public ValueTask<List<string>> AllAsync(CancellationToken cancel) => database.ReadAsync(session => Ids(session.Prepare("SELECT id FROM upload_file")), cancel);

    private Task<List<string>> RemoveAsync(string select, string delete, string account) => database.WriteAsync(session =>
    {
        List<string> ids = Ids(session.Prepare(select).Bind(1, account));
        session.Prepare(delete).Bind(1, account).Execute();
        return ids;
    });

    private static List<string> Ids(SqlStatement row)
    {
        var ids = new List<string>();
        while (row.Read())
        {
            ids.Add(row.GetString(0));
        }

        return ids;
    }

    private static UploadedFile Read(SqlStatement row) => new(row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetInt64(4), row.GetInt64(5), row.GetInt64(6) != 0);

    private static long Number(SqlStatement row)
    {
        row.Read();
        long value = row.GetInt64(0);
        row.Reset();
        return value;
    }
}
