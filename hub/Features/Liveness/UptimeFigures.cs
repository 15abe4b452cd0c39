namespace IotXmpp.Hub.Features.Liveness;

/// <summary>Reckons how reliable a thing was, from its steps and the times in which the hub was there to see them.</summary>
internal static class UptimeFigures
{
    /// <summary>Reckons a span.</summary>
    /// <param name="steps">The steps, the earliest first; one before the span says how it began, without one the thing is known from the first on.</param>
    /// <param name="runs">When the hub was there, the earliest first. In between nothing is known.</param>
    /// <param name="from">The beginning.</param>
    /// <param name="to">The end.</param>
    public static Uptime Of(IReadOnlyList<Transition> steps, IReadOnlyList<HubRun> runs, DateTimeOffset from, DateTimeOffset to)
    {
        TimeSpan known = TimeSpan.Zero;
        TimeSpan up = TimeSpan.Zero;
        int losses = 0;
        int interruptions = 0;
        for (int i = 0; i < steps.Count; i++)
        {
            Transition step = steps[i];
            Transition? next = i + 1 < steps.Count ? steps[i + 1] : null;
            TimeSpan seen = Seen(runs, Later(step.At, from), Earlier(next?.At ?? to, to));
            known += seen;
            // What was resumed was away so briefly that nothing was lost.
            bool isUp = step.State is LivenessState.Online or LivenessState.Sleeping || (step.State == LivenessState.Resuming && next?.State == LivenessState.Online);
            up += isUp ? seen : TimeSpan.Zero;
            if (step.At < from)
            {
                continue;
            }

            bool isLoss = step.State == LivenessState.Overdue || (step.State == LivenessState.Offline && step.Reason is "connection-lost" or "keepalive-timeout" or "stream-error");
            losses += isLoss ? 1 : 0;
            // A connection that waits to be resumed and then is lost was interrupted once.
            bool wasCounted = isLoss && i > 0 && steps[i - 1].State == LivenessState.Resuming;
            interruptions += step.State == LivenessState.Resuming || (isLoss && !wasCounted) ? 1 : 0;
        }

        return new Uptime(known, up, losses, interruptions);
    }

    private static TimeSpan Seen(IReadOnlyList<HubRun> runs, DateTimeOffset from, DateTimeOffset to)
    {
        TimeSpan seen = TimeSpan.Zero;
        foreach (HubRun run in runs)
        {
            TimeSpan part = Earlier(run.To, to) - Later(run.From, from);
            seen += part > TimeSpan.Zero ? part : TimeSpan.Zero;
        }

        return seen;
    }

    private static DateTimeOffset Later(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;

    private static DateTimeOffset Earlier(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;
}
