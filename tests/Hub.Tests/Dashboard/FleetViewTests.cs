using System.Collections.Frozen;
using IotXmpp.Hub.Dashboard.Fleet;
using IotXmpp.Hub.Features.Commands;
using IotXmpp.Hub.Features.Configuration;
using IotXmpp.Hub.Features.Liveness;
using IotXmpp.Hub.Features.PubSub;
using IotXmpp.Hub.Features.Registry;
using Xunit;

namespace IotXmpp.Hub.Tests.Dashboard;

public sealed class FleetViewTests : FleetHarness
{
    [Fact]
    public async Task Everybody_sees_their_own_things_and_an_administrator_all()
    {
        await AddAsync("lamp");
        await AddAsync("kettle", "bob");
        using FleetView alice = await OpenAsync("alice");
        using FleetView root = await OpenAsync("root");
        Assert.Equal(["lamp"], alice.Picture.Rows.Select(r => r.Id));
        Assert.Equal((1, 1), (alice.Picture.Total, alice.Picture.Count(FleetState.Never)));
        Assert.Equal(["kettle", "lamp"], root.Picture.Rows.Select(r => r.Id));
    }

    [Fact]
    public async Task States_are_counted_and_what_is_lost_says_why()
    {
        foreach (string id in (string[])["a", "b", "c", "d", "e"])
        {
            await AddAsync(id);
        }

        Liveness.Online("a", new ThingStatus("1.4.0", Battery: 90, Signal: -50));
        Liveness.Online("b", ThingStatus.None);
        Liveness.Offline("b", "keepalive-timeout");
        Liveness.Offline("c", "shutdown");
        Liveness.Sleeping("d", Clock.GetUtcNow().AddMinutes(1));
        Clock.Advance(TimeSpan.FromMinutes(3));
        using FleetView view = await OpenAsync("alice");
        Assert.Equal((1, 1, 1, 1, 1), (view.Picture.Count(FleetState.Online), view.Picture.Count(FleetState.Lost), view.Picture.Count(FleetState.Offline), view.Picture.Count(FleetState.Overdue), view.Picture.Count(FleetState.Never)));
        Assert.Equal(["b", "d"], view.Picture.Attention.Select(r => r.Id));
        Assert.Equal("it went silent", view.Picture.Attention[0].Why);
        Assert.Equal("lost: it went silent", AttentionRules.Text(Attention.Lost, view.Picture.Attention[0].Live));
    }

    [Fact]
    public async Task A_change_is_told_once_for_all_that_changed_meanwhile()
    {
        await AddAsync("a");
        await AddAsync("b");
        await AddAsync("theirs", "bob");
        using FleetView view = await OpenAsync("alice");
        int told = 0;
        view.Changed += () => told++;
        Liveness.Online("a", ThingStatus.None);
        Liveness.Online("b", ThingStatus.None);
        await SeesAsync(() => told > 0);
        Assert.Equal(2, view.Picture.Count(FleetState.Online));
        Assert.Equal(1, told);
        // What is somebody else's changes nothing here.
        using FleetView bob = await OpenAsync("bob");
        int theirs = 0;
        bob.Changed += () => theirs++;
        Liveness.Online("theirs", ThingStatus.None);
        await SeesAsync(() => theirs > 0);
        Assert.Equal(1, told);
    }

    [Fact]
    public async Task New_samples_draw_a_page_that_shows_the_thing_and_no_other()
    {
        await AddAsync("a");
        await AddAsync("b");
        using FleetView shows = await OpenAsync("alice", new FleetFilter { Text = "a" });
        using FleetView hides = await OpenAsync("alice", new FleetFilter { Text = "b" });
        (int shown, int hidden) = (0, 0);
        shows.Changed += () => shown++;
        hides.Changed += () => hidden++;
        await MeasureAsync("a", At(0, "<numeric name='temperature' value='21.4' unit='°C'/>"));
        await SeesAsync(() => shown > 0);
        Assert.Equal(0, hidden);
    }

    [Fact]
    public async Task A_thing_that_gets_another_owner_goes_to_the_other_page()
    {
        await AddAsync("lamp");
        using FleetView alice = await OpenAsync("alice");
        using FleetView bob = await OpenAsync("bob");
        string claim = (await Registry.Provisioning.ResetAsync(null, "lamp", newKey: true)).ClaimText!;
        Assert.True(MetaTags.TryParse(claim, out MetaTags? tags, out _));
        Assert.Equal(RegistryOutcome.Done, (await Registry.Things.ClaimAsync(Of("bob"), tags, isPublic: false)).Outcome);
        await SeesAsync(() => bob.Picture.Total == 1);
        Assert.Equal(0, alice.Picture.Total);
    }

    [Theory]
    [InlineData("", "a,b,c,d")]
    [InlineData("GREEN", "a,b")]
    [InlineData("green b", "b")]
    [InlineData("1.4", "a,c")]
    [InlineData("nothing of that", "")]
    public async Task The_table_finds_words_wherever_they_stand(string text, string expected)
    {
        await AddFourAsync();
        using FleetView view = await OpenAsync("alice", new FleetFilter { Text = text, Order = FleetOrder.Name });
        Assert.Equal(expected, string.Join(',', view.Picture.Rows.Select(r => r.Id)));
    }

    [Theory]
    [InlineData(FleetOrder.Name, false, "a,b,c,d")]
    [InlineData(FleetOrder.Name, true, "d,c,b,a")]
    [InlineData(FleetOrder.Battery, false, "c,a,b,d")]
    [InlineData(FleetOrder.Signal, false, "b,a,c,d")]
    [InlineData(FleetOrder.Firmware, false, "b,a,c,d")]
    [InlineData(FleetOrder.State, false, "d,b,a,c")]
    [InlineData(FleetOrder.Attention, false, "d,c,a,b")]
    public async Task The_table_is_ordered(FleetOrder order, bool isReversed, string expected)
    {
        await AddFourAsync();
        using FleetView view = await OpenAsync("alice", new FleetFilter { Order = order, IsReversed = isReversed });
        Assert.Equal(expected, string.Join(',', view.Picture.Rows.Select(r => r.Id)));
    }

    [Fact]
    public async Task A_page_has_no_more_rows_than_it_may()
    {
        for (int i = 0; i < 25; i++)
        {
            await AddAsync($"t{i:00}");
        }

        using FleetView view = await OpenAsync("alice", new FleetFilter { Order = FleetOrder.Name });
        Assert.Equal((10, 3, 25), (view.Picture.Rows.Count, view.Picture.Pages, view.Picture.Matching));
        view.Turn(2);
        Assert.Equal(["t20", "t21", "t22", "t23", "t24"], view.Picture.Rows.Select(r => r.Id));
        view.Turn(99);
        Assert.Equal(2, view.Picture.Page);
        view.Show(new FleetFilter { Text = "t0" });
        Assert.Equal((0, 10), (view.Picture.Page, view.Picture.Rows.Count));
    }

    [Fact]
    public async Task Firmware_is_old_when_most_things_of_the_model_run_a_newer_one()
    {
        foreach ((string id, string version) in ((string, string)[])[("a", "1.10.0"), ("b", "1.10.0"), ("c", "1.9.2"), ("d", "2.0.0"), ("e", "1.10.0")])
        {
            await AddAsync(id);
            Liveness.Online(id, new ThingStatus(version));
        }

        await AddAsync("other", model: "door");
        Liveness.Online("other", new ThingStatus("0.1.0"));
        using FleetView view = await OpenAsync("alice");
        Assert.Equal(["c"], view.Picture.Attention.Select(r => r.Id));
        Assert.Equal(1, view.Picture.Reasons[Attention.OldFirmware]);
    }

    [Fact]
    public async Task What_comes_and_goes_is_told_and_is_quiet_after_an_hour()
    {
        await AddAsync("a");
        using FleetView view = await OpenAsync("alice");
        for (int i = 0; i < 7; i++)
        {
            Liveness.Online("a", ThingStatus.None);
            Clock.Advance(TimeSpan.FromMinutes(1));
            Liveness.Resuming("a");
        }

        Liveness.Online("a", ThingStatus.None);
        await SeesAsync(() => view.Picture.Attention.Any(r => r.Attention.HasFlag(Attention.Flapping)));
        Clock.Advance(TimeSpan.FromHours(2));
        await SeesAsync(() => !view.Picture.Attention.Any(r => r.Attention.HasFlag(Attention.Flapping)));
    }

    [Fact]
    public async Task What_is_not_configured_as_it_shall_be_calls_for_who_sees_it()
    {
        await AddAsync("a");
        using FleetView view = await OpenAsync("alice");
        using FleetView bob = await OpenAsync("bob");
        ConfigurationResult set = await Fleet.Configuration!.SetAsync(Of("alice"), "a", new ConfigurationChange([new CommandParameter("level", "int", "60")], []));
        Assert.Equal(ConfigurationOutcome.Done, set.Outcome);
        await ReportAsync("30");
        await SeesUntilAsync(() => view.Picture.Reasons.ContainsKey(Attention.Drift));
        Assert.Empty(bob.Picture.Reasons);
        // Who comes later sees it, too.
        using FleetView later = await OpenAsync("alice");
        await SeesUntilAsync(() => later.Picture.Reasons.ContainsKey(Attention.Drift));
        await ReportAsync("60");
        await SeesUntilAsync(() => !view.Picture.Reasons.ContainsKey(Attention.Drift));

        async Task ReportAsync(string value) => Assert.Null((await Find<PubSubModule>().Service.Publisher.PublishAsync(
            Of("a"), "things/a/reported", [new("current", System.Text.Encoding.UTF8.GetBytes($"<config xmlns='urn:iotxmpp:thing:1' version='1'><int xmlns='urn:xmpp:iot:control' name='level' value='{value}'/></config>"))], null)).Error);
    }

    [Fact]
    public async Task While_nobody_looks_nothing_is_held()
    {
        await AddAsync("a");
        FleetView one = await OpenAsync("alice");
        FleetView two = await OpenAsync("bob");
        Assert.Equal(2, Board.Watchers);
        one.Dispose();
        one.Dispose();
        Assert.NotEmpty(Board.Snapshot.Rows);
        two.Dispose();
        Assert.Equal((0, 0), (Board.Watchers, Board.Snapshot.Rows.Count));
        Liveness.Online("a", ThingStatus.None);
        using FleetView again = await OpenAsync("alice");
        Assert.Equal(1, again.Picture.Count(FleetState.Online));
    }

    [Fact]
    public async Task Who_looks_after_the_last_has_gone_in_the_middle_of_a_change_is_told_as_ever()
    {
        await AddAsync("a");
        FleetView one = await OpenAsync("alice");
        Liveness.Online("a", ThingStatus.None);
        one.Dispose();
        Clock.Advance(TimeSpan.FromMilliseconds(Options.GatherMilliseconds)); // it would have been told now
        using FleetView two = await OpenAsync("alice");
        Assert.Equal(1, two.Picture.Count(FleetState.Online));
        Liveness.Offline("a", "keepalive-timeout");
        await SeesAsync(() => two.Picture.Count(FleetState.Lost) == 1);
    }

    [Fact]
    public async Task Who_begins_to_look_while_the_last_goes_sees_all_of_it()
    {
        await AddFourAsync();
        for (int round = 0; round < 200; round++)
        {
            FleetView last = await OpenAsync("alice");
            Liveness.Online("a", ThingStatus.None);
            Task going = Task.Run(last.Dispose, TestContext.Current.CancellationToken);
            using FleetView first = await OpenAsync("root");
            await going;
            Assert.Equal((round, 4, 4), (round, first.Picture.Total, Board.Snapshot.Rows.Count));
            Liveness.Offline("a", "keepalive-timeout");
            await SeesUntilAsync(() => first.Picture.Rows.Single(r => r.Id == "a").State == FleetState.Lost);
        }
    }

    [Fact]
    public async Task All_pages_of_a_person_look_together_and_each_shows_its_own()
    {
        await AddFourAsync();
        using FleetView names = await OpenAsync("alice", new FleetFilter { Order = FleetOrder.Name });
        FleetView found = await OpenAsync("alice", new FleetFilter { Text = "green b" });
        Assert.Equal(1, Board.Watchers);
        Assert.Equal(("a,b,c,d", "b"), (Ids(names), Ids(found)));
        int told = 0;
        found.Changed += () => told++;
        Liveness.Online("b", ThingStatus.None);
        await SeesAsync(() => told > 0 && names.Picture.Rows[1].State == FleetState.Online);
        Assert.Equal(FleetState.Online, found.Picture.Rows[0].State);
        Assert.Equal(3, found.Picture.Count(FleetState.Online));
        found.Dispose();
        Assert.Equal(1, Board.Watchers);
        Liveness.Online("d", ThingStatus.None);
        await SeesAsync(() => names.Picture.Rows[3].State == FleetState.Online);

        static string Ids(FleetView view) => string.Join(',', view.Picture.Rows.Select(r => r.Id));
    }

    [Fact]
    public async Task A_thing_that_is_renamed_finds_its_place_and_who_opens_then_sees_it_at_once()
    {
        await AddFourAsync();
        using FleetView before = await OpenAsync("alice", new FleetFilter { Order = FleetOrder.Name });
        var name = new MetaTags();
        Assert.Null(name.Add("NAME", "zebra", isNumeric: false));
        await Fleet.Registry.ChangeAsync("a", t => (t! with { Tags = t.Tags.Values.Concat(name.Tags).ToFrozenDictionary(x => x.Name, StringComparer.Ordinal) }, true));
        using FleetView after = await OpenAsync("bob", new FleetFilter { Order = FleetOrder.Name });
        await SeesAsync(() => before.Picture.Rows[^1].Id == "a");
        Assert.Equal("zebra", before.Picture.Rows[^1].Name);
        Assert.Equal(4, Board.Snapshot.Rows.Count);
        Assert.Equal("a", Board.Snapshot.Rows[^1].Id);
    }

    [Fact]
    public void Reasons_are_those_that_hold_now()
    {
        var live = new ThingLiveness("a", LivenessState.Online, "", Clock.GetUtcNow()) { Status = new ThingStatus("1", "panic", Signal: -90, Battery: 20) };
        Assert.Equal(Attention.LowBattery | Attention.Crashed | Attention.WeakSignal, AttentionRules.Of(live, false, Options));
        Assert.Equal(Attention.LowBattery | Attention.Crashed | Attention.Overdue, AttentionRules.Of(live with { State = LivenessState.Overdue }, false, Options));
        Assert.Equal(Attention.None, AttentionRules.Of(live with { State = LivenessState.Offline, Reason = "shutdown", Status = ThingStatus.None }, false, Options));
        Assert.Equal(Attention.Flapping, AttentionRules.Of(null, true, Options));
    }

    [Theory]
    [InlineData("1.10.0", "1.9.2", 1)]
    [InlineData("1.4", "1.4.0", 0)]
    [InlineData("1.4.0", "1.4.1", -1)]
    [InlineData("2.0.0-beta", "2.0.0-alpha", 1)]
    public void Versions_have_an_order(string a, string b, int expected) => Assert.Equal(expected, Math.Sign(AttentionRules.Compare(a, b)));

    private async Task AddFourAsync()
    {
        await AddAsync("a");
        await AddAsync("b");
        await AddAsync("c", model: "door");
        await AddAsync("d", model: "door");
        Liveness.Online("a", new ThingStatus("1.4.0", Battery: 50, Signal: -60));
        Liveness.Online("b", new ThingStatus("1.3.0", Signal: -70));
        Liveness.Offline("b", "shutdown");
        Liveness.Online("c", new ThingStatus("1.4.1", Battery: 10));
        Liveness.Offline("d", "connection-lost");
    }
}
