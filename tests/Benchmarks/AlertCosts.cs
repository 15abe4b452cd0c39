using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.Alerts;
using IotXmpp.Hub.Features.History;
using IotXmpp.Hub.Features.Liveness;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Storage.Sqlite;
using IotXmpp.TestKit;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging.Abstractions;

namespace IotXmpp.Benchmarks;

/// <summary>
/// What alerts cost, without sockets: <c>alerts [things] [publications]</c>. The things publish batches of ten samples, durable on SQLite with synchronous=FULL, while no rule, one, and five watch all of them
/// (limits, a rate, silence; none is broken); then ten minutes pass second by second in which nothing comes. Each amount of rules is measured several times in turn, and the cheapest counts.
/// </summary>
internal static class AlertCosts
{
    private const int Batch = 10;
    private const int Rounds = 3;
    private const int Ticks = 600;

    private static readonly string[] s_conditions =
    [
        """{"kind":"threshold","field":"temperature","is":"above","value":900,"hysteresis":1,"for":300}""",
        """{"kind":"threshold","field":"temperature","is":"outside","low":-100,"high":800}""",
        """{"kind":"rate","field":"temperature","by":500,"within":600}""",
        """{"kind":"no-data","after":86400}""",
        """{"kind":"threshold","field":"humidity","is":"below","value":5}""",
    ];

    private static readonly Jid s_author = new("ann", "bench", "");

    public static async Task<int> RunAsync(string[] args)
    {
        int things = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 10_000;
        int publications = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 20_000;
        int[] rules = [0, 1, 5];
        var best = rules.ToDictionary(r => r, _ => new Figures(double.MaxValue, double.MaxValue, double.MaxValue, double.MaxValue, 0));
        await RunOnceAsync(1, things, publications / 4).ConfigureAwait(false); // the JIT's part
        for (int round = 0; round < Rounds; round++)
        {
            foreach (int count in rules)
            {
                Figures cost = await RunOnceAsync(count, things, publications).ConfigureAwait(false);
                best[count] = best[count].Least(cost);
            }
        }

        Console.WriteLine($"{things} things, {publications} publications of {Batch} samples, the cheapest of {Rounds}:");
        foreach ((int count, Figures cost) in best)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{count} rules: {cost.Nanoseconds:N0} ns and {cost.Bytes:N0} bytes a sample; {cost.TickMicroseconds:N1} µs and {cost.TickBytes:N0} bytes a second in which nothing comes; {cost.Held / 1024.0:N0} KB held for {count * things:N0} pairs"));
        }

        return 0;
    }

    private static async Task<Figures> RunOnceAsync(int rules, int things, int publications)
    {
        string folder = Directory.CreateTempSubdirectory("iotxmpp-alerts-").FullName;
        try
        {
            await using SqliteDatabase database = SqliteDatabase.OpenFile(Path.Combine(folder, "hub.db"), new StorageOptions(), NullLoggerFactory.Instance);
            await database.MigrateAsync([.. AccountMigrations.All, .. RegistryMigrations.All, .. HistoryMigrations.All, .. LivenessMigrations.All, .. AlertsMigrations.All]).ConfigureAwait(false);
            var time = new ManualTime();
            using var registry = new RegistryStore(database);
            await Task.WhenAll(Enumerable.Range(0, things).Select(i => registry.ChangeAsync(Id(i), _ => (new Thing(Id(i), Id(i)) { State = ThingState.Private, Owner = s_author, Registered = time.GetUtcNow() }, true)))).ConfigureAwait(false);
            await using var history = new HistoryService(database, new HistoryOptions(), time, NullLogger<HistoryService>.Instance);
            await using var liveness = new LivenessService(database, new LivenessOptions(), time, NullLogger<LivenessService>.Instance);
            await using var alerts = new AlertService(database, new Everything(registry, history, liveness), new AlertsOptions(), FrozenDictionary<DeliveryChannel, IAlertSender>.Empty, time, NullLogger<AlertService>.Instance);
            await history.StartAsync().ConfigureAwait(false);
            await liveness.StartAsync().ConfigureAwait(false);
            alerts.Start();
            await alerts.SettledAsync().ConfigureAwait(false);
            long empty = GC.GetTotalMemory(forceFullCollection: true);
            for (int i = 0; i < rules; i++)
            {
                AlertResult<AlertRule> put = await alerts.Rules.PutAsync(s_author, Encoding.UTF8.GetBytes($$"""{"id":"r{{i}}","scope":{"all":true},"when":{{s_conditions[i]}}}""")).ConfigureAwait(false);
                if (put.Outcome != AlertOutcome.Done)
                {
                    throw new InvalidOperationException(put.Text);
                }
            }

            await alerts.SettledAsync().ConfigureAwait(false);
            long held = GC.GetTotalMemory(forceFullCollection: true) - empty;
            long first = time.GetUtcNow().AddHours(-1).ToUnixTimeMilliseconds();
            var random = new Random(1);
            byte[][] payloads = [.. Enumerable.Range(0, publications).Select(i => TelemetryHistory.Payload(Id(i % things), first + (i / things * Batch * 1000L), Batch, random))];
            Cost ingest = await CostMeter.OfAsync(async () =>
            {
                int next = -1;
                await Task.WhenAll(Enumerable.Range(0, 200).Select(async _ =>
                {
                    for (int i = Interlocked.Increment(ref next); i < publications; i = Interlocked.Increment(ref next))
                    {
                        SampleBatch batch = history.Read(Id(i % things), payloads[i])!;
                        await database.WriteAsync(s => history.Write(s, batch), () => history.Committed(batch), inOrder: true).ConfigureAwait(false);
                    }
                })).ConfigureAwait(false);
                await alerts.SettledAsync().ConfigureAwait(false);
            }).ConfigureAwait(false);
            await history.FlushAsync().ConfigureAwait(false);
            Cost idle = await CostMeter.OfAsync(async () =>
            {
                for (int i = 0; i < Ticks; i++)
                {
                    time.Advance(TimeSpan.FromSeconds(1));
                    await alerts.SettledAsync().ConfigureAwait(false);
                }
            }).ConfigureAwait(false);
            if (alerts.MissedItems > 0)
            {
                Console.WriteLine($"{alerts.MissedItems} batches were read from the history, since the queue was full");
            }

            double samples = (double)publications * Batch;
            return new Figures(ingest.Cpu.TotalNanoseconds / samples, ingest.Allocated / samples, idle.Cpu.TotalMicroseconds / Ticks, (double)idle.Allocated / Ticks, held);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Id(int i) => "thing-" + i.ToString("00000", CultureInfo.InvariantCulture);

    private sealed record Figures(double Nanoseconds, double Bytes, double TickMicroseconds, double TickBytes, long Held)
    {
        public Figures Least(Figures other) => new(Math.Min(Nanoseconds, other.Nanoseconds), Math.Min(Bytes, other.Bytes), Math.Min(TickMicroseconds, other.TickMicroseconds), Math.Min(TickBytes, other.TickBytes), Math.Max(Held, other.Held));
    }

    private sealed class Everything(RegistryStore registry, HistoryService history, LivenessService liveness) : AlertSources(registry, null, history, liveness)
    {
        public override ValueTask<bool> MayAsync(Jid who, string thing, ThingRight right, CancellationToken cancel) => new(true);

        public override async ValueTask<IReadOnlyList<string>> MaintainedAsync(Jid who, CancellationToken cancel) => [.. (await ThingsAsync(cancel).ConfigureAwait(false)).Keys];

        public override ValueTask<IReadOnlyList<string>> SeenAsync(Jid who, CancellationToken cancel) => MaintainedAsync(who, cancel);

        public override ValueTask<bool> IsAdministratorAsync(Jid who, CancellationToken cancel) => new(true);
    }
}
