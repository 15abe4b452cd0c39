using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.AdHoc;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Storage;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Proposals;

/// <summary>Commands that programs propose and people confirm.</summary>
/// <param name="database">Where they are kept.</param>
/// <param name="access">Who may.</param>
/// <param name="control">Gives commands; null where the hub goes without. Asked for when the hub is put together.</param>
/// <param name="commands">Where commands are offered.</param>
/// <param name="pages">Where the hub's pages are; empty where there are none.</param>
public sealed class ProposalsModule(ISqlDatabase database, ThingAccess access, IThingControl? control, CommandBook commands, Func<string> pages) : IXmppModule
{
    private static readonly TimeSpan s_sweep = TimeSpan.FromHours(1);

    private ITimer? _timer;

    /// <inheritdoc/>
    public string Name => "Proposals";

    /// <inheritdoc/>
    public Xep[] Xeps => [];

    /// <summary>The rules; after <see cref="Register"/>.</summary>
    public ProposalService Service { get; private set; } = null!;

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        IHub hub = module.Hub;
        ILogger log = hub.Loggers.CreateLogger<ProposalsModule>();
        ProposalOptions options = module.Options<ProposalOptions>("Proposals");
        Service = new ProposalService(new ProposalStore(database), options, access.MayAsync, control, hub.Time) { IsSame = hub.Accounts.IsSameAsync };
        Service.Changed += new ProposalNotices(hub, access, options, pages, log).Tell;
        new ProposalCommands(Service, hub, log).AddTo(commands);
        hub.Accounts.Removed += Service.ForgetAsync;
        module.Starting(async _ =>
        {
            await Service.StartAsync().ConfigureAwait(false);
            _timer = hub.Time.CreateTimer(_ => _ = SweepAsync(log), null, s_sweep, s_sweep);
        });
        module.Stopping(async _ => await (_timer?.DisposeAsync() ?? default).ConfigureAwait(false));
    }

    private async Task SweepAsync(ILogger log)
    {
        try
        {
            await Service.SweepAsync().ConfigureAwait(false);
        }
        catch (StorageException e)
        {
            ProposalLog.NotSwept(log, e);
        }
    }
}
