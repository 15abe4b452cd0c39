namespace IotXmpp.Hub.Features.Roster;

/// <summary>Settings of section <c>Roster</c>.</summary>
public sealed class RosterOptions
{
    /// <summary>Items of one roster, requests that wait included; default 2,000: a fleet's operator sees some thousand things by groups, and a roster stays under 1 MB.</summary>
    public int ItemLimit { get; set; } = 2_000;

    /// <summary>Removed items that a roster remembers so that a client gets changes only (RFC 6121 §2.6); default 200. An older version gets the whole roster.</summary>
    public int RemovedLimit { get; set; } = 200;

    /// <summary>Groups of one item; default 32.</summary>
    public int GroupLimit { get; set; } = 32;

    /// <summary>Characters of a name or a group; default 1,023, as a resourcepart may have octets.</summary>
    public int NameLimit { get; set; } = 1_023;

    /// <summary>Rosters in memory; default 4,096 (2 KB for ten contacts). When it is full it starts anew.</summary>
    public int CacheLimit { get; set; } = 4_096;

    /// <summary>What is wrong with these settings, one line each.</summary>
    public IEnumerable<string> Validate()
    {
        if (ItemLimit is < 1 or > 100_000)
        {
            yield return "Roster:ItemLimit must be 1 to 100000.";
        }

        if (RemovedLimit is < 0 or > 100_000)
        {
            yield return "Roster:RemovedLimit must be 0 to 100000.";
        }

        if (GroupLimit is < 1 or > 1_000)
        {
            yield return "Roster:GroupLimit must be 1 to 1000.";
        }

        if (NameLimit is < 1 or > 65_536)
        {
            yield return "Roster:NameLimit must be 1 to 65536.";
        }

        if (CacheLimit is < 1 or > 1_000_000)
        {
            yield return "Roster:CacheLimit must be 1 to 1000000.";
        }
    }
}
