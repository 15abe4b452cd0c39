using IotXmpp.Hub.Dashboard.Fleet;
using IotXmpp.Hub.Dashboard.Rest;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.Alerts;
using IotXmpp.Hub.Features.ApiTokens;
using IotXmpp.Hub.Features.Audit;
using IotXmpp.Hub.Features.Commands;
using IotXmpp.Hub.Features.Configuration;
using IotXmpp.Hub.Features.Firmware;
using IotXmpp.Hub.Features.History;
using IotXmpp.Hub.Features.Inventory;
using IotXmpp.Hub.Features.Invitations;
using IotXmpp.Hub.Features.Liveness;
using IotXmpp.Hub.Features.Metrics;
using IotXmpp.Hub.Features.Profile;
using IotXmpp.Hub.Features.Proposals;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Features.SecondFactor;
using IotXmpp.Hub.Features.Sniffer;
using IotXmpp.Hub.Features.WebSessions;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Sasl;
using IotXmpp.Hub.Streams;
using IotXmpp.Hub.Transport;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Dashboard;

/// <summary>What pages and REST are faces of: the services of the features, one each. A feature that the hub goes without (<c>Modules:Disabled</c>) is null here.</summary>
public sealed class FleetServices
{
    /// <summary>The hub, for sessions of its own and for its clock and logs.</summary>
    public required IHub Hub { get; init; }

    /// <summary>The served domain.</summary>
    public required Jid Domain { get; init; }

    /// <summary>The bounds of REST.</summary>
    public required RestOptions Rest { get; init; }

    /// <summary>Who a request over HTTP comes from.</summary>
    public required WebPolicy Web { get; init; }

    /// <summary>The tokens that REST takes.</summary>
    public required ApiTokenService ApiTokens { get; init; }

    /// <summary>The people and things that may log in.</summary>
    public required AccountService Accounts { get; init; }

    /// <summary>The things.</summary>
    public required RegistryStore Registry { get; init; }

    /// <summary>Who may do what with a thing: every page and every request asks it.</summary>
    public required ThingAccess Access { get; init; }

    /// <summary>All streams: where a session in this process is opened.</summary>
    public required StreamHost Streams { get; init; }

    /// <summary>Checks who people are.</summary>
    public required SaslServer Sasl { get; init; }

    /// <summary>Who is signed in at the pages; without it there are none.</summary>
    public WebSessionService? WebSessions { get; init; }

    /// <summary>Groups of things and of people.</summary>
    public required GroupService Groups { get; init; }

    /// <summary>Who administered what: what pages and REST do to accounts is noted there.</summary>
    public required AdminAudit Audit { get; init; }

    /// <summary>What the hub is called, and whether it is new.</summary>
    public required HubProfile Profile { get; init; }

    /// <summary>Invitations for people who have no account yet; null where that is switched off.</summary>
    public InvitationService? Invitations { get; init; }

    /// <summary>Where browsers reach the hub, without a slash at the end.</summary>
    public required Func<string> PublicUrl { get; init; }

    /// <summary>The hub's own figures; null where that is switched off.</summary>
    public MetricsModule? Metrics { get; init; }

    /// <summary>Second factors at the sign-in; null where that is switched off.</summary>
    public SecondFactorService? SecondFactor { get; init; }
    /// <summary>Commands that programs propose.</summary>
    public ProposalService? Proposals { get; init; }

    /// <summary>Finds things, and keeps notes on them.</summary>
    public required InventoryService Inventory { get; init; }

    /// <summary>Takes what is told of many things out and in.</summary>
    public required ImportService Import { get; init; }

    /// <summary>How the things are.</summary>
    public LivenessService? Liveness { get; init; }

    /// <summary>What they have measured.</summary>
    public HistoryService? History { get; init; }

    /// <summary>The rows of the fleet's page, once for all who look.</summary>
    public required FleetBoard Board { get; init; }

    /// <summary>Makes things, takes them back, gives them new codes.</summary>
    public ThingProvisioning? Provisioning { get; init; }

    /// <summary>The registry by XEP-0347: claims things by their codes.</summary>
    public ThingRegistry? ThingRegistry { get; init; }

    /// <summary>Looking on at a thing's stanzas.</summary>
    public SnifferService? Sniffer { get; init; }

    /// <summary>Commands: the queue, batches, the audit, latency, the forms of things.</summary>
    public CommandsModule? Commands { get; init; }

    /// <summary>What things shall be like, and what they say.</summary>
    public ConfigurationService? Configuration { get; init; }

    /// <summary>Rules over them, and the alerts that come of these.</summary>
    public AlertService? Alerts { get; init; }

    /// <summary>The images that things are updated with.</summary>
    public FirmwareService? Firmware { get; init; }

    /// <summary>Who gets which image, and how that goes.</summary>
    public RolloutService? Rollouts { get; init; }
}
