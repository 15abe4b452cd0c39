using IotXmpp.Hub.Storage.Migrations;

namespace IotXmpp.Hub.Features.Commands;

/// <summary>The tables of commands. A released migration never changes.</summary>
public static class CommandMigrations
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<Migration> All { get; } =
    [
        new("Commands", 1, "commands and what came of them, batches, forms of things", """
            CREATE TABLE command (number {identity}, id {text} NOT NULL, way {long} NOT NULL, thing {text} NOT NULL, account {text} NOT NULL, asker {text} NOT NULL, told {text} NOT NULL, payload {text},
                node {text} NOT NULL, asked {long} NOT NULL, expires {long} NOT NULL, state {long} NOT NULL, sent {long}, ended {long}, attempts {long} NOT NULL, error {text} NOT NULL, explanation {text} NOT NULL,
                dedupe {text} NOT NULL, batch {text} NOT NULL, gone {long} NOT NULL);
            CREATE UNIQUE INDEX command_id ON command (id);
            CREATE INDEX command_thing ON command (thing, number);
            CREATE INDEX command_asker ON command (asker, number);
            CREATE INDEX command_asked ON command (asked);
            CREATE INDEX command_open ON command (number) WHERE state <= 2;
            CREATE TABLE command_batch (id {text} NOT NULL PRIMARY KEY, asker {text} NOT NULL, target {text} NOT NULL, told {text} NOT NULL, payload {text}, asked {long} NOT NULL, expires {long} NOT NULL, ended {long},
                state {long} NOT NULL, per_minute {long} NOT NULL, parallel {long} NOT NULL, failures {long} NOT NULL, percent {long} NOT NULL, explanation {text} NOT NULL){keyonly};
            CREATE INDEX command_batch_asked ON command_batch (asked);
            CREATE TABLE command_batch_thing (batch {text} NOT NULL, place {long} NOT NULL, thing {text} NOT NULL, state {long} NOT NULL, command {text} NOT NULL, error {text} NOT NULL, explanation {text} NOT NULL,
                PRIMARY KEY (batch, place)){keyonly};
            CREATE INDEX command_batch_command ON command_batch_thing (command);
            CREATE TABLE thing_form (thing {text} NOT NULL PRIMARY KEY, firmware {text} NOT NULL, asked {long} NOT NULL, form {text} NOT NULL){keyonly};
            """),
    ];
}
