using System.Collections.Concurrent;
using IotXmpp.Hub.Features.Alerts;
using IotXmpp.Hub.Features.Configuration;
using IotXmpp.Hub.Storage;

namespace IotXmpp.Hub.Dashboard.Fleet;

/// <summary>What other services know of one person's things that calls for somebody: read once by that person's rights, and kept up to date by what they tell.</summary>
internal sealed class FleetReasons : IDisposable
{
    /// <summary>Things that are asked of a service at a time (200).</summary>
    private const int PerPage = 200;

    private readonly FleetServices _fleet;
    private readonly Jid _who;
    private readonly Action<string> _changed;
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentDictionary<string, Attention> _reasons = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Attention> _asked = new(StringComparer.Ordinal);
    private HashSet<(string Thing, Attention What)>? _toldMeanwhile = [];
    private bool _isAsking;

    /// <param name="fleet">The services.</param>
    /// <param name="who">The person.</param>
    /// <param name="changed">Is told of a thing of which something else is known; from any thread.</param>
    public FleetReasons(FleetServices fleet, Jid who, Action<string> changed)
    {
        _fleet = fleet;
        _who = who;
        _changed = changed;
        if (fleet.Configuration is { } configuration)
        {
            configuration.Changed += Configured;
        }

        if (fleet.Alerts is { } alerts)
        {
            alerts.Changed += Alerted;
        }
    }

    /// <summary>What is known of a thing.</summary>
    public Attention Of(string thing) => _reasons.GetValueOrDefault(thing);

    /// <summary>Reads what there is, page by page; tells of each thing.</summary>
    public async Task ReadAsync()
    {
        try
        {
            long? before = _fleet.Alerts is null ? null : long.MaxValue;
            while (before is { } from)
            {
                AlertPage<Alert> page = await _fleet.Alerts!.ListAsync(_who, new AlertQuery(Open: true, Before: from, Max: PerPage), _end.Token).ConfigureAwait(false);
                foreach (Alert alert in page.Items)
                {
                    Mark(alert.Thing, Attention.Alert, isSo: true);
                }

                before = page.Next;
            }

            string? after = _fleet.Configuration is null ? null : string.Empty;
            while (after is not null)
            {
                (IReadOnlyList<ThingConfiguration> things, after) = await _fleet.Configuration!.ListAsync(_who, after, PerPage, onlyDrift: true, _end.Token).ConfigureAwait(false);
                foreach (ThingConfiguration thing in things)
                {
                    Mark(thing.Thing, Attention.Drift, isSo: true);
                }
            }
        }
        catch (Exception e) when (e is StorageException or OperationCanceledException or ObjectDisposedException)
        {
            // Nobody looks any more, or the database does not answer: what comes is told.
        }

        // What was told while it was read may be newer than what was read of it.
        HashSet<(string Thing, Attention What)> told;
        lock (_asked)
        {
            (told, _toldMeanwhile) = (_toldMeanwhile ?? [], null);
        }

        foreach ((string thing, Attention what) in told)
        {
            Ask(thing, what);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_fleet.Configuration is { } configuration)
        {
            configuration.Changed -= Configured;
        }

        if (_fleet.Alerts is { } alerts)
        {
            alerts.Changed -= Alerted;
        }

        _end.Cancel();
        _end.Dispose();
    }

    private void Alerted(Alert alert) => Ask(alert.Thing, Attention.Alert);

    private void Configured(string thing) => Ask(thing, Attention.Drift);

    // Each thing waits once, however often it is told of, and one is asked about at a time: a change of the whole fleet is no flood.
    private void Ask(string thing, Attention what)
    {
        lock (_asked)
        {
            _toldMeanwhile?.Add((thing, what));
            _asked[thing] = _asked.GetValueOrDefault(thing) | what;
            if (_isAsking)
            {
                return;
            }

            _isAsking = true;
        }

        _ = AskAsync();
    }

    private async Task AskAsync()
    {
        await Task.Yield(); // not on the thread, and under the locks, of who tells it
        while (true)
        {
            string thing;
            Attention what;
            lock (_asked)
            {
                if (_asked.Count == 0 || _end.IsCancellationRequested)
                {
                    _isAsking = false;
                    return;
                }

                (thing, what) = _asked.First();
                _asked.Remove(thing);
            }

            try
            {
                if (what.HasFlag(Attention.Alert))
                {
                    // Another alert of the thing may be open still.
                    AlertPage<Alert> open = await _fleet.Alerts!.ListAsync(_who, new AlertQuery(Open: true, Thing: thing, Max: 1), _end.Token).ConfigureAwait(false);
                    Mark(thing, Attention.Alert, open.Items.Count > 0);
                }

                if (what.HasFlag(Attention.Drift))
                {
                    ConfigurationResult found = await _fleet.Configuration!.FindAsync(_who, thing, _end.Token).ConfigureAwait(false);
                    Mark(thing, Attention.Drift, found.Configuration?.HasDrift == true);
                }
            }
            catch (Exception e) when (e is StorageException or OperationCanceledException or ObjectDisposedException)
            {
                // As above.
            }
        }
    }

    private void Mark(string thing, Attention reason, bool isSo)
    {
        Attention before = _reasons.GetValueOrDefault(thing);
        Attention after = _reasons.AddOrUpdate(thing, _ => isSo ? reason : Attention.None, (_, known) => isSo ? known | reason : known & ~reason);
        if (before != after)
        {
            _changed(thing);
        }
    }
}
