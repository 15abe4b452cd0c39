using IotXmpp.Hub.Storage.Migrations;

namespace IotXmpp.Hub.Features.Alerts;

/// <summary>The tables of alerts. A released migration never changes.</summary>
public static class AlertsMigrations
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<Migration> All { get; } =
    [
        new("Alerts", 1, "rules, windows, silences, alerts, deliveries, what things told of themselves, until when all was judged", """
            CREATE TABLE alert_rule (id {text} NOT NULL PRIMARY KEY, author {text} NOT NULL, revision {long} NOT NULL, changed {long} NOT NULL, document {blob} NOT NULL);
            CREATE TABLE alert_window (id {text} NOT NULL PRIMARY KEY, author {text} NOT NULL, document {blob} NOT NULL);
            CREATE TABLE alert_silence (rule {text} NOT NULL, thing {text} NOT NULL, field {text} NOT NULL, until {long} NOT NULL, who {text} NOT NULL, note {text} NOT NULL, PRIMARY KEY (rule, thing, field)){keyonly};
            CREATE TABLE alert (id {identity}, rule {text} NOT NULL, rule_name {text} NOT NULL, thing {text} NOT NULL, field {text} NOT NULL, severity {long} NOT NULL, raised {long} NOT NULL, noted {long} NOT NULL,
                value {text} NOT NULL, body {text} NOT NULL, suppressed {text} NOT NULL, acknowledged {long}, acknowledged_by {text} NOT NULL, note {text} NOT NULL, cleared {long}, clear_reason {text} NOT NULL);
            CREATE UNIQUE INDEX alert_open ON alert (rule, thing, field) WHERE cleared IS NULL;
            CREATE INDEX alert_thing ON alert (thing, id);
            CREATE INDEX alert_cleared ON alert (cleared);
            CREATE TABLE alert_delivery (id {identity}, alert {long} NOT NULL, what {long} NOT NULL, channel {long} NOT NULL, address {text} NOT NULL, secret {text} NOT NULL, state {long} NOT NULL, held {long} NOT NULL,
                attempts {long} NOT NULL, created {long} NOT NULL, due {long} NOT NULL, done {long}, digest {text} NOT NULL, answer {text} NOT NULL);
            CREATE INDEX alert_delivery_due ON alert_delivery (due) WHERE state = 0;
            CREATE INDEX alert_delivery_alert ON alert_delivery (alert);
            CREATE INDEX alert_delivery_state ON alert_delivery (state, id);
            CREATE TABLE alert_status (thing {text} NOT NULL, at {long} NOT NULL, firmware {text} NOT NULL, battery {long}, PRIMARY KEY (thing, at)){keyonly};
            CREATE TABLE alert_run (id {long} NOT NULL PRIMARY KEY, judged {long} NOT NULL);
            """),
    ];
}
