using System.Diagnostics.Metrics;

namespace IotXmpp.Hub.Features.Metrics;

/// <summary>How the hub was since it was looked at last.</summary>
/// <param name="ReceivedPerSecond">Stanzas from clients, a second.</param>
/// <param name="SentPerSecond">Stanzas handed to clients' queues, a second.</param>
/// <param name="Handling">How long a stanza took on average, from its start tag until the next one of the same client may be taken; null where none was timed.</param>
/// <param name="Commit">How long a transaction took on average until it was durable; null where there was none.</param>
/// <param name="CommitsPerSecond">Transactions a second.</param>
/// <param name="WritesWaiting">Units of work that wait for the writer or run.</param>
/// <param name="DatabaseBytes">Size of the database, found once a minute; 0: not yet.</param>
public sealed record HubGlance(double ReceivedPerSecond, double SentPerSecond, TimeSpan? Handling, TimeSpan? Commit, double CommitsPerSecond, int WritesWaiting, long DatabaseBytes);

/// <summary>Looks at the hub's own figures for a page that shows them; what is timed is listened to while somebody looks, and not longer.</summary>
public sealed class HubGlances : IDisposable
{
    private readonly MetricSources _sources;
    private readonly MeterListener _listener = new();
    private readonly Lock _gate = new();
    private (double Sum, long Count) _handling;
    private (double Sum, long Count) _commit;
    private long _received;
    private long _sent;
    private long _commits;
    private long _at;

    internal HubGlances(MetricSources sources, Meter meter)
    {
        _sources = sources;
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter == meter && instrument.Name is "iotxmpp.stanza.handling" or "iotxmpp.storage.commit")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<double>((instrument, seconds, _, _) =>
        {
            lock (_gate)
            {
                if (instrument.Name == "iotxmpp.storage.commit")
                {
                    _commit = (_commit.Sum + seconds, _commit.Count + 1);
                }
                else
                {
                    _handling = (_handling.Sum + seconds, _handling.Count + 1);
                }
            }
        });
        _listener.Start();
        Look();
    }

    /// <summary>Looks.</summary>
    public HubGlance Look()
    {
        long now = _sources.Hub.Time.GetTimestamp();
        double seconds = Math.Max(0.001, _sources.Hub.Time.GetElapsedTime(_at, now).TotalSeconds);
        long received = Sum(_sources.Hub.Figures.StanzasReceived);
        long sent = Sum(_sources.Hub.Figures.StanzasSent);
        long commits = _sources.Database.Figures.Commits;
        lock (_gate)
        {
            var glance = new HubGlance(
                (received - _received) / seconds, (sent - _sent) / seconds, Average(_handling), Average(_commit), (commits - _commits) / seconds, _sources.Database.Figures.Waiting, _sources.DatabaseBytes);
            (_received, _sent, _commits, _at, _handling, _commit) = (received, sent, commits, now, default, default);
            return glance;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private static TimeSpan? Average((double Sum, long Count) timed) => timed.Count == 0 ? null : TimeSpan.FromSeconds(timed.Sum / timed.Count);

    private static long Sum(Func<StanzaKind, long> of) => of(StanzaKind.Message) + of(StanzaKind.Presence) + of(StanzaKind.Iq);
}
