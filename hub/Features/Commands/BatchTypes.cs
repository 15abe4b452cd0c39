using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Commands;

/// <summary>How a batch stands. The numbers are on disk: never change one.</summary>
public enum BatchState
{
    /// <summary>Things of it wait for their turn, or are at it.</summary>
    Running = 1,

    /// <summary>All things have come to an end.</summary>
    Done = 2,

    /// <summary>Its rule has stopped it: too many have failed.</summary>
    Stopped = 3,

    /// <summary>A person has stopped it.</summary>
    Cancelled = 4,

    /// <summary>Its time is over, and things of it were not there.</summary>
    Expired = 5,
}

/// <summary>How fast a batch goes, and when it stops by itself.</summary>
/// <param name="PerMinute">Things that are commanded in a minute at most; 0 for as many as there are.</param>
/// <param name="Parallel">Things that are at it at a time, at most.</param>
/// <param name="Failures">It stops when so many have failed; 0 for never.</param>
/// <param name="Percent">It stops when so many of 100 that have come to an end have failed, once <see cref="LeastEnded"/> have; 0 for never.</param>
public sealed record BatchRule(int PerMinute = 60, int Parallel = 10, int Failures = 0, int Percent = 20)
{
    /// <summary>Things that have come to an end before a percentage counts (10): one of the first two is no half of the fleet.</summary>
    public const int LeastEnded = 10;

    /// <summary>What is wrong with the rule; null where nothing is.</summary>
    public string? Wrong => PerMinute is < 0 or > 60_000 ? "A batch has 0 to 60000 things a minute."
        : Parallel is < 1 or > 1_000 ? "1 to 1000 things are at it at a time."
        : Failures is < 0 or > 100_000 ? "A batch stops after 0 to 100000 failures."
        : Percent is < 0 or > 100 ? "A batch stops at 0 to 100 percent." : null;
}

/// <summary>How many things of a batch are how far.</summary>
/// <param name="Waiting">Have not had their turn, or are away.</param>
/// <param name="Queued">Have a command that was not sent yet.</param>
/// <param name="Sent">Have one that is on its way.</param>
/// <param name="Done">Have done it.</param>
/// <param name="Failed">Have failed, or were refused.</param>
/// <param name="Expired">Were not there in time.</param>
/// <param name="Cancelled">Were left out in the end.</param>
public sealed record BatchProgress(int Waiting, int Queued, int Sent, int Done, int Failed, int Expired, int Cancelled)
{
    /// <summary>All things.</summary>
    public int Things => Waiting + Queued + Sent + Done + Failed + Expired + Cancelled;
}

/// <summary>The same command to many things.</summary>
/// <param name="Id">Its id.</param>
/// <param name="By">Who commands (bare JID).</param>
/// <param name="Target">The group that was meant; empty for a list.</param>
/// <param name="Parameters">What is set.</param>
/// <param name="Rule">How fast, and when it stops.</param>
/// <param name="Asked">When it was taken.</param>
/// <param name="Expires">Until when things may come.</param>
/// <param name="State">How it stands.</param>
/// <param name="Progress">How far it is.</param>
public sealed record Batch(string Id, Jid By, string Target, IReadOnlyList<CommandParameter> Parameters, BatchRule Rule, DateTimeOffset Asked, DateTimeOffset Expires, BatchState State, BatchProgress Progress)
{
    /// <summary>When it came to its end; null before.</summary>
    public DateTimeOffset? Ended { get; init; }

    /// <summary>Why it has stopped, for people; empty for nothing.</summary>
    public string Text { get; init; } = string.Empty;
}

/// <summary>A thing of a batch.</summary>
/// <param name="Thing">The thing.</param>
/// <param name="State">How its command stands; null while it waits for its turn.</param>
/// <param name="Command">The command's id; empty for none.</param>
/// <param name="Error">The condition of its failure; empty for none.</param>
/// <param name="Text">What is told of it.</param>
public sealed record BatchThing(string Thing, CommandState? State, string Command, string Error, string Text);

/// <summary>What shall be done with many things.</summary>
/// <param name="Things">The things; each once.</param>
/// <param name="Parameters">What shall be set.</param>
/// <param name="Rule">How fast, and when it stops.</param>
/// <param name="Ttl">For how long things may come; null for the usual time.</param>
/// <param name="Target">The group that is meant, for people; empty for a list.</param>
public sealed record BatchRequest(IReadOnlyList<string> Things, IReadOnlyList<CommandParameter> Parameters, BatchRule Rule, TimeSpan? Ttl = null, string Target = "");

/// <summary>How a request about a batch ended.</summary>
/// <param name="Outcome">Done, or why not.</param>
/// <param name="Batch">The batch, when done, masked.</param>
/// <param name="Text">What is wrong, for people.</param>
public sealed record BatchResult(CommandOutcome Outcome, Batch? Batch = null, string Text = "");
