using IotXmpp.Things;

namespace IotXmpp.Gateway;

/// <summary>The time of day of a machine that keeps it: always known.</summary>
/// <param name="time">The clock.</param>
public sealed class SystemClock(TimeProvider time) : IThingClock
{
    /// <inheritdoc/>
    public bool IsSet => true;

    /// <inheritdoc/>
    public long UtcNowMs => time.GetUtcNow().ToUnixTimeMilliseconds();
}

/// <summary>What a .NET process says about itself in presence.</summary>
public sealed class ProcessStatus : IBoardStatus
{
    /// <summary>Heap that a process may use when nothing limits it; told as free memory.</summary>
    private readonly long _available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <inheritdoc/>
    public string BootReason { get; init; } = "software";

    /// <inheritdoc/>
    public int SignalDbm => 0;

    /// <inheritdoc/>
    public long FreeHeapBytes => Math.Max(0, _available - GC.GetTotalMemory(false));
}
