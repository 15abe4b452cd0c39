using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.Invitations;
using IotXmpp.Hub.Features.PubSub;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Features.Roster;
using IotXmpp.Hub.Features.SecondFactor;
using IotXmpp.Hub.Server;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging.Abstractions;

namespace IotXmpp.Cli.Hub;

/// <summary>The data of a hub, opened directly: before its first start or while it runs (the database is made for several processes).</summary>
internal sealed class DataAccess : IAsyncDisposable
{
    private readonly ISqlDatabase _database;
    private readonly RegistryStore _registry;
    private readonly ThingRights _rights;

    private DataAccess(ISqlDatabase database, string domain)
    {
        _database = database;
        Domain = domain;
        TimeProvider time = TimeProvider.System;
        var jid = new Jid(string.Empty, domain, string.Empty);
        Store = new AccountStore(database, time);
        Accounts = new AccountService(Store);
        var rosters = new RosterStore(database, new RosterOptions());
        Links = new RosterLinks(rosters, jid);
        // The same services as in a hub. Nobody is connected here: what a hub would tell, nobody hears.
        var nobody = new Nobody();
        var pubSub = new PubSubService(new PubSubStore(database), new PubSubOptions(), jid, new AccountDirectory(Store, Accounts, jid), new RosterBook(rosters), nobody, nobody, time);
        SecondFactors = new SecondFactorStore(database);
        _registry = new RegistryStore(database);
        async ValueTask<bool> IsTakenAsync(string name, CancellationToken cancel) => await Accounts.FindAsync(name, cancel) is not null || await _registry.FindAsync(name, cancel) is not null;
        Invitations = new InvitationService(new InvitationStore(database), new InvitationOptions(), Links, IsTakenAsync, jid, time);
        _rights = new ThingRights(_registry, Accounts, Links, pubSub.Hub, jid);
        Things = new ThingProvisioning(_registry, _rights, Accounts, Links, new RegistryOptions(), time);
    }

    /// <summary>The data folder of <c>iotxmpp up</c>, when no other is named.</summary>
    public static string DefaultFolder => Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "iotxmpp", "up");

    /// <summary>The served domain.</summary>
    public string Domain { get; }

    /// <summary>The accounts.</summary>
    public AccountStore Store { get; }

    /// <summary>What can be done with accounts.</summary>
    public AccountService Accounts { get; }

    /// <summary>Second factors at the pages.</summary>
    public SecondFactorStore SecondFactors { get; }

    /// <summary>Who sees whom.</summary>
    public RosterLinks Links { get; }

    /// <summary>Links that let people in.</summary>
    public InvitationService Invitations { get; }

    /// <summary>Makes things and takes them back.</summary>
    public ThingProvisioning Things { get; }

    /// <summary>Opens the data.</summary>
    /// <param name="folder">The data folder.</param>
    /// <param name="domain">The served domain.</param>
    /// <param name="create">Whether a folder that is not there is made.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <exception cref="CliException">There is no such folder, or no such domain.</exception>
    public static async Task<DataAccess> OpenAsync(string folder, string domain, bool create, CancellationToken cancel)
    {
        if (!JidPrep.TryDomainpart(domain, out string? prepared))
        {
            throw new CliException(ExitCode.Usage, $"'{domain}' is no domain; --domain names the one that the hub serves");
        }

        string full = Path.GetFullPath(folder);
        if (!Directory.Exists(full))
        {
            if (!create)
            {
                throw new CliException(ExitCode.Usage, $"there is no data folder {full}; --data names the hub's");
            }

            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(full);
            }
            else
            {
                Directory.CreateDirectory(full, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }
        }

        ISqlDatabase database = SqlDatabase.Open(new StorageOptions(), full, NullLoggerFactory.Instance);
        try
        {
            await database.MigrateAsync(HubModules.Migrations, cancel);
            return new DataAccess(database, prepared);
        }
        catch
        {
            await database.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _rights.Dispose();
        _registry.Dispose();
        return _database.DisposeAsync();
    }

    private sealed class Nobody : IPubSubOutbox, IPubSubPresence
    {
        public void Send(PubSubEvent notification, IReadOnlyList<Jid> recipients)
        {
            // A hub that runs beside us notifies for itself.
        }

        public bool IsAvailable(Jid jid) => false;

        public ShowValues ShowsOf(Jid jid) => ShowValues.None;
    }
}
