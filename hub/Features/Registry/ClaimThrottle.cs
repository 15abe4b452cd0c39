using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Registry;

/// <summary>Counts the failed claims of each account: who guesses is soon let wait. Not durable: a restart forgives.</summary>
internal sealed class ClaimThrottle(RegistryOptions options, TimeProvider time)
{
    /// <summary>Accounts that are remembered, at most; default 10,000. When there are more all are forgotten that have served their time, then all.</summary>
    public const int Limit = 10_000;

    private readonly Dictionary<Jid, Queue<DateTimeOffset>> _failures = [];
    private readonly Lock _gate = new();

    /// <summary>Whether the account may claim now.</summary>
    public bool MayTry(Jid account)
    {
        lock (_gate)
        {
            return !_failures.TryGetValue(account.Bare, out Queue<DateTimeOffset>? failures) || Recent(failures) < options.ClaimFailures;
        }
    }

    /// <summary>Notes a claim that found nothing.</summary>
    public void Failed(Jid account)
    {
        lock (_gate)
        {
            if (!_failures.TryGetValue(account.Bare, out Queue<DateTimeOffset>? failures))
            {
                if (_failures.Count >= Limit)
                {
                    foreach (Jid served in _failures.Where(f => Recent(f.Value) == 0).Select(f => f.Key).ToList())
                    {
                        _failures.Remove(served);
                    }

                    if (_failures.Count >= Limit)
                    {
                        _failures.Clear();
                    }
                }

                _failures.Add(account.Bare, failures = new Queue<DateTimeOffset>());
            }

            failures.Enqueue(time.GetUtcNow());
        }
    }

    private int Recent(Queue<DateTimeOffset> failures)
    {
        DateTimeOffset oldest = time.GetUtcNow() - options.ClaimWindow;
        while (failures.TryPeek(out DateTimeOffset at) && at <= oldest)
        {
            failures.Dequeue();
        }

        return failures.Count;
    }
}
