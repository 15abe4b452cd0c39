using IotXmpp.Hub.Storage.Migrations;

namespace IotXmpp.Hub.Features.Registry;

/// <summary>The tables of the registry. A released migration never changes. They come behind those of Accounts: things that were made before there was a registry are taken over.</summary>
public static class RegistryMigrations
{
    /// <summary>All steps, in order.</summary>
    public static IReadOnlyList<Migration> All { get; } =
    [
        new("Registry", 1, "things, their tags and how they are claimed", """
            CREATE TABLE thing (
                id {text} NOT NULL PRIMARY KEY,
                account {text} NOT NULL,
                node_id {text} NOT NULL,
                source_id {text} NOT NULL,
                cache_type {text} NOT NULL,
                state {long} NOT NULL,
                owner {text},
                claim_hash {blob},
                moving_from {text},
                revoked {long},
                registered {long} NOT NULL,
                claimed {long},
                version {long} NOT NULL){keyonly};
            CREATE UNIQUE INDEX thing_address ON thing (account, node_id, source_id, cache_type);
            CREATE INDEX thing_claim ON thing (claim_hash);
            CREATE INDEX thing_version ON thing (version);
            CREATE TABLE thing_tag (
                thing {text} NOT NULL REFERENCES thing (id) ON DELETE CASCADE,
                name {text} NOT NULL,
                value {text} NOT NULL,
                is_number {long} NOT NULL,
                is_claim {long} NOT NULL,
                PRIMARY KEY (thing, name)){keyonly};
            CREATE TABLE registry_generation (id {long} NOT NULL PRIMARY KEY, value {long} NOT NULL, forgotten {long} NOT NULL);
            INSERT INTO registry_generation (id, value, forgotten) VALUES (1, 1, 0);
            INSERT INTO thing (id, account, node_id, source_id, cache_type, state, owner, registered, claimed, version)
                SELECT name, name, '', '', '', 3, owner, created, created, 1 FROM account WHERE owner IS NOT NULL;
            """),
        new("Registry", 2, "whether the hub has made a thing's KEY", "ALTER TABLE thing ADD COLUMN hub_key {long} NOT NULL DEFAULT 0;"),
    ];
}
