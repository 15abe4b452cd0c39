namespace IotXmpp.TestKit;

/// <summary>Waits for what another thread or process does and does not tell of.</summary>
public static class Wait
{
    /// <summary>How long at most; nothing is asserted about time, it is what a hang is told by.</summary>
    public static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    /// <summary>Looks every 10 ms until it is so.</summary>
    /// <exception cref="TimeoutException">It never was.</exception>
    public static async Task UntilAsync(Func<bool> isSo)
    {
        using var bound = new CancellationTokenSource(Bound);
        while (!isSo())
        {
            if (bound.IsCancellationRequested)
            {
                throw new TimeoutException($"not within {Bound.TotalSeconds} s");
            }

            await Task.Delay(10);
        }
    }

    /// <summary>The same for what is asked for asynchronously.</summary>
    public static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using var limit = new CancellationTokenSource(Bound);
        while (!await isSo())
        {
            await Task.Delay(10, limit.Token);
        }
    }
}
