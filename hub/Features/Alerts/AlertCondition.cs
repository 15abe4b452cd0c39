namespace IotXmpp.Hub.Features.Alerts;

/// <summary>What a rule watches for. All times are those of the samples and states themselves, so that a rule says of history what it would have said then.</summary>
public abstract record AlertCondition
{
    /// <summary>The word in the document: <c>threshold</c>, <c>rate</c>, <c>no-data</c>, <c>offline</c>, <c>overdue</c>, <c>flapping</c>, <c>battery</c>, <c>firmware</c>.</summary>
    public abstract string Kind { get; }

    /// <summary>The field that is looked at; empty where it is the thing itself, or any field.</summary>
    public virtual string Field => string.Empty;

    /// <summary>How far back something that was measured can still decide.</summary>
    public virtual TimeSpan Memory => TimeSpan.Zero;
}

/// <summary>How a value is compared.</summary>
public enum Comparison
{
    /// <summary>Greater than the limit.</summary>
    Above,

    /// <summary>Less than the limit.</summary>
    Below,

    /// <summary>Less than the lower limit or greater than the upper.</summary>
    Outside,

    /// <summary>The same number, truth or text.</summary>
    Equal,

    /// <summary>Another number, truth or text.</summary>
    NotEqual,
}

/// <summary>A field's value is where it should not be.</summary>
/// <param name="Name">The field.</param>
/// <param name="Is">How it is compared.</param>
/// <param name="Limit">The limit; the lower one of <see cref="Comparison.Outside"/>. Truth is 0 or 1.</param>
/// <param name="Upper">The upper limit of <see cref="Comparison.Outside"/>.</param>
/// <param name="Text">The text of an enum that is compared (<see cref="Comparison.Equal"/>, <see cref="Comparison.NotEqual"/>); null for a number or truth.</param>
/// <param name="Hysteresis">How far inside the limit a value must be before it counts as good again; in between nothing changes.</param>
/// <param name="For">How long it must be so without a break. The value of the latest sample holds until the next.</param>
/// <param name="ClearFor">How long it must be good again before the alert is cleared.</param>
public sealed record ThresholdCondition(string Name, Comparison Is, double Limit, double Upper, string? Text, double Hysteresis, TimeSpan For, TimeSpan ClearFor) : AlertCondition
{
    /// <inheritdoc/>
    public override string Kind => "threshold";

    /// <inheritdoc/>
    public override string Field => Name;

    /// <inheritdoc/>
    public override TimeSpan Memory => For > ClearFor ? For : ClearFor;
}

/// <summary>Which way a value goes.</summary>
public enum RateDirection
{
    /// <summary>Up or down.</summary>
    Any,

    /// <summary>Up.</summary>
    Rise,

    /// <summary>Down.</summary>
    Fall,
}

/// <summary>A field's value changes too quickly: by so much from the lowest or the highest value within a window.</summary>
/// <param name="Name">The field.</param>
/// <param name="By">By how much, at least.</param>
/// <param name="Within">The window; it moves in steps of a 32nd.</param>
/// <param name="Direction">Which way.</param>
public sealed record RateCondition(string Name, double By, TimeSpan Within, RateDirection Direction) : AlertCondition
{
    /// <inheritdoc/>
    public override string Kind => "rate";

    /// <inheritdoc/>
    public override string Field => Name;

    /// <inheritdoc/>
    public override TimeSpan Memory => Within;
}

/// <summary>There is no newer sample than of so long ago. While a thing sleeps as it said, nothing is missed.</summary>
/// <param name="Name">The field; empty: any.</param>
/// <param name="After">How long.</param>
public sealed record NoDataCondition(string Name, TimeSpan After) : AlertCondition
{
    /// <inheritdoc/>
    public override string Kind => "no-data";

    /// <inheritdoc/>
    public override string Field => Name;
}

/// <summary>A thing is away.</summary>
/// <param name="Reasons">Why, of <see cref="AllReasons"/>, in their order.</param>
/// <param name="For">How long already.</param>
/// <param name="IsOverdue">Whether the rule is only of things that did not wake: its word is <c>overdue</c>.</param>
public sealed record OfflineCondition(IReadOnlyList<string> Reasons, TimeSpan For, bool IsOverdue) : AlertCondition
{
    /// <summary>Every reason, and <c>overdue</c>.</summary>
    public static IReadOnlyList<string> AllReasons { get; } = ["overdue", "connection-lost", "keepalive-timeout", "stream-error", "replaced", "shutdown", "revoked"];

    /// <summary>Those of a thing that somebody has to look after.</summary>
    public static IReadOnlyList<string> Lost { get; } = ["overdue", "connection-lost", "keepalive-timeout", "stream-error", "replaced"];

    /// <inheritdoc/>
    public override string Kind => IsOverdue ? "overdue" : "offline";

    /// <inheritdoc/>
    public bool Equals(OfflineCondition? other) => other is not null && Reasons.SequenceEqual(other.Reasons) && For == other.For && IsOverdue == other.IsOverdue;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Reasons.Count, For, IsOverdue);
}

/// <summary>A thing's connection was interrupted too often.</summary>
/// <param name="Count">How often.</param>
/// <param name="Within">In which time.</param>
public sealed record FlappingCondition(int Count, TimeSpan Within) : AlertCondition
{
    /// <inheritdoc/>
    public override string Kind => "flapping";

    /// <inheritdoc/>
    public override TimeSpan Memory => Within;
}

/// <summary>A thing told that its battery is low.</summary>
/// <param name="Below">Percent.</param>
/// <param name="Hysteresis">Percent above that at which it counts as charged again.</param>
public sealed record BatteryCondition(int Below, int Hysteresis) : AlertCondition
{
    /// <inheritdoc/>
    public override string Kind => "battery";
}

/// <summary>A thing told of a firmware that is older.</summary>
/// <param name="Below">The version that it should have at least.</param>
public sealed record FirmwareCondition(string Below) : AlertCondition
{
    /// <inheritdoc/>
    public override string Kind => "firmware";
}
