using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using IotXmpp.Hub.Features.Accounts;

namespace IotXmpp.Hub.Features.WebSessions;

/// <summary>
/// Who is signed in at the pages. A session is a random token of 256 bits that only the browser has; here is its hash. It ends when nobody uses it, after its longest time, when the person signs out, and
/// when the account's password changes or it may not log in any more.
/// </summary>
public sealed class WebSessionService : IDisposable
{
    /// <summary>How often what was used is written down (1 minute): a restart of the hub costs nobody more than that of his time.</summary>
    public static readonly TimeSpan NoteInterval = TimeSpan.FromMinutes(1);

    /// <summary>How often open pages are looked at for sessions that are over (15 s); no clock runs while no page is open.</summary>
    public static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(15);

    /// <summary>Characters of what a browser says it is (200): enough for people to know it by.</summary>
    public const int MaxAgentChars = 200;

    private const int TokenBytes = 32;
    private const int MaxTokenChars = 64;

    private readonly WebSessionStore _store;
    private readonly AccountService _accounts;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<long, Use> _used = new();
    private readonly Dictionary<long, List<Watch>> _watched = [];
    private readonly Lock _gate = new();
    private ITimer? _timer;

    /// <param name="store">Where they are kept.</param>
    /// <param name="accounts">Tells what becomes of accounts.</param>
    /// <param name="options">The bounds.</param>
    /// <param name="time">The clock.</param>
    public WebSessionService(WebSessionStore store, AccountService accounts, WebSessionOptions options, TimeProvider time)
    {
        _store = store;
        _accounts = accounts;
        _time = time;
        Options = options;
    }

    /// <summary>The bounds.</summary>
    public WebSessionOptions Options { get; }

    /// <summary>Signs somebody in who has proved who he is.</summary>
    /// <param name="account">The prepared localpart.</param>
    /// <param name="peer">Where the browser is; empty where nobody knows.</param>
    /// <param name="agent">What it says it is.</param>
    /// <returns>The token, of letters, digits, dashes and underscores, and the session.</returns>
    public async Task<(string Token, WebSession Session)> CreateAsync(string account, string peer, string agent)
    {
        DateTimeOffset now = _time.GetUtcNow();
        string token = Convert.ToBase64String(RandomNumberGenerator.GetBytes(TokenBytes)).TrimEnd('=').Replace('+', '-').Replace('/', '_');
        var made = new WebSession(0, account, now, now, peer, agent.Length > MaxAgentChars ? agent[..MaxAgentChars] : agent);
        (long id, IReadOnlyList<long> ended) = await _store.AddAsync(Hash(token), made, Options.MaxPerAccount, now - Options.Idle - NoteInterval, now - Options.Absolute).ConfigureAwait(false);
        foreach (long one in ended)
        {
            Tell(one, WebSessionEnd.SignedOut);
        }

        foreach (KeyValuePair<long, Use> use in _used.Where(u => now - u.Value.Seen > Options.Idle))
        {
            _used.TryRemove(use.Key, out _); // the store has it, as far as it still matters
        }

        return (token, made with { Id = id });
    }

    /// <summary>The session of a token; null where there is none, or it is over, or its account may not log in. Asking is no use: see <see cref="UseAsync"/>.</summary>
    public async ValueTask<WebSession?> FindAsync(string token, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(token);
        if (token.Length is 0 or > MaxTokenChars || await _store.FindAsync(Hash(token), cancel).ConfigureAwait(false) is not { } found)
        {
            return null;
        }

        if (_used.TryGetValue(found.Id, out Use? use) && use.Seen > found.Seen)
        {
            found = found with { Seen = use.Seen };
        }

        if (IsOver(found.Created, found.Seen))
        {
            await EndAsync(found, WebSessionEnd.Expired).ConfigureAwait(false);
            return null;
        }

        // What another process did to the account (the command line) counts here too.
        if (await _accounts.FindAsync(found.Account, cancel).ConfigureAwait(false) is not { IsDisabled: false } account || account.PasswordChanged > found.Created)
        {
            await EndAsync(found, WebSessionEnd.Revoked).ConfigureAwait(false);
            return null;
        }

        return found;
    }

    /// <summary>Notes that the person does something now; the session then lasts on.</summary>
    public async ValueTask UseAsync(WebSession session)
    {
        ArgumentNullException.ThrowIfNull(session);
        DateTimeOffset now = _time.GetUtcNow();
        Use use = _used.GetOrAdd(session.Id, _ => new Use { Seen = session.Seen, Noted = session.Seen });
        if (IsOver(session.Created, use.Seen))
        {
            await EndAsync(session, WebSessionEnd.Expired).ConfigureAwait(false); // too late: nobody had looked yet
            return;
        }

        use.Seen = now;
        if (now - use.Noted < NoteInterval)
        {
            return;
        }

        use.Noted = now;
        await _store.SeeAsync(session.Id, now).ConfigureAwait(false);
    }

    /// <summary>An account's sessions that are not over, the one that was used last first.</summary>
    public async ValueTask<IReadOnlyList<WebSession>> ListAsync(string account, CancellationToken cancel = default) =>
        [.. (await _store.ListAsync(account, cancel).ConfigureAwait(false))
            .Select(s => _used.TryGetValue(s.Id, out Use? use) && use.Seen > s.Seen ? s with { Seen = use.Seen } : s)
            .Where(s => !IsOver(s.Created, s.Seen))];

    /// <summary>Ends one of an account's own sessions; false where it has none of that number.</summary>
    public async Task<bool> EndAsync(long id, string account)
    {
        bool done = await _store.RemoveAsync(id, account).ConfigureAwait(false);
        if (done)
        {
            Tell(id, WebSessionEnd.SignedOut);
        }

        return done;
    }

    /// <summary>Ends an account's sessions, everywhere; not one that begins while this is under way.</summary>
    /// <param name="account">Whose.</param>
    /// <param name="except">The number of one that stays; 0 for none.</param>
    /// <param name="why">What open pages are told.</param>
    public async Task EndAllAsync(string account, long except = 0, WebSessionEnd why = WebSessionEnd.SignedOut)
    {
        DateTimeOffset now = _time.GetUtcNow();
        List<WebSession> all = await _store.ListAsync(account).ConfigureAwait(false);
        await _store.RemoveAllAsync(account, except, now).ConfigureAwait(false);
        foreach (WebSession one in all.Where(s => s.Id != except && s.Created < now))
        {
            Tell(one.Id, why);
        }
    }

    /// <summary>Calls back once when a session ends, for whatever reason; until what is returned is disposed.</summary>
    public IDisposable OnEnd(WebSession session, Action<WebSessionEnd> ended)
    {
        ArgumentNullException.ThrowIfNull(session);
        var watch = new Watch(this, session, ended);
        lock (_gate)
        {
            if (!_watched.TryGetValue(session.Id, out List<Watch>? list))
            {
                _watched.Add(session.Id, list = []);
            }

            list.Add(watch);
            _timer ??= _time.CreateTimer(_ => _ = LookAsync(), null, LookInterval, LookInterval);
        }

        return watch;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _timer?.Dispose();
            _timer = null;
            _watched.Clear();
        }
    }

    private static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));

    private bool IsOver(DateTimeOffset created, DateTimeOffset seen)
    {
        DateTimeOffset now = _time.GetUtcNow();
        return now - seen > Options.Idle || now - created > Options.Absolute;
    }

    private async Task EndAsync(WebSession session, WebSessionEnd why)
    {
        await _store.RemoveAsync(session.Id, session.Account).ConfigureAwait(false);
        Tell(session.Id, why);
    }

    private async Task LookAsync()
    {
        List<WebSession> open;
        lock (_gate)
        {
            open = [.. _watched.Values.Select(list => list[0].Session)];
        }

        foreach (WebSession session in open)
        {
            DateTimeOffset seen = _used.TryGetValue(session.Id, out Use? use) && use.Seen > session.Seen ? use.Seen : session.Seen;
            if (IsOver(session.Created, seen))
            {
                await EndAsync(session, WebSessionEnd.Expired).ConfigureAwait(false);
            }
        }
    }

    private void Tell(long id, WebSessionEnd why)
    {
        _used.TryRemove(id, out _);
        List<Watch>? list;
        lock (_gate)
        {
            _watched.Remove(id, out list);
            StopWhenIdle();
        }

        foreach (Watch watch in list ?? [])
        {
            watch.Ended(why);
        }
    }

    private void Forget(Watch watch)
    {
        lock (_gate)
        {
            if (_watched.TryGetValue(watch.Session.Id, out List<Watch>? list) && list.Remove(watch) && list.Count == 0)
            {
                _watched.Remove(watch.Session.Id);
                StopWhenIdle();
            }
        }
    }

    private void StopWhenIdle()
    {
        if (_watched.Count == 0)
        {
            _timer?.Dispose();
            _timer = null;
        }
    }

    private sealed class Use
    {
        public DateTimeOffset Seen { get; set; }

        public DateTimeOffset Noted { get; set; }
    }

    private sealed class Watch(WebSessionService service, WebSession session, Action<WebSessionEnd> ended) : IDisposable
    {
        public WebSession Session => session;

        public Action<WebSessionEnd> Ended => ended;

        public void Dispose() => service.Forget(this);
    }
}
