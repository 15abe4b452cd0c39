using IotXmpp.Hub.Storage.Migrations;

namespace IotXmpp.Hub.Features.Rooms;

/// <summary>The tables of persistent rooms. A released migration never changes.</summary>
public static class RoomMigrations
{
    /// <summary>All steps, in order.</summary>
    public static IReadOnlyList<Migration> All { get; } =
    [
        // name and listed repeat what stands in the configuration: the directory is read without it.
        new("Rooms", 1, "persistent rooms and their affiliations", """
            CREATE TABLE room (
                id {identity},
                local {text} NOT NULL UNIQUE,
                creator {text} NOT NULL,
                created {long} NOT NULL,
                name {text} NOT NULL,
                listed {long} NOT NULL,
                secret {blob} NOT NULL,
                configuration {text} NOT NULL,
                subject {blob},
                subject_nick {text},
                subject_occupant {text},
                subject_lang {text},
                subject_at {long});
            CREATE TABLE room_affiliation (
                room {long} NOT NULL REFERENCES room (id) ON DELETE CASCADE,
                jid {text} NOT NULL,
                affiliation {long} NOT NULL,
                nick {text},
                reason {text},
                PRIMARY KEY (room, jid)){keyonly};
            CREATE INDEX room_affiliation_jid ON room_affiliation (jid);
            """),
    ];
}
