using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>How making a node ended.</summary>
internal enum CreateResult
{
    Created,
    Exists,
    TooMany,
    WrongGraph,
}

/// <summary>A node that is to be made.</summary>
internal sealed record NewNode(string Name, string Creator, DateTimeOffset Created, NodeConfiguration Configuration);

/// <summary>How retracting items ended.</summary>
internal enum RetractResult
{
    Retracted,
    NotFound,
    Forbidden,
}

/// <summary>
/// Nodes, affiliations and subscriptions in SQL. Every change is one unit of the group commit; its <c>committed</c> step runs when it is durable. The nodes of an account's own service stand in the same
/// tables under names that begin with a character that XML cannot say, and with the account: no client can name them at the service of the hub.
/// </summary>
/// <param name="database">The hub's database.</param>
/// <param name="account">The localpart of the account whose nodes these are; empty for the service of the hub.</param>
public sealed partial class PubSubStore(ISqlDatabase database, string account = "")
{
    // Between an account's first and last possible name, and behind all accounts.
    private readonly string _scope = account.Length == 0 ? "" : $"\u0001{account}\u0001";
    private readonly string _from = account.Length == 0 ? "\u0002" : $"\u0001{account}\u0001";
    private readonly string _until = account.Length == 0 ? "\U0010ffff" : $"\u0001{account}\u0002";

    /// <summary>The accounts (localparts) that have nodes of their own.</summary>
    internal static ValueTask<List<string>> ScopesAsync(ISqlDatabase database, CancellationToken cancellationToken) => database.ReadAsync(
        session =>
        {
            var accounts = new List<string>();
            string after = "\u0001";
            while (true)
            {
                SqlStatement row = session.Prepare("SELECT name FROM pubsub_node WHERE name > $1 AND name < $2 ORDER BY name LIMIT 1").Bind(1, after).Bind(2, "\u0002");
                if (!row.Read())
                {
                    return accounts;
                }

                string name = row.GetString(0);
                row.Reset();
                accounts.Add(name[1..name.IndexOf('\u0001', 1)]);
                after = $"\u0001{accounts[^1]}\u0002";
            }
        },
        cancellationToken);

    /// <summary>Removes all nodes of an account's own service.</summary>
    internal static Task RemoveScopeAsync(ISqlDatabase database, string account) => database.WriteAsync(
        session => session.Prepare("DELETE FROM pubsub_node WHERE name >= $1 AND name < $2").Bind(1, $"\u0001{account}\u0001").Bind(2, $"\u0001{account}\u0002").Execute());

    private const string SubscriptionColumns = "s.jid, s.subid, s.state, s.deliver, s.until_presence, s.expire, s.options";

    internal Task LoadAsync(string name, Action<Node?> committed, CancellationToken cancellationToken) =>
        database.WriteAsync(session => Load(session, name, _scope), committed, cancellationToken: cancellationToken);

    /// <summary>Makes a node.</summary>
    /// <param name="node">Name, creator, time and configuration; the id is none yet.</param>
    /// <param name="creatorsAffiliation">What the creator is to it.</param>
    /// <param name="limit">Nodes that the creator may have; 0 for any number.</param>
    /// <param name="graph">Where it is to stand, and the bounds of that; null for below the root.</param>
    /// <param name="committed">Runs when it is there.</param>
    internal Task<(CreateResult Result, GraphResult Graph)> CreateAsync(NewNode node, Affiliation creatorsAffiliation, int limit, (GraphChange Change, PubSubOptions Bounds)? graph, Action<Node, GraphResult> committed)
    {
        Node? made = null;
        return database.WriteAsync(
            session =>
            {
                if (limit > 0 && Number(session.Prepare("SELECT count(*) FROM pubsub_node WHERE creator = $1").Bind(1, node.Creator)) >= limit)
                {
                    return (CreateResult.TooMany, GraphResult.Unchanged);
                }

                if (graph is { } wanted && CheckGraph(session, null, node.Name, node.Configuration, wanted.Change, wanted.Bounds) is { } wrong)
                {
                    return (CreateResult.WrongGraph, GraphResult.Refused(wrong));
                }

                SqlStatement insert = session.Prepare("""
                    INSERT INTO pubsub_node (name, creator, created, access, item_expire, send_on_presence, configuration, kind, purge_offline) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                    ON CONFLICT (name) DO NOTHING RETURNING id
                    """)
                    .Bind(1, _scope + node.Name).Bind(2, node.Creator).Bind(3, node.Created.ToUnixTimeMilliseconds());
                BindConfiguration(insert, 4, node.Configuration);
                if (!insert.Read())
                {
                    return (CreateResult.Exists, GraphResult.Unchanged);
                }

                long id = insert.GetInt64(0);
                insert.Reset();
                session.Prepare("INSERT INTO pubsub_counter (node, items, last) VALUES ($1, 0, 0)").Bind(1, id).Execute();
                session.Prepare("DELETE FROM pubsub_moved WHERE name = $1").Bind(1, _scope + node.Name).Execute();
                PutAffiliation(session, id, node.Creator, creatorsAffiliation);
                made = new Node(id, node.Name, node.Creator, DateTimeOffset.FromUnixTimeMilliseconds(node.Created.ToUnixTimeMilliseconds()), node.Configuration);
                made.Set(node.Creator, creatorsAffiliation);
                return (CreateResult.Created, graph is null ? GraphResult.Unchanged : ChangeGraph(session, id, graph.Value.Change));
            },
            result =>
            {
                if (result.Item1 == CreateResult.Created)
                {
                    committed(made!, result.Item2);
                }
            });
    }

    /// <summary>Deletes the node with all that hangs on it; with a new address (§8.4) that is kept.</summary>
    internal Task<bool> DeleteAsync(Node node, string? redirectUri, DateTimeOffset now, Action committed) => database.WriteAsync(
        session =>
        {
            if (session.Prepare("DELETE FROM pubsub_node WHERE id = $1").Bind(1, node.Id).Execute() == 0)
            {
                return false;
            }

            if (redirectUri is not null)
            {
                session.Prepare("INSERT INTO pubsub_moved (name, uri, at) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET uri = excluded.uri, at = excluded.at")
                    .Bind(1, _scope + node.Name).Bind(2, redirectUri).Bind(3, now.ToUnixTimeMilliseconds()).Execute();
            }

            return true;
        },
        deleted =>
        {
            if (deleted)
            {
                committed();
            }
        });

    /// <summary>Where a node that was deleted is now, or null.</summary>
    internal ValueTask<string?> MovedAsync(string name, CancellationToken cancellationToken) => database.ReadAsync(
        session =>
        {
            SqlStatement row = session.Prepare("SELECT uri FROM pubsub_moved WHERE name = $1").Bind(1, _scope + name);
            return row.Read() ? row.GetString(0) : null;
        },
        cancellationToken);

    /// <summary>Keeps a new configuration; items that it no longer allows go. With <paramref name="whitelist"/> subscriptions of who is not affiliated end.</summary>
    /// <returns>The subscriptions that ended, or null when the node is gone; and what became of the graph: where that was refused, nothing was changed.</returns>
    internal Task<(List<Subscription>? Ended, GraphResult Graph)> ConfigureAsync(
        Node node, NodeConfiguration configuration, int maxItems, bool whitelist, (GraphChange Change, PubSubOptions Bounds)? graph, Action<List<Subscription>, GraphResult> committed) => database.WriteAsync(
        session =>
        {
            if (graph is { } wanted && CheckGraph(session, node.Id, node.Name, configuration, wanted.Change, wanted.Bounds) is { } wrong)
            {
                return (null, GraphResult.Refused(wrong));
            }

            SqlStatement update = session.Prepare("UPDATE pubsub_node SET access = $2, item_expire = $3, send_on_presence = $4, configuration = $5, kind = $6, purge_offline = $7 WHERE id = $1").Bind(1, node.Id);
            BindConfiguration(update, 2, configuration);
            if (update.Execute() == 0)
            {
                return ((List<Subscription>?)null, GraphResult.Unchanged);
            }

            Prune(session, node.Id, configuration.PersistItems && configuration.NodeType == NodeType.Leaf ? maxItems : 0);
            var ended = new List<Subscription>();
            if (whitelist)
            {
                Collect(
                    session.Prepare($"""
                        DELETE FROM pubsub_subscriber WHERE node = $1 AND bare NOT IN
                            (SELECT jid FROM pubsub_affiliation WHERE node = $1 AND affiliation <> {(int)Affiliation.Outcast}) RETURNING {EndedColumns}
                        """).Bind(1, node.Id),
                    ended);
            }

            return (ended, graph is null ? GraphResult.Unchanged : ChangeGraph(session, node.Id, graph.Value.Change));
        },
        result =>
        {
            if (result.Item1 is not null)
            {
                committed(result.Item1, result.Item2);
            }
        });

    /// <summary>Sets affiliations, all or none; <see cref="Affiliation.None"/> removes. The subscriptions of outcasts end.</summary>
    /// <returns>The subscriptions that ended.</returns>
    internal Task<List<Subscription>> SetAffiliationsAsync(long node, IReadOnlyList<(Jid Jid, Affiliation Affiliation)> changes, Action<List<Subscription>> committed) => database.WriteAsync(
        session =>
        {
            var ended = new List<Subscription>();
            foreach ((Jid jid, Affiliation affiliation) in changes)
            {
                PutAffiliation(session, node, jid.ToString(), affiliation);
                if (affiliation == Affiliation.Outcast)
                {
                    Collect(session.Prepare($"DELETE FROM pubsub_subscriber WHERE node = $1 AND bare = $2 RETURNING {EndedColumns}").Bind(1, node).Bind(2, jid.ToString()), ended);
                }
            }

            return ended;
        },
        committed);

    /// <summary>The affiliations of an account, by the name of the node.</summary>
    internal ValueTask<List<(string Node, Affiliation Affiliation)>> AffiliationsOfAsync(string bare, CancellationToken cancellationToken) => database.ReadAsync(
        session =>
        {
            var found = new List<(string, Affiliation)>();
            SqlStatement rows = session.Prepare("SELECT n.name, a.affiliation FROM pubsub_affiliation a JOIN pubsub_node n ON n.id = a.node WHERE a.jid = $1 ORDER BY n.name").Bind(1, bare);
            while (rows.Read())
            {
                if (TryOwn(rows.GetString(0), out string own))
                {
                    found.Add((own, (Affiliation)rows.GetInt32(1)));
                }
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

    /// <summary>The names of the nodes that begin and end so and were made by somebody else.</summary>
    internal ValueTask<List<string>> ForeignAsync(string prefix, string suffix, string creator, CancellationToken cancellationToken) => database.ReadAsync(
        session =>
        {
            var found = new List<string>();
            SqlStatement rows = session.Prepare("SELECT name FROM pubsub_node WHERE name LIKE $1 AND creator <> $2 ORDER BY name").Bind(1, prefix + "%" + suffix).Bind(2, creator);
            while (rows.Read())
            {
                if (rows.GetString(0) is var name && name.StartsWith(prefix, StringComparison.Ordinal) && name.EndsWith(suffix, StringComparison.Ordinal)) // LIKE may pass over case
                {
                    found.Add(name);
                }
            }

            return found;
        },
        cancellationToken);

    /// <summary>Gives a node to a new owner, who is as if he had made it: nothing is left of what the one who did published and allowed.</summary>
    internal Task TakeBackAsync(string name, string owner, NodeConfiguration configuration, Action committed) => database.WriteAsync(
        session =>
        {
            if (Load(session, name, _scope) is not { } node)
            {
                return;
            }

            SqlStatement update = session.Prepare("UPDATE pubsub_node SET creator = $2, access = $3, item_expire = $4, send_on_presence = $5, configuration = $6, kind = $7, purge_offline = $8 WHERE id = $1")
                .Bind(1, node.Id).Bind(2, owner);
            BindConfiguration(update, 3, configuration);
            update.Execute();
            session.Prepare("DELETE FROM pubsub_affiliation WHERE node = $1").Bind(1, node.Id).Execute();
            PutAffiliation(session, node.Id, owner, Affiliation.Owner);
            Uncount(session, node.Id, session.Prepare("DELETE FROM pubsub_item WHERE node = $1 AND publisher = $2").Bind(1, node.Id).Bind(2, node.Creator).Execute());
        },
        committed);

    /// <summary>Removes what an account that is gone was and wanted.</summary>
    internal Task RemoveEntityAsync(string bare, Action committed) => database.WriteAsync(
        session =>
        {
            session.Prepare("DELETE FROM pubsub_subscriber WHERE bare = $1").Bind(1, bare).Execute();
            session.Prepare("DELETE FROM pubsub_affiliation WHERE jid = $1").Bind(1, bare).Execute();
        },
        committed);

    // Whether a name is of this service, and what it is called there.
    private bool TryOwn(string name, out string own)
    {
        bool isOwn = _scope.Length == 0 ? name.Length == 0 || name[0] != '\u0001' : name.StartsWith(_scope, StringComparison.Ordinal);
        own = isOwn ? name[_scope.Length..] : name;
        return isOwn;
    }

    /// <summary>A node with all that hangs on it, and the collections above it (<paramref name="above"/>: those that were read already).</summary>
    private static Node? Load(SqlSession session, string name, string scope, Dictionary<string, Node>? above = null)
    {
        SqlStatement row = session.Prepare("SELECT id, creator, created, configuration FROM pubsub_node WHERE name = $1").Bind(1, scope + name);
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

        SqlStatement subscriptions = session.Prepare($"SELECT {SubscriptionColumns} FROM pubsub_subscriber s WHERE s.node = $1 ORDER BY s.jid, s.subid").Bind(1, node.Id);
        while (subscriptions.Read())
        {
            if (ReadSubscription(subscriptions) is { } subscription)
            {
                node.Put(subscription);
            }
        }

        List<string> collections = CollectionsOf(session, node.Id, scope);
        if (collections.Count > 0)
        {
            above ??= new Dictionary<string, Node>(StringComparer.Ordinal);
            node.Collections = [.. collections.Select(c => above.TryGetValue(c, out Node? known) ? known : Load(session, c, scope, above)).OfType<Node>()];
        }

        above?.TryAdd(name, node);
        return node;
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
        .Bind(first + 2, configuration.SendLastPublishedItem == SendLastPublishedItem.OnSubAndPresence).Bind(first + 3, configuration.ToJson())
        .Bind(first + 4, (long)configuration.NodeType).Bind(first + 5, configuration.PurgeOffline);

    private static long Number(SqlStatement statement)
    {
        statement.Read();
        long number = statement.GetInt64(0);
        statement.Reset();
        return number;
    }
}
