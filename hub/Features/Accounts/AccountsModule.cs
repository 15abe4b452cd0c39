using System.Collections.Concurrent;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Accounts;

/// <summary>Who exists and who may administer: the port <see cref="IAccounts"/>.</summary>
public sealed class AccountDirectory : IAccounts
{
    private readonly AccountStore _store;
    private readonly Jid _domain;
    private readonly Func<string, CancellationToken, ValueTask<Jid?>>? _otherOwners;
    private readonly ILogger? _log;

    /// <param name="store">The accounts.</param>
    /// <param name="service">Tells what becomes of them.</param>
    /// <param name="domain">The served domain.</param>
    /// <param name="otherOwners">The owners of things that have no account, by the thing's id; null where there are none.</param>
    /// <param name="log">Where it stands what could not be deleted of a removed account; null outside of a hub, where removed accounts wait for one.</param>
    public AccountDirectory(AccountStore store, AccountService service, Jid domain, Func<string, CancellationToken, ValueTask<Jid?>>? otherOwners = null, ILogger? log = null)
    {
        _log = log;
        _store = store;
        _domain = domain;
        _otherOwners = otherOwners;
        if (log is not null)
        {
            service.Leaving = LeaveAsync;
        }
    }

    /// <inheritdoc/>
    public event Func<string, Task>? Removed;

    /// <inheritdoc/>
    public async ValueTask<bool> ExistsAsync(string localpart, CancellationToken cancel = default) => await _store.FindAsync(localpart, cancel).ConfigureAwait(false) is not null;

    /// <inheritdoc/>
    public async ValueTask<bool> IsSameAsync(Jid bareJid, DateTimeOffset then, CancellationToken cancel = default) =>
        bareJid.Domain != _domain.Domain || (await _store.FindAsync(bareJid.Local, cancel).ConfigureAwait(false) is { } account && account.Created <= then);

    /// <inheritdoc/>
    public async ValueTask<bool> MayLogInAsync(string localpart, CancellationToken cancel = default) => await _store.FindAsync(localpart, cancel).ConfigureAwait(false) is { IsDisabled: false };

    /// <inheritdoc/>
    public async ValueTask<bool> IsAdministratorAsync(Jid bareJid, CancellationToken cancel = default) =>
        bareJid.Domain == _domain.Domain && bareJid.Local.Length > 0 && await _store.FindAsync(bareJid.Local, cancel).ConfigureAwait(false) is { IsAdministrator: true, IsDisabled: false };

    /// <inheritdoc/>
    public async ValueTask<Jid?> OwnerAsync(string localpart, CancellationToken cancel = default) =>
        await _store.FindAsync(localpart, cancel).ConfigureAwait(false) is { } account
            ? account.Owner is { } owner && JidPrep.TryParse(owner, out Jid? jid) ? jid : null
            : _otherOwners is null ? null : await _otherOwners(localpart, cancel).ConfigureAwait(false);

    // One after another: what goes first (the sessions) is not seen half gone by what follows. One that fails does not keep the others.
    private async Task<bool> LeaveAsync(string name)
    {
        bool isGone = true;
        foreach (Func<string, Task> forget in Removed?.GetInvocationList().Cast<Func<string, Task>>() ?? [])
        {
            try
            {
                await forget(name).ConfigureAwait(false);
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                isGone = false;
                AccountsLog.NotForgotten(_log!, e, name, forget.Method.DeclaringType?.FullName ?? "");
            }
        }

        return isGone;
    }
}

/// <summary>Ends the sessions of accounts that are removed, disabled or revoked, by this process at once, by another within <see cref="WatchInterval"/>; tells so who may log in again.</summary>
public sealed class AccountsModule(AccountService accounts, AccountStore store) : IXmppModule
{
    /// <summary>How often the accounts' number is read, so that what the command line does in the data folder counts here; default 1 s: one read of one row.</summary>
    public static readonly TimeSpan WatchInterval = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, Task> _ending = new(StringComparer.Ordinal);
    private HashSet<string> _disabled = [];
    private long _seen;
    private int _watching;

    /// <inheritdoc/>
    public string Name => "Accounts";

    /// <inheritdoc/>
    public Xep[] Xeps =>
    [
        new("RFC 6120", "XMPP Core", Note: "client streams: STARTTLS, SASL (SCRAM-SHA-1, SCRAM-SHA-256, both with -PLUS, PLAIN), binding, stream errors"), new("RFC 7590", "Use of TLS in XMPP", Note: "TLS 1.2 and 1.3, no compression, no renegotiation; required but for loopback"), new("RFC 7622", "Address Format"), new("XEP-0178", "Best Practices for Use of SASL EXTERNAL with Certificates", "1.2", "clients: xmppAddr, else xmpp: URI or mail address"), new("XEP-0368", "SRV records for XMPP over TLS", "1.1.0", "direct TLS on a port of its own"),
        new("XEP-0198", "Stream Management", "1.6.3", "also within SASL2 and Bind 2; between servers without resumption"), new("XEP-0386", "Bind 2", "1.1.0"), new("XEP-0388", "Extensible SASL Profile", "1.0.4", "no tasks"),
        new("XEP-0440", "SASL Channel-Binding Type Capability", "1.0.0", "tls-server-end-point; tls-exporter with TLS 1.3 on Linux"), new("XEP-0474", "SASL SCRAM Downgrade Protection", "0.5.0"),
    ];

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        IHub hub = module.Hub;
        accounts.Changed += (name, change) =>
        {
            if (change.EndsSessions())
            {
                List<Session> sessions = [.. hub.Sessions.ListOf(new Jid(name, hub.Domain.Domain, string.Empty))];
                foreach (Session session in sessions)
                {
                    // RFC 6120 §4.9.3.12: the account may no longer have a stream.
                    session.End("not-authorized", "revoked");
                }

                if (change == AccountChange.Removed)
                {
                    _ending[name] = Task.WhenAll(sessions.Select(session => session.GoneAsync()));
                }
            }
        };
        // First of all: who sees the account go is told while its roster still says who that is.
        hub.Accounts.Removed += name => _ending.TryRemove(name, out Task? ended) ? ended : Task.CompletedTask;
        ITimer? watch = null;
        ILogger log = hub.Loggers.CreateLogger<AccountsModule>();
        module.Starting(async cancel =>
        {
            _seen = await store.GenerationAsync(cancel).ConfigureAwait(false);
            _disabled = await accounts.DisabledAsync(cancel).ConfigureAwait(false);
            if ((await store.LeavingAsync(cancel).ConfigureAwait(false)).Count > 0)
            {
                _seen = -1; // the hub ended, or the command line removed an account, before everything was deleted: the first look does it
            }

            watch = hub.Time.CreateTimer(_ => _ = WatchAsync(hub, log), null, WatchInterval, WatchInterval);
        });
        module.Stopping(async _ =>
        {
            if (watch is not null)
            {
                await watch.DisposeAsync().ConfigureAwait(false);
            }
        });
    }

    // Another process cannot call us: it raises the number, and we look at those who are here.
    private async Task WatchAsync(IHub hub, ILogger log)
    {
        if (Interlocked.Exchange(ref _watching, 1) == 1)
        {
            return;
        }

        try
        {
            long generation = await store.GenerationAsync().ConfigureAwait(false);
            if (generation == _seen)
            {
                return;
            }

            HashSet<string> disabled = await accounts.DisabledAsync().ConfigureAwait(false);
            foreach (string name in hub.Sessions.All().Select(s => s.Jid.Local).Union(disabled.Except(_disabled)).ToList())
            {
                switch (await store.FindAsync(name).ConfigureAwait(false))
                {
                    case null:
                        accounts.Noticed(name, AccountChange.Removed);
                        break;
                    case { IsDisabled: true }:
                        accounts.Noticed(name, AccountChange.Disabled);
                        break;
                    default:
                        break;
                }
            }

            foreach (string name in _disabled.Except(disabled))
            {
                accounts.Noticed(name, AccountChange.Enabled);
            }

            _disabled = disabled;

            _seen = generation;
            foreach (string name in await store.LeavingAsync().ConfigureAwait(false))
            {
                if (!await accounts.LeaveAsync(name).ConfigureAwait(false))
                {
                    _seen = -1; // the next look tries again
                }
            }
        }
        catch (StorageException e)
        {
            AccountsLog.NotWatched(log, e); // the next look sees the same number, and looks again
        }
        finally
        {
            Volatile.Write(ref _watching, 0);
        }
    }
}

/// <summary>Logs of <see cref="AccountsModule"/>.</summary>
internal static partial class AccountsLog
{
    [LoggerMessage(Level = LogLevel.Error, Message = "Something of the removed account {Account} is not deleted yet ({What}); it is tried again")]
    public static partial void NotForgotten(ILogger log, Exception e, string account, string what);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Whether accounts were removed or disabled by another process is not known now")]
    public static partial void NotWatched(ILogger log, Exception e);
}
