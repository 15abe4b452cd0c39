using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Registration;

/// <summary>In-Band Registration (XEP-0077) and its tokens (XEP-0445).</summary>
public sealed class RegistrationModule(RegistrationService service) : IXmppModule
{
    private IHub _hub = null!;
    private ILogger _log = null!;

    /// <inheritdoc/>
    public string Name => "Registration";

    /// <inheritdoc/>
    public Xep[] Xeps =>
    [
        new("XEP-0077", "In-Band Registration", "2.4", "of accounts; off by default (Registration:Mode); password change and removal are on"),
    ];

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        _hub = module.Hub;
        _log = _hub.Loggers.CreateLogger<RegistrationModule>();
        if (service.Options.Mode != RegistrationMode.Off)
        {
            module.StreamFeature(new RegistrationFeature(service, _log));
        }

        if (service.Options.Mode == RegistrationMode.Off && !service.Options.PasswordChange && !service.Options.Removal)
        {
            return;
        }

        // §3.2: to the domain, or without addressee.
        module.Domain.Feature(Ns.Register).Iq(StanzaType.Get, "query", Ns.Register, Ask).Iq(StanzaType.Set, "query", Ns.Register, SetAsync);
        module.Account.Iq(StanzaType.Get, "query", Ns.Register, Ask).Iq(StanzaType.Set, "query", Ns.Register, SetAsync);
    }

    // Who has an account elsewhere, or asks about somebody else's, gets nothing here.
    private static bool IsOwn(IqRequest request) => request.Session is not null && (request.Target.Local.Length == 0 || request.IsOwnAccount);

    private ValueTask<IqReply> Ask(IqRequest request, CancellationToken cancel) => IsOwn(request) ? RegistrationXml.Registered(request.From.Local) : (IqReply)StanzaError.ServiceUnavailable;

    private async ValueTask<IqReply> SetAsync(IqRequest request, CancellationToken cancel)
    {
        if (!IsOwn(request))
        {
            return StanzaError.ServiceUnavailable;
        }

        Element query = request.Payload();
        string account = request.From.Local;
        try
        {
            if (query.Child("remove") is not null)
            {
                return query.Children.Count() == 1 ? await RemoveAsync(request, account, cancel).ConfigureAwait(false) : StanzaError.BadRequest.With("Nothing stands beside remove.");
            }

            if (!RegistrationXml.TryRead(query, out string? name, out string? password))
            {
                return StanzaError.BadRequest.With("The form cannot be read, or is another one (XEP-0004).");
            }

            RegistrationOutcome outcome = await service.ChangePasswordAsync(account, name, password, cancel).ConfigureAwait(false);
            if (outcome != RegistrationOutcome.Done)
            {
                return RegistrationXml.Error(outcome, service.Options, isChange: true);
            }

            RegistrationLog.PasswordChanged(_log, account);
            return IqReply.Empty;
        }
        catch (StorageException e) when (e.IsResourceConstraint)
        {
            return StanzaError.ResourceConstraint.With("The database cannot take more now.");
        }
    }

    // §3.2: the result, then the stream error not-authorized for all of its sessions.
    private async ValueTask<IqReply> RemoveAsync(IqRequest request, string account, CancellationToken cancel)
    {
        RegistrationOutcome outcome = await service.RemoveAsync(account, () => _hub.Router.Reply(request.Stanza, IqReply.Empty), cancel).ConfigureAwait(false);
        if (outcome != RegistrationOutcome.Done)
        {
            return RegistrationXml.Error(outcome, service.Options, isChange: true);
        }

        RegistrationLog.Removed(_log, account);
        return IqReply.Later;
    }
}
