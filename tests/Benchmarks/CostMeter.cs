using System.Diagnostics;
using System.Globalization;

namespace IotXmpp.Benchmarks;

/// <summary>What something took, and cost this process.</summary>
/// <param name="Elapsed">By the clock: says little where the machine has other things to do.</param>
/// <param name="Cpu">User and system time of all threads.</param>
/// <param name="Allocated">Bytes.</param>
internal sealed record Cost(TimeSpan Elapsed, TimeSpan Cpu, long Allocated)
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Elapsed.TotalMilliseconds:F1} ms, {Cpu.TotalMilliseconds:F1} ms of CPU, {Allocated / 1024.0:N0} KB allocated");
}

/// <summary>Measures what this process does in the meantime.</summary>
internal static class CostMeter
{
    /// <summary>Measures an act.</summary>
    public static async Task<Cost> OfAsync(Func<Task> act)
    {
        using Process process = Process.GetCurrentProcess();
        GC.Collect();
        process.Refresh();
        TimeSpan cpu = process.TotalProcessorTime;
        long allocated = GC.GetTotalAllocatedBytes(precise: true);
        long start = Stopwatch.GetTimestamp();
        await act().ConfigureAwait(false);
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        process.Refresh();
        return new Cost(elapsed, process.TotalProcessorTime - cpu, allocated);
    }

    /// <summary>Measures an act, and what it leaves in memory, and prints it.</summary>
    public static async Task TellAsync(string what, Func<Task> act)
    {
        long held = GC.GetTotalMemory(forceFullCollection: true);
        Cost cost = await OfAsync(act).ConfigureAwait(false);
        held = GC.GetTotalMemory(forceFullCollection: true) - held;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {cost}, {held / 1024.0:N0} KB held"));
    }
}
