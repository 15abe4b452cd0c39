using IotXmpp.Hub.Dashboard.Charts;
using IotXmpp.Hub.Dashboard.Fleet;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.History;
using IotXmpp.Hub.Features.Liveness;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Dashboard.Things;

/// <summary>What has changed on a thing's page.</summary>
[Flags]
public enum ThingChanges
{
    /// <summary>How it is, or a step of it.</summary>
    Liveness = 1,

    /// <summary>Samples have come.</summary>
    Samples = 2,

    /// <summary>Whose it is, what is told of it, or what the person may do with it; <see cref="ThingView.IsGone"/> where they may not see it any more.</summary>
    Rights = 4,
}

/// <summary>One thing as one person sees it, kept up to date: state, steps, values, and what the person may do. It hears of this thing alone.</summary>
public sealed class ThingView : IAsyncDisposable
{
    /// <summary>Samples that wait for the page (5,000); with more it reads its chart anew instead.</summary>
    public const int MaxWaiting = 5_000;

    private readonly FleetServices _fleet;
    private readonly FleetOptions _options;
    private readonly Jid _who;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly ITimer _gather;
    private List<(Series Series, Sample Sample)> _waiting = [];
    private ThingChanges _changes;
    private bool _isOver;

    private ThingView(FleetServices fleet, FleetOptions options, Jid who, Thing thing)
    {
        _fleet = fleet;
        _options = options;
        _who = who;
        _time = fleet.Hub.Time;
        Thing = thing;
        _gather = _time.CreateTimer(_ => Tell(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Something is new, gathered for a moment. Called by any thread, one call at a time.</summary>
    public event Action<ThingChanges>? Changed;

    /// <summary>What the registry knows of it.</summary>
    public Thing Thing { get; private set; }

    /// <summary>All that the person may do with it.</summary>
    public ThingGrant Grant { get; private set; } = ThingGrant.Nothing;

    /// <summary>Whether the person may set anything of it; what, <see cref="Grant"/> says.</summary>
    public bool MayControl => Grant.ControlsAnything;

    /// <summary>Whether the person may maintain it.</summary>
    public bool MayMaintain => Grant.Allows(ThingRight.Maintain);

    /// <summary>Whether the person owns it, or may act as its owner.</summary>
    public bool MayOwn => Grant.Allows(ThingRight.Own);

    /// <summary>Whether the person may not see it any more, or it is gone.</summary>
    public bool IsGone { get; private set; }

    /// <summary>How it is; null for one that was never heard of.</summary>
    public ThingLiveness? Live => _fleet.Liveness?.Find(Thing.Id);

    /// <summary>Why it calls for somebody, as far as it is known of this thing alone.</summary>
    public Attention Attention => AttentionRules.Of(Live, IsFlapping, _options);

    /// <summary>Whether it comes and goes; as of the last <see cref="ReadPresenceAsync"/>.</summary>
    public bool IsFlapping { get; private set; }

    /// <summary>The chart of its fields; null where the hub keeps no history.</summary>
    public ChartView? Chart { get; private init; }

    /// <summary>Opens the view of a person.</summary>
    /// <returns>Null where there is no such thing, or not for this person: the two look the same.</returns>
    public static async Task<ThingView?> OpenAsync(FleetServices fleet, FleetOptions options, Jid who, string id, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(fleet);
        if (!ThingProvisioning.IsThingId(id) || !await fleet.Access.MayAsync(who, id, ThingRight.See, null, cancel).ConfigureAwait(false)
            || await fleet.Registry.FindAsync(id, cancel).ConfigureAwait(false) is not { } thing)
        {
            return null;
        }

        var view = new ThingView(fleet, options, who, thing) { Chart = fleet.History is { } history ? new ChartView(history, id, fleet.Hub.Time) : null };
        fleet.Access.Changed += view.Allowed;
        await view.RightsAsync(cancel).ConfigureAwait(false);
        if (fleet.Liveness is { } liveness)
        {
            liveness.Changed += view.Lives;
        }

        if (fleet.History is { } kept)
        {
            kept.Added += view.Measured;
        }

        return view;
    }

    /// <summary>How it was: the timeline of a span that ends now, how reliable it was, and its steps, the newest first.</summary>
    public async Task<(IReadOnlyList<PresencePiece> Pieces, Uptime? Uptime, IReadOnlyList<Transition> Steps)> ReadPresenceAsync(TimeSpan span, CancellationToken cancel = default)
    {
        if (_fleet.Liveness is not { } liveness || IsGone)
        {
            return ([], null, []);
        }

        DateTimeOffset now = _time.GetUtcNow();
        DateTimeOffset from = now - span;
        IReadOnlyList<Transition> steps = await liveness.StepsAsync(Thing.Id, from, now, cancel).ConfigureAwait(false);
        IReadOnlyList<HubRun> runs = await liveness.RunsAsync(from, cancel).ConfigureAwait(false);
        Uptime uptime = await liveness.UptimeAsync(Thing.Id, from, now, cancel).ConfigureAwait(false);
        IsFlapping = await liveness.IsFlappingAsync(Thing.Id, cancel).ConfigureAwait(false);
        return (PresenceTimeline.Of(steps, runs, from, now), uptime, [.. steps.Reverse()]);
    }

    /// <summary>The samples that have come since the last call; null where there were more than <see cref="MaxWaiting"/>: the chart is read anew then.</summary>
    public IReadOnlyList<(Series Series, Sample Sample)>? TakeSamples()
    {
        lock (_gate)
        {
            List<(Series Series, Sample Sample)> taken = _waiting;
            _waiting = [];
            return taken.Count <= MaxWaiting && !IsGone ? taken : null;
        }
    }

    /// <summary>Asks anew what the person may do; told when it is something else.</summary>
    public async Task RightsAsync(CancellationToken cancel = default)
    {
        try
        {
            ThingGrant grant = await _fleet.Access.GrantAsync(_who, Thing.Id, cancel).ConfigureAwait(false);
            Thing? thing = grant.Allows(ThingRight.See) ? await _fleet.Registry.FindAsync(Thing.Id, cancel).ConfigureAwait(false) : null;
            bool isOther = (thing is null) != IsGone || grant != Grant || (thing is not null && thing.Version != Thing.Version);
            (IsGone, Grant, Thing) = (thing is null, thing is null ? ThingGrant.Nothing : grant, thing ?? Thing);
            if (isOther)
            {
                Note(ThingChanges.Rights);
            }
        }
        catch (Exception e) when (e is StorageException or ObjectDisposedException)
        {
            // The hub stops, or its database does.
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _isOver = true;
        }

        _fleet.Access.Changed -= Allowed;
        if (_fleet.Liveness is { } liveness)
        {
            liveness.Changed -= Lives;
        }

        if (_fleet.History is { } history)
        {
            history.Added -= Measured;
        }

        Changed = null;
        await _gather.DisposeAsync().ConfigureAwait(false);
    }

    private void Allowed(AccessChange change)
    {
        if ((change.Thing is null || change.Thing == Thing.Id) && (change.Who is null || change.Who.Equals(_who.Bare)))
        {
            _ = RightsAsync();
        }
    }

    private void Lives(ThingLiveness? before, ThingLiveness after)
    {
        if (after.Id == Thing.Id)
        {
            Note(ThingChanges.Liveness);
        }
    }

    private void Measured(string thing, IReadOnlyList<(Series Series, Sample Sample)> samples)
    {
        if (thing != Thing.Id)
        {
            return;
        }

        lock (_gate)
        {
            if (_waiting.Count <= MaxWaiting)
            {
                _waiting.AddRange(samples);
            }
        }

        Note(ThingChanges.Samples);
    }

    private void Note(ThingChanges change)
    {
        lock (_gate)
        {
            if (_isOver)
            {
                return;
            }

            bool isFirst = _changes == 0;
            _changes |= change;
            if (isFirst)
            {
                _gather.Change(TimeSpan.FromMilliseconds(_options.GatherMilliseconds), Timeout.InfiniteTimeSpan);
            }
        }
    }

    private void Tell()
    {
        ThingChanges changes;
        lock (_gate)
        {
            (changes, _changes) = (_changes, 0);
        }

        Changed?.Invoke(changes);
    }
}
