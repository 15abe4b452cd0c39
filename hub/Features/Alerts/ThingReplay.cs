using System.Runtime.CompilerServices;
using IotXmpp.Hub.Features.History;
using IotXmpp.Hub.Features.Liveness;

namespace IotXmpp.Hub.Features.Alerts;

/// <summary>Something that an evaluator is told; one of a sample, a state, what a thing told of itself.</summary>
internal readonly record struct Observation(long At, FieldValue Value, Transition? State, ToldStatus? Told)
{
    /// <summary>Tells it.</summary>
    public void To(RuleEvaluator evaluator, List<RuleStep> into)
    {
        if (State is { } state)
        {
            evaluator.Liveness(At, state.State, state.Reason, state.Until?.ToUnixTimeMilliseconds(), into);
        }
        else if (Told is { } told)
        {
            evaluator.Status(At, told.Battery, told.Firmware, into);
        }
        else
        {
            evaluator.Sample(At, Value, into);
        }
    }
}

/// <summary>What was measured, told to evaluators again in the order of its times: for tests over history, for what a restart or a full queue has left out, and for rules that are new.</summary>
internal sealed class ThingReplay(AlertSources sources, AlertStore store)
{
    /// <summary>Everything that a condition looks at, of a thing and a span, in the order of time.</summary>
    public async IAsyncEnumerable<Observation> ReadAsync(AlertCondition condition, string thing, long from, long to, [EnumeratorCancellation] CancellationToken cancel)
    {
        var inputs = new List<IAsyncEnumerator<Observation>>();
        try
        {
            if (condition is OfflineCondition or FlappingCondition or NoDataCondition)
            {
                inputs.Add(StepsAsync(thing, from, to, cancel).GetAsyncEnumerator(cancel));
            }
            else if (condition is BatteryCondition or FirmwareCondition)
            {
                inputs.Add(ToldAsync(thing, from, to, cancel).GetAsyncEnumerator(cancel));
            }

            foreach (Series series in SeriesOf(condition, thing))
            {
                inputs.Add(SamplesAsync(series, from, to, cancel).GetAsyncEnumerator(cancel));
            }

            for (int i = inputs.Count - 1; i >= 0; i--)
            {
                await MoveAsync(i).ConfigureAwait(false);
            }

            while (inputs.Count > 0)
            {
                int first = 0;
                for (int i = 1; i < inputs.Count; i++)
                {
                    first = inputs[i].Current.At < inputs[first].Current.At ? i : first;
                }

                yield return inputs[first].Current;
                await MoveAsync(first).ConfigureAwait(false);
            }
        }
        finally
        {
            foreach (IAsyncEnumerator<Observation> input in inputs)
            {
                await input.DisposeAsync().ConfigureAwait(false);
            }
        }

        async ValueTask MoveAsync(int i)
        {
            if (!await inputs[i].MoveNextAsync().ConfigureAwait(false))
            {
                await inputs[i].DisposeAsync().ConfigureAwait(false);
                inputs.RemoveAt(i);
            }
        }
    }

    /// <summary>The series that a condition looks at.</summary>
    public IEnumerable<Series> SeriesOf(AlertCondition condition, string thing)
    {
        if (sources.History is not { } history || condition is not (ThresholdCondition or RateCondition or NoDataCondition))
        {
            return [];
        }

        return history.SeriesOf(thing).Where(s => condition.Field.Length == 0 || s.Field == condition.Field);
    }

    /// <summary>Tells a watch what the history has and it does not know yet, and how the thing is.</summary>
    public async ValueTask CatchUpAsync(Watch watch, long now, List<RuleStep> into, CancellationToken cancel)
    {
        AlertCondition condition = watch.Rule.Condition;
        RuleEvaluator evaluator = watch.Evaluator;
        long from = Math.Max(watch.From, evaluator.LastSample == long.MinValue ? long.MinValue : evaluator.LastSample + 1);
        if (condition is FlappingCondition)
        {
            await foreach (Observation step in StepsAsync(watch.Thing.Id, from, now, cancel).ConfigureAwait(false))
            {
                step.To(evaluator, into);
            }
        }

        bool isNewer = false;
        foreach (Series series in SeriesOf(condition, watch.Thing.Id))
        {
            if (series.Latest is { } latest && latest.Time < from && latest.Time > evaluator.LastSample)
            {
                evaluator.Sample(latest.Time, ValueOf(series, latest.Value), into); // nothing newer: the value holds since then
            }

            isNewer |= series.Latest?.Time >= from;
        }

        if (isNewer)
        {
            await foreach (Observation seen in ReadAsync(condition, watch.Thing.Id, from, long.MaxValue, cancel).ConfigureAwait(false))
            {
                seen.To(evaluator, into);
            }
        }

        if (sources.Liveness?.Find(watch.Thing.Id) is { } thing)
        {
            evaluator.Liveness(thing.Since.ToUnixTimeMilliseconds(), thing.State, thing.Reason, thing.Until?.ToUnixTimeMilliseconds(), into);
            evaluator.Status(now, thing.Status.Battery, thing.Status.Firmware, into);
        }
    }

    /// <summary>A value of a series.</summary>
    public static FieldValue ValueOf(Series series, double value) => new(series.Kind, value, series.Kind == SeriesKind.Enum ? series.Text(value) : null);

    private static DateTimeOffset Time(long milliseconds) => milliseconds == long.MaxValue ? DateTimeOffset.MaxValue : milliseconds <= 0 ? DateTimeOffset.UnixEpoch : DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    private async IAsyncEnumerable<Observation> SamplesAsync(Series series, long from, long to, [EnumeratorCancellation] CancellationToken cancel)
    {
        await foreach (Sample sample in sources.History!.AllAsync(series, Time(from), Time(to), cancel).ConfigureAwait(false))
        {
            yield return new Observation(sample.Time, ValueOf(series, sample.Value), null, null);
        }
    }

    private async IAsyncEnumerable<Observation> StepsAsync(string thing, long from, long to, [EnumeratorCancellation] CancellationToken cancel)
    {
        foreach (Transition step in sources.Liveness is { } liveness ? await liveness.StepsAsync(thing, Time(from), Time(to), cancel).ConfigureAwait(false) : [])
        {
            yield return new Observation(step.At.ToUnixTimeMilliseconds(), default, step, null);
        }
    }

    private async IAsyncEnumerable<Observation> ToldAsync(string thing, long from, long to, [EnumeratorCancellation] CancellationToken cancel)
    {
        foreach (ToldStatus told in await store.StatusAsync(thing, from, to, cancel).ConfigureAwait(false))
        {
            yield return new Observation(told.At, default, null, told);
        }
    }
}
