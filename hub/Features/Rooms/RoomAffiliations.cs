using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Rooms;

/// <summary>A row of a room's lists.</summary>
/// <param name="Jid">A bare JID, or a domain where all of it are banned (XEP-0045 §9.2).</param>
/// <param name="Affiliation">What it is.</param>
/// <param name="Nick">The nickname that is reserved for it (§7.10), or null.</param>
/// <param name="Reason">Why, or null.</param>
internal sealed record Affiliate(Jid Jid, Affiliation Affiliation, string? Nick = null, string? Reason = null)
{
    /// <summary>Whether there is anything to keep.</summary>
    public bool IsNothing => Affiliation == Affiliation.None && Nick is null;
}

/// <summary>Who is what to a room, and whose nicknames are reserved. Touched within the room's turns only.</summary>
internal sealed class RoomAffiliations
{
    private readonly Dictionary<Jid, Affiliate> _rows = [];
    private readonly Dictionary<string, Jid> _nicks = new(StringComparer.Ordinal);

    /// <param name="rows">What is known.</param>
    public RoomAffiliations(IEnumerable<Affiliate> rows)
    {
        foreach (Affiliate row in rows)
        {
            Set(row);
        }
    }

    /// <summary>How many rows there are.</summary>
    public int Count => _rows.Count;

    /// <summary>All rows.</summary>
    public IEnumerable<Affiliate> All => _rows.Values;

    /// <summary>What a user is: by its own row, else banned with its whole domain (§9.2: in this order).</summary>
    public Affiliation Of(Jid user)
    {
        if (_rows.TryGetValue(user.Bare, out Affiliate? row) && row.Affiliation != Affiliation.None)
        {
            return row.Affiliation;
        }

        return user.Local.Length > 0 && _rows.TryGetValue(new Jid(string.Empty, user.Domain, string.Empty), out Affiliate? domain) && domain.Affiliation == Affiliation.Outcast
            ? Affiliation.Outcast
            : Affiliation.None;
    }

    /// <summary>The row of a JID, or null.</summary>
    public Affiliate? Find(Jid jid) => _rows.GetValueOrDefault(jid);

    /// <summary>All of one affiliation, in an order that stays.</summary>
    public IEnumerable<Affiliate> With(Affiliation affiliation) => _rows.Values.Where(row => row.Affiliation == affiliation).OrderBy(row => row.Jid.ToString(), StringComparer.Ordinal);

    /// <summary>How many owners there are.</summary>
    public int Owners => _rows.Values.Count(row => row.Affiliation == Affiliation.Owner);

    /// <summary>Whose nickname it is, or null.</summary>
    public Jid? OwnerOf(string nick) => _nicks.GetValueOrDefault(Nickname.Key(nick));

    /// <summary>Sets a row; one that says nothing is taken out.</summary>
    public void Set(Affiliate row)
    {
        if (_rows.TryGetValue(row.Jid, out Affiliate? before) && before.Nick is { } old)
        {
            _nicks.Remove(Nickname.Key(old));
        }

        if (row.IsNothing)
        {
            _rows.Remove(row.Jid);
            return;
        }

        _rows[row.Jid] = row;
        if (row.Nick is { } nick)
        {
            _nicks[Nickname.Key(nick)] = row.Jid;
        }
    }
}
