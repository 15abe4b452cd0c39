namespace IotXmpp.Hub.Features.AdHoc;

/// <summary>
/// The commands of the hub's entities: modules add theirs in <c>Register</c>, before <see cref="AdHocModule"/> registers (it stands behind them in <c>HubModules</c>).
/// </summary>
public sealed class CommandBook
{
    private readonly SortedDictionary<string, SortedDictionary<string, AdHocCommand>> _entities = new(StringComparer.Ordinal);
    private bool _closed;

    /// <summary>Adds a command.</summary>
    /// <param name="subdomain">The service that offers it, such as <c>things</c>; empty for the hub itself.</param>
    /// <param name="command">The command.</param>
    /// <exception cref="ArgumentException">The entity has a command of that node already.</exception>
    /// <exception cref="InvalidOperationException">The hub has started.</exception>
    public void Add(string subdomain, AdHocCommand command)
    {
        ArgumentNullException.ThrowIfNull(command);
        if (_closed)
        {
            throw new InvalidOperationException("The hub has started: no command can be added any more.");
        }

        if (!_entities.TryGetValue(subdomain, out SortedDictionary<string, AdHocCommand>? commands))
        {
            _entities.Add(subdomain, commands = new(StringComparer.Ordinal));
        }

        if (!commands.TryAdd(command.Node, command))
        {
            throw new ArgumentException($"Two commands with the node {command.Node}.");
        }
    }

    /// <summary>The commands by entity and node; nothing can be added afterwards.</summary>
    internal IReadOnlyDictionary<string, SortedDictionary<string, AdHocCommand>> Close()
    {
        _closed = true;
        return _entities;
    }
}
