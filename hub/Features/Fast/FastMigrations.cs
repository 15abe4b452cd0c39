using IotXmpp.Hub.Storage.Migrations;

namespace IotXmpp.Hub.Features.Fast;

/// <summary>The table of tokens. A released migration never changes.</summary>
public static class FastMigrations
{
    /// <summary>All steps, in order.</summary>
    public static IReadOnlyList<Migration> All { get; } =
    [
        new("Fast", 1, "tokens of clients: what they are derived from, never themselves", """
            CREATE TABLE fast_token (
                name {text} NOT NULL,
                agent {text} NOT NULL,
                slot {long} NOT NULL,
                serial {long} NOT NULL,
                mechanism {text} NOT NULL,
                seed {blob} NOT NULL,
                issued {long} NOT NULL,
                expiry {long} NOT NULL,
                used {long} NOT NULL,
                PRIMARY KEY (name, agent, slot)){keyonly};
            CREATE INDEX fast_token_expiry ON fast_token (expiry);
            """),
    ];
}
