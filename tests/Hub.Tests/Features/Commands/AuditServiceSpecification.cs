using IotXmpp.Hub.Features.Commands;
using IotXmpp.Hub.Storage;
using IotXmpp.TestKit;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Commands;

public sealed class SqliteAuditServiceTests : AuditServiceSpecification
{
    protected override Task<ISqlDatabase> OpenAsync() => TestDatabase.OpenAsync(CommandMigrations.All);
}

public sealed class PostgresAuditServiceTests : AuditServiceSpecification
{
    protected override Task<ISqlDatabase> OpenAsync() => TestDatabase.OpenPostgresAsync(CommandMigrations.All);
}

/// <summary>Who commanded what, when, and what came of it.</summary>
public abstract class AuditServiceSpecification : CommandHarness
{
    [Fact]
    public async Task It_is_found_by_thing_person_time_outcome_and_way_page_by_page()
    {
        for (int i = 0; i < 5; i++)
        {
            await NoteAsync("lamp", Alice, i == 2 ? CommandState.Failed : CommandState.Done);
            await NoteAsync("meter", Bob, CommandState.Done);
            Clock.Advance(TimeSpan.FromMinutes(1));
        }

        ThingCommand queued = await QueueAsync();
        Assert.Equal(11, (await Audit.QueryAsync(Root, new AuditQuery())).Entries.Count);
        Assert.Equal(6, (await Audit.QueryAsync(Alice, new AuditQuery())).Entries.Count);
        Assert.Equal(6, (await Audit.QueryAsync(Root, new AuditQuery { Thing = "lamp" })).Entries.Count);
        Assert.Equal(5, (await Audit.QueryAsync(Root, new AuditQuery { By = Bob })).Entries.Count);
        Assert.Equal("lamp", Assert.Single((await Audit.QueryAsync(Root, new AuditQuery { State = CommandState.Failed })).Entries).Thing);
        Assert.Equal(queued.Id, Assert.Single((await Audit.QueryAsync(Root, new AuditQuery { Way = CommandWay.Queued })).Entries).Id);
        DateTimeOffset now = Clock.GetUtcNow();
        Assert.Equal(4, (await Audit.QueryAsync(Root, new AuditQuery { From = now.AddMinutes(-4), To = now.AddMinutes(-3) })).Entries.Count);
        var seen = new List<string>();
        long? cursor = null;
        do
        {
            AuditPage page = await Audit.QueryAsync(Alice, new AuditQuery { Max = 4, Before = cursor });
            seen.AddRange(page.Entries.Select(e => e.Id));
            cursor = page.Next;
        }
        while (cursor is not null);
        Assert.Equal(6, seen.Distinct().Count());
        Assert.Equal(6, seen.Count);
        Assert.Equal(queued.Id, seen[0]);
    }

    [Fact]
    public async Task Nobody_sees_what_was_commanded_to_things_that_he_may_not_see()
    {
        await NoteAsync("meter", Bob, CommandState.Done);
        Assert.Empty((await Audit.QueryAsync(Alice, new AuditQuery { Thing = "meter" })).Entries);
        Assert.Empty((await Audit.QueryAsync(Alice, new AuditQuery { By = Bob })).Entries);
        Views[("alice", "meter")] = true;
        Assert.Single((await Audit.QueryAsync(Alice, new AuditQuery { By = Bob })).Entries);
    }

    [Fact]
    public async Task Refused_attempts_of_one_person_do_not_push_the_rest_out()
    {
        var mallory = new Jid("mallory", "hub.test", "x");
        for (int i = 0; i < 50; i++)
        {
            Assert.True(Audit.Note(Direct("lamp", mallory) with { State = CommandState.Failed, Error = "forbidden", Ended = Clock.GetUtcNow() }));
        }

        await Wait.UntilAsync(() => Audit.Pending == 0);
        Assert.Equal(20, (await Audit.QueryAsync(Root, new AuditQuery())).Entries.Count);
        Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.True(Audit.Note(Direct("lamp", mallory) with { State = CommandState.Failed, Error = "forbidden", Ended = Clock.GetUtcNow() }));
        await Wait.UntilAsync(() => Audit.Pending == 0);
        Assert.Equal(21, (await Audit.QueryAsync(Alice, new AuditQuery { Thing = "lamp" })).Entries.Count);
    }

    [Fact]
    public async Task What_is_old_goes_and_what_is_too_much_goes_and_what_is_open_stays()
    {
        ThingCommand open = await QueueAsync(request: Set("lamp") with { Ttl = TimeSpan.FromDays(30) });
        await NoteAsync("lamp", Alice, CommandState.Done);
        Clock.Advance(TimeSpan.FromDays(20));
        for (int i = 0; i < 12; i++)
        {
            await NoteAsync("lamp", Alice, CommandState.Done);
        }

        Options.AuditDays = 10;
        await Audit.SweepAsync();
        Assert.Equal(13, (await Audit.QueryAsync(Root, new AuditQuery())).Entries.Count);
        Options.MaxAudit = 5;
        await Audit.SweepAsync();
        IReadOnlyList<ThingCommand> left = (await Audit.QueryAsync(Root, new AuditQuery())).Entries;
        Assert.Equal(5, left.Count(e => e.IsEnded));
        Assert.Contains(left, e => e.Id == open.Id);
    }

    [Fact]
    public async Task Direct_commands_whose_answer_the_hub_did_not_live_to_see_have_an_end()
    {
        ThingCommand command = Direct("lamp", Alice);
        Assert.True(Audit.Note(command));
        await Wait.UntilAsync(() => Audit.Pending == 0);
        await RestartAsync();
        Assert.Equal((CommandState.Failed, "remote-server-timeout"), ((await FindAsync(command)).State, (await FindAsync(command)).Error));
    }

    [Fact]
    public void Latency_is_that_of_the_last_hour_and_right_to_a_tenth()
    {
        var figures = new LatencyFigures(Clock);
        for (int i = 1; i <= 1_000; i++)
        {
            figures.Add("a", TimeSpan.FromMilliseconds(i));
        }

        figures.Add("b", TimeSpan.FromDays(1));
        Latency latency = figures.Of("a");
        Assert.Equal(1_000, latency.Count);
        Assert.InRange(latency.P50.TotalMilliseconds, 450, 550);
        Assert.InRange(latency.P99.TotalMilliseconds, 891, 1_100);
        Assert.Equal(1_001, figures.Hub.Count);
        Assert.Equal(0, figures.Of("c").Count);
        Assert.Equal(1_001, figures.Cumulative()[^1].Count);
        Clock.Advance(TimeSpan.FromMinutes(50));
        Assert.Equal(1_000, figures.Of("a").Count);
        Clock.Advance(TimeSpan.FromMinutes(20));
        Assert.Equal(0, figures.Of("a").Count);
        for (int i = 0; i < LatencyFigures.MaxThings + 10; i++)
        {
            figures.Add("t" + i, TimeSpan.FromMilliseconds(1));
        }

        Assert.Equal(LatencyFigures.MaxThings + 10, figures.Hub.Count);
    }

    private ThingCommand Direct(string thing, Jid by) =>
        new(0, Guid.NewGuid().ToString("N"), CommandWay.Direct, thing, by.Bare, [Relay()], Clock.GetUtcNow(), Clock.GetUtcNow()) { Account = thing, State = CommandState.Sent, Sent = Clock.GetUtcNow(), Attempts = 1 };

    private async Task NoteAsync(string thing, Jid by, CommandState end)
    {
        ThingCommand command = Direct(thing, by);
        Assert.True(Audit.Note(command));
        Audit.NoteEnd(command with { State = end, Ended = Clock.GetUtcNow() });
        await Wait.UntilAsync(() => Audit.Pending == 0);
    }
}
