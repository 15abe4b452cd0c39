using IotXmpp.Hub.Features.Commands;

namespace IotXmpp.Hub.Dashboard.Pages.Commands;

/// <summary>Batches in words.</summary>
internal static class BatchWords
{
    /// <summary>The tone of a state's badge; null for the usual.</summary>
    public static string? Tone(BatchState state) => state == BatchState.Stopped ? "bad" : null;

    /// <summary>How many things are how far.</summary>
    public static string Counts(BatchProgress progress)
    {
        ArgumentNullException.ThrowIfNull(progress);
        (int Count, string Word)[] parts =
        [
            (progress.Done, "done"), (progress.Failed, "failed"), (progress.Expired, "expired"), (progress.Cancelled, "cancelled"), (progress.Sent, "sent"), (progress.Queued, "queued"), (progress.Waiting, "waiting"),
        ];
        return string.Join(", ", parts.Where(p => p.Count > 0).Select(p => $"{p.Count} {p.Word}"));
    }

    /// <summary>How fast it goes and when it stops.</summary>
    public static string Rule(BatchRule rule)
    {
        ArgumentNullException.ThrowIfNull(rule);
        string speed = rule.PerMinute == 0 ? "as fast as they take it" : $"{rule.PerMinute} a minute";
        string stop = (rule.Failures, rule.Percent) switch
        {
            (0, 0) => "stops at nothing",
            (0, _) => $"stops at {rule.Percent} % failed",
            (_, 0) => $"stops after {rule.Failures} failed",
            _ => $"stops after {rule.Failures} failed or at {rule.Percent} %",
        };
        return $"{speed}, {rule.Parallel} at a time; {stop}";
    }

    /// <summary>What is left out when it is stopped.</summary>
    public static string Left(BatchProgress progress)
    {
        ArgumentNullException.ThrowIfNull(progress);
        return $"{progress.Waiting + progress.Queued} things will not get the command. What is on its way comes to its end.";
    }
}
