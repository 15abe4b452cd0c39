using IotXmpp.Hub.Federation;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;

namespace IotXmpp.Hub.Peers;

/// <summary>All that the hub speaks to besides clients; takes from the router what is for other domains.</summary>
public sealed class PeerHosts : IAsyncDisposable
{
    private readonly ModuleHost _hub;
    private readonly StanzaRouter _router;

    /// <param name="hub">The modules, loaded.</param>
    /// <param name="components">External components.</param>
    /// <param name="federation">Other servers; null where the hub does not federate.</param>
    public PeerHosts(ModuleHost hub, ComponentHost components, FederationHost? federation)
    {
        _hub = hub;
        _router = hub.Router;
        Components = components;
        Federation = federation;
        hub.Components = components;
        hub.Router.Remote = (stanza, _) => RouteAsync(stanza);
    }

    /// <summary>External components (XEP-0114).</summary>
    public ComponentHost Components { get; }

    /// <summary>Other servers (RFC 6120); null where the hub does not federate.</summary>
    public FederationHost? Federation { get; }

    /// <summary>Begins to watch the clock.</summary>
    public void Start()
    {
        Components.Start();
        Federation?.Start();
    }

    /// <summary>Ends all streams with <c>system-shutdown</c>.</summary>
    public Task StopAsync() => Task.WhenAll(Components.StopAsync(), Federation?.StopAsync() ?? Task.CompletedTask);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Components.DisposeAsync().ConfigureAwait(false);
        if (Federation is not null)
        {
            await Federation.DisposeAsync().ConfigureAwait(false);
        }
    }

    private ValueTask RouteAsync(Stanza stanza)
    {
        // An error still leaves: it is how who may not speak here learns it.
        if (_hub.Outsiders is { } outsiders && stanza.Type != StanzaType.Error && !outsiders.Allows(stanza.To!))
        {
            _router.Bounce(stanza, StanzaError.NotAllowed.With("This server does not speak to that address."));
            return default;
        }

        if (Components.At(stanza.To!.Domain) is { } component)
        {
            Components.Deliver(component, stanza);
            return default;
        }

        if (Federation is not null)
        {
            return Federation.RouteAsync(stanza);
        }

        _router.Bounce(stanza, StanzaError.RemoteServerNotFound);
        return default;
    }
}
