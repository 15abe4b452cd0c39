using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.Alerts;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Storage.Migrations;
using IotXmpp.TestKit;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Alerts;

/// <summary>How alerts get to people: once, in order, not in a storm, not in a maintenance window; on every database.</summary>
public abstract class AlertDeliverySpecification : AlertHarness
{
    private const string Cold = """{"id":"cold","scope":{"all":true},"when":{"kind":"threshold","field":"t","is":"below","value":5},"deliver":[{"to":"mailto:ops@example.org"}]}""";

    [Fact]
    public async Task Who_may_not_see_a_thing_is_not_told_of_it()
    {
        await PutAsync(Hot.Replace("\"owner\"", "\"xmpp:carl@hub.test\"", StringComparison.Ordinal));
        await MeasureAsync("oven", 31);
        await MeasureAsync("kiln", 31);
        await Sender.HasSentAsync(1);
        await EndedAsync(2);
        Assert.Equal(["carl@hub.test: alert-2-raised"], Sender.Sent);
        Assert.Equal([DeliveryState.Sent, DeliveryState.Refused], (await DeliveriesAsync()).Select(d => d.State));
    }

    [Fact]
    public async Task Who_lost_the_right_to_maintain_has_no_mails_sent()
    {
        await PutAsync(Cold);
        Sender.Answers = _ => DeliveryAnswer.NotNow("later");
        await MeasureAsync("kiln", 1);
        await Wait.UntilAsync(() => Sender.Tried.Count == 1);
        Sender.Answers = _ => DeliveryAnswer.Sent;
        Sources.Rights["ann kiln"] = ThingRight.See;
        await PassUntilAsync(async () => (await DeliveriesAsync())[0].State == DeliveryState.Refused);
        Assert.Empty(Sender.Sent);
    }

    [Fact]
    public async Task What_is_not_taken_now_is_tried_again_in_order_and_given_up_in_the_end()
    {
        Options.Attempts = 3;
        await PutAsync(Cold);
        Sender.Answers = _ => DeliveryAnswer.NotNow("451 come again");
        await MeasureAsync("kiln", 1);
        await Wait.UntilAsync(() => Sender.Tried.Count == 1);
        await PassAsync(1);
        await MeasureAsync("kiln", 20);
        // That it is over is not told before that it was raised.
        await PassUntilAsync(() => Task.FromResult(Sender.Tried.Count == 2));
        Assert.Equal(["alert-1-raised", "alert-1-raised"], Sender.Tried);
        await Wait.UntilAsync(async () => (await DeliveriesAsync())[^1].Attempts == 2);
        AlertDelivery waiting = (await DeliveriesAsync())[^1];
        Assert.Equal((DeliveryState.Waiting, 2, "451 come again"), (waiting.State, waiting.Attempts, waiting.Answer));
        await PassUntilAsync(async () => (await DeliveriesAsync())[^1].State == DeliveryState.Failed);
        await PassUntilAsync(async () => (await DeliveriesAsync()).All(d => d.State == DeliveryState.Failed));
        AlertDelivery[] failed = await DeliveriesAsync(DeliveryState.Failed);
        Assert.Equal(2, failed.Length);

        // By hand: from the beginning.
        Sender.Answers = _ => DeliveryAnswer.Sent;
        Assert.Equal(AlertOutcome.NotFound, (await Alerts.SendAgainAsync(Bob, failed[0].Id)).Outcome);
        Assert.Equal(AlertOutcome.Done, (await Alerts.SendAgainAsync(Ann, failed[1].Id)).Outcome);
        await Sender.HasSentAsync(1);
        await EndedAsync(2);
        Assert.Equal(AlertOutcome.Conflict, (await Alerts.SendAgainAsync(Ann, failed[1].Id)).Outcome);
        Assert.Equal(["ops@example.org: alert-1-raised"], Sender.Sent);
    }

    [Fact]
    public async Task What_will_never_be_taken_is_given_up_at_once()
    {
        await PutAsync(Cold);
        Sender.Answers = _ => DeliveryAnswer.Never("550 no such person");
        await MeasureAsync("kiln", 1);
        await EndedAsync(1);
        Assert.Equal((DeliveryState.Failed, "550 no such person"), (await DeliveriesAsync())[0] is { } d ? (d.State, d.Answer) : default);
        Assert.Empty((await Alerts.DeliveriesAsync(Bob, null, null, null, 10)).Items);
        Assert.Single((await Alerts.DeliveriesAsync(Root, DeliveryState.Failed, 1, null, 10)).Items);
    }

    [Fact]
    public async Task A_storm_becomes_a_few_notices_and_a_digest()
    {
        Options.Burst = 3;
        await RestartAsync();
        for (int i = 0; i < 40; i++)
        {
            await AddAsync($"thing-{i}", Ann);
        }

        await PutAsync(Cold);
        for (int i = 0; i < 40; i++)
        {
            await MeasureAsync($"thing-{i}", 1);
        }

        await PassUntilAsync(async () => (await DeliveriesAsync()).All(d => d.State == DeliveryState.Sent));
        Assert.Equal(40, Sender.Notices.Sum(n => n.Events.Count));
        Assert.InRange(Sender.Notices.Count, 1, 6);
        AlertNotice digest = Sender.Notices.First(n => n.IsDigest);
        Assert.StartsWith($"{digest.Events.Count} alerts raised, 0 over", digest.Text(), StringComparison.Ordinal);
        Assert.All(await DeliveriesAsync(), d => Assert.Equal(40, Sender.Notices.Sum(n => n.Events.Count)));
    }

    [Fact]
    public async Task A_restart_sends_what_waits_and_nothing_twice()
    {
        await PutAsync(Cold);
        Sender.Answers = _ => DeliveryAnswer.NotNow("later");
        await MeasureAsync("kiln", 1);
        await Wait.UntilAsync(() => Sender.Tried.Count == 1);
        Sender.Answers = _ => DeliveryAnswer.Sent;
        await RestartAsync();
        await PassUntilAsync(() => Task.FromResult(Sender.Sent.Length > 0));
        await EndedAsync(1);
        await RestartAsync();
        await PassAsync(3_600);
        Assert.Equal(["ops@example.org: alert-1-raised"], Sender.Sent);
    }

    [Fact]
    public async Task In_a_maintenance_window_nobody_is_told_and_at_its_end_of_what_is_open_still()
    {
        await PutAsync(Cold);
        await WindowAsync($$$"""{"id":"oiling","scope":{"things":["kiln","oven"]},"once":{"from":"{{{Start:yyyy-MM-dd'T'HH:mm:ss'Z'}}}","to":"{{{Start.AddHours(2):yyyy-MM-dd'T'HH:mm:ss'Z'}}}"}}""");
        await MeasureAsync("kiln", 1);
        await MeasureAsync("oven", 1);
        await PassAsync(60);
        await MeasureAsync("oven", 20);
        await PassAsync(3_600);
        Assert.Empty(Sender.Tried);
        Assert.All(await ListAsync(), a => Assert.Equal("oiling", a.Suppressed));
        Assert.Equal([DeliveryState.Suppressed, DeliveryState.Waiting], (await DeliveriesAsync()).Select(d => d.State));
        await PassUntilAsync(() => Task.FromResult(Sender.Sent.Length > 0));
        Assert.True(Now >= Start.AddHours(2));
        await MeasureAsync("kiln", 20);
        await Sender.HasSentAsync(2);
        Assert.Equal(["ops@example.org: alert-1-raised", "ops@example.org: alert-1-cleared"], Sender.Sent);
    }

    [Fact]
    public async Task A_window_that_is_taken_away_tells_at_once_and_is_its_authors_only()
    {
        await PutAsync(Cold);
        string window = $$$"""{"id":"oiling","scope":{"all":true},"once":{"from":"{{{Start:yyyy-MM-dd'T'HH:mm:ss'Z'}}}","to":"{{{Start.AddHours(2):yyyy-MM-dd'T'HH:mm:ss'Z'}}}"}}""";
        // Bob's window is over what bob maintains.
        Assert.Equal(AlertOutcome.Done, (await Alerts.Rules.PutWindowAsync(Bob, Bytes(window))).Outcome);
        Assert.Equal(AlertOutcome.Conflict, (await Alerts.Rules.PutWindowAsync(Ann, Bytes(window))).Outcome);
        Assert.Equal(AlertOutcome.Forbidden, (await Alerts.Rules.PutWindowAsync(Carl, Bytes(window.Replace("oiling", "x", StringComparison.Ordinal)))).Outcome);
        await MeasureAsync("kiln", 1);
        await Sender.HasSentAsync(1);
        await WindowAsync(window.Replace("oiling", "mine", StringComparison.Ordinal));
        await MeasureAsync("oven", 1);
        Assert.Equal("mine", (await ListAsync())[0].Suppressed);
        Assert.Empty(await Alerts.Rules.WindowsAsync(Carl));
        Assert.Single(await Alerts.Rules.WindowsAsync(Ann));
        Assert.Equal(2, (await Alerts.Rules.WindowsAsync(Root)).Count);
        Assert.Equal(AlertOutcome.NotFound, (await Alerts.Rules.RemoveWindowAsync(Bob, "mine")).Outcome);
        Assert.Equal(AlertOutcome.Done, (await Alerts.Rules.RemoveWindowAsync(Ann, "mine")).Outcome);
        await Sender.HasSentAsync(2);
    }

    [Fact]
    public async Task A_silence_holds_for_all_alerts_of_rule_and_thing_until_its_time()
    {
        await PutAsync(Cold);
        await MeasureAsync("kiln", 1);
        await Sender.HasSentAsync(1);
        Assert.Equal(AlertOutcome.Forbidden, (await Alerts.SilenceAsync(Bob, 1, Now.AddHours(1), "")).Outcome);
        Assert.Equal(AlertOutcome.Invalid, (await Alerts.SilenceAsync(Carl, 1, Now.AddDays(1_000), "")).Outcome);
        Alert silenced = (await Alerts.SilenceAsync(Carl, 1, Start.AddHours(1), "I know")).Value!;
        Assert.Equal(Start.AddHours(1), silenced.SilencedUntil);
        await PassAsync(60);
        await MeasureAsync("kiln", 20);
        await PassAsync(60);
        await MeasureAsync("kiln", 1);
        await PassAsync(60);
        Assert.Single(Sender.Tried);
        await RestartAsync();
        await PassAsync(60);
        Assert.Single(Sender.Tried);
        await PassUntilAsync(() => Task.FromResult(Sender.Sent.Length == 3));
        Assert.True(Now >= Start.AddHours(1));
        Assert.Equal(["ops@example.org: alert-1-raised", "ops@example.org: alert-1-cleared", "ops@example.org: alert-2-raised"], Sender.Sent);
        await Alerts.SilenceAsync(Carl, 2, Now.AddHours(1), "");
        Assert.Null((await Alerts.SilenceAsync(Carl, 2, Now, "")).Value!.SilencedUntil);
        await PassAsync(60);
        await MeasureAsync("kiln", 20);
        await Sender.HasSentAsync(4);
    }

    private async Task WindowAsync(string document)
    {
        AlertResult<MaintenanceWindow> result = await Alerts.Rules.PutWindowAsync(Ann, Bytes(document));
        Assert.True(result.Outcome == AlertOutcome.Done, result.Text);
    }

    private async Task<AlertDelivery[]> DeliveriesAsync(DeliveryState? state = null) => [.. (await Alerts.DeliveriesAsync(Root, state, null, null, 200)).Items];

    private Task EndedAsync(int count) => Wait.UntilAsync(async () => (await DeliveriesAsync()).Count(d => d.Done is not null) >= count);

    /// <summary>Time goes on by half minutes until it is so; between them others have their turn.</summary>
    private async Task PassUntilAsync(Func<Task<bool>> isSo)
    {
        for (int i = 0; i < 2_000 && !await isSo(); i++)
        {
            await PassAsync(30);
            await Task.Delay(5);
        }

        Assert.True(await isSo());
    }
}

public sealed class AlertDeliveryTests : AlertDeliverySpecification
{
    protected override Task<ISqlDatabase> OpenAsync(params IEnumerable<Migration>[] migrations) => TestDatabase.OpenAsync(migrations);
}

public sealed class AlertDeliveryPostgresTests : AlertDeliverySpecification
{
    protected override Task<ISqlDatabase> OpenAsync(params IEnumerable<Migration>[] migrations) => TestDatabase.OpenPostgresAsync(migrations);
}
