using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.AdHoc;
using IotXmpp.Hub.Features.Registration;
using IotXmpp.Hub.Features.Roster;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Invitations;

/// <summary>Invitations (XEP-0401), subscriptions that a token approves (XEP-0379). Stands before Roster and AdHoc in <c>HubModules</c>.</summary>
/// <param name="service">The rules.</param>
/// <param name="store">Where they are kept.</param>
/// <param name="options">The settings.</param>
/// <param name="mode">Whether tokens let anybody register.</param>
/// <param name="commands">Where the commands go.</param>
/// <param name="accounts">The accounts.</param>
/// <param name="links">Accepts subscriptions.</param>
/// <param name="baseUrl">Where the landing page is, without a slash at the end.</param>
public sealed class InvitationsModule(
    InvitationService service, InvitationStore store, InvitationOptions options, RegistrationMode mode, CommandBook commands, AccountService accounts, RosterLinks links, Func<string> baseUrl) : IXmppModule
{
    /// <summary>How often expired invitations are looked for; default 1 hour: nobody can use them meanwhile.</summary>
    public static readonly TimeSpan SweepInterval = TimeSpan.FromHours(1);

    private ILogger _log = null!;
    private IHub _hub = null!;

    /// <inheritdoc/>
    public string Name => "Invitations";

    /// <inheritdoc/>
    public Xep[] Xeps =>
    [
        new("XEP-0379", "Pre-Authenticated Roster Subscription", "0.3.3", "the hub makes tokens and accepts for its accounts, also while they are away"),
        new("XEP-0401", "Ad-hoc Account Invitation Generation", "0.6.0", "for administrators, or for everybody by Invitations:Who; with a landing page"),
        new("XEP-0445", "Pre-Authenticated In-Band Registration", "0.2.0", "where Registration:Mode is invite or open"),
    ];

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        _hub = module.Hub;
        _log = _hub.Loggers.CreateLogger<InvitationsModule>();
        new InvitationCommands(service, options, mode, _hub, accounts, baseUrl, _log).AddTo(commands);
        module.Presence(Phase.Inspect, OnPresenceAsync);
        _hub.Accounts.Removed += store.ForgetAsync;
        ITimer? sweep = null;
        module.Starting(async _ =>
        {
            await service.KeepPromisesAsync(null).ConfigureAwait(false);
            sweep = _hub.Time.CreateTimer(_ => _ = SweepAsync(), null, SweepInterval, SweepInterval);
        });
        module.Stopping(async _ => await (sweep?.DisposeAsync() ?? default).ConfigureAwait(false));
    }

    // XEP-0379 §3.5: a request with a token of the account's is approved, and answered by one. Any other token is no token (§4.1).
    private async ValueTask<Verdict> OnPresenceAsync(Stanza presence, Session? sender)
    {
        if (presence.Type != StanzaType.Subscribe || presence.To is not { } inviter || inviter.Domain != _hub.Domain.Domain || inviter.Local.Length == 0
            || presence.Inner.Span.IndexOf("urn:xmpp:pars:0"u8) < 0 || TokenOf(presence) is not { } token)
        {
            return Verdict.Continue;
        }

        Jid contact = presence.From.Bare;
        if (contact.Equals(inviter.Bare) || !await service.TryTakeUpAsync(token, inviter.Local).ConfigureAwait(false))
        {
            return Verdict.Continue;
        }

        await links.AcceptAsync(presence, sender).ConfigureAwait(false);
        InvitationLog.TakenUp(_log, contact, inviter.Bare);
        return Verdict.Handled;
    }

    private static string? TokenOf(Stanza presence)
    {
        Xml.XmlSpanReader reader = presence.ReadInner();
        while (reader.Read())
        {
            if (reader.Node != Xml.XmlNode.Start)
            {
                continue;
            }

            if (reader.LocalName.SequenceEqual("preauth"u8) && reader.Namespace.SequenceEqual("urn:xmpp:pars:0"u8))
            {
                return Element.Read(ref reader)["token"];
            }

            reader.Skip();
        }

        return null;
    }

    private async Task SweepAsync()
    {
        try
        {
            await service.SweepAsync().ConfigureAwait(false);
        }
        catch (StorageException e)
        {
            InvitationLog.NotSwept(_log, e);
        }
    }
}
