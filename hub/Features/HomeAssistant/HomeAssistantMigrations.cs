using IotXmpp.Hub.Storage.Migrations;

namespace IotXmpp.Hub.Features.HomeAssistant;

/// <summary>The table of what things let a home set. A released migration never changes.</summary>
public static class HomeAssistantMigrations
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<Migration> All { get; } =
    [
        new("HomeAssistant", 1, "forms of things", """
            CREATE TABLE home_form (thing {text} NOT NULL PRIMARY KEY, form {text} NOT NULL);
            """),
    ];
}
