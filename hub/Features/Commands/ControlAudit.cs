using System.Collections.Concurrent;
using IotXmpp.Hub.Features.Control;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Commands;

/// <summary>
/// Notes direct commands: who, what, when, as they pass to the thing, and the outcome and how long it took as the answer passes back. Only the sessions of things that are being commanded are looked at.
/// </summary>
/// <param name="audit">Where they are noted.</param>
/// <param name="hub">The hub.</param>
/// <param name="forms">Says which parameters are secret.</param>
/// <param name="registry">Which things are behind whom: nobody writes into the audit of a thing that is not behind whom he asks.</param>
internal sealed class ControlAudit(AuditService audit, IHub hub, ThingForms forms, RegistryStore registry) : IControlAudit
{
    /// <summary>Minutes after which a command that has no answer yet is noted as not answered (5); its client has given up long ago.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<string, ThingCommand> _open = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public async ValueTask<bool> AskedAsync(Stanza request, bool isAllowed)
    {
        if (request.To is not { } to || request.Child() is not { } payload)
        {
            return true;
        }

        DateTimeOffset now = hub.Time.GetUtcNow();
        bool isAdHoc = payload.Namespace == Ns.Commands;
        if (isAdHoc && payload["action"] is "cancel" or "prev")
        {
            return true;
        }

        Element? set = payload.Is("command", Ns.Command) ? payload.Child("set", Ns.Control) : payload;
        string thing = set?.Children.FirstOrDefault(c => c.Name == "node" && c.Namespace == Ns.Control)?["nodeId"] is { Length: > 0 } node
            && await registry.FindAsync(node).ConfigureAwait(false) is { } behind && behind.Account == to.Local ? node : to.Local;
        ThingForm? form = forms.Known(thing);
        List<CommandParameter> parameters = set is not null && ParameterText.TryRead(set, out List<CommandParameter>? read) ? read : [];
        // What nobody will do is noted shortened: it is for people to read.
        parameters = [.. parameters.Take(ParameterText.MaxParameters).Select(p => p with { Name = Short(p.Name, ParameterText.MaxName), Value = Short(p.Value, ParameterText.MaxValue) })];
        var command = new ThingCommand(
            0, Guid.CreateVersion7(now).ToString("N"), isAdHoc ? CommandWay.AdHoc : CommandWay.Direct, thing, request.From.Bare, ParameterText.Mark(parameters, form), now, now)
        {
            Account = to.Local,
            Node = isAdHoc ? Short(payload["node"] ?? string.Empty, ParameterText.MaxName) : string.Empty,
            State = CommandState.Sent,
            Sent = now,
            Attempts = 1,
        };
        if (!isAllowed)
        {
            return audit.Note(command with { State = CommandState.Failed, Sent = null, Attempts = 0, Ended = now, Error = "forbidden" });
        }

        if (!hub.Sessions.TryGet(to, out Session? session))
        {
            return true; // its sender gets the hub's error
        }

        if (request.Kind != StanzaKind.Iq)
        {
            // XEP-0325 §3.2: a message has no answer.
            return audit.Note(command with { State = CommandState.Failed, Ended = now, Error = "remote-server-timeout", Text = "A message has no answer: what came of it is not known." });
        }

        if (!audit.Note(command))
        {
            return false;
        }

        _open[command.Id] = command;
        session.WatchAnswer(request, answer => Answered(command, answer));
        return true;
    }

    /// <summary>Ends those that wait too long.</summary>
    internal void Look()
    {
        DateTimeOffset oldest = hub.Time.GetUtcNow() - s_patience;
        foreach (ThingCommand command in _open.Values.Where(c => c.Queued < oldest))
        {
            Answered(command, null);
        }
    }

    private static string Short(string text, int most) => text.Length <= most ? text : text[..most];

    private void Answered(ThingCommand command, Stanza? answer)
    {
        if (!_open.TryRemove(command.Id, out _))
        {
            return;
        }

        (CommandState state, string error, string text) = answer is null
            ? (CommandState.Failed, "remote-server-timeout", "No answer passed; it may have been done.")
            : CommandXml.Outcome(answer);
        audit.NoteEnd(CommandService.Mask(command) with { State = state, Ended = hub.Time.GetUtcNow(), Error = error, Text = text });
    }
}
