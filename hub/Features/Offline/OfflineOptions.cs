using System.ComponentModel.DataAnnotations;

namespace IotXmpp.Hub.Features.Offline;

/// <summary>Messages for accounts that are away (settings section <c>Offline</c>).</summary>
public sealed class OfflineOptions
{
    /// <summary>False: messages to who is away come back with <c>service-unavailable</c>.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Messages that wait for one account (1,000); one more is in the account's archive alone, or comes back with <c>service-unavailable</c> where that does not keep it (XEP-0160 §2).</summary>
    [Range(1, 1_000_000)]
    public int MaxMessages { get; set; } = 1_000;

    /// <summary>Bytes that wait for one account (4 MiB); one more likewise.</summary>
    [Range(1024, 1 << 30)]
    public int MaxBytes { get; set; } = 4 << 20;

    /// <summary>Bytes that are sent to a client before the hub waits for them to leave (256 KiB, a quarter of what may wait for a slow reader).</summary>
    [Range(1024, 16 << 20)]
    public int ChunkBytes { get; set; } = 256 * 1024;
}
