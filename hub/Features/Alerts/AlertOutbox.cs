using IotXmpp.Hub.Storage;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Alerts;

/// <summary>What came of sending a notice.</summary>
/// <param name="IsSent">It was taken.</param>
/// <param name="IsFinal">It never will be.</param>
/// <param name="Text">What was said, for people.</param>
/// <param name="After">When the recipient wants to be asked again, from now; null: he did not say.</param>
public sealed record DeliveryAnswer(bool IsSent, bool IsFinal, string Text, TimeSpan? After = null)
{
    /// <summary>It was taken.</summary>
    public static DeliveryAnswer Sent { get; } = new(true, true, "sent");

    /// <summary>It will never be taken.</summary>
    public static DeliveryAnswer Never(string text) => new(false, true, text);

    /// <summary>Not now.</summary>
    public static DeliveryAnswer NotNow(string text, TimeSpan? after = null) => new(false, false, text, after);
}

/// <summary>Port: a way on which notices go.</summary>
public interface IAlertSender
{
    /// <summary>Sends one notice; never throws for what the recipient or the line does.</summary>
    Task<DeliveryAnswer> SendAsync(AlertNotice notice, CancellationToken cancel);
}

/// <summary>Port: the rules that are asked before anything is sent.</summary>
internal interface IDeliveryRules
{
    /// <summary>Until when an alert is not told, milliseconds since 1970; null: it may be told now.</summary>
    long? HeldUntil(Alert alert, DateTimeOffset now);

    /// <summary>Whether a recipient may be told of an alert's thing now.</summary>
    ValueTask<bool> MayGetAsync(DeliveryTarget target, Alert alert, CancellationToken cancel);
}

/// <summary>
/// Sends what waits in the outbox: at least once, each recipient in the order of the events, several recipients at a time, so that one that hangs holds up nobody. Who gets more than he can read gets a digest.
/// </summary>
internal sealed class AlertOutbox(DeliveryStore store, IReadOnlyDictionary<DeliveryChannel, IAlertSender> senders, IDeliveryRules rules, AlertsOptions options, TimeProvider time, ILogger log) : IAsyncDisposable
{
    /// <summary>Events that go in one digest: 1,000.</summary>
    private const int MaxDigest = 1_000;

    private static readonly TimeSpan s_longest = TimeSpan.FromHours(1);
    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly CancellationTokenSource _end = new();
    private readonly Dictionary<(DeliveryChannel, string), Task> _busy = [];
    private readonly RecipientBudgets _budgets = new(options.Burst, TimeSpan.FromSeconds(options.IntervalSeconds));
    private Task _worker = Task.CompletedTask;

    public void Start() => _worker = Task.Run(() => RunAsync(_end.Token));

    /// <summary>Something is due.</summary>
    public void Wake()
    {
        try
        {
            _wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is awake.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync().ConfigureAwait(false);
        await _worker.ConfigureAwait(false);
        await Task.WhenAll(_busy.Values).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _end.Dispose();
    }

    private async Task RunAsync(CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            DateTimeOffset? next;
            try
            {
                next = await GoOnAsync(cancel).ConfigureAwait(false);
            }
            catch (StorageException e) when (e.Failure != StorageFailure.Closed)
            {
                AlertsLog.Outbox(log, e);
                next = time.GetUtcNow() + s_retry;
            }
            catch (Exception e) when (e is StorageException or OperationCanceledException)
            {
                return;
            }

            using var waited = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            TimeSpan wait = next is { } at ? at - time.GetUtcNow() : Timeout.InfiniteTimeSpan;
            Task due = next is null ? Task.Delay(Timeout.InfiniteTimeSpan, waited.Token) : Task.Delay(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, time, waited.Token);
            await Task.WhenAny(due, _wake.WaitAsync(waited.Token)).ConfigureAwait(false);
            await waited.CancelAsync().ConfigureAwait(false);
        }
    }

    // Starts what can be started; tells when to look again.
    private async Task<DateTimeOffset?> GoOnAsync(CancellationToken cancel)
    {
        foreach ((DeliveryChannel, string) done in _busy.Where(b => b.Value.IsCompleted).Select(b => b.Key).ToList())
        {
            _busy.Remove(done);
        }

        DateTimeOffset now = time.GetUtcNow();
        int room = options.Webhooks.AtATime - _busy.Count;
        foreach ((DeliveryChannel Channel, string Address) recipient in room <= 0 ? [] : await store.DueAsync(now.ToUnixTimeMilliseconds(), options.Webhooks.AtATime + _busy.Count, cancel).ConfigureAwait(false))
        {
            if (room > 0 && !_busy.ContainsKey(recipient))
            {
                room--;
                _busy.Add(recipient, Task.Run(() => ServeAsync(recipient.Channel, recipient.Address, cancel), CancellationToken.None));
            }
        }

        return await store.NextAsync(now.ToUnixTimeMilliseconds(), cancel).ConfigureAwait(false) is { } next ? DateTimeOffset.FromUnixTimeMilliseconds(next) : null;
    }

    private async Task ServeAsync(DeliveryChannel channel, string address, CancellationToken cancel)
    {
        try
        {
            await ServeDueAsync(channel, address, cancel).ConfigureAwait(false);
        }
        catch (StorageException e)
        {
            AlertsLog.Outbox(log, e);
            await Task.Delay(s_retry, time, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        catch (OperationCanceledException)
        {
            // The hub stops; what was on its way is tried again.
        }
        finally
        {
            // Behind the end of this task, so that it counts as ended.
            _ = Task.Run(Wake, CancellationToken.None);
        }
    }

    private async Task ServeDueAsync(DeliveryChannel channel, string address, CancellationToken cancel)
    {
        DateTimeOffset now = time.GetUtcNow();
        long nowMs = now.ToUnixTimeMilliseconds();
        var ready = new List<(AlertDelivery Delivery, Alert Alert)>();
        foreach ((AlertDelivery delivery, Alert alert) in await store.OfAsync(channel, address, nowMs, MaxDigest, cancel).ConfigureAwait(false))
        {
            if (rules.HeldUntil(alert, now) is { } until && until > nowMs)
            {
                await store.LaterAsync([delivery.Id], until, attempted: false, held: true, string.Empty).ConfigureAwait(false);
            }
            else if (!await rules.MayGetAsync(delivery.Target, alert, cancel).ConfigureAwait(false))
            {
                await store.EndAsync([(delivery.Id, DeliveryState.Refused)], string.Empty, "may not see the thing", nowMs).ConfigureAwait(false);
            }
            else
            {
                ready.Add((delivery, alert));
            }
        }

        if (ready.Count == 0)
        {
            return;
        }

        int tokens = _budgets.Of(channel, address, now);
        if (tokens == 0)
        {
            await store.LaterAsync([.. ready.Select(r => r.Delivery.Id)], _budgets.Next(channel, address, now).ToUnixTimeMilliseconds(), attempted: false, held: null, string.Empty).ConfigureAwait(false);
            return;
        }

        if (ready.Count > tokens)
        {
            // Signed with what the newest rule says.
            string key = $"digest-{ready[0].Delivery.Id}-{ready[^1].Delivery.Id}-{ready.Count}";
            await SendAsync(new AlertNotice(key, ready[^1].Delivery.Target, [.. ready.Select(r => (r.Alert, r.Delivery.Event))], true), ready, cancel).ConfigureAwait(false);
            return;
        }

        for (int i = 0; i < ready.Count; i++)
        {
            (AlertDelivery delivery, Alert alert) = ready[i];
            if (!await SendAsync(new AlertNotice(delivery.Key, delivery.Target, [(alert, delivery.Event)], false), [ready[i]], cancel).ConfigureAwait(false))
            {
                // He does not take it now: what comes behind waits as long.
                long until = time.GetUtcNow().ToUnixTimeMilliseconds() + (long)WaitOf(delivery.Attempts, null).TotalMilliseconds;
                await store.LaterAsync([.. ready.Skip(i + 1).Select(r => r.Delivery.Id)], until, attempted: false, held: null, string.Empty).ConfigureAwait(false);
                return;
            }
        }
    }

    // False where it shall be tried again.
    private async Task<bool> SendAsync(AlertNotice notice, List<(AlertDelivery Delivery, Alert Alert)> what, CancellationToken cancel)
    {
        DeliveryTarget target = notice.Target;
        _budgets.Take(target.Channel, target.Address, time.GetUtcNow());
        DeliveryAnswer result = senders.TryGetValue(target.Channel, out IAlertSender? sender)
            ? await sender.SendAsync(notice, cancel).ConfigureAwait(false)
            : DeliveryAnswer.Never("the hub has no such way: see the settings Alerts");
        cancel.ThrowIfCancellationRequested();
        DateTimeOffset now = time.GetUtcNow();
        string digest = notice.IsDigest ? notice.Key : string.Empty;
        if (result.IsSent)
        {
            await store.EndAsync([.. what.Select(w => (w.Delivery.Id, DeliveryState.Sent))], digest, result.Text, now.ToUnixTimeMilliseconds()).ConfigureAwait(false);
            return true;
        }

        int attempts = what.Max(w => w.Delivery.Attempts) + 1;
        bool isOld = what.TrueForAll(w => !w.Delivery.IsHeld && now - w.Delivery.Created > TimeSpan.FromHours(options.DeliveryHours));
        if (result.IsFinal || isOld || attempts >= options.Attempts)
        {
            AlertsLog.GivenUp(log, target.Channel, target.Address, attempts, result.Text);
            await store.EndAsync([.. what.Select(w => (w.Delivery.Id, DeliveryState.Failed))], digest, result.Text, now.ToUnixTimeMilliseconds()).ConfigureAwait(false);
            return true;
        }

        AlertsLog.Later(log, target.Channel, target.Address, result.Text);
        long due = (now + WaitOf(attempts - 1, result.After)).ToUnixTimeMilliseconds();
        await store.LaterAsync([.. what.Select(w => w.Delivery.Id)], due, attempted: true, held: null, result.Text).ConfigureAwait(false);
        return false;
    }

    private TimeSpan WaitOf(int attempts, TimeSpan? asked)
    {
        TimeSpan wait = TimeSpan.FromSeconds(options.RetrySeconds) * Math.Pow(2, Math.Min(attempts, 12));
        wait = asked > wait ? asked.Value : wait;
        return wait < s_longest ? wait : s_longest;
    }
}

/// <summary>How many notices each recipient may get now: some at once, then one in a while.</summary>
internal sealed class RecipientBudgets(int burst, TimeSpan interval)
{
    /// <summary>Recipients that are remembered (10,000): those whose budget is full need not be.</summary>
    private const int MaxKnown = 10_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<(DeliveryChannel, string), (double Tokens, DateTimeOffset At)> _known = [];

    /// <summary>How many he may get now.</summary>
    public int Of(DeliveryChannel channel, string address, DateTimeOffset now)
    {
        lock (_gate)
        {
            return (int)TokensOf((channel, address), now);
        }
    }

    /// <summary>When he may get one again.</summary>
    public DateTimeOffset Next(DeliveryChannel channel, string address, DateTimeOffset now)
    {
        lock (_gate)
        {
            return now + ((1 - Math.Min(1, TokensOf((channel, address), now))) * interval) + TimeSpan.FromMilliseconds(1);
        }
    }

    /// <summary>He gets one.</summary>
    public void Take(DeliveryChannel channel, string address, DateTimeOffset now)
    {
        lock (_gate)
        {
            if (_known.Count >= MaxKnown)
            {
                foreach ((DeliveryChannel, string) full in _known.Keys.Where(k => TokensOf(k, now) >= burst).ToList())
                {
                    _known.Remove(full);
                }
            }

            _known[(channel, address)] = (Math.Max(0, TokensOf((channel, address), now) - 1), now);
        }
    }

    private double TokensOf((DeliveryChannel, string) recipient, DateTimeOffset now) =>
        _known.TryGetValue(recipient, out (double Tokens, DateTimeOffset At) known) ? Math.Min(burst, known.Tokens + ((now - known.At) / interval)) : burst;
}
