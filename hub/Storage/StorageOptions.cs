namespace IotXmpp.Hub.Storage;

/// <summary>Settings of section <c>Storage</c>.</summary>
public sealed class StorageOptions
{
    /// <summary>Name of the SQLite file inside the data folder.</summary>
    public const string FileName = "hub.db";

    /// <summary>
    /// The one setting that chooses the database: empty (the default) is SQLite in the data folder, a connection string is PostgreSQL,
    /// such as <c>Host=db;Username=hub;Password=…;Database=hub</c>.
    /// </summary>
    public string Postgres { get; set; } = "";

    /// <summary>Writes that wait for the writer, in units; default 16,384 (some 10 MB with small payloads). Beyond it callers wait for <see cref="WriteQueueWait"/>.</summary>
    public int WriteQueueLimit { get; set; } = 16_384;

    /// <summary>How long a write waits for room in the full queue before it fails as <see cref="StorageFailure.Overloaded"/>; default 10 s, less than the 30 s after which clients give up on an IQ.</summary>
    public TimeSpan WriteQueueWait { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Units in one transaction at most; default 512, so that one fsync is shared and no unit waits long for it.</summary>
    public int BatchUnits { get; set; } = 512;

    /// <summary>How long one transaction takes in units at most; default 20 ms, so that another process (an import) gets its turn and the first unit its answer.</summary>
    public TimeSpan BatchTime { get; set; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Connections for reading; default 4 (queries are short and run on the caller's thread).</summary>
    public int Readers { get; set; } = 4;

    /// <summary>How long a query waits for a free reader; default 10 s.</summary>
    public TimeSpan ReaderWait { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the writer waits for another process's transaction (SQLite's busy time-out); default 10 s.</summary>
    public TimeSpan BusyWait { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a hub that starts waits for another that has the same PostgreSQL database and is just going; default 5 s. Then the start is refused.</summary>
    public TimeSpan HubWait { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>SQLite's page cache of the writer, in KiB; default 8,192. A reader gets an eighth of it.</summary>
    public int PageCacheKiB { get; set; } = 8_192;

    /// <summary>WAL pages (of 4 KiB) after which they are moved into the database file; default 4,000 (16 MB): fewer moves of the same hot page than SQLite's 1,000.</summary>
    public int CheckpointPages { get; set; } = 4_000;

    /// <summary>Largest size of the SQLite file in MiB; 0 (the default) leaves the disk as the only bound. Beyond it writes fail as <see cref="StorageFailure.Full"/>.</summary>
    public int MaxSizeMiB { get; set; }

    /// <summary>Prepared statements kept a connection; default 256, more than all features have together.</summary>
    public int StatementCacheLimit { get; set; } = 256;

    /// <summary>What is wrong with these settings, one line each; empty when they are good.</summary>
    public IEnumerable<string> Validate()
    {
        if (WriteQueueLimit is < 1 or > 1_000_000)
        {
            yield return "Storage:WriteQueueLimit must be 1 to 1000000 units.";
        }

        if (WriteQueueWait <= TimeSpan.Zero)
        {
            yield return "Storage:WriteQueueWait must be more than 0.";
        }

        if (BatchUnits is < 1 or > 100_000)
        {
            yield return "Storage:BatchUnits must be 1 to 100000.";
        }

        if (BatchTime <= TimeSpan.Zero || BatchTime > TimeSpan.FromSeconds(5))
        {
            yield return "Storage:BatchTime must be more than 0 and at most 5 s.";
        }

        if (Readers is < 1 or > 64)
        {
            yield return "Storage:Readers must be 1 to 64.";
        }

        if (ReaderWait <= TimeSpan.Zero)
        {
            yield return "Storage:ReaderWait must be more than 0.";
        }

        if (BusyWait < TimeSpan.Zero || BusyWait > TimeSpan.FromMinutes(5))
        {
            yield return "Storage:BusyWait must be 0 to 5 min.";
        }

        if (HubWait < TimeSpan.Zero || HubWait > TimeSpan.FromMinutes(5))
        {
            yield return "Storage:HubWait must be 0 to 5 min.";
        }

        if (PageCacheKiB is < 64 or > 4_194_304)
        {
            yield return "Storage:PageCacheKiB must be 64 to 4194304 KiB.";
        }

        if (CheckpointPages is < 100 or > 1_000_000)
        {
            yield return "Storage:CheckpointPages must be 100 to 1000000 pages.";
        }

        if (MaxSizeMiB is < 0)
        {
            yield return "Storage:MaxSizeMiB must not be negative.";
        }

        if (StatementCacheLimit is < 16 or > 10_000)
        {
            yield return "Storage:StatementCacheLimit must be 16 to 10000.";
        }
    }
}
