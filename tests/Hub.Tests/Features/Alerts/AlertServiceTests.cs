using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.Alerts;
using IotXmpp.Hub.Features.Liveness;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Storage.Migrations;
using IotXmpp.TestKit;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Alerts;

/// <summary>What the alerts of a hub do, on every database.</summary>
public abstract class AlertServiceSpecification : AlertHarness
{
    [Fact]
    public async Task A_thing_that_gets_hot_raises_one_alert_that_ends_when_it_is_cool_and_another_the_next_time()
    {
        await PutAsync(Hot);
        await MeasureAsync("kiln", 31);
        await MeasureAsync("oven", 29);
        await PassAsync(10);
        await MeasureAsync("kiln", 35);
        Alert alert = Assert.Single(await ListAsync(open: true));
        Assert.Equal(("hot", "kiln", "t", AlertSeverity.Warning, "31", "kiln: t is 31 °C, above 30", AlertState.Raised), (alert.Rule, alert.Thing, alert.Field, alert.Severity, alert.Value, alert.Text, alert.State));
        await PassAsync(10);
        await MeasureAsync("kiln", 30);
        await PassAsync(10);
        await MeasureAsync("kiln", 32);
        Assert.Equal("kiln +0 -20, kiln +30", await StoryAsync());
        await Sender.HasSentAsync(3);
        Assert.Equal(["ann@hub.test: alert-1-raised", "ann@hub.test: alert-1-cleared", "ann@hub.test: alert-2-raised"], Sender.Sent);
    }

    [Fact]
    public async Task A_rule_that_is_new_sees_what_is_already_so_and_since_when()
    {
        await MeasureAsync("kiln", 31);
        await PassAsync(3_600);
        await PutAsync("""{"id":"hot","scope":{"things":["kiln"]},"when":{"kind":"threshold","field":"t","is":"above","value":30,"for":600}}""");
        Assert.Equal("kiln +600", await StoryAsync());
    }

    [Fact]
    public async Task Time_raises_by_itself()
    {
        await PutAsync("""{"id":"door","scope":{"all":true},"when":{"kind":"threshold","field":"t","is":"above","value":30,"for":600}}""");
        await PutAsync("""{"id":"silent","scope":{"things":["kiln"]},"when":{"kind":"no-data","after":900}}""");
        await MeasureAsync("kiln", 31);
        await PassAsync(599);
        Assert.Equal("", await StoryAsync());
        await PassAsync(1);
        await PassAsync(299);
        Assert.Equal("door kiln +600", await StoryAsync(true));
        await PassAsync(5_000);
        Assert.Equal("door kiln +600, silent kiln +900", await StoryAsync(true));
        await MeasureAsync("kiln", 20);
        Assert.Equal("door kiln +600 -5899, silent kiln +900 -5899", await StoryAsync(true));
    }

    [Fact]
    public async Task What_happens_to_a_thing_is_judged_by_state_reason_battery_and_firmware()
    {
        await PutAsync("""{"id":"away","scope":{"all":true},"when":{"kind":"offline","for":60}}""");
        await PutAsync("""{"id":"overdue","scope":{"all":true},"when":{"kind":"overdue"}}""");
        await PutAsync("""{"id":"battery","scope":{"all":true},"when":{"kind":"battery","below":20}}""");
        await PutAsync("""{"id":"firmware","scope":{"all":true},"when":{"kind":"firmware","below":"1.4"}}""", Root);
        await PutAsync("""{"id":"flaps","scope":{"all":true},"when":{"kind":"flapping","count":3,"within":600}}""", Root);
        Liveness.Online("kiln", new ThingStatus("1.3.0", Battery: 15));
        Liveness.Sleeping("oven", Now.AddSeconds(100));
        await PassAsync(0);
        Assert.Equal("battery kiln +0, firmware kiln +0", await StoryAsync(true));
        await PassAsync(10);
        Liveness.Online("kiln", new ThingStatus("1.4.0", Battery: 90));
        await PassAsync(0);
        Assert.Equal("battery kiln +0 -10, firmware kiln +0 -10", await StoryAsync(true));
        Liveness.Offline("kiln", "connection-lost");
        await PassAsync(59);
        Assert.Empty(await ListAsync(open: true));
        await PassAsync(1);
        Assert.Equal("away", Assert.Single(await ListAsync(open: true)).Rule);
        await PassAsync(1_000);
        Assert.Equal(["overdue oven", "away oven", "away kiln"], (await ListAsync(open: true)).Select(a => $"{a.Rule} {a.Thing}").OrderDescending(StringComparer.Ordinal));
        for (int i = 0; i < 3; i++)
        {
            Liveness.Online("kiln", ThingStatus.None);
            await PassAsync(10);
            Liveness.Resuming("kiln");
            await PassAsync(10);
        }

        Assert.Contains("flaps", (await ListAsync(open: true)).Select(a => a.Rule));
        await PassAsync(700);
        Assert.DoesNotContain("flaps", (await ListAsync(open: true)).Select(a => a.Rule));
    }

    [Fact]
    public async Task A_batch_of_a_thing_that_was_away_is_judged_in_the_order_of_its_times()
    {
        await PutAsync("""{"id":"hot","scope":{"all":true},"when":{"kind":"threshold","field":"t","is":"above","value":30,"for":60}}""");
        await PassAsync(1_000);
        await MeasureAsync("kiln", (Start.AddSeconds(200), 31, "t"), (Start.AddSeconds(100), 29, "t"), (Start.AddSeconds(400), 20, "t"), (Start.AddSeconds(300), 33, "t"));
        Assert.Equal("kiln +260 -400", await StoryAsync());
        Assert.Equal(Now, (await ListAsync())[0].Noted);
        await MeasureAsync("kiln", (Start.AddSeconds(250), 99, "t"));
        Assert.Equal("kiln +260 -400", await StoryAsync());
    }

    /// <summary>Live, second by second, and as a test over what was kept: the same alerts at the same times.</summary>
    [Theory]
    [InlineData("""{"kind":"threshold","field":"t","is":"above","value":6,"hysteresis":2,"for":40,"clearFor":20}""")]
    [InlineData("""{"kind":"threshold","field":"t","is":"outside","low":2,"high":8}""")]
    [InlineData("""{"kind":"rate","field":"t","by":7,"within":60}""")]
    [InlineData("""{"kind":"no-data","after":60}""")]
    [InlineData("""{"kind":"no-data","field":"t","after":90}""")]
    [InlineData("""{"kind":"offline","for":15}""")]
    [InlineData("""{"kind":"flapping","count":3,"within":300}""")]
    [InlineData("""{"kind":"battery","below":5,"hysteresis":2}""")]
    [InlineData("""{"kind":"firmware","below":"1.5"}""")]
    public async Task A_rule_that_is_tested_over_history_gives_what_it_gave_live(string when)
    {
        string document = $$$"""{"id":"r","scope":{"things":["kiln"]},"when":{{{when}}}}""";
        await PutAsync(document);
        var random = new Random(when.Length);
        for (int i = 0; i < 120; i++)
        {
            await PassAsync(random.Next(1, 45));
            switch (random.Next(6))
            {
                case 0:
                    Liveness.Online("kiln", new ThingStatus($"1.{random.Next(3, 8)}", Battery: random.Next(11)));
                    break;
                case 1:
                    Liveness.Resuming("kiln");
                    break;
                case 2:
                    Liveness.Offline("kiln", "connection-lost");
                    break;
                case 3 when random.Next(2) == 0:
                    Liveness.Sleeping("kiln", Now.AddSeconds(random.Next(100)));
                    break;
                default:
                    await MeasureAsync("kiln", (Now.AddSeconds(-0.5), random.Next(11), "t"), (Now, random.Next(11), "t"), (Now, random.Next(11), "u"));
                    break;
            }

            await PassAsync(0);
        }

        string live = await StoryAsync();
        AlertResult<RuleTestResult> tested = await Alerts.Rules.TestAsync(Ann, Bytes(document), Start, Now);
        Assert.True(tested.Outcome == AlertOutcome.Done, tested.Text);
        Assert.False(tested.Value!.IsCut);
        Assert.NotEmpty(live);
        Assert.Equal(live, string.Join(", ", tested.Value.Alerts.Select(a => $"{a.Thing} +{Seconds(a.Raised)}{(a.Cleared is { } over ? $" -{Seconds(over)}" : "")}")));
        Assert.Equal((await ListAsync()).Reverse().Select(a => (a.Value, a.Text)), tested.Value.Alerts.Select(a => (a.Value, a.Text)));

        string Seconds(DateTimeOffset at) => (at - Start).TotalSeconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task What_does_not_fit_into_the_queue_is_read_from_the_history()
    {
        Options.QueueItems = 1;
        await RestartAsync();
        await PutAsync(Hot);
        var sent = new List<Task>();
        for (int i = 0; i < 300; i++)
        {
            sent.Add(MeasureAsync("kiln", (Start.AddSeconds(i), i % 10 == 0 ? 31 : 20, "t")));
        }

        await Task.WhenAll(sent);
        await SettledAsync();
        Assert.Equal(30, (await ListAsync()).Length);
    }

    [Fact]
    public async Task A_restart_repeats_nothing_and_misses_nothing()
    {
        await PutAsync(Hot);
        await PutAsync("""{"id":"away","scope":{"things":["oven"]},"when":{"kind":"offline","for":60}}""");
        await PutAsync("""{"id":"silent","scope":{"things":["oven"]},"when":{"kind":"no-data","after":600}}""");
        await MeasureAsync("kiln", 31);
        await MeasureAsync("oven", 20);
        Liveness.Online("oven", ThingStatus.None);
        Liveness.Online("kiln", ThingStatus.None);
        await PassAsync(30);
        await Sender.HasSentAsync(1);
        await RestartAsync();
        await PassAsync(5);
        Assert.Equal("kiln +0", await StoryAsync());
        Assert.Single(Sender.Sent);

        // The hub is away for an hour: nobody could say anything, so nobody is missed before he has had time.
        await StopAsync();
        Time.Advance(TimeSpan.FromHours(1));
        await StartAsync();
        await PassAsync(30);
        Assert.Equal("kiln +0", await StoryAsync());
        await MeasureAsync("kiln", 20);
        await PassAsync(660);
        Assert.Equal(["away oven", "silent oven"], (await ListAsync(open: true)).Select(a => $"{a.Rule} {a.Thing}").Order());
        Assert.Contains("kiln +0 -3665", await StoryAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_stored_and_not_judged_before_a_crash_is_judged_after_it()
    {
        await PutAsync(Hot);
        await PassAsync(40);
        await Alerts.DisposeAsync(); // from here on nothing is judged, but samples are kept
        string? late = await Unjudged(35, 25);
        Assert.Null(late);
        await Liveness.DisposeAsync();
        await History.DisposeAsync();
        await StartAsync();
        Assert.Equal("kiln +40 -41", await StoryAsync());

        async Task<string?> Unjudged(params double[] values)
        {
            foreach (double value in values)
            {
                IotXmpp.Hub.Features.History.SampleBatch batch = History.Read("kiln", Bytes($"<fields xmlns='urn:xmpp:iot:sensordata'><node nodeId='kiln'><timestamp value='{Now:yyyy-MM-dd'T'HH:mm:ss'Z'}'><numeric name='t' value='{value}'/></timestamp></node></fields>"))!;
                await Database.WriteAsync(session => History.Write(session, batch), () => History.Committed(batch));
                Time.Advance(TimeSpan.FromSeconds(1));
            }

            return null;
        }
    }

    [Fact]
    public async Task A_rule_that_is_changed_or_off_or_gone_or_over_another_thing_ends_its_alerts()
    {
        await PutAsync(Hot);
        await MeasureAsync("kiln", 31);
        await MeasureAsync("oven", 31);
        Assert.Equal(2, (await ListAsync(open: true)).Length);
        await PutAsync(Hot.Replace("\"all\":true", "\"things\":[\"kiln\"]", StringComparison.Ordinal));
        Assert.Equal(("oven", "thing"), Assert.Single((await ListAsync(open: false)).Select(a => (a.Thing, a.ClearReason))));
        await PutAsync(Hot.Replace("\"value\":30", "\"value\":30.5", StringComparison.Ordinal).Replace("\"all\":true", "\"things\":[\"kiln\"]", StringComparison.Ordinal));
        Assert.Equal("rule", (await ListAsync(open: false)).Single(a => a.Thing == "kiln").ClearReason);
        Assert.Equal("kiln: t is 31 °C, above 30.5", Assert.Single(await ListAsync(open: true)).Text);
        Assert.Equal(AlertOutcome.Done, (await Alerts.Rules.EnableAsync(Ann, "hot", false)).Outcome);
        await SettledAsync();
        Assert.Empty(await ListAsync(open: true));
        Assert.Equal(AlertOutcome.Done, (await Alerts.Rules.EnableAsync(Ann, "hot", true)).Outcome);
        await SettledAsync();
        Assert.Single(await ListAsync(open: true));
        Assert.Equal(AlertOutcome.Done, (await Alerts.Rules.RemoveAsync(Ann, "hot")).Outcome);
        await SettledAsync();
        Assert.Empty(await ListAsync(open: true));
    }

    [Fact]
    public async Task A_rule_reaches_no_further_than_its_author_also_when_he_loses_a_right()
    {
        await PutAsync(Hot);
        await MeasureAsync("pump", 99);
        Assert.Empty(await ListAsync());
        await MeasureAsync("kiln", 31);
        Sources.Rights["ann kiln"] = ThingRight.See;
        await PassAsync(301);
        Assert.Equal("thing", Assert.Single(await ListAsync(open: false)).ClearReason);
    }

    [Fact]
    public async Task A_thing_that_is_new_is_watched_by_tag_owner_and_group()
    {
        Sources.Groups["ovens"] = ["oven", "pump"];
        await PutAsync(Hot.Replace("\"all\":true", "\"tag\":\"room\",\"value\":\"cellar\"", StringComparison.Ordinal));
        await PutAsync(Hot.Replace("hot", "owned", StringComparison.Ordinal).Replace("\"all\":true", "\"owner\":\"bob@hub.test\"", StringComparison.Ordinal), Root);
        await PutAsync(Hot.Replace("hot", "grouped", StringComparison.Ordinal).Replace("\"all\":true", "\"group\":\"ovens\"", StringComparison.Ordinal));
        await AddAsync("stove", Ann, new MetaTag("ROOM", "cellar"));
        await AddAsync("grill", Ann, new MetaTag("ROOM", "attic"));
        await PassAsync(3);
        foreach (string thing in (string[])["kiln", "oven", "pump", "stove", "grill"])
        {
            await MeasureAsync(thing, 31);
        }

        Assert.Equal("grouped oven +3, owned pump +3, hot stove +3", await StoryAsync(true));
    }

    [Fact]
    public async Task An_alert_is_acknowledged_once_by_who_controls_the_thing_and_seen_by_who_sees_it()
    {
        await PutAsync(Hot);
        await MeasureAsync("kiln", 31);
        long id = Assert.Single(await ListAsync()).Id;
        Assert.Equal(AlertOutcome.Forbidden, (await Alerts.AcknowledgeAsync(Bob, id, "")).Outcome);
        Assert.Equal(AlertOutcome.NotFound, (await Alerts.AcknowledgeAsync(new Xmpp.Jid("eve", "hub.test", ""), id, "")).Outcome);
        Assert.Equal(AlertOutcome.NotFound, (await Alerts.AcknowledgeAsync(Ann, id + 1, "")).Outcome);
        Assert.Equal(AlertOutcome.Invalid, (await Alerts.AcknowledgeAsync(Carl, id, "\u0007")).Outcome);
        Assert.Equal(AlertOutcome.Invalid, (await Alerts.AcknowledgeAsync(Carl, id, new string('x', 1_001))).Outcome);
        await PassAsync(7);
        Alert alert = (await Alerts.AcknowledgeAsync(Carl, id, "on my way'); DROP TABLE alert; --")).Value!;
        Assert.Equal((AlertState.Acknowledged, "carl@hub.test", "on my way'); DROP TABLE alert; --", Now), (alert.State, alert.AcknowledgedBy, alert.Note, alert.Acknowledged));
        Assert.Equal(AlertOutcome.Done, (await Alerts.AcknowledgeAsync(Carl, id, "")).Outcome);
        Assert.Equal(AlertOutcome.Conflict, (await Alerts.AcknowledgeAsync(Ann, id, "")).Outcome);
        Assert.Single(await ListAsync(who: Bob));
        Assert.Empty(await ListAsync(who: new Xmpp.Jid("eve", "hub.test", "")));
        await MeasureAsync("kiln", (Now.AddSeconds(1), 20, "t"));
        Assert.Equal((AlertState.Cleared, "carl@hub.test"), (await Alerts.FindAsync(Bob, id) is { } over ? (over.State, over.AcknowledgedBy) : default));
        Assert.Equal(AlertOutcome.Conflict, (await Alerts.AcknowledgeAsync(Ann, id, "")).Outcome);
    }

    [Fact]
    public async Task Rules_are_for_who_maintains_and_seen_without_addresses_by_who_sees_the_things()
    {
        Assert.Equal(AlertOutcome.Forbidden, await TryPutAsync(Hot, Carl));
        Assert.Equal(AlertOutcome.Forbidden, await TryPutAsync(Hot.Replace("\"all\":true", "\"things\":[\"pump\"]", StringComparison.Ordinal), Ann));
        Assert.Equal(AlertOutcome.Forbidden, await TryPutAsync(Hot.Replace("\"all\":true", "\"things\":[\"nothing\"]", StringComparison.Ordinal), Ann));
        Assert.Equal(AlertOutcome.Invalid, await TryPutAsync("{", Ann));
        AlertRule rule = await PutAsync(Hot);
        Assert.Equal((1, Ann), (rule.Revision, rule.Author));
        Assert.Equal(AlertOutcome.Conflict, await TryPutAsync(Hot, Bob));
        Assert.Equal(AlertOutcome.Conflict, await TryPutAsync(Hot, Ann, revision: 0));
        Assert.Equal(AlertOutcome.Conflict, await TryPutAsync(Hot, Ann, revision: 2));
        Assert.Equal(AlertOutcome.Done, await TryPutAsync(Hot, Ann, revision: 1));
        Assert.Equal(AlertOutcome.Done, await TryPutAsync(Hot, Root));
        Assert.Equal(Ann, (await Alerts.Rules.FindAsync(Root, "hot"))!.Author);
        Assert.Single((await Alerts.Rules.FindAsync(Ann, "hot"))!.Deliver);
        Assert.Empty((await Alerts.Rules.FindAsync(Bob, "hot"))!.Deliver);
        Assert.Null(await Alerts.Rules.FindAsync(new Xmpp.Jid("eve", "hub.test", ""), "hot"));
        Assert.Equal(AlertOutcome.Forbidden, (await Alerts.Rules.RemoveAsync(Bob, "hot")).Outcome);
        Assert.Equal(AlertOutcome.NotFound, (await Alerts.Rules.RemoveAsync(new Xmpp.Jid("eve", "hub.test", ""), "hot")).Outcome);
        await PutAsync(Hot.Replace("hot", "b", StringComparison.Ordinal));
        await PutAsync(Hot.Replace("hot", "c", StringComparison.Ordinal));
        Assert.Equal(AlertOutcome.TooMany, await TryPutAsync(Hot.Replace("hot", "d", StringComparison.Ordinal), Ann));
        await Alerts.Rules.ForgetAccountAsync(Ann);
        Assert.Empty(await Alerts.Rules.ListAsync(Root));
    }

    [Fact]
    public async Task A_list_comes_page_by_page()
    {
        await PutAsync(Hot);
        for (int i = 0; i < 5; i++)
        {
            await MeasureAsync("kiln", 31);
            await PassAsync(1);
            await MeasureAsync("kiln", 20);
            await PassAsync(1);
        }

        var ids = new List<long>();
        for (long? before = null; ;)
        {
            AlertPage<Alert> page = await Alerts.ListAsync(Bob, new AlertQuery(null, "kiln", before, 2));
            ids.AddRange(page.Items.Select(a => a.Id));
            if ((before = page.Next) is null)
            {
                break;
            }
        }

        Assert.Equal([5, 4, 3, 2, 1], ids);
        Assert.Empty((await Alerts.ListAsync(Bob, new AlertQuery(null, "pump' OR 1=1 --"))).Items);
    }

    [Fact]
    public async Task What_is_old_goes_and_what_is_open_stays()
    {
        await PutAsync(Hot);
        await MeasureAsync("kiln", 31);
        await PassAsync(1);
        await MeasureAsync("kiln", 20);
        await MeasureAsync("oven", 31);
        var store = new AlertStore(Database, Options);
        await store.SweepAsync(Now.AddDays(500));
        Assert.Equal("oven", Assert.Single(await ListAsync()).Thing);
        await Alerts.ForgetThingAsync("oven");
        Assert.Empty(await ListAsync());
    }
}

public sealed class AlertServiceTests : AlertServiceSpecification
{
    protected override Task<ISqlDatabase> OpenAsync(params IEnumerable<Migration>[] migrations) => TestDatabase.OpenAsync(migrations);
}

public sealed class AlertServicePostgresTests : AlertServiceSpecification
{
    protected override Task<ISqlDatabase> OpenAsync(params IEnumerable<Migration>[] migrations) => TestDatabase.OpenPostgresAsync(migrations);
}
