namespace IotXmpp.TestKit;

/// <summary>The real clock with a lead that a test makes larger: for what has real sockets and long waits. Timers fire when the led clock says so.</summary>
public sealed class SkipTime : TimeProvider
{
    private readonly Lock gate = new();
    private readonly List<SkipTimer> timers = [];
    private TimeSpan lead;

    /// <summary>How far it is ahead.</summary>
    public TimeSpan Lead
    {
        get
        {
            lock (gate)
            {
                return lead;
            }
        }
    }

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Lead;

    /// <inheritdoc/>
    public override long TimestampFrequency => System.TimestampFrequency;

    /// <inheritdoc/>
    public override long GetTimestamp() => System.GetTimestamp() + (long)(Lead.TotalSeconds * System.TimestampFrequency);

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new SkipTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Lets a time pass at once: timers that became due on the way fire, each once.</summary>
    public void Skip(TimeSpan by)
    {
        List<SkipTimer> all;
        lock (gate)
        {
            lead += by;
            all = [.. timers];
        }

        foreach (var timer in all)
        {
            timer.Arm();
        }
    }

    private sealed class SkipTimer : ITimer
    {
        private readonly SkipTime owner;
        private readonly TimerCallback callback;
        private readonly object? state;
        private readonly ITimer real;
        private TimeSpan period = Timeout.InfiniteTimeSpan;
        private DateTimeOffset? due;

        public SkipTimer(SkipTime owner, TimerCallback callback, object? state)
        {
            this.owner = owner;
            this.callback = callback;
            this.state = state;
            real = System.CreateTimer(_ => Fire(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        public bool Change(TimeSpan dueTime, TimeSpan newPeriod)
        {
            lock (owner.gate)
            {
                owner.timers.Remove(this);
                period = newPeriod;
                due = dueTime == Timeout.InfiniteTimeSpan ? null : System.GetUtcNow() + owner.lead + dueTime;
                if (due is not null)
                {
                    owner.timers.Add(this);
                }
            }

            return Arm();
        }

        public bool Arm()
        {
            TimeSpan wait;
            lock (owner.gate)
            {
                wait = due is { } at ? at - System.GetUtcNow() - owner.lead : Timeout.InfiniteTimeSpan;
            }

            return real.Change(wait < TimeSpan.Zero && wait != Timeout.InfiniteTimeSpan ? TimeSpan.Zero : wait, Timeout.InfiniteTimeSpan);
        }

        public void Dispose()
        {
            lock (owner.gate)
            {
                owner.timers.Remove(this);
                due = null;
            }

            real.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Fire()
        {
            lock (owner.gate)
            {
                if (due is not { } at)
                {
                    return;
                }

                if (at > System.GetUtcNow() + owner.lead + TimeSpan.FromMilliseconds(1))
                {
                    // The real timer of before a change.
                }
                else
                {
                    due = period > TimeSpan.Zero ? System.GetUtcNow() + owner.lead + period : null;
                    if (due is null)
                    {
                        owner.timers.Remove(this);
                    }

                    at = DateTimeOffset.MinValue;
                }

                if (at != DateTimeOffset.MinValue)
                {
                    real.Change(at - System.GetUtcNow() - owner.lead is var wait && wait > TimeSpan.Zero ? wait : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
                    return;
                }
            }

            Arm();
            callback(state);
        }
    }
}
