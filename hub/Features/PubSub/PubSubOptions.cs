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

    /// <summary>
    /// Bytes of the items in one answer, or in one digest; default 196,608: with what stands around them below the 262,144 of a person's stanza, which is what clients of things' owners take. One item comes
    /// always; what is left out is told by RSM.
    /// </summary>
    public int PageBytes { get; set; } = 196_608;

    /// <summary>Subscriptions of one node; default 20,000: twice the sessions of a hub.</summary>
    public int SubscriptionsPerNode { get; set; } = 20_000;

    /// <summary>Subscriptions of one account; default 20,000: an operator may watch every thing of a fleet.</summary>
    public int SubscriptionsPerAccount { get; set; } = 20_000;

    /// <summary>Subscriptions of one JID to one node (§6.1.6); default 10: each is for other options, of which there are not more.</summary>
    public int SubscriptionsPerJid { get; set; } = 10;

    /// <summary>Subscriptions of one node that wait for an owner; default 1,000: more than anybody answers.</summary>
    public int PendingPerNode { get; set; } = 1_000;

    /// <summary>The longest time that a subscription may be leased for (§12.18); default 366 days. A longer wish is cut to it.</summary>
    public TimeSpan MaxLease { get; set; } = TimeSpan.FromDays(366);

    /// <summary>How long before its end the subscriber of a lease is told (§12.18); default 24 h. Shorter leases end without a word before.</summary>
    public TimeSpan LeaseNotice { get; set; } = TimeSpan.FromHours(24);

    /// <summary>Subscriptions for which notifications are gathered at a time; default 10,000 (200 bytes each; items of nodes that keep none besides). Beyond it notifications go out at once.</summary>
    public int Digests { get; set; } = 10_000;

    /// <summary>Items of one digest; default 100. What a node that keeps items has more is told by RSM; where it keeps none, a full digest goes out before its time.</summary>
    public int ItemsPerDigest { get; set; } = 100;

    /// <summary>Items that one session gets after it was away (XEP-0312); default 500.</summary>
    public int SinceItems { get; set; } = 500;

    /// <summary>Nodes of a collection, and what <c>max</c> stands for there; default 1,000.</summary>
    public int ChildrenPerCollection { get; set; } = 1_000;

    /// <summary>Collections that one node may be in; default 10.</summary>
    public int CollectionsPerNode { get; set; } = 10;

    /// <summary>Levels of collections above a leaf; default 10.</summary>
    public int CollectionDepth { get; set; } = 10;

    /// <summary>Nodes that are looked at for one change of the graph; default 10,000. A graph that is larger takes no more edges.</summary>
    public int GraphNodes { get; set; } = 10_000;

    /// <summary>Addresses of nodes that have moved (§8.4); default 10,000. The oldest give way.</summary>
    public int Redirects { get; set; } = 10_000;

    /// <summary>Whether open nodes are served as Atom feeds over HTTP; default true: what is open is open to everybody.</summary>
    public bool Feeds { get; set; } = true;

    /// <summary>Entries of one page of a feed; default 50.</summary>
    public int FeedEntries { get; set; } = 50;

    /// <summary>Bytes of one page of a feed; default 1 MiB. Entries beyond it are on the next page.</summary>
    public int FeedBytes { get; set; } = 1 << 20;

    /// <summary>Feeds that are made at a time; default 4: they read the database. Further requests are told to come again.</summary>
    public int FeedRequests { get; set; } = 4;

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
            (nameof(PageBytes), PageBytes, 16_777_216),
            (nameof(SubscriptionsPerNode), SubscriptionsPerNode, 10_000_000),
            (nameof(SubscriptionsPerAccount), SubscriptionsPerAccount, 10_000_000),
            (nameof(SubscriptionsPerJid), SubscriptionsPerJid, 1_000),
            (nameof(PendingPerNode), PendingPerNode, 1_000_000),
            (nameof(Digests), Digests, 1_000_000),
            (nameof(ItemsPerDigest), ItemsPerDigest, 10_000),
            (nameof(SinceItems), SinceItems, 100_000),
            (nameof(ChildrenPerCollection), ChildrenPerCollection, 100_000),
            (nameof(CollectionsPerNode), CollectionsPerNode, 1_000),
            (nameof(CollectionDepth), CollectionDepth, 100),
            (nameof(GraphNodes), GraphNodes, 1_000_000),
            (nameof(Redirects), Redirects, 10_000_000),
            (nameof(FeedEntries), FeedEntries, 1_000),
            (nameof(FeedBytes), FeedBytes, 64 << 20),
            (nameof(FeedRequests), FeedRequests, 1_000),
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

        if (MaxLease < TimeSpan.FromMinutes(1) || MaxLease > TimeSpan.FromDays(36_600))
        {
            yield return "PubSub:MaxLease must be 1 min to 36,600 days.";
        }

        if (LeaseNotice < TimeSpan.Zero || LeaseNotice > TimeSpan.FromDays(366))
        {
            yield return "PubSub:LeaseNotice must be 0 to 366 days.";
        }

        if (SweepInterval < TimeSpan.FromSeconds(1) || SweepInterval > TimeSpan.FromDays(1))
        {
            yield return "PubSub:SweepInterval must be 1 s to 1 day.";
        }
    }
}
