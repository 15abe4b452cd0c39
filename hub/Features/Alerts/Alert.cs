namespace IotXmpp.Hub.Features.Alerts;

/// <summary>How far an alert has come. The numbers are on disk: never change one.</summary>
public enum AlertState
{
    /// <summary>Nobody has said that he looks after it.</summary>
    Raised = 0,

    /// <summary>Somebody looks after it.</summary>
    Acknowledged = 1,

    /// <summary>It is over.</summary>
    Cleared = 2,
}

/// <summary>An alert: a rule's condition has come true of a thing. Immutable.</summary>
/// <param name="Id">Its number, rising.</param>
/// <param name="Rule">The rule's id.</param>
/// <param name="RuleName">What the rule was called.</param>
/// <param name="Thing">The thing.</param>
/// <param name="Field">The field; empty where it is the thing itself.</param>
/// <param name="Severity">How grave.</param>
/// <param name="Raised">When the condition came true, by the times of what was measured.</param>
public sealed record Alert(long Id, string Rule, string RuleName, string Thing, string Field, AlertSeverity Severity, DateTimeOffset Raised)
{
    /// <summary>The value that raised it, as text.</summary>
    public string Value { get; init; } = string.Empty;

    /// <summary>What people are told.</summary>
    public string Text { get; init; } = string.Empty;

    /// <summary>When the hub knew of it: later than <see cref="Raised"/> where data came late.</summary>
    public DateTimeOffset Noted { get; init; }

    /// <summary>When somebody acknowledged it; null before.</summary>
    public DateTimeOffset? Acknowledged { get; init; }

    /// <summary>Who acknowledged it (bare JID); empty before.</summary>
    public string AcknowledgedBy { get; init; } = string.Empty;

    /// <summary>What he wrote.</summary>
    public string Note { get; init; } = string.Empty;

    /// <summary>When it was over; null while it is not.</summary>
    public DateTimeOffset? Cleared { get; init; }

    /// <summary>Why it was over, where the condition itself did not say so: <c>rule</c> (changed, off or gone), <c>thing</c> (gone, or out of the rule's reach); else empty.</summary>
    public string ClearReason { get; init; } = string.Empty;

    /// <summary>The maintenance window in which it was raised, whose end its notifications wait for; or empty.</summary>
    public string Suppressed { get; init; } = string.Empty;

    /// <summary>Until when nobody is told of this rule, thing and field; null where it is not silenced.</summary>
    public DateTimeOffset? SilencedUntil { get; init; }

    /// <summary>How far it has come.</summary>
    public AlertState State => Cleared is not null ? AlertState.Cleared : Acknowledged is not null ? AlertState.Acknowledged : AlertState.Raised;
}

/// <summary>What came of a request; mapped once to the error of each face.</summary>
public enum AlertOutcome
{
    /// <summary>It is done.</summary>
    Done,

    /// <summary>There is no such alert, rule or window, or one may not see it.</summary>
    NotFound,

    /// <summary>One sees it and may not do that.</summary>
    Forbidden,

    /// <summary>It is not what it was thought to be: cleared already, acknowledged already, changed by another, or the id is taken.</summary>
    Conflict,

    /// <summary>What was given cannot be taken; the text says why.</summary>
    Invalid,

    /// <summary>There are as many as there may be.</summary>
    TooMany,
}

/// <summary>What came of a request, with a text for people where it was refused.</summary>
/// <param name="Outcome">What came of it.</param>
/// <param name="Text">Why not; empty where it is done.</param>
/// <param name="Value">What it gave; null where it is not done.</param>
public sealed record AlertResult<T>(AlertOutcome Outcome, string Text, T? Value)
    where T : class
{
    /// <summary>It is done.</summary>
    public static AlertResult<T> Of(T value) => new(AlertOutcome.Done, string.Empty, value);

    /// <summary>It is refused.</summary>
    public static AlertResult<T> Refused(AlertOutcome outcome, string text) => new(outcome, text, null);
}
