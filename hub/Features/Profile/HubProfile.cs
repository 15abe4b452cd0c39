using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Storage.Migrations;

namespace IotXmpp.Hub.Features.Profile;

/// <summary>What a hub is called by its people, and whether it is new: its first administrator still has the one-time password that the first start has shown.</summary>
/// <param name="database">The hub's database.</param>
/// <param name="accounts">The accounts.</param>
/// <param name="domain">The served domain: the name until it has another.</param>
public sealed class HubProfile(ISqlDatabase database, AccountService accounts, string domain)
{
    /// <summary>Characters of a name (60): it stands at the top of each page, on a phone too.</summary>
    public const int MaxNameChars = 60;

    private const string NameKey = "name";
    private const string FirstKey = "first-administrator";

    private string? _name;

    /// <summary>The tables. A released migration never changes.</summary>
    public static IReadOnlyList<Migration> Migrations { get; } =
    [
        new("Profile", 1, "what the hub is called, and who its first administrator is", """
            CREATE TABLE hub_profile (item {text} NOT NULL PRIMARY KEY, content {text} NOT NULL){keyonly};
            """),
    ];

    /// <summary>The name; the domain where none was given.</summary>
    public string Name => _name ?? domain;

    /// <summary>Reads the name.</summary>
    public async ValueTask StartAsync(CancellationToken cancel = default) => _name = await ReadAsync(NameKey, cancel).ConfigureAwait(false);

    /// <summary>Gives the hub a name; false for one that is empty, too long or has control characters.</summary>
    public async Task<bool> RenameAsync(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        name = name.Trim();
        if (name.Length is 0 or > MaxNameChars || name.Any(char.IsControl))
        {
            return false;
        }

        await WriteAsync(NameKey, name).ConfigureAwait(false);
        _name = name;
        return true;
    }

    /// <summary>Notes whom the first start has made.</summary>
    public Task FirstStartAsync(string administrator) => WriteAsync(FirstKey, administrator);

    /// <summary>The localpart of the first administrator while it has the password of the first start; null as soon as it has another, or is no longer there.</summary>
    public async ValueTask<string?> FirstAdministratorAsync(CancellationToken cancel = default) =>
        await ReadAsync(FirstKey, cancel).ConfigureAwait(false) is { } name && await accounts.FindAsync(name, cancel).ConfigureAwait(false) is { IsAdministrator: true, IsDisabled: false } account && account.PasswordChanged == account.Created
            ? name
            : null;

    private ValueTask<string?> ReadAsync(string item, CancellationToken cancel) => database.ReadAsync(
        session =>
        {
            SqlStatement row = session.Prepare("SELECT content FROM hub_profile WHERE item = $1").Bind(1, item);
            string? content = row.Read() ? row.GetString(0) : null;
            row.Reset();
            return content;
        },
        cancel);

    private Task WriteAsync(string item, string content) => database.WriteAsync(session =>
    {
        session.Prepare("INSERT INTO hub_profile (item, content) VALUES ($1, $2) ON CONFLICT (item) DO UPDATE SET content = excluded.content").Bind(1, item).Bind(2, content).Execute();
    });
}
