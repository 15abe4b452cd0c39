using IotXmpp.Hub.Features.Audit;
using IotXmpp.Hub.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Audit;

/// <summary>What is kept of what people did, on either database.</summary>
public abstract class AdminAuditSpecification : IAsyncLifetime
{
    private readonly ManualTime _time = new();
    private ISqlDatabase _database = null!;
    private AdminAudit _audit = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await OpenAsync();
        _audit = new AdminAudit(new AdminAuditStore(_database), new AdminAuditOptions { Days = 10, MaxEntries = 1_000, RefusedPerHour = 3 }, _time, NullLogger.Instance);
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return _database.DisposeAsync();
    }

    [Fact]
    public async Task The_newest_come_first_by_pages()
    {
        var told = new List<long>();
        _audit.Added += e => told.Add(e.Id);
        for (int i = 0; i < 5; i++)
        {
            await _audit.NoteAsync("boss@hub.test", "disable-user", $"u{i}@hub.test", "done", "192.0.2.1");
        }

        List<AdminAuditEntry> first = await _audit.ListAsync(long.MaxValue, 2);
        Assert.Equal(["u4@hub.test", "u3@hub.test"], first.Select(e => e.About));
        Assert.Equal(["u2@hub.test", "u1@hub.test", "u0@hub.test"], (await _audit.ListAsync(first[^1].Id, 10)).Select(e => e.About));
        Assert.Equal(told.Order(), told);
        Assert.Equal((_time.Now, "192.0.2.1"), (first[0].At, first[0].Peer));
    }

    [Fact]
    public async Task Who_guesses_cannot_push_out_what_others_did()
    {
        for (int i = 0; i < 10; i++)
        {
            await _audit.NoteRefusedAsync("", "sign-in", "not-authorized", "192.0.2.1");
        }

        Assert.Equal(3, (await _audit.ListAsync(long.MaxValue, 100)).Count);
        _time.Now += TimeSpan.FromHours(1);
        await _audit.NoteRefusedAsync("", "sign-in", "not-authorized", "192.0.2.1");
        Assert.Equal(4, (await _audit.ListAsync(long.MaxValue, 100)).Count);
    }

    [Fact]
    public async Task What_is_old_or_too_much_goes_and_texts_are_bounded()
    {
        await _audit.NoteAsync("boss@hub.test", "old");
        _time.Now += TimeSpan.FromDays(11);
        for (int i = 0; i < 1_600; i++)
        {
            await _audit.NoteAsync("boss@hub.test", "new", new string('x', i == 1_599 ? 100_000 : 3));
        }

        int count = 0;
        for (long before = long.MaxValue; ;)
        {
            List<AdminAuditEntry> page = await _audit.ListAsync(before, 1000);
            Assert.DoesNotContain(page, e => e.What == "old" || e.About.Length > AdminAudit.MaxChars);
            count += page.Count;
            if (page.Count < 1000)
            {
                break;
            }

            before = page[^1].Id;
        }

        Assert.InRange(count, 1_000, 1_500);
    }

    protected abstract Task<ISqlDatabase> OpenAsync();
}

public sealed class SqliteAdminAuditTests : AdminAuditSpecification
{
    protected override Task<ISqlDatabase> OpenAsync() => TestDatabase.OpenAsync(AdminAuditStore.Migrations);
}

public sealed class PostgresAdminAuditTests : AdminAuditSpecification
{
    protected override Task<ISqlDatabase> OpenAsync() => TestDatabase.OpenPostgresAsync(AdminAuditStore.Migrations);
}
