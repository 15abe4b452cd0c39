using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using IotXmpp.Hub.Storage;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.History;

/// <summary>
/// The telemetry of the fleet, sample by sample: every number, truth and enum by (thing, field, time). What comes is written into a log within the publication's own unit of work, waits in
/// memory, and is put into chunks of a kilobyte or two, which queries read. A sample that comes twice is one; one that comes late finds its place.
/// </summary>
public sealed class HistoryService : IAsyncDisposable
{
    private static readonly TimeSpan s_sweep = TimeSpan.FromHours(1);

    private readonly HistoryStore _store;
    private readonly HistoryOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Pending _pending = new();
    private readonly ConcurrentDictionary<string, ThingSeries> _things = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _flushing = new(1, 1);
    private readonly CancellationTokenSource _end = new();
    private ITimer? _flushTimer;
    private ITimer? _sweepTimer;
    private int _flushAsked;
    private long _stored;
    private long _dropped;
    private long _refused;

    /// <summary>Over a database whose tables are there.</summary>
    public HistoryService(ISqlDatabase database, HistoryOptions options, TimeProvider time, ILogger<HistoryService> log)
    {
        _store = new HistoryStore(database, options);
        _options = options;
        _time = time;
        _log = log;
    }

    /// <summary>Samples that have become durable since the start.</summary>
    public long StoredSamples => Interlocked.Read(ref _stored);

    /// <summary>Samples that were left out since the start: more fields of a thing than it may have, or what cannot be a sample.</summary>
    public long DroppedSamples => Interlocked.Read(ref _dropped);

    /// <summary>Publications that were refused since the start, because too many samples waited.</summary>
    public long RefusedBatches => Interlocked.Read(ref _refused);

    /// <summary>Samples of a thing are durable: the thing's id, and each with its series. Called in the order of the commits: must not wait. Costs nothing while nobody listens.</summary>
    public event Action<string, IReadOnlyList<(Series Series, Sample Sample)>>? Added;

    /// <summary>Samples that are durable and not in chunks yet.</summary>
    public int PendingSamples => _pending.Count;

    /// <summary>Reads what is known; before the first sample comes.</summary>
    public async ValueTask StartAsync(CancellationToken cancel = default)
    {
        var byId = new Dictionary<long, Series>();
        foreach (Series series in await _store.LoadAsync(cancel).ConfigureAwait(false))
        {
            byId.Add(series.Id, Thing(series.Thing).Add(series));
        }

        await _store.ReplayAsync(
            (id, sample, row) =>
            {
                if (byId.TryGetValue(id, out Series? series))
                {
                    _pending.Add(id, sample, row);
                    series.Note(sample);
                }
            },
            cancel).ConfigureAwait(false);
        TimeSpan every = TimeSpan.FromSeconds(_options.PendingSeconds);
        _flushTimer = _time.CreateTimer(_ => AskFlush(), null, every, every);
        _sweepTimer = _time.CreateTimer(_ => Run(ExpireAsync()), null, s_sweep, s_sweep);
    }

    /// <summary>Reads the samples of a payload; null where there is nothing to keep. Its samples count once it was written and <see cref="Committed"/>.</summary>
    /// <param name="thing">The thing's id.</param>
    /// <param name="payload">One element, as UTF-8: sensor data (XEP-0323).</param>
    /// <exception cref="StorageException"><see cref="StorageFailure.Overloaded"/>: too many samples wait.</exception>
    public SampleBatch? Read(string thing, ReadOnlySpan<byte> payload)
    {
        if (!_options.Enabled || SampleReader.Read(payload, Thing(thing), _options, _time.GetUtcNow()) is not { } batch)
        {
            return null;
        }

        if (batch.Dropped > 0)
        {
            HistoryLogs.Dropped(_log, thing, batch.Dropped);
        }

        if (batch.Count == 0)
        {
            Interlocked.Add(ref _dropped, batch.Dropped);
            return null;
        }

        if (_pending.Count < 2L * _options.PendingSamples)
        {
            return batch;
        }

        Interlocked.Increment(ref _refused);
        throw new StorageException(StorageFailure.Overloaded, "The history is not keeping up: too many samples wait.");
    }

    /// <summary>Writes a batch within a unit of work.</summary>
    public void Write(SqlSession session, SampleBatch batch) => _store.Append(session, batch);

    /// <summary>A batch is durable; called in the order of the commits.</summary>
    public void Committed(SampleBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        foreach ((Series series, string unit) in batch.Changed)
        {
            batch.Thing.Add(series).Unit = unit;
        }

        List<(Series Series, Sample Sample)>? added = Added is null ? null : new(batch.Samples.Count);
        foreach (SampleBatch.Entry entry in batch.Samples)
        {
            Series series = batch.Changed.Count == 0 ? entry.Series : batch.Thing.Find(entry.Series.FieldUtf8, entry.Series.Kind)!;
            if (entry.Text is not null)
            {
                series.SetText((int)entry.Sample.Value, entry.Text);
            }

            series.Note(entry.Sample);
            added?.Add((series, entry.Sample));
        }

        Interlocked.Add(ref _stored, batch.Count);
        Interlocked.Add(ref _dropped, batch.Dropped);
        _pending.Add(batch.Samples, batch.LogId);
        if (added is { Count: > 0 })
        {
            Added?.Invoke(batch.Thing.Id, added);
        }

        if (_pending.Count >= _options.PendingSamples)
        {
            AskFlush();
        }
    }

    /// <summary>The series of a thing; with its latest samples, which are in memory.</summary>
    public IReadOnlyList<Series> SeriesOf(string thing) => _things.TryGetValue(thing, out ThingSeries? found) ? found.All.ToArray() : [];

    /// <summary>The series of a field: where it changed its kind, the one with the latest sample; or null.</summary>
    public Series? Find(string thing, string field) => SeriesOf(thing).Where(s => s.Field == field).MaxBy(s => s.Latest?.Time ?? long.MinValue);

    /// <summary>A span as points: one aggregate for each bucket that has samples, so a gap stays a gap.</summary>
    /// <param name="series">The series.</param>
    /// <param name="from">The beginning.</param>
    /// <param name="to">The end, not included.</param>
    /// <param name="bucket">The length of a bucket; buckets begin at whole multiples of it since 1970.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="ArgumentOutOfRangeException">There would be more points than <see cref="HistoryOptions.MaxPoints"/>, or the span is not one.</exception>
    public async ValueTask<IReadOnlyList<Aggregate>> QueryAsync(Series series, DateTimeOffset from, DateTimeOffset to, TimeSpan bucket, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(series);
        long span = (long)bucket.TotalMilliseconds;
        ArgumentOutOfRangeException.ThrowIfLessThan(span, 1, nameof(bucket));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(to, from);
        (long start, long end) = (from.ToUnixTimeMilliseconds(), to.ToUnixTimeMilliseconds());
        ArgumentOutOfRangeException.ThrowIfGreaterThan((end - start) / span, _options.MaxPoints, nameof(bucket));
        while (true)
        {
            // What waits is read first: what is put into chunks between the two reads is seen twice and counts once.
            Sample[] pending = _pending.Of(series.Id, start, end);
            if (await _store.QueryAsync(series.Id, start, end, new Buckets(start, end, span), pending, cancel).ConfigureAwait(false) is { } points && StillWaits(series.Id, start, pending))
            {
                return points;
            }
        }
    }

    /// <summary>The samples of a span, as long as they are kept one by one (<see cref="HistoryOptions.RawDays"/>), the earliest first.</summary>
    /// <param name="series">The series.</param>
    /// <param name="from">The beginning.</param>
    /// <param name="to">The end, not included.</param>
    /// <param name="most">The most to give, up to <see cref="HistoryOptions.MaxPoints"/>; ask on from behind the last.</param>
    /// <param name="cancel">Ends it.</param>
    public async ValueTask<IReadOnlyList<Sample>> SamplesAsync(Series series, DateTimeOffset from, DateTimeOffset to, int most, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(series);
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 1);
        (long start, long end) = (from.ToUnixTimeMilliseconds(), to.ToUnixTimeMilliseconds());
        while (true)
        {
            Sample[] pending = _pending.Of(series.Id, start, end);
            if (await _store.SamplesAsync(series.Id, start, end, Math.Min(most, _options.MaxPoints), pending, cancel).ConfigureAwait(false) is { } samples)
            {
                return samples;
            }
        }
    }

    /// <summary>All samples of a span that are kept one by one, page by page: for exports.</summary>
    public async IAsyncEnumerable<Sample> AllAsync(Series series, DateTimeOffset from, DateTimeOffset to, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        while (from < to)
        {
            IReadOnlyList<Sample> page = await SamplesAsync(series, from, to, _options.MaxPoints, cancel).ConfigureAwait(false);
            foreach (Sample sample in page)
            {
                yield return sample;
            }

            if (page.Count < _options.MaxPoints)
            {
                yield break;
            }

            from = DateTimeOffset.FromUnixTimeMilliseconds(page[^1].Time + 1);
        }
    }

    /// <summary>A span as points, page by page, whatever their number.</summary>
    public async IAsyncEnumerable<Aggregate> AllAsync(Series series, DateTimeOffset from, DateTimeOffset to, TimeSpan bucket, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(series);
        long span = (long)bucket.TotalMilliseconds;
        long end = Math.Min(to.ToUnixTimeMilliseconds(), series.Latest is { } latest ? latest.Time + 1 : long.MinValue);
        // Not page by page through years in which there was nothing.
        long first = Math.Min(_pending.EarliestOf(series.Id), await _store.EarliestAsync(series.Id, cancel).ConfigureAwait(false));
        for (long start = Math.Max(from.ToUnixTimeMilliseconds(), first == long.MaxValue ? end : Buckets.StartOf(first, span)); start < end;)
        {
            // Pages begin where buckets do.
            long next = Math.Min(end, Buckets.StartOf(start, span) + (span * _options.MaxPoints));
            foreach (Aggregate point in await QueryAsync(series, DateTimeOffset.FromUnixTimeMilliseconds(start), DateTimeOffset.FromUnixTimeMilliseconds(next), bucket, cancel).ConfigureAwait(false))
            {
                yield return point;
            }

            start = next;
        }
    }

    /// <summary>Removes everything of a thing.</summary>
    public async Task ForgetAsync(string thing)
    {
        await _store.ForgetAsync(thing).ConfigureAwait(false);
        _things.TryRemove(thing, out _);
    }

    /// <summary>Puts what waits into chunks.</summary>
    public async Task FlushAsync()
    {
        await _flushing.WaitAsync().ConfigureAwait(false);
        try
        {
            Volatile.Write(ref _flushAsked, 0);
            (IReadOnlyDictionary<long, List<Sample>> samples, long lastRow) = _pending.Take();
            try
            {
                if (samples.Count > 0)
                {
                    await _store.FlushAsync(samples, lastRow).ConfigureAwait(false);
                }

                _pending.Flushed();
            }
            catch
            {
                _pending.Failed();
                throw;
            }
        }
        finally
        {
            _flushing.Release();
        }
    }

    /// <summary>Rolls up and removes what is older than it is kept.</summary>
    /// <remarks>A sample that comes a second time must find the first one by one, or not be taken: what is rolled up does not know its samples any more.</remarks>
    public async Task ExpireAsync()
    {
        DateTimeOffset now = _time.GetUtcNow();
        await _store.CloseAsync(now, _end.Token).ConfigureAwait(false);
        await FlushAsync().ConfigureAwait(false);
        await _store.ExpireAsync(now, _end.Token).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync().ConfigureAwait(false);
        _flushTimer?.Dispose();
        _sweepTimer?.Dispose();
        await _flushing.WaitAsync().ConfigureAwait(false); // a flush that runs comes to its end
        _flushing.Dispose();
        _end.Dispose();
    }

    // What waits and was rolled up meanwhile would count twice: it can have been only where it is before the horizon and waits no more.
    private bool StillWaits(long series, long from, ReadOnlySpan<Sample> pending)
    {
        long horizon = _store.Horizon;
        int old = 0;
        while (old < pending.Length && pending[old].Time < horizon)
        {
            old++;
        }

        return old == 0 || _pending.Of(series, from, pending[old - 1].Time + 1).AsSpan().SequenceEqual(pending[..old]);
    }

    private ThingSeries Thing(string id) => _things.GetOrAdd(id, static id => new ThingSeries(id));

    private void AskFlush()
    {
        if (Interlocked.Exchange(ref _flushAsked, 1) == 0)
        {
            Run(FlushAsync());
        }
    }

    // The log keeps what could not be put into chunks; the next time is soon.
    private async void Run(Task work)
    {
        try
        {
            await work.ConfigureAwait(false);
        }
        catch (StorageException e)
        {
            HistoryLogs.Behind(_log, e);
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // The hub stops.
        }
    }
}

/// <summary>Logs of <see cref="HistoryService"/>.</summary>
internal static partial class HistoryLogs
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} samples of {Thing} are not in the history: too old, too far ahead, no number, or one field too many")]
    public static partial void Dropped(ILogger log, string thing, int count);

    [LoggerMessage(Level = LogLevel.Error, Message = "Samples could not be put into chunks; they stay in the log")]
    public static partial void Behind(ILogger log, Exception e);
}
