using IotXmpp.Hub.Storage;
using Microsoft.Extensions.Logging;

namespace IotXmpp.MailGateway;

/// <summary>The parts of the gateway put together: connection, rules, queue.</summary>
public static class MailGatewayHost
{
    /// <summary>How long a conversation that nobody goes on with is remembered; default 90 days.</summary>
    public static readonly TimeSpan ThreadLifetime = TimeSpan.FromDays(90);

    /// <summary>Runs until it is cancelled.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="loggers">Where logs go.</param>
    /// <param name="sender">Sends mail; null for SMTP by the settings.</param>
    /// <param name="time">The clock; null for the system's.</param>
    /// <param name="connected">Called when the hub has taken it in.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="UnauthorizedAccessException">The hub refuses it.</exception>
    public static async Task RunAsync(GatewayOptions options, ILoggerFactory loggers, IMailSender? sender = null, TimeProvider? time = null, Action? connected = null, CancellationToken cancel = default)
    {
        time ??= TimeProvider.System;
        Directory.CreateDirectory(options.Data);
        await using ISqlDatabase database = SqlDatabase.Open(new StorageOptions(), options.Data, loggers);
        await database.MigrateAsync(GatewayStore.Migrations, cancel).ConfigureAwait(false);
        var store = new GatewayStore(database);
        await store.SweepAsync(time.GetUtcNow() - ThreadLifetime).ConfigureAwait(false);
        ILogger log = loggers.CreateLogger("IotXmpp.MailGateway");
        var component = new Component(options.Hub, options.Domain, options.Secret, log);
        var outbox = new Outbox(store, sender ?? new SmtpSender(options), options, time, log);
        var gateway = new Gateway(options, store, outbox, stanza => component.SendAsync(stanza, cancel).AsTask(), time, log);
        outbox.Bounced = gateway.BouncedAsync;
        component.Received = (stanza, _) => gateway.ReceivedAsync(stanza);
        component.Connected = _ =>
        {
            connected?.Invoke();
            return gateway.ConnectedAsync();
        };
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task sending = outbox.RunAsync(ended.Token);
        Task listening = component.RunAsync(ended.Token);
        Task first = await Task.WhenAny(sending, listening).ConfigureAwait(false);
        await ended.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(sending, listening).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first.ConfigureAwait(false);
    }
}
