using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Accounts;

/// <summary>Who exists and who may administer: the port <see cref="IAccounts"/>.</summary>
public sealed class AccountDirectory : IAccounts
{
    private readonly AccountStore _store;
    private readonly Jid _domain;

    /// <param name="store">The accounts.</param>
    /// <param name="service">Tells what becomes of them.</param>
    /// <param name="domain">The served domain.</param>
    public AccountDirectory(AccountStore store, AccountService service, Jid domain)
    {
        _store = store;
        _domain = domain;
        service.Changed += (name, change) =>
        {
            if (change == AccountChange.Removed)
            {
                Removed?.Invoke(name);
            }
        };
    }

    /// <inheritdoc/>
    public event Action<string>? Removed;

    /// <inheritdoc/>
    public async ValueTask<bool> ExistsAsync(string localpart, CancellationToken cancel = default) => await _store.FindAsync(localpart, cancel).ConfigureAwait(false) is not null;

    /// <inheritdoc/>
    public async ValueTask<bool> IsAdministratorAsync(Jid bareJid, CancellationToken cancel = default) =>
        bareJid.Domain == _domain.Domain && bareJid.Local.Length > 0 && await _store.FindAsync(bareJid.Local, cancel).ConfigureAwait(false) is { IsAdministrator: true, IsDisabled: false };

    /// <inheritdoc/>
    public async ValueTask<Jid?> OwnerAsync(string localpart, CancellationToken cancel = default) =>
        await _store.FindAsync(localpart, cancel).ConfigureAwait(false) is { Owner: { } owner } && JidPrep.TryParse(owner, out Jid? jid) ? jid : null;
}

/// <summary>Ends the sessions of accounts that are removed or disabled.</summary>
public sealed class AccountsModule(AccountService accounts) : IXmppModule
{
    /// <inheritdoc/>
    public string Name => "Accounts";

    /// <inheritdoc/>
    public Xep[] Xeps =>
    [
        new("RFC 6120", "XMPP Core", Note: "client streams: STARTTLS, SASL (SCRAM-SHA-1, SCRAM-SHA-256, both with -PLUS, PLAIN), binding, stream errors"), new("RFC 7622", "Address Format"), new("XEP-0368", "SRV records for XMPP over TLS", "1.1.0", "direct TLS on a port of its own"),
        new("XEP-0198", "Stream Management", "1.6.3", "also within SASL2 and Bind 2"), new("XEP-0386", "Bind 2", "1.1.0"), new("XEP-0388", "Extensible SASL Profile", "1.0.4", "no tasks"),
        new("XEP-0440", "SASL Channel-Binding Type Capability", "1.0.0", "tls-server-end-point; tls-exporter with TLS 1.3 on Linux"), new("XEP-0474", "SASL SCRAM Downgrade Protection", "0.5.0"),
    ];

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        IHub hub = module.Hub;
        accounts.Changed += (name, change) =>
        {
            if (change is AccountChange.Removed or AccountChange.Disabled)
            {
                foreach (Session session in hub.Sessions.ListOf(new Jid(name, hub.Domain.Domain, string.Empty)))
                {
                    // RFC 6120 §4.9.3.12: the account may no longer have a stream.
                    session.End("not-authorized", "revoked");
                }
            }
        };
    }
}
