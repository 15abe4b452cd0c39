using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Xml.Linq;
using IotXmpp.Hub.Features.Commands;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using IotXmpp.Xmpp;

namespace IotXmpp.Benchmarks;

/// <summary>
/// What a command costs that goes straight to its thing, and one that goes by the queue, in one run: <c>commands [things] [seconds]</c>. Each thing has an owner with one command in flight, all over sockets of
/// loopback and SQLite. The process has the hub and the clients; the clients send and read as many stanzas on the one way as on the other, so the difference is the hub's.
/// </summary>
internal static class CommandCosts
{
    private const string Set = "<set xmlns='urn:xmpp:iot:control'><boolean name='relay' value='true'/></set>";

    public static async Task<int> RunAsync(string[] args)
    {
        int things = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 20;
        int seconds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 10;
        await using HubHost hub = await HubHost.StartAsync("""{ "Security": { "LoginThrottle": { "Enabled": false } }, "Commands": { "PendingNotes": 100000 } }""").ConfigureAwait(false);
        var pairs = new List<Pair>();
        for (int i = 0; i < things; i++)
        {
            pairs.Add(await Pair.OpenAsync(hub, i).ConfigureAwait(false));
        }

        CommandsModule commands = hub.Server.Hub.Modules.OfType<CommandsModule>().Single();
        var waiting = new ConcurrentDictionary<string, TaskCompletionSource>(StringComparer.Ordinal);
        commands.Service.Changed += command =>
        {
            if (command is { Way: CommandWay.Queued, State: CommandState.Done })
            {
                waiting.GetOrAdd(command.Thing, static _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
            }
        };
        double direct = 0;
        double queued = 0;
        for (int round = 0; round < 2; round++)
        {
            direct = await MeasureAsync("direct", hub, commands, pairs, round == 0 ? 2 : seconds, pair => pair.DirectAsync()).ConfigureAwait(false);
            queued = await MeasureAsync("queued", hub, commands, pairs, round == 0 ? 2 : seconds, async pair =>
            {
                waiting[pair.Thing] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                await pair.QueueAsync().ConfigureAwait(false);
                await waiting[pair.Thing].Task.WaitAsync(TimeSpan.FromSeconds(60)).ConfigureAwait(false);
            }).ConfigureAwait(false);
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"the queue costs {queued - direct:F0} µs of CPU a command more than the direct way"));
        foreach (Pair pair in pairs)
        {
            await pair.DisposeAsync().ConfigureAwait(false);
        }

        return 0;
    }

    private static async Task<double> MeasureAsync(string way, HubHost hub, CommandsModule commands, List<Pair> pairs, int seconds, Func<Pair, Task> act)
    {
        using Process process = Process.GetCurrentProcess();
        process.Refresh();
        TimeSpan cpu = process.TotalProcessorTime;
        long commits = hub.Server.Services.Database.Figures.Commits;
        long start = Stopwatch.GetTimestamp();
        long done = 0;
        await Task.WhenAll(pairs.Select(pair => Task.Run(async () =>
        {
            while (Stopwatch.GetElapsedTime(start).TotalSeconds < seconds)
            {
                await act(pair).ConfigureAwait(false);
                Interlocked.Increment(ref done);
            }
        }))).ConfigureAwait(false);
        while (commands.Audit.Pending > 0)
        {
            await Task.Delay(10).ConfigureAwait(false); // who, what, when and the outcome of the last ones are durable, too
        }

        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        process.Refresh();
        double each = (process.TotalProcessorTime - cpu).TotalMicroseconds / done;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{way}: {done} commands to {pairs.Count} things, {done / elapsed.TotalSeconds:F0}/s, {each:F0} µs of CPU each with its clients, {(double)done / Math.Max(1, hub.Server.Services.Database.Figures.Commits - commits):F1} a commit"));
        return each;
    }

    /// <summary>A thing that does all that it is told, and its owner.</summary>
    private sealed class Pair : IAsyncDisposable
    {
        private readonly RawClient _owner;
        private readonly RawClient _session;
        private readonly Task _answering;
        private readonly string _domain;
        private long _ids;

        private Pair(RawClient owner, RawClient session, string thing, string domain)
        {
            (_owner, _session, Thing, _domain) = (owner, session, thing, domain);
            _answering = AnswerAsync();
        }

        public string Thing { get; }

        public static async Task<Pair> OpenAsync(HubHost hub, int number)
        {
            string thing = string.Create(CultureInfo.InvariantCulture, $"thing-{number}");
            string owner = string.Create(CultureInfo.InvariantCulture, $"owner-{number}");
            await hub.AddAccountAsync(owner, "secret").ConfigureAwait(false);
            await hub.AddAccountAsync(thing, "secret").ConfigureAwait(false);
            await hub.Server.Services.Accounts.SetOwnerAsync(thing, new Jid(owner, hub.Domain, "")).ConfigureAwait(false);
            RawClient session = await RawClient.ConnectAsync(hub.Plain).ConfigureAwait(false);
            await session.LoginAsync(hub.Domain, thing, "secret", "thing").ConfigureAwait(false);
            await session.SendAsync("<presence/>").ConfigureAwait(false);
            await session.PingAsync().ConfigureAwait(false);
            RawClient person = await RawClient.ConnectAsync(hub.Plain).ConfigureAwait(false);
            await person.LoginAsync(hub.Domain, owner, "secret", "r").ConfigureAwait(false);
            return new Pair(person, session, thing, hub.Domain);
        }

        public Task DirectAsync() => AskAsync($"{Thing}@{_domain}/thing", Set);

        public Task QueueAsync() => AskAsync($"things.{_domain}", $"<command xmlns='urn:iotxmpp:command:1' thing='{Thing}' ttl='60'>{Set}</command>");

        public async ValueTask DisposeAsync()
        {
            await _owner.DisposeAsync().ConfigureAwait(false);
            await _session.DisposeAsync().ConfigureAwait(false);
            await _answering.ConfigureAwait(false);
        }

        private async Task AskAsync(string to, string payload)
        {
            string id = (++_ids).ToString(CultureInfo.InvariantCulture);
            await _owner.SendAsync($"<iq type='set' to='{to}' id='{id}'>{payload}</iq>").ConfigureAwait(false);
            XElement answer = await _owner.ReadUntilAsync(e => (string?)e.Attribute("id") == id).ConfigureAwait(false);
            if ((string?)answer.Attribute("type") != "result")
            {
                throw new InvalidOperationException(answer.ToString());
            }
        }

        private async Task AnswerAsync()
        {
            try
            {
                while (true)
                {
                    XElement asked = await _session.ReadAsync().ConfigureAwait(false);
                    if (asked.Name.LocalName == "iq" && (string?)asked.Attribute("type") == "set")
                    {
                        await _session.SendAsync($"<iq type='result' to='{(string?)asked.Attribute("from")}' id='{(string?)asked.Attribute("id")}'><setResponse xmlns='urn:xmpp:iot:control'/></iq>").ConfigureAwait(false);
                    }
                }
            }
            catch (DialogueException)
            {
                // The measurement is over.
            }
        }
    }
}
