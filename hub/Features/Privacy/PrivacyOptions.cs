using System.ComponentModel.DataAnnotations;

namespace IotXmpp.Hub.Features.Privacy;

/// <summary>Blocked addresses and privacy lists (settings section <c>Privacy</c>).</summary>
public sealed class PrivacyOptions
{
    /// <summary>Lists that an account may have (20).</summary>
    [Range(1, 1_000)]
    public int MaxLists { get; set; } = 20;

    /// <summary>Rules of one list, and so addresses that an account may block (1,000): all of them are held against every stanza.</summary>
    [Range(1, 100_000)]
    public int MaxItems { get; set; } = 1_000;

    /// <summary>Characters of a list's name (100).</summary>
    [Range(1, 1_000)]
    public int MaxName { get; set; } = 100;

    /// <summary>Accounts whose lists are in memory (10,000, some 100 bytes a rule); when it is full it starts anew.</summary>
    [Range(1, 10_000_000)]
    public int CachedAccounts { get; set; } = 10_000;
}
