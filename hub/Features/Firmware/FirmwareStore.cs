using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Storage.Migrations;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Firmware;

/// <summary>Images and roll-outs, the tables. A released migration never changes.</summary>
public static class FirmwareMigrations
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<Migration> All { get; } =
    [
        new("Firmware", 1, "images, roll-outs and how each thing fares in them", """
            CREATE TABLE firmware_image (id {text} NOT NULL PRIMARY KEY, name {text} NOT NULL, version {text} NOT NULL, target {text} NOT NULL, size {long} NOT NULL, sha256 {text} NOT NULL,
                mac {text} NOT NULL, downgrade {long} NOT NULL, added {long} NOT NULL, added_by {text} NOT NULL);
            CREATE UNIQUE INDEX firmware_image_name ON firmware_image (name, version, target);
            CREATE TABLE rollout (id {identity}, image {text} NOT NULL, name {text} NOT NULL, version {text} NOT NULL, target {text} NOT NULL, state {long} NOT NULL, waves {text} NOT NULL, per_minute {long} NOT NULL,
                parallel {long} NOT NULL, gate_minutes {long} NOT NULL, deadline {long} NOT NULL, stop_failures {long} NOT NULL, stop_percent {long} NOT NULL, trial {long} NOT NULL,
                started_by {text} NOT NULL, created {long} NOT NULL, ended {long}, reason {text} NOT NULL);
            CREATE TABLE rollout_thing (rollout {long} NOT NULL, thing {text} NOT NULL, place {long} NOT NULL, wave {long} NOT NULL, step {long} NOT NULL, since {long} NOT NULL, reason {text} NOT NULL,
                PRIMARY KEY (rollout, thing)){keyonly};
            """),
    ];
}

/// <summary>Images in SQL; their bytes lie in a folder.</summary>
/// <param name="database">Where.</param>
public sealed class FirmwareStore(ISqlDatabase database)
{
    private const string Columns = "id, name, version, target, size, sha256, mac, downgrade, added, added_by";

    /// <summary>All images, by name, target and the time they came.</summary>
    public ValueTask<List<FirmwareImage>> AllAsync(CancellationToken cancel = default) => database.ReadAsync(
        session => Read(session.Prepare("SELECT " + Columns + " FROM firmware_image ORDER BY name, target, added, id")),
        cancel);

    /// <summary>An image by its id, or null.</summary>
    public ValueTask<FirmwareImage?> FindAsync(string id, CancellationToken cancel = default) => database.ReadAsync(
        session => Read(session.Prepare("SELECT " + Columns + " FROM firmware_image WHERE id = $1").Bind(1, id)).FirstOrDefault(),
        cancel);

    /// <summary>An image by what it is, or null.</summary>
    public ValueTask<FirmwareImage?> FindAsync(string name, string version, string target, CancellationToken cancel = default) => database.ReadAsync(
        session => Read(session.Prepare("SELECT " + Columns + " FROM firmware_image WHERE name = $1 AND version = $2 AND target = $3").Bind(1, name).Bind(2, version).Bind(3, target)).FirstOrDefault(),
        cancel);

    /// <summary>How many there are, and their bytes.</summary>
    public ValueTask<(long Count, long Bytes)> UseAsync(CancellationToken cancel = default) => database.ReadAsync(Use, cancel);

    /// <summary>Enters an image whose bytes are there, where the bounds allow it.</summary>
    public Task<FirmwareOutcome> AddAsync(FirmwareImage image, FirmwareOptions options) => database.WriteAsync(session =>
    {
        FirmwareManifest manifest = image.Manifest;
        (long count, long bytes) = Use(session);
        if (count >= options.MaxImages || bytes + manifest.Size > options.TotalBytes)
        {
            return FirmwareOutcome.Full;
        }

        return session.Prepare("INSERT INTO firmware_image (" + Columns + ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING")
            .Bind(1, image.Id).Bind(2, manifest.Name).Bind(3, manifest.Version).Bind(4, manifest.Target).Bind(5, manifest.Size).Bind(6, manifest.Sha256).Bind(7, manifest.Mac)
            .Bind(8, manifest.Downgrade).Bind(9, image.Added.ToUnixTimeMilliseconds()).Bind(10, image.By.ToString()).Execute() == 1 ? FirmwareOutcome.Done : FirmwareOutcome.Conflict;
    });

    /// <summary>Forgets an image, unless a roll-out that has not ended uses it.</summary>
    public Task<FirmwareOutcome> RemoveAsync(string id) => database.WriteAsync(session =>
    {
        SqlStatement used = session.Prepare("SELECT count(*) FROM rollout WHERE image = $1 AND ended IS NULL").Bind(1, id);
        used.Read();
        bool isUsed = used.GetInt64(0) > 0;
        used.Reset();
        return isUsed ? FirmwareOutcome.InUse : session.Prepare("DELETE FROM firmware_image WHERE id = $1").Bind(1, id).Execute() == 1 ? FirmwareOutcome.Done : FirmwareOutcome.NotFound;
    });

    private static (long Count, long Bytes) Use(SqlSession session)
    {
        SqlStatement row = session.Prepare("SELECT count(*), CAST(coalesce(sum(size), 0) AS bigint) FROM firmware_image");
        row.Read();
        (long, long) use = (row.GetInt64(0), row.GetInt64(1));
        row.Reset();
        return use;
    }

    private static List<FirmwareImage> Read(SqlStatement row)
    {
        var images = new List<FirmwareImage>();
        while (row.Read())
        {
            images.Add(new FirmwareImage(
                row.GetString(0),
                new FirmwareManifest(row.GetString(1), row.GetString(2), row.GetString(3), row.GetInt64(4), row.GetString(5), row.GetString(6), row.GetBoolean(7)),
                DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(8)),
                Jid.TryParse(row.GetString(9), out Jid by) ? by : new Jid(string.Empty, "invalid", string.Empty)));
        }

        return images;
    }
}
