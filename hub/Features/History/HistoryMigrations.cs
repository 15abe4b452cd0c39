using IotXmpp.Hub.Storage.Migrations;

namespace IotXmpp.Hub.Features.History;

/// <summary>The tables of the history. A released migration never changes.</summary>
public static class HistoryMigrations
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<Migration> All { get; } =
    [
        // A chunk's bytes stand last: where only heads are asked for, the engine does not touch them.
        new("History", 1, "series, what has come, chunks", """
            CREATE TABLE history_series (id {identity}, thing {text} NOT NULL, field {text} NOT NULL, kind {long} NOT NULL, unit {text} NOT NULL, UNIQUE (thing, field, kind));
            CREATE TABLE history_text (series {long} NOT NULL REFERENCES history_series (id) ON DELETE CASCADE, code {long} NOT NULL, content {text} NOT NULL, PRIMARY KEY (series, code)){keyonly};
            CREATE TABLE history_log (id {identity}, samples {blob} NOT NULL);
            CREATE TABLE history_chunk (series {long} NOT NULL REFERENCES history_series (id) ON DELETE CASCADE, level {long} NOT NULL, start {long} NOT NULL, finish {long} NOT NULL,
                rows {long} NOT NULL, samples {long} NOT NULL, lowest {long} NOT NULL, highest {long} NOT NULL, total {long} NOT NULL, final {long} NOT NULL, data {blob} NOT NULL,
                PRIMARY KEY (series, level, start));
            CREATE INDEX history_chunk_finish ON history_chunk (level, finish);
            """),
        new("History", 2, "up to when samples were rolled up", "CREATE TABLE history_horizon (level {long} NOT NULL PRIMARY KEY, time {long} NOT NULL);"),
    ];
}
