using System.Text;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Sasl;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Accounts;

public sealed class AccountTests : IAsyncLifetime
{
    private readonly ManualTime _time = new();
    private ISqlDatabase _database = null!;
    private AccountStore _store = null!;
    private AccountService _accounts = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await TestDatabase.OpenAsync(AccountMigrations.All);
        _store = new AccountStore(_database, _time);
        _accounts = new AccountService(_store);
    }

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task An_account_has_keys_for_both_hashes_and_no_password()
    {
        Assert.Equal(AccountOutcome.Done, await _accounts.CreateAsync("alice", "wonderland-42"));
        foreach (ScramHash hash in Enum.GetValues<ScramHash>())
        {
            ScramCredentials? keys = await new CredentialStore(_store).FindAsync("alice", hash, default);
            Assert.NotNull(keys);
            Assert.Equal(hash, keys.Hash);
            Assert.True(keys.Iterations >= 4096);
            Assert.Equal(ScramCredentials.Derive(hash, "wonderland-42", keys.Iterations, keys.Salt).StoredKey, keys.StoredKey);
        }

        string dump = await DumpAsync();
        Assert.DoesNotContain("wonderland-42", dump, StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToHexString(Encoding.UTF8.GetBytes("wonderland-42")), dump, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_is_prepared_so_that_its_case_does_not_matter()
    {
        await _accounts.CreateAsync("Alice", "secret");
        Assert.Equal(AccountOutcome.Exists, await _accounts.CreateAsync("ALICE", "other"));
        Assert.Equal("alice", (await _accounts.FindAsync("aLICE"))?.Name);
    }

    [Theory]
    [InlineData("", AccountOutcome.BadName)]
    [InlineData("a b", AccountOutcome.BadName)]
    [InlineData("a@b", AccountOutcome.BadName)]
    [InlineData("a/b", AccountOutcome.BadName)]
    public async Task A_name_that_is_no_localpart_is_refused(string name, AccountOutcome expected) => Assert.Equal(expected, await _accounts.CreateAsync(name, "secret"));

    [Theory]
    [InlineData("")]
    [InlineData("tab\tinside")]
    public async Task A_password_that_OpaqueString_forbids_is_refused(string password) => Assert.Equal(AccountOutcome.BadPassword, await _accounts.CreateAsync("alice", password));

    [Fact]
    public async Task A_password_of_1025_characters_is_refused() => Assert.Equal(AccountOutcome.BadPassword, await _accounts.CreateAsync("alice", new string('x', 1025)));

    [Fact]
    public async Task A_new_password_counts_at_once_and_the_old_one_no_more()
    {
        await _accounts.CreateAsync("alice", "old");
        ScramCredentials before = (await _store.FindKeysAsync("alice", ScramHash.Sha256))!;
        _time.Now += TimeSpan.FromMinutes(1);
        Assert.Equal(AccountOutcome.Done, await _accounts.ChangePasswordAsync("alice", "new"));
        ScramCredentials after = (await _store.FindKeysAsync("alice", ScramHash.Sha256))!;
        Assert.NotEqual(before.StoredKey, after.StoredKey);
        Assert.True(AccountService.Matches(after, "new"));
        Assert.False(AccountService.Matches(after, "old"));
        Assert.Equal(_time.Now, (await _accounts.FindAsync("alice"))!.PasswordChanged);
    }

    [Fact]
    public async Task A_disabled_account_is_marked_and_told()
    {
        var told = new List<(string, AccountChange)>();
        _accounts.Changed += (name, change) => told.Add((name, change));
        await _accounts.CreateAsync("alice", "secret", administrator: true);
        Assert.False((await _store.FindKeysAsync("alice", ScramHash.Sha1))!.IsDisabled);
        await _accounts.SetDisabledAsync("alice", true);
        Assert.True((await _store.FindKeysAsync("alice", ScramHash.Sha1))!.IsDisabled);
        Assert.False(await _accounts.IsAdministratorAsync("alice"));
        await _accounts.SetDisabledAsync("alice", false);
        Assert.False((await _store.FindKeysAsync("alice", ScramHash.Sha1))!.IsDisabled);
        await _accounts.RemoveAsync("alice");
        Assert.Equal([("alice", AccountChange.Disabled), ("alice", AccountChange.Enabled), ("alice", AccountChange.Removed)], told);
    }

    [Fact]
    public async Task A_removed_account_is_gone_with_its_keys()
    {
        await _accounts.CreateAsync("alice", "secret");
        Assert.NotNull(await _store.FindKeysAsync("alice", ScramHash.Sha256));
        Assert.Equal(AccountOutcome.Done, await _accounts.RemoveAsync("alice"));
        Assert.Null(await _store.FindKeysAsync("alice", ScramHash.Sha256));
        Assert.Equal(AccountOutcome.NotFound, await _accounts.RemoveAsync("alice"));
        Assert.DoesNotContain("SCRAM", await DumpAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Roles_are_given_and_taken()
    {
        Assert.False(await _accounts.HasAdministratorAsync());
        await _accounts.CreateAsync("root", "secret", administrator: true);
        await _accounts.CreateAsync("alice", "secret");
        Assert.True(await _accounts.HasAdministratorAsync());
        Assert.True(await _accounts.IsAdministratorAsync("root"));
        Assert.False(await _accounts.IsAdministratorAsync("alice"));
        Assert.False(await _accounts.IsAdministratorAsync("nobody"));
        await _accounts.SetAdministratorAsync("alice", true);
        Assert.True(await _accounts.IsAdministratorAsync("alice"));
        await _accounts.SetAdministratorAsync("alice", false);
        Assert.False(await _accounts.IsAdministratorAsync("alice"));
        Assert.Equal(AccountOutcome.NotFound, await _accounts.SetAdministratorAsync("nobody", true));
    }

    [Fact]
    public async Task A_thing_has_an_owner_once_it_is_given_one()
    {
        var domain = new Jid("", "example.org", "");
        var directory = new AccountDirectory(_store, new AccountService(_store), domain);
        await _accounts.CreateAsync("esp32-1", "secret");
        await _accounts.CreateAsync("root", "secret", administrator: true);
        Assert.Null(await directory.OwnerAsync("esp32-1"));
        await _accounts.SetOwnerAsync("esp32-1", new Jid("alice", "example.org", ""));
        Assert.Equal("alice@example.org", (await directory.OwnerAsync("esp32-1"))!.ToString());
        Assert.True(await directory.ExistsAsync("esp32-1"));
        Assert.False(await directory.ExistsAsync("esp32-2"));
        Assert.True(await directory.IsAdministratorAsync(new Jid("root", "example.org", "")));
        Assert.False(await directory.IsAdministratorAsync(new Jid("root", "elsewhere.org", "")));
        Assert.False(await directory.IsAdministratorAsync(new Jid("esp32-1", "example.org", "")));
    }

    [Fact]
    public async Task Accounts_are_listed_by_pages()
    {
        foreach (string name in new[] { "c", "a", "b" })
        {
            await _accounts.CreateAsync(name, "secret");
        }

        Assert.Equal(["a", "b"], (await _accounts.ListAsync("", 2)).Select(a => a.Name));
        Assert.Equal(["c"], (await _accounts.ListAsync("b", 2)).Select(a => a.Name));
        Assert.Equal(3, await _accounts.CountAsync());
    }

    [Fact]
    public async Task The_cache_keeps_what_is_unchanged()
    {
        await _accounts.CreateAsync("alice", "secret");
        ScramCredentials? first = await _store.FindKeysAsync("alice", ScramHash.Sha256);
        Assert.Same(first, await _store.FindKeysAsync("alice", ScramHash.Sha256));
        Assert.Equal(1, _store.CachedCount);
        await _store.FindKeysAsync("nobody", ScramHash.Sha256);
        Assert.Equal(1, _store.CachedCount);
    }

    [Fact]
    public async Task What_another_process_changes_counts_at_once()
    {
        string folder = Directory.CreateTempSubdirectory("iotxmpp-accounts-").FullName;
        try
        {
            await using ISqlDatabase hub = SqlDatabase.Open(new StorageOptions(), folder, NullLoggerFactory.Instance);
            await hub.MigrateAsync(AccountMigrations.All);
            var hubStore = new AccountStore(hub, _time);
            Assert.Null(await hubStore.FindKeysAsync("alice", ScramHash.Sha256));

            await using ISqlDatabase other = SqlDatabase.Open(new StorageOptions(), folder, NullLoggerFactory.Instance);
            await other.MigrateAsync(AccountMigrations.All);
            var otherAccounts = new AccountService(new AccountStore(other, _time));
            await otherAccounts.CreateAsync("alice", "first");
            Assert.True(AccountService.Matches((await hubStore.FindKeysAsync("alice", ScramHash.Sha256))!, "first"));
            await otherAccounts.ChangePasswordAsync("alice", "second");
            Assert.True(AccountService.Matches((await hubStore.FindKeysAsync("alice", ScramHash.Sha256))!, "second"));
            await otherAccounts.RemoveAsync("alice");
            Assert.Null(await hubStore.FindKeysAsync("alice", ScramHash.Sha256));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Import_makes_accounts_and_reports_bad_lines_by_number_and_reason()
    {
        const string csv = "\uFEFFname,password\nalice,secret\n\nBob@Example.org,with,comma\n\"car\"\"ol\",x\n\"dave\",\"quoted, \"\"pass\"\"\"\nno comma\n,nameless\nerin,\nALICE,again\nfrank@elsewhere.org,x\ngrace,bad\u0007bell\nheidi,last";
        ImportReport report = await ImportAsync(csv);
        Assert.Equal((13, 4, 0, 0), (report.Lines, report.Created, report.Updated, report.Unchanged));
        Assert.Equal([5, 7, 8, 9, 10, 11, 12], report.Bad.Select(b => b.Number).Order());
        Assert.Contains(report.Bad, b => b.Number == 10 && b.Reason.Contains("line 2", StringComparison.Ordinal));
        Assert.DoesNotContain(report.Bad, b => b.Reason.Contains("bell", StringComparison.Ordinal));
        Assert.True(AccountService.Matches((await _store.FindKeysAsync("bob", ScramHash.Sha256))!, "with,comma"));
        Assert.True(AccountService.Matches((await _store.FindKeysAsync("dave", ScramHash.Sha1))!, "quoted, \"pass\""));
        Assert.True(AccountService.Matches((await _store.FindKeysAsync("heidi", ScramHash.Sha256))!, "last"));
    }

    [Fact]
    public async Task The_same_import_twice_changes_nothing()
    {
        string csv = string.Concat(Enumerable.Range(0, 60).Select(i => $"user{i},pass{i}\n"));
        ImportReport first = await ImportAsync(csv);
        ScramCredentials keys = (await _store.FindKeysAsync("user7", ScramHash.Sha256))!;
        await _accounts.SetAdministratorAsync("user7", true);
        ImportReport second = await ImportAsync(csv);
        Assert.Equal((60, 0, 0), (first.Created, first.Updated, first.Unchanged));
        Assert.Equal((0, 0, 60), (second.Created, second.Updated, second.Unchanged));
        Assert.Equal(keys.StoredKey, (await _store.FindKeysAsync("user7", ScramHash.Sha256))!.StoredKey);
        ImportReport third = await ImportAsync("user7,another\n");
        Assert.Equal((0, 1, 0), (third.Created, third.Updated, third.Unchanged));
        Assert.True((await _accounts.FindAsync("user7"))!.IsAdministrator);
    }

    [Fact]
    public async Task Import_tells_its_progress()
    {
        var told = new List<int>();
        await ImportAsync(string.Concat(Enumerable.Range(0, AccountImport.BatchAccounts + 1).Select(i => $"u{i},p\n")), new Progress(r => told.Add(r.Created)));
        Assert.Equal([AccountImport.BatchAccounts, AccountImport.BatchAccounts + 1], told);
    }

    [Fact]
    public async Task A_file_that_is_no_list_is_refused()
    {
        string csv = string.Concat(Enumerable.Repeat("rubbish\n", AccountImport.BadLineLimit + 1));
        await Assert.ThrowsAsync<InvalidDataException>(() => ImportAsync(csv));
    }

    private async Task<ImportReport> ImportAsync(string csv, IProgress<ImportReport>? progress = null)
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(csv));
        return await new AccountImport(_store).RunAsync(stream, "example.org", progress);
    }

    private ValueTask<string> DumpAsync() => _database.ReadAsync(s =>
    {
        var text = new StringBuilder();
        SqlStatement accounts = s.Prepare("SELECT name FROM account");
        while (accounts.Read())
        {
            text.AppendLine(accounts.GetString(0));
        }

        SqlStatement keys = s.Prepare("SELECT mechanism, salt, stored_key, server_key FROM account_key");
        while (keys.Read())
        {
            text.Append(keys.GetString(0)).Append(Convert.ToHexString(keys.GetBytes(1))).Append(Convert.ToHexString(keys.GetBytes(2))).AppendLine(Convert.ToHexString(keys.GetBytes(3)));
        }

        return text.ToString();
    });

    private sealed class Progress(Action<ImportReport> report) : IProgress<ImportReport>
    {
        public void Report(ImportReport value) => report(value);
    }
}
