using System.Collections.Frozen;
using System.Collections.Immutable;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.History;
using IotXmpp.Hub.Features.Liveness;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Alerts;

/// <summary>What alerts are made of: the things, who may what with them, what they measured and how they were.</summary>
public class AlertSources
{
    private readonly RegistryStore _registry;
    private readonly ThingAccess? _access;

    /// <summary>Of a hub.</summary>
    /// <param name="registry">The things.</param>
    /// <param name="access">Who may what; null for tests that override it.</param>
    /// <param name="history">What they measured; null where the hub keeps none.</param>
    /// <param name="liveness">How they are.</param>
    public AlertSources(RegistryStore registry, ThingAccess? access, HistoryService? history, LivenessService? liveness)
    {
        _registry = registry;
        _access = access;
        History = history;
        Liveness = liveness;
    }

    /// <summary>What they measured.</summary>
    public HistoryService? History { get; }

    /// <summary>How they are.</summary>
    public LivenessService? Liveness { get; }

    /// <summary>All things; the same object as long as nothing has changed.</summary>
    public ValueTask<ImmutableSortedDictionary<string, Thing>> ThingsAsync(CancellationToken cancel) => _registry.AllAsync(cancel);

    /// <summary>Whether somebody may do something with a thing.</summary>
    public virtual ValueTask<bool> MayAsync(Jid who, string thing, ThingRight right, CancellationToken cancel) => _access!.MayAsync(who, thing, right, null, cancel);

    /// <summary>The things that somebody maintains.</summary>
    public virtual ValueTask<IReadOnlyList<string>> MaintainedAsync(Jid who, CancellationToken cancel) => _access!.ThingsAsync(who, ThingRight.Maintain, cancel);

    /// <summary>The things that somebody sees.</summary>
    public virtual ValueTask<IReadOnlyList<string>> SeenAsync(Jid who, CancellationToken cancel) => _access!.ThingsAsync(who, ThingRight.See, cancel);

    /// <summary>The things of a group; none where there is no such group.</summary>
    public virtual ValueTask<IReadOnlySet<string>> GroupAsync(string name, CancellationToken cancel) => new(FrozenSet<string>.Empty);

    /// <summary>Whether who has a bare JID is who had it then.</summary>
    public virtual ValueTask<bool> IsSameAsync(Jid who, DateTimeOffset then, CancellationToken cancel) => new(true);

    /// <summary>Whether somebody is a thing himself.</summary>
    public virtual ValueTask<bool> IsThingAsync(Jid who, CancellationToken cancel) => new(false);

    /// <summary>Whether somebody administers the hub.</summary>
    public virtual ValueTask<bool> IsAdministratorAsync(Jid who, CancellationToken cancel) => new(false);
}
