using IotXmpp.Hub.Storage.Migrations;

namespace IotXmpp.Hub.Features.Archive;

/// <summary>The tables of archives. A released migration never changes.</summary>
public static class ArchiveMigrations
{
    /// <summary>All steps, in order.</summary>
    public static IReadOnlyList<Migration> All { get; } =
    [
        // seq: microseconds since 1970, made unique and rising within an archive; with salt it is the message's id.
        new("Archive", 1, "archives of accounts and their preferences", """
            CREATE TABLE archive (
                owner {text} NOT NULL,
                seq {long} NOT NULL,
                salt {long} NOT NULL,
                peer {text} NOT NULL,
                resource {text} NOT NULL,
                stanza {blob} NOT NULL,
                PRIMARY KEY (owner, seq)){keyonly};
            CREATE INDEX archive_peer ON archive (owner, peer, seq);
            CREATE TABLE archive_preferences (
                owner {text} NOT NULL PRIMARY KEY,
                fallback {text} NOT NULL,
                always {text} NOT NULL,
                never {text} NOT NULL){keyonly};
            """),
        // What was kept lately, not yet sorted into the archives; of one message for two archives the second is "other". archive_place: the last place that was sorted in.
        new("Archive", 2, "a journal in front of the archives", """
            CREATE TABLE archive_recent (
                seq {long} NOT NULL PRIMARY KEY,
                owner {text} NOT NULL,
                other_owner {text},
                salt {long} NOT NULL,
                other_salt {long},
                peer {text} NOT NULL,
                resource {text} NOT NULL,
                other_peer {text},
                other_resource {text},
                stanza {blob} NOT NULL);
            CREATE TABLE archive_place (seq {long} NOT NULL);
            INSERT INTO archive_place SELECT coalesce(max(seq), 0) FROM archive;
            """),
        // Journal and archives as rows of many messages each; seq and last are the places of the first and the last. What is in the table archive is moved to blocks when the hub starts.
        // Not {keyonly}: rows are large, and so they stand one behind the other as they come, and only their keys at places of their own.
        new("Archive", 3, "archives in blocks", """
            INSERT INTO archive (owner, seq, salt, peer, resource, stanza)
            SELECT owner, seq, salt, peer, resource, stanza FROM archive_recent;
            INSERT INTO archive (owner, seq, salt, peer, resource, stanza)
            SELECT other_owner, seq, other_salt, other_peer, other_resource, stanza FROM archive_recent WHERE other_owner IS NOT NULL;
            UPDATE archive_place SET seq = (SELECT max(seq) FROM archive_recent) WHERE EXISTS (SELECT 1 FROM archive_recent);
            DROP TABLE archive_recent;
            CREATE TABLE archive_journal (
                seq {long} NOT NULL PRIMARY KEY,
                last {long} NOT NULL,
                number {long} NOT NULL,
                entries {blob} NOT NULL,
                stanzas {blob} NOT NULL);
            CREATE TABLE archive_block (
                owner {text} NOT NULL,
                seq {long} NOT NULL,
                last {long} NOT NULL,
                number {long} NOT NULL,
                entries {blob} NOT NULL,
                stanzas {blob} NOT NULL,
                PRIMARY KEY (owner, seq));
            """),
    ];
}
