using IotXmpp.Hub.Storage.Migrations;

namespace IotXmpp.Hub.Features.Liveness;

/// <summary>The tables of liveness. A released migration never changes.</summary>
public static class LivenessMigrations
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<Migration> All { get; } =
    [
        new("Liveness", 1, "how things are, how they were, when the hub ran", """
            CREATE TABLE liveness (thing {text} NOT NULL PRIMARY KEY, state {long} NOT NULL, reason {text} NOT NULL, since {long} NOT NULL, sleeps_until {long},
                firmware {text} NOT NULL, boot {text} NOT NULL, signal {long}, battery {long}, heap {long}, keep_alive {long}){keyonly};
            CREATE TABLE liveness_step (thing {text} NOT NULL, number {long} NOT NULL, at {long} NOT NULL, state {long} NOT NULL, reason {text} NOT NULL, sleeps_until {long}, PRIMARY KEY (thing, number)){keyonly};
            CREATE TABLE hub_run (id {identity}, started {long} NOT NULL, seen {long} NOT NULL);
            """),
        new("Liveness", 2, "steps by state and time: what came and went lately is found without reading all", """
            CREATE INDEX liveness_step_state ON liveness_step (state, at);
            """),
    ];
}
