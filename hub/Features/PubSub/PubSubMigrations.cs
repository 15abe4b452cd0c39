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
        new("PubSub", 2, "several subscriptions of one entity, their options, collections, nodes that have moved, digests", """
            ALTER TABLE pubsub_node ADD COLUMN kind {long} NOT NULL DEFAULT 0;
            ALTER TABLE pubsub_node ADD COLUMN purge_offline {long} NOT NULL DEFAULT 0;
            CREATE TABLE pubsub_subscriber (
                node {long} NOT NULL REFERENCES pubsub_node (id) ON DELETE CASCADE,
                jid {text} NOT NULL,
                subid {text} NOT NULL,
                bare {text} NOT NULL,
                state {long} NOT NULL,
                deliver {long} NOT NULL,
                until_presence {long} NOT NULL,
                warned {long} NOT NULL,
                expire {long},
                options {text},
                PRIMARY KEY (node, jid, subid)){keyonly};
            INSERT INTO pubsub_subscriber (node, jid, subid, bare, state, deliver, until_presence, warned, expire)
                SELECT node, jid, '1', bare, state, deliver, 0, 0, expire FROM pubsub_subscription;
            DROP TABLE pubsub_subscription;
            CREATE INDEX pubsub_subscriber_bare ON pubsub_subscriber (bare);
            CREATE INDEX pubsub_subscriber_expire ON pubsub_subscriber (expire) WHERE expire IS NOT NULL;
            CREATE INDEX pubsub_subscriber_pending ON pubsub_subscriber (node) WHERE state = 1;
            CREATE INDEX pubsub_subscriber_presence ON pubsub_subscriber (bare) WHERE until_presence = 1;
            CREATE INDEX pubsub_node_purge ON pubsub_node (id) WHERE purge_offline = 1;
            CREATE TABLE pubsub_child (
                collection {long} NOT NULL REFERENCES pubsub_node (id) ON DELETE CASCADE,
                child {long} NOT NULL REFERENCES pubsub_node (id) ON DELETE CASCADE,
                PRIMARY KEY (collection, child)){keyonly};
            CREATE INDEX pubsub_child_child ON pubsub_child (child);
            CREATE TABLE pubsub_moved (
                name {text} NOT NULL PRIMARY KEY,
                uri {text} NOT NULL,
                at {long} NOT NULL){keyonly};
            CREATE TABLE pubsub_digest (
                node {long} NOT NULL REFERENCES pubsub_node (id) ON DELETE CASCADE,
                via {long} NOT NULL REFERENCES pubsub_node (id) ON DELETE CASCADE,
                jid {text} NOT NULL,
                subid {text} NOT NULL,
                since {long} NOT NULL,
                due {long} NOT NULL,
                PRIMARY KEY (node, via, jid, subid)){keyonly};
            CREATE INDEX pubsub_digest_via ON pubsub_digest (via);
            """),
    ];
}
