using System.Collections.Concurrent;
using System.Collections.Immutable;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Storage.Migrations;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Nodes;

/// <summary>The states of things behind gateways: in memory, and in SQL so that they survive a restart with their times.</summary>
public sealed class NodeStore(ISqlDatabase database, ILogger<NodeStore> log)
{
    private readonly ConcurrentDictionary<string, NodePresence> _nodes = new(StringComparer.Ordinal);

    /// <summary>The table. A released migration never changes.</summary>
    public static IReadOnlyList<Migration> Migrations { get; } =
    [
        new("Nodes", 1, "how things behind gateways are", """
            CREATE TABLE node_state (id {text} NOT NULL PRIMARY KEY, gateway {text} NOT NULL, state {text} NOT NULL, reason {text} NOT NULL, since {long} NOT NULL,
                sleeps_until {long}, firmware {text} NOT NULL, boot {text} NOT NULL, battery {long}){keyonly};
            """),
    ];

    private readonly Lock _indexing = new();
    private ImmutableDictionary<string, ImmutableHashSet<string>> _index = ImmutableDictionary<string, ImmutableHashSet<string>>.Empty;
    private ImmutableDictionary<Jid, ImmutableHashSet<string>> _owned = ImmutableDictionary<Jid, ImmutableHashSet<string>>.Empty;

    /// <summary>A thing is as told now; called by who tells it, must not wait.</summary>
    public event Action<NodePresence>? Changed;

    /// <summary>All of them.</summary>
    public IEnumerable<NodePresence> All => _nodes.Values;

    /// <summary>Whether there are none: then nobody has to be told anything.</summary>
    public bool IsEmpty => _nodes.IsEmpty;

    /// <summary>The things behind a gateway.</summary>
    /// <param name="gateway">The localpart of its account.</param>
    public IEnumerable<NodePresence> Behind(string gateway) => _index.TryGetValue(gateway, out ImmutableHashSet<string>? ids) ? ids.Select(Find).OfType<NodePresence>() : [];

    /// <summary>The things that are behind gateways of others and his (<see cref="NodePresence.OwnOwner"/>).</summary>
    /// <param name="owner">Who, bare.</param>
    public IEnumerable<NodePresence> OwnedBy(Jid owner) => _owned.TryGetValue(owner, out ImmutableHashSet<string>? ids) ? ids.Select(Find).OfType<NodePresence>() : [];

    /// <summary>One of them, or null.</summary>
    public NodePresence? Find(string id) => _nodes.GetValueOrDefault(id);

    /// <summary>Reads what was kept.</summary>
    /// <param name="ownOwner">Says whose a thing is, as <see cref="NodePresence.OwnOwner"/>.</param>
    /// <param name="cancel">Ends it.</param>
    public async ValueTask LoadAsync(Func<string, ValueTask<Jid?>> ownOwner, CancellationToken cancel)
    {
        List<NodePresence> kept = await database.ReadAsync(
            session =>
            {
                var found = new List<NodePresence>();
                SqlStatement row = session.Prepare("SELECT id, gateway, state, reason, since, sleeps_until, firmware, boot, battery FROM node_state");
                while (row.Read())
                {
                    found.Add(new NodePresence(row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(4)))
                    {
                        Until = row.IsNull(5) ? null : DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(5)),
                        Firmware = row.GetString(6),
                        Boot = row.GetString(7),
                        Battery = row.IsNull(8) ? null : (int)row.GetInt64(8),
                    });
                }

                return found;
            },
            cancel).ConfigureAwait(false);
        foreach (NodePresence node in kept)
        {
            Keep(node with { OwnOwner = await ownOwner(node.Id).ConfigureAwait(false) });
        }
    }

    /// <summary>Takes a state; it is stored soon, since its gateway tells it again with each session.</summary>
    public void Put(NodePresence node)
    {
        Keep(node);
        Changed?.Invoke(node);
        _ = WriteAsync(node.Id, sql =>
        {
            SqlStatement put = sql.Prepare("""
                INSERT INTO node_state (id, gateway, state, reason, since, sleeps_until, firmware, boot, battery) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                ON CONFLICT (id) DO UPDATE SET gateway = excluded.gateway, state = excluded.state, reason = excluded.reason, since = excluded.since,
                    sleeps_until = excluded.sleeps_until, firmware = excluded.firmware, boot = excluded.boot, battery = excluded.battery
                """);
            put.Bind(1, node.Id).Bind(2, node.Gateway).Bind(3, node.State).Bind(4, node.Reason).Bind(5, node.Since.ToUnixTimeMilliseconds());
            Optional(put, 6, node.Until?.ToUnixTimeMilliseconds());
            put.Bind(7, node.Firmware).Bind(8, node.Boot);
            Optional(put, 9, node.Battery);
            return put.Execute();
        });
    }

    /// <summary>Forgets a thing.</summary>
    public void Remove(string id)
    {
        if (_nodes.TryRemove(id, out NodePresence? gone))
        {
            lock (_indexing)
            {
                _index = _index.SetItem(gone.Gateway, _index.GetValueOrDefault(gone.Gateway, []).Remove(id));
                Disown(gone);
            }

            _ = WriteAsync(id, sql => sql.Prepare("DELETE FROM node_state WHERE id = $1").Bind(1, id).Execute());
        }
    }

    private void Keep(NodePresence node)
    {
        lock (_indexing)
        {
            if (_nodes.TryGetValue(node.Id, out NodePresence? before))
            {
                if (before.Gateway != node.Gateway)
                {
                    _index = _index.SetItem(before.Gateway, _index.GetValueOrDefault(before.Gateway, []).Remove(node.Id));
                }

                Disown(before);
            }

            if (!_index.GetValueOrDefault(node.Gateway, []).Contains(node.Id))
            {
                _index = _index.SetItem(node.Gateway, _index.GetValueOrDefault(node.Gateway, []).Add(node.Id));
            }

            if (node.OwnOwner is { } owner)
            {
                _owned = _owned.SetItem(owner, _owned.GetValueOrDefault(owner, []).Add(node.Id));
            }

            _nodes[node.Id] = node;
        }
    }

    private void Disown(NodePresence node)
    {
        if (node.OwnOwner is { } owner)
        {
            ImmutableHashSet<string> left = _owned.GetValueOrDefault(owner, []).Remove(node.Id);
            _owned = left.IsEmpty ? _owned.Remove(owner) : _owned.SetItem(owner, left);
        }
    }

    private static void Optional(SqlStatement statement, int parameter, long? value)
    {
        if (value is { } number)
        {
            statement.Bind(parameter, number);
        }
        else
        {
            statement.Bind(parameter, (string?)null);
        }
    }

    private async Task WriteAsync(string id, Func<SqlSession, int> write)
    {
        try
        {
            await database.WriteAsync(write).ConfigureAwait(false);
        }
        catch (StorageException e)
        {
            NodeLog.NotStored(log, e, id);
        }
    }
}

/// <summary>Logs of <see cref="NodeStore"/>.</summary>
internal static partial class NodeLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "How {Node} is could not be stored")]
    public static partial void NotStored(ILogger log, Exception e, string node);
}
