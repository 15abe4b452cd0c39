using System.Diagnostics.CodeAnalysis;

namespace IotXmpp.Hub.Features.Commands;

/// <summary>
/// Open commands in memory: a lane for each thing, in which one command runs after the other, and a group for each session, over which a bounded number of lanes runs at a time. What was sent before its
/// stream was lost goes first: then the thing still remembers it. Thread-safe; knows no time and no database.
/// </summary>
internal sealed class CommandLanes(int parallel)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Lane> _lanes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Group> _groups = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ThingCommand> _byId = new(StringComparer.Ordinal);

    /// <summary>One thing's open commands.</summary>
    internal sealed class Lane(string thing, string account)
    {
        public string Thing => thing;

        public string Account => account;

        /// <summary>In their order; the first runs.</summary>
        public LinkedList<string> Open { get; } = new();

        public bool IsRunning { get; set; }

        /// <summary>Whether it waits until the thing comes.</summary>
        public bool IsWaiting { get; set; }

        /// <summary>How often the thing has come: a lane that finds it away looks again when it came meanwhile.</summary>
        public int Came { get; set; }
    }

    private sealed class Group
    {
        public List<Lane> Lanes { get; } = [];

        public int Running { get; set; }
    }

    /// <summary>How many are open.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _byId.Count;
            }
        }
    }

    /// <summary>Puts a command behind the others of its thing.</summary>
    public void Add(ThingCommand command)
    {
        lock (_gate)
        {
            if (!_lanes.TryGetValue(command.Thing, out Lane? lane))
            {
                lane = new Lane(command.Thing, command.Account);
                _lanes.Add(command.Thing, lane);
                if (!_groups.TryGetValue(command.Account, out Group? group))
                {
                    _groups.Add(command.Account, group = new Group());
                }

                group.Lanes.Add(lane);
            }

            lane.Open.AddLast(command.Id);
            _byId[command.Id] = command;
        }
    }

    /// <summary>An open command.</summary>
    public bool TryFind(string id, [NotNullWhen(true)] out ThingCommand? command)
    {
        lock (_gate)
        {
            return _byId.TryGetValue(id, out command);
        }
    }

    /// <summary>The open commands of a thing in their order.</summary>
    public List<ThingCommand> Of(string thing)
    {
        lock (_gate)
        {
            return _lanes.TryGetValue(thing, out Lane? lane) ? [.. lane.Open.Select(id => _byId[id])] : [];
        }
    }

    /// <summary>The ids of the open commands that fit.</summary>
    public List<ThingCommand> Where(Func<ThingCommand, bool> fits)
    {
        lock (_gate)
        {
            return [.. _byId.Values.Where(fits)];
        }
    }

    /// <summary>A command stands otherwise now.</summary>
    public void Replace(ThingCommand command)
    {
        lock (_gate)
        {
            if (_byId.ContainsKey(command.Id))
            {
                _byId[command.Id] = command;
            }
        }
    }

    /// <summary>A command is open no more.</summary>
    /// <returns>False where it was not.</returns>
    public bool Remove(string id)
    {
        lock (_gate)
        {
            if (!_byId.Remove(id, out ThingCommand? command) || !_lanes.TryGetValue(command.Thing, out Lane? lane))
            {
                return false;
            }

            lane.Open.Remove(id);
            Tidy(lane);
            return true;
        }
    }

    /// <summary>Whether a command's lane waits for its thing, so that nobody else looks after the command.</summary>
    public bool IsWaiting(ThingCommand command)
    {
        lock (_gate)
        {
            return _lanes.TryGetValue(command.Thing, out Lane? lane) && !lane.IsRunning;
        }
    }

    /// <summary>A thing came.</summary>
    /// <returns>The group that has something to do; null where there is nothing.</returns>
    public string? Came(string thing)
    {
        lock (_gate)
        {
            if (!_lanes.TryGetValue(thing, out Lane? lane))
            {
                return null;
            }

            lane.Came++;
            lane.IsWaiting = false;
            return lane.Account;
        }
    }

    /// <summary>A session came: all lanes of its group may go on.</summary>
    /// <returns>Whether there is something to do.</returns>
    public bool AccountCame(string account)
    {
        lock (_gate)
        {
            if (!_groups.TryGetValue(account, out Group? group))
            {
                return false;
            }

            foreach (Lane lane in group.Lanes)
            {
                lane.Came++;
                lane.IsWaiting = false;
            }

            return true;
        }
    }

    /// <summary>All groups.</summary>
    public List<string> Groups()
    {
        lock (_gate)
        {
            return [.. _groups.Keys];
        }
    }

    /// <summary>Lanes that shall run now; they count as running from here on.</summary>
    public List<Lane> Start(string account)
    {
        var started = new List<Lane>();
        lock (_gate)
        {
            if (!_groups.TryGetValue(account, out Group? group))
            {
                return started;
            }

            while (group.Running < parallel)
            {
                Lane? next = null;
                (bool IsQueued, long Number) rank = default;
                foreach (Lane lane in group.Lanes)
                {
                    if (lane.IsRunning || lane.IsWaiting || lane.Open.First is not { } first)
                    {
                        continue;
                    }

                    ThingCommand head = _byId[first.Value];
                    (bool, long) its = (head.State == CommandState.Queued, head.Number);
                    if (next is null || its.CompareTo(rank) < 0)
                    {
                        (next, rank) = (lane, its);
                    }
                }

                if (next is null)
                {
                    break;
                }

                next.IsRunning = true;
                group.Running++;
                started.Add(next);
            }
        }

        return started;
    }

    /// <summary>The command that a running lane is at.</summary>
    /// <param name="lane">The lane.</param>
    /// <param name="came">How often the thing had come by then.</param>
    /// <returns>Null where there is none: the lane has ended its run.</returns>
    public ThingCommand? Next(Lane lane, out int came)
    {
        lock (_gate)
        {
            came = lane.Came;
            if (lane.Open.First is { } first)
            {
                return _byId[first.Value];
            }

            Stop(lane);
            return null;
        }
    }

    /// <summary>The thing is away: the lane ends its run, unless the thing came meanwhile.</summary>
    public bool TryWait(Lane lane, int came)
    {
        lock (_gate)
        {
            if (lane.Came != came)
            {
                return false;
            }

            lane.IsWaiting = true;
            Stop(lane);
            return true;
        }
    }

    /// <summary>The lane ends its run, and begins again when its group is started next.</summary>
    public void Pause(Lane lane)
    {
        lock (_gate)
        {
            Stop(lane);
        }
    }

    private void Stop(Lane lane)
    {
        lane.IsRunning = false;
        if (_groups.TryGetValue(lane.Account, out Group? group))
        {
            group.Running--;
        }

        Tidy(lane);
    }

    private void Tidy(Lane lane)
    {
        if (lane.IsRunning || lane.Open.Count > 0 || !_lanes.TryGetValue(lane.Thing, out Lane? known) || known != lane)
        {
            return;
        }

        _lanes.Remove(lane.Thing);
        if (_groups.TryGetValue(lane.Account, out Group? group))
        {
            group.Lanes.Remove(lane);
            if (group.Lanes.Count == 0)
            {
                _groups.Remove(lane.Account);
            }
        }
    }
}
