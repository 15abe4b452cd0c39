using IotXmpp.Hub.Features.Commands;
using IotXmpp.Hub.Features.Control;
using IotXmpp.Hub.Storage;
using IotXmpp.TestKit;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Commands;

public sealed class SqliteCommandServiceTests : CommandServiceSpecification
{
    protected override Task<ISqlDatabase> OpenAsync() => TestDatabase.OpenAsync(CommandMigrations.All);
}

public sealed class PostgresCommandServiceTests : CommandServiceSpecification
{
    protected override Task<ISqlDatabase> OpenAsync() => TestDatabase.OpenPostgresAsync(CommandMigrations.All);
}

/// <summary>Wire profile, commands are IQ: the states of a queued command, and what leads to them.</summary>
public abstract class CommandServiceSpecification : CommandHarness
{
    [Fact]
    public async Task A_command_waits_for_its_thing_and_is_done_with_the_times_of_its_states()
    {
        DateTimeOffset start = Clock.GetUtcNow();
        ThingCommand command = await QueueAsync();
        Assert.Equal((CommandState.Queued, start, start.AddHours(1)), (command.State, command.Queued, command.Expires));
        Clock.Advance(TimeSpan.FromMinutes(5));
        Assert.Empty(Things.Sent);
        Things.Answer = (_, _) =>
        {
            Clock.Advance(TimeSpan.FromSeconds(2));
            return Task.FromResult(new LinkAnswer(LinkOutcome.Done));
        };
        Come("lamp");
        ThingCommand done = await UntilAsync(command, CommandState.Done);
        Assert.Equal((start.AddMinutes(5), start.AddMinutes(5).AddSeconds(2), 1), (done.Sent!.Value, done.Ended!.Value, done.Attempts));
        // Durable first, then told, then counted.
        await Wait.UntilAsync(() => Commands.Latency.Of("lamp").Count == 1);
        Assert.Equal(["lamp relay=true queued", "lamp relay=true sent", "lamp relay=true done"], Told);
        Assert.Equal(command.Id, Assert.Single(Things.Sent).Id);
        Assert.InRange(Commands.Latency.Hub.P50, TimeSpan.FromSeconds(1.8), TimeSpan.FromSeconds(2.2));
        Assert.Equal(0, Commands.Open);
    }

    [Fact]
    public async Task Commands_to_a_thing_go_in_their_order_and_one_at_a_time_and_hold_up_no_other_thing()
    {
        var gate = new TaskCompletionSource<LinkAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        Things.Answer = (c, _) => c.Thing == "lamp" && c.Parameters[0].Value == "false" ? gate.Task : Task.FromResult(new LinkAnswer(LinkOutcome.Done));
        ThingCommand first = await QueueAsync(request: Set("lamp", Relay(false)));
        ThingCommand second = await QueueAsync();
        ThingCommand third = await QueueAsync();
        ThingCommand other = await QueueAsync("pump");
        Come("lamp");
        Come("pump");
        await UntilAsync(first, CommandState.Sent);
        await UntilAsync(other, CommandState.Done);
        Assert.Equal((CommandState.Queued, CommandState.Queued), ((await FindAsync(second)).State, (await FindAsync(third)).State));
        gate.SetResult(new LinkAnswer(LinkOutcome.Done));
        await UntilAsync(third, CommandState.Done);
        Assert.Equal([first.Id, second.Id, third.Id], Things.Sent.Where(c => c.Thing == "lamp").Select(c => c.Id));
    }

    [Fact]
    public async Task What_was_sent_over_a_stream_that_is_lost_is_sent_again_under_its_id_when_the_thing_is_back_before_all_others()
    {
        Things.Answer = (_, _) =>
        {
            Things.Here["lamp"] = false;
            return Task.FromResult(new LinkAnswer(LinkOutcome.Lost));
        };
        Things.Here["lamp"] = true;
        ThingCommand command = await QueueAsync();
        await Wait.UntilAsync(() => Things.Sent.Count == 1 && !Things.Here["lamp"]);
        ThingCommand later = await QueueAsync();
        Things.Answer = (_, _) => Task.FromResult(new LinkAnswer(LinkOutcome.Done));
        Come("lamp");
        Assert.Equal(2, (await UntilAsync(command, CommandState.Done)).Attempts);
        await UntilAsync(later, CommandState.Done);
        Assert.Equal([command.Id, command.Id, later.Id], Things.Sent.Select(c => c.Id));
        Assert.Equal(2, Told.Count(t => t.EndsWith("sent", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_thing_that_is_there_and_does_not_answer_is_asked_three_times()
    {
        Things.Answer = (_, _) => Task.FromResult(new LinkAnswer(LinkOutcome.Silent));
        Things.Here["lamp"] = true;
        ThingCommand failed = await UntilAsync(await QueueAsync(), CommandState.Failed);
        Assert.Equal(("remote-server-timeout", 3), (failed.Error, failed.Attempts));
        Assert.Equal(0, Commands.Latency.Hub.Count);
    }

    [Fact]
    public async Task What_a_thing_refuses_has_failed_in_its_own_words()
    {
        Things.Answer = (_, _) => Task.FromResult(new LinkAnswer(LinkOutcome.Failed, "bad-request", "level 0 to 100"));
        Things.Here["lamp"] = true;
        ThingCommand failed = await UntilAsync(await QueueAsync(), CommandState.Failed);
        Assert.Equal(("bad-request", "level 0 to 100"), (failed.Error, failed.Text));
    }

    [Fact]
    public async Task A_command_that_was_not_sent_in_time_has_expired_and_is_never_sent()
    {
        ThingCommand command = await QueueAsync(request: Set("lamp") with { Ttl = TimeSpan.FromMinutes(1) });
        ThingCommand longer = await QueueAsync(request: Set("lamp", Relay(false)) with { Ttl = TimeSpan.FromMinutes(2) });
        Clock.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(CommandState.Queued, (await FindAsync(command)).State);
        Clock.Advance(TimeSpan.FromSeconds(1));
        ThingCommand expired = await UntilAsync(command, CommandState.Expired);
        Assert.Equal(command.Expires, expired.Ended);
        Come("lamp");
        await UntilAsync(longer, CommandState.Done);
        Assert.DoesNotContain(Things.Sent, c => c.Id == command.Id);
    }

    [Fact]
    public async Task What_was_sent_and_is_not_answered_in_time_is_not_sent_again_and_says_that_it_may_have_been_done()
    {
        Things.Answer = (_, _) =>
        {
            Things.Here["lamp"] = false;
            return Task.FromResult(new LinkAnswer(LinkOutcome.Lost));
        };
        Things.Here["lamp"] = true;
        ThingCommand command = await QueueAsync(request: Set("lamp") with { Ttl = TimeSpan.FromMinutes(1) });
        await Wait.UntilAsync(() => Things.Sent.Count == 1 && !Things.Here["lamp"]);
        await UntilAsync(command, CommandState.Sent);
        ThingCommand failed = command;
        // The lane may not have come to rest yet when its time is over; who waits then ends it.
        await Wait.UntilAsync(async () =>
        {
            Clock.Advance(TimeSpan.FromMinutes(1));
            Commands.Came("lamp");
            return (failed = await FindAsync(command)).State == CommandState.Failed;
        });
        Assert.Equal("remote-server-timeout", failed.Error);
        Assert.Contains("may have been done", failed.Text, StringComparison.Ordinal);
        Come("lamp");
        Assert.Single(Things.Sent);
    }

    [Fact]
    public async Task A_command_is_taken_back_as_long_as_it_was_not_sent_by_who_may()
    {
        Views[("bob", "lamp")] = true;
        ThingCommand command = await QueueAsync();
        Assert.Equal(CommandOutcome.Forbidden, (await Commands.CancelAsync(Bob, command.Id)).Outcome);
        Assert.Equal(CommandOutcome.NotFound, (await Commands.CancelAsync(new("mallory", "hub.test", "x"), command.Id)).Outcome);
        Assert.Equal(CommandOutcome.NotFound, (await Commands.CancelAsync(Alice, "none")).Outcome);
        CommandResult cancelled = await Commands.CancelAsync(Alice, command.Id);
        Assert.Equal((CommandOutcome.Done, CommandState.Cancelled), (cancelled.Outcome, cancelled.Command!.State));
        Assert.Equal(CommandOutcome.TooLate, (await Commands.CancelAsync(Alice, command.Id)).Outcome);
        Come("lamp");
        var gate = new TaskCompletionSource<LinkAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        Things.Answer = (_, _) => gate.Task;
        ThingCommand sent = await UntilAsync(await QueueAsync(), CommandState.Sent);
        CommandResult late = await Commands.CancelAsync(Alice, sent.Id);
        Assert.Equal((CommandOutcome.TooLate, CommandState.Sent), (late.Outcome, late.Command!.State));
        gate.SetResult(new LinkAnswer(LinkOutcome.Done));
        await UntilAsync(sent, CommandState.Done);
        Assert.Equal(sent.Id, Assert.Single(Things.Sent).Id);
    }

    [Fact]
    public async Task The_same_key_gives_the_same_command_as_long_as_that_is_open()
    {
        CommandRequest request = Set("lamp") with { DedupeKey = "k1" };
        ThingCommand first = await QueueAsync(request: request);
        CommandResult again = await Commands.QueueAsync(Alice, request);
        Assert.Equal((first.Id, false), (again.Command!.Id, again.IsNew));
        Assert.Equal(CommandOutcome.Conflict, (await Commands.QueueAsync(Alice, Set("lamp", Relay(false)) with { DedupeKey = "k1" })).Outcome);
        Assert.NotEqual(first.Id, (await QueueAsync(request: request with { DedupeKey = "k2" })).Id);
        Assert.NotEqual(first.Id, (await QueueAsync(request: request with { Thing = "pump" })).Id);
        Assert.NotEqual(first.Id, (await QueueAsync(who: Root, request: request)).Id);
        await RestartAsync();
        Assert.Equal(first.Id, (await QueueAsync(request: request)).Id);
        Come("lamp");
        await UntilAsync(first, CommandState.Done);
        Assert.NotEqual(first.Id, (await QueueAsync(request: request)).Id);
    }

    [Fact]
    public async Task Twenty_at_once_with_one_key_are_one_command()
    {
        CommandResult[] all = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => Commands.QueueAsync(Alice, Set("lamp") with { DedupeKey = "k" }))));
        Assert.Single(all.Select(r => r.Command!.Id).Distinct());
        Assert.Single(all, r => r.IsNew);
        Assert.Equal(1, Commands.Open);
    }

    [Fact]
    public async Task Bounds_hold_and_places_come_free()
    {
        await StopAsync();
        Options.OpenPerThing = 2;
        Options.OpenPerAccount = 3;
        Options.OpenCommands = 4;
        await StartAsync();
        ThingCommand first = await QueueAsync(request: Set("lamp") with { DedupeKey = "k" });
        await QueueAsync();
        Assert.Equal(CommandOutcome.TooMany, (await Commands.QueueAsync(Alice, Set("lamp"))).Outcome);
        // The same once more takes no place.
        Assert.Equal(first.Id, (await Commands.QueueAsync(Alice, Set("lamp") with { DedupeKey = "k" })).Command!.Id);
        await QueueAsync("pump");
        Assert.Equal(CommandOutcome.TooMany, (await Commands.QueueAsync(Alice, Set("pump"))).Outcome);
        await QueueAsync("meter", Bob);
        Assert.Equal(CommandOutcome.TooMany, (await Commands.QueueAsync(Bob, Set("meter"))).Outcome);
        await RestartAsync();
        Assert.Equal(CommandOutcome.TooMany, (await Commands.QueueAsync(Bob, Set("meter"))).Outcome);
        await Commands.CancelAsync(Alice, first.Id);
        await QueueAsync("lamp");
        CommandParameter[] much = [.. Enumerable.Range(0, 4).Select(i => new CommandParameter("p" + i, "string", new string('x', 900)))];
        Assert.Equal(CommandOutcome.TooMany, (await Commands.QueueAsync(Root, Set("pump", much))).Outcome);
    }

    [Fact]
    public async Task After_a_restart_nothing_is_lost_and_nothing_done_twice()
    {
        ThingCommand queued = await QueueAsync();
        var gate = new TaskCompletionSource<LinkAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        Things.Answer = async (_, cancel) => await gate.Task.WaitAsync(cancel);
        Come("pump");
        ThingCommand sent = await UntilAsync(await QueueAsync("pump"), CommandState.Sent);
        await Wait.UntilAsync(() => Things.Sent.Count == 1); // what is told as sent is on its way only a moment later
        ThingCommand behind = await QueueAsync("pump");
        await StopAsync();
        Assert.Equal(sent.Id, Assert.Single(Things.Sent).Id);
        Things.Here.Clear();
        Things.Answer = (_, _) => Task.FromResult(new LinkAnswer(LinkOutcome.Done));
        await StartAsync();
        Assert.Equal(3, Commands.Open);
        Assert.Equal(CommandState.Sent, (await FindAsync(sent)).State);
        Come("pump");
        Come("lamp");
        await UntilAsync(queued, CommandState.Done);
        await UntilAsync(behind, CommandState.Done);
        Assert.Equal(2, (await FindAsync(sent)).Attempts);
        Assert.Equal([sent.Id, sent.Id, behind.Id], Things.Sent.Where(c => c.Thing == "pump").Select(c => c.Id));
        await RestartAsync();
        Assert.Equal(0, Commands.Open);
        Assert.Equal(4, Things.Sent.Count);
    }

    [Fact]
    public async Task What_expired_while_the_hub_was_away_is_not_sent()
    {
        ThingCommand command = await QueueAsync();
        await StopAsync();
        Clock.Advance(TimeSpan.FromHours(2));
        Things.Here["lamp"] = true;
        await StartAsync();
        await UntilAsync(command, CommandState.Expired);
        Assert.Empty(Things.Sent);
    }

    [Fact]
    public async Task What_its_sender_may_not_do_any_more_is_not_done_for_him()
    {
        ThingCommand command = await QueueAsync();
        Rights.TryRemove(("alice", "lamp"), out _);
        Come("lamp");
        ThingCommand failed = await UntilAsync(command, CommandState.Failed);
        Assert.Equal("forbidden", failed.Error);
        Assert.Empty(Things.Sent);
    }

    [Fact]
    public async Task Who_may_not_is_refused_whatever_there_is()
    {
        Closed.Add("heater");
        Assert.Equal(CommandOutcome.Forbidden, (await Commands.QueueAsync(Bob, Set("lamp"))).Outcome);
        Assert.Equal(CommandOutcome.Forbidden, (await Commands.QueueAsync(Bob, Set("none"))).Outcome);
        Assert.Equal(CommandOutcome.Forbidden, (await Commands.QueueAsync(Alice, Set("lamp", Relay(), new("heater", "boolean", "true")))).Outcome);
        ThingCommand command = await QueueAsync();
        Assert.Equal(CommandOutcome.NotFound, (await Commands.FindAsync(Bob, command.Id)).Outcome);
        Views[("bob", "lamp")] = true;
        Assert.Equal(command.Id, (await Commands.FindAsync(Bob, command.Id)).Command!.Id);
    }

    [Theory]
    [InlineData("boolean", "yes")]
    [InlineData("int", "1.5")]
    [InlineData("int", "99999999999")]
    [InlineData("long", "")]
    [InlineData("double", "NaN")]
    [InlineData("double", "1,5")]
    [InlineData("date", "2026-13-01")]
    [InlineData("time", "25:00:00")]
    [InlineData("dateTime", "yesterday")]
    [InlineData("duration", "1h")]
    [InlineData("color", "red")]
    [InlineData("string", "\u0001")]
    [InlineData("table", "DROP")]
    public async Task A_value_that_is_none_of_its_type_is_refused(string type, string value) =>
        Assert.Equal(CommandOutcome.BadRequest, (await Commands.QueueAsync(Alice, Set("lamp", new CommandParameter("p", type, value)))).Outcome);

    [Fact]
    public async Task Requests_that_make_no_sense_are_refused()
    {
        CommandRequest good = Set("lamp");
        CommandRequest[] wrong =
        [
            good with { Parameters = [] }, good with { Parameters = [Relay(), Relay()] }, good with { Parameters = [new("", "boolean", "true")] }, good with { Parameters = [new(new string('n', 65), "boolean", "true")] },
            good with { Parameters = [.. Enumerable.Range(0, 17).Select(i => new CommandParameter("p" + i, "int", "1"))] }, good with { Ttl = TimeSpan.Zero }, good with { Ttl = TimeSpan.FromDays(31) },
            good with { Ttl = TimeSpan.FromSeconds(-1) }, good with { DedupeKey = "" }, good with { DedupeKey = new string('k', 65) }, good with { DedupeKey = "a\nb" },
            good with { Parameters = [new("p", "string", new string('x', 1_025))] }, good with { Parameters = [new("p", "string", "half of a \ud800 pair")] },
        ];
        foreach (CommandRequest request in wrong)
        {
            Assert.Equal(CommandOutcome.BadRequest, (await Commands.QueueAsync(Alice, request)).Outcome);
        }

        Assert.Equal(0, Commands.Open);
    }

    [Fact]
    public async Task Hostile_text_is_text()
    {
        var parameter = new CommandParameter("'; DROP TABLE command; --", "string", "<script>alert(1)</script>=cmd|'/c calc'!A0");
        ThingCommand command = await QueueAsync(request: Set("lamp", parameter));
        Assert.Equal(parameter, Assert.Single((await FindAsync(command)).Parameters));
        await RestartAsync();
        Come("lamp");
        await UntilAsync(command, CommandState.Done);
        Assert.Equal(parameter.Value, Assert.Single(Things.Sent).Parameters[0].Value);
    }

    [Fact]
    public async Task A_secret_reaches_the_thing_and_nobody_else()
    {
        const string Secret = "correct horse";
        ThingCommand command = await QueueAsync(request: Set("lamp", new CommandParameter("wifiPassword", "string", Secret)));
        Assert.Equal(("", true), (command.Parameters[0].Value, command.Parameters[0].IsSecret));
        Assert.Equal("", (await FindAsync(command)).Parameters[0].Value);
        await RestartAsync();
        Come("lamp");
        await UntilAsync(command, CommandState.Done);
        Assert.Equal(Secret, Assert.Single(Things.Sent).Parameters[0].Value);
        Assert.DoesNotContain(Told, t => t.Contains(Secret, StringComparison.Ordinal));
        bool isKept = await Database.ReadAsync(session =>
        {
            SqlStatement row = session.Prepare("SELECT told, payload FROM command");
            bool found = false;
            while (row.Read())
            {
                found |= row.GetString(0).Contains(Secret, StringComparison.Ordinal) || !row.IsNull(1);
            }

            return found;
        });
        Assert.False(isKept);
    }

    [Fact]
    public async Task What_a_things_form_does_not_allow_is_refused_before_it_is_queued()
    {
        var form = new ThingForm([new ControlField("level", "int", "", "0", "100", [], null), new ControlField("mode", "string", "", "", "", ["auto", "off"], null), new ControlField("code", "string", "", "", "", [], null, true)]);
        Commands.KnownForm = thing => thing == "lamp" ? form : null;
        foreach (CommandParameter wrong in (CommandParameter[])[Relay(), new("level", "int", "101"), new("level", "boolean", "true"), new("mode", "string", "on"), new("level", "string", "x")])
        {
            Assert.Equal(CommandOutcome.BadRequest, (await Commands.QueueAsync(Alice, Set("lamp", wrong))).Outcome);
        }

        ThingCommand good = await QueueAsync(request: Set("lamp", new CommandParameter("level", "string", "7"), new CommandParameter("mode", "string", "auto"), new CommandParameter("code", "string", "1234")));
        Assert.Equal(("int", true), (good.Parameters[0].Type, good.Parameters[2].IsSecret));
        await QueueAsync("pump");
    }

    [Fact]
    public async Task Over_one_session_few_go_at_a_time_and_what_was_sent_before_goes_first()
    {
        for (int i = 0; i < 20; i++)
        {
            Things.Accounts["node-" + i] = "gateway";
            Rights[("alice", "node-" + i)] = true;
        }

        var gate = new TaskCompletionSource<LinkAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        Things.Answer = (_, _) => gate.Task;
        var all = new List<ThingCommand>();
        for (int i = 0; i < 20; i++)
        {
            Things.Here["node-" + i] = true;
            all.Add(await QueueAsync("node-" + i));
        }

        await Wait.UntilAsync(() => Things.Sent.Count == 8);
        string[] first = [.. Things.Sent.Select(c => c.Id).Order()];
        // The stream is lost, and with it all answers.
        foreach (string thing in Things.Here.Keys)
        {
            Things.Here[thing] = false;
        }

        gate.SetResult(new LinkAnswer(LinkOutcome.Lost));
        await Wait.UntilAsync(() => Commands.Open == 20 && Things.Sent.Count == 8);
        Things.Answer = (_, _) => Task.FromResult(new LinkAnswer(LinkOutcome.Done));
        foreach (string thing in Things.Here.Keys)
        {
            Things.Here[thing] = true;
        }

        Commands.AccountCame("gateway");
        await Wait.UntilAsync(() => Commands.Open == 0);
        Assert.Equal(8, Things.Most);
        Assert.Equal(first, Things.Sent.Skip(8).Where(c => c.Attempts == 2).Select(c => c.Id).Order());
        Assert.Equal(28, Things.Sent.Count);
    }

    [Fact]
    public async Task What_waits_for_a_thing_or_a_person_that_is_removed_is_taken_back_and_kept_for_administrators_alone()
    {
        ThingCommand lamp = await QueueAsync();
        ThingCommand pump = await QueueAsync("pump");
        await Commands.ForgetAsync("lamp");
        Assert.Equal(CommandState.Cancelled, (await FindAsync(lamp)).State);
        Assert.Equal(CommandState.Queued, (await FindAsync(pump)).State);
        await Commands.ForgetPersonAsync(Alice);
        Assert.Equal(CommandState.Cancelled, (await FindAsync(pump)).State);
        Assert.Equal(0, Commands.Open);
        // Somebody else has a thing of that name by now.
        Rights[("bob", "lamp")] = true;
        Assert.Empty((await Audit.QueryAsync(Bob, new AuditQuery { Thing = "lamp" })).Entries);
        Assert.Equal(CommandOutcome.NotFound, (await Commands.FindAsync(Bob, lamp.Id)).Outcome);
        Assert.Equal(CommandOutcome.NotFound, (await Commands.CancelAsync(Bob, lamp.Id)).Outcome);
        Assert.Equal(CommandOutcome.NotFound, (await Commands.FindAsync(Alice, lamp.Id)).Outcome);
        Assert.Equal(CommandOutcome.Done, (await Commands.FindAsync(Root, lamp.Id)).Outcome);
        Assert.Equal(CommandOutcome.Done, (await Commands.FindAsync(Alice, pump.Id)).Outcome);
        Assert.Equal(lamp.Id, Assert.Single((await Audit.QueryAsync(Root, new AuditQuery { Thing = "lamp" })).Entries).Id);
    }
}
