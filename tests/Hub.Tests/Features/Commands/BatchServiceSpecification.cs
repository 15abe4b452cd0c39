using IotXmpp.Hub.Features.Commands;
using IotXmpp.Hub.Storage;
using IotXmpp.TestKit;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Commands;

public sealed class SqliteBatchServiceTests : BatchServiceSpecification
{
    protected override Task<ISqlDatabase> OpenAsync() => TestDatabase.OpenAsync(CommandMigrations.All);
}

public sealed class PostgresBatchServiceTests : BatchServiceSpecification
{
    protected override Task<ISqlDatabase> OpenAsync() => TestDatabase.OpenPostgresAsync(CommandMigrations.All);
}

/// <summary>The same command to many things: rate, how many at a time, the rule that stops it.</summary>
public abstract class BatchServiceSpecification : CommandHarness
{
    private static readonly BatchRule s_free = new(0, 1_000, 0, 0);

    [Fact]
    public async Task A_batch_goes_at_its_rate_and_ends_when_all_have()
    {
        Batch batch = await BeginAsync(5, s_free with { PerMinute = 2 });
        Assert.Equal(5, batch.Progress.Waiting);
        await UntilAsync(batch, b => b.Progress.Done == 1);
        for (int done = 2; done <= 5; done++)
        {
            Assert.Equal(done - 1, Things.Sent.Count);
            Clock.Advance(TimeSpan.FromSeconds(29));
            await Settled();
            Assert.Equal(done - 1, Things.Sent.Count);
            Clock.Advance(TimeSpan.FromSeconds(1));
            await UntilAsync(batch, b => b.Progress.Done == done);
        }

        Batch ended = await UntilAsync(batch, b => b.State == BatchState.Done);
        Assert.Equal((5, Clock.GetUtcNow()), (ended.Progress.Things, ended.Ended!.Value));
    }

    [Fact]
    public async Task No_more_things_are_at_it_at_a_time_than_it_says()
    {
        var gate = new SemaphoreSlim(0);
        Things.Answer = async (_, cancel) =>
        {
            await gate.WaitAsync(cancel);
            return new LinkAnswer(LinkOutcome.Done);
        };
        Batch batch = await BeginAsync(10, s_free with { Parallel = 3 });
        // What is told as sent is on its way only a moment later.
        await UntilAsync(batch, b => b.Progress.Sent == 3 && Things.Sent.Count == 3);
        await Settled();
        Assert.Equal((3, 7), (Things.Sent.Count, (await FindAsync(batch)).Progress.Waiting));
        gate.Release(10);
        await UntilAsync(batch, b => b.State == BatchState.Done);
        Assert.Equal(3, Things.Most);
    }

    [Fact]
    public async Task What_is_away_waits_in_the_batch_and_holds_up_nobody()
    {
        Batch batch = await BeginAsync(4, s_free with { Parallel = 1 }, here: i => i % 2 == 1);
        await UntilAsync(batch, b => b.Progress.Done == 2);
        Assert.Equal(2, (await FindAsync(batch)).Progress.Waiting);
        Come("t0");
        await UntilAsync(batch, b => b.Progress.Done == 3);
        Clock.Advance(TimeSpan.FromHours(1));
        Batch ended = await UntilAsync(batch, b => b.State == BatchState.Expired);
        Assert.Equal((3, 1), (ended.Progress.Done, ended.Progress.Expired));
        IReadOnlyList<BatchThing> things = (await Batches.ThingsAsync(Alice, batch.Id, 0, 100))!;
        Assert.Equal(CommandState.Expired, things.Single(t => t.Thing == "t2").State);
    }

    [Fact]
    public async Task It_stops_by_itself_when_so_many_have_failed()
    {
        Things.Answer = (c, _) => Task.FromResult(c.Thing is "t1" or "t3" ? new LinkAnswer(LinkOutcome.Failed, "internal-server-error", "stuck") : new LinkAnswer(LinkOutcome.Done));
        Batch batch = await BeginAsync(20, s_free with { Parallel = 1, Failures = 2 });
        Batch ended = await UntilAsync(batch, b => b.State == BatchState.Stopped);
        Assert.Equal((2, 2, 16), (ended.Progress.Failed, ended.Progress.Done, ended.Progress.Cancelled));
        Assert.Equal("2 things have failed.", ended.Text);
        Assert.Equal(4, Things.Sent.Count);
    }

    [Fact]
    public async Task It_stops_by_itself_at_a_percentage_once_that_means_something()
    {
        Things.Answer = (c, _) => Task.FromResult(int.Parse(c.Thing[1..], null) % 2 == 0 ? new LinkAnswer(LinkOutcome.Failed, "internal-server-error") : new LinkAnswer(LinkOutcome.Done));
        Batch batch = await BeginAsync(40, s_free with { Parallel = 1, Percent = 50 });
        Batch ended = await UntilAsync(batch, b => b.State == BatchState.Stopped);
        Assert.Equal((5, 5, 30), (ended.Progress.Failed, ended.Progress.Done, ended.Progress.Cancelled));
    }

    [Theory]
    [InlineData(2, 0, BatchState.Done)]
    [InlineData(4, 1, BatchState.Stopped)]
    public async Task A_thing_that_is_refused_when_its_turn_comes_ends_the_batch_at_once(int count, int failures, BatchState state)
    {
        Batch batch = await BeginAsync(count, s_free with { PerMinute = 60, Failures = failures });
        await UntilAsync(batch, b => b.Progress.Done == 1);
        await Settled();
        Rights.TryRemove(("alice", "t1"), out _);
        Clock.Advance(TimeSpan.FromSeconds(1));
        Batch ended = await UntilAsync(batch, b => b.State != BatchState.Running);
        Assert.Equal((state, 1, 1, count - 2), (ended.State, ended.Progress.Done, ended.Progress.Failed, ended.Progress.Cancelled));
        Assert.Equal(["t0"], Things.Sent.Select(c => c.Thing));
    }

    [Fact]
    public async Task A_person_stops_what_is_left_and_what_is_on_its_way_comes_to_its_end()
    {
        var gate = new TaskCompletionSource<LinkAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        Things.Answer = (_, _) => gate.Task;
        Batch batch = await BeginAsync(10, s_free with { Parallel = 2 });
        await UntilAsync(batch, b => b.Progress.Sent == 2 && Things.Sent.Count == 2);
        Assert.Equal(CommandOutcome.NotFound, (await Batches.CancelAsync(Bob, batch.Id)).Outcome);
        BatchResult cancelled = await Batches.CancelAsync(Alice, batch.Id);
        Assert.Equal((CommandOutcome.Done, 8, 2), (cancelled.Outcome, cancelled.Batch!.Progress.Cancelled, cancelled.Batch.Progress.Sent));
        gate.SetResult(new LinkAnswer(LinkOutcome.Done));
        await UntilAsync(batch, b => b.Progress.Done == 2);
        Assert.Equal(CommandOutcome.TooLate, (await Batches.CancelAsync(Alice, batch.Id)).Outcome);
        Assert.Equal(2, Things.Sent.Count);
    }

    [Fact]
    public async Task After_a_restart_it_goes_on_where_it_was()
    {
        var gate = new TaskCompletionSource<LinkAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        int asked = 0;
        Things.Answer = async (_, cancel) =>
        {
            Interlocked.Increment(ref asked);
            return await gate.Task.WaitAsync(cancel);
        };
        Batch batch = await BeginAsync(6, s_free with { Parallel = 2 });
        // What is told as sent is on its way only a moment later.
        await UntilAsync(batch, b => b.Progress.Sent == 2 && Volatile.Read(ref asked) == 2);
        Things.Answer = (_, _) => Task.FromResult(new LinkAnswer(LinkOutcome.Done));
        await RestartAsync();
        await UntilAsync(batch, b => b.State == BatchState.Done);
        Assert.Equal(6, (await FindAsync(batch)).Progress.Done);
        Assert.Equal(6, Things.Sent.Select(c => c.Id).Distinct().Count());
        Assert.Equal(8, Things.Sent.Count);
    }

    [Fact]
    public async Task Who_may_not_command_one_of_the_things_begins_nothing()
    {
        await BeginAsync(2, s_free, here: _ => false);
        Assert.Equal(CommandOutcome.Forbidden, (await Batches.BeginAsync(Alice, new BatchRequest(["t0", "meter"], [Relay()], s_free))).Outcome);
        Assert.Equal(CommandOutcome.Forbidden, (await Batches.BeginAsync(Bob, new BatchRequest(["t0"], [Relay()], s_free))).Outcome);
        Assert.Equal(CommandOutcome.BadRequest, (await Batches.BeginAsync(Alice, new BatchRequest([], [Relay()], s_free))).Outcome);
        Assert.Equal(CommandOutcome.BadRequest, (await Batches.BeginAsync(Alice, new BatchRequest(["t0"], [], s_free))).Outcome);
        Assert.Equal(CommandOutcome.BadRequest, (await Batches.BeginAsync(Alice, new BatchRequest(["t0"], [Relay()], s_free with { Parallel = 0 }))).Outcome);
        Assert.Equal(CommandOutcome.BadRequest, (await Batches.BeginAsync(Alice, new BatchRequest(["t0"], [Relay()], s_free with { Percent = 101 }))).Outcome);
        Assert.Equal(CommandOutcome.TooMany, (await Batches.BeginAsync(Alice, new BatchRequest([.. Enumerable.Range(0, 10_001).Select(i => "x" + i)], [Relay()], s_free))).Outcome);
        Assert.Single(await Batches.ListAsync(Alice));
        Assert.Empty(await Batches.ListAsync(Bob));
        Assert.Single(await Batches.ListAsync(Root));
        Options.RunningBatches = 1;
        Assert.Equal(CommandOutcome.TooMany, (await Batches.BeginAsync(Alice, new BatchRequest(["t0"], [Relay()], s_free))).Outcome);
    }

    private static Task Settled() => Task.Delay(50); // nothing is asserted to happen in it: what must not happen has had the chance

    private async Task<Batch> BeginAsync(int count, BatchRule rule, Func<int, bool>? here = null)
    {
        string[] things = [.. Enumerable.Range(0, count).Select(i => "t" + i)];
        for (int i = 0; i < count; i++)
        {
            Things.Accounts[things[i]] = things[i];
            Rights[("alice", things[i])] = true;
            Things.Here[things[i]] = here?.Invoke(i) ?? true;
        }

        BatchResult result = await Batches.BeginAsync(Alice, new BatchRequest(things, [Relay()], rule));
        Assert.Equal(CommandOutcome.Done, result.Outcome);
        return result.Batch!;
    }

    private async Task<Batch> FindAsync(Batch batch) => (await Batches.FindAsync(Alice, batch.Id)).Batch!;

    private async Task<Batch> UntilAsync(Batch batch, Func<Batch, bool> isSo)
    {
        Batch now = batch;
        await Wait.UntilAsync(async () => isSo(now = await FindAsync(batch)));
        return now;
    }
}
