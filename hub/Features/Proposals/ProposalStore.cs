using System.Text.Json;
using System.Text.Json.Serialization;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Storage.Migrations;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Proposals;

/// <summary>Proposals in SQL.</summary>
public sealed class ProposalStore(ISqlDatabase database)
{
    private const string Columns = "id, account, token, thing, parameters, reason, created, expires, state, decided_by, decided, command, text";

    /// <summary>The tables. A released migration never changes.</summary>
    public static IReadOnlyList<Migration> Migrations { get; } =
    [
        new("Proposals", 1, "commands that programs propose and people confirm", """
            CREATE TABLE proposal (
                id {text} NOT NULL PRIMARY KEY,
                account {text} NOT NULL,
                token {text} NOT NULL,
                thing {text} NOT NULL,
                parameters {text} NOT NULL,
                reason {text} NOT NULL,
                created {long} NOT NULL,
                expires {long} NOT NULL,
                state {long} NOT NULL,
                decided_by {text},
                decided {long},
                command {text} NOT NULL,
                text {text} NOT NULL){keyonly};
            CREATE INDEX proposal_state ON proposal (state, created);
            CREATE INDEX proposal_account ON proposal (account, state);
            """),
    ];

    /// <summary>Keeps a new one; false where the account has <paramref name="most"/> open ones.</summary>
    public Task<bool> AddAsync(Proposal proposal, int most) => database.WriteAsync(session =>
    {
        SqlStatement count = session.Prepare("SELECT count(*) FROM proposal WHERE account = $1 AND state = $2 AND expires > $3")
            .Bind(1, proposal.Account).Bind(2, (long)ProposalState.Open).Bind(3, proposal.Created.ToUnixTimeMilliseconds());
        count.Read();
        bool isFull = count.GetInt64(0) >= most;
        count.Reset();
        if (isFull)
        {
            return false;
        }

        session.Prepare($"INSERT INTO proposal ({Columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL, NULL, '', '')")
            .Bind(1, proposal.Id).Bind(2, proposal.Account).Bind(3, proposal.Token).Bind(4, proposal.Thing)
            .Bind(5, JsonSerializer.Serialize(proposal.Parameters, ProposalJson.Default.IReadOnlyListProposedParameter)).Bind(6, proposal.Reason)
            .Bind(7, proposal.Created.ToUnixTimeMilliseconds()).Bind(8, proposal.Expires.ToUnixTimeMilliseconds()).Bind(9, (long)ProposalState.Open).Execute();
        return true;
    });

    /// <summary>A proposal, or null.</summary>
    public ValueTask<Proposal?> FindAsync(string id, CancellationToken cancel) => database.ReadAsync(session => Find(session, id), cancel);

    /// <summary>The latest proposals, or the open ones alone.</summary>
    public ValueTask<List<Proposal>> ListAsync(bool isOpen, DateTimeOffset now, int max, CancellationToken cancel) => database.ReadAsync(
        session =>
        {
            var found = new List<Proposal>();
            SqlStatement rows = isOpen
                ? session.Prepare($"SELECT {Columns} FROM proposal WHERE state = $1 AND expires > $2 ORDER BY created DESC, id LIMIT $3").Bind(1, (long)ProposalState.Open).Bind(2, now.ToUnixTimeMilliseconds()).Bind(3, max)
                : session.Prepare($"SELECT {Columns} FROM proposal ORDER BY created DESC, id LIMIT $1").Bind(1, max);
            while (rows.Read())
            {
                found.Add(Read(rows));
            }

            return found;
        },
        cancel);

    /// <summary>Decides an open proposal, once: of two who do, the second gets false.</summary>
    public Task<bool> DecideAsync(string id, ProposalState state, Jid by, DateTimeOffset now) => database.WriteAsync(session =>
        session.Prepare("UPDATE proposal SET state = $2, decided_by = $3, decided = $4 WHERE id = $1 AND state = $5 AND expires > $4")
            .Bind(1, id).Bind(2, (long)state).Bind(3, by.Bare.ToString()).Bind(4, now.ToUnixTimeMilliseconds()).Bind(5, (long)ProposalState.Open).Execute() == 1);

    /// <summary>Notes what came of a confirmed one.</summary>
    public Task EndAsync(string id, ProposalState state, string command, string text) => database.WriteAsync(session =>
        session.Prepare("UPDATE proposal SET state = $2, command = $3, text = $4 WHERE id = $1 AND state = $5")
            .Bind(1, id).Bind(2, (long)state).Bind(3, command).Bind(4, text).Bind(5, (long)ProposalState.Confirmed).Execute());

    /// <summary>The hub ended between a confirmation and its command: it is not given a second time.</summary>
    public Task EndAllConfirmedAsync(string text) => database.WriteAsync(session =>
        session.Prepare("UPDATE proposal SET state = $1, text = $2 WHERE state = $3").Bind(1, (long)ProposalState.Failed).Bind(2, text).Bind(3, (long)ProposalState.Confirmed).Execute());

    /// <summary>Notes which have expired, and forgets those before a time.</summary>
    public Task SweepAsync(DateTimeOffset now, DateTimeOffset before) => database.WriteAsync(session =>
    {
        session.Prepare("UPDATE proposal SET state = $1 WHERE state = $2 AND expires <= $3").Bind(1, (long)ProposalState.Expired).Bind(2, (long)ProposalState.Open).Bind(3, now.ToUnixTimeMilliseconds()).Execute();
        session.Prepare("DELETE FROM proposal WHERE created < $1").Bind(1, before.ToUnixTimeMilliseconds()).Execute();
    });

    /// <summary>A person or a thing is gone: what it has open can be confirmed no more.</summary>
    public Task CloseAsync(string name) => database.WriteAsync(session =>
        session.Prepare("UPDATE proposal SET state = $2 WHERE (account = $1 OR thing = $1) AND state = $3").Bind(1, name).Bind(2, (long)ProposalState.Expired).Bind(3, (long)ProposalState.Open).Execute());

    private static Proposal? Find(SqlSession session, string id)
    {
        SqlStatement row = session.Prepare($"SELECT {Columns} FROM proposal WHERE id = $1").Bind(1, id);
        Proposal? found = row.Read() ? Read(row) : null;
        row.Reset();
        return found;
    }

    private static Proposal Read(SqlStatement row) => new(
        row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3),
        JsonSerializer.Deserialize(row.GetString(4), ProposalJson.Default.IReadOnlyListProposedParameter) ?? [], row.GetString(5),
        DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(6)), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(7)))
    {
        State = (ProposalState)row.GetInt32(8),
        DecidedBy = row.GetStringOrNull(9) is { } by && JidPrep.TryParse(by, out Jid? jid) ? jid : null,
        Decided = row.GetInt64OrNull(10) is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null,
        Command = row.GetString(11),
        Text = row.GetString(12),
    };
}

/// <summary>Parameters as they are kept.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(IReadOnlyList<ProposedParameter>))]
internal sealed partial class ProposalJson : JsonSerializerContext;
