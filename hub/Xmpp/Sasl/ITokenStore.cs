namespace IotXmpp.Hub.Sasl;

/// <summary>Where SASL finds and makes the tokens of clients (XEP-0484); implemented by the fast feature.</summary>
public interface ITokenStore
{
    /// <summary>The tokens that a client may hold, newest first: two at most (§5.1). Expired ones are among them.</summary>
    /// <param name="localpart">The account, prepared.</param>
    /// <param name="agent">The client's installation: the id of its <c>user-agent</c>.</param>
    /// <param name="credentials">The account's keys of SHA-256, which every token is bound to: with other keys it is another token.</param>
    /// <param name="cancel">Ends the wait.</param>
    ValueTask<IReadOnlyList<FastToken>> FindAsync(string localpart, Guid agent, ScramCredentials credentials, CancellationToken cancel);

    /// <summary>
    /// A client has proved that it holds this token: older ones of the same client end, its count is kept, and with <see cref="FastUse.Invalidate"/> it ends itself.
    /// Durable when it returns.
    /// </summary>
    /// <returns>False where the count was used before, or the token has gone meanwhile.</returns>
    ValueTask<bool> UseAsync(FastToken token, FastUse use, CancellationToken cancel);

    /// <summary>Makes a new token for a client; the one it holds stays good until this one is used (§3.5). Durable when it returns.</summary>
    ValueTask<IssuedToken> IssueAsync(string localpart, Guid agent, string mechanism, ScramCredentials credentials, CancellationToken cancel);
}

/// <summary>A token that the hub has given out.</summary>
/// <param name="Localpart">Whose it is.</param>
/// <param name="Agent">Which client's.</param>
/// <param name="Mechanism">The only mechanism that it is good for (§3.4).</param>
/// <param name="Secret">What the client holds, as UTF-8.</param>
/// <param name="Serial">Its number.</param>
/// <param name="IsExpired">Whether its time is over.</param>
/// <param name="IsDue">Whether the client shall get a new one when it uses this (§3.5).</param>
/// <param name="Count">The highest count that it was used with (§3.4).</param>
public sealed record FastToken(string Localpart, Guid Agent, string Mechanism, byte[] Secret, long Serial, bool IsExpired, bool IsDue, long Count)
{
    /// <summary>Whether the client has used it before and holds no other.</summary>
    public bool IsCurrent { get; init; }
}

/// <summary>A token for a client.</summary>
/// <param name="Token">The text.</param>
/// <param name="Expiry">When it ends.</param>
public sealed record IssuedToken(string Token, DateTimeOffset Expiry);

/// <summary>How a client uses a token: what stands around it in <c>authenticate</c>.</summary>
/// <param name="Agent">The id of its <c>user-agent</c>.</param>
/// <param name="Count">The replay counter, or null.</param>
/// <param name="Invalidate">Whether the token shall end with this use (§3.6).</param>
public sealed record FastUse(Guid Agent, uint? Count, bool Invalidate);
