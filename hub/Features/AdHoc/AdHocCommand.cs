using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Routing;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.AdHoc;

/// <summary>What the requester wants of a command (XEP-0050 §4.1); members are the wire tokens.</summary>
public enum CommandAction
{
    /// <summary>Begin, or what the stage says that it means.</summary>
    Execute,

    /// <summary>Back to the stage before.</summary>
    Prev,

    /// <summary>On to the next stage.</summary>
    Next,

    /// <summary>Do it.</summary>
    Complete,

    /// <summary>Take it back.</summary>
    Cancel,
}

/// <summary>How grave a note is (XEP-0050 §4.3); members are the wire tokens.</summary>
public enum NoteType
{
    /// <summary>For information.</summary>
    Info,

    /// <summary>Valid, perhaps not meant.</summary>
    Warn,

    /// <summary>It failed.</summary>
    Error,
}

/// <summary>A remark for people about what a command did.</summary>
/// <param name="Type">How grave.</param>
/// <param name="Text">The text, in English.</param>
public sealed record CommandNote(NoteType Type, string Text);

/// <summary>What a command is called with.</summary>
/// <param name="From">Who asks (full JID). He may execute the command: that was checked for this very call.</param>
/// <param name="To">The entity that offers it.</param>
/// <param name="Action">At the first stage <see cref="CommandAction.Execute"/>, later <see cref="CommandAction.Next"/> or <see cref="CommandAction.Complete"/>.</param>
/// <param name="Form">
/// The submitted form: every field that the stage requires has a value, lists have offered values, booleans and addresses are such. Empty at the first stage.
/// </param>
public sealed record CommandInput(Jid From, Jid To, CommandAction Action, DataForm Form);

/// <summary>Whether somebody may see and execute a command; asked again at every stage.</summary>
public delegate ValueTask<bool> CommandGuard(Jid who, CancellationToken cancel);

/// <summary>A stage of a command: gets what was submitted, gives what comes next.</summary>
public delegate ValueTask<CommandStep> CommandHandler(CommandInput input, CancellationToken cancel);

/// <summary>A command that an entity of the hub offers.</summary>
/// <param name="Node">Identifies it at the entity.</param>
/// <param name="Name">What people read in a list of commands.</param>
/// <param name="MayExecute">Who may.</param>
/// <param name="Begin">The first stage.</param>
public sealed record AdHocCommand(string Node, string Name, CommandGuard MayExecute, CommandHandler Begin);

/// <summary>What comes of a stage: another form, the end, or a value to be corrected.</summary>
public sealed class CommandStep
{
    private CommandStep()
    {
    }

    /// <summary>The form to be filled in, or with <see cref="Submitted"/> null the result; may be null.</summary>
    public DataForm? Form { get; private init; }

    /// <summary>Takes the submitted form; null where the command has ended.</summary>
    public CommandHandler? Submitted { get; private init; }

    /// <summary>Whether a further stage follows.</summary>
    public bool HasNext { get; private init; }

    /// <summary>Whether the command may be completed from here.</summary>
    public bool CanComplete { get; private init; }

    /// <summary>Remarks.</summary>
    public IReadOnlyList<CommandNote> Notes { get; private init; } = [];

    /// <summary>Why the command failed, or null.</summary>
    public StanzaError? Failure { get; private init; }

    /// <summary>The stanza error that answers the stage, or null.</summary>
    public StanzaError? Refusal { get; private init; }

    /// <summary>What is wrong with the submitted form, or null.</summary>
    public string? BadValue { get; private init; }

    /// <summary>Asks for a form whose submission completes the command.</summary>
    public static CommandStep Ask(DataForm form, CommandHandler submitted) => new() { Form = form, Submitted = submitted, CanComplete = true };

    /// <summary>Asks for a form behind which further stages come.</summary>
    /// <param name="form">The form.</param>
    /// <param name="submitted">Takes it.</param>
    /// <param name="canComplete">Whether the rest may be left to defaults: the handler is told <see cref="CommandAction.Complete"/>.</param>
    public static CommandStep AskNext(DataForm form, CommandHandler submitted, bool canComplete = false) => new() { Form = form, Submitted = submitted, HasNext = true, CanComplete = canComplete };

    /// <summary>It is done.</summary>
    public static CommandStep Done(DataForm? result, params CommandNote[] notes) => new() { Form = result, Notes = notes };

    /// <summary>It has ended and failed (XEP-0050 §3.4): told as a note for people and, for programs, as the condition of a stanza error in a form of type <see cref="AdHocXml.FailureType"/>.</summary>
    public static CommandStep Failed(StanzaError error) => new() { Failure = error };

    /// <summary>The stage is answered by this error and stays, to be submitted again, as commands of other standards want it (XEP-0133 §5).</summary>
    public static CommandStep Refused(StanzaError error) => new() { Refusal = error };

    /// <summary>A value cannot be taken: the stage stays, to be submitted again.</summary>
    /// <param name="text">What is wrong with it, for people.</param>
    public static CommandStep Bad(string text) => new() { BadValue = text };
}
