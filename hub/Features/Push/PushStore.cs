using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Storage.Migrations;

namespace IotXmpp.Hub.Features.Push;

/// <summary>A device that wants to be told (XEP-0357 §5).</summary>
/// <param name="Owner">The account's localpart.</param>
/// <param name="Service">The push service (JID).</param>
/// <param name="Node">Its node there; empty for none.</param>
/// <param name="Resource">The resource of the client that has asked: while that is there, nothing is sent.</param>
/// <param name="Options">The form that goes with each notification, as UTF-8; empty for none.</param>
/// <param name="EnabledAt">When it was enabled last, Unix milliseconds.</param>
public sealed record PushRegistration(string Owner, string Service, string Node, string Resource, byte[] Options, long EnabledAt);

/// <summary>Registrations in SQL.</summary>
public sealed class PushStore(ISqlDatabase database)
{
    /// <summary>The table. A released migration never changes.</summary>
    public static IReadOnlyList<Migration> Migrations { get; } =
    [
        new("Push", 1, "devices that want to be told", """
            CREATE TABLE push_registration (
                owner {text} NOT NULL,
                service {text} NOT NULL,
                node {text} NOT NULL,
                resource {text} NOT NULL,
                options {blob} NOT NULL,
                enabled_at {long} NOT NULL,
                PRIMARY KEY (owner, service, node)){keyonly};
            """),
    ];

    private const string Columns = "owner, service, node, resource, options, enabled_at";

    /// <summary>All registrations, by their owners.</summary>
    public ValueTask<List<PushRegistration>> AllAsync(CancellationToken cancel = default) =>
        database.ReadAsync(session => Read(session.Prepare($"SELECT {Columns} FROM push_registration ORDER BY owner, enabled_at, service, node")), cancel);

    /// <summary>Keeps a registration in the place of one with the same service and node; those of the account that are over the limit go, the oldest first.</summary>
    /// <param name="registration">The registration.</param>
    /// <param name="limit">How many the account may have.</param>
    /// <param name="committed">Gets all of the account, in the order of the commits.</param>
    public Task PutAsync(PushRegistration registration, int limit, Action<List<PushRegistration>> committed) => database.WriteAsync(
        session =>
        {
            Delete(session, registration.Owner, registration.Service, registration.Node);
            session.Prepare($"INSERT INTO push_registration ({Columns}) VALUES ($1, $2, $3, $4, $5, $6)")
                .Bind(1, registration.Owner).Bind(2, registration.Service).Bind(3, registration.Node).Bind(4, registration.Resource).Bind(5, registration.Options).Bind(6, registration.EnabledAt).Execute();
            List<PushRegistration> all = OfOwner(session, registration.Owner);
            while (all.Count > limit)
            {
                PushRegistration oldest = all.First(r => (r.Service, r.Node) != (registration.Service, registration.Node));
                Delete(session, oldest.Owner, oldest.Service, oldest.Node);
                all.Remove(oldest);
            }

            return all;
        },
        committed);

    /// <summary>Removes registrations of an account at a service: all, or that of a node.</summary>
    /// <param name="owner">The account's localpart.</param>
    /// <param name="service">The service.</param>
    /// <param name="node">The node; null for all.</param>
    /// <param name="enabledAt">Only one that was enabled then; null: whenever that was.</param>
    /// <param name="committed">Gets all that the account has left, in the order of the commits.</param>
    public Task RemoveAsync(string owner, string service, string? node, long? enabledAt, Action<List<PushRegistration>> committed) => database.WriteAsync(
        session =>
        {
            foreach (PushRegistration registration in OfOwner(session, owner))
            {
                if (registration.Service == service && (node is null || registration.Node == node) && (enabledAt is null || registration.EnabledAt == enabledAt))
                {
                    Delete(session, owner, service, registration.Node);
                }
            }

            return OfOwner(session, owner);
        },
        committed);

    /// <summary>Removes all of an account.</summary>
    public Task RemoveAsync(string owner) => database.WriteAsync(session => session.Prepare("DELETE FROM push_registration WHERE owner = $1").Bind(1, owner).Execute());

    private static void Delete(SqlSession session, string owner, string service, string node) =>
        session.Prepare("DELETE FROM push_registration WHERE owner = $1 AND service = $2 AND node = $3").Bind(1, owner).Bind(2, service).Bind(3, node).Execute();

    private static List<PushRegistration> OfOwner(SqlSession session, string owner) =>
        Read(session.Prepare($"SELECT {Columns} FROM push_registration WHERE owner = $1 ORDER BY enabled_at, service, node").Bind(1, owner));

    private static List<PushRegistration> Read(SqlStatement rows)
    {
        var all = new List<PushRegistration>();
        while (rows.Read())
        {
            all.Add(new PushRegistration(rows.GetString(0), rows.GetString(1), rows.GetString(2), rows.GetString(3), rows.GetBytes(4), rows.GetInt64(5)));
        }

        return all;
    }
}
