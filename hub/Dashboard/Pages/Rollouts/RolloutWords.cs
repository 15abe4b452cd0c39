using IotXmpp.Hub.Features.Firmware;

namespace IotXmpp.Hub.Dashboard.Pages.Rollouts;

/// <summary>States of roll-outs and of things in them, for people.</summary>
internal static class RolloutWords
{
    /// <summary>The word of a state.</summary>
    public static string Of<T>(T state)
        where T : struct, Enum => state.ToString().ToLowerInvariant();

    /// <summary>The tone of a roll-out's badge.</summary>
    public static string Tone(RolloutState state) => state switch
    {
        RolloutState.Running => "busy",
        RolloutState.Paused => "warn",
        RolloutState.Done => "good",
        RolloutState.Stopped => "bad",
        _ => "none",
    };

    /// <summary>The tone of a thing's badge.</summary>
    public static string Tone(UpdateStep step) => step switch
    {
        UpdateStep.Confirmed => "good",
        UpdateStep.Failed or UpdateStep.Reverted => "bad",
        UpdateStep.Waiting or UpdateStep.Cancelled or UpdateStep.Skipped => "none",
        _ => "busy",
    };

    /// <summary>How many things are at which step, in one line.</summary>
    public static string Counts(Rollout rollout)
    {
        ArgumentNullException.ThrowIfNull(rollout);
        return string.Join(", ", rollout.Things.GroupBy(t => t.Step).OrderBy(g => g.Key).Select(g => $"{g.Count()} {Of(g.Key)}"));
    }
}

/// <summary>Is told of changes of roll-outs until it is disposed.</summary>
internal sealed class RolloutWatch : IDisposable
{
    private readonly RolloutService _service;
    private readonly Action<long> _changed;

    public RolloutWatch(RolloutService service, Action<long> changed)
    {
        _service = service;
        _changed = changed;
        service.Changed += changed;
    }

    /// <inheritdoc/>
    public void Dispose() => _service.Changed -= _changed;
}
