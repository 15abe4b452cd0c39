using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Rooms;

/// <summary>A page of the rooms that are listed.</summary>
/// <param name="Rooms">The rooms.</param>
/// <param name="Index">The place of the first, from 0.</param>
/// <param name="Count">How many there are in all.</param>
internal sealed record RoomPage(IReadOnlyList<(string Local, string Name)> Rooms, int Index, int Count);

/// <summary>All rooms by their localpart: what the directory tells of each, and the rooms that are in memory. Whether there is a room is answered without SQL.</summary>
internal sealed class RoomBook(RoomsOptions options)
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, RoomEntry> _entries = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Room> _rooms = new(StringComparer.Ordinal);
    private readonly Dictionary<Jid, int> _created = [];

    /// <summary>The rooms in memory, at this moment.</summary>
    public Room[] Rooms
    {
        get
        {
            lock (_gate)
            {
                return [.. _rooms.Values];
            }
        }
    }

    /// <summary>Fills the directory.</summary>
    public void Begin(IEnumerable<RoomEntry> entries)
    {
        lock (_gate)
        {
            foreach (RoomEntry entry in entries)
            {
                Enter(entry);
            }
        }
    }

    /// <summary>The room of that localpart if it is in memory; <paramref name="isThere"/> tells whether there is one at all.</summary>
    public Room? Find(string local, out bool isThere)
    {
        lock (_gate)
        {
            isThere = _entries.ContainsKey(local);
            return _rooms.GetValueOrDefault(local);
        }
    }

    /// <summary>Adds a new room.</summary>
    /// <returns>The room; another one where somebody was quicker; null with the error where there are too many.</returns>
    public Room? Add(string local, Func<Room> make, bool isBound, out bool isNew)
    {
        lock (_gate)
        {
            isNew = false;
            if (_rooms.TryGetValue(local, out Room? known))
            {
                return known;
            }

            if (_entries.ContainsKey(local) || _entries.Count >= options.MaxRooms)
            {
                return null;
            }

            Room room = make();
            if (isBound && _created.GetValueOrDefault(room.Creator) >= options.RoomsPerOwner)
            {
                return null;
            }

            isNew = true;
            _rooms[local] = room;
            Enter(new RoomEntry(0, local, room.Creator, room.Configuration.Name, IsPublic: false));
            return room;
        }
    }

    /// <summary>Adds a room that was read; gives the one that is there where somebody was quicker.</summary>
    public Room Loaded(string local, Room room)
    {
        lock (_gate)
        {
            if (_rooms.TryGetValue(local, out Room? known))
            {
                return known;
            }

            _rooms[local] = room;
            return room;
        }
    }

    /// <summary>Persistent rooms that nobody uses now, as many as are in memory beyond the bound.</summary>
    public List<Room> Surplus()
    {
        lock (_gate)
        {
            List<Room> idle = [.. _rooms.Values.Where(room => room.Id != 0 && room.IsIdle)];
            return idle.Count > options.CachedRooms ? idle[options.CachedRooms..] : [];
        }
    }

    /// <summary>The directory learns what a room is like now.</summary>
    public void Changed(Room room)
    {
        lock (_gate)
        {
            if (_entries.TryGetValue(room.Jid.Local, out RoomEntry? entry))
            {
                _entries[room.Jid.Local] = entry with { Id = room.Id, Name = room.Configuration.Name, IsPublic = room.Configuration.Public && !room.IsLocked };
            }
        }
    }

    /// <summary>The room is out of memory, and (<paramref name="forever"/>) no more.</summary>
    public void Remove(Room room, bool forever)
    {
        lock (_gate)
        {
            string local = room.Jid.Local;
            if (_rooms.TryGetValue(local, out Room? known) && known != room)
            {
                return; // another one of that name
            }

            _rooms.Remove(local);
            if (forever && _entries.Remove(local, out RoomEntry? entry))
            {
                if (--_created[entry.Creator] == 0)
                {
                    _created.Remove(entry.Creator);
                }
            }
        }
    }

    /// <summary>The rooms that are listed, in the order of their localparts (XEP-0045 §6.3, XEP-0059).</summary>
    /// <returns>Null where the room that the page hangs on is not listed.</returns>
    public RoomPage? Page(string? after, string? before, int index, int max)
    {
        lock (_gate)
        {
            List<RoomEntry> all = [.. _entries.Values.Where(entry => entry.IsPublic)];
            int first = index;
            if (after is not null)
            {
                first = all.FindIndex(entry => entry.Local == after) + 1;
                if (first == 0)
                {
                    return null;
                }
            }
            else if (before is not null)
            {
                int end = before.Length == 0 ? all.Count : all.FindIndex(entry => entry.Local == before);
                if (end < 0)
                {
                    return null;
                }

                first = Math.Max(0, end - max);
                max = end - first;
            }

            return new RoomPage([.. all.Skip(first).Take(max).Select(entry => (entry.Local, entry.Name))], first, all.Count);
        }
    }

    private void Enter(RoomEntry entry)
    {
        _entries[entry.Local] = entry;
        _created[entry.Creator] = _created.GetValueOrDefault(entry.Creator) + 1;
    }
}
