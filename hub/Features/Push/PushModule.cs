using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Push;

/// <summary>Push Notifications (XEP-0357): clients register the devices that shall be told when they are not there.</summary>
public sealed class PushModule(ISqlDatabase database, PushOptions options) : IXmppModule
{
    /// <summary>Characters of a node's name (1,024: more than any service makes).</summary>
    private const int MaxNodeLength = 1_024;

    private IHub _hub = null!;
    private PushService _push = null!;

    /// <inheritdoc/>
    public string Name => "Push";

    /// <inheritdoc/>
    public Xep[] Xeps => [new("XEP-0357", "Push Notifications", "0.4.1", "counts only, unless settings add senders and texts; what comes together goes together")];

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        if (!options.Enabled)
        {
            return;
        }

        _hub = module.Hub;
        _push = new PushService(_hub, new PushStore(database), options);
        module.Notifies(_push);
        module.SessionOpened(_push.Opened);
        module.Account.Feature(PushXml.Namespace)
            .Iq(StanzaType.Set, "enable", PushXml.Namespace, EnableAsync)
            .Iq(StanzaType.Set, "disable", PushXml.Namespace, DisableAsync);
        module.Starting(_push.StartAsync);
        _hub.Accounts.Removed += name => _ = _push.RemoveAsync(name);
    }

    private async ValueTask<IqReply> EnableAsync(IqRequest request, CancellationToken cancel)
    {
        if (!request.IsOwnAccount || request.Session is not { } session)
        {
            return StanzaError.Forbidden;
        }

        Element enable = request.Payload();
        string node = enable["node"] ?? string.Empty;
        if (enable["jid"] is not { } text || node.Length > MaxNodeLength)
        {
            return StanzaError.BadRequest;
        }

        if (!JidPrep.TryParse(text, out Jid? service))
        {
            return StanzaError.JidMalformed;
        }

        // A publication by the hub at itself would have rights that the account has not.
        if (_hub.Entities.Any(entity => entity.Jid?.Domain == service.Domain))
        {
            return StanzaError.NotAcceptable.With("That is no push service.");
        }

        byte[] form = [];
        if (enable.FirstChild is { } child)
        {
            if (DataForm.Read(child) is not { Type: FormType.Submit, FormType: PushXml.PublishOptions })
            {
                return StanzaError.BadRequest;
            }

            form = child.ToBytes();
            if (form.Length > options.MaxOptionsBytes)
            {
                return StanzaError.NotAcceptable.With($"The form has at most {options.MaxOptionsBytes} bytes.");
            }
        }

        await _push.EnableAsync(new PushRegistration(request.From.Local, service.ToString(), node, session.Jid.Resource, form, _hub.Time.GetUtcNow().ToUnixTimeMilliseconds())).ConfigureAwait(false);
        return IqReply.Empty;
    }

    private async ValueTask<IqReply> DisableAsync(IqRequest request, CancellationToken cancel)
    {
        if (!request.IsOwnAccount)
        {
            return StanzaError.Forbidden;
        }

        Element disable = request.Payload();
        if (disable["jid"] is not { } text)
        {
            return StanzaError.BadRequest;
        }

        if (!JidPrep.TryParse(text, out Jid? service))
        {
            return StanzaError.JidMalformed;
        }

        await _push.DisableAsync(request.From.Local, service.ToString(), disable["node"]).ConfigureAwait(false);
        return IqReply.Empty;
    }
}
