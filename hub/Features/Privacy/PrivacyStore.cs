using System.Collections.Immutable;
using System.Text.Json;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Storage.Migrations;

namespace IotXmpp.Hub.Features.Privacy;

/// <summary>Privacy lists in SQL. Owners are localparts, prepared.</summary>
public sealed class PrivacyStore(ISqlDatabase database)
{
    /// <summary>The tables. A released migration never changes.</summary>
    public static IReadOnlyList<Migration> Migrations { get; } =
    [
        new("Privacy", 1, "privacy lists, of which one may be the default", """
            CREATE TABLE privacy_list (
                owner {text} NOT NULL,
                name {text} NOT NULL,
                is_default {long} NOT NULL,
                items {text} NOT NULL,
                PRIMARY KEY (owner, name)){keyonly};
            """),
    ];

    /// <summary>Told of each change of an account's lists when it is durable and in the order of the commits, whoever has made it: what they were, what they are.</summary>
    public event Action<string, PrivacyLists, PrivacyLists>? Changed;

    /// <summary>All accounts that have lists.</summary>
    public ValueTask<List<string>> OwnersAsync(CancellationToken cancel = default) => database.ReadAsync(
        session =>
        {
            var owners = new List<string>();
            SqlStatement rows = session.Prepare("SELECT DISTINCT owner FROM privacy_list");
            while (rows.Read())
            {
                owners.Add(rows.GetString(0));
            }

            return owners;
        },
        cancel);

    /// <summary>The lists of an account.</summary>
    public ValueTask<PrivacyLists> LoadAsync(string owner, CancellationToken cancel = default) => database.ReadAsync(session => Load(session, owner), cancel);

    /// <summary>Changes the lists of an account, atomically with what they were.</summary>
    /// <param name="owner">The account.</param>
    /// <param name="change">Gets the lists as they are and gives them as they shall be, or null to leave them. Runs on the database's writer: pure code only.</param>
    public Task<(PrivacyLists Before, PrivacyLists? After)> ChangeAsync(string owner, Func<PrivacyLists, PrivacyLists?> change) => database.WriteAsync(
        session =>
        {
            PrivacyLists before = Load(session, owner);
            PrivacyLists? after = change(before);
            if (after is not null)
            {
                session.Prepare("DELETE FROM privacy_list WHERE owner = $1").Bind(1, owner).Execute();
                foreach ((string name, ImmutableArray<PrivacyItem> items) in after.Lists)
                {
                    session.Prepare("INSERT INTO privacy_list (owner, name, is_default, items) VALUES ($1, $2, $3, $4)")
                        .Bind(1, owner).Bind(2, name).Bind(3, name == after.Default).Bind(4, JsonSerializer.Serialize(items)).Execute();
                }
            }

            return (before, after);
        },
        done =>
        {
            if (done.Item2 is not null)
            {
                Changed?.Invoke(owner, done.Item1, done.Item2);
            }
        });

    /// <summary>Removes the lists of an account.</summary>
    public Task RemoveAsync(string owner) => ChangeAsync(owner, _ => PrivacyLists.Empty);

    private static PrivacyLists Load(SqlSession session, string owner)
    {
        string? isDefault = null;
        ImmutableDictionary<string, ImmutableArray<PrivacyItem>>.Builder lists = PrivacyLists.Empty.Lists.ToBuilder();
        SqlStatement rows = session.Prepare("SELECT name, is_default, items FROM privacy_list WHERE owner = $1").Bind(1, owner);
        while (rows.Read())
        {
            lists[rows.GetString(0)] = [.. JsonSerializer.Deserialize<PrivacyItem[]>(rows.GetString(2)) ?? []];
            isDefault = rows.GetBoolean(1) ? rows.GetString(0) : isDefault;
        }

        return new PrivacyLists(isDefault, lists.ToImmutable());
    }
}
