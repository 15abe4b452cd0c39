using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Storage.Migrations;

namespace IotXmpp.Hub.Features.PrivateXml;

/// <summary>Private XML in SQL: an element for each name and namespace. Owners are localparts, prepared.</summary>
public sealed class PrivateXmlStore(ISqlDatabase database)
{
    /// <summary>The table. A released migration never changes.</summary>
    public static IReadOnlyList<Migration> Migrations { get; } =
    [
        new("PrivateXml", 1, "what accounts store for themselves", """
            CREATE TABLE private_xml (
                owner {text} NOT NULL,
                ns {text} NOT NULL,
                name {text} NOT NULL,
                xml {blob} NOT NULL,
                PRIMARY KEY (owner, ns, name)){keyonly};
            """),
    ];

    /// <summary>What is stored, or null.</summary>
    public ValueTask<byte[]?> FindAsync(string owner, string name, string ns, CancellationToken cancel = default) => database.ReadAsync(
        session =>
        {
            SqlStatement row = session.Prepare("SELECT xml FROM private_xml WHERE owner = $1 AND ns = $2 AND name = $3").Bind(1, owner).Bind(2, ns).Bind(3, name);
            byte[]? xml = row.Read() ? row.GetBytes(0) : null;
            row.Reset();
            return xml;
        },
        cancel);

    /// <summary>Stores elements, all or none (null removes one); false where the account would have more than it may.</summary>
    public Task<bool> SetAsync(string owner, IReadOnlyList<(string Name, string Ns, byte[]? Xml)> elements, int limit) => database.WriteAsync(session =>
    {
        SqlStatement rows = session.Prepare("SELECT ns, name FROM private_xml WHERE owner = $1").Bind(1, owner);
        var there = new HashSet<(string Ns, string Name)>();
        while (rows.Read())
        {
            there.Add((rows.GetString(0), rows.GetString(1)));
        }

        foreach ((string name, string ns, byte[]? xml) in elements)
        {
            _ = xml is null ? there.Remove((ns, name)) : there.Add((ns, name));
        }

        if (there.Count > limit)
        {
            return false;
        }

        foreach ((string name, string ns, byte[]? xml) in elements)
        {
            session.Prepare("DELETE FROM private_xml WHERE owner = $1 AND ns = $2 AND name = $3").Bind(1, owner).Bind(2, ns).Bind(3, name).Execute();
            if (xml is not null)
            {
                session.Prepare("INSERT INTO private_xml (owner, ns, name, xml) VALUES ($1, $2, $3, $4)").Bind(1, owner).Bind(2, ns).Bind(3, name).Bind(4, xml).Execute();
            }
        }

        return true;
    });

    /// <summary>Removes all that an account has stored.</summary>
    public Task RemoveAsync(string owner) => database.WriteAsync(session => session.Prepare("DELETE FROM private_xml WHERE owner = $1").Bind(1, owner).Execute());
}
