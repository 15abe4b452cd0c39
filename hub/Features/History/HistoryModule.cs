using System.Collections.Concurrent;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.PubSub;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.History;

/// <summary>
/// What things have measured, read back from the hub by XEP-0323 at <c>things.&lt;domain&gt;</c>: the latest values of some things or of all that one may read, samples one by one, or one value a
/// second, minute, hour or day. Stands behind PubSub and Registry in <c>HubModules</c>.
/// </summary>
/// <param name="database">Where samples are kept.</param>
/// <param name="access">Who may read what.</param>
/// <param name="things">Tells when one is forgotten.</param>
/// <param name="pubSub">Where they publish.</param>
public sealed class HistoryModule(ISqlDatabase database, ThingAccess access, RegistryModule things, PubSubModule pubSub) : IXmppModule
{
    /// <summary>Requests of one asker that are being answered at a time (4); one more is refused.</summary>
    private const int MaxAtATime = 4;

    private readonly ConcurrentDictionary<(Jid Asker, string Sequence), CancellationTokenSource> _running = new();
    private IHub _hub = null!;
    private Jid _service = null!;
    private ILogger _log = null!;

    /// <inheritdoc/>
    public string Name => "History";

    /// <inheritdoc/>
    public Xep[] Xeps => [new("XEP-0323", "Internet of Things - Sensor Data", "0.6", "things answer, the hub checks the right and routes; at things.<domain> the hub answers with what it has kept: latest values, samples, one value a second, minute, hour or day")];

    /// <summary>The samples; after <see cref="Register"/>.</summary>
    public HistoryService Service { get; private set; } = null!;

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        _hub = module.Hub;
        _log = _hub.Loggers.CreateLogger<HistoryModule>();
        _service = new Jid(string.Empty, RegistryModule.Subdomain + "." + _hub.Domain.Domain, string.Empty);
        Service = new HistoryService(database, module.Options<HistoryOptions>("History"), _hub.Time, _hub.Loggers.CreateLogger<HistoryService>());
        pubSub.Service.KeepBy(new TelemetryKeeper(Service));
        module.Component(RegistryModule.Subdomain).Feature(Ns.SensorData)
            .Iq(StanzaType.Get, "req", Ns.SensorData, ReadAsync)
            .Iq(StanzaType.Get, "cancel", Ns.SensorData, Cancel);
        _hub.Accounts.Removed += name => Service.ForgetAsync(name); // also of one that was never entered
        things.Provisioning.Forgetting += thing => Service.ForgetAsync(thing.Id);
        module.Starting(Service.StartAsync);
        module.Stopping(async _ =>
        {
            foreach (CancellationTokenSource running in _running.Values)
            {
                await running.CancelAsync().ConfigureAwait(false);
            }

            await Service.DisposeAsync().ConfigureAwait(false);
        });
    }

    private async ValueTask<IqReply> ReadAsync(IqRequest request, CancellationToken cancel)
    {
        if (!ReadOut.TryRead(request.Payload(), _hub.Time.GetUtcNow(), out ReadOut? read, out StanzaError? error))
        {
            return error;
        }

        foreach (string id in read.Things)
        {
            // Who may not read a thing does not learn whether there is one.
            if (!await access.MayAsync(request.From, id, ThingRight.See, null, cancel).ConfigureAwait(false))
            {
                return StanzaError.Forbidden;
            }
        }

        IReadOnlyList<string> things = read.Things.Count > 0 ? read.Things : await access.ThingsAsync(request.From, ThingRight.See, cancel).ConfigureAwait(false);
        if (_running.Keys.Count(k => k.Asker.Equals(request.From)) >= MaxAtATime)
        {
            return StanzaError.ResourceConstraint.With("Requests of before are still being answered.");
        }

        var end = CancellationTokenSource.CreateLinkedTokenSource(CancellationToken.None);
        if (!_running.TryAdd((request.From, read.Sequence), end))
        {
            end.Dispose();
            return StanzaError.Conflict.With("A request with this seqnr is being answered.");
        }

        using var accepted = new XmlBuilder();
        _hub.Router.Reply(request.Stanza, IqReply.Result(accepted.Open("accepted"u8, Ns.SensorData).Attribute("seqnr"u8, read.Sequence).Close("accepted"u8)));
        _ = AnswerAsync(request.From, request.Session, read, things, end);
        return IqReply.Later;
    }

    private ValueTask<IqReply> Cancel(IqRequest request, CancellationToken cancel)
    {
        string sequence = request.Payload()["seqnr"] ?? string.Empty;
        if (!_running.TryGetValue((request.From, sequence), out CancellationTokenSource? running))
        {
            return new(StanzaError.ItemNotFound);
        }

        running.Cancel();
        using var xml = new XmlBuilder();
        return new(IqReply.Result(xml.Open("cancelled"u8, Ns.SensorData).Attribute("seqnr"u8, sequence).Close("cancelled"u8)));
    }

    private async Task AnswerAsync(Jid asker, Session? session, ReadOut read, IReadOnlyList<string> things, CancellationTokenSource end)
    {
        await Task.Yield();
        try
        {
            using var writer = new ReadOutWriter(read.Sequence);
            foreach (string thing in things)
            {
                foreach (Series series in Service.SeriesOf(thing).Where(s => read.Fields.Count == 0 || read.Fields.Contains(s.Field)).OrderBy(s => s.Latest?.Time))
                {
                    if (read.Momentary && series.Latest is { } latest)
                    {
                        writer.Add(series, latest, "momentary");
                        await SendFullAsync().ConfigureAwait(false);
                    }

                    if (read.Samples)
                    {
                        await foreach (Sample sample in Service.AllAsync(series, read.From, read.To, end.Token).ConfigureAwait(false))
                        {
                            writer.Add(series, sample, "historical");
                            await SendFullAsync().ConfigureAwait(false);
                        }
                    }

                    foreach ((string flag, TimeSpan bucket) in read.Shifts)
                    {
                        await foreach (Aggregate aggregate in Service.AllAsync(series, read.From, read.To, bucket, end.Token).ConfigureAwait(false))
                        {
                            writer.Add(series, aggregate, flag);
                            await SendFullAsync().ConfigureAwait(false);
                        }
                    }
                }
            }

            // The rest, and that it was the last.
            if (writer.Any)
            {
                Send(writer.Take());
            }

            Send(writer.Done());

            async ValueTask SendFullAsync()
            {
                if (!writer.IsFull)
                {
                    return;
                }

                end.Token.ThrowIfCancellationRequested();
                Send(writer.Take());
                if (session is not null)
                {
                    // A page leaves before the next is read: who asks for much does not fill his own queue.
                    await session.DrainedAsync().ConfigureAwait(false);
                    if (session.EndReason is not null)
                    {
                        await end.CancelAsync().ConfigureAwait(false);
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The asker has cancelled, or is gone, or the hub stops.
        }
        catch (Exception e) when (e is StorageException or InvalidDataException)
        {
            HistoryModuleLog.NotRead(_log, e, asker);
            using var failure = new XmlBuilder();
            failure.Open("failure"u8, Ns.SensorData).Attribute("seqnr"u8, read.Sequence).Attribute("done"u8, "true"u8)
                .Open("error"u8).Attribute("nodeId"u8, things.FirstOrDefault() ?? string.Empty).Attribute("timestamp"u8, IotXmpp.Xml.TimeFormat.Text(_hub.Time.GetUtcNow().ToUnixTimeMilliseconds()))
                .Text("What was kept cannot be read now.").Close("error"u8).Close("failure"u8);
            Send(failure.ToArray());
        }
        finally
        {
            _running.TryRemove((asker, read.Sequence), out _);
            end.Dispose();
        }

        void Send(byte[] payload) => _hub.Router.Send(new OutgoingStanza(StanzaKind.Message, StanzaType.None, _service, payload), asker);
    }
}

/// <summary>Logs of <see cref="HistoryModule"/>.</summary>
internal static partial class HistoryModuleLog
{
    [LoggerMessage(Level = LogLevel.Error, Message = "What {Asker} asked for of the history could not be read")]
    public static partial void NotRead(ILogger log, Exception e, Jid asker);
}
