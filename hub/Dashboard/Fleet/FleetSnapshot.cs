namespace IotXmpp.Hub.Dashboard.Fleet;

/// <summary>The rows of all things of the hub at one moment, in the order of their names; immutable and shared by all who look. A row's place is its rank among the names, so that nobody sorts texts to draw a page.</summary>
public sealed class FleetSnapshot
{
    private readonly FleetRow[] _rows;
    private readonly Dictionary<string, int> _places;

    private FleetSnapshot(FleetRow[] rows, Dictionary<string, int> places)
    {
        _rows = rows;
        _places = places;
    }

    /// <summary>Without things.</summary>
    public static FleetSnapshot Empty { get; } = new([], []);

    /// <summary>The rows: by name without regard to case, then by id.</summary>
    public IReadOnlyList<FleetRow> Rows => _rows;

    /// <summary>Puts rows in order.</summary>
    public static FleetSnapshot Of(IEnumerable<FleetRow> rows)
    {
        FleetRow[] sorted = [.. rows];
        Array.Sort(sorted, static (a, b) => string.Compare(a.Name, b.Name, StringComparison.OrdinalIgnoreCase) is not 0 and var order ? order : string.CompareOrdinal(a.Id, b.Id));
        var places = new Dictionary<string, int>(sorted.Length, StringComparer.Ordinal);
        for (int i = 0; i < sorted.Length; i++)
        {
            places.Add(sorted[i].Id, i);
        }

        return new FleetSnapshot(sorted, places);
    }

    /// <summary>The row of a thing, or null.</summary>
    public FleetRow? Find(string id) => _places.TryGetValue(id, out int place) ? _rows[place] : null;

    /// <summary>The same things, where some are otherwise than they were: their names must be the same.</summary>
    public FleetSnapshot With(IEnumerable<FleetRow> changed)
    {
        var rows = (FleetRow[])_rows.Clone();
        foreach (FleetRow row in changed)
        {
            rows[_places[row.Id]] = row;
        }

        return new FleetSnapshot(rows, _places);
    }
}
