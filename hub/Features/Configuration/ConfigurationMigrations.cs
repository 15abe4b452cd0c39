using IotXmpp.Hub.Storage.Migrations;

namespace IotXmpp.Hub.Features.Configuration;

/// <summary>The tables of configuration. A released migration never changes.</summary>
public static class ConfigurationMigrations
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<Migration> All { get; } =
    [
        new("Configuration", 1, "what things shall be like, and what they say", """
            CREATE TABLE config_version (thing {text} NOT NULL, version {long} NOT NULL, at {long} NOT NULL, author {text} NOT NULL, told {text} NOT NULL, payload {text}, note {text} NOT NULL, published {long} NOT NULL,
                PRIMARY KEY (thing, version)){keyonly};
            CREATE INDEX config_unpublished ON config_version (thing) WHERE published = 0;
            CREATE TABLE config_reported (thing {text} NOT NULL PRIMARY KEY, version {long} NOT NULL, at {long} NOT NULL, told {text} NOT NULL, error_parameter {text} NOT NULL, error_text {text} NOT NULL){keyonly};
            """),
        new("Configuration", 2, "what things say of trials", """
            ALTER TABLE config_reported ADD COLUMN trial {long} NOT NULL DEFAULT 0;
            ALTER TABLE config_reported ADD COLUMN trial_text {text} NOT NULL DEFAULT '';
            """),
    ];
}
