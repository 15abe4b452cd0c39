using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>How setting subscriptions ended.</summary>
internal enum SubscribeResult
{
    Done,
    TooMany,
    TooManyPending,
}

/// <summary>Bounds of a change of subscriptions.</summary>
/// <param name="PerAccount">Subscriptions that an account may have; 0 where nothing new is made.</param>
/// <param name="Pending">Subscriptions of the node that may wait.</param>
/// <param name="QuietUntil">A lease that ends before this is too short to be told of.</param>
internal readonly record struct SubscriptionBounds(int PerAccount, int Pending, DateTimeOffset QuietUntil);

/// <summary>What ended by itself or is about to.</summary>
/// <param name="Ended">Subscriptions that are gone, by node.</param>
/// <param name="Ending">Leases whose subscribers are to be told that they end soon (§12.18).</param>
internal sealed record SweepResult(List<(string Node, Subscription Subscription)> Ended, List<(string Node, Subscription Subscription)> Ending);

/// <content>Subscriptions.</content>
public sealed partial class PubSubStore
{
    private const string EndedColumns = "jid, subid, state, deliver, until_presence, expire, options";

    /// <summary>Sets subscriptions, all or none; <see cref="SubscriptionState.None"/> removes.</summary>
    /// <param name="node">The node.</param>
    /// <param name="changes">The subscriptions, each with its identifier.</param>
    /// <param name="bounds">How many there may be.</param>
    /// <param name="committed">Runs when they are set.</param>
    internal Task<SubscribeResult> SetSubscriptionsAsync(long node, IReadOnlyList<Subscription> changes, SubscriptionBounds bounds, Action committed) => database.WriteAsync(
        session =>
        {
            if (bounds.PerAccount > 0)
            {
                foreach (Subscription change in changes)
                {
                    if (change.State == SubscriptionState.Pending
                        && Number(session.Prepare("SELECT count(*) FROM pubsub_subscriber WHERE node = $1 AND state = 1").Bind(1, node)) >= bounds.Pending)
                    {
                        return SubscribeResult.TooManyPending;
                    }

                    string bare = change.Jid.Bare.ToString();
                    if (Number(session.Prepare("SELECT count(*) FROM (SELECT 1 AS one FROM pubsub_subscriber WHERE bare = $1 LIMIT $2) counted").Bind(1, bare).Bind(2, bounds.PerAccount)) >= bounds.PerAccount)
                    {
                        return SubscribeResult.TooMany;
                    }
                }
            }

            foreach (Subscription change in changes)
            {
                if (change.State == SubscriptionState.None)
                {
                    session.Prepare("DELETE FROM pubsub_subscriber WHERE node = $1 AND jid = $2 AND subid = $3").Bind(1, node).Bind(2, change.Jid.ToString()).Bind(3, change.SubId).Execute();
                    continue;
                }

                session.Prepare("""
                    INSERT INTO pubsub_subscriber (node, jid, subid, bare, state, deliver, until_presence, warned, expire, options) VALUES ($1, $2, $3, $4, $5, $6, $7, $10, $8, $9)
                    ON CONFLICT (node, jid, subid) DO UPDATE SET state = excluded.state, deliver = excluded.deliver, until_presence = excluded.until_presence, warned = excluded.warned,
                        expire = excluded.expire, options = excluded.options
                    """)
                    .Bind(1, node).Bind(2, change.Jid.ToString()).Bind(3, change.SubId).Bind(4, change.Jid.Bare.ToString()).Bind(5, (long)change.State).Bind(6, change.Options.Deliver)
                    .Bind(7, change.Options.UntilPresence).Bind(8, change.Options.Expire?.ToUnixTimeMilliseconds()).Bind(9, change.Options.ToJson())
                    .Bind(10, change.Options.Expire is { } expire && expire <= bounds.QuietUntil).Execute();
            }

            return SubscribeResult.Done;
        },
        result =>
        {
            if (result == SubscribeResult.Done)
            {
                committed();
            }
        });

    /// <summary>The subscriptions of an account, by the name of the node.</summary>
    internal ValueTask<List<(string Node, Subscription Subscription)>> SubscriptionsOfAsync(string bare, DateTimeOffset now, CancellationToken cancellationToken) => database.ReadAsync(
        session => ByNode(session.Prepare(
            $"SELECT {SubscriptionColumns}, n.name FROM pubsub_subscriber s JOIN pubsub_node n ON n.id = s.node WHERE s.bare = $1 AND (s.expire IS NULL OR s.expire > $2) ORDER BY n.name, s.jid, s.subid")
            .Bind(1, bare).Bind(2, now.ToUnixTimeMilliseconds())),
        cancellationToken);

    /// <summary>The bare JIDs that have subscribed to nodes below a name.</summary>
    internal ValueTask<List<Jid>> SubscribersBelowAsync(string prefix, CancellationToken cancellationToken) => database.ReadAsync(
        session =>
        {
            var found = new List<Jid>();
            SqlStatement rows = session.Prepare("SELECT DISTINCT s.bare FROM pubsub_subscriber s JOIN pubsub_node n ON n.id = s.node WHERE n.name >= $1 AND n.name < $2")
                .Bind(1, _scope + prefix).Bind(2, _scope + prefix[..^1] + (char)(prefix[^1] + 1));
            while (rows.Read())
            {
                if (Jid.TryParse(rows.GetString(0), out Jid? jid))
                {
                    found.Add(jid);
                }
            }

            return found;
        },
        cancellationToken);

    /// <summary>Nodes with subscriptions that wait for an owner (§8.7), by name: those that an entity owns, or all.</summary>
    internal ValueTask<List<string>> PendingNodesAsync(string bare, bool all, CancellationToken cancellationToken) => database.ReadAsync(
        session => Own(session.Prepare(
            "SELECT DISTINCT n.name FROM pubsub_subscriber s JOIN pubsub_node n ON n.id = s.node WHERE s.state = 1 AND "
            + (all ? "$1 = $1" : $"s.node IN (SELECT node FROM pubsub_affiliation WHERE jid = $1 AND affiliation = {(int)Affiliation.Owner})") + " ORDER BY n.name").Bind(1, bare)),
        cancellationToken);

    /// <summary>Whether an entity owns any node.</summary>
    internal ValueTask<bool> IsOwnerAsync(string bare, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.Prepare($"SELECT 1 FROM pubsub_affiliation WHERE jid = $1 AND affiliation = {(int)Affiliation.Owner} LIMIT 1").Bind(1, bare).Read(),
        cancellationToken);

    /// <summary>The nodes whose last item a subscriber gets when it becomes available.</summary>
    internal ValueTask<List<string>> NodesForPresenceAsync(string bare, CancellationToken cancellationToken) => database.ReadAsync(
        session => Own(session.Prepare(
            $"SELECT DISTINCT n.name FROM pubsub_subscriber s JOIN pubsub_node n ON n.id = s.node WHERE s.bare = $1 AND s.state = {(int)SubscriptionState.Subscribed} AND n.send_on_presence = 1").Bind(1, bare)),
        cancellationToken);

    /// <summary>Ends the temporary subscriptions (§12.4) of a JID, or with null those of everybody: nobody is there any more who was when the hub stopped.</summary>
    internal Task EndTemporaryAsync(Jid? jid, Action<List<(string Node, Subscription Subscription)>> committed) => database.WriteAsync(
        session =>
        {
            string which = "until_presence = 1 AND " + (jid is null ? "bare >= $1" : "bare = $2 AND jid = $1");
            SqlStatement Where(string sql) => jid is null ? session.Prepare(sql).Bind(1, "") : session.Prepare(sql).Bind(1, jid.ToString()).Bind(2, jid.Bare.ToString());
            List<(string, Subscription)> ended = ByNode(Where($"SELECT {SubscriptionColumns}, n.name FROM pubsub_subscriber s JOIN pubsub_node n ON n.id = s.node WHERE {which}"));
            if (ended.Count > 0)
            {
                Where($"DELETE FROM pubsub_subscriber WHERE {which}").Execute();
            }

            return ended;
        },
        committed);

    /// <summary>Ends the subscriptions of a contact to nodes of an owner's whose access model is presence (§12.13).</summary>
    internal Task EndByPresenceAsync(string owner, string contact, Action<List<(string Node, Subscription Subscription)>> committed) => database.WriteAsync(
        session =>
        {
            List<(string Node, Subscription Subscription)> ended = ByNode(session.Prepare($"""
                SELECT {SubscriptionColumns}, n.name FROM pubsub_subscriber s JOIN pubsub_node n ON n.id = s.node
                WHERE s.bare = $2 AND n.access = {(int)AccessModel.Presence}
                    AND EXISTS (SELECT 1 FROM pubsub_affiliation a WHERE a.node = n.id AND a.jid = $1 AND a.affiliation = {(int)Affiliation.Owner})
                    AND NOT EXISTS (SELECT 1 FROM pubsub_affiliation a WHERE a.node = n.id AND a.jid = $2)
                """).Bind(1, owner).Bind(2, contact));
            foreach ((string node, Subscription subscription) in ended)
            {
                session.Prepare("DELETE FROM pubsub_subscriber WHERE node = (SELECT id FROM pubsub_node WHERE name = $1) AND jid = $2 AND subid = $3")
                    .Bind(1, _scope + node).Bind(2, subscription.Jid.ToString()).Bind(3, subscription.SubId).Execute();
            }

            return ended;
        },
        committed);

    /// <summary>Removes what has expired, and says whose lease ends soon: once.</summary>
    /// <param name="now">The time.</param>
    /// <param name="notice">How long before its end a lease is told.</param>
    /// <param name="redirects">Addresses of nodes that have moved which are kept.</param>
    /// <param name="committed">Runs when it is gone.</param>
    internal Task<SweepResult> SweepAsync(DateTimeOffset now, TimeSpan notice, int redirects, Action<SweepResult> committed) => database.WriteAsync(
        session =>
        {
            long at = now.ToUnixTimeMilliseconds();
            SweepItems(session, at);
            List<(string, Subscription)> ended = ByNode(session.Prepare(
                $"SELECT {SubscriptionColumns}, n.name FROM pubsub_subscriber s JOIN pubsub_node n ON n.id = s.node WHERE s.expire <= $1").Bind(1, at));
            if (ended.Count > 0)
            {
                session.Prepare("DELETE FROM pubsub_subscriber WHERE expire <= $1").Bind(1, at).Execute();
            }

            long soon = at + (long)notice.TotalMilliseconds;
            List<(string, Subscription)> ending = ByNode(session.Prepare(
                $"SELECT {SubscriptionColumns}, n.name FROM pubsub_subscriber s JOIN pubsub_node n ON n.id = s.node WHERE s.expire <= $1 AND s.warned = 0").Bind(1, soon));
            if (ending.Count > 0)
            {
                session.Prepare("UPDATE pubsub_subscriber SET warned = 1 WHERE expire <= $1 AND warned = 0").Bind(1, soon).Execute();
            }

            if (_scope.Length == 0)
            {
                session.Prepare("DELETE FROM pubsub_moved WHERE name IN (SELECT name FROM pubsub_moved ORDER BY at DESC, name LIMIT 1000000 OFFSET $1)").Bind(1, redirects).Execute();
            }

            return new SweepResult(ended, ending);
        },
        committed);

    private List<(string Node, Subscription Subscription)> ByNode(SqlStatement rows)
    {
        var found = new List<(string, Subscription)>();
        while (rows.Read())
        {
            if (TryOwn(rows.GetString(7), out string own) && ReadSubscription(rows) is { } subscription)
            {
                found.Add((own, subscription));
            }
        }

        return found;
    }

    private List<string> Own(SqlStatement names)
    {
        var found = new List<string>();
        while (names.Read())
        {
            if (TryOwn(names.GetString(0), out string own))
            {
                found.Add(own);
            }
        }

        return found;
    }

    private static void Collect(SqlStatement rows, List<Subscription> subscriptions)
    {
        while (rows.Read())
        {
            if (ReadSubscription(rows) is { } subscription)
            {
                subscriptions.Add(subscription);
            }
        }
    }

    private static Subscription? ReadSubscription(SqlStatement row)
    {
        if (!Jid.TryParse(row.GetString(0), out Jid? jid))
        {
            return null;
        }

        DateTimeOffset? expire = row.GetInt64OrNull(5) is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null;
        return new Subscription(jid, (SubscriptionState)row.GetInt32(2), SubscriptionOptions.FromJson(row.GetStringOrNull(6), row.GetBoolean(3), expire, row.GetBoolean(4))) { SubId = row.GetString(1) };
    }
}
