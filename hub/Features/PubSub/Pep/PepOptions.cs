using System.ComponentModel.DataAnnotations;

namespace IotXmpp.Hub.Features.PubSub.Pep;

/// <summary>Personal eventing (settings section <c>Pep</c>).</summary>
public sealed class PepOptions
{
    /// <summary>Nodes of one account (100: one a protocol that uses them).</summary>
    [Range(1, 10_000)]
    public int MaxNodes { get; set; } = 100;

    /// <summary>Items of one node, and what <c>max</c> stands for (1,000: a person's bookmarks, many times).</summary>
    [Range(1, 100_000)]
    public int MaxItems { get; set; } = 1_000;

    /// <summary>Bytes of one payload (128 KiB: an avatar of 96 KB in base64).</summary>
    [Range(1024, 16 << 20)]
    public int MaxPayloadBytes { get; set; } = 128 * 1024;

    /// <summary>Accounts whose services are kept in memory though nobody uses them (1,000, some 2 KB each).</summary>
    [Range(1, 1_000_000)]
    public int CachedAccounts { get; set; } = 1_000;

    /// <summary>Kinds of clients whose features are kept in memory (2,000, some 200 bytes each; XEP-0115).</summary>
    [Range(1, 1_000_000)]
    public int CachedClients { get; set; } = 2_000;

    /// <summary>Resources of contacts on other servers that one account remembers (1,000); with one more it starts anew.</summary>
    [Range(1, 1_000_000)]
    public int RemoteResources { get; set; } = 1_000;

    /// <summary>The same for all accounts (100,000, some 150 bytes each).</summary>
    [Range(1, 10_000_000)]
    public int CachedRemoteResources { get; set; } = 100_000;

    /// <summary>Resources on other servers that are asked for their features at a time (100): more of them are not asked before they send presence again.</summary>
    [Range(1, 10_000)]
    public int RemoteAsks { get; set; } = 100;

    /// <summary>Seconds that a client has to tell its features (30).</summary>
    [Range(1, 600)]
    public int AskSeconds { get; set; } = 30;
}
