using IotXmpp.Hub.Features.Firmware;
using IotXmpp.Hub.Storage;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Firmware;

public sealed class RolloutServiceTests : RolloutServiceSpecification
{
    protected override Task<ISqlDatabase> OpenDatabaseAsync() => TestDatabase.OpenAsync(FirmwareMigrations.All);
}

public sealed class PostgresRolloutServiceTests : RolloutServiceSpecification
{
    protected override Task<ISqlDatabase> OpenDatabaseAsync() => TestDatabase.OpenPostgresAsync(FirmwareMigrations.All);
}

/// <summary>Roll-outs: waves, rate, health gate, stop, and a hub that starts anew in any of their steps.</summary>
public abstract class RolloutServiceSpecification : FirmwareHarness
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task A_thing_goes_its_way_and_is_confirmed_when_it_has_stayed()
    {
        Rollout rollout = await StartAsync(new RolloutPlan { Things = ["t1"] });
        await LookAsync();
        Assert.Equal(["t1"], Things.Offers);
        Assert.Equal("t1=downloading", await StepsAsync(rollout.Id));
        Assert.Equal((rollout.Image, 10_000L), Rollouts.Fetching("t1", rollout.OfferId, 4096));
        Assert.Equal(4096, (await ThingAsync(rollout.Id, "t1")).Offset);
        Assert.True(await SayAsync(rollout.Id, "t1", "restarting"));
        Assert.Null(Rollouts.Fetching("t1", rollout.OfferId, 0));
        Assert.True(await SayAsync(rollout.Id, "t1", "trial"));
        await PassAsync(Minute * 9);
        Assert.Empty(Things.Commits);
        await PassAsync(Minute * 2);
        Assert.Equal(["t1"], Things.Commits);
        Rollout ended = (await Rollouts.FindAsync(Alice, rollout.Id))!;
        Assert.Equal((RolloutState.Done, UpdateStep.Confirmed), (ended.State, ended.Things[0].Step));
        Assert.NotNull(ended.Ended);
    }

    [Fact]
    public async Task The_stay_counts_anew_when_the_thing_was_away_or_started_once_more()
    {
        Rollout rollout = await TrialAsync();
        await PassAsync(Minute * 9);
        Things.Away["t1"] = true;
        await PassAsync(Minute * 1);
        Things.Away.Clear();
        await PassAsync(Minute * 9);
        Assert.Empty(Things.Commits);
        await SayAsync(rollout.Id, "t1", "trial");
        await PassAsync(Minute * 9);
        Assert.Empty(Things.Commits);
        await PassAsync(Minute * 2);
        Assert.Single(Things.Commits);
    }

    [Fact]
    public async Task A_thing_that_says_it_runs_another_version_is_not_confirmed()
    {
        await TrialAsync();
        Things.Versions["t1"] = "1.4.0";
        await PassAsync(Minute * 15);
        Assert.Empty(Things.Commits);
        Things.Versions["t1"] = "1.5.0";
        await PassAsync(Minute * 11);
        Assert.Single(Things.Commits);
    }

    [Fact]
    public async Task The_updates_of_a_thing_are_told_to_who_maintains_it_with_why_one_failed()
    {
        Rollout first = await StartAsync(new RolloutPlan { Things = ["t1", "t2"], Waves = [100] });
        await LookAsync();
        await SayAsync(first.Id, "t1", "failed", "no room");
        Rollout told = Assert.Single(await Rollouts.OfThingAsync(Alice, "t1", 5));
        Assert.Equal((first.Id, UpdateStep.Failed, "no room"), (told.Id, told.Things[0].Step, told.Things[0].Reason));
        Assert.Single(told.Things);
        Assert.Empty(await Rollouts.OfThingAsync(Alice, "t3", 5));
        Assert.Empty(await Rollouts.OfThingAsync(Mallory, "t1", 5));
    }

    [Fact]
    public async Task Waves_begin_when_those_before_are_through()
    {
        Rollout rollout = await StartAsync(new RolloutPlan { Things = ["t1", "t2", "t3", "t4"], Waves = [1, 50], GateMinutes = 0 });
        Assert.Equal([0, 1, 2, 2], rollout.Things.Select(t => t.Wave));
        await PassAsync(Minute);
        Assert.Equal(["t1"], Things.Offers);
        await FinishAsync(rollout.Id, "t1");
        Assert.Equal(["t1", "t2"], Things.Offers);
        await FinishAsync(rollout.Id, "t2");
        await PassAsync(Minute);
        Assert.Equal(["t1", "t2", "t3", "t4"], Things.Offers);
    }

    [Fact]
    public async Task Rate_and_number_at_once_are_bounds()
    {
        Rollout slow = await StartAsync(new RolloutPlan { Things = [.. Enumerable.Range(1, 10).Select(i => $"t{i}")], Waves = [100], PerMinute = 2 });
        await LookAsync();
        Assert.Single(Things.Offers);
        await PassAsync(Minute);
        Assert.Equal(3, Things.Offers.Count);
        await Rollouts.BecomeAsync(Alice, slow.Id, RolloutState.Cancelled);
        await LookAsync();
        Things.Offers.Clear();
        Assert.Equal(RolloutOutcome.Done, (await Rollouts.StartAsync(Alice, slow.Image, new RolloutPlan { Things = [.. Enumerable.Range(1, 10).Select(i => $"t2{i}")], Waves = [100], PerMinute = 1000, Parallel = 4 })).Outcome);
        await PassAsync(Minute);
        Assert.Equal(4, Things.Offers.Count);
    }

    [Theory]
    [InlineData("failed")]
    [InlineData("reverted")]
    public async Task The_first_failure_stops_it_and_what_has_the_image_goes_on(string word)
    {
        Rollout rollout = await StartAsync(new RolloutPlan { Things = ["t1", "t2", "t3", "t4"], Waves = [75] });
        await PassAsync(Minute);
        await SayAsync(rollout.Id, "t2", "restarting");
        await SayAsync(rollout.Id, "t2", "trial");
        await SayAsync(rollout.Id, "t1", word, "it did not stay up: 3 starts failed");
        Assert.Equal($"t1={word} t2=trial t3=cancelled t4=cancelled", await StepsAsync(rollout.Id));
        Assert.Null(Rollouts.Fetching("t3", rollout.OfferId, 0));
        Rollout stopped = (await Rollouts.FindAsync(Alice, rollout.Id))!;
        Assert.Equal((RolloutState.Stopped, "1 thing failed", "it did not stay up: 3 starts failed"), (stopped.State, stopped.Reason, stopped.Things[0].Reason));
        Assert.Null(stopped.Ended);
        await PassAsync(Minute * 11);
        Assert.Equal(["t2"], Things.Commits);
        Assert.NotNull((await Rollouts.FindAsync(Alice, rollout.Id))!.Ended);
        Assert.Equal(RolloutOutcome.WrongState, (await Rollouts.BecomeAsync(Alice, rollout.Id, RolloutState.Running)).Outcome);
    }

    [Fact]
    public async Task A_share_of_failures_stops_it_and_fewer_do_not()
    {
        Rollout rollout = await StartAsync(new RolloutPlan { Things = ["t1", "t2", "t3", "t4"], Waves = [100], StopFailures = 0, StopPercent = 50 });
        await PassAsync(Minute);
        await SayAsync(rollout.Id, "t1", "failed");
        Assert.Equal(RolloutState.Running, (await Rollouts.FindAsync(Alice, rollout.Id))!.State);
        await SayAsync(rollout.Id, "t2", "reverted");
        Assert.Equal((RolloutState.Stopped, "2 things failed"), ((await Rollouts.FindAsync(Alice, rollout.Id))!.State, (await Rollouts.FindAsync(Alice, rollout.Id))!.Reason));
    }

    [Fact]
    public async Task A_refusal_is_a_failure_with_its_words_and_silence_is_asked_again()
    {
        Things.Answers["t1"] = (UpdateAnswer.Refused, "not-authorized: the manifest is not of this thing's fleet");
        Things.Answers["t2"] = (UpdateAnswer.Silent, "");
        Rollout rollout = await StartAsync(new RolloutPlan { Things = ["t1", "t2"], Waves = [100], StopFailures = 0 });
        await PassAsync(Minute * 3);
        Assert.Equal("not-authorized: the manifest is not of this thing's fleet", (await ThingAsync(rollout.Id, "t1")).Reason);
        Assert.InRange(Things.Offers.Count(o => o == "t2"), 3, 4);
        // An offer whose answer was lost has arrived: the thing fetches already.
        Assert.NotNull(Rollouts.Fetching("t2", rollout.OfferId, 0));
        Things.Answers.Clear();
        await PassAsync(Minute * 2);
        Assert.Equal("t1=failed t2=downloading", await StepsAsync(rollout.Id));
    }

    [Fact]
    public async Task Who_is_away_is_waited_for_and_who_has_the_version_is_skipped()
    {
        Things.Away["t1"] = true;
        Things.Versions["t2"] = "1.5.0";
        Rollout rollout = await StartAsync(new RolloutPlan { Things = ["t1", "t2"], Waves = [100] });
        await PassAsync(Minute);
        Assert.Equal("t1=waiting t2=skipped", await StepsAsync(rollout.Id));
        Things.Away.Clear();
        await PassAsync(Minute);
        Assert.Equal("t1=downloading t2=skipped", await StepsAsync(rollout.Id));
    }

    [Fact]
    public async Task The_deadline_ends_what_has_not_got_the_image()
    {
        Things.Away["t2"] = true;
        Rollout rollout = await StartAsync(new RolloutPlan { Things = ["t1", "t2"], Waves = [100], DeadlineHours = 1, StopFailures = 0 });
        await PassAsync(Minute * 61);
        Rollout ended = (await Rollouts.FindAsync(Alice, rollout.Id))!;
        Assert.Equal((RolloutState.Stopped, "the deadline passed"), (ended.State, ended.Reason));
        Assert.Equal("t1=failed t2=cancelled", await StepsAsync(rollout.Id));
    }

    [Fact]
    public async Task A_thing_that_does_not_come_back_is_a_failure_and_its_own_end_is_put_right_later()
    {
        Rollout rollout = await StartAsync(new RolloutPlan { Things = ["t1"] });
        await LookAsync();
        await SayAsync(rollout.Id, "t1", "restarting");
        await PassAsync(Minute * 45);
        Assert.Equal("it did not come back after the restart", (await ThingAsync(rollout.Id, "t1")).Reason);
        Assert.NotNull((await Rollouts.FindAsync(Alice, rollout.Id))!.Ended);
        Assert.False(await SayAsync(rollout.Id, "t1", "trial"));
        Assert.True(await SayAsync(rollout.Id, "t1", "reverted", "the hub did not confirm it within 1500 s"));
        Assert.Equal((UpdateStep.Reverted, "the hub did not confirm it within 1500 s"), ((await ThingAsync(rollout.Id, "t1")).Step, (await ThingAsync(rollout.Id, "t1")).Reason));
    }

    [Fact]
    public async Task It_pauses_goes_on_and_is_cancelled()
    {
        Rollout rollout = await StartAsync(new RolloutPlan { Things = ["t1", "t2"], Waves = [50, 100], GateMinutes = 0 });
        await LookAsync();
        Assert.Equal(RolloutOutcome.Done, (await Rollouts.BecomeAsync(Alice, rollout.Id, RolloutState.Paused)).Outcome);
        Assert.Equal(RolloutOutcome.WrongState, (await Rollouts.BecomeAsync(Alice, rollout.Id, RolloutState.Paused)).Outcome);
        await FinishAsync(rollout.Id, "t1");
        await PassAsync(Minute);
        Assert.Equal(["t1"], Things.Offers);
        Assert.Equal(RolloutOutcome.Done, (await Rollouts.BecomeAsync(Alice, rollout.Id, RolloutState.Running)).Outcome);
        await PassAsync(Minute);
        Assert.Equal(["t1", "t2"], Things.Offers);
        Assert.Equal(RolloutOutcome.Done, (await Rollouts.BecomeAsync(Alice, rollout.Id, RolloutState.Cancelled)).Outcome);
        Assert.Equal("t1=confirmed t2=cancelled", await StepsAsync(rollout.Id));
        Rollout ended = (await Rollouts.FindAsync(Alice, rollout.Id))!;
        Assert.Equal((RolloutState.Cancelled, "cancelled by alice@hub.test"), (ended.State, ended.Reason));
    }

    /// <summary>The hub is away once in every step of a thing, and the roll-out ends as if it had not been.</summary>
    [Fact]
    public async Task A_hub_that_starts_anew_in_any_step_goes_on()
    {
        Things.Answers["t1"] = (UpdateAnswer.Silent, "");
        Rollout rollout = await StartAsync(new RolloutPlan { Things = ["t1", "t2"], Waves = [50, 100] });
        await LookAsync();
        Assert.Equal("t1=offered t2=waiting", await StepsAsync(rollout.Id));
        await RestartAsync();
        // The answer was lost with the hub: it fetches, and is offered the same once more.
        Assert.NotNull(Rollouts.Fetching("t1", rollout.OfferId, 0));
        Things.Answers.Clear();
        await LookAsync();
        Assert.Equal("t1=downloading t2=waiting", await StepsAsync(rollout.Id));
        await RestartAsync();
        Assert.NotNull(Rollouts.Fetching("t1", rollout.OfferId, 2048));
        await SayAsync(rollout.Id, "t1", "restarting");
        await RestartAsync();
        await SayAsync(rollout.Id, "t1", "trial");
        await PassAsync(Minute * 9);
        await RestartAsync();
        // What it knew of its stay is gone with it.
        await PassAsync(Minute * 9);
        Assert.Empty(Things.Commits);
        await PassAsync(Minute * 2);
        Assert.Equal("t1=confirmed t2=downloading", await StepsAsync(rollout.Id));
        await RestartAsync();
        await Rollouts.BecomeAsync(Alice, rollout.Id, RolloutState.Paused);
        await RestartAsync();
        Assert.Equal(RolloutState.Paused, (await Rollouts.FindAsync(Alice, rollout.Id))!.State);
        await SayAsync(rollout.Id, "t2", "failed", "there is no room for it");
        await RestartAsync();
        Rollout ended = (await Rollouts.FindAsync(Alice, rollout.Id))!;
        Assert.Equal((RolloutState.Stopped, "there is no room for it"), (ended.State, ended.Things[1].Reason));
    }

    [Fact]
    public async Task A_plan_that_is_wrong_or_somebody_elses_things_are_refused()
    {
        FirmwareImage image = await AddAsync();
        async Task<RolloutOutcome> TryAsync(RolloutPlan plan, IotXmpp.Xmpp.Jid? who = null, string? id = null) => (await Rollouts.StartAsync(who ?? Alice, id ?? image.Id, plan)).Outcome;
        async Task<RolloutInput> BadAsync(RolloutPlan plan)
        {
            RolloutResult result = await Rollouts.StartAsync(Alice, image.Id, plan);
            Assert.Equal(RolloutOutcome.BadPlan, result.Outcome);
            return result.About;
        }

        var good = new RolloutPlan { Things = ["t1"] };
        Assert.Equal(RolloutInput.Things, await BadAsync(good with { Things = [] }));
        Assert.Equal(RolloutInput.Things, await BadAsync(good with { Things = ["t1", "t1"] }));
        Assert.Equal(RolloutInput.Waves, await BadAsync(good with { Waves = [50, 50] }));
        Assert.Equal(RolloutInput.Waves, await BadAsync(good with { Waves = [0] }));
        Assert.Equal(RolloutInput.Rate, await BadAsync(good with { PerMinute = 0 }));
        Assert.Equal(RolloutInput.Gate, await BadAsync(good with { GateMinutes = 1441 }));
        Assert.Equal(RolloutInput.Things, await BadAsync(good with { Things = ["tnode"] }));
        Assert.Equal(RolloutInput.StopFailures, await BadAsync(good with { StopFailures = -1 }));
        Assert.Equal(RolloutInput.StopPercent, await BadAsync(good with { StopPercent = 101 }));
        Assert.Equal(RolloutOutcome.Forbidden, await TryAsync(good with { Things = ["t1", "other"] }));
        Assert.Equal(RolloutOutcome.Forbidden, await TryAsync(good, Mallory));
        Assert.Equal(RolloutOutcome.NotFound, await TryAsync(good, id: "none"));
        Assert.Equal(RolloutOutcome.Done, await TryAsync(good));
        Assert.Equal(RolloutOutcome.Conflict, await TryAsync(good));
        Assert.Equal(RolloutOutcome.Done, await TryAsync(good with { Things = ["t2"] }));
        Assert.Equal(RolloutOutcome.Done, await TryAsync(good with { Things = ["t3"] }));
        Assert.Equal(RolloutOutcome.Full, await TryAsync(good with { Things = ["t4"] }));
        long id = (await Rollouts.ListAsync(Alice))[0].Id;
        Assert.Empty(await Rollouts.ListAsync(Mallory));
        Assert.Null(await Rollouts.FindAsync(Mallory, id));
        Assert.Equal(RolloutOutcome.NotFound, (await Rollouts.BecomeAsync(Mallory, id, RolloutState.Cancelled)).Outcome);
    }

    [Fact]
    public async Task Groups_come_behind_what_is_named_each_thing_once_and_what_takes_no_updates_says_why()
    {
        Rollout rollout = await StartAsync(new RolloutPlan { Things = ["t2"], Groups = ["roof"] });
        Assert.Equal(["t2 ", "t1 ", "tnode is behind tgate"], rollout.Things.Select(t => $"{t.Thing} {t.Reason}"));
        Assert.Equal(UpdateStep.Skipped, rollout.Things[2].Step);
        Assert.Equal(RolloutOutcome.Forbidden, (await Rollouts.StartAsync(Alice, rollout.Image, new RolloutPlan { Groups = ["cellar"] })).Outcome);
        Assert.Equal(RolloutOutcome.Forbidden, (await Rollouts.StartAsync(Mallory, rollout.Image, new RolloutPlan { Groups = ["roof"] })).Outcome);
    }

    [Fact]
    public async Task What_a_thing_says_of_what_is_not_its_own_counts_for_nothing()
    {
        Rollout rollout = await StartAsync(new RolloutPlan { Things = ["t1"] });
        await LookAsync();
        Assert.False(await SayAsync(rollout.Id, "t9", "trial"));
        Assert.False(await SayAsync(rollout.Id + 7, "t1", "trial"));
        Assert.False(await SayAsync(rollout.Id, "t1", "confirmed"));
        Assert.False(await Rollouts.ReportAsync("t1", new UpdateReport("R-1", "trial", "")));
        Assert.False(await Rollouts.ReportAsync("t1", new UpdateReport("", "trial", "")));
        Assert.Null(Rollouts.Fetching("t9", rollout.OfferId, 0));
        Assert.Null(Rollouts.Fetching("t1", "R99", 0));
        Assert.Equal("t1=downloading", await StepsAsync(rollout.Id));
    }

    [Fact]
    public async Task A_thing_that_is_gone_ends_there_and_old_rollouts_are_forgotten()
    {
        Rollout rollout = await StartAsync(new RolloutPlan { Things = ["t1"] });
        await Rollouts.ForgetAsync("t1");
        await LookAsync();
        Assert.Equal((RolloutState.Done, "the thing is gone"), ((await Rollouts.FindAsync(Alice, rollout.Id))!.State, (await ThingAsync(rollout.Id, "t1")).Reason));
        for (int i = 2; i < 6; i++)
        {
            RolloutResult next = await Rollouts.StartAsync(Alice, rollout.Image, new RolloutPlan { Things = [$"t{i}"] });
            await Rollouts.BecomeAsync(Alice, next.Rollout!.Id, RolloutState.Cancelled);
            await LookAsync();
        }

        Assert.Null(await Rollouts.FindAsync(Alice, rollout.Id));
        Assert.InRange((await Rollouts.ListAsync(Alice)).Count, 2, 3);
    }

    private async Task<Rollout> TrialAsync()
    {
        Rollout rollout = await StartAsync(new RolloutPlan { Things = ["t1"] });
        await LookAsync();
        await SayAsync(rollout.Id, "t1", "restarting");
        await SayAsync(rollout.Id, "t1", "trial");
        return rollout;
    }

    private async Task FinishAsync(long id, string thing)
    {
        await SayAsync(id, thing, "restarting");
        await SayAsync(id, thing, "trial");
        await LookAsync();
        Assert.Equal(UpdateStep.Confirmed, (await ThingAsync(id, thing)).Step);
    }
}
