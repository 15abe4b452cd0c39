using IotXmpp.Sasl;
using IotXmpp.Things;
using IotXmpp.Xmpp;

namespace IotXmpp.Virtual;

/// <summary>
/// Runs a virtual device in simulated time, single-threaded: a day takes seconds and every run is the same. Sleep is slept, and a power cut in the middle of a write ends the firmware's life until
/// <see cref="PowerOn"/>. What a life is, the thing loop alone or the whole application of a board, the class that inherits says.
/// </summary>
/// <param name="clock">The true time.</param>
public abstract class SimulatedRun(VirtualClock clock)
{
    // While the device is off, its surroundings are looked at so often.
    private const int OffStepMs = 1000;

    private long _nextLifeMs = -1;
    private string _nextReason = "";

    /// <summary>The true time.</summary>
    public VirtualClock Clock { get; } = clock;

    /// <summary>Whether the device sleeps.</summary>
    public bool IsAsleep => _nextLifeMs >= 0 && _nextReason == "deep-sleep";

    /// <summary>Times that the power failed in the middle of a write.</summary>
    public int PowerCuts { get; private set; }

    /// <summary>Is told what the thing does, over all its lives.</summary>
    public IThingObserver? Observer { get; set; }

    /// <summary>Whether the firmware lives: the device is on, and neither asleep nor between two starts.</summary>
    protected abstract bool IsAlive { get; }

    /// <summary>Switches the device on.</summary>
    /// <param name="reason">Why it starts, in the words of the wire profile.</param>
    public void PowerOn(string reason = "power-on")
    {
        PowerOff();
        Guard(() => Begin(reason));
    }

    /// <summary>Pulls the plug: no good-bye, nothing is saved.</summary>
    public void PowerOff()
    {
        End();
        _nextLifeMs = -1;
    }

    /// <summary>Lets time pass.</summary>
    /// <param name="time">How much.</param>
    public void RunFor(TimeSpan time) => RunUntil(() => false, time);

    /// <summary>Lets time pass until something is so.</summary>
    /// <param name="condition">What is waited for.</param>
    /// <param name="limit">How long at most.</param>
    /// <returns>Whether it came to be.</returns>
    public bool RunUntil(Func<bool> condition, TimeSpan limit)
    {
        ArgumentNullException.ThrowIfNull(condition);
        long end = Clock.NowMs + (long)limit.TotalMilliseconds;
        while (true)
        {
            long next = Math.Min(Step(), end);
            if (condition())
            {
                return true;
            }

            if (Clock.NowMs >= end)
            {
                return false;
            }

            Clock.Advance(Math.Max(1, next - Clock.NowMs));
        }
    }

    /// <summary>A life begins: the device has power again.</summary>
    /// <param name="reason">Why.</param>
    protected abstract void Begin(string reason);

    /// <summary>The life is over, without a word.</summary>
    protected abstract void End();

    /// <summary>What is around the device goes on, and what resets it from outside.</summary>
    /// <param name="nowMs">Monotonic time in milliseconds.</param>
    protected abstract void StepOutside(long nowMs);

    /// <summary>The life goes on.</summary>
    /// <param name="nowMs">Monotonic time in milliseconds.</param>
    /// <returns>When to go on, in monotonic milliseconds.</returns>
    protected abstract long StepLife(long nowMs);

    /// <summary>Ends the life; the next begins by itself.</summary>
    /// <param name="reason">Why it begins.</param>
    /// <param name="atMs">When, in monotonic milliseconds.</param>
    protected void BeginAgain(string reason, long atMs)
    {
        PowerOff();
        _nextReason = reason;
        _nextLifeMs = atMs;
    }

    /// <summary>Does something in the middle of which the power may fail.</summary>
    /// <param name="act">What.</param>
    protected virtual void Guard(Action act)
    {
        ArgumentNullException.ThrowIfNull(act);
        try
        {
            act();
        }
        catch (PowerCutException)
        {
            PowerCuts++;
            PowerOff();
        }
    }

    // Does what is due now; returns when to go on.
    private long Step()
    {
        long now = Clock.NowMs;
        StepOutside(now);
        if (_nextLifeMs >= 0 && now >= _nextLifeMs)
        {
            PowerOn(_nextReason);
        }

        long next = now + OffStepMs;
        if (IsAlive)
        {
            Guard(() => next = StepLife(now));
        }

        return next;
    }

    /// <summary>Dice that fall the same way in each run.</summary>
    /// <param name="seed">Where they begin.</param>
    protected sealed class SeededRandom(int seed) : IRandom
    {
        private readonly Random _random = new(seed);

#pragma warning disable CA5394 // simulated dice, to be repeatable
        /// <inheritdoc/>
        public void Fill(byte[] buffer) => _random.NextBytes(buffer);
#pragma warning restore CA5394
    }
}
