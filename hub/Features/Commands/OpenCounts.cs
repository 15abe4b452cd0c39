namespace IotXmpp.Hub.Features.Commands;

/// <summary>How many commands are open, by thing, by person and in all: what is beyond a bound is refused before it is stored. Thread-safe.</summary>
internal sealed class OpenCounts(CommandsOptions options)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _things = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _people = new(StringComparer.Ordinal);
    private int _all;

    /// <summary>Takes a place for a command.</summary>
    /// <returns>Null, or which bound is reached.</returns>
    public string? Take(ThingCommand command)
    {
        lock (_gate)
        {
            string person = command.By.ToString();
            string? full = _things.GetValueOrDefault(command.Thing) >= options.OpenPerThing ? $"{options.OpenPerThing} commands wait for this thing already."
                : _people.GetValueOrDefault(person) >= options.OpenPerAccount ? $"{options.OpenPerAccount} commands of yours are open already."
                : _all >= options.OpenCommands ? "The hub has as many open commands as it takes." : null;
            if (full is null)
            {
                Add(command, person);
            }

            return full;
        }
    }

    /// <summary>Counts one that was open before the hub was started, whatever the bounds are now.</summary>
    public void Restore(ThingCommand command)
    {
        lock (_gate)
        {
            Add(command, command.By.ToString());
        }
    }

    /// <summary>Gives the place back.</summary>
    public void Give(ThingCommand command)
    {
        lock (_gate)
        {
            Less(_things, command.Thing);
            Less(_people, command.By.ToString());
            _all--;
        }
    }

    private static void Less(Dictionary<string, int> counts, string key)
    {
        int left = counts.GetValueOrDefault(key) - 1;
        if (left > 0)
        {
            counts[key] = left;
        }
        else
        {
            counts.Remove(key);
        }
    }

    private void Add(ThingCommand command, string person)
    {
        _things[command.Thing] = _things.GetValueOrDefault(command.Thing) + 1;
        _people[person] = _people.GetValueOrDefault(person) + 1;
        _all++;
    }
}
