using IotXmpp.Hub.Storage;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>Which nodes are looked for.</summary>
/// <param name="Bare">Who asks.</param>
/// <param name="SeesAll">An administrator sees all.</param>
/// <param name="Collection">The collection whose nodes are wanted; null for those that are in none (XEP-0248 §5.2).</param>
internal readonly record struct NodeQuery(string Bare, bool SeesAll, long? Collection);

/// <content>Discovery, and the graph of collections (XEP-0248). A change is checked and made in one unit, so that two that fit alone cannot make a cycle together.</content>
public sealed partial class PubSubStore
{
    /// <summary>Nodes that an entity may find, in the order of their names.</summary>
    /// <param name="query">Which.</param>
    /// <param name="after">The last name before the page, or null.</param>
    /// <param name="before">The first name behind the page (empty: the last page), or null.</param>
    /// <param name="max">Names at most.</param>
    /// <param name="cancellationToken">Ends the wait for a reader.</param>
    /// <returns>The page, the place of its first, and the count of all.</returns>
    internal ValueTask<(List<(string Name, string Title)> Nodes, int Index, int Count)> NodesAsync(NodeQuery query, string? after, string? before, int max, CancellationToken cancellationToken) =>
        database.ReadAsync(
            session =>
            {
                // What is in a collection is told by the collection's access model alone (XEP-0248 §10.1).
                string visible = "name >= $2 AND name < $3 AND " + (query.Collection is { } collection
                    ? $"($1 = $1) AND id IN (SELECT child FROM pubsub_child WHERE collection = {collection})"
                    : "NOT EXISTS (SELECT 1 FROM pubsub_child c WHERE c.child = pubsub_node.id) AND " + (query.SeesAll
                        ? "($1 = $1)"
                        : $"((access = {(int)AccessModel.Open} AND name NOT LIKE 'things/%') OR id IN (SELECT node FROM pubsub_affiliation WHERE jid = $1 AND affiliation <> {(int)Affiliation.Outcast}))"));
                SqlStatement Within(string sql) => session.Prepare(sql).Bind(1, query.Bare).Bind(2, _from).Bind(3, _until);
                int count = (int)Number(Within($"SELECT count(*) FROM pubsub_node WHERE {visible}"));
                var page = new List<(string, string)>();
                SqlStatement rows = before is null
                    ? Within($"SELECT name, configuration FROM pubsub_node WHERE {visible} AND name > $4 ORDER BY name LIMIT $5").Bind(4, _scope + after).Bind(5, max)
                    : before.Length == 0
                        ? Within($"SELECT name, configuration FROM pubsub_node WHERE {visible} ORDER BY name DESC LIMIT $4").Bind(4, max)
                        : Within($"SELECT name, configuration FROM pubsub_node WHERE {visible} AND name < $4 ORDER BY name DESC LIMIT $5").Bind(4, _scope + before).Bind(5, max);
                while (rows.Read())
                {
                    page.Add((rows.GetString(0)[_scope.Length..], NodeConfiguration.FromJson(rows.GetString(1)).Title));
                }

                if (before is not null)
                {
                    page.Reverse();
                }

                int index = page.Count == 0 ? 0 : (int)Number(Within($"SELECT count(*) FROM pubsub_node WHERE {visible} AND name < $4").Bind(4, _scope + page[0].Item1));
                return (page, index, count);
            },
            cancellationToken);

    /// <summary>Where a node stands.</summary>
    internal ValueTask<NodeGraph> GraphAsync(long node, CancellationToken cancellationToken) => database.ReadAsync(session => GraphOf(session, node), cancellationToken);

    /// <summary>Changes where a node stands and nothing else.</summary>
    /// <returns>What came of it, or null when the node is gone.</returns>
    internal Task<GraphResult?> AssociateAsync(Node node, GraphChange change, PubSubOptions bounds, Action<GraphResult> committed) => database.WriteAsync(
        session =>
        {
            SqlStatement row = session.Prepare("SELECT configuration FROM pubsub_node WHERE id = $1").Bind(1, node.Id);
            if (!row.Read())
            {
                return null;
            }

            NodeConfiguration configuration = NodeConfiguration.FromJson(row.GetString(0));
            row.Reset();
            return CheckGraph(session, node.Id, node.Name, configuration, change, bounds) is { } wrong ? GraphResult.Refused(wrong) : ChangeGraph(session, node.Id, change);
        },
        result =>
        {
            if (result is { Error: null })
            {
                committed(result);
            }
        });

    private static List<string> CollectionsOf(SqlSession session, long node, string scope) =>
        Names(session.Prepare("SELECT n.name FROM pubsub_child c JOIN pubsub_node n ON n.id = c.collection WHERE c.child = $1 ORDER BY n.name").Bind(1, node), scope.Length);

    private static List<string> Names(SqlStatement rows, int skip)
    {
        var names = new List<string>();
        while (rows.Read())
        {
            names.Add(rows.GetString(0)[skip..]);
        }

        return names;
    }

    private NodeGraph GraphOf(SqlSession session, long node) => new(
        CollectionsOf(session, node, _scope),
        Names(session.Prepare("SELECT n.name FROM pubsub_child c JOIN pubsub_node n ON n.id = c.child WHERE c.collection = $1 ORDER BY n.name").Bind(1, node), _scope.Length));

    /// <summary>Whether a node may stand so: XEP-0248 §7.2.3. Nothing is changed here.</summary>
    private PubSubError? CheckGraph(SqlSession session, long? node, string name, NodeConfiguration configuration, GraphChange change, PubSubOptions bounds)
    {
        if (configuration.NodeType == NodeType.Leaf && change.Children is { Count: > 0 })
        {
            return PubSubError.InvalidGraph;
        }

        if (change.Collections is { } wanted && wanted.Count > bounds.CollectionsPerNode)
        {
            return PubSubError.TooManyChildren;
        }

        int most = configuration.ChildrenMax > 0 ? Math.Min(configuration.ChildrenMax, bounds.ChildrenPerCollection) : bounds.ChildrenPerCollection;
        if (change.Children is { } many && many.Count > most)
        {
            return PubSubError.TooManyChildren;
        }

        var above = new HashSet<long>();
        NodeGraph now = node is { } id ? GraphOf(session, id) : NodeGraph.Empty;
        foreach (string collection in change.Collections ?? now.Collections)
        {
            SqlStatement row = session.Prepare("SELECT id, kind, configuration FROM pubsub_node WHERE name = $1").Bind(1, _scope + collection);
            if (!row.Read())
            {
                return PubSubError.ItemNotFound;
            }

            long found = row.GetInt64(0);
            bool isCollection = row.GetInt64(1) == (long)NodeType.Collection;
            NodeConfiguration theirs = NodeConfiguration.FromJson(row.GetString(2));
            row.Reset();
            if (!isCollection || collection == name)
            {
                return PubSubError.InvalidGraph;
            }

            int room = theirs.ChildrenMax > 0 ? Math.Min(theirs.ChildrenMax, bounds.ChildrenPerCollection) : bounds.ChildrenPerCollection;
            if (!now.Collections.Contains(collection) && Number(session.Prepare("SELECT count(*) FROM pubsub_child WHERE collection = $1").Bind(1, found)) >= room)
            {
                return PubSubError.TooManyChildren;
            }

            above.Add(found);
        }

        var below = new HashSet<long>();
        foreach (string child in change.Children ?? now.Children)
        {
            SqlStatement row = session.Prepare("SELECT id FROM pubsub_node WHERE name = $1").Bind(1, _scope + child);
            if (!row.Read())
            {
                return PubSubError.ItemNotFound;
            }

            long found = row.GetInt64(0);
            row.Reset();
            if (child == name)
            {
                return PubSubError.InvalidGraph;
            }

            if (!now.Children.Contains(child) && Number(session.Prepare("SELECT count(*) FROM pubsub_child WHERE child = $1").Bind(1, found)) >= bounds.CollectionsPerNode)
            {
                return PubSubError.TooManyChildren;
            }

            below.Add(found);
        }

        int steps = bounds.GraphNodes;
        if (Walk(session, above, node, "SELECT collection FROM pubsub_child WHERE child = $1", ref steps) is not { } height
            || Walk(session, below, node, "SELECT child FROM pubsub_child WHERE collection = $1", ref steps) is not { } depth)
        {
            return PubSubError.TooManyChildren;
        }

        return above.Overlaps(below) || height + depth > bounds.CollectionDepth ? PubSubError.InvalidGraph : null;
    }

    /// <summary>Adds to a set of nodes what is above or below them, not by way of <paramref name="around"/>; gives the number of levels, or null where it is too much.</summary>
    private static int? Walk(SqlSession session, HashSet<long> found, long? around, string sql, ref int room)
    {
        List<long> level = [.. found];
        int levels = 0;
        while (level.Count > 0)
        {
            levels++;
            var next = new List<long>();
            foreach (long node in level)
            {
                if (--room < 0)
                {
                    return null;
                }

                SqlStatement rows = session.Prepare(sql).Bind(1, node);
                while (rows.Read())
                {
                    if (rows.GetInt64(0) is var other && other != around && found.Add(other))
                    {
                        next.Add(other);
                    }
                }
            }

            level = next;
        }

        return levels;
    }

    private GraphResult ChangeGraph(SqlSession session, long node, GraphChange change)
    {
        NodeGraph before = GraphOf(session, node);
        if (change.Collections is { } collections)
        {
            session.Prepare("DELETE FROM pubsub_child WHERE child = $1").Bind(1, node).Execute();
            foreach (string collection in collections)
            {
                session.Prepare("INSERT INTO pubsub_child (collection, child) SELECT id, $2 FROM pubsub_node WHERE name = $1").Bind(1, _scope + collection).Bind(2, node).Execute();
            }
        }

        if (change.Children is { } children)
        {
            session.Prepare("DELETE FROM pubsub_child WHERE collection = $1").Bind(1, node).Execute();
            foreach (string child in children)
            {
                session.Prepare("INSERT INTO pubsub_child (collection, child) SELECT $2, id FROM pubsub_node WHERE name = $1").Bind(1, _scope + child).Bind(2, node).Execute();
            }
        }

        return new GraphResult(null, before, GraphOf(session, node));
    }
}
