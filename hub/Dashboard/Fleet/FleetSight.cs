using System.Runtime.InteropServices;
using IotXmpp.Hub.Features.Access;

namespace IotXmpp.Hub.Dashboard.Fleet;

/// <summary>
/// What one person sees of the fleet, once for all their open pages: which things, what calls for somebody there, how many are in which state. Made anew when something of it has changed; a page filters and
/// orders it. It begins with the person's first page and ends with the last.
/// </summary>
internal sealed class FleetSight : IDisposable
{
    private readonly FleetServices _fleet;
    private readonly Jid _who;
    private readonly Lock _gate = new();
    private HashSet<string> _mine = new(StringComparer.Ordinal);
    private FleetReasons? _reasons;
    private IDisposable? _watch;
    private Task? _starting;
    private FleetPart _part = FleetPart.Empty;
    private Task<bool> _looked = Task.FromResult(false);
    private int _pages;
    private int _isAsked;
    private bool _isOver;

    private FleetSight(FleetServices fleet, Jid who)
    {
        _fleet = fleet;
        _who = who;
    }

    /// <summary>It is another one (null), or these things have new values. Called by any thread, one call at a time.</summary>
    public event Action<IReadOnlySet<string>?>? Changed;

    /// <summary>What is seen now.</summary>
    public FleetPart Part => Volatile.Read(ref _part);

    /// <summary>A person's, begun where no page of theirs is open. Each page that takes it disposes it once, also when it could not be read: it ends with the last.</summary>
    public static FleetSight Of(FleetServices fleet, Jid who)
    {
        FleetBoard board = fleet.Board;
        lock (board.Sights)
        {
            ref FleetSight? sight = ref CollectionsMarshal.GetValueRefOrAddDefault(board.Sights, who.Bare, out _);
            sight ??= new FleetSight(fleet, who.Bare);
            sight._pages++;
            return sight;
        }
    }

    /// <summary>Reads what there is to see, once: whoever gives up waiting does not end it for the others.</summary>
    /// <exception cref="Storage.StorageException">It could not be read.</exception>
    public Task StartAsync(CancellationToken cancel)
    {
        lock (_gate)
        {
            _starting ??= Task.Run(BeginAsync, CancellationToken.None);
        }

        return _starting.WaitAsync(cancel);
    }

    /// <summary>A page of the person has gone.</summary>
    public void Dispose()
    {
        lock (_fleet.Board.Sights)
        {
            if (--_pages > 0)
            {
                return;
            }

            _fleet.Board.Sights.Remove(_who);
        }

        lock (_gate)
        {
            _isOver = true;
            _fleet.Access.Changed -= Allowed;
            _reasons?.Dispose();
            _watch?.Dispose();
        }
    }

    private async Task BeginAsync()
    {
        lock (_gate)
        {
            if (_isOver)
            {
                return; // everybody has gone meanwhile
            }

            _fleet.Access.Changed += Allowed;
            _reasons = new FleetReasons(_fleet, _who, _fleet.Board.Again);
        }

        IDisposable watch = await _fleet.Board.WatchAsync(Heard).ConfigureAwait(false);
        lock (_gate)
        {
            _watch = watch;
            if (_isOver)
            {
                watch.Dispose();
                return;
            }
        }

        await LookAsync().ConfigureAwait(false);
        _ = _reasons.ReadAsync(); // the page is there; what others know comes as it is read
    }

    // One after the other: what was asked for later counts.
    private Task<bool> LookAsync()
    {
        lock (_gate)
        {
            return _looked = AfterAsync(_looked);
        }

        async Task<bool> AfterAsync(Task before)
        {
            await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
            Volatile.Write(ref _isAsked, 0);
            var mine = new HashSet<string>(await _fleet.Access.ThingsAsync(_who, ThingRight.See).ConfigureAwait(false), StringComparer.Ordinal);
            lock (_gate)
            {
                if (mine.SetEquals(_mine))
                {
                    return false;
                }

                _mine = mine;
                Make();
                return true;
            }
        }
    }

    private void Allowed(AccessChange change)
    {
        if (change.Who is null || change.Who.Equals(_who))
        {
            LookAgain();
        }
    }

    // However many rights change meanwhile: it is asked once more.
    private async void LookAgain()
    {
        if (Interlocked.Exchange(ref _isAsked, 1) != 0)
        {
            return;
        }

        try
        {
            if (await LookAsync().ConfigureAwait(false))
            {
                Changed?.Invoke(null);
            }
        }
        catch (Exception e) when (e is ObjectDisposedException or OperationCanceledException or Storage.StorageException)
        {
            Volatile.Write(ref _isAsked, 0); // the hub stops, or its database does: the next time
        }
    }

    private void Heard(FleetChange change)
    {
        if (change.IsRegistry)
        {
            LookAgain();
        }

        if (change.Rows.Any(_mine.Contains))
        {
            lock (_gate)
            {
                Make();
            }

            Changed?.Invoke(null);
        }
        else if (change.Values.Count > 0)
        {
            Changed?.Invoke(change.Values);
        }
    }

    private void Make() => Volatile.Write(ref _part, FleetPart.Of(_fleet.Board.Snapshot.Rows, _mine, _reasons!, _fleet.Board.Options));
}
