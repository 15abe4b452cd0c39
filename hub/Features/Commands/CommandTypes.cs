using IotXmpp.Hub.Features.Access;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Commands;

/// <summary>How a command stands (wire profile, commands are IQ). The numbers are on disk: never change one.</summary>
public enum CommandState
{
    /// <summary>It waits until the thing is there.</summary>
    Queued = 1,

    /// <summary>It is on its way to the thing, which has not answered yet.</summary>
    Sent = 2,

    /// <summary>The thing has done it, and says so.</summary>
    Done = 3,

    /// <summary>It was refused, or what came of it is not known: <see cref="ThingCommand.Error"/> says which.</summary>
    Failed = 4,

    /// <summary>The thing was not there in time; it was never sent.</summary>
    Expired = 5,

    /// <summary>It was taken back before it was sent.</summary>
    Cancelled = 6,
}

/// <summary>On which way a command came. The numbers are on disk: never change one.</summary>
public enum CommandWay
{
    /// <summary>By the hub's queue.</summary>
    Queued = 1,

    /// <summary>By an IQ straight to the thing (XEP-0325).</summary>
    Direct = 2,

    /// <summary>By an ad-hoc command of the thing (XEP-0050).</summary>
    AdHoc = 3,
}

/// <summary>A parameter with its value, as XEP-0325 §3.2 sends it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">The element that carries it: <c>boolean</c>, <c>int</c>, <c>long</c>, <c>double</c>, <c>string</c>, <c>date</c>, <c>time</c>, <c>dateTime</c>, <c>duration</c>, <c>color</c>.</param>
/// <param name="Value">Its value on the wire; empty where it is secret and was masked.</param>
/// <param name="IsSecret">Whether nobody is told the value.</param>
public sealed record CommandParameter(string Name, string Type, string Value, bool IsSecret = false)
{
    /// <summary>The same, without its value where that is secret.</summary>
    public CommandParameter Masked => IsSecret ? this with { Value = string.Empty } : this;

    /// <summary><c>name=value</c>, for people.</summary>
    public override string ToString() => $"{Name}={(IsSecret ? "(secret)" : Value)}";
}

/// <summary>A command to a thing and what has become of it; immutable. What is secret in it is masked wherever it is told.</summary>
/// <param name="Number">Its place in the order of all commands.</param>
/// <param name="Id">Its id: what the thing remembers it by.</param>
/// <param name="Way">On which way it came.</param>
/// <param name="Thing">The thing.</param>
/// <param name="By">Who commands (bare JID).</param>
/// <param name="Parameters">What is to be set.</param>
/// <param name="Queued">When it was taken.</param>
/// <param name="Expires">Until when it is sent; of a direct one when it was taken.</param>
public sealed record ThingCommand(long Number, string Id, CommandWay Way, string Thing, Jid By, IReadOnlyList<CommandParameter> Parameters, DateTimeOffset Queued, DateTimeOffset Expires)
{
    /// <summary>The account that speaks for the thing: its own or its gateway's.</summary>
    public string Account { get; init; } = string.Empty;

    /// <summary>How it stands.</summary>
    public CommandState State { get; init; } = CommandState.Queued;

    /// <summary>When it was first sent; null before.</summary>
    public DateTimeOffset? Sent { get; init; }

    /// <summary>When it came to its end; null before.</summary>
    public DateTimeOffset? Ended { get; init; }

    /// <summary>How often it was sent.</summary>
    public int Attempts { get; init; }

    /// <summary>The condition of its failure (RFC 6120 §8.3.3); empty for none.</summary>
    public string Error { get; init; } = string.Empty;

    /// <summary>What is told of its failure; empty for nothing.</summary>
    public string Text { get; init; } = string.Empty;

    /// <summary>The sender's key against doubles; empty for none.</summary>
    public string DedupeKey { get; init; } = string.Empty;

    /// <summary>The batch that it belongs to; empty for none.</summary>
    public string Batch { get; init; } = string.Empty;

    /// <summary>The ad-hoc command that was run (XEP-0050); empty for a <c>set</c>.</summary>
    public string Node { get; init; } = string.Empty;

    /// <summary>Whether its thing was removed since: its name may be somebody else's by now, who has no part in this.</summary>
    public bool IsGone { get; init; }

    /// <summary>Whether nothing will become of it any more.</summary>
    public bool IsEnded => State > CommandState.Sent;

    /// <summary>How long it took from the first sending to its end; null where it was not sent or has no end.</summary>
    public TimeSpan? Took => Sent is { } sent && Ended is { } ended ? ended - sent : null;
}

/// <summary>How a request about commands ended.</summary>
public enum CommandOutcome
{
    /// <summary>Done and durable.</summary>
    Done,

    /// <summary>Who asks may not, or there is no such thing: who may not see it does not learn which.</summary>
    Forbidden,

    /// <summary>There is no such command or batch.</summary>
    NotFound,

    /// <summary>The request is wrong: the text says how.</summary>
    BadRequest,

    /// <summary>Another open command has that key and says something else.</summary>
    Conflict,

    /// <summary>A bound is reached.</summary>
    TooMany,

    /// <summary>It has been sent, or has come to its end: it cannot be taken back.</summary>
    TooLate,
}

/// <summary>How a request about one command ended.</summary>
/// <param name="Outcome">Done, or why not.</param>
/// <param name="Command">The command, when done, masked.</param>
/// <param name="Text">What is wrong, for people.</param>
public sealed record CommandResult(CommandOutcome Outcome, ThingCommand? Command = null, string Text = "")
{
    /// <summary>False where a command with the same key was there already.</summary>
    public bool IsNew { get; init; } = true;
}

/// <summary>What shall be queued.</summary>
/// <param name="Thing">The thing's id.</param>
/// <param name="Parameters">What shall be set.</param>
/// <param name="Ttl">For how long it may wait; null for the usual time (<see cref="CommandsOptions.DefaultTtlSeconds"/>).</param>
/// <param name="DedupeKey">As long as a command of the same person to the same thing with this key is open, asking again gives that one; null for none.</param>
public sealed record CommandRequest(string Thing, IReadOnlyList<CommandParameter> Parameters, TimeSpan? Ttl = null, string? DedupeKey = null);

/// <summary>Says who may do what with a thing: <see cref="ThingAccess.MayAsync"/>.</summary>
/// <param name="who">Who asks.</param>
/// <param name="thing">The thing.</param>
/// <param name="right">What for.</param>
/// <param name="parameter">The parameter that is meant, or null.</param>
/// <param name="cancel">Gives up.</param>
public delegate ValueTask<bool> ThingDecision(Jid who, string thing, ThingRight right, string? parameter, CancellationToken cancel);

/// <summary>What came of sending a command once.</summary>
public enum LinkOutcome
{
    /// <summary>The thing has done it.</summary>
    Done,

    /// <summary>The thing answers with an error.</summary>
    Failed,

    /// <summary>The stream was lost before an answer came: it may be done or not, and is sent again when the thing is back.</summary>
    Lost,

    /// <summary>No answer came in time, over a stream that lasts.</summary>
    Silent,

    /// <summary>The thing is not there; nothing was sent.</summary>
    Away,
}

/// <summary>What came of sending a command once, in the thing's words.</summary>
/// <param name="Outcome">What.</param>
/// <param name="Error">The condition of a failure.</param>
/// <param name="Text">What the thing says.</param>
public readonly record struct LinkAnswer(LinkOutcome Outcome, string Error = "", string Text = "");

/// <summary>Port: the way to the things.</summary>
public interface ICommandLink
{
    /// <summary>The account that speaks for a thing; null where there is no such thing.</summary>
    ValueTask<string?> AccountOfAsync(string thing, CancellationToken cancel);

    /// <summary>Whether a thing takes commands now.</summary>
    bool IsReachable(string thing, string account);

    /// <summary>Sends a command to the thing and waits for its answer, as long as its stream lasts and <see cref="CommandsOptions.AnswerSeconds"/> at most.</summary>
    Task<LinkAnswer> SendAsync(ThingCommand command, CancellationToken cancel);
}
