namespace IotXmpp.Things;

/// <summary>What a gateway's operating system tells about itself. A value that it does not tell is negative.</summary>
public interface IHostHealth
{
    /// <summary>Temperature of the processor in thousandths of a degree Celsius; int.MinValue when there is none.</summary>
    int CpuMilliCelsius { get; }

    /// <summary>Seconds since the machine started, or -1.</summary>
    long UptimeSeconds { get; }

    /// <summary>Free bytes of the disk with the gateway's data, or -1.</summary>
    long DiskFreeBytes { get; }

    /// <summary>All bytes of that disk, or -1.</summary>
    long DiskTotalBytes { get; }

    /// <summary>Reads the values anew.</summary>
    /// <returns>False when not one of them could be read.</returns>
    bool TryRead();
}
