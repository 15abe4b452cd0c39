using IotXmpp.Hub.Storage.Migrations;

namespace IotXmpp.Hub.Features.Roster;

/// <summary>The tables of rosters. A released migration never changes.</summary>
public static class RosterMigrations
{
    /// <summary>All steps, in order.</summary>
    public static IReadOnlyList<Migration> All { get; } =
    [
        new("Roster", 1, "rosters with versions", """
            CREATE TABLE roster (
                owner {text} NOT NULL PRIMARY KEY,
                version {long} NOT NULL,
                forgotten {long} NOT NULL){keyonly};
            CREATE TABLE roster_item (
                owner {text} NOT NULL REFERENCES roster (owner) ON DELETE CASCADE,
                contact {text} NOT NULL,
                name {text} NOT NULL,
                groups {text} NOT NULL,
                state {long} NOT NULL,
                approved {long} NOT NULL,
                listed {long} NOT NULL,
                request {blob},
                version {long} NOT NULL,
                PRIMARY KEY (owner, contact)){keyonly};
            CREATE INDEX roster_item_contact ON roster_item (contact);
            """),
        new("Roster", 2, "a number that every change raises", "ALTER TABLE roster ADD COLUMN revision {long} NOT NULL DEFAULT 0;"),
    ];
}
