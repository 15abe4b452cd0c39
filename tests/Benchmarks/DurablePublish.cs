using System.Diagnostics;
using System.Globalization;
using System.Text;
using IotXmpp.Hub.Features.PubSub;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Storage.Sqlite;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging.Abstractions;

namespace IotXmpp.Benchmarks;

/// <summary>
/// What a durable write and a durable publication cost in CPU of the process, without sockets: <c>publish [publishers] [seconds] [subscribers]</c>. Each publisher has one publication
/// in flight and a node of its own, on SQLite in a new folder with synchronous=FULL.
/// </summary>
internal static class DurablePublish
{
    private static readonly byte[] Payload = Encoding.UTF8.GetBytes(
        "<fields xmlns='urn:xmpp:iot:sensordata' seqnr='7'><node nodeId='esp32-a4cf12'><timestamp value='2026-11-20T11:59:30Z'><numeric name='temperature' momentary='true' automaticReadout='true' value='21.4' unit='°C'/></timestamp></node></fields>");

    public static async Task<int> RunAsync(string[] args)
    {
        int publishers = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 100;
        int seconds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 5;
        int subscribers = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 1;
        string folder = Directory.CreateTempSubdirectory("iotxmpp-publish-").FullName;
        try
        {
            await using SqliteDatabase database = SqliteDatabase.OpenFile(Path.Combine(folder, "hub.db"), new StorageOptions(), NullLoggerFactory.Instance);
            await database.MigrateAsync(PubSubMigrations.All).ConfigureAwait(false);
            await database.WriteAsync(s => s.ExecuteScript("CREATE TABLE plain (id INTEGER PRIMARY KEY, content BLOB NOT NULL)")).ConfigureAwait(false);
            long next = 0;
            await MeasureAsync("durable write", database, publishers, seconds, _ =>
            {
                long id = Interlocked.Increment(ref next);
                return database.WriteAsync(s => s.Prepare("INSERT INTO plain (id, content) VALUES ($1, $2)").Bind(1, id).Bind(2, Payload).Execute(), inOrder: true);
            }).ConfigureAwait(false);

            var outbox = new Outbox();
            var service = new PubSubService(new PubSubStore(database), new PubSubOptions(), new Jid("", "bench", ""), new RouterBenchmarks.NoAccounts(), new RouterBenchmarks.NoRosters(), outbox, outbox, TimeProvider.System);
            for (int i = 0; i < publishers; i++)
            {
                await service.Owner.CreateAsync(Who(i), Node(i), null).ConfigureAwait(false);
                for (int s = 0; s < subscribers; s++)
                {
                    Jid subscriber = new("s" + s.ToString(CultureInfo.InvariantCulture), "bench", "");
                    await service.Subscriber.SubscribeAsync(subscriber, Node(i), subscriber, null).ConfigureAwait(false);
                }
            }

            ItemToPublish[] items = [new(null, Payload)];
            await MeasureAsync("durable publish", database, publishers, seconds, i => service.Publisher.PublishAsync(Who(i), Node(i), items, null).AsTask()).ConfigureAwait(false);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"notifications handed to the engine: {outbox.Sent}"));
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Jid Who(int i) => new("p" + i.ToString(CultureInfo.InvariantCulture), "bench", "");

    private static string Node(int i) => "n" + i.ToString(CultureInfo.InvariantCulture);

    private static async Task MeasureAsync(string name, SqliteDatabase database, int callers, int seconds, Func<int, Task> act)
    {
        await RunAsync(TimeSpan.FromSeconds(1)).ConfigureAwait(false); // the JIT's part
        using Process process = Process.GetCurrentProcess();
        process.Refresh();
        TimeSpan cpu = process.TotalProcessorTime;
        long commits = database.Figures.Commits;
        long allocated = GC.GetTotalAllocatedBytes();
        long start = Stopwatch.GetTimestamp();
        long done = await RunAsync(TimeSpan.FromSeconds(seconds)).ConfigureAwait(false);
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        process.Refresh();
        cpu = process.TotalProcessorTime - cpu;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name}: {done / elapsed.TotalSeconds:F0}/s, {cpu.TotalMicroseconds / done:F1} µs CPU each, {(double)done / (database.Figures.Commits - commits):F1} a commit, {(GC.GetTotalAllocatedBytes() - allocated) / done} bytes allocated each ({callers} in flight)"));

        async Task<long> RunAsync(TimeSpan time)
        {
            long until = Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency);
            long count = 0;
            await Task.WhenAll(Enumerable.Range(0, callers).Select(i => Task.Run(async () =>
            {
                long own = 0;
                while (Stopwatch.GetTimestamp() < until)
                {
                    await act(i).ConfigureAwait(false);
                    own++;
                }

                Interlocked.Add(ref count, own);
            }))).ConfigureAwait(false);
            return count;
        }
    }

    private sealed class Outbox : IPubSubOutbox, IPubSubPresence
    {
        public long Sent { get; private set; }

        public bool IsAvailable(Jid jid) => true;

        public ShowValues ShowsOf(Jid jid) => ShowValues.Online;

        public void Send(PubSubEvent notification, IReadOnlyList<Jid> recipients) => Sent += recipients.Count; // in order: one thread at a time
    }
}
