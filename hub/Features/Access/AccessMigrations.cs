using IotXmpp.Hub.Storage.Migrations;

namespace IotXmpp.Hub.Features.Access;

/// <summary>The tables of groups. A released migration never changes.</summary>
public static class AccessMigrations
{
    /// <summary>All steps, in order.</summary>
    public static IReadOnlyList<Migration> All { get; } =
    [
        new("Access", 1, "groups, their members and things, and whose presence is seen by right", """
            CREATE TABLE access_group (id {text} NOT NULL PRIMARY KEY, name {text} NOT NULL, owner {text}, created {long} NOT NULL, version {long} NOT NULL){keyonly};
            CREATE INDEX access_group_version ON access_group (version);
            CREATE INDEX access_group_owner ON access_group (owner);
            CREATE TABLE access_member (
                group_id {text} NOT NULL REFERENCES access_group (id) ON DELETE CASCADE,
                who {text} NOT NULL,
                role {long} NOT NULL,
                is_except {long} NOT NULL,
                parameters {text} NOT NULL,
                PRIMARY KEY (group_id, who)){keyonly};
            CREATE INDEX access_member_who ON access_member (who);
            CREATE TABLE access_thing (
                group_id {text} NOT NULL REFERENCES access_group (id) ON DELETE CASCADE,
                thing {text} NOT NULL,
                owner {text},
                PRIMARY KEY (group_id, thing)){keyonly};
            CREATE INDEX access_thing_thing ON access_thing (thing);
            CREATE TABLE access_presence (thing {text} NOT NULL, who {text} NOT NULL, ended {long} NOT NULL, version {long} NOT NULL, PRIMARY KEY (thing, who)){keyonly};
            CREATE INDEX access_presence_version ON access_presence (version);
            CREATE TABLE access_generation (id {long} NOT NULL PRIMARY KEY, value {long} NOT NULL, forgotten {long} NOT NULL, followed {long} NOT NULL);
            INSERT INTO access_generation (id, value, forgotten, followed) VALUES (1, 1, 0, 1);
            """),
    ];
}
