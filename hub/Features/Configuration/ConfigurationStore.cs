using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Features.Commands;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Configuration;

/// <summary>How writing a version ended.</summary>
internal enum VersionWrite
{
    Written,
    Same,
    Conflict,
    TooMany,
    NotFound,
}

/// <summary>Versions and reports in SQL. Values that are secret stand beside the rest only until the thing has taken their version.</summary>
internal sealed class ConfigurationStore(ISqlDatabase database, ConfigurationOptions options)
{
    private const string Columns = "version, at, author, told, payload, note";
    private const string NewestSql = $"SELECT {Columns} FROM config_version WHERE thing = $1 ORDER BY version DESC LIMIT 1";

    /// <summary>The newest version, with what is secret in it.</summary>
    public ValueTask<ConfigurationVersion?> NewestAsync(string thing, CancellationToken cancel) => database.ReadAsync(session => Newest(session, thing), cancel);

    /// <summary>What a thing shall be like and what it says, masked.</summary>
    public ValueTask<(ConfigurationVersion? Desired, ReportedConfiguration? Reported)> FindAsync(string thing, CancellationToken cancel) => database.ReadAsync(
        session => (Newest(session, thing) is { } newest ? Mask(newest) : null, Reported(session, thing)), cancel);

    /// <summary>The versions of a thing, the newest first, masked.</summary>
    public ValueTask<List<ConfigurationVersion>> VersionsAsync(string thing, long before, int max, CancellationToken cancel) => database.ReadAsync(
        session =>
        {
            var versions = new List<ConfigurationVersion>();
            SqlStatement row = session.Prepare($"SELECT {Columns} FROM config_version WHERE thing = $1 AND version < $2 ORDER BY version DESC LIMIT $3").Bind(1, thing).Bind(2, before).Bind(3, (long)max);
            while (row.Read())
            {
                versions.Add(Mask(Read(row)));
            }

            return versions;
        },
        cancel);

    /// <summary>Things of which anything is wished for, in their order.</summary>
    public ValueTask<List<string>> ThingsAsync(string after, int max, CancellationToken cancel) => database.ReadAsync(
        session =>
        {
            var things = new List<string>();
            SqlStatement row = session.Prepare("SELECT DISTINCT thing FROM config_version WHERE thing > $1 ORDER BY thing LIMIT $2").Bind(1, after).Bind(2, (long)max);
            while (row.Read())
            {
                things.Add(row.GetString(0));
            }

            return things;
        },
        cancel);

    /// <summary>Things whose newest version has not been published yet.</summary>
    public ValueTask<List<string>> UnpublishedAsync(CancellationToken cancel) => database.ReadAsync(
        session =>
        {
            var things = new List<string>();
            SqlStatement row = session.Prepare("SELECT DISTINCT thing FROM config_version WHERE published = 0");
            while (row.Read())
            {
                things.Add(row.GetString(0));
            }

            return things;
        },
        cancel);

    /// <summary>Writes the next version.</summary>
    /// <param name="thing">The thing.</param>
    /// <param name="change">Makes the parameters of what there is; null where that cannot be.</param>
    /// <param name="basis">The version that it must be made of; null for any.</param>
    /// <param name="least">A version that stands elsewhere: the new one is higher.</param>
    /// <param name="author">Who.</param>
    /// <param name="note">Why.</param>
    /// <param name="at">When.</param>
    public Task<(VersionWrite Result, ConfigurationVersion? Version)> WriteAsync(
        string thing, Func<ConfigurationVersion?, IReadOnlyList<CommandParameter>?> change, long? basis, long least, Jid author, string note, DateTimeOffset at) => database.WriteAsync<(VersionWrite, ConfigurationVersion?)>(session =>
    {
        ConfigurationVersion? newest = Newest(session, thing);
        long now = newest?.Version ?? least;
        if (basis is { } wanted && wanted != now)
        {
            return (VersionWrite.Conflict, newest);
        }

        if (change(newest) is not { } parameters)
        {
            return (VersionWrite.NotFound, newest);
        }

        if (parameters.Count > options.Parameters)
        {
            return (VersionWrite.TooMany, newest);
        }

        if (newest is not null && ParameterText.ToJson(parameters, masked: false) == ParameterText.ToJson(newest.Parameters, masked: false))
        {
            return (VersionWrite.Same, newest);
        }

        long reported = Reported(session, thing)?.Version ?? 0;
        var next = new ConfigurationVersion(Math.Max(Math.Max(now, least), reported) + 1, at, author, parameters, note);
        Insert(session, thing, next, isPublished: false);
        return (VersionWrite.Written, next);
    });

    /// <summary>A version stands on the node.</summary>
    public Task PublishedAsync(string thing, long version) => database.WriteAsync(session => session.Prepare("UPDATE config_version SET published = 1 WHERE thing = $1 AND version <= $2 AND published = 0").Bind(1, thing).Bind(2, version).Execute());

    /// <summary>Removes everything of a thing.</summary>
    public Task ForgetAsync(string thing) => database.WriteAsync(session =>
    {
        session.Prepare("DELETE FROM config_version WHERE thing = $1").Bind(1, thing).Execute();
        session.Prepare("DELETE FROM config_reported WHERE thing = $1").Bind(1, thing).Execute();
    });

    /// <summary>Somebody publishes a version himself; runs in the unit of work that stores the item.</summary>
    /// <returns>False where it is not newer than what there is.</returns>
    public bool Take(SqlSession session, string thing, ConfigurationVersion version)
    {
        if (Newest(session, thing) is { } newest && version.Version <= newest.Version)
        {
            return false;
        }

        Insert(session, thing, version, isPublished: true);
        return true;
    }

    /// <summary>The hub publishes, or the thing takes secrets off: that must be the newest version.</summary>
    public static bool IsNewest(SqlSession session, string thing, long version) => Newest(session, thing) is not { } newest || newest.Version == version;

    /// <summary>A thing says what it is like; runs in the unit of work that stores the item.</summary>
    public static void Report(SqlSession session, string thing, ReportedConfiguration reported)
    {
        session.Prepare("""
            INSERT INTO config_reported (thing, version, at, told, error_parameter, error_text, trial, trial_text) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            ON CONFLICT (thing) DO UPDATE SET version = excluded.version, at = excluded.at, told = excluded.told, error_parameter = excluded.error_parameter, error_text = excluded.error_text,
                trial = excluded.trial, trial_text = excluded.trial_text
            """)
            .Bind(1, thing).Bind(2, reported.Version).Bind(3, Number(reported.At)).Bind(4, ParameterText.ToJson(reported.Parameters, masked: true)).Bind(5, reported.ErrorParameter).Bind(6, reported.ErrorText)
            .Bind(7, (long)reported.Trial).Bind(8, reported.TrialText).Execute();
        Redact(session, thing, reported.Version);
    }

    /// <summary>A thing has taken a version: nobody needs its secrets any more.</summary>
    public static void Redact(SqlSession session, string thing, long version) =>
        session.Prepare("UPDATE config_version SET payload = NULL WHERE thing = $1 AND version <= $2 AND payload IS NOT NULL").Bind(1, thing).Bind(2, version).Execute();

    private static ConfigurationVersion Mask(ConfigurationVersion version) => version with { Parameters = [.. version.Parameters.Select(p => p.Masked)] };

    private static ConfigurationVersion? Newest(SqlSession session, string thing)
    {
        SqlStatement row = session.Prepare(NewestSql).Bind(1, thing);
        ConfigurationVersion? newest = row.Read() ? Read(row) : null;
        if (newest is not null)
        {
            row.Reset();
        }

        return newest;
    }

    private static ReportedConfiguration? Reported(SqlSession session, string thing)
    {
        SqlStatement row = session.Prepare("SELECT version, at, told, error_parameter, error_text, trial, trial_text FROM config_reported WHERE thing = $1").Bind(1, thing);
        if (!row.Read())
        {
            return null;
        }

        var reported = new ReportedConfiguration(
            row.GetInt64(0), Time(row.GetInt64(1)), ParameterText.FromJson(row.GetString(2)), row.GetString(3), row.GetString(4), (TrialState)row.GetInt64(5), row.GetString(6));
        row.Reset();
        return reported;
    }

    private static ConfigurationVersion Read(SqlStatement row) => new(
        row.GetInt64(0), Time(row.GetInt64(1)), JidPrep.TryParse(row.GetString(2), out Jid? author) ? author : new Jid(string.Empty, "invalid", string.Empty),
        ParameterText.FromJson(row.GetStringOrNull(4) ?? row.GetString(3)), row.GetString(5));

    private static DateTimeOffset Time(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    private static long Number(DateTimeOffset time) => time.ToUnixTimeMilliseconds();

    private void Insert(SqlSession session, string thing, ConfigurationVersion version, bool isPublished)
    {
        // A secret of an earlier version that nobody has taken yet goes with the new one, and stands there alone.
        session.Prepare("UPDATE config_version SET payload = NULL, published = 1 WHERE thing = $1 AND (payload IS NOT NULL OR published = 0)").Bind(1, thing).Execute();
        session.Prepare("INSERT INTO config_version (thing, version, at, author, told, payload, note, published) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
            .Bind(1, thing).Bind(2, version.Version).Bind(3, Number(version.At)).Bind(4, version.By.Bare.ToString()).Bind(5, ParameterText.ToJson(version.Parameters, masked: true))
            .Bind(6, version.Parameters.Any(p => p.IsSecret) ? ParameterText.ToJson(version.Parameters, masked: false) : null).Bind(7, version.Note).Bind(8, isPublished).Execute();
        session.Prepare("DELETE FROM config_version WHERE thing = $1 AND version NOT IN (SELECT version FROM config_version WHERE thing = $1 ORDER BY version DESC LIMIT $2)").Bind(1, thing).Bind(2, (long)options.VersionsPerThing).Execute();
    }
}
