namespace IotXmpp.Hub.Dashboard.Fleet;

/// <summary>By what the table is ordered.</summary>
public enum FleetOrder
{
    /// <summary>What calls for somebody first, then by name.</summary>
    Attention,

    /// <summary>By name.</summary>
    Name,

    /// <summary>By state, those that are not there first.</summary>
    State,

    /// <summary>What changed last first.</summary>
    Since,

    /// <summary>The emptiest battery first; without one at the end.</summary>
    Battery,

    /// <summary>The weakest signal first; without one at the end.</summary>
    Signal,

    /// <summary>The oldest firmware first; without one at the end.</summary>
    Firmware,
}

/// <summary>Which things the table shows, and in which order.</summary>
public sealed record FleetFilter
{
    /// <summary>A text of a search (<see cref="FleetRow.Has"/>) has at most so many characters (128); the rest is not looked at.</summary>
    public const int TextLimit = 128;

    /// <summary>Words that must all stand somewhere in what is known of a thing; empty for all things.</summary>
    public string Text { get; init; } = "";

    /// <summary>One state, or null for all.</summary>
    public FleetState? State { get; init; }

    /// <summary>One reason, or null.</summary>
    public Attention? Reason { get; init; }

    /// <summary>Only what calls for somebody.</summary>
    public bool NeedsAttention { get; init; }

    /// <summary>Only things of this set, such as those of a group; null for all.</summary>
    public IReadOnlySet<string>? Among { get; init; }

    /// <summary>The order.</summary>
    public FleetOrder Order { get; init; }

    /// <summary>The order the other way round.</summary>
    public bool IsReversed { get; init; }

    /// <summary>Which rows are shown, in the order.</summary>
    /// <param name="rows">Rows in the order of their names.</param>
    /// <param name="attention">Why each calls for somebody, with what its row does not know.</param>
    /// <returns>The places of the rows.</returns>
    public int[] Places(ReadOnlySpan<FleetRow> rows, ReadOnlySpan<Attention> attention)
    {
        string[] words = Words();
        Func<string, int>? ages = Order == FleetOrder.Firmware ? Ages(rows) : null;
        // Numbers are sorted, not texts; where they are the same the place is the name's.
        var shown = new (long Key, int Place)[rows.Length];
        int count = 0;
        for (int i = 0; i < rows.Length; i++)
        {
            if (Shows(rows[i], attention[i], words))
            {
                long key = Key(rows[i], attention[i], ages);
                shown[count++] = (IsReversed ? -key : key, Order == FleetOrder.Name && IsReversed ? rows.Length - i : i);
            }
        }

        shown.AsSpan(0, count).Sort(static (a, b) => a.Key != b.Key ? a.Key.CompareTo(b.Key) : a.Place.CompareTo(b.Place));
        int[] places = new int[count];
        for (int i = 0; i < count; i++)
        {
            places[i] = Order == FleetOrder.Name && IsReversed ? rows.Length - shown[i].Place : shown[i].Place;
        }

        return places;
    }

    /// <summary>The words of <see cref="Text"/>.</summary>
    public string[] Words() => Text.Length == 0 ? [] : (Text.Length > TextLimit ? Text[..TextLimit] : Text).Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>How much a thing calls for somebody: the lowest flag, then how many; what does not comes last.</summary>
    public static int Rank(Attention attention)
    {
        uint flags = (uint)attention;
        return flags == 0 ? int.MaxValue : (System.Numerics.BitOperations.TrailingZeroCount(flags) * 64) - System.Numerics.BitOperations.PopCount(flags);
    }

    private bool Shows(FleetRow row, Attention attention, string[] words)
    {
        if ((State is { } state && row.State != state) || (NeedsAttention && attention == Attention.None) || (Reason is { } reason && !attention.HasFlag(reason)) || Among?.Contains(row.Id) == false)
        {
            return false;
        }

        foreach (string word in words)
        {
            if (!row.Has(word))
            {
                return false;
            }
        }

        return true;
    }

    private long Key(FleetRow row, Attention attention, Func<string, int>? ages) => Order switch
    {
        FleetOrder.Attention => Rank(attention),
        FleetOrder.State => -Urgency(row.State),
        FleetOrder.Since => row.Since is { } since ? -since.UtcTicks : 1, // before what was never heard of
        FleetOrder.Battery => row.Live?.Status.Battery ?? int.MaxValue,
        FleetOrder.Signal => row.Live?.Status.Signal ?? int.MaxValue,
        FleetOrder.Firmware => row.Firmware.Length == 0 ? int.MaxValue : ages!(row.Firmware),
        _ => 0,
    };

    // The rank of each version among those that there are: few, where things are many.
    private static Func<string, int> Ages(ReadOnlySpan<FleetRow> rows)
    {
        var ages = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (FleetRow row in rows)
        {
            ages.TryAdd(row.Firmware, 0);
        }

        string[] versions = [.. ages.Keys.Order(Comparer<string>.Create(AttentionRules.Compare))];
        for (int i = 0, age = 0; i < versions.Length; i++)
        {
            // What is written otherwise may be the same version.
            ages[versions[i]] = i > 0 && AttentionRules.Compare(versions[i - 1], versions[i]) != 0 ? ++age : age;
        }

        return version => ages[version];
    }

    private static int Urgency(FleetState state) => state switch
    {
        FleetState.Lost => 6,
        FleetState.Overdue => 5,
        FleetState.Resuming => 4,
        FleetState.Offline => 3,
        FleetState.Never => 2,
        FleetState.Sleeping => 1,
        _ => 0,
    };
}
