using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Control;

/// <summary>
/// Who may control and read a thing (wire profile, commands are IQ): checked on the way, before the request reaches it, by <see cref="ThingAccess"/>.
/// </summary>
/// <param name="access">Who may what.</param>
public sealed class ControlModule(ThingAccess access) : IXmppModule
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
    ];

    /// <summary>Who keeps what was asked for and what came of it; null where nobody does.</summary>
    public IControlAudit? Audit { get; set; }

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        _hub = module.Hub;
        _log = _hub.Loggers.CreateLogger<ControlModule>();
        module.Inspect(Ns.Control, ControlAsync);
        // A queued command is a set in a wrapper: things do what is in it.
        module.Inspect(Ns.Command, ControlAsync);
        module.Inspect(Ns.SensorData, ReadAsync);
        module.Inspect(Ns.Commands, CommandAsync);
    }

    private async ValueTask<Verdict> ControlAsync(Stanza stanza, Session? sender)
    {
        // A message cannot read a form: whatever control it carries is a change.
        bool isChange = stanza.Type != StanzaType.Get;
        if (ControlRequest.Read(stanza) is not { Nodes: { } nodes } request)
        {
            return Verdict.Reject(StanzaError.ResourceConstraint);
        }

        bool may = await access.MayAskAsync(stanza.From, stanza.To!.Bare, nodes, isChange ? ThingRight.Control : ThingRight.See, request.Parameters).ConfigureAwait(false);
        if (isChange || !may)
        {
            ControlLog.Asked(_log, stanza.From, stanza.To!, nodes.Count == 0 ? "" : string.Join(' ', nodes), stanza.Id, may);
        }

        return isChange ? await JudgeAsync(stanza, may).ConfigureAwait(false) : may ? Verdict.Continue : Verdict.Reject(StanzaError.Forbidden);
    }

    // What cannot be noted is not done.
    private async ValueTask<Verdict> JudgeAsync(Stanza stanza, bool may) => Audit is { } audit && !await audit.AskedAsync(stanza, may).ConfigureAwait(false) ? Verdict.Reject(StanzaError.ResourceConstraint)
        : may ? Verdict.Continue
        : Verdict.Reject(StanzaError.Forbidden);

    // XEP-0050: what a thing does by an ad-hoc command is control by another name. Commands between people's clients are their own affair.
    private async ValueTask<Verdict> CommandAsync(Stanza stanza, Session? sender)
    {
        bool isThing = stanza.To!.Resource == ThingResource || await _hub.Accounts.OwnerAsync(stanza.To.Local).ConfigureAwait(false) is not null;
        if (!isThing || stanza.Kind != StanzaKind.Iq)
        {
            return Verdict.Continue;
        }

        bool may = ControlRequest.Read(stanza) is { } request && await access.MayAskAsync(stanza.From, stanza.To.Bare, [], ThingRight.Control, request.Parameters).ConfigureAwait(false);
        ControlLog.Asked(_log, stanza.From, stanza.To, "", stanza.Id, may);
        return await JudgeAsync(stanza, may).ConfigureAwait(false);
    }

    // Requests only: in messages come the answers of things.
    private async ValueTask<Verdict> ReadAsync(Stanza stanza, Session? sender)
    {
        if (stanza.Kind == StanzaKind.Message)
        {
            return Verdict.Continue;
        }

        if (ControlRequest.Read(stanza) is not { } request)
        {
            return Verdict.Reject(StanzaError.ResourceConstraint);
        }

        return await access.MayAskAsync(stanza.From, stanza.To!.Bare, request.Nodes, ThingRight.See).ConfigureAwait(false) ? Verdict.Continue : Verdict.Reject(StanzaError.Forbidden);
    }
}

/// <summary>Logs of <see cref="ControlModule"/>: who, what, when.</summary>
internal static partial class ControlLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "{From} asks to control {Thing} {Nodes}, id {Id}: allowed {Allowed}")]
    public static partial void Asked(ILogger log, Jid from, Jid thing, string nodes, string? id, bool allowed);
}
