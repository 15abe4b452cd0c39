namespace IotXmpp.Hub.Features.PubSub;

/// <summary>Settings of section <c>PubSub</c>.</summary>
public sealed class PubSubOptions
{
    /// <summary>Nodes that an ordinary account may create; default 1,000: a gateway's things and some feeds. Administrators are not bound.</summary>
    public int NodesPerAccount { get; set; } = 1_000;

    /// <summary>Items that a node may keep, and what <c>max</c> stands for; default 10,000 (a day of a sample every 9 s).</summary>
    public int ItemsPerNode { get; set; } = 10_000;

    /// <summary>Bytes of one payload; default 65,536: a thing's largest stanza.</summary>
    public int PayloadBytes { get; set; } = 65_536;

    /// <summary>Items in one publication or retraction; default 100.</summary>
    public int ItemsPerRequest { get; set; } = 100;

    /// <summary>Items in one answer when no page is asked for; default 100. What is left out is told by RSM.</summary>
    public int ItemsPerPage { get; set; } = 100;

    /// <summary>Subscriptions of one node; default 20,000: twice the sessions of a hub.</summary>
    public int SubscriptionsPerNode { get; set; } = 20_000;

    /// <summary>Subscriptions of one account; default 20,000: an operator may watch every thing of a fleet.</summary>
    public int SubscriptionsPerAccount { get; set; } = 20_000;

    /// <summary>Affiliations of one node; default 2,000.</summary>
    public int AffiliationsPerNode { get; set; } = 2_000;

    /// <summary>Octets of a node's name or an item's id in UTF-8; default 1,023, as for a part of an address.</summary>
    public int IdBytes { get; set; } = 1_023;

    /// <summary>Characters of a text in a node's configuration; default 1,000.</summary>
    public int TextLimit { get; set; } = 1_000;

    /// <summary>Nodes in memory with their configuration and subscribers; default 10,000 (1 KB and 100 bytes a subscriber). Beyond it those unused longest are dropped.</summary>
    public int CachedNodes { get; set; } = 10_000;

    /// <summary>Whether publishing to a node that is not there creates it (§7.1.4), for who may create it.</summary>
    public bool AutoCreate { get; set; } = true;

    /// <summary>How often expired items and subscriptions are removed; default 60 s. They are not shown from the moment they expire.</summary>
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Items that a new node keeps unless it is configured; default 100.</summary>
    public int DefaultMaxItems { get; set; } = 100;

    /// <summary>What is wrong with these settings, one line each.</summary>
    public IEnumerable<string> Validate()
    {
        foreach ((string name, int value, int most) in new (string, int, int)[]
        {
            (nameof(NodesPerAccount), NodesPerAccount, 10_000_000),
            (nameof(ItemsPerNode), ItemsPerNode, 100_000_000),
            (nameof(PayloadBytes), PayloadBytes, 16_777_216),
            (nameof(ItemsPerRequest), ItemsPerRequest, 10_000),
            (nameof(ItemsPerPage), ItemsPerPage, 10_000),
            (nameof(SubscriptionsPerNode), SubscriptionsPerNode, 10_000_000),
            (nameof(SubscriptionsPerAccount), SubscriptionsPerAccount, 10_000_000),
            (nameof(AffiliationsPerNode), AffiliationsPerNode, 1_000_000),
            (nameof(IdBytes), IdBytes, 65_536),
            (nameof(TextLimit), TextLimit, 65_536),
            (nameof(CachedNodes), CachedNodes, 10_000_000),
            (nameof(DefaultMaxItems), DefaultMaxItems, ItemsPerNode),
        })
        {
            if (value < 1 || value > most)
            {
                yield return $"PubSub:{name} must be 1 to {most}.";
            }
        }

        if (SweepInterval < TimeSpan.FromSeconds(1) || SweepInterval > TimeSpan.FromDays(1))
        {
            yield return "PubSub:SweepInterval must be 1 s to 1 day.";
        }
    }
}
