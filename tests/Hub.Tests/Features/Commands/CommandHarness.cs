using System.Collections.Concurrent;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.Commands;
using IotXmpp.Hub.Storage;
using IotXmpp.TestKit;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;
using Clock = IotXmpp.TestKit.ManualTime;

namespace IotXmpp.Hub.Tests.Features.Commands;

/// <summary>Commands on a real database, with things that a test plays and a clock that it moves.</summary>
public abstract class CommandHarness : IAsyncLifetime
{
    internal static readonly Jid Alice = new("alice", "hub.test", "pc");
    internal static readonly Jid Bob = new("bob", "hub.test", "pc");
    internal static readonly Jid Root = new("root", "hub.test", "pc");

    internal Clock Clock { get; } = new();

    internal CommandsOptions Options { get; } = new();

    internal Link Things { get; } = new();

    internal ISqlDatabase Database { get; private set; } = null!;

    internal CommandService Commands { get; private set; } = null!;

    internal AuditService Audit { get; private set; } = null!;

    internal BatchService Batches { get; private set; } = null!;

    internal ConcurrentQueue<string> Told { get; } = new();

    /// <summary>Who may control which thing; administrators all.</summary>
    internal ConcurrentDictionary<(string Who, string Thing), bool> Rights { get; } = new();

    /// <summary>Who may see which thing besides.</summary>
    internal ConcurrentDictionary<(string Who, string Thing), bool> Views { get; } = new();

    /// <summary>Parameters that nobody but administrators may set.</summary>
    internal HashSet<string> Closed { get; } = [];

    protected abstract Task<ISqlDatabase> OpenAsync();

    public async ValueTask InitializeAsync()
    {
        Database = await OpenAsync();
        Rights[("alice", "lamp")] = true;
        Rights[("alice", "pump")] = true;
        Rights[("bob", "meter")] = true;
        Things.Accounts["lamp"] = "lamp";
        Things.Accounts["pump"] = "pump";
        Things.Accounts["meter"] = "meter";
        await StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (Database is not null)
        {
            await StopAsync();
            await Database.DisposeAsync();
        }
    }

    internal async Task RestartAsync()
    {
        await StopAsync();
        await StartAsync();
    }

    internal async Task StopAsync()
    {
        await Batches.DisposeAsync();
        await Commands.DisposeAsync();
        await Audit.DisposeAsync();
    }

    internal async Task StartAsync()
    {
        static ValueTask<bool> IsAdministrator(Jid who) => new(who.Local == "root");
        Commands = new CommandService(Database, Options, Things, MayAsync, Clock, NullLogger<CommandService>.Instance);
        Commands.Changed += command => Told.Enqueue($"{command.Thing} {string.Join(' ', command.Parameters)} {CommandXml.Word(command.State)}{(command.Error.Length > 0 ? " " + command.Error : "")}");
        Commands.IsAdministrator = IsAdministrator;
        Audit = new AuditService(Commands, Options, MayAsync, IsAdministrator, Clock, NullLogger<AuditService>.Instance);
        Batches = new BatchService(Database, Commands, Options, Things, IsAdministrator, Clock, NullLogger<BatchService>.Instance);
        await Commands.StartAsync();
        await Batches.StartAsync();
    }

    internal static CommandParameter Relay(bool on = true) => new("relay", "boolean", on ? "true" : "false");

    internal static CommandRequest Set(string thing, params CommandParameter[] parameters) => new(thing, parameters.Length > 0 ? parameters : [Relay()]);

    internal async Task<ThingCommand> QueueAsync(string thing = "lamp", Jid? who = null, CommandRequest? request = null)
    {
        CommandResult result = await Commands.QueueAsync(who ?? Alice, request ?? Set(thing));
        Assert.Equal(CommandOutcome.Done, result.Outcome);
        return result.Command!;
    }

    internal async Task<ThingCommand> FindAsync(ThingCommand command) => (await Commands.FindAsync(Root, command.Id)).Command!;

    internal async Task<ThingCommand> UntilAsync(ThingCommand command, CommandState state)
    {
        ThingCommand now = command;
        await Wait.UntilAsync(async () => (now = await FindAsync(command)).State == state);
        return now;
    }

    internal void Come(string thing)
    {
        Things.Here[thing] = true;
        Commands.Came(thing);
        Batches.Came();
    }

    private ValueTask<bool> MayAsync(Jid who, string thing, ThingRight right, string? parameter, CancellationToken cancel)
    {
        bool may = Rights.ContainsKey((who.Local, thing)) && (parameter is null || !Closed.Contains(parameter));
        return new(who.Local == "root" ? Things.Accounts.ContainsKey(thing) : may || (right == ThingRight.See && Views.ContainsKey((who.Local, thing))));
    }

    /// <summary>Things that a test plays.</summary>
    internal sealed class Link : ICommandLink
    {
        private int _now;

        public ConcurrentDictionary<string, string> Accounts { get; } = new();

        public ConcurrentDictionary<string, bool> Here { get; } = new();

        /// <summary>What was sent, in its order.</summary>
        public ConcurrentQueue<ThingCommand> Sent { get; } = new();

        /// <summary>What was done, once for each id, as a thing remembers it.</summary>
        public ConcurrentQueue<string> Done { get; } = new();

        /// <summary>How many were on their way at once, at most.</summary>
        public int Most { get; private set; }

        /// <summary>Plays the thing.</summary>
        public Func<ThingCommand, CancellationToken, Task<LinkAnswer>> Answer { get; set; } = (_, _) => Task.FromResult(new LinkAnswer(LinkOutcome.Done));

        public ValueTask<string?> AccountOfAsync(string thing, CancellationToken cancel) => new(Accounts.GetValueOrDefault(thing));

        public bool IsReachable(string thing, string account) => Here.GetValueOrDefault(thing);

        public async Task<LinkAnswer> SendAsync(ThingCommand command, CancellationToken cancel)
        {
            // As it was when it was sent: who sees that may change it for the next.
            Func<ThingCommand, CancellationToken, Task<LinkAnswer>> answer = Answer;
            Sent.Enqueue(command);
            lock (Accounts)
            {
                Most = Math.Max(Most, ++_now);
            }

            try
            {
                return await answer(command, cancel);
            }
            finally
            {
                lock (Accounts)
                {
                    _now--;
                }
            }
        }
    }
}
