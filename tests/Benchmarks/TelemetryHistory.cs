using System.Diagnostics;
using System.Globalization;
using System.Text;
using IotXmpp.Hub.Features.History;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Storage.Sqlite;
using IotXmpp.Xml;
using Microsoft.Extensions.Logging.Abstractions;

namespace IotXmpp.Benchmarks;

/// <summary>
/// What the history costs, without sockets: <c>history [things] [seconds]</c>. Each thing has one publication of ten samples (one field, a second apart) in flight, on SQLite in a new folder with
/// synchronous=FULL; then a week of one field at one sample a second is read as 1,000 points, and the bytes on disk are counted.
/// </summary>
internal static class TelemetryHistory
{
    private const int Batch = 10;
    public const int Week = 7 * 86_400;

    public static async Task<int> RunAsync(string[] args)
    {
        int things = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 200;
        int seconds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 10;
        string folder = Directory.CreateTempSubdirectory("iotxmpp-history-").FullName;
        try
        {
            await using SqliteDatabase database = SqliteDatabase.OpenFile(Path.Combine(folder, "hub.db"), new StorageOptions(), NullLoggerFactory.Instance);
            await database.MigrateAsync(HistoryMigrations.All).ConfigureAwait(false);
            await using var history = new HistoryService(database, new HistoryOptions { RawDays = 365 }, TimeProvider.System, NullLogger<HistoryService>.Instance);
            await history.StartAsync().ConfigureAwait(false);
            await IngestAsync(database, history, things, 2).ConfigureAwait(false); // the JIT's part
            await IngestAsync(database, history, things, seconds).ConfigureAwait(false);
            await WeekAsync(database, history).ConfigureAwait(false);
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task IngestAsync(SqliteDatabase database, HistoryService history, int things, int seconds)
    {
        using Process process = Process.GetCurrentProcess();
        process.Refresh();
        TimeSpan cpu = process.TotalProcessorTime;
        long start = Stopwatch.GetTimestamp();
        long first = DateTimeOffset.UtcNow.AddDays(-200).ToUnixTimeMilliseconds();
        long done = 0;
        await Task.WhenAll(Enumerable.Range(0, things).Select(async i =>
        {
            string thing = "thing-" + i.ToString(CultureInfo.InvariantCulture);
            var random = new Random(i);
            long time = Math.Max(first, history.SeriesOf(thing) is [{ Latest: { } latest }] ? latest.Time + 1000 : 0);
            while (Stopwatch.GetElapsedTime(start).TotalSeconds < seconds)
            {
                byte[] payload = Payload(thing, time, Batch, random);
                time += Batch * 1000;
                SampleBatch batch = history.Read(thing, payload)!;
                await database.WriteAsync(s => history.Write(s, batch), () => history.Committed(batch), inOrder: true).ConfigureAwait(false);
                Interlocked.Add(ref done, Batch);
            }
        })).ConfigureAwait(false);
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        await history.FlushAsync().ConfigureAwait(false);
        process.Refresh();
        cpu = process.TotalProcessorTime - cpu;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"ingest: {done / elapsed.TotalSeconds:N0} samples/s durable in batches of {Batch} from {things} things, {cpu.TotalMicroseconds / done:F2} µs of CPU a sample with its way into a chunk"));
    }

    private static async Task WeekAsync(SqliteDatabase database, HistoryService history)
    {
        long before = await SizeAsync(database).ConfigureAwait(false);
        long start = await WriteWeekAsync(database, history).ConfigureAwait(false);
        long after = await SizeAsync(database).ConfigureAwait(false);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"disk: {(after - before) / (double)Week:F2} bytes a sample (pages in use), {Week} samples"));
        Series series = history.Find("week", "temperature")!;
        DateTimeOffset from = DateTimeOffset.FromUnixTimeMilliseconds(start);
        var times = new List<double>();
        int points = 0;
        for (int i = 0; i < 30; i++)
        {
            long began = Stopwatch.GetTimestamp();
            points = (await history.QueryAsync(series, from, from.AddSeconds(Week), TimeSpan.FromSeconds(Week / 1000)).ConfigureAwait(false)).Count;
            times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }

        times.Sort();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"query: a week at one sample a second as {points} points: median {times[15]:F1} ms, longest {times[^1]:F1} ms"));
    }

    /// <summary>Writes a week of the thing <c>week</c>.</summary>
    /// <returns>Its beginning, milliseconds since 1970.</returns>
    public static async Task<long> WriteWeekAsync(ISqlDatabase database, HistoryService history)
    {
        long start = DateTimeOffset.UtcNow.AddDays(-7).AddMinutes(-1).ToUnixTimeMilliseconds();
        var random = new Random(1);
        for (int at = 0; at < Week; at += 200)
        {
            SampleBatch batch = history.Read("week", Payload("week", start + (at * 1000L), 200, random))!;
            await database.WriteAsync(s => history.Write(s, batch), () => history.Committed(batch), inOrder: true).ConfigureAwait(false);
            if (at % 20_000 == 0)
            {
                await history.FlushAsync().ConfigureAwait(false);
            }
        }

        await history.FlushAsync().ConfigureAwait(false);
        return start;
    }

    private static async Task<long> SizeAsync(SqliteDatabase database)
    {
        return await database.ReadAsync(s =>
        {
            SqlStatement row = s.Prepare("SELECT (SELECT page_count FROM pragma_page_count) - (SELECT freelist_count FROM pragma_freelist_count)");
            row.Read();
            long pages = row.GetInt64(0);
            row.Reset();
            SqlStatement size = s.Prepare("SELECT page_size FROM pragma_page_size");
            size.Read();
            long bytes = pages * size.GetInt64(0);
            size.Reset();
            return bytes;
        }).ConfigureAwait(false);
    }

    /// <summary>Samples of one temperature, a second apart, with two decimals.</summary>
    public static byte[] Payload(string thing, long time, int count, Random random)
    {
        var xml = new StringBuilder("<fields xmlns='urn:xmpp:iot:sensordata' seqnr='7'><node nodeId='").Append(thing).Append("'>");
        double value = 20 + (Math.Sin(time / 3.6e7) * 5);
        for (int i = 0; i < count; i++)
        {
            value += (random.NextDouble() - 0.5) * 0.2;
            xml.Append(CultureInfo.InvariantCulture, $"<timestamp value='{TimeFormat.Text(time + (i * 1000L))}'><numeric name='temperature' momentary='true' value='{value:F2}' unit='°C'/></timestamp>");
        }

        return Encoding.UTF8.GetBytes(xml.Append("</node></fields>").ToString());
    }
}
