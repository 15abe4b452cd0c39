using System.Collections.Frozen;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.AdHoc;
using IotXmpp.Hub.Features.History;
using IotXmpp.Hub.Features.Liveness;
using IotXmpp.Hub.Features.PubSub;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Alerts;

/// <summary>Alerts by rules, at <c>things.&lt;domain&gt;</c>. Stands behind History and Liveness, and before AdHoc, in <c>HubModules</c>.</summary>
/// <param name="database">Where they are kept.</param>
/// <param name="registry">The things.</param>
/// <param name="things">Tells when one is forgotten.</param>
/// <param name="access">Who may what.</param>
/// <param name="groups">The groups of things.</param>
/// <param name="history">What things measure.</param>
/// <param name="liveness">How they are.</param>
/// <param name="pubSub">The nodes of things.</param>
/// <param name="commands">Where the command for people goes.</param>
public sealed class AlertsModule(ISqlDatabase database, RegistryStore registry, RegistryModule things, ThingAccess access, GroupStore groups, HistoryModule history, LivenessModule liveness, PubSubModule pubSub, CommandBook commands) : IXmppModule
{
    /// <inheritdoc/>
    public string Name => "Alerts";

    /// <inheritdoc/>
    public Xep[] Xeps => [];

    /// <summary>The alerts; after <see cref="Register"/>.</summary>
    public AlertService Service { get; private set; } = null!;

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        IHub hub = module.Hub;
        AlertsOptions options = module.Options<AlertsOptions>("Alerts");
        var address = new Jid(string.Empty, RegistryModule.Subdomain + "." + hub.Domain.Domain, string.Empty);
        var webhooks = new WebhookSender(options.Webhooks, hub.Domain.Domain, hub.Time);
        var senders = new Dictionary<DeliveryChannel, IAlertSender> { [DeliveryChannel.Xmpp] = new XmppSender(hub, address), [DeliveryChannel.Webhook] = webhooks };
        if (options.Mail.Host.Length > 0)
        {
            senders[DeliveryChannel.Mail] = new MailSender(options.Mail, hub.Domain.Domain);
        }

        Service = new AlertService(
            database, new Sources(registry, access, groups, history.Service, liveness.Service, hub), options, senders.ToFrozenDictionary(), hub.Time, hub.Loggers.CreateLogger<AlertService>());
        pubSub.Service.Hub.Reserve(AlertNodes.Name);
        var nodes = new AlertNodes(pubSub.Service, address, Service.OpenAsync, registry.AllAsync, hub.Time, hub.Loggers.CreateLogger<AlertService>());
        Service.Changed += nodes.Tell;
        things.Rights.Moved += (thing, _) => nodes.EnsureAsync(thing.Id);
        new AlertRequests(Service, hub.Time).Register(module.Component(RegistryModule.Subdomain));
        commands.Add(RegistryModule.Subdomain, new AlertCommand(Service, hub.Time).Command);
        access.Changed += _ => Service.RightsChanged();
        things.Provisioning.Forgetting += thing => Service.ForgetThingAsync(thing.Id);
        hub.Accounts.Removed += async name =>
        {
            await Service.Rules.ForgetAccountAsync(new Jid(name, hub.Domain.Domain, string.Empty)).ConfigureAwait(false);
            await Service.ForgetThingAsync(name).ConfigureAwait(false);
        };
        module.Starting(_ =>
        {
            Service.Start();
            nodes.Start();
            return ValueTask.CompletedTask;
        });
        module.Stopping(async _ =>
        {
            await Service.DisposeAsync().ConfigureAwait(false);
            await nodes.StopAsync().ConfigureAwait(false);
            webhooks.Dispose();
        });
    }

    private sealed class Sources(RegistryStore registry, ThingAccess access, GroupStore groups, HistoryService history, LivenessService liveness, IHub hub) : AlertSources(registry, access, history, liveness)
    {
        // A thing that has got another owner since is in the group no more.
        public override async ValueTask<IReadOnlySet<string>> GroupAsync(string name, CancellationToken cancel) =>
            (await groups.LatestAsync(cancel).ConfigureAwait(false)).Groups.TryGetValue(name, out ThingGroup? group)
                ? (await ThingsAsync(cancel).ConfigureAwait(false)).Values.Where(t => group.Things.TryGetValue(t.Id, out Jid? owner) && Equals(owner, t.Owner)).Select(t => t.Id).ToFrozenSet(StringComparer.Ordinal)
                : FrozenSet<string>.Empty;

        public override ValueTask<bool> IsAdministratorAsync(Jid who, CancellationToken cancel) => hub.Accounts.IsAdministratorAsync(who.Bare, cancel);

        public override ValueTask<bool> IsSameAsync(Jid who, DateTimeOffset then, CancellationToken cancel) => hub.Accounts.IsSameAsync(who, then, cancel);

        public override async ValueTask<bool> IsThingAsync(Jid who, CancellationToken cancel) =>
            who.Domain == hub.Domain.Domain && await hub.Accounts.OwnerAsync(who.Local, cancel).ConfigureAwait(false) is not null;
    }
}
