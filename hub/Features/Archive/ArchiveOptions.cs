using System.ComponentModel.DataAnnotations;

namespace IotXmpp.Hub.Features.Archive;

/// <summary>Archives of accounts (settings section <c>Archive</c>).</summary>
public sealed class ArchiveOptions
{
    /// <summary>False keeps no messages and offers no archive.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>What is kept for an account that has said nothing: <c>always</c>, <c>roster</c> (only with contacts) or <c>never</c> (XEP-0441 §2.1).</summary>
    [AllowedValues("always", "roster", "never")]
    public string Default { get; set; } = "always";

    /// <summary>Messages that one account's archive holds (10,000: a year of 27 a day, some 5 MB); then the oldest go.</summary>
    [Range(1, 10_000_000)]
    public int MaxMessages { get; set; } = 10_000;

    /// <summary>Days that a message is kept (365). 0: until <see cref="MaxMessages"/> takes it.</summary>
    [Range(0, 36_500)]
    public int MaxDays { get; set; } = 365;

    /// <summary>Messages of one page, whatever is asked for, and ids of one query (250): more would wait for a slow reader.</summary>
    [Range(1, 10_000)]
    public int MaxPage { get; set; } = 250;

    /// <summary>Messages of a page when no number is asked for (50).</summary>
    [Range(1, 10_000)]
    public int Page { get; set; } = 50;

    /// <summary>Bytes of one page (512 KiB, half of what may wait for a slow reader); it ends with the message that reaches them.</summary>
    [Range(1024, 16 << 20)]
    public int MaxPageBytes { get; set; } = 512 * 1024;

    /// <summary>Addresses in each list of an account's preferences (500).</summary>
    [Range(1, 100_000)]
    public int MaxPreferenceJids { get; set; } = 500;

    /// <summary>Messages that gather before they are sorted into the archives together (4,096: some 2 MB and 20 ms of the writer's time); a query for one of them, and every hour, does so before. 1: at once.</summary>
    [Range(1, 1_000_000)]
    public int MaxRecent { get; set; } = 4096;

    /// <summary>Accounts whose preferences and archive size are in memory (10,000, some 100 bytes each); when it is full it starts anew.</summary>
    [Range(1, 10_000_000)]
    public int CachedAccounts { get; set; } = 10_000;
}
