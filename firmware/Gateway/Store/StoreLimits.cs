namespace IotXmpp.Gateway;

/// <summary>The bounds of a <see cref="SampleStore"/>.</summary>
public sealed record StoreLimits
{
    /// <summary>Samples at most. Default 12,500,000: seven days at one in a second of twenty things are 12,096,000, and the gateway's own come beside them.</summary>
    public long MaxSamples { get; init; } = 12_500_000;

    /// <summary>Bytes of the file at most. Default 1 GiB: at the 23 bytes that a sample of three fields takes, four times what is needed.</summary>
    public long MaxBytes { get; init; } = 1L << 30;

    /// <summary>Samples that wait for a commit at most. Default 10,000: what a slow disk may delay; over it the oldest of them are dropped and counted.</summary>
    public int MaxPending { get; init; } = 10_000;

    /// <summary>Samples that are dropped at once when the store is full. Default 512: some pages, so that not each sample costs a search.</summary>
    public int DropAtOnce { get; init; } = 512;
}
