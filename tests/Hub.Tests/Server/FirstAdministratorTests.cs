using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Sasl;
using IotXmpp.Hub.Server;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Tests.Features;
using Xunit;

namespace IotXmpp.Hub.Tests.Server;

public sealed class FirstAdministratorTests
{
    [Fact]
    public async Task It_is_made_once_and_its_password_works()
    {
        await using ISqlDatabase database = await TestDatabase.OpenAsync(AccountMigrations.All);
        var store = new AccountStore(database, TimeProvider.System);
        var accounts = new AccountService(store);
        FirstAdministrator? made = await FirstAdministrator.EnsureAsync(accounts, "admin", "example.org");
        Assert.Equal("admin@example.org", made!.Jid);
        Assert.Matches("^[a-z0-9]{5}(-[a-z0-9]{5}){3}$", made.Password);
        ScramCredentials? keys = await store.FindKeysAsync("admin", ScramHash.Sha256);
        Assert.True(keys!.Verify(made.Password));
        Assert.True(await accounts.IsAdministratorAsync("admin"));
        Assert.Null(await FirstAdministrator.EnsureAsync(accounts, "admin", "example.org"));
    }

    [Fact]
    public async Task An_account_of_that_name_is_not_taken_over()
    {
        await using ISqlDatabase database = await TestDatabase.OpenAsync(AccountMigrations.All);
        var accounts = new AccountService(new AccountStore(database, TimeProvider.System));
        await accounts.CreateAsync("admin", "somebody's own");
        Assert.Equal("admin-2@example.org", (await FirstAdministrator.EnsureAsync(accounts, "admin", "example.org"))!.Jid);
        Assert.False(await accounts.IsAdministratorAsync("admin"));
    }

    [Fact]
    public void Passwords_differ() => Assert.Equal(100, Enumerable.Range(0, 100).Select(_ => FirstAdministrator.NewPassword()).Distinct().Count());
}
