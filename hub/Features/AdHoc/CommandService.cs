using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.AdHoc;

/// <summary>A request to work on a command, as it came.</summary>
/// <param name="From">Who asks (full JID).</param>
/// <param name="To">The entity.</param>
/// <param name="Node">The command.</param>
/// <param name="SessionId">The session, or null for a new one.</param>
/// <param name="Action">The attribute <c>action</c>, or null.</param>
/// <param name="Language">The attribute <c>xml:lang</c>, or null.</param>
/// <param name="Form">The form that came along, or null.</param>
internal sealed record CommandRequest(Jid From, Jid To, string? Node, string? SessionId, string? Action, string? Language, DataForm? Form);

/// <summary>The rules of XEP-0050 for the commands of one entity: who may, which stage follows, what may be done at it.</summary>
internal sealed class CommandService(IReadOnlyDictionary<string, AdHocCommand> commands, AdHocOptions options, TimeProvider time)
{
    public CommandSessions Sessions { get; } = new(options, time);

    public IReadOnlyDictionary<string, AdHocCommand> Commands => commands;

    /// <summary>The commands that somebody may execute, by node.</summary>
    public async ValueTask<List<AdHocCommand>> ListAsync(Jid who, CancellationToken cancel)
    {
        var list = new List<AdHocCommand>();
        foreach (AdHocCommand command in commands.Values)
        {
            if (await command.MayExecute(who, cancel).ConfigureAwait(false))
            {
                list.Add(command);
            }
        }

        return list;
    }

    public async ValueTask<IqReply> ExecuteAsync(CommandRequest request, CancellationToken cancel)
    {
        if (string.IsNullOrEmpty(request.Node))
        {
            return StanzaError.BadRequest.With("A command has a node.");
        }

        if (!TryAction(request.Action, out CommandAction action))
        {
            return AdHocXml.MalformedAction;
        }

        if (request.Language is { } language && !IsLanguage(language))
        {
            return AdHocXml.BadLocale;
        }

        if (!commands.TryGetValue(request.Node, out AdHocCommand? command))
        {
            return StanzaError.ItemNotFound;
        }

        // At every stage: a right may have been taken since the last one.
        if (!await command.MayExecute(request.From, cancel).ConfigureAwait(false))
        {
            return AdHocXml.Forbidden;
        }

        return request.SessionId is { } id
            ? await ContinueAsync(command, id, action, request, cancel).ConfigureAwait(false)
            : await BeginAsync(command, action, request, cancel).ConfigureAwait(false);
    }

    private static bool TryAction(string? token, out CommandAction action)
    {
        (bool known, action) = token switch
        {
            null or "execute" => (true, CommandAction.Execute),
            "prev" => (true, CommandAction.Prev),
            "next" => (true, CommandAction.Next),
            "complete" => (true, CommandAction.Complete),
            "cancel" => (true, CommandAction.Cancel),
            _ => (false, default),
        };
        return known;
    }

    // A language tag by its form (RFC 5646 §2.1): what is none cannot be answered in; any other is answered in English, which says so.
    private static bool IsLanguage(string tag) => tag.Length is > 0 and <= 35 && tag.Split('-') is var parts
        && parts[0].All(char.IsAsciiLetter) && parts.All(p => p.Length is >= 1 and <= 8 && p.All(char.IsAsciiLetterOrDigit));

    private async ValueTask<IqReply> BeginAsync(AdHocCommand command, CommandAction action, CommandRequest request, CancellationToken cancel)
    {
        if (action != CommandAction.Execute)
        {
            // §3.3: nothing is under way that could be gone on with or taken back.
            return AdHocXml.BadAction;
        }

        var session = new CommandSession(Sessions.NewId(request.From, command.Node), command, request.From);
        CommandStep step = await command.Begin(new CommandInput(request.From, request.To, action, new DataForm(FormType.Submit)), cancel).ConfigureAwait(false);
        return step.Refusal is { } refusal ? refusal : Answer(session, step);
    }

    private async ValueTask<IqReply> ContinueAsync(AdHocCommand command, string id, CommandAction action, CommandRequest request, CancellationToken cancel)
    {
        if (!Sessions.IsOwn(id, request.From, command.Node))
        {
            return AdHocXml.BadSessionId;
        }

        if (Sessions.Take(id) is not { } session)
        {
            return AdHocXml.SessionExpired;
        }

        CommandStep stage = session.Stages.Peek();
        if (action == CommandAction.Execute)
        {
            action = stage.HasNext ? CommandAction.Next : CommandAction.Complete;
        }

        switch (action)
        {
            case CommandAction.Cancel:
                return AdHocXml.Write(command, session.Id, "canceled"u8, null, hasPrevious: false);
            case CommandAction.Prev when session.Stages.Count > 1:
                session.Stages.Pop();
                return Show(session);
            case CommandAction.Next when stage.HasNext:
            case CommandAction.Complete when stage.CanComplete:
                break;
            default:
                return Stay(session, AdHocXml.BadAction);
        }

        if (request.Form is null)
        {
            return Stay(session, AdHocXml.BadPayload.With("This stage needs its form."));
        }

        if (FormCheck.WrongField(stage.Form!, request.Form) is { } wrong)
        {
            return Stay(session, AdHocXml.BadPayload.With(wrong));
        }

        CommandStep step = await stage.Submitted!(new CommandInput(request.From, request.To, action, request.Form), cancel).ConfigureAwait(false);
        return step.Refusal is { } refusal ? Stay(session, refusal)
            : step.BadValue is { } bad ? Stay(session, AdHocXml.BadPayload.With(bad))
            : Answer(session, step);
    }

    private IqReply Answer(CommandSession session, CommandStep step)
    {
        if (step.Submitted is null)
        {
            return AdHocXml.Write(session.Command, session.Id, "completed"u8, step, hasPrevious: false);
        }

        if (session.Stages.Count >= options.Stages)
        {
            return StanzaError.ResourceConstraint.With($"A command has at most {options.Stages} stages.");
        }

        session.Stages.Push(step);
        return Show(session);
    }

    private IqReply Show(CommandSession session) => Sessions.TryKeep(session)
        ? AdHocXml.Write(session.Command, session.Id, "executing"u8, session.Stages.Peek(), session.Stages.Count > 1)
        : StanzaError.ResourceConstraint.With("Too many commands are under way; try again later.");

    // The stage waits on: the requester can do better.
    private StanzaError Stay(CommandSession session, StanzaError error) => Sessions.TryKeep(session) ? error : AdHocXml.SessionExpired;
}

/// <summary>Holds a submitted form against the one that was shown (XEP-0004 §3.2–3.3).</summary>
internal static class FormCheck
{
    /// <summary>What is wrong with a submitted form, for people; null when nothing is. Fields that were not asked for are passed over (XEP-0004 §3.2.1).</summary>
    public static string? WrongField(DataForm asked, DataForm submitted)
    {
        foreach (FormField field in asked.Fields)
        {
            FormField? given = submitted[field.Var];
            string name = field.Label ?? field.Var;
            bool isEmpty = given is null || given.Values.All(string.IsNullOrEmpty);
            if (isEmpty)
            {
                if (field.IsRequired)
                {
                    return $"{name} ({field.Var}) is missing.";
                }

                continue;
            }

            string? wrong = field.Type switch
            {
                "boolean" when !given!.TryBoolean(out _) => "is true or false",
                "list-single" or "list-multi" when given!.Values.Any(v => field.Options.All(o => o.Value != v)) => "is one of " + string.Join(", ", field.Options.Select(o => o.Value)),
                "jid-single" or "jid-multi" when given!.Values.Any(v => !JidPrep.TryParse(v, out _)) => "is an address",
                "boolean" or "list-single" or "jid-single" or "text-single" or "text-private" when given!.Values.Count > 1 => "has one value",
                _ => null,
            };
            if (wrong is not null)
            {
                return $"{name} ({field.Var}) {wrong}.";
            }
        }

        return null;
    }
}
