using Microsoft.Extensions.Logging;

namespace IotXmpp.MailGateway;

/// <summary>
/// Sends what waits in the store, one mail at a time, the one that is due first. A mail that the server will never take, or that was tried often enough, comes back to who sent it. What was handed over when
/// the process ended in between may be sent twice, never lost.
/// </summary>
public sealed class Outbox(GatewayStore store, IMailSender sender, GatewayOptions options, TimeProvider time, ILogger log)
{
    private readonly SemaphoreSlim _wake = new(0, 1);

    /// <summary>Called with a mail that is given up, and why.</summary>
    public Func<Mail, string, Task>? Bounced { get; set; }

    /// <summary>Something is in the queue.</summary>
    public void Wake()
    {
        try
        {
            _wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is awake.
        }
    }

    /// <summary>Runs until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            (Mail? mail, DateTimeOffset? next) = await store.NextAsync(time.GetUtcNow()).ConfigureAwait(false);
            if (mail is null)
            {
                await WaitAsync(next, cancel).ConfigureAwait(false);
                continue;
            }

            MailResult result = await sender.SendAsync(mail, cancel).ConfigureAwait(false);
            if (result.IsSent)
            {
                OutboxLog.Sent(log, mail.Id, mail.User);
                await store.DoneAsync(mail.Id).ConfigureAwait(false);
            }
            else if (result.IsFinal || mail.Attempts + 1 >= options.Attempts)
            {
                OutboxLog.GivenUp(log, mail.Id, mail.User, result.Text);
                // The word first: told twice is better than never.
                await (Bounced?.Invoke(mail, result.Text) ?? Task.CompletedTask).ConfigureAwait(false);
                await store.DoneAsync(mail.Id).ConfigureAwait(false);
            }
            else
            {
                OutboxLog.Later(log, mail.Id, mail.User, result.Text);
                await store.LaterAsync(mail.Id, time.GetUtcNow() + (TimeSpan.FromSeconds(options.RetrySeconds) * Math.Pow(2, Math.Min(mail.Attempts, 20)))).ConfigureAwait(false);
            }
        }
    }

    private async Task WaitAsync(DateTimeOffset? next, CancellationToken cancel)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task due = next is { } at ? Task.Delay(at - time.GetUtcNow() is { Ticks: > 0 } wait ? wait : TimeSpan.Zero, time, ended.Token) : Task.Delay(Timeout.InfiniteTimeSpan, ended.Token);
        await Task.WhenAny(due, _wake.WaitAsync(ended.Token)).ConfigureAwait(false);
        await ended.CancelAsync().ConfigureAwait(false);
        cancel.ThrowIfCancellationRequested();
    }
}

/// <summary>Logs of <see cref="Outbox"/>: numbers and users, never texts.</summary>
internal static partial class OutboxLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Mail {Id} of {User} is sent")]
    public static partial void Sent(ILogger log, long id, string user);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Mail {Id} of {User} waits: {Reason}")]
    public static partial void Later(ILogger log, long id, string user, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Mail {Id} of {User} comes back: {Reason}")]
    public static partial void GivenUp(ILogger log, long id, string user, string reason);
}
