using System.Threading.Channels;
using IotXmpp.Hub.Features.PubSub;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Commands;

/// <summary>
/// Tells how queued commands stand by the nodes <c>things/&lt;thing-id&gt;/commands</c> (wire profile): an item a command, with all its states and their times. Behind the states, not before them: a notice that
/// is late holds up nothing, and of several that wait for one command the last is told.
/// </summary>
/// <param name="pubSub">The nodes.</param>
/// <param name="service">Who publishes.</param>
/// <param name="log">Logs.</param>
internal sealed class CommandNotices(PubSubService pubSub, Jid service, ILogger log)
{
    /// <summary>Notices that wait (10,000). Beyond it the oldest is dropped: the state itself is kept, and whoever asks is told.</summary>
    private const int MaxWaiting = 10_000;

    /// <summary>Notices that are published at a time (64): they share one commit.</summary>
    private const int Together = 64;

    private readonly Channel<ThingCommand> _waiting = Channel.CreateBounded<ThingCommand>(new BoundedChannelOptions(MaxWaiting) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
    private Task _telling = Task.CompletedTask;

    public void Start() => _telling = Task.Run(TellAsync);

    public void Tell(ThingCommand command)
    {
        if (command.Way == CommandWay.Queued)
        {
            _waiting.Writer.TryWrite(command);
        }
    }

    public async ValueTask StopAsync()
    {
        _waiting.Writer.TryComplete();
        await _telling.ConfigureAwait(false);
    }

    private async Task TellAsync()
    {
        var latest = new Dictionary<string, ThingCommand>(StringComparer.Ordinal);
        while (await _waiting.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            latest.Clear();
            while (latest.Count < Together && _waiting.Reader.TryRead(out ThingCommand? command))
            {
                latest[command.Id] = command;
            }

            await Task.WhenAll(latest.Values.Select(PublishAsync)).ConfigureAwait(false);
        }
    }

    private async Task PublishAsync(ThingCommand command)
    {
        try
        {
            string node = $"things/{command.Thing}/commands";
            ItemToPublish[] items = [new ItemToPublish(command.Id, CommandXml.ToBytes(command))];
            if ((await pubSub.Publisher.PublishAsync(service, node, items, null).ConfigureAwait(false)).Error is { Condition: "item-not-found" } && command.Error != "gone")
            {
                // A thing that was never entered in the registry has none yet.
                await pubSub.Hub.EnsureAsync(node, service, c => c with { AccessModel = AccessModel.Whitelist, Type = Ns.Command }, []).ConfigureAwait(false);
                await pubSub.Publisher.PublishAsync(service, node, items, null).ConfigureAwait(false);
            }
        }
        catch (StorageException e)
        {
            CommandLog.NotStored(log, e, command.Id);
        }
    }
}
