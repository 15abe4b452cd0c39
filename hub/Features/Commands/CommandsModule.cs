using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.Control;
using IotXmpp.Hub.Features.Liveness;
using IotXmpp.Hub.Features.Nodes;
using IotXmpp.Hub.Features.PubSub;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Commands;

/// <summary>Queued commands, batches and the audit of all commands at <c>things.&lt;domain&gt;</c> (wire profile, commands are IQ). Stands behind Registry, Nodes and Liveness in <c>HubModules</c>.</summary>
/// <param name="database">Where they are kept.</param>
/// <param name="registry">The things.</param>
/// <param name="things">Tells when one is forgotten.</param>
/// <param name="nodes">How things behind gateways are.</param>
/// <param name="liveness">How things are.</param>
/// <param name="pubSub">Where states are told.</param>
/// <param name="access">Who may do what.</param>
/// <param name="control">Where direct commands pass.</param>
public sealed class CommandsModule(ISqlDatabase database, RegistryStore registry, RegistryModule things, NodeStore nodes, LivenessModule liveness, PubSubModule pubSub, ThingAccess access, ControlModule control) : IXmppModule
{
    private static readonly TimeSpan s_look = TimeSpan.FromMinutes(1);

    private ITimer? _look;

    /// <inheritdoc/>
    public string Name => "Commands";

    /// <inheritdoc/>
    public Xep[] Xeps => [];

    /// <summary>The queue; after <see cref="Register"/>.</summary>
    public CommandService Service { get; private set; } = null!;

    /// <summary>Who commanded what; after <see cref="Register"/>.</summary>
    public AuditService Audit { get; private set; } = null!;

    /// <summary>The same to many; after <see cref="Register"/>.</summary>
    public BatchService Batches { get; private set; } = null!;

    /// <summary>What can be set on things; after <see cref="Register"/>.</summary>
    public ThingForms Forms { get; private set; } = null!;

    /// <summary>The things of a group that somebody may see, or null where there is no such group; set by who knows groups.</summary>
    public Func<Jid, string, CancellationToken, ValueTask<IReadOnlyList<string>?>> Groups { get; set; } = static (_, _, _) => new((IReadOnlyList<string>?)null);

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        CommandsOptions options = module.Options<CommandsOptions>("Commands");
        if (options.Validate().FirstOrDefault() is { } wrong)
        {
            throw new ArgumentException(wrong);
        }

        IHub hub = module.Hub;
        var address = new Jid(string.Empty, RegistryModule.Subdomain + "." + hub.Domain.Domain, string.Empty);
        var link = new CommandLink(hub, address, registry, nodes, options);
        ValueTask<bool> IsAdministrator(Jid who) => hub.Accounts.IsAdministratorAsync(who.Bare);
        Service = new CommandService(database, options, link, access.MayAsync, hub.Time, hub.Loggers.CreateLogger<CommandService>());
        Audit = new AuditService(Service, options, access.MayAsync, IsAdministrator, hub.Time, hub.Loggers.CreateLogger<AuditService>());
        Batches = new BatchService(database, Service, options, link, IsAdministrator, hub.Time, hub.Loggers.CreateLogger<BatchService>());
        Forms = new ThingForms(Service.Store, link.FormAsync, thing => liveness.Service?.Find(thing), hub.Time);
        Service.KnownForm = Forms.Known;
        Service.IsAdministrator = IsAdministrator;
        Service.IsSame = hub.Accounts.IsSameAsync;
        var notices = new CommandNotices(pubSub.Service, address, hub.Loggers.CreateLogger<CommandNotices>());
        Service.Changed += notices.Tell;
        var audit = new ControlAudit(Audit, hub, Forms, registry);
        control.Audit = audit;
        module.Presence(Phase.Observe, (stanza, sender) =>
        {
            if (sender is { IsThing: true } && stanza.Type == StanzaType.None && stanza.To is null)
            {
                Came(sender.Jid.Local);
            }

            return Verdict.Continue;
        });
        module.SessionResumed(session =>
        {
            if (session.IsThing)
            {
                Came(session.Jid.Local);
            }
        });
        module.SessionClosed(static session => session.EndAnswers());
        nodes.Changed += node =>
        {
            if (node.IsOnline)
            {
                Service.Came(node.Id);
                Batches.Came();
            }
        };
        new CommandRequests(Service, Audit, Batches, (who, group, cancel) => Groups(who, group, cancel), access.MayAsync, IsAdministrator).Register(module.Component(RegistryModule.Subdomain).Feature(Ns.Command));
        things.Provisioning.Forgetting += thing => ForgetAsync(thing.Id);
        hub.Accounts.Removed += async name =>
        {
            await ForgetAsync(name).ConfigureAwait(false); // also of one that was never entered
            var person = new Jid(name, hub.Domain.Domain, string.Empty);
            Batches.ForgetPerson(person);
            await Service.ForgetPersonAsync(person).ConfigureAwait(false);
        };
        module.Starting(async cancel =>
        {
            notices.Start();
            await Service.StartAsync(cancel).ConfigureAwait(false);
            await Batches.StartAsync(cancel).ConfigureAwait(false);
            await Audit.StartAsync().ConfigureAwait(false);
            _look = hub.Time.CreateTimer(_ => audit.Look(), null, s_look, s_look);
        });
        module.Stopping(async _ =>
        {
            _look?.Dispose();
            await Batches.DisposeAsync().ConfigureAwait(false);
            await Service.DisposeAsync().ConfigureAwait(false);
            await Audit.DisposeAsync().ConfigureAwait(false);
            await notices.StopAsync().ConfigureAwait(false);
        });
    }

    private void Came(string account)
    {
        Service.AccountCame(account);
        Batches.Came();
    }

    private Task ForgetAsync(string thing)
    {
        Forms.Forget(thing);
        return Service.ForgetAsync(thing);
    }
}
