using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.Roster;
using IotXmpp.Hub.Server;
using IotXmpp.Hub.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace IotXmpp.Cli.Hub;

/// <summary>The data of a hub, opened directly: before its first start or while it runs (the database is made for several processes).</summary>
internal sealed class DataAccess : IAsyncDisposable
{
    private readonly ISqlDatabase _database;

    private DataAccess(ISqlDatabase database, string domain)
    {
        _database = database;
        Domain = domain;
        Store = new AccountStore(database, TimeProvider.System);
        Accounts = new AccountService(Store);
        Rosters = new RosterStore(database, new RosterOptions());
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

    /// <summary>The rosters.</summary>
    public RosterStore Rosters { get; }

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
    public ValueTask DisposeAsync() => _database.DisposeAsync();
}
