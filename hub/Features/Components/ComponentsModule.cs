using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;

namespace IotXmpp.Hub.Features.Components;

/// <summary>External components (XEP-0114) among the services of the domain: those that are connected are told by disco#items.</summary>
public sealed class ComponentsModule : IXmppModule, IDiscoProvider
{
    private IHub _hub = null!;

    /// <inheritdoc/>
    public string Name => "Components";

    /// <inheritdoc/>
    public Xep[] Xeps =>
    [
        new("XEP-0100", "Gateway Interaction", "1.0", "components do it, such as tools/MailGateway; the hub routes, rosters hold gateways"),
        new("XEP-0114", "Jabber Component Protocol", "1.6", "accept; a component also speaks for what is below its domain; one that connects again takes the old one's place"),
    ];

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        _hub = module.Hub;
        module.Domain.Disco(this);
    }

    /// <inheritdoc/>
    public ValueTask<(bool IsKnown, StanzaError? Error)> InfoAsync(IqRequest request, string? node, DiscoInfo info, CancellationToken cancel) => new((node is null, null));

    /// <inheritdoc/>
    public ValueTask<DiscoItems> ItemsAsync(IqRequest request, string? node, CancellationToken cancel) => new(node is null
        ? new DiscoItems(true, [.. _hub.ConnectedComponents.Select(component => new DiscoItem(component.Domain, null, component.Name))])
        : DiscoItems.Unknown);
}
