using System.Collections.Immutable;
using System.Threading.Channels;
using IotXmpp.Hub.Features.PubSub;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Alerts;

/// <summary>
/// Tells what is open by the nodes <c>things/&lt;thing-id&gt;/alerts</c>: an item an alert, under its number, retracted when it is over (XEP-0060 §7.2). Whoever may see the thing reads and subscribes, like its other
/// nodes. Behind the alerts, not before them: what did not get there (a full queue, a crash, a database that was away) is made good by comparing the nodes with what is open.
/// </summary>
/// <param name="pubSub">The nodes.</param>
/// <param name="service">Who publishes.</param>
/// <param name="open">The open alerts.</param>
/// <param name="things">All things.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Logs.</param>
internal sealed class AlertNodes(
    PubSubService pubSub, Jid service, Func<CancellationToken, ValueTask<List<Alert>>> open, Func<CancellationToken, ValueTask<ImmutableSortedDictionary<string, Thing>>> things, TimeProvider time, ILogger log)
{
    /// <summary>The last part of the nodes' names.</summary>
    public const string Name = "alerts";

    /// <summary>Alerts that wait to be told (10,000). Beyond it nodes are compared with what is open instead.</summary>
    private const int MaxWaiting = 10_000;

    /// <summary>Nodes that are written at a time (64): they share a commit.</summary>
    private const int Together = 64;

    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(5);

    private readonly Channel<Alert> _waiting = Channel.CreateBounded<Alert>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true });
    private readonly CancellationTokenSource _end = new();
    private Task _telling = Task.CompletedTask;
    private int _isBehind = 1; // until all was compared once

    /// <summary>Begins.</summary>
    public void Start() => _telling = Task.Run(() => TellAsync(_end.Token));

    /// <summary>An alert is another one than before. Does not wait.</summary>
    public void Tell(Alert alert)
    {
        if (!_waiting.Writer.TryWrite(alert))
        {
            Volatile.Write(ref _isBehind, 1);
        }
    }

    /// <summary>Makes the node of a thing, where there is none.</summary>
    public async Task EnsureAsync(string thing, CancellationToken cancel = default) => await pubSub.Hub.EnsureAsync(
        NodeOf(thing), service, Configured, [], cancel).ConfigureAwait(false);

    /// <summary>Ends; what has come until now is told, unless the database gives no answer.</summary>
    public async ValueTask StopAsync()
    {
        _waiting.Writer.TryComplete();
        _end.CancelAfter(TimeSpan.FromSeconds(5));
        await _telling.ConfigureAwait(false);
        _end.Dispose();
    }

    private static NodeConfiguration Configured(NodeConfiguration usual) => usual with { AccessModel = AccessModel.Whitelist, Type = AlertXml.Namespace, MaxItems = NodeConfiguration.MaxItemsMax };

    private static string NodeOf(string thing) => $"things/{thing}/{Name}";

    private static string IdOf(Alert alert) => alert.Id.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static byte[] Payload(Alert alert)
    {
        using var xml = new XmlBuilder();
        AlertXml.Write(xml, alert);
        return xml.ToArray();
    }

    private async Task TellAsync(CancellationToken cancel)
    {
        var latest = new Dictionary<long, Alert>();
        try
        {
            do
            {
                latest.Clear();
                try
                {
                    if (Interlocked.Exchange(ref _isBehind, 0) != 0)
                    {
                        await CompareAsync(cancel).ConfigureAwait(false);
                    }

                    while (latest.Count < Together && _waiting.Reader.TryRead(out Alert? alert))
                    {
                        latest[alert.Id] = alert; // of one that changes quickly the last is told
                    }

                    await Task.WhenAll(latest.Values.Select(a => a.Cleared is null ? PublishAsync(a, cancel) : RetractAsync(a.Thing, IdOf(a), cancel))).ConfigureAwait(false);
                }
                catch (StorageException e)
                {
                    AlertsLog.NotTold(log, e);
                    Volatile.Write(ref _isBehind, 1);
                    await Task.Delay(s_retry, time, cancel).ConfigureAwait(false);
                }
            }
            while (Volatile.Read(ref _isBehind) != 0 || _waiting.Reader.Count > 0 || await _waiting.Reader.WaitToReadAsync(cancel).ConfigureAwait(false));
        }
        catch (OperationCanceledException)
        {
            // The hub stops.
        }
    }

    // What is open stands on the nodes, and nothing else. An alert that changes meanwhile comes behind this by the queue.
    private async Task CompareAsync(CancellationToken cancel)
    {
        await pubSub.Hub.TakeBackAsync(Name, service, Configured, cancel).ConfigureAwait(false); // made before the name was reserved
        Dictionary<string, Dictionary<string, byte[]>> told = await pubSub.Hub.ItemsOfThingsAsync(Name, cancel).ConfigureAwait(false);
        ILookup<string, Alert> opened = (await open(cancel).ConfigureAwait(false)).ToLookup(a => a.Thing, StringComparer.Ordinal);
        foreach (string[] some in (await things(cancel).ConfigureAwait(false)).Keys.Where(t => !told.ContainsKey(t)).Chunk(Together))
        {
            await Task.WhenAll(some.Select(t => EnsureAsync(t, cancel))).ConfigureAwait(false);
        }

        foreach ((string thing, Dictionary<string, byte[]> items) in told)
        {
            foreach (string id in items.Keys.Except(opened[thing].Select(IdOf), StringComparer.Ordinal))
            {
                await RetractAsync(thing, id, cancel).ConfigureAwait(false);
            }
        }

        foreach (Alert alert in opened.SelectMany(a => a))
        {
            if (!(told.TryGetValue(alert.Thing, out Dictionary<string, byte[]>? items) && items.TryGetValue(IdOf(alert), out byte[]? payload) && payload.AsSpan().SequenceEqual(Payload(alert))))
            {
                await PublishAsync(alert, cancel).ConfigureAwait(false);
            }
        }
    }

    private async Task PublishAsync(Alert alert, CancellationToken cancel)
    {
        ItemToPublish[] items = [new ItemToPublish(IdOf(alert), Payload(alert))];
        if ((await pubSub.Publisher.PublishAsync(service, NodeOf(alert.Thing), items, null, cancel).ConfigureAwait(false)).Error is { Condition: "item-not-found" or "forbidden" } && (await things(cancel).ConfigureAwait(false)).ContainsKey(alert.Thing))
        {
            // A thing that has had its owner since before there were such nodes.
            await EnsureAsync(alert.Thing, cancel).ConfigureAwait(false);
            await pubSub.Publisher.PublishAsync(service, NodeOf(alert.Thing), items, null, cancel).ConfigureAwait(false);
        }
    }

    private async Task RetractAsync(string thing, string id, CancellationToken cancel) =>
        await pubSub.Publisher.RetractAsync(service, NodeOf(thing), [id], notify: true, cancel).ConfigureAwait(false);
}
