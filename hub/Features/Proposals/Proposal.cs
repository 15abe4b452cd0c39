using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Proposals;

/// <summary>How a proposal stands. The numbers are on disk: never change one.</summary>
public enum ProposalState
{
    /// <summary>Nobody has said anything to it. Nothing was done.</summary>
    Open = 1,

    /// <summary>Somebody has confirmed it, and the command is being given.</summary>
    Confirmed = 2,

    /// <summary>The command was given: <see cref="Proposal.Command"/>.</summary>
    Given = 3,

    /// <summary>It was confirmed, and the command could not be given: <see cref="Proposal.Text"/> says why.</summary>
    Failed = 4,

    /// <summary>Somebody has rejected it. Nothing was done.</summary>
    Rejected = 5,

    /// <summary>Its time is over. Nothing was done.</summary>
    Expired = 6,
}

/// <summary>A parameter that shall be set.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">The element that carries it in XEP-0325: <c>boolean</c>, <c>int</c>, <c>long</c>, <c>double</c>, <c>string</c>.</param>
/// <param name="Value">Its value on the wire.</param>
public sealed record ProposedParameter(string Name, string Type, string Value)
{
    /// <summary>As people read it before they confirm: a text in quotes, so that nothing in it looks like another parameter.</summary>
    public override string ToString() => Type == "string" ? $"{Name} = \"{Value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"" : $"{Name} = {Value}";
}

/// <summary>A command that a program proposes and a person confirms; immutable but for its state.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Account">The account whose token proposes (localpart).</param>
/// <param name="Token">The token.</param>
/// <param name="Thing">The thing.</param>
/// <param name="Parameters">What shall be set: exactly this is done, or nothing.</param>
/// <param name="Reason">Why, in the program's words; empty for nothing. Not to be trusted.</param>
/// <param name="Created">When it was made.</param>
/// <param name="Expires">Until when it can be confirmed.</param>
public sealed record Proposal(string Id, string Account, string Token, string Thing, IReadOnlyList<ProposedParameter> Parameters, string Reason, DateTimeOffset Created, DateTimeOffset Expires)
{
    /// <summary>How it stands.</summary>
    public ProposalState State { get; init; } = ProposalState.Open;

    /// <summary>Who confirmed or rejected it; null for nobody.</summary>
    public Jid? DecidedBy { get; init; }

    /// <summary>When that was; null before.</summary>
    public DateTimeOffset? Decided { get; init; }

    /// <summary>The command that was given; empty for none.</summary>
    public string Command { get; init; } = string.Empty;

    /// <summary>What is told of a failure; empty for nothing.</summary>
    public string Text { get; init; } = string.Empty;

    /// <summary>What is done when it is confirmed, in one line.</summary>
    public string Action => $"on {Thing}: set {string.Join(", ", Parameters)}";
}

/// <summary>How a request about proposals ended.</summary>
public enum ProposalOutcome
{
    /// <summary>Done and durable.</summary>
    Done,

    /// <summary>There is no such proposal, or not for who asks.</summary>
    NotFound,

    /// <summary>There is no such thing for who asks.</summary>
    NoThing,

    /// <summary>Who asks may not control the thing, or not that parameter.</summary>
    Forbidden,

    /// <summary>What is proposed is wrong: the text says how.</summary>
    Bad,

    /// <summary>The account has as many open proposals as it may.</summary>
    TooMany,

    /// <summary>It was decided already, or its time is over.</summary>
    TooLate,

    /// <summary>It was confirmed, and the command could not be given.</summary>
    Failed,
}

/// <summary>How a request about a proposal ended.</summary>
/// <param name="Outcome">Done, or why not.</param>
/// <param name="Proposal">The proposal as it is now; null where there is none.</param>
/// <param name="Text">What is wrong, for people.</param>
public sealed record ProposalResult(ProposalOutcome Outcome, Proposal? Proposal = null, string Text = "");

/// <summary>What came of giving a command.</summary>
/// <param name="Command">Its id; null where it was not given.</param>
/// <param name="Text">Why not, for people.</param>
public sealed record GivenCommand(string? Command, string Text = "");

/// <summary>Port: gives commands to things.</summary>
public interface IThingControl
{
    /// <summary>What the thing would not take; null where it would, or where that is not known.</summary>
    string? Wrong(string thing, IReadOnlyList<ProposedParameter> parameters);

    /// <summary>Gives a command in a person's name, with that person's rights.</summary>
    /// <param name="who">Who confirmed.</param>
    /// <param name="thing">The thing.</param>
    /// <param name="parameters">What is set.</param>
    /// <param name="key">Against doubles: the same key is the same command.</param>
    /// <param name="cancel">Ends the wait.</param>
    Task<GivenCommand> SetAsync(Jid who, string thing, IReadOnlyList<ProposedParameter> parameters, string key, CancellationToken cancel);
}
