using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>How making a node ended.</summary>
internal enum CreateResult
{
    Created,
    Exists,
    TooMany,
}

/// <summary>How retracting items ended.</summary>
internal enum RetractResult
{
    Retracted,
    NotFound,
    Forbidden,
}

/// <summary>Nodes, affiliations and subscriptions in SQL. Every change is one unit of the group commit; its <c>committed</c> step runs when it is durable.</summary>
public sealed partial class PubSubStore(ISqlDatabase database)
{
    private const string SubscriptionColumns = "s.jid, s.state, s.deliver, s.expire";

    internal Task LoadAsync(string name, Action<Node?> committed, CancellationToken cancellationToken) =>
        database.WriteAsync(session => Load(session, name), committed, cancellationToken: cancellationToken);

    internal Task<CreateResult> CreateAsync(string name, string creator, DateTimeOffset now, NodeConfiguration configuration, Affiliation creatorsAffiliation, int limit, Action<Node> committed)
    {
        Node? made = null;
        return database.WriteAsync(
            session =>
            {
                if (limit > 0 && Number(session.Prepare("SELECT count(*) FROM pubsub_node WHERE creator = $1").Bind(1, creator)) >= limit)
                {
                    return CreateResult.TooMany;
                }

                SqlStatement insert = session.Prepare("""
                    INSERT INTO pubsub_node (name, creator, created, access, item_expire, send_on_presence, configuration) VALUES ($1, $2, $3, $4, $5, $6, $7)
                    ON CONFLICT (name) DO NOTHING RETURNING id
                    """)
                    .Bind(1, name).Bind(2, creator).Bind(3, now.ToUnixTimeMilliseconds());
                BindConfiguration(insert, 4, configuration);
                if (!insert.Read())
                {
                    return CreateResult.Exists;
                }

                long id = insert.GetInt64(0);
                insert.Reset();
                session.Prepare("INSERT INTO pubsub_counter (node, items, last) VALUES ($1, 0, 0)").Bind(1, id).Execute();
                PutAffiliation(session, id, creator, creatorsAffiliation);
                made = new Node(id, name, creator, DateTimeOffset.FromUnixTimeMilliseconds(now.ToUnixTimeMilliseconds()), configuration);
                made.Set(creator, creatorsAffiliation);
                return CreateResult.Created;
            },
            result =>
            {
                if (result == CreateResult.Created)
                {
                    committed(made!);
                }
            });
    }

    /// <summary>Deletes the node with all that hangs on it.</summary>
    internal Task<bool> DeleteAsync(long node, Action committed) => database.WriteAsync(
        session => session.Prepare("DELETE FROM pubsub_node WHERE id = $1").Bind(1, node).Execute() > 0,
        deleted =>
        {
            if (deleted)
            {
                committed();
            }
        });

    /// <summary>Keeps a new configuration; items that it no longer allows go. With <paramref name="whitelist"/> subscriptions of who is not affiliated end.</summary>
    /// <returns>The JIDs whose subscriptions ended, or null when the node is gone.</returns>
    internal Task<List<Jid>?> ConfigureAsync(long node, NodeConfiguration configuration, int maxItems, bool whitelist, Action<List<Jid>> committed) => database.WriteAsync(
        session =>
        {
            SqlStatement update = session.Prepare("UPDATE pubsub_node SET access = $2, item_expire = $3, send_on_presence = $4, configuration = $5 WHERE id = $1").Bind(1, node);
            BindConfiguration(update, 2, configuration);
            if (update.Execute() == 0)
            {
                return null;
            }

            Prune(session, node, configuration.PersistItems ? maxItems : 0);
            var ended = new List<Jid>();
            if (whitelist)
            {
                SqlStatement rows = session.Prepare($"""
                    DELETE FROM pubsub_subscription WHERE node = $1 AND bare NOT IN
                        (SELECT jid FROM pubsub_affiliation WHERE node = $1 AND affiliation <> {(int)Affiliation.Outcast}) RETURNING jid
                    """).Bind(1, node);
                while (rows.Read())
                {
                    AddJid(ended, rows.GetString(0));
                }
            }

            return ended;
        },
        ended =>
        {
            if (ended is not null)
            {
                committed(ended);
            }
        });

    /// <summary>Sets affiliations, all or none; <see cref="Affiliation.None"/> removes. The subscriptions of outcasts end.</summary>
    /// <returns>The JIDs whose subscriptions ended.</returns>
    internal Task<List<Jid>> SetAffiliationsAsync(long node, IReadOnlyList<(Jid Jid, Affiliation Affiliation)> changes, Action<List<Jid>> committed) => database.WriteAsync(
        session =>
        {
            var ended = new List<Jid>();
            foreach ((Jid jid, Affiliation affiliation) in changes)
            {
                PutAffiliation(session, node, jid.ToString(), affiliation);
                if (affiliation == Affiliation.Outcast)
                {
                    SqlStatement rows = session.Prepare("DELETE FROM pubsub_subscription WHERE node = $1 AND bare = $2 RETURNING jid").Bind(1, node).Bind(2, jid.ToString());
                    while (rows.Read())
                    {
                        AddJid(ended, rows.GetString(0));
                    }
                }
            }

            return ended;
        },
        committed);

    /// <summary>Sets subscriptions, all or none; <see cref="SubscriptionState.None"/> removes.</summary>
    /// <returns>False when the account has reached <paramref name="limit"/>: nothing was changed.</returns>
    internal Task<bool> SetSubscriptionsAsync(long node, IReadOnlyList<Subscription> changes, int limit, Action committed) => database.WriteAsync(
        session =>
        {
            foreach (Subscription change in changes)
            {
                if (change.State == SubscriptionState.None)
                {
                    session.Prepare("DELETE FROM pubsub_subscription WHERE node = $1 AND jid = $2").Bind(1, node).Bind(2, change.Jid.ToString()).Execute();
                    continue;
                }

                string bare = change.Jid.Bare.ToString();
                if (limit > 0 && Number(session.Prepare("SELECT count(*) FROM (SELECT 1 AS one FROM pubsub_subscription WHERE bare = $1 LIMIT $2) counted").Bind(1, bare).Bind(2, limit)) >= limit)
                {
                    return false;
                }

                session.Prepare("""
                    INSERT INTO pubsub_subscription (node, jid, bare, state, deliver, expire) VALUES ($1, $2, $3, $4, $5, $6)
                    ON CONFLICT (node, jid) DO UPDATE SET state = excluded.state, deliver = excluded.deliver, expire = excluded.expire
                    """)
                    .Bind(1, node).Bind(2, change.Jid.ToString()).Bind(3, bare).Bind(4, (long)change.State).Bind(5, change.Options.Deliver)
                    .Bind(6, change.Options.Expire?.ToUnixTimeMilliseconds()).Execute();
            }

            return true;
        },
        done =>
        {
            if (done)
            {
                committed();
            }
        });

    /// <summary>Nodes that an entity may find, in the order of their names.</summary>
    /// <param name="bare">Who asks.</param>
    /// <param name="all">True for administrators.</param>
    /// <param name="after">The last name before the page, or null.</param>
    /// <param name="before">The first name behind the page (empty: the last page), or null.</param>
    /// <param name="max">Names at most.</param>
    /// <param name="cancellationToken">Ends the wait for a reader.</param>
    /// <returns>The page, the place of its first, and the count of all.</returns>
    internal ValueTask<(List<(string Name, string Title)> Nodes, int Index, int Count)> NodesAsync(string bare, bool all, string? after, string? before, int max, CancellationToken cancellationToken) =>
        database.ReadAsync(
            session =>
            {
                string visible = all
                    ? "($1 = $1)"
                    : $"((access = {(int)AccessModel.Open} AND name NOT LIKE 'things/%') OR id IN (SELECT node FROM pubsub_affiliation WHERE jid = $1 AND affiliation <> {(int)Affiliation.Outcast}))";
                int count = (int)Number(session.Prepare($"SELECT count(*) FROM pubsub_node WHERE {visible}").Bind(1, bare));
                var page = new List<(string, string)>();
                SqlStatement rows = before is null
                    ? session.Prepare($"SELECT name, configuration FROM pubsub_node WHERE {visible} AND name > $2 ORDER BY name LIMIT $3").Bind(1, bare).Bind(2, after ?? "").Bind(3, max)
                    : before.Length == 0
                        ? session.Prepare($"SELECT name, configuration FROM pubsub_node WHERE {visible} ORDER BY name DESC LIMIT $2").Bind(1, bare).Bind(2, max)
                        : session.Prepare($"SELECT name, configuration FROM pubsub_node WHERE {visible} AND name < $2 ORDER BY name DESC LIMIT $3").Bind(1, bare).Bind(2, before).Bind(3, max);
                while (rows.Read())
                {
                    page.Add((rows.GetString(0), NodeConfiguration.FromJson(rows.GetString(1)).Title));
                }

                if (before is not null)
                {
                    page.Reverse();
                }

                int index = page.Count == 0 ? 0 : (int)Number(session.Prepare($"SELECT count(*) FROM pubsub_node WHERE {visible} AND name < $2").Bind(1, bare).Bind(2, page[0].Item1));
                return (page, index, count);
            },
            cancellationToken);

    /// <summary>The subscriptions of an account, by the name of the node.</summary>
    internal ValueTask<List<(string Node, Subscription Subscription)>> SubscriptionsOfAsync(string bare, DateTimeOffset now, CancellationToken cancellationToken) => database.ReadAsync(
        session =>
        {
            var found = new List<(string, Subscription)>();
            SqlStatement rows = session.Prepare(
                $"SELECT {SubscriptionColumns}, n.name FROM pubsub_subscription s JOIN pubsub_node n ON n.id = s.node WHERE s.bare = $1 AND (s.expire IS NULL OR s.expire > $2) ORDER BY n.name, s.jid")
                .Bind(1, bare).Bind(2, now.ToUnixTimeMilliseconds());
            while (rows.Read())
            {
                if (ReadSubscription(rows) is { } subscription)
                {
                    found.Add((rows.GetString(4), subscription));
                }
            }

            return found;
        },
        cancellationToken);

    /// <summary>The affiliations of an account, by the name of the node.</summary>
    internal ValueTask<List<(string Node, Affiliation Affiliation)>> AffiliationsOfAsync(string bare, CancellationToken cancellationToken) => database.ReadAsync(
        session =>
        {
            var found = new List<(string, Affiliation)>();
            SqlStatement rows = session.Prepare("SELECT n.name, a.affiliation FROM pubsub_affiliation a JOIN pubsub_node n ON n.id = a.node WHERE a.jid = $1 ORDER BY n.name").Bind(1, bare);
            while (rows.Read())
            {
                found.Add((rows.GetString(0), (Affiliation)rows.GetInt32(1)));
            }

            return found;
        },
        cancellationToken);

    /// <summary>The nodes whose last item a subscriber gets when it becomes available.</summary>
    internal ValueTask<List<string>> NodesForPresenceAsync(string bare, CancellationToken cancellationToken) => database.ReadAsync(
        session =>
        {
            var found = new List<string>();
            SqlStatement rows = session.Prepare(
                $"SELECT DISTINCT n.name FROM pubsub_subscription s JOIN pubsub_node n ON n.id = s.node WHERE s.bare = $1 AND s.state = {(int)SubscriptionState.Subscribed} AND n.send_on_presence = 1")
                .Bind(1, bare);
            while (rows.Read())
            {
                found.Add(rows.GetString(0));
            }

            return found;
        },
        cancellationToken);

    /// <summary>The names of all nodes that begin so.</summary>
    internal ValueTask<List<string>> NamesBelowAsync(string prefix, CancellationToken cancellationToken) => database.ReadAsync(
        session =>
        {
            var found = new List<string>();
            string pattern = prefix.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal) + "%";
            SqlStatement rows = session.Prepare("SELECT name FROM pubsub_node WHERE name LIKE $1 ESCAPE '\\' ORDER BY name").Bind(1, pattern);
            while (rows.Read())
            {
                if (rows.GetString(0) is var name && name.StartsWith(prefix, StringComparison.Ordinal)) // LIKE may pass over case
                {
                    found.Add(name);
                }
            }

            return found;
        },
        cancellationToken);

    /// <summary>Removes what an account that is gone was and wanted.</summary>
    internal Task RemoveEntityAsync(string bare, Action committed) => database.WriteAsync(
        session =>
        {
            session.Prepare("DELETE FROM pubsub_subscription WHERE bare = $1").Bind(1, bare).Execute();
            session.Prepare("DELETE FROM pubsub_affiliation WHERE jid = $1").Bind(1, bare).Execute();
        },
        committed);

    private static Node? Load(SqlSession session, string name)
    {
        SqlStatement row = session.Prepare("SELECT id, creator, created, configuration FROM pubsub_node WHERE name = $1").Bind(1, name);
        if (!row.Read())
        {
            return null;
        }

        var node = new Node(row.GetInt64(0), name, row.GetString(1), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(2)), NodeConfiguration.FromJson(row.GetString(3)));
        row.Reset();
        SqlStatement affiliations = session.Prepare("SELECT jid, affiliation FROM pubsub_affiliation WHERE node = $1").Bind(1, node.Id);
        while (affiliations.Read())
        {
            node.Set(affiliations.GetString(0), (Affiliation)affiliations.GetInt32(1));
        }

        SqlStatement subscriptions = session.Prepare($"SELECT {SubscriptionColumns} FROM pubsub_subscription s WHERE s.node = $1").Bind(1, node.Id);
        while (subscriptions.Read())
        {
            if (ReadSubscription(subscriptions) is { } subscription)
            {
                node.Put(subscription);
            }
        }

        return node;
    }

    private static Subscription? ReadSubscription(SqlStatement row)
    {
        if (!Jid.TryParse(row.GetString(0), out Jid? jid))
        {
            return null;
        }

        bool deliver = row.GetBoolean(2);
        long? expire = row.GetInt64OrNull(3);
        SubscriptionOptions options = deliver && expire is null
            ? SubscriptionOptions.Default
            : new SubscriptionOptions { Deliver = deliver, Expire = expire is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null };
        return new Subscription(jid, (SubscriptionState)row.GetInt32(1), options);
    }

    private static void PutAffiliation(SqlSession session, long node, string bare, Affiliation affiliation)
    {
        if (affiliation == Affiliation.None)
        {
            session.Prepare("DELETE FROM pubsub_affiliation WHERE node = $1 AND jid = $2").Bind(1, node).Bind(2, bare).Execute();
            return;
        }

        session.Prepare("INSERT INTO pubsub_affiliation (node, jid, affiliation) VALUES ($1, $2, $3) ON CONFLICT (node, jid) DO UPDATE SET affiliation = excluded.affiliation")
            .Bind(1, node).Bind(2, bare).Bind(3, (long)affiliation).Execute();
    }

    private static void BindConfiguration(SqlStatement statement, int first, NodeConfiguration configuration) => statement
        .Bind(first, (long)configuration.AccessModel).Bind(first + 1, configuration.ItemExpire)
        .Bind(first + 2, configuration.SendLastPublishedItem == SendLastPublishedItem.OnSubAndPresence).Bind(first + 3, configuration.ToJson());

    private static void AddJid(List<Jid> list, string text)
    {
        if (Jid.TryParse(text, out Jid? jid))
        {
            list.Add(jid);
        }
    }

    private static long Number(SqlStatement statement)
    {
        statement.Read();
        long number = statement.GetInt64(0);
        statement.Reset();
        return number;
    }
}
