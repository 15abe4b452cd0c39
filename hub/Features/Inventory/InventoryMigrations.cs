using IotXmpp.Hub.Storage.Migrations;

namespace IotXmpp.Hub.Features.Inventory;

/// <summary>The tables of notes. A released migration never changes.</summary>
public static class InventoryMigrations
{
    /// <summary>All steps, in order.</summary>
    public static IReadOnlyList<Migration> All { get; } =
    [
        new("Inventory", 1, "notes on things", """
            CREATE TABLE thing_note (thing {text} NOT NULL, id {long} NOT NULL, at {long} NOT NULL, author {text} NOT NULL, content {text} NOT NULL, PRIMARY KEY (thing, id)){keyonly};
            """),
    ];
}
