using System.Text;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Streams;
using IotXmpp.Hub.Xml;
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
    private readonly List<(byte[] Namespace, StanzaHandler Handler)> _messageInspections = [];
    private readonly List<IStreamFeature> _streamFeatures = [];
    private readonly List<IBindFeature> _bindFeatures = [];
    private readonly List<Action<Session>> _opened = [];
    private readonly List<Action<Session>> _closed = [];
    private readonly List<Action<Session>> _detached = [];
    private readonly List<Action<Session>> _resumed = [];
    private volatile bool _isStopping;
    private readonly List<Func<CancellationToken, ValueTask>> _starting = [];
    private readonly List<Action> _ending = [];
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
    public bool IsStopping
    {
        get => _isStopping;
        internal set => _isStopping = value;
    }

    /// <inheritdoc/>
    public SessionRegistry Sessions { get; } = new();

    /// <summary>What the engine counts.</summary>
    public HubFigures Figures { get; } = new();

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

    /// <inheritdoc/>
    public IEnumerable<(string Domain, string? Name)> ConnectedComponents => Components?.Connected ?? [];

    /// <summary>The external components, once there are any.</summary>
    internal Peers.ComponentHost? Components { get; set; }

    IStanzaRouter IHub.Router => Router;

    IHub IModuleBuilder.Hub => this;

    IEntityBuilder IModuleBuilder.Domain => DomainEntity;

    IEntityBuilder IModuleBuilder.Account => AccountEntity;

    internal ServedEntity DomainEntity { get; }

    internal ServedEntity AccountEntity { get; }

    internal IMessageArchive? Archive { get; private set; }

    internal IMessageCopier? Copier { get; private set; }

    internal IPrivacy? Privacy { get; private set; }

    /// <inheritdoc/>
    public INotifier? Notifier { get; private set; }

    internal IOutsiders? Outsiders { get; private set; }

    internal Func<Stanza, Session, ValueTask<Stanza>>? PresenceTransform { get; private set; }

    internal IUndeliveredMessages? Undelivered { get; private set; }

    internal StanzaHandler[][] MessageHandlers { get; private set; } = [];

    internal StanzaHandler[][] PresenceHandlers { get; private set; } = [];

    /// <summary>Whether any module sees messages on their way.</summary>
    internal bool HasMessageHandlers { get; private set; }

    internal IReadOnlyList<IStreamFeature> StreamFeatures => _streamFeatures;

    internal IReadOnlyList<IBindFeature> BindFeatures => _bindFeatures;

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
        HasMessageHandlers = MessageHandlers.Any(handlers => handlers.Length > 0);
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

    /// <summary>Runs what modules do while everybody is still connected, in the reverse order.</summary>
    public void End()
    {
        for (int i = _ending.Count - 1; i >= 0; i--)
        {
            _ending[i]();
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
    public void TransformPresence(Func<Stanza, Session, ValueTask<Stanza>> transform) => PresenceTransform = PresenceTransform is null ? transform : throw new ArgumentException("Two modules change presence.");

    /// <inheritdoc/>
    public void Inspect(string ns, StanzaHandler handler)
    {
        InspectIq(ns, handler);
        _messageInspections.Add(_inspections[^1]);
    }

    /// <inheritdoc/>
    public void InspectIq(string ns, StanzaHandler handler) => _inspections.Add((Encoding.UTF8.GetBytes(ns), handler));

    /// <inheritdoc/>
    void IModuleBuilder.Archive(IMessageArchive archive) => Archive = Archive is null ? archive : throw new ArgumentException("Two modules keep messages.");

    /// <inheritdoc/>
    public void Copies(IMessageCopier copier) => Copier = Copier is null ? copier : throw new ArgumentException("Two modules copy messages.");

    /// <inheritdoc/>
    public void Notifies(INotifier notifier) => Notifier = Notifier is null ? notifier : throw new ArgumentException("Two modules notify.");

    /// <inheritdoc/>
    void IModuleBuilder.Privacy(IPrivacy privacy) => Privacy = Privacy is null ? privacy : throw new ArgumentException("Two modules deny stanzas.");

    /// <inheritdoc/>
    void IModuleBuilder.Undelivered(IUndeliveredMessages undelivered) => Undelivered = Undelivered is null ? undelivered : throw new ArgumentException("Two modules take undelivered messages.");

    /// <inheritdoc/>
    void IModuleBuilder.Outsiders(IOutsiders outsiders) => Outsiders = Outsiders is null ? outsiders : throw new ArgumentException("Two modules say to whom the hub speaks.");

    /// <inheritdoc/>
    public void StreamFeature(IStreamFeature feature) => _streamFeatures.Add(feature);

    /// <inheritdoc/>
    public void BindFeature(IBindFeature feature) => _bindFeatures.Add(feature);

    /// <inheritdoc/>
    public void SessionOpened(Action<Session> handler) => _opened.Add(handler);

    /// <inheritdoc/>
    public void SessionClosed(Action<Session> handler) => _closed.Add(handler);

    /// <inheritdoc/>
    public void SessionDetached(Action<Session> handler) => _detached.Add(handler);

    /// <inheritdoc/>
    public void SessionResumed(Action<Session> handler) => _resumed.Add(handler);

    /// <inheritdoc/>
    public void Starting(Func<CancellationToken, ValueTask> start) => _starting.Add(start);

    /// <inheritdoc/>
    public void Ending(Action end) => _ending.Add(end);

    /// <inheritdoc/>
    public void Stopping(Func<CancellationToken, ValueTask> stop) => _stopping.Add(stop);

    /// <inheritdoc/>
    public T Options<T>(string section)
        where T : class, new() => _settings.Section<T>(section);

    internal ServedEntity? ComponentAt(string host) => _components.GetValueOrDefault(host);

    internal StanzaHandler? InspectionOf(ReadOnlySpan<byte> ns) => InspectionOf(_inspections, ns);

    private static StanzaHandler? InspectionOf(List<(byte[] Ns, StanzaHandler Handler)> inspections, ReadOnlySpan<byte> ns)
    {
        if (ns.Contains((byte)'&'))
        {
            // Written with references, it is still that namespace to who receives it.
            ns = Encoding.UTF8.GetBytes(XmlEscape.Decode(ns, isAttribute: true));
        }

        foreach ((byte[] inspected, StanzaHandler handler) in inspections)
        {
            if (ns.SequenceEqual(inspected))
            {
                return handler;
            }
        }

        return null;
    }

    /// <summary>Whether a message may have a child that somebody inspects: quick, and never wrong about "no".</summary>
    internal bool MayNeedInspection(ReadOnlySpan<byte> inner)
    {
        foreach ((byte[] inspected, _) in _messageInspections)
        {
            if (inner.IndexOf(inspected) >= 0)
            {
                return true;
            }
        }

        return _messageInspections.Count > 0 && inner.IndexOf("&#"u8) >= 0;
    }

    /// <summary>Who inspects the children of a message.</summary>
    internal List<StanzaHandler> InspectionsOf(Stanza stanza)
    {
        var handlers = new List<StanzaHandler>();
        XmlSpanReader reader = stanza.ReadInner();
        while (reader.Read())
        {
            if (reader.Node == XmlNode.Start)
            {
                if (InspectionOf(_messageInspections, reader.Namespace) is { } handler && !handlers.Contains(handler))
                {
                    handlers.Add(handler);
                }

                reader.Skip();
            }
        }

        return handlers;
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

    internal void Detached(Session session)
    {
        foreach (Action<Session> handler in _detached)
        {
            handler(session);
        }
    }

    internal void Resumed(Session session)
    {
        foreach (Action<Session> handler in _resumed)
        {
            handler(session);
        }
    }
}
