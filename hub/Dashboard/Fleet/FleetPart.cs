using System.Runtime.InteropServices;

namespace IotXmpp.Hub.Dashboard.Fleet;

/// <summary>The things that one person sees at one moment, in the order of their names, with why they call for somebody, counted; immutable. 10,000 take two or three milliseconds: simpler and surer than to keep counts up to date row by row.</summary>
internal sealed class FleetPart
{
    /// <summary>Orders that are kept (8): pages of one person mostly show the same.</summary>
    private const int MaxOrders = 8;

    private readonly FleetRow[] _rows;
    private readonly Attention[] _attention;
    private readonly Dictionary<FleetFilter, int[]> _orders = [];

    private FleetPart(FleetRow[] rows, Attention[] attention)
    {
        _rows = rows;
        _attention = attention;
    }

    /// <summary>Of somebody who sees nothing.</summary>
    public static FleetPart Empty { get; } = new([], []);

    /// <summary>How many things.</summary>
    public int Count => _rows.Length;

    /// <summary>How many are in each state, by <see cref="FleetState"/>.</summary>
    public int[] States { get; } = new int[Enum.GetValues<FleetState>().Length];

    /// <summary>How many call for somebody for each reason.</summary>
    public Dictionary<Attention, int> Reasons { get; } = [];

    /// <summary>How many call for somebody.</summary>
    public int Calling { get; private set; }

    /// <summary>What calls for somebody, the most urgent first, up to <see cref="FleetOptions.AttentionRows"/>.</summary>
    public IReadOnlyList<FleetRow> Urgent { get; private set; } = [];

    /// <summary>Makes the part of a person.</summary>
    /// <param name="all">All rows in the order of their names.</param>
    /// <param name="mine">What the person sees.</param>
    /// <param name="reasons">What other services know of it.</param>
    /// <param name="options">Bounds.</param>
    public static FleetPart Of(IReadOnlyList<FleetRow> all, HashSet<string> mine, FleetReasons reasons, FleetOptions options)
    {
        var rows = new FleetRow[Math.Min(mine.Count, all.Count)];
        int count = 0;
        foreach (FleetRow row in all)
        {
            if (mine.Contains(row.Id))
            {
                rows[count++] = row;
            }
        }

        Array.Resize(ref rows, count);
        Version?[] versions = Versions(rows);
        var part = new FleetPart(rows, new Attention[count]);
        for (int i = 0; i < count; i++)
        {
            FleetRow row = rows[i];
            Attention attention = row.Attention | reasons.Of(row.Id) | (versions[i]?.IsOld == true ? Attention.OldFirmware : Attention.None);
            part._attention[i] = attention;
            part.States[(int)row.State]++;
            part.Calling += attention != Attention.None ? 1 : 0;
            for (uint left = (uint)attention; left != 0; left &= left - 1)
            {
                CollectionsMarshal.GetValueRefOrAddDefault(part.Reasons, (Attention)(left & (~left + 1)), out _)++;
            }
        }

        int[] urgent = part.Places(new FleetFilter { NeedsAttention = true });
        part.Urgent = part.Rows(urgent.AsSpan(0, Math.Min(urgent.Length, options.AttentionRows)));
        return part;
    }

    /// <summary>The places of the rows that a filter shows, in its order.</summary>
    public int[] Places(FleetFilter filter)
    {
        lock (_orders)
        {
            if (!_orders.TryGetValue(filter, out int[]? order))
            {
                if (_orders.Count == MaxOrders)
                {
                    _orders.Clear();
                }

                _orders.Add(filter, order = filter.Places(_rows, _attention));
            }

            return order;
        }
    }

    /// <summary>The rows at some places, with all reasons.</summary>
    public IReadOnlyList<FleetRow> Rows(ReadOnlySpan<int> places)
    {
        var rows = new FleetRow[places.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            FleetRow row = _rows[places[i]];
            rows[i] = row.Attention == _attention[places[i]] ? row : row with { Attention = _attention[places[i]] };
        }

        return rows;
    }

    // A new version that a few things try does not make all others old: only what more than half of a model's things run, or something newer, counts.
    private static Version?[] Versions(FleetRow[] rows)
    {
        var found = new Version?[rows.Length];
        var models = new Dictionary<string, Dictionary<string, Version>>(StringComparer.Ordinal);
        for (int i = 0; i < rows.Length; i++)
        {
            if (rows[i].Firmware is { Length: > 0 } text)
            {
                ref Dictionary<string, Version>? versions = ref CollectionsMarshal.GetValueRefOrAddDefault(models, rows[i].Model, out _);
                versions ??= new Dictionary<string, Version>(StringComparer.Ordinal);
                ref Version? version = ref CollectionsMarshal.GetValueRefOrAddDefault(versions, text, out _);
                version ??= new Version(text);
                version.Count++;
                found[i] = version;
            }
        }

        foreach (Dictionary<string, Version> ofModel in models.Values)
        {
            List<Version> versions = [.. ofModel.Values];
            versions.Sort(static (a, b) => AttentionRules.Compare(b.Text, a.Text));
            int counted = 0;
            int all = versions.Sum(v => v.Count);
            string? usual = null;
            foreach (Version version in versions)
            {
                version.IsOld = usual is not null && AttentionRules.Compare(version.Text, usual) < 0;
                counted += version.Count;
                usual ??= counted * 2 > all ? version.Text : null;
            }
        }

        return found;
    }

    private sealed class Version(string text)
    {
        public string Text { get; } = text;

        public int Count { get; set; }

        public bool IsOld { get; set; }
    }
}
