using System.Security.Cryptography;
using System.Text;
using IotXmpp.Hub.Sasl;

namespace IotXmpp.Hub.Features.Fast;

/// <summary>
/// The rules of tokens (XEP-0484). A client proves a token by an HMAC under it, so who can verify it can use it: the database therefore holds only a random seed. The token is an HMAC
/// over the seed, the account, the client and the account's SCRAM key, under a secret of the data folder. A copy of the database lets nobody in, and with the account's keys (a new
/// password, a removed account) every token of it is void at once.
/// </summary>
/// <param name="store">Where seeds are kept.</param>
/// <param name="options">Lifetime, rotation.</param>
/// <param name="secret">32 octets, kept over restarts (<c>fast.key</c>).</param>
/// <param name="time">The clock.</param>
public sealed class FastService(FastStore store, FastOptions options, byte[] secret, TimeProvider time) : ITokenStore
{
    private const int SeedBytes = 16;

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<FastToken>> FindAsync(string localpart, Guid agent, ScramCredentials credentials, CancellationToken cancel)
    {
        long now = Now();
        List<FastRow> rows = await store.FindAsync(localpart, Text(agent), cancel).ConfigureAwait(false);
        return rows.ConvertAll(row => new FastToken(
            localpart, agent, row.Mechanism, Encoding.UTF8.GetBytes(Derive(row.Seed, localpart, agent, row.Mechanism, credentials)), row.Serial,
            IsExpired: row.Expiry <= now,
            IsDue: now - row.Issued >= options.RotateAfterHours * 3_600_000L,
            row.Used)
        {
            IsCurrent = row.Slot == FastSlot.Current && rows.Count == 1,
        });
    }

    /// <inheritdoc/>
    public async ValueTask<bool> UseAsync(FastToken token, FastUse use, CancellationToken cancel)
    {
        // The usual way back costs no write: the client has used this token before, holds no other, and does not count.
        bool changesNothing = token.IsCurrent && use is { Count: null, Invalidate: false };
        return changesNothing || await store.UseAsync(token.Localpart, Text(token.Agent), token.Serial, use.Count ?? 0, use.Invalidate).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<IssuedToken> IssueAsync(string localpart, Guid agent, string mechanism, ScramCredentials credentials, CancellationToken cancel)
    {
        long now = Now();
        byte[] seed = RandomNumberGenerator.GetBytes(SeedBytes);
        long expiry = now + (options.LifetimeDays * 86_400_000L);
        var row = new FastRow(FastSlot.New, BitConverter.ToInt64(RandomNumberGenerator.GetBytes(8)), mechanism, seed, now, expiry, 0);
        await store.PutAsync(localpart, Text(agent), row, options.MaxClients).ConfigureAwait(false);
        return new IssuedToken(Derive(seed, localpart, agent, mechanism, credentials), DateTimeOffset.FromUnixTimeMilliseconds(expiry));
    }

    /// <summary>Takes all tokens of an account away.</summary>
    public Task RevokeAsync(string localpart) => store.RemoveAsync(localpart);

    /// <summary>Forgets tokens that ended long ago; a client that comes with one is told that it has expired for so long.</summary>
    public Task SweepAsync(CancellationToken cancel) => store.RemoveExpiredAsync(Now() - (options.LifetimeDays * 86_400_000L), cancel);

    private static string Text(Guid agent) => agent.ToString("D");

    private string Derive(byte[] seed, string localpart, Guid agent, string mechanism, ScramCredentials credentials)
    {
        // seed and key have fixed lengths; no localpart has a NUL
        byte[] text = [.. seed, .. credentials.StoredKey, .. Encoding.UTF8.GetBytes($"{mechanism}\0{agent:D}\0{localpart}")];
        return Convert.ToBase64String(HMACSHA256.HashData(secret, text));
    }

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();
}
