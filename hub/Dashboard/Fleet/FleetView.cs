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

/// <summary>One page's look at the fleet: what its person may see (<see cref="FleetSight"/>), filtered and ordered. Holds a page of rows; the rest is shared.</summary>
public sealed class FleetView : IDisposable
{
    private readonly FleetBoard _board;
    private readonly FleetSight _sight;
    private readonly Lock _gate = new();
    private FleetFilter _filter;
    private int _page;
    private FleetPart _part = FleetPart.Empty;
    private FleetPicture _picture;
    private bool _isClosed;

    private FleetView(FleetServices fleet, Jid who, FleetFilter filter)
    {
        _board = fleet.Board;
        _filter = filter;
        _sight = FleetSight.Of(fleet, who);
        _sight.Changed += Heard;
        _picture = Picked();
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
        ArgumentNullException.ThrowIfNull(who);
        var view = new FleetView(fleet, who, filter);
        try
        {
            await view._sight.StartAsync(cancel).ConfigureAwait(false);
            view.Pick(view._filter, 0);
            return view;
        }
        catch
        {
            view.Dispose();
            throw;
        }
    }

    /// <summary>Shows other things, or in another order; from the first page.</summary>
    public void Show(FleetFilter filter, int page = 0) => Pick(filter, page);

    /// <summary>Shows another page.</summary>
    public void Turn(int page) => Pick(_filter, page);

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_isClosed)
            {
                return;
            }

            _isClosed = true;
        }

        _sight.Changed -= Heard;
        _sight.Dispose();
        Changed = null;
    }

    private void Heard(IReadOnlySet<string>? values)
    {
        if (values is null)
        {
            Pick(_filter, _page);
        }
        else if (!Picture.Rows.Any(r => values.Contains(r.Id)))
        {
            return;
        }

        Changed?.Invoke();
    }

    private void Pick(FleetFilter filter, int page)
    {
        lock (_gate)
        {
            FleetPart part = _sight.Part;
            if (ReferenceEquals(part, _part) && filter == _filter && page == _page)
            {
                return;
            }

            (_part, _filter, _page) = (part, filter, page);
            Volatile.Write(ref _picture, Picked());
        }
    }

    private FleetPicture Picked()
    {
        int[] places = _part.Places(_filter);
        int perPage = _board.Options.RowsPerPage;
        int pages = Math.Max(1, (places.Length + perPage - 1) / perPage);
        _page = Math.Clamp(_page, 0, pages - 1);
        int first = _page * perPage;
        return new FleetPicture(_part.Count, _part.States, _part.Reasons, _part.Urgent, _part.Calling, places.Length, _page, pages, _part.Rows(places.AsSpan(first, Math.Min(perPage, places.Length - first))));
    }
}
