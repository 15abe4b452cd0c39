namespace IotXmpp.Hub.Server;

/// <summary>
/// Gives memory back after a rush: when much was allocated (thousands of log-ins, say) and then nearly nothing for a while, one full collection returns what
/// the runtime keeps for the next rush. A busy hub is never stopped for it.
/// </summary>
internal sealed class IdleTrim : IDisposable
{
    /// <summary>How often it looks (1 s): soon enough for who looks at the memory of a hub that has gone quiet.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Bytes allocated within one <see cref="Interval"/> that still count as quiet (128 KiB: keep-alives of a fleet).</summary>
    public const long QuietBytes = 128 * 1024;

    /// <summary>Bytes allocated since the last time that make it worth while (8 MiB).</summary>
    public const long WorthBytes = 8 << 20;

    private readonly ITimer _timer;
    private long _before = GC.GetTotalAllocatedBytes();
    private long _trimmed;

    public IdleTrim(TimeProvider time) => _timer = time.CreateTimer(_ => Look(), null, Interval, Interval);

    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        long now = GC.GetTotalAllocatedBytes();
        bool isQuiet = now - _before < QuietBytes;
        _before = now;
        if (isQuiet && now - _trimmed > WorthBytes)
        {
            _trimmed = now;
            GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        }
    }
}
