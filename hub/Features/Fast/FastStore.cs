using IotXmpp.Hub.Storage;

namespace IotXmpp.Hub.Features.Fast;

/// <summary>Which of a client's two tokens a row is (XEP-0484 §5.1).</summary>
public enum FastSlot
{
    /// <summary>The one that the client has used.</summary>
    Current = 0,

    /// <summary>A later one, which it has not used yet.</summary>
    New = 1,
}

/// <summary>A token as it is kept.</summary>
/// <param name="Slot">Which of the client's two it is.</param>
/// <param name="Serial">Its number, unlike that of any other of this client.</param>
/// <param name="Mechanism">What it is good for.</param>
/// <param name="Seed">What it is derived from.</param>
/// <param name="Issued">When it was made, Unix milliseconds.</param>
/// <param name="Expiry">When it ends, Unix milliseconds.</param>
/// <param name="Used">The highest count it was used with; 0 for none.</param>
public sealed record FastRow(FastSlot Slot, long Serial, string Mechanism, byte[] Seed, long Issued, long Expiry, long Used);

/// <summary>Tokens in SQL.</summary>
public sealed class FastStore(ISqlDatabase database)
{
    /// <summary>The tokens of a client, the new one first.</summary>
    public ValueTask<List<FastRow>> FindAsync(string name, string agent, CancellationToken cancel) => database.ReadAsync(
        session =>
        {
            var rows = new List<FastRow>(2);
            SqlStatement row = session.Prepare("SELECT slot, serial, mechanism, seed, issued, expiry, used FROM fast_token WHERE name = $1 AND agent = $2 ORDER BY slot DESC").Bind(1, name).Bind(2, agent);
            while (row.Read())
            {
                rows.Add(new FastRow((FastSlot)row.GetInt64(0), row.GetInt64(1), row.GetString(2), row.GetBytes(3), row.GetInt64(4), row.GetInt64(5), row.GetInt64(6)));
            }

            return rows;
        },
        cancel);

    /// <summary>Keeps a new token beside the current one; an earlier new one that was never used ends (§3.5).</summary>
    /// <param name="name">The account.</param>
    /// <param name="agent">The client.</param>
    /// <param name="row">The token.</param>
    /// <param name="maxClients">Clients of the account that may hold tokens: those that end first make place.</param>
    public Task PutAsync(string name, string agent, FastRow row, int maxClients) => database.WriteAsync(session =>
    {
        session.Prepare("DELETE FROM fast_token WHERE name = $1 AND (expiry < $2 OR (agent = $3 AND slot = $4))").Bind(1, name).Bind(2, row.Issued).Bind(3, agent).Bind(4, (long)FastSlot.New).Execute();
        var others = new List<string>();
        SqlStatement clients = session.Prepare("SELECT agent, max(expiry) AS ends FROM fast_token WHERE name = $1 AND agent <> $2 GROUP BY agent ORDER BY ends DESC, agent").Bind(1, name).Bind(2, agent);
        while (clients.Read())
        {
            others.Add(clients.GetString(0));
        }

        for (int i = maxClients - 1; i < others.Count; i++)
        {
            session.Prepare("DELETE FROM fast_token WHERE name = $1 AND agent = $2").Bind(1, name).Bind(2, others[i]).Execute();
        }

        session.Prepare("INSERT INTO fast_token (name, agent, slot, serial, mechanism, seed, issued, expiry, used) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)")
            .Bind(1, name).Bind(2, agent).Bind(3, (long)FastSlot.New).Bind(4, row.Serial).Bind(5, row.Mechanism).Bind(6, row.Seed).Bind(7, row.Issued).Bind(8, row.Expiry).Execute();
        return true;
    });

    /// <summary>A token was used: it becomes the current one, those that end before it are gone, and its count is kept. False where the count was used before or the token is gone.</summary>
    /// <param name="name">The account.</param>
    /// <param name="agent">The client.</param>
    /// <param name="serial">The token.</param>
    /// <param name="count">The count, or 0.</param>
    /// <param name="invalidate">Whether the token ends with this.</param>
    public Task<bool> UseAsync(string name, string agent, long serial, long count, bool invalidate) => database.WriteAsync(session =>
    {
        SqlStatement found = session.Prepare("SELECT slot, expiry, used FROM fast_token WHERE name = $1 AND agent = $2 AND serial = $3").Bind(1, name).Bind(2, agent).Bind(3, serial);
        if (!found.Read())
        {
            return false;
        }

        (long slot, long expiry, long used) = (found.GetInt64(0), found.GetInt64(1), found.GetInt64(2));
        found.Reset();
        if (count > 0 && count <= used)
        {
            return false;
        }

        session.Prepare("DELETE FROM fast_token WHERE name = $1 AND agent = $2 AND serial <> $3 AND (expiry < $4 OR slot < $5)").Bind(1, name).Bind(2, agent).Bind(3, serial).Bind(4, expiry).Bind(5, slot).Execute();
        if (invalidate)
        {
            session.Prepare("DELETE FROM fast_token WHERE name = $1 AND agent = $2 AND serial = $3").Bind(1, name).Bind(2, agent).Bind(3, serial).Execute();
        }
        else
        {
            session.Prepare("UPDATE fast_token SET slot = $4, used = $5 WHERE name = $1 AND agent = $2 AND serial = $3")
                .Bind(1, name).Bind(2, agent).Bind(3, serial).Bind(4, (long)FastSlot.Current).Bind(5, Math.Max(used, count)).Execute();
        }

        return true;
    });

    /// <summary>Removes all tokens of an account.</summary>
    public Task RemoveAsync(string name) => database.WriteAsync(session => session.Prepare("DELETE FROM fast_token WHERE name = $1").Bind(1, name).Execute());

    /// <summary>Removes what ended before a time.</summary>
    public Task RemoveExpiredAsync(long before, CancellationToken cancel) =>
        database.WriteAsync(session => session.Prepare("DELETE FROM fast_token WHERE expiry < $1").Bind(1, before).Execute(), cancellationToken: cancel);
}
