using System.Text;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Streams;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Modules;

/// <summary>All modules and what they registered. Frozen when the hub starts: then routing only reads.</summary>
public sealed class ModuleHost : IHub, IModuleBuilder
{
    private readonly Dictionary<string, ServedEntity> _components = new(StringComparer.Ordinal);
    private readonly List<ServedEntity> _entities = [];
    private readonly List<StanzaHandler>[] _messages = [[], [], []];
    private readonly List<StanzaHandler>[] _presences = [[], [], []];
    private readonly List<(byte[] Namespace, StanzaHandler Handler)> _inspections = [];
    private readonly List<IStreamFeature> _streamFeatures = [];
    private readonly List<Action<Session>> _opened = [];
    private readonly List<Action<Session>> _closed = [];
    private readonly List<Func<CancellationToken, ValueTask>> _starting = [];
    private readonly List<Func<CancellationToken, ValueTask>> _stopping = [];
    private readonly IModuleSettings _settings;

    /// <param name="domain">The served domain.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">The logs.</param>
    /// <param name="settings">The validated settings of modules.</param>
    public ModuleHost(Jid domain, TimeProvider time, ILoggerFactory loggers, IModuleSettings settings)
    {
        Domain = domain;
        Time = time;
        Loggers = loggers;
        _settings = settings;
        StartedAt = time.GetUtcNow();
        DomainEntity = new ServedEntity(ServedKind.Domain, domain);
        AccountEntity = new ServedEntity(ServedKind.Account, null);
        _entities.Add(DomainEntity);
        _entities.Add(AccountEntity);
        Router = new StanzaRouter(this);
    }

    /// <inheritdoc/>
    public Jid Domain { get; }

    /// <inheritdoc/>
    public TimeProvider Time { get; }

    /// <inheritdoc/>
    public ILoggerFactory Loggers { get; }

    /// <inheritdoc/>
    public DateTimeOffset StartedAt { get; }

    /// <inheritdoc/>
    public SessionRegistry Sessions { get; } = new();

    /// <summary>The router.</summary>
    public StanzaRouter Router { get; }

    /// <inheritdoc/>
    public IReadOnlyList<IXmppModule> Modules { get; private set; } = [];

    /// <inheritdoc/>
    public IReadOnlyList<ServedEntity> Entities => _entities;

    /// <summary>Port, set before the start.</summary>
    public required IAccounts Accounts { get; init; }

    /// <summary>Port, set before the start.</summary>
    public required IRosters Rosters { get; init; }

    /// <summary>Port, set before the start.</summary>
    public required ILastSeen LastSeen { get; init; }

    IStanzaRouter IHub.Router => Router;

    IHub IModuleBuilder.Hub => this;

    IEntityBuilder IModuleBuilder.Domain => DomainEntity;

    IEntityBuilder IModuleBuilder.Account => AccountEntity;

    internal ServedEntity DomainEntity { get; }

    internal ServedEntity AccountEntity { get; }

    internal StanzaHandler[][] MessageHandlers { get; private set; } = [];

    internal StanzaHandler[][] PresenceHandlers { get; private set; } = [];

    internal IReadOnlyList<IStreamFeature> StreamFeatures => _streamFeatures;

    /// <summary>Registers the modules and freezes everything.</summary>
    /// <exception cref="ArgumentException">Two modules answer the same request, or a setting is wrong.</exception>
    public void Load(IReadOnlyList<IXmppModule> modules)
    {
        Modules = modules;
        foreach (IXmppModule module in modules)
        {
            module.Register(this);
        }

        foreach (ServedEntity entity in _entities)
        {
            entity.Freeze();
        }

        MessageHandlers = [.. _messages.Select(handlers => handlers.ToArray())];
        PresenceHandlers = [.. _presences.Select(handlers => handlers.ToArray())];
    }

    /// <summary>Runs what modules do before the listeners open, in their order.</summary>
    public async ValueTask StartAsync(CancellationToken cancel)
    {
        foreach (Func<CancellationToken, ValueTask> start in _starting)
        {
            await start(cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Runs what modules do after the listeners have closed, in the reverse order.</summary>
    public async ValueTask StopAsync(CancellationToken cancel)
    {
        for (int i = _stopping.Count - 1; i >= 0; i--)
        {
            await _stopping[i](cancel).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public IEntityBuilder Component(string subdomain)
    {
        string host = subdomain + "." + Domain.Domain;
        if (!_components.TryGetValue(host, out ServedEntity? entity))
        {
            entity = new ServedEntity(ServedKind.Component, new Jid(string.Empty, host, string.Empty));
            _components.Add(host, entity);
            _entities.Add(entity);
        }

        return entity;
    }

    /// <inheritdoc/>
    public void Message(Phase phase, StanzaHandler handler) => _messages[(int)phase].Add(handler);

    /// <inheritdoc/>
    public void Presence(Phase phase, StanzaHandler handler) => _presences[(int)phase].Add(handler);

    /// <inheritdoc/>
    public void InspectIq(string ns, StanzaHandler handler) => _inspections.Add((Encoding.UTF8.GetBytes(ns), handler));

    /// <inheritdoc/>
    public void StreamFeature(IStreamFeature feature) => _streamFeatures.Add(feature);

    /// <inheritdoc/>
    public void SessionOpened(Action<Session> handler) => _opened.Add(handler);

    /// <inheritdoc/>
    public void SessionClosed(Action<Session> handler) => _closed.Add(handler);

    /// <inheritdoc/>
    public void Starting(Func<CancellationToken, ValueTask> start) => _starting.Add(start);

    /// <inheritdoc/>
    public void Stopping(Func<CancellationToken, ValueTask> stop) => _stopping.Add(stop);

    /// <inheritdoc/>
    public T Options<T>(string section)
        where T : class, new() => _settings.Section<T>(section);

    internal ServedEntity? ComponentAt(string host) => _components.GetValueOrDefault(host);

    internal StanzaHandler? InspectionOf(ReadOnlySpan<byte> ns)
    {
        foreach ((byte[] inspected, StanzaHandler handler) in _inspections)
        {
            if (ns.SequenceEqual(inspected))
            {
                return handler;
            }
        }

        return null;
    }

    internal void Opened(Session session)
    {
        foreach (Action<Session> handler in _opened)
        {
            handler(session);
        }
    }

    internal void Closed(Session session)
    {
        foreach (Action<Session> handler in _closed)
        {
            handler(session);
        }
    }
}
