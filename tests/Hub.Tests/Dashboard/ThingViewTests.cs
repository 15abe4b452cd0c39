using IotXmpp.Hub.Dashboard.Fleet;
using IotXmpp.Hub.Dashboard.Things;
using IotXmpp.Hub.Features.Liveness;
using Xunit;

namespace IotXmpp.Hub.Tests.Dashboard;

public sealed class ThingViewTests : FleetHarness
{
    [Theory]
    [InlineData("alice", "lamp", true)]
    [InlineData("root", "lamp", true)]
    [InlineData("bob", "lamp", false)]
    [InlineData("alice", "nothing", false)]
    [InlineData("alice", "../lamp", false)]
    [InlineData("alice", "<script>", false)]
    [InlineData("root", "", false)]
    public async Task What_one_may_not_see_looks_like_what_is_not_there(string who, string thing, bool isSeen)
    {
        await AddAsync("lamp");
        await using ThingView? view = await ThingView.OpenAsync(Fleet, Options, Of(who), thing);
        Assert.Equal(isSeen, view is not null);
        Assert.Equal(isSeen, view?.MayControl ?? false);
    }

    [Fact]
    public async Task It_hears_of_its_own_thing_alone()
    {
        await AddAsync("lamp");
        await AddAsync("kettle");
        await using ThingView view = (await ThingView.OpenAsync(Fleet, Options, Of("alice"), "lamp"))!;
        Clock.Advance(TimeSpan.FromMilliseconds(Options.GatherMilliseconds));
        var heard = new List<ThingChanges>();
        view.Changed += heard.Add;
        Liveness.Online("kettle", ThingStatus.None);
        await MeasureAsync("kettle", At(0, "<numeric name='t' value='1'/>"));
        Clock.Advance(TimeSpan.FromMilliseconds(Options.GatherMilliseconds));
        Assert.Empty(heard);
        Liveness.Online("lamp", new ThingStatus("1.0"));
        await MeasureAsync("lamp", At(0, "<numeric name='t' value='1'/><numeric name='u' value='2'/>"));
        Clock.Advance(TimeSpan.FromMilliseconds(Options.GatherMilliseconds));
        Assert.Equal([ThingChanges.Liveness | ThingChanges.Samples], heard);
        Assert.Equal(2, view.TakeSamples()!.Count);
        Assert.Empty(view.TakeSamples()!);
        Assert.Equal(LivenessState.Online, view.Live!.State);
    }

    [Fact]
    public async Task Who_loses_the_right_loses_the_page()
    {
        string claim = (await Registry.Provisioning.ProvisionAsync(null, new IotXmpp.Hub.Features.Registry.Provision("lamp", Of("alice"), new(IotXmpp.Hub.Sasl.ScramHash.Sha256, new byte[16], 4096, new byte[32], new byte[32])))).ClaimText!;
        Assert.NotEmpty(claim);
        await using ThingView view = (await ThingView.OpenAsync(Fleet, Options, Of("alice"), "lamp"))!;
        await Registry.Provisioning.ResetAsync(null, "lamp", newKey: false);
        await view.RightsAsync();
        Assert.True(view.IsGone);
        Assert.False(view.MayControl);
        await MeasureAsync("lamp", At(0, "<numeric name='t' value='1'/>"));
        Assert.Null(view.TakeSamples());
        Assert.Empty((await view.ReadPresenceAsync(TimeSpan.FromDays(1))).Pieces);
    }

    [Fact]
    public async Task Presence_of_a_span_has_pieces_figures_and_steps()
    {
        await AddAsync("lamp");
        Liveness.Online("lamp", ThingStatus.None);
        Clock.Advance(TimeSpan.FromHours(1));
        Liveness.Offline("lamp", "connection-lost");
        Clock.Advance(TimeSpan.FromMinutes(30));
        Liveness.Online("lamp", ThingStatus.None);
        Clock.Advance(TimeSpan.FromMinutes(30));
        await using ThingView view = (await ThingView.OpenAsync(Fleet, Options, Of("alice"), "lamp"))!;
        (IReadOnlyList<PresencePiece> pieces, Uptime? uptime, IReadOnlyList<Transition> steps) = await view.ReadPresenceAsync(TimeSpan.FromHours(2));
        Assert.Equal([FleetState.Online, FleetState.Lost, FleetState.Online], pieces.Select(p => p.State!.Value));
        Assert.Equal(0.75, uptime!.Ratio, 2);
        Assert.Equal([LivenessState.Online, LivenessState.Offline, LivenessState.Online], steps.Select(s => s.State));
    }
}
