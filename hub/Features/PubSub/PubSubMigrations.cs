using IotXmpp.Hub.Storage.Migrations;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>The tables of nodes, affiliations, subscriptions and items. A released migration never changes.</summary>
public static class PubSubMigrations
{
    /// <summary>All steps, in order.</summary>
    public static IReadOnlyList<Migration> All { get; } =
    [
        new("PubSub", 1, "nodes, affiliations, subscriptions, items", """
            CREATE TABLE pubsub_node (
                id {identity},
                name {text} NOT NULL UNIQUE,
                creator {text} NOT NULL,
                created {long} NOT NULL,
                access {long} NOT NULL,
                item_expire {long} NOT NULL,
                send_on_presence {long} NOT NULL,
                configuration {text} NOT NULL);
            CREATE INDEX pubsub_node_creator ON pubsub_node (creator);
            CREATE TABLE pubsub_affiliation (
                node {long} NOT NULL REFERENCES pubsub_node (id) ON DELETE CASCADE,
                jid {text} NOT NULL,
                affiliation {long} NOT NULL,
                PRIMARY KEY (node, jid)){keyonly};
            CREATE INDEX pubsub_affiliation_jid ON pubsub_affiliation (jid);
            CREATE TABLE pubsub_subscription (
                node {long} NOT NULL REFERENCES pubsub_node (id) ON DELETE CASCADE,
                jid {text} NOT NULL,
                bare {text} NOT NULL,
                state {long} NOT NULL,
                deliver {long} NOT NULL,
                expire {long},
                PRIMARY KEY (node, jid)){keyonly};
            CREATE INDEX pubsub_subscription_bare ON pubsub_subscription (bare);
            CREATE TABLE pubsub_counter (
                node {long} NOT NULL PRIMARY KEY REFERENCES pubsub_node (id) ON DELETE CASCADE,
                items {long} NOT NULL,
                last {long} NOT NULL);
            CREATE TABLE pubsub_item (
                node {long} NOT NULL REFERENCES pubsub_node (id) ON DELETE CASCADE,
                place {long} NOT NULL,
                id {text} NOT NULL,
                publisher {text} NOT NULL,
                published {long} NOT NULL,
                payload {blob} NOT NULL,
                PRIMARY KEY (node, place)){keyonly};
            CREATE UNIQUE INDEX pubsub_item_id ON pubsub_item (node, id);
            """),
    ];
}
