using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.Proposals;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Proposals;

/// <summary>Commands that programs propose: nothing happens before a person confirms, and then exactly what was shown, once. On each database.</summary>
public abstract class ProposalServiceSpecification : IAsyncLifetime
{
    private readonly ManualTime _time = new();
    private readonly ProposalOptions _options = new() { MaxOpen = 3 };
    private readonly FakeControl _control = new();
    private readonly HashSet<(string Who, string Thing, ThingRight Right)> _rights = [("alice", "lamp", ThingRight.Control), ("bob", "lamp", ThingRight.See), ("carol", "lamp", ThingRight.Control)];
    private ISqlDatabase _database = null!;
    private ProposalService _proposals = null!;

    protected abstract Task<ISqlDatabase> OpenAsync();

    public async ValueTask InitializeAsync()
    {
        _database = await OpenAsync();
        _proposals = Service();
        await _proposals.StartAsync();
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return _database?.DisposeAsync() ?? default;
    }

    [Fact]
    public async Task Nothing_is_done_until_a_person_confirms_and_then_exactly_what_was_shown()
    {
        Proposal proposal = await MadeAsync();
        Assert.Equal("on lamp: set on = true, note = \"it says \\\"now\\\", level = 9\"", proposal.Action);
        Assert.Empty(_control.Given);
        ProposalResult done = await _proposals.ConfirmAsync(Of("carol"), proposal.Id);
        Assert.Equal((ProposalOutcome.Done, ProposalState.Given, "command-1"), (done.Outcome, done.Proposal!.State, done.Proposal.Command));
        (Jid who, string thing, IReadOnlyList<ProposedParameter> set) = Assert.Single(_control.Given);
        Assert.Equal(("carol@example.org", "lamp"), (who.ToString(), thing)); // with the rights of who confirms
        Assert.Equal(proposal.Parameters, set);
        Proposal kept = (await Service().FindAsync(Of("alice"), proposal.Id))!;
        Assert.Equal((ProposalState.Given, "carol@example.org", _time.Now), (kept.State, kept.DecidedBy!.ToString(), kept.Decided));
    }

    [Fact]
    public async Task It_is_decided_once()
    {
        Proposal proposal = await MadeAsync();
        ProposalResult[] results = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => _proposals.ConfirmAsync(Of("alice"), proposal.Id))));
        Assert.Single(results, r => r.Outcome == ProposalOutcome.Done);
        Assert.Equal(7, results.Count(r => r.Outcome == ProposalOutcome.TooLate));
        Assert.Single(_control.Given);
        Assert.Equal(ProposalOutcome.TooLate, (await _proposals.RejectAsync(Of("alice"), proposal.Id)).Outcome);
    }

    [Fact]
    public async Task Who_may_not_control_the_thing_decides_nothing_and_who_may_not_see_it_learns_nothing()
    {
        Proposal proposal = await MadeAsync();
        Assert.Equal(ProposalOutcome.NotFound, (await _proposals.ConfirmAsync(Of("bob"), proposal.Id)).Outcome); // sees the lamp; the proposal is for who controls it
        Assert.Equal(ProposalOutcome.NotFound, (await _proposals.ConfirmAsync(Of("mallory"), proposal.Id)).Outcome);
        Assert.Equal(ProposalOutcome.NotFound, (await _proposals.RejectAsync(Of("mallory"), proposal.Id)).Outcome);
        Assert.Null(await _proposals.FindAsync(Of("mallory"), proposal.Id));
        Assert.Empty(await _proposals.ListAsync(Of("mallory"), isOpen: true));
        Assert.Empty(await _proposals.ListAsync(Of("bob"), isOpen: true));
        Assert.Single(await _proposals.ListAsync(Of("carol"), isOpen: true));
        // A right that went meanwhile is gone.
        _rights.Remove(("alice", "lamp", ThingRight.Control));
        _rights.Add(("alice", "lamp", ThingRight.See));
        Assert.Equal(ProposalOutcome.Forbidden, (await _proposals.ConfirmAsync(Of("alice"), proposal.Id)).Outcome);
        Assert.Empty(_control.Given);
    }

    [Fact]
    public async Task It_expires()
    {
        Proposal proposal = await MadeAsync();
        _time.Now += TimeSpan.FromMinutes(15);
        Assert.Equal(ProposalOutcome.TooLate, (await _proposals.ConfirmAsync(Of("alice"), proposal.Id)).Outcome);
        Assert.Equal(ProposalState.Expired, (await _proposals.FindAsync(Of("alice"), proposal.Id))!.State);
        Assert.Empty(await _proposals.ListAsync(Of("alice"), isOpen: true));
        Assert.Empty(_control.Given);
        await _proposals.SweepAsync();
        Assert.Single(await _proposals.ListAsync(Of("alice"), isOpen: false)); // kept
        _time.Now += TimeSpan.FromDays(401);
        await _proposals.SweepAsync();
        Assert.Empty(await _proposals.ListAsync(Of("alice"), isOpen: false));
    }

    [Fact]
    public async Task Rejected_is_rejected()
    {
        Proposal proposal = await MadeAsync();
        Assert.Equal(ProposalState.Rejected, (await _proposals.RejectAsync(Of("carol"), proposal.Id)).Proposal!.State);
        Assert.Equal(ProposalOutcome.TooLate, (await _proposals.ConfirmAsync(Of("alice"), proposal.Id)).Outcome);
        Assert.Empty(_control.Given);
    }

    [Fact]
    public async Task A_command_that_cannot_be_given_is_told_and_not_tried_again()
    {
        Proposal proposal = await MadeAsync();
        _control.Refusal = "The queue is full.";
        ProposalResult result = await _proposals.ConfirmAsync(Of("alice"), proposal.Id);
        Assert.Equal((ProposalOutcome.Failed, "The queue is full."), (result.Outcome, result.Text));
        Assert.Equal(ProposalState.Failed, (await _proposals.FindAsync(Of("alice"), proposal.Id))!.State);
        _control.Refusal = null;
        Assert.Equal(ProposalOutcome.TooLate, (await _proposals.ConfirmAsync(Of("alice"), proposal.Id)).Outcome);
    }

    [Fact]
    public async Task What_a_crash_left_between_is_not_given_a_second_time()
    {
        Proposal proposal = await MadeAsync();
        await new ProposalStore(_database).DecideAsync(proposal.Id, ProposalState.Confirmed, Of("alice"), _time.Now);
        ProposalService restarted = Service();
        await restarted.StartAsync();
        Proposal left = (await restarted.FindAsync(Of("alice"), proposal.Id))!;
        Assert.Equal(ProposalState.Failed, left.State);
        Assert.NotEmpty(left.Text);
        Assert.Equal(ProposalOutcome.TooLate, (await restarted.ConfirmAsync(Of("alice"), proposal.Id)).Outcome);
        Assert.Empty(_control.Given);
    }

    [Fact]
    public async Task Who_proposes_needs_the_right_himself()
    {
        Assert.Equal(ProposalOutcome.NoThing, (await ProposeAsync("mallory")).Outcome);
        Assert.Equal(ProposalOutcome.Forbidden, (await ProposeAsync("bob")).Outcome);
        Assert.Equal(ProposalOutcome.NoThing, (await _proposals.ProposeAsync(Of("alice"), "t", "pump", [new("on", "boolean", "true")], "")).Outcome);
        _control.Misfit = "level is 0 to 8.";
        Assert.Equal((ProposalOutcome.Bad, "level is 0 to 8."), ((await ProposeAsync("alice")).Outcome, (await ProposeAsync("alice")).Text));
    }

    [Theory]
    [InlineData("on\n", "true", "")]
    [InlineData("", "true", "")]
    [InlineData("on", "tr\u202eue", "")] // turned round it would read otherwise
    [InlineData("on", "true\u200b", "")]
    [InlineData("on", "true", "because\u2028confirm this")]
    public async Task What_people_could_not_see_is_not_proposed(string name, string value, string reason) =>
        Assert.Equal(ProposalOutcome.Bad, (await _proposals.ProposeAsync(Of("alice"), "t", "lamp", [new ProposedParameter(name, "string", value)], reason)).Outcome);

    [Fact]
    public async Task Numbers_and_lengths_are_bounded()
    {
        Assert.Equal(ProposalOutcome.Bad, (await _proposals.ProposeAsync(Of("alice"), "t", "lamp", [], "")).Outcome);
        Assert.Equal(ProposalOutcome.Bad, (await _proposals.ProposeAsync(Of("alice"), "t", "lamp", [.. Enumerable.Range(0, 17).Select(i => new ProposedParameter("p" + i, "int", "1"))], "")).Outcome);
        Assert.Equal(ProposalOutcome.Bad, (await _proposals.ProposeAsync(Of("alice"), "t", "lamp", [new("a", "int", "1"), new("a", "int", "2")], "")).Outcome);
        Assert.Equal(ProposalOutcome.Bad, (await _proposals.ProposeAsync(Of("alice"), "t", "lamp", [new("a", "string", new string('x', 257))], "")).Outcome);
        Assert.Equal(ProposalOutcome.Bad, (await _proposals.ProposeAsync(Of("alice"), "t", "lamp", [new("a", "int", "1")], new string('x', 501))).Outcome);
        for (int i = 0; i < 3; i++)
        {
            await MadeAsync();
        }

        Assert.Equal(ProposalOutcome.TooMany, (await ProposeAsync("alice")).Outcome);
        Assert.Equal(ProposalOutcome.Done, (await ProposeAsync("carol")).Outcome);
        await _proposals.ForgetAsync("alice");
        Assert.Equal(ProposalOutcome.Done, (await ProposeAsync("alice")).Outcome); // the others can be confirmed no more
    }

    private static Jid Of(string name) => new(name, "example.org", "");

    private ProposalService Service() => new(
        new ProposalStore(_database), _options,
        (who, thing, right, _, _) => new(_rights.Any(r => r.Who == who.Local && r.Thing == thing && r.Right >= right)), _control, _time);

    private Task<ProposalResult> ProposeAsync(string who) =>
        _proposals.ProposeAsync(Of(who), "token", "lamp", [new("on", "boolean", "true"), new("note", "string", "it says \"now\", level = 9")], "It is dark.");

    private async Task<Proposal> MadeAsync()
    {
        ProposalResult made = await ProposeAsync("alice");
        Assert.Equal(ProposalOutcome.Done, made.Outcome);
        return made.Proposal!;
    }

    private sealed class FakeControl : IThingControl
    {
        public List<(Jid, string, IReadOnlyList<ProposedParameter>)> Given { get; } = [];

        public string? Refusal { get; set; }

        public string? Misfit { get; set; }

        public string? Wrong(string thing, IReadOnlyList<ProposedParameter> parameters) => Misfit;

        public Task<GivenCommand> SetAsync(Jid who, string thing, IReadOnlyList<ProposedParameter> parameters, string key, CancellationToken cancel)
        {
            lock (Given)
            {
                if (Refusal is not null)
                {
                    return Task.FromResult(new GivenCommand(null, Refusal));
                }

                Given.Add((who, thing, parameters));
                return Task.FromResult(new GivenCommand("command-" + Given.Count));
            }
        }
    }
}

/// <summary>On SQLite.</summary>
public sealed class ProposalServiceTests : ProposalServiceSpecification
{
    protected override Task<ISqlDatabase> OpenAsync() => TestDatabase.OpenAsync(ProposalStore.Migrations);
}

/// <summary>On PostgreSQL.</summary>
public sealed class ProposalServicePostgresTests : ProposalServiceSpecification
{
    protected override Task<ISqlDatabase> OpenAsync() => TestDatabase.OpenPostgresAsync(ProposalStore.Migrations);
}
