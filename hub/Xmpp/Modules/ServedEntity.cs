using System.Text;
using IotXmpp.Hub.Routing;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Modules;

/// <summary>Whom the hub answers for.</summary>
public enum ServedKind : byte
{
    /// <summary>The hub's own domain.</summary>
    Domain,

    /// <summary>Accounts, on their behalf.</summary>
    Account,

    /// <summary>A service on a subdomain.</summary>
    Component,
}

/// <summary>One entity that the hub serves, with all that modules registered for it. Frozen when the hub starts.</summary>
public sealed class ServedEntity : IEntityBuilder
{
    private readonly Dictionary<int, List<IqRoute>> _building = [];
    private readonly List<(string Category, string Type, string? Name)> _identities = [];
    private readonly SortedSet<string> _features = new(StringComparer.Ordinal);
    private readonly List<Hub.Forms.DataForm> _forms = [];
    private readonly List<IDiscoProvider> _disco = [];
    private readonly List<StanzaHandler> _messages = [];
    private readonly List<StanzaHandler> _presences = [];
    private IqRoute[][] _table = [];
    private bool _frozen;

    internal ServedEntity(ServedKind kind, Jid? jid)
    {
        Kind = kind;
        Jid = jid;
    }

    /// <summary>Domain, account or component.</summary>
    public ServedKind Kind { get; }

    /// <summary>Its address; null for <see cref="ServedKind.Account"/>, which stands for many.</summary>
    public Jid? Jid { get; }

    /// <summary>Disco identities.</summary>
    public IReadOnlyList<(string Category, string Type, string? Name)> Identities => _identities;

    /// <summary>Disco features, sorted.</summary>
    public IReadOnlyCollection<string> Features => _features;

    /// <summary>Forms that are always the same (XEP-0128).</summary>
    public IReadOnlyList<Hub.Forms.DataForm> Forms => _forms;

    /// <summary>Providers of nodes and items.</summary>
    public IReadOnlyList<IDiscoProvider> DiscoProviders => _disco;

    /// <summary>Takers of messages.</summary>
    internal IReadOnlyList<StanzaHandler> Messages => _messages;

    /// <summary>Takers of presence.</summary>
    internal IReadOnlyList<StanzaHandler> Presences => _presences;

    /// <summary>Sees iqs before their handlers, or null.</summary>
    internal StanzaHandler? Interceptor { get; private set; }

    /// <summary>Takes messages of type groupchat, or null.</summary>
    internal GroupchatHandler? Groupchats { get; private set; }

    /// <inheritdoc/>
    public IEntityBuilder Identity(string category, string type, string? name = null)
    {
        Open()._identities.Add((category, type, name));
        return this;
    }

    /// <inheritdoc/>
    public IEntityBuilder Feature(string var)
    {
        Open()._features.Add(var);
        return this;
    }

    /// <inheritdoc/>
    public IEntityBuilder Iq(StanzaType type, string name, string ns, IqHandler handler, IqOrdering ordering = IqOrdering.InOrder)
    {
        var route = new IqRoute(type, Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(ns), handler, ordering);
        int hash = Hash(type, route.Name, route.Namespace);
        if (!Open()._building.TryGetValue(hash, out List<IqRoute>? routes))
        {
            _building[hash] = routes = [];
        }

        if (routes.Any(r => r.Matches(type, route.Name, route.Namespace)))
        {
            throw new ArgumentException($"Two handlers for iq {type} {{{ns}}}{name} at {Jid?.ToString() ?? "accounts"}.");
        }

        routes.Add(route);
        return this;
    }

    /// <inheritdoc/>
    public IEntityBuilder Intercept(StanzaHandler handler)
    {
        ServedEntity entity = Open();
        entity.Interceptor = entity.Interceptor is null ? handler : throw new ArgumentException($"Two modules intercept the iqs of {Jid}.");
        return this;
    }

    /// <inheritdoc/>
    public IEntityBuilder Groupchat(GroupchatHandler handler)
    {
        ServedEntity entity = Open();
        entity.Groupchats = entity.Groupchats is null ? handler : throw new ArgumentException($"Two modules take the groupchat messages of {Jid}.");
        return this;
    }

    /// <inheritdoc/>
    public IEntityBuilder Message(StanzaHandler handler)
    {
        Open()._messages.Add(handler);
        return this;
    }

    /// <inheritdoc/>
    public IEntityBuilder Presence(StanzaHandler handler)
    {
        Open()._presences.Add(handler);
        return this;
    }

    /// <inheritdoc/>
    public IEntityBuilder Form(Hub.Forms.DataForm form)
    {
        Open()._forms.Add(form);
        return this;
    }

    /// <inheritdoc/>
    public IEntityBuilder Disco(IDiscoProvider provider)
    {
        Open()._disco.Add(provider);
        return this;
    }

    internal void Freeze()
    {
        _frozen = true;
        int size = 16;
        while (size < _building.Count * 4)
        {
            size *= 2;
        }

        var table = new List<IqRoute>[size];
        foreach ((int hash, List<IqRoute> routes) in _building)
        {
            (table[hash & (size - 1)] ??= []).AddRange(routes);
        }

        _table = [.. table.Select(routes => routes?.ToArray() ?? [])];
    }

    internal IqRoute? Find(StanzaType type, ReadOnlySpan<byte> name, ReadOnlySpan<byte> ns)
    {
        foreach (IqRoute route in _table[Hash(type, name, ns) & (_table.Length - 1)])
        {
            if (route.Matches(type, name, ns))
            {
                return route;
            }
        }

        return null;
    }

    /// <summary>Whether any handler exists for payloads in that namespace: then a wrong type or name is the sender's mistake and not an unknown service.</summary>
    internal bool KnowsNamespace(ReadOnlySpan<byte> ns)
    {
        foreach (IqRoute[] routes in _table)
        {
            foreach (IqRoute route in routes)
            {
                if (ns.SequenceEqual(route.Namespace))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static int Hash(StanzaType type, ReadOnlySpan<byte> name, ReadOnlySpan<byte> ns)
    {
        uint hash = (uint)((int)type + (name.Length << 4) + (ns.Length << 9));
        foreach (byte b in ns.Length > 8 ? ns[^8..] : ns)
        {
            hash = (hash * 31) + b;
        }

        foreach (byte b in name.Length > 4 ? name[..4] : name)
        {
            hash = (hash * 31) + b;
        }

        return (int)(hash ^ (hash >> 15));
    }

    private ServedEntity Open() => _frozen ? throw new InvalidOperationException("The hub has started: nothing can be registered any more.") : this;
}

/// <summary>Who answers one kind of request.</summary>
internal sealed record IqRoute(StanzaType Type, byte[] Name, byte[] Namespace, IqHandler Handler, IqOrdering Ordering)
{
    public bool Matches(StanzaType type, ReadOnlySpan<byte> name, ReadOnlySpan<byte> ns) => type == Type && name.SequenceEqual(Name) && ns.SequenceEqual(Namespace);
}
