using System.ComponentModel.DataAnnotations;

namespace IotXmpp.Hub.Features.Liveness;

/// <summary>How things are watched (settings section <c>Liveness</c>).</summary>
public sealed class LivenessOptions
{
    /// <summary>Seconds that a sleeper may be late before it is overdue (60), or a tenth of its sleep where that is more: clocks of small boards drift.</summary>
    [Range(0, 86_400)]
    public int WakeGraceSeconds { get; set; } = 60;

    /// <summary>Seconds after a start of the hub in which things that were there may come back before they count as lost (660: the longest back-off of the wire profile, twice, and a minute).</summary>
    [Range(0, 86_400)]
    public int RestartGraceSeconds { get; set; } = 660;

    /// <summary>Days for which steps from state to state are kept (400).</summary>
    [Range(1, 36_500)]
    public int TransitionDays { get; set; } = 400;

    /// <summary>Steps of one thing that are kept (10,000); the oldest go.</summary>
    [Range(100, 1_000_000)]
    public int MaxTransitions { get; set; } = 10_000;

    /// <summary>A thing flaps when its connection was interrupted so often (6) in <see cref="FlappingMinutes"/>.</summary>
    [Range(2, 1_000)]
    public int FlappingCount { get; set; } = 6;

    /// <summary>See <see cref="FlappingCount"/> (60).</summary>
    [Range(1, 10_080)]
    public int FlappingMinutes { get; set; } = 60;
}
