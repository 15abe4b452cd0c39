using IotXmpp.Hub.Features.Access;

namespace IotXmpp.Hub.Dashboard.Fleet;

/// <summary>The fleet as one person sees it at one moment; immutable.</summary>
/// <param name="Total">Things that they may see.</param>
/// <param name="States">How many are in each state, by <see cref="FleetState"/>.</param>
/// <param name="Reasons">How many call for somebody for each reason.</param>
/// <param name="Attention">What calls for somebody, the most urgent first, up to <see cref="FleetOptions.AttentionRows"/>.</param>
/// <param name="AttentionTotal">How many do.</param>
/// <param name="Matching">How many the filter shows.</param>
/// <param name="Page">The page of them, from 0.</param>
/// <param name="Pages">How many pages there are; at least 1.</param>
/// <param name="Rows">The rows of the page.</param>
public sealed record FleetPicture(
    int Total, IReadOnlyList<int> States, IReadOnlyDictionary<Attention, int> Reasons, IReadOnlyList<FleetRow> Attention, int AttentionTotal, int Matching, int Page, int Pages, IReadOnlyList<FleetRow> Rows)
{
    /// <summary>How many are in a state.</summary>
    public int Count(FleetState state) => States[(int)state];
}

/// <summary>One person's look at the fleet: the things that they may see, filtered, ordered and counted, made anew when something of it has changed.</summary>
public sealed class FleetView : IDisposable
{
    private readonly FleetBoard _board;
    private readonly ThingAccess _access;
    private readonly Jid _who;
    private readonly FleetReasons _reasons;
    private readonly Lock _gate = new();
    private IReadOnlySet<string> _mine = new HashSet<string>();
    private IDisposable? _watch;
    private FleetFilter _filter = new();
    private int _page;
    private FleetPicture _picture;

    private FleetView(FleetServices fleet, Jid who)
    {
        _board = fleet.Board;
        _access = fleet.Access;
        _who = who;
        _picture = new FleetPicture(0, new int[Enum.GetValues<FleetState>().Length], new Dictionary<Attention, int>(), [], 0, 0, 0, 1, []);
        _access.Changed += Allowed;
        _reasons = new FleetReasons(fleet, who, _board.Again);
    }

    /// <summary>The picture is another one. Called by any thread, one call at a time.</summary>
    public event Action? Changed;

    /// <summary>The picture now.</summary>
    public FleetPicture Picture => Volatile.Read(ref _picture);

    /// <summary>What is shown.</summary>
    public FleetFilter Filter => _filter;

    /// <summary>Rows of a page, at most.</summary>
    public int RowsPerPage => _board.Options.RowsPerPage;

    /// <summary>Opens the view of a person.</summary>
    /// <param name="fleet">The services.</param>
    /// <param name="who">The person.</param>
    /// <param name="filter">What to show first.</param>
    /// <param name="cancel">Gives up.</param>
    public static async Task<FleetView> OpenAsync(FleetServices fleet, Jid who, FleetFilter filter, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(fleet);
        var view = new FleetView(fleet, who) { _filter = filter };
        try
        {
            view._watch = await fleet.Board.WatchAsync(view.Heard, cancel).ConfigureAwait(false);
            view._mine = new HashSet<string>(await fleet.Access.ThingsAsync(who, ThingRight.See, cancel).ConfigureAwait(false), StringComparer.Ordinal);
            view.Make();
            _ = view._reasons.ReadAsync(); // the page is there; what others know comes as it is read
            return view;
        }
        catch
        {
            view.Dispose();
            throw;
        }
    }

    /// <summary>Shows other things, or in another order; from the first page.</summary>
    public void Show(FleetFilter filter, int page = 0)
    {
        lock (_gate)
        {
            _filter = filter;
            _page = page;
            Make();
        }
    }

    /// <summary>Shows another page.</summary>
    public void Turn(int page)
    {
        lock (_gate)
        {
            _page = page;
            Make();
        }
    }

    /// <summary>Asks anew what the person may see.</summary>
    public async Task RightsChangedAsync()
    {
        try
        {
            var mine = new HashSet<string>(await _access.ThingsAsync(_who, ThingRight.See).ConfigureAwait(false), StringComparer.Ordinal);
            if (!mine.SetEquals(_mine))
            {
                lock (_gate)
                {
                    _mine = mine;
                    Make();
                }

                Changed?.Invoke();
            }
        }
        catch (Exception e) when (e is ObjectDisposedException or OperationCanceledException or Storage.StorageException)
        {
            // The hub stops, or its database does: the next time.
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _access.Changed -= Allowed;
        _reasons.Dispose();
        _watch?.Dispose();
        Changed = null;
    }

    private void Allowed(AccessChange change)
    {
        if (change.Who is null || change.Who.Equals(_who.Bare))
        {
            _ = RightsChangedAsync();
        }
    }

    private void Heard(FleetChange change)
    {
        if (change.IsRegistry)
        {
            _ = RightsChangedAsync();
        }

        bool isRow = change.Rows.Any(_mine.Contains);
        if (!isRow && !(change.Values.Count > 0 && Picture.Rows.Any(r => change.Values.Contains(r.Id))))
        {
            return;
        }

        if (isRow)
        {
            lock (_gate)
            {
                Make();
            }
        }

        Changed?.Invoke();
    }

    // 10,000 rows take some milliseconds: simpler and surer than to keep counts and order up to date row by row.
    private void Make()
    {
        IReadOnlyDictionary<string, FleetRow> all = _board.Rows;
        var mine = new List<FleetRow>(Math.Min(_mine.Count, all.Count));
        foreach (string id in _mine)
        {
            if (all.TryGetValue(id, out FleetRow? row))
            {
                mine.Add(row);
            }
        }

        Dictionary<string, string> usual = UsualFirmware(mine);
        int[] states = new int[Enum.GetValues<FleetState>().Length];
        var reasons = new Dictionary<Attention, int>();
        var calling = new List<FleetRow>();
        var shown = new List<FleetRow>();
        string[] words = _filter.Words();
        foreach (FleetRow plain in mine)
        {
            Attention more = _reasons.Of(plain.Id)
                | (plain.Firmware.Length > 0 && usual.TryGetValue(plain.Model, out string? newer) && AttentionRules.Compare(plain.Firmware, newer) < 0 ? Attention.OldFirmware : Attention.None);
            FleetRow row = more == Attention.None ? plain : plain with { Attention = plain.Attention | more };
            states[(int)row.State]++;
            if (row.Attention != Attention.None)
            {
                calling.Add(row);
                foreach (Attention reason in AttentionRules.All)
                {
                    if (row.Attention.HasFlag(reason))
                    {
                        reasons[reason] = reasons.GetValueOrDefault(reason) + 1;
                    }
                }
            }

            if (_filter.Shows(row, words))
            {
                shown.Add(row);
            }
        }

        shown.Sort(_filter.Compare);
        var byUrgency = new FleetFilter();
        List<FleetRow> first = Least(calling, _board.Options.AttentionRows, byUrgency.Compare);
        int perPage = _board.Options.RowsPerPage;
        int pages = Math.Max(1, (shown.Count + perPage - 1) / perPage);
        _page = Math.Clamp(_page, 0, pages - 1);
        Volatile.Write(ref _picture, new FleetPicture(mine.Count, states, reasons, first, calling.Count, shown.Count, _page, pages, shown.GetRange(_page * perPage, Math.Min(perPage, shown.Count - (_page * perPage)))));
    }

    // A new version that a few things try does not make all others old: only what more than half of a model's things run, or something newer, counts.
    private static Dictionary<string, string> UsualFirmware(List<FleetRow> rows)
    {
        var versions = new Dictionary<(string Model, string Version), int>();
        var models = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (FleetRow row in rows)
        {
            if (row.Firmware.Length > 0)
            {
                versions[(row.Model, row.Firmware)] = versions.GetValueOrDefault((row.Model, row.Firmware)) + 1;
                models[row.Model] = models.GetValueOrDefault(row.Model) + 1;
            }
        }

        var usual = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (IGrouping<string, KeyValuePair<(string Model, string Version), int>> model in versions.GroupBy(v => v.Key.Model))
        {
            int counted = 0;
            foreach (KeyValuePair<(string Model, string Version), int> version in model.OrderByDescending(v => v.Key.Version, Comparer<string>.Create(AttentionRules.Compare)))
            {
                counted += version.Value;
                if (counted * 2 > models[model.Key])
                {
                    usual[model.Key] = version.Key.Version;
                    break;
                }
            }
        }

        return usual;
    }

    private static List<FleetRow> Least(List<FleetRow> rows, int most, Comparison<FleetRow> compare)
    {
        var first = new List<FleetRow>(most + 1);
        foreach (FleetRow row in rows)
        {
            if (first.Count == most && compare(row, first[^1]) >= 0)
            {
                continue;
            }

            int at = first.FindIndex(f => compare(row, f) < 0);
            first.Insert(at < 0 ? first.Count : at, row);
            if (first.Count > most)
            {
                first.RemoveAt(most);
            }
        }

        return first;
    }
}
