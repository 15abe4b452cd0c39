using System.Diagnostics;
using System.Globalization;
using System.Text;
using IotXmpp.Hub.Features.Archive;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Storage.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace IotXmpp.Benchmarks;

/// <summary>
/// What a message in two archives costs in CPU of the process, without sockets: <c>archive [messages] [in flight] [accounts]</c>. Accounts write to each other by chance, on SQLite in a new folder
/// with synchronous=FULL; archives that are full (<c>MaxMessages</c>) lose their oldest meanwhile. As many as are in flight share a commit, so the figure does not depend on the disk's speed.
/// </summary>
internal static class DurableMessage
{
    /// <summary>Messages before it measures: the JIT's part.</summary>
    private const int WarmUp = 30_000;

    public static async Task<int> RunAsync(string[] args)
    {
        int messages = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 200_000;
        int inFlight = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 400;
        int accounts = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 100;
        string folder = Directory.CreateTempSubdirectory("iotxmpp-archive-").FullName;
        try
        {
            await using SqliteDatabase database = SqliteDatabase.OpenFile(Path.Combine(folder, "hub.db"), new StorageOptions(), NullLoggerFactory.Instance);
            await database.MigrateAsync(ArchiveMigrations.All).ConfigureAwait(false);
            var store = new ArchiveStore(database, new ArchiveOptions { MaxMessages = 2000 }, TimeProvider.System);
            var random = new Random(7);
            byte[] stanza = Encoding.UTF8.GetBytes($"<message type='chat' id='0123456789' from='load1@localhost/load' to='load2@localhost/load'><body>{new string('x', 64)}</body></message>");
            await KeepAsync(WarmUp).ConfigureAwait(false);
            using Process process = Process.GetCurrentProcess();
            process.Refresh();
            TimeSpan cpu = process.TotalProcessorTime;
            long commits = database.Figures.Commits;
            long allocated = GC.GetTotalAllocatedBytes();
            long start = Stopwatch.GetTimestamp();
            await KeepAsync(messages).ConfigureAwait(false);
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            process.Refresh();
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{accounts} accounts, {inFlight} in flight: {(process.TotalProcessorTime - cpu).TotalMicroseconds / messages:0.00} µs of CPU a message, {messages / seconds:0} a second, {messages / (double)(database.Figures.Commits - commits):0} a commit, {(GC.GetTotalAllocatedBytes() - allocated) / messages} bytes allocated"));
            return 0;

            async Task KeepAsync(int count)
            {
                var waiting = new Task[inFlight];
                for (int done = 0; done < count; done += inFlight)
                {
                    for (int i = 0; i < inFlight; i++)
                    {
                        (string one, string other) = (Name(random.Next(accounts)), Name(random.Next(accounts)));
                        waiting[i] = store.AppendAsync(new ArchiveEntry(one, other + "@localhost", "load", stanza), one == other ? null : new ArchiveEntry(other, one + "@localhost", "load", stanza));
                    }

                    await Task.WhenAll(waiting).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Name(int i) => "load" + i.ToString(CultureInfo.InvariantCulture);
}
