using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Control;

/// <summary>
/// Who may control and read a thing (wire profile, commands are IQ): checked on the way, before the request reaches it. Its own account, its owner and
/// administrators may control it; who may see its presence may also read it and its form.
/// </summary>
public sealed class ControlModule : IXmppModule
{
    // Wire profile, addresses: what a thing binds.
    private const string ThingResource = "thing";

    private IHub _hub = null!;
    private ILogger _log = null!;

    /// <inheritdoc/>
    public string Name => "Control";

    /// <inheritdoc/>
    public Xep[] Xeps =>
    [
        new("XEP-0325", "Internet of Things - Control", "0.5", "the hub checks the right and routes; things answer"),
        new("XEP-0323", "Internet of Things - Sensor Data", "0.6", "the hub checks the right and routes; things answer"),
    ];

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        _hub = module.Hub;
        _log = _hub.Loggers.CreateLogger<ControlModule>();
        module.Inspect(Ns.Control, ControlAsync);
        module.Inspect(Ns.SensorData, ReadAsync);
        module.Inspect(Ns.Commands, CommandAsync);
    }

    private async ValueTask<Verdict> ControlAsync(Stanza stanza, Session? sender)
    {
        // A message cannot read a form: whatever control it carries is a change.
        bool isChange = stanza.Type != StanzaType.Get;
        bool may = await OwnsAsync(stanza).ConfigureAwait(false)
            || (!isChange && await _hub.Rosters.MaySeePresenceAsync(stanza.To!.Bare, stanza.From.Bare).ConfigureAwait(false));
        if (isChange || !may)
        {
            ControlLog.Asked(_log, stanza.From, stanza.To!, stanza.Id, may);
        }

        return may ? Verdict.Continue : Verdict.Reject(StanzaError.Forbidden);
    }

    // XEP-0050: what a thing does by an ad-hoc command is control by another name. Commands between people's clients are their own affair.
    private async ValueTask<Verdict> CommandAsync(Stanza stanza, Session? sender)
    {
        bool isThing = stanza.To!.Resource == ThingResource || await _hub.Accounts.OwnerAsync(stanza.To.Local).ConfigureAwait(false) is not null;
        return isThing && stanza.Kind == StanzaKind.Iq ? await ControlAsync(stanza, sender).ConfigureAwait(false) : Verdict.Continue;
    }

    // Requests only: in messages come the answers of things.
    private async ValueTask<Verdict> ReadAsync(Stanza stanza, Session? sender) =>
        stanza.Kind == StanzaKind.Message || await OwnsAsync(stanza).ConfigureAwait(false) || await _hub.Rosters.MaySeePresenceAsync(stanza.To!.Bare, stanza.From.Bare).ConfigureAwait(false)
            ? Verdict.Continue
            : Verdict.Reject(StanzaError.Forbidden);

    private async ValueTask<bool> OwnsAsync(Stanza stanza)
    {
        Jid asker = stanza.From.Bare;
        Jid thing = stanza.To!.Bare;
        return asker.Equals(thing)
            || await _hub.Accounts.IsAdministratorAsync(asker).ConfigureAwait(false)
            || asker.Equals(await _hub.Accounts.OwnerAsync(thing.Local).ConfigureAwait(false));
    }
}

/// <summary>Logs of <see cref="ControlModule"/>: who, what, when.</summary>
internal static partial class ControlLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "{From} asks to control {Thing}, id {Id}: allowed {Allowed}")]
    public static partial void Asked(ILogger log, Jid from, Jid thing, string? id, bool allowed);
}
