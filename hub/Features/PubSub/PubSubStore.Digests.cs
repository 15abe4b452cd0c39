using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>A digest that is gathered: for which subscription, of which node, since when and until when.</summary>
/// <param name="Node">The node whose items are gathered.</param>
/// <param name="Via">The node that is subscribed to: the same, or a collection above it.</param>
/// <param name="Jid">The subscriber.</param>
/// <param name="SubId">Which of its subscriptions.</param>
internal sealed record DigestKey(string Node, string Via, Jid Jid, string SubId);

/// <content>Digests under way: which they are is durable, what is in them is what the node has then.</content>
public sealed partial class PubSubStore
{
    internal Task PutDigestAsync(DigestKey key, DateTimeOffset since, DateTimeOffset due) => database.WriteAsync(
        session => session.Prepare("""
            INSERT INTO pubsub_digest (node, via, jid, subid, since, due)
                SELECT n.id, v.id, $3, $4, $5, $6 FROM pubsub_node n, pubsub_node v WHERE n.name = $1 AND v.name = $2
            ON CONFLICT (node, via, jid, subid) DO NOTHING
            """).Bind(1, _scope + key.Node).Bind(2, _scope + key.Via).Bind(3, key.Jid.ToString()).Bind(4, key.SubId)
            .Bind(5, since.ToUnixTimeMilliseconds()).Bind(6, due.ToUnixTimeMilliseconds()).Execute());

    internal Task RemoveDigestAsync(DigestKey key) => database.WriteAsync(
        session => session.Prepare("""
            DELETE FROM pubsub_digest WHERE jid = $3 AND subid = $4 AND node IN (SELECT id FROM pubsub_node WHERE name = $1) AND via IN (SELECT id FROM pubsub_node WHERE name = $2)
            """).Bind(1, _scope + key.Node).Bind(2, _scope + key.Via).Bind(3, key.Jid.ToString()).Bind(4, key.SubId).Execute());

    /// <summary>The digests that were under way when the hub stopped.</summary>
    internal ValueTask<List<(DigestKey Key, DateTimeOffset Since, DateTimeOffset Due)>> DigestsAsync(CancellationToken cancellationToken) => database.ReadAsync(
        session =>
        {
            var found = new List<(DigestKey, DateTimeOffset, DateTimeOffset)>();
            SqlStatement rows = session.Prepare("SELECT n.name, v.name, d.jid, d.subid, d.since, d.due FROM pubsub_digest d JOIN pubsub_node n ON n.id = d.node JOIN pubsub_node v ON v.id = d.via");
            while (rows.Read())
            {
                if (TryOwn(rows.GetString(0), out string node) && TryOwn(rows.GetString(1), out string via) && Jid.TryParse(rows.GetString(2), out Jid? jid))
                {
                    found.Add((new DigestKey(node, via, jid, rows.GetString(3)), DateTimeOffset.FromUnixTimeMilliseconds(rows.GetInt64(4)), DateTimeOffset.FromUnixTimeMilliseconds(rows.GetInt64(5))));
                }
            }

            return found;
        },
        cancellationToken);

    /// <summary>The accounts (localparts) whose own services have digests under way.</summary>
    internal static ValueTask<List<string>> DigestScopesAsync(ISqlDatabase database, CancellationToken cancellationToken) => database.ReadAsync(
        session =>
        {
            var accounts = new HashSet<string>(StringComparer.Ordinal);
            SqlStatement rows = session.Prepare("SELECT DISTINCT n.name FROM pubsub_digest d JOIN pubsub_node n ON n.id = d.node WHERE n.name < $1").Bind(1, "\u0002");
            while (rows.Read())
            {
                if (rows.GetString(0) is { Length: > 2 } name && name.IndexOf('\u0001', 1) is > 0 and int end)
                {
                    accounts.Add(name[1..end]);
                }
            }

            return accounts.ToList();
        },
        cancellationToken);
}
