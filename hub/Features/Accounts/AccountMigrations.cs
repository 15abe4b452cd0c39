using IotXmpp.Hub.Storage.Migrations;

namespace IotXmpp.Hub.Features.Accounts;

/// <summary>The tables of accounts. A released migration never changes.</summary>
public static class AccountMigrations
{
    /// <summary>All steps, in order.</summary>
    public static IReadOnlyList<Migration> All { get; } =
    [
        new("Accounts", 1, "accounts and their SCRAM keys", """
            CREATE TABLE account (
                name {text} NOT NULL PRIMARY KEY,
                administrator {long} NOT NULL,
                disabled {long} NOT NULL,
                created {long} NOT NULL,
                password_changed {long} NOT NULL){keyonly};
            CREATE TABLE account_key (
                name {text} NOT NULL REFERENCES account (name) ON DELETE CASCADE,
                mechanism {text} NOT NULL,
                iterations {long} NOT NULL,
                salt {blob} NOT NULL,
                stored_key {blob} NOT NULL,
                server_key {blob} NOT NULL,
                PRIMARY KEY (name, mechanism)){keyonly};
            CREATE TABLE account_generation (id {long} NOT NULL PRIMARY KEY, value {long} NOT NULL);
            INSERT INTO account_generation (id, value) VALUES (1, 1);
            """),
        new("Accounts", 2, "owners of things", "ALTER TABLE account ADD COLUMN owner {text};"),
        new("Accounts", 3, "removed accounts of which features still have something", "CREATE TABLE account_leaving (name {text} NOT NULL PRIMARY KEY){keyonly};"),
    ];
}
