using IotXmpp.Hub.Features.Commands;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Configuration;

/// <summary>What a thing shall be like (wire profile, registry: node <c>things/&lt;id&gt;/desired</c>); immutable. What is secret in it is masked wherever it is told.</summary>
/// <param name="Version">Its number: each change has a higher one.</param>
/// <param name="At">When it was given.</param>
/// <param name="By">Who gave it (bare JID).</param>
/// <param name="Parameters">All parameters that are wished for.</param>
/// <param name="Note">Why, in its author's words; empty for nothing.</param>
public sealed record ConfigurationVersion(long Version, DateTimeOffset At, Jid By, IReadOnlyList<CommandParameter> Parameters, string Note);

/// <summary>What a thing says that it is like (node <c>things/&lt;id&gt;/reported</c>); immutable.</summary>
/// <param name="Version">The version that it has taken last; 0 for none.</param>
/// <param name="At">When it said so.</param>
/// <param name="Parameters">Its parameters.</param>
/// <param name="ErrorParameter">The parameter that it did not take; empty for none.</param>
/// <param name="ErrorText">Why, in its words.</param>
/// <param name="Trial">What it says of its network settings.</param>
/// <param name="TrialText">Why they were taken back, in its words; else empty.</param>
public sealed record ReportedConfiguration(
    long Version, DateTimeOffset At, IReadOnlyList<CommandParameter> Parameters, string ErrorParameter, string ErrorText, TrialState Trial = TrialState.Untold, string TrialText = "");

/// <summary>What a thing says of the trial of network settings. The numbers are on disk: never change one.</summary>
public enum TrialState
{
    /// <summary>Nothing: its firmware does not tell.</summary>
    Untold = 0,

    /// <summary>There is none, or those that were tried last are kept.</summary>
    None = 1,

    /// <summary>It tries some, or is about to.</summary>
    Running = 2,

    /// <summary>Those that were tried last did not prove themselves: the old ones hold.</summary>
    Reverted = 3,
}

/// <summary>How a parameter stands.</summary>
public enum DriftState
{
    /// <summary>It is as it shall be.</summary>
    Same,

    /// <summary>The thing has not taken the version yet.</summary>
    Pending,

    /// <summary>The thing has taken the version, and says another value.</summary>
    Differs,

    /// <summary>The thing has taken the version and says nothing of the parameter: it does not know it, or does not tell it.</summary>
    Unknown,

    /// <summary>The thing has refused it: <see cref="ParameterDrift.Text"/> says why.</summary>
    Refused,

    /// <summary>A network setting on trial: the thing tries it, and goes back to the old one where it does not reach the hub.</summary>
    Trial,

    /// <summary>A network setting that did not prove itself: the thing went back to the old one.</summary>
    Reverted,

    /// <summary>The thing has taken it and tells nobody, since it is secret.</summary>
    Secret,
}

/// <summary>How a parameter that is wished for stands.</summary>
/// <param name="Name">Its name.</param>
/// <param name="State">How it stands.</param>
/// <param name="Desired">What is wished for; empty where it is secret.</param>
/// <param name="Reported">What the thing says; null for nothing.</param>
/// <param name="Since">Since when it is so.</param>
/// <param name="Text">Why, for people; empty where nothing is to be said.</param>
public sealed record ParameterDrift(string Name, DriftState State, CommandParameter Desired, string? Reported, DateTimeOffset Since, string Text)
{
    /// <summary>Whether somebody has to look after it: not what is as it shall be, and not what is on its way.</summary>
    public bool IsDrift => State is DriftState.Differs or DriftState.Unknown or DriftState.Refused or DriftState.Reverted;
}

/// <summary>How a thing's configuration stands.</summary>
/// <param name="Thing">The thing.</param>
/// <param name="Desired">What it shall be like; null where nobody has wished for anything.</param>
/// <param name="Reported">What it says; null where it has said nothing.</param>
/// <param name="Parameters">How each parameter that is wished for stands, by name.</param>
public sealed record ThingConfiguration(string Thing, ConfigurationVersion? Desired, ReportedConfiguration? Reported, IReadOnlyList<ParameterDrift> Parameters)
{
    /// <summary>Whether some parameter is not as it shall be.</summary>
    public bool HasDrift => Parameters.Any(p => p.IsDrift);

    /// <summary>Whether the thing has not taken the version yet.</summary>
    public bool IsPending => Parameters.Any(p => p.State == DriftState.Pending);
}

/// <summary>How a request about configuration ended.</summary>
public enum ConfigurationOutcome
{
    /// <summary>Done and durable.</summary>
    Done,

    /// <summary>Who asks may not, or there is no such thing.</summary>
    Forbidden,

    /// <summary>There is no such version.</summary>
    NotFound,

    /// <summary>The request is wrong, or not what the thing's form allows: the text says how.</summary>
    BadRequest,

    /// <summary>Somebody has changed it since the version that the request goes by.</summary>
    Conflict,

    /// <summary>A bound is reached.</summary>
    TooMany,
}

/// <summary>How a request about one thing's configuration ended.</summary>
/// <param name="Outcome">Done, or why not.</param>
/// <param name="Configuration">How it stands, where the asker may see it.</param>
/// <param name="Text">What is wrong, for people.</param>
public sealed record ConfigurationResult(ConfigurationOutcome Outcome, ThingConfiguration? Configuration = null, string Text = "");

/// <summary>A change of what a thing shall be like.</summary>
/// <param name="Set">Parameters that are wished for, beside those that were.</param>
/// <param name="Remove">Names of parameters that nobody wishes for any more; the thing keeps them as they are.</param>
/// <param name="Base">The version that the change goes by: another one since is a conflict. Null where that does not matter.</param>
/// <param name="Note">Why, in a few words.</param>
public sealed record ConfigurationChange(IReadOnlyList<CommandParameter> Set, IReadOnlyList<string> Remove, long? Base = null, string Note = "");

/// <summary>Port: the nodes of things.</summary>
public interface IDesiredNode
{
    /// <summary>Publishes what a thing shall be like.</summary>
    /// <returns>False where there is no such node, or something newer stands there.</returns>
    Task<bool> PublishAsync(string thing, long version, IReadOnlyList<CommandParameter> parameters);

    /// <summary>The version that stands on a thing's node, with its parameters; null for none.</summary>
    Task<(long Version, IReadOnlyList<CommandParameter> Parameters)?> ReadAsync(string thing, CancellationToken cancel);
}
