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

    /// <summary>Whether a thing is shown.</summary>
    public bool Shows(FleetRow row, string[] words)
    {
        if ((State is { } state && row.State != state) || (NeedsAttention && row.Attention == Attention.None) || (Reason is { } reason && !row.Attention.HasFlag(reason)) || Among?.Contains(row.Id) == false)
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

    /// <summary>The words of <see cref="Text"/>.</summary>
    public string[] Words() => Text.Length == 0 ? [] : (Text.Length > TextLimit ? Text[..TextLimit] : Text).Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>Compares rows.</summary>
    public int Compare(FleetRow a, FleetRow b)
    {
        int order = Order switch
        {
            FleetOrder.Attention => Rank(a.Attention).CompareTo(Rank(b.Attention)),
            FleetOrder.State => Urgency(b.State).CompareTo(Urgency(a.State)),
            FleetOrder.Since => Nullable.Compare(b.Since, a.Since),
            FleetOrder.Battery => (a.Live?.Status.Battery ?? int.MaxValue).CompareTo(b.Live?.Status.Battery ?? int.MaxValue),
            FleetOrder.Signal => (a.Live?.Status.Signal ?? int.MaxValue).CompareTo(b.Live?.Status.Signal ?? int.MaxValue),
            FleetOrder.Firmware => a.Firmware.Length == 0 || b.Firmware.Length == 0 ? b.Firmware.Length.CompareTo(a.Firmware.Length) : AttentionRules.Compare(a.Firmware, b.Firmware),
            _ => 0,
        };
        order = IsReversed ? -order : order;
        if (order == 0)
        {
            order = string.Compare(a.Name, b.Name, StringComparison.OrdinalIgnoreCase);
            order = IsReversed && Order == FleetOrder.Name ? -order : order;
        }

        return order != 0 ? order : string.CompareOrdinal(a.Id, b.Id);
    }

    /// <summary>How much a thing calls for somebody: the lowest flag, then how many; what does not comes last.</summary>
    public static int Rank(Attention attention)
    {
        uint flags = (uint)attention;
        return flags == 0 ? int.MaxValue : (System.Numerics.BitOperations.TrailingZeroCount(flags) * 64) - System.Numerics.BitOperations.PopCount(flags);
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
