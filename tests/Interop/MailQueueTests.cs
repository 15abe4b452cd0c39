using IotXmpp.Hub.Storage;
using IotXmpp.MailGateway;
using IotXmpp.TestKit;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace IotXmpp.Interop.Tests;

/// <summary>The queue of the e-mail gateway: what was taken is sent after a restart, tried again with waits that double, and comes back in the end.</summary>
public sealed class MailQueueTests : IDisposable
{
    private readonly TempFolder folder = new("queue");
    private readonly ManualTime time = new();
    private readonly GatewayOptions options = new() { Domain = "mail.hub.test", From = "xmpp@example.net", Attempts = 3, RetrySeconds = 60, QueueMails = 2 };

    /// <inheritdoc/>
    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_mail_survives_a_restart_and_comes_back_after_its_last_attempt()
    {
        await using (var before = await OpenAsync())
        {
            Assert.True(await new GatewayStore(before).QueueAsync(MailTo("ann@example.org"), "t", time.GetUtcNow(), options.QueueMails));
        }

        await using var database = await OpenAsync();
        var store = new GatewayStore(database);
        var sender = new Deaf();
        var bounced = new TaskCompletionSource<(Mail, string)>();
        var outbox = new Outbox(store, sender, options, time, NullLogger.Instance) { Bounced = (mail, why) => Task.FromResult(bounced.TrySetResult((mail, why))) };
        using var end = new CancellationTokenSource();
        var running = outbox.RunAsync(end.Token);
        foreach (var wait in new[] { 60, 120 })
        {
            await Wait.UntilAsync(() => time.Waiting.Count == 1);
            Assert.Equal(TimeSpan.FromSeconds(wait), time.Waiting[0]);
            Assert.False(bounced.Task.IsCompleted);
            time.Advance(TimeSpan.FromSeconds(wait));
        }

        var (back, reason) = await bounced.Task.WaitAsync(Wait.Bound);
        Assert.Equal(("ann@example.org", "alice@hub.test", "not now"), (back.To, back.User, reason));
        Assert.Equal(3, sender.Attempts);
        await Wait.UntilAsync(async () => (await store.NextAsync(time.GetUtcNow())).Next is null);
        await end.CancelAsync();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    [Fact]
    public async Task The_queue_is_bounded_and_threads_are_told_by_their_first_and_latest_mails()
    {
        await using var database = await OpenAsync();
        var store = new GatewayStore(database);
        for (var i = 0; i < 15; i++)
        {
            Assert.True(await store.QueueAsync(MailTo("ann@example.org") with { MessageId = $"m{i}@mail.hub.test" }, "t", time.GetUtcNow(), options.QueueMails));
            var (mail, _) = await store.NextAsync(time.GetUtcNow());
            Assert.InRange(mail!.References.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length, Math.Min(i, 9), 10);
            Assert.True(i == 0 || (mail.References.StartsWith("m0@", StringComparison.Ordinal) && mail.References.EndsWith($"m{i - 1}@mail.hub.test", StringComparison.Ordinal)), mail.References);
            await store.DoneAsync(mail.Id);
        }

        Assert.True(await store.QueueAsync(MailTo("a@example.org"), "", time.GetUtcNow(), options.QueueMails));
        Assert.True(await store.QueueAsync(MailTo("b@example.org"), "", time.GetUtcNow(), options.QueueMails));
        Assert.False(await store.QueueAsync(MailTo("c@example.org"), "", time.GetUtcNow(), options.QueueMails));
        await store.RemoveAsync("alice@hub.test");
        Assert.Null((await store.NextAsync(time.GetUtcNow())).Next);
    }

    private static Mail MailTo(string address) => new(0, "alice@hub.test", "alice@hub.test/r", address, "alice@home.example", "s", "t", "1@mail.hub.test", "", 0);

    private async Task<ISqlDatabase> OpenAsync()
    {
        Directory.CreateDirectory(folder.File("data"));
        var database = SqlDatabase.Open(new StorageOptions(), folder.File("data"), NullLoggerFactory.Instance);
        await database.MigrateAsync(GatewayStore.Migrations);
        return database;
    }

    private sealed class Deaf : IMailSender
    {
        public int Attempts { get; private set; }

        public Task<MailResult> SendAsync(Mail mail, CancellationToken cancel)
        {
            Attempts++;
            return Task.FromResult(new MailResult(false, false, "not now"));
        }
    }
}
