using System.Text;
using IotXmpp.Hub.Features.Alerts;
using IotXmpp.Hub.Features.Liveness;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Sasl;
using IotXmpp.TestKit.Servers;
using IotXmpp.Xmpp;
using Microsoft.Playwright;
using Xunit;

namespace IotXmpp.EndToEnd.Page.Dashboard;

/// <summary>A person makes a rule, tests it over history, sees what it raises as it is raised, acknowledges it, and is refused where the role ends.</summary>
public sealed class AlertPageTests(DashboardFixture fixture) : IClassFixture<DashboardFixture>
{
    [Fact]
    public async Task A_rule_is_made_by_a_form_and_tested_and_its_alert_comes_by_itself_and_is_acknowledged()
    {
        await using HubHost hub = await DashboardFixture.StartAsync();
        await using var scene = new FleetScene(hub);
        await scene.AddAsync("kettle", tags: ("NAME", "Kettle"));
        scene.Liveness.Online("kettle", ThingStatus.None);
        DateTimeOffset now = DateTimeOffset.UtcNow;
        await scene.MeasureAsync("kettle", now.AddHours(-3), ("temperature", "20", "°C"));
        await scene.MeasureAsync("kettle", now.AddHours(-2), ("temperature", "96", "°C"));
        await scene.MeasureAsync("kettle", now.AddHours(-1), ("temperature", "20", "°C"));
        IPage page = await fixture.SignInAsync(hub, "operator", "/alerts/rules");
        IPage fleet = await fixture.SignInAsync(hub, "operator");
        await fleet.GetByText("Nothing: all is as it shall be.").WaitForAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "New rule" }).ClickAsync();
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("<b>Too hot</b>");
        await page.GetByLabel("Field", new() { Exact = true }).FillAsync("temperature");
        await page.GetByLabel("Threshold", new() { Exact = true }).FillAsync("warm");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(page.Locator(".field").Filter(new() { HasText = "Threshold" }).GetByRole(AriaRole.Alert)).ToHaveTextAsync("Must be a number.");
        await Assertions.Expect(page.GetByLabel("Threshold", new() { Exact = true })).ToHaveAttributeAsync("aria-invalid", "true");
        await page.GetByLabel("Threshold", new() { Exact = true }).FillAsync("90");
        await page.GetByLabel("Hysteresis").FillAsync("2");
        await page.GetByLabel("Severity").SelectOptionAsync("critical");
        await page.GetByRole(AriaRole.Button, new() { Name = "Tell somebody" }).ClickAsync();
        await page.GetByLabel("How 2").SelectOptionAsync("xmpp:");
        await page.GetByLabel("Account 2").FillAsync($"boss@{hub.Domain}");
        await page.GetByRole(AriaRole.Button, new() { Name = "Test over the last" }).ClickAsync();
        await page.GetByText("1 alert of 1 thing by").WaitForAsync();
        await fixture.CheckAsync(page);
        await page.EvaluateAsync("scrollTo(0, 0)");
        await DashboardFixture.PictureAsync(page, "alert-rules");
        await page.SetViewportSizeAsync(1280, 800);

        // The document stands behind the form and goes with it, both ways.
        await page.GetByText("As a document").ClickAsync();
        ILocator document = page.GetByLabel("Document", new() { Exact = true });
        await Assertions.Expect(document).ToHaveValueAsync(new System.Text.RegularExpressions.Regex("\"hysteresis\": 2,"));
        string text = await document.InputValueAsync();
        await document.FillAsync(text.Replace("\"hysteresis\": 2,", "\"hysteresis\": -1,", StringComparison.Ordinal));
        await page.GetByRole(AriaRole.Button, new() { Name = "Take it into the form" }).ClickAsync();
        await page.GetByText("when.hysteresis must be a number of at least 0").WaitForAsync();
        await document.FillAsync(text.Replace("\"hysteresis\": 2,", "\"hysteresis\": 3,", StringComparison.Ordinal));
        await page.GetByRole(AriaRole.Button, new() { Name = "Take it into the form" }).ClickAsync();
        await Assertions.Expect(page.GetByLabel("Hysteresis")).ToHaveValueAsync("3");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "<b>Too hot</b>", Exact = true }).WaitForAsync();
        AlertService alerts = hub.Server.Hub.Modules.OfType<AlertsModule>().Single().Service;
        AlertRule rule = Assert.Single(await alerts.Rules.ListAsync(scene.Of("operator"), TestContext.Current.CancellationToken));
        Assert.Equal("b-too-hot-b", rule.Id);
        Assert.Equal(new ThresholdCondition("temperature", Comparison.Above, 90, 0, null, 3, TimeSpan.Zero, TimeSpan.Zero), rule.Condition);
        Assert.Equal(["owner", $"boss@{hub.Domain}"], rule.Deliver.Select(d => d.Address));

        // What it raises is on the page of alerts and on the fleet's without anybody asking.
        await page.GotoAsync(DashboardFixture.Url(hub) + "/alerts");
        await page.GetByText("Nothing calls for attention.").WaitForAsync();
        await scene.MeasureAsync("kettle", DateTimeOffset.UtcNow, ("temperature", "95", "°C"));
        await Assertions.Expect(fleet.Locator(".attention li")).ToContainTextAsync("open alert");
        await Assertions.Expect(fleet.Locator(".attention li")).ToContainTextAsync("Kettle");
        await page.GetByRole(AriaRole.Row).Filter(new() { HasText = "critical" }).GetByRole(AriaRole.Button).ClickAsync();
        await page.GetByLabel("Note").FillAsync("<b>on my way</b>");
        await fixture.CheckAsync(page);
        await DashboardFixture.PictureAsync(page, "alerts");
        await page.SetViewportSizeAsync(1280, 800);
        await page.GetByRole(AriaRole.Button, new() { Name = "Acknowledge" }).ClickAsync();
        ILocator row = page.GetByRole(AriaRole.Row).Filter(new() { HasText = "critical" });
        await Assertions.Expect(row).ToContainTextAsync("acknowledged");
        await row.GetByRole(AriaRole.Button).ClickAsync();
        await page.GetByText("<b>on my way</b>").WaitForAsync();
        Assert.Equal(AlertState.Acknowledged, Assert.Single((await alerts.ListAsync(scene.Of("operator"), new AlertQuery(true, null, null, 10), TestContext.Current.CancellationToken)).Items).State);
        await scene.MeasureAsync("kettle", DateTimeOffset.UtcNow, ("temperature", "20", "°C"));
        await page.GetByText("Nothing calls for attention.").WaitForAsync();
        await Assertions.Expect(fleet.Locator(".attention li")).ToHaveCountAsync(0);
        await fleet.LeaveAsync();
        await page.LeaveAsync();
    }

    [Fact]
    public async Task A_maintenance_window_is_made_by_a_form_once_and_each_week()
    {
        await using HubHost hub = await DashboardFixture.StartAsync();
        await using var scene = new FleetScene(hub);
        await scene.AddAsync("kettle");
        IPage page = await fixture.SignInAsync(hub, "operator", "/alerts/maintenance");
        await page.GetByRole(AriaRole.Button, new() { Name = "New window" }).ClickAsync();
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("Work on site");
        string to = await page.GetByLabel("To (UTC)").InputValueAsync();
        await page.GetByLabel("To (UTC)").FillAsync("2001-01-01T00:00");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await page.GetByText("Must be later than once.from").WaitForAsync();
        await page.GetByLabel("To (UTC)").FillAsync(to);
        await fixture.CheckAsync(page);
        await page.SetViewportSizeAsync(1280, 800);
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await page.GetByText("open until").WaitForAsync();

        // Another of the same name is another window.
        await page.GetByRole(AriaRole.Button, new() { Name = "New window" }).ClickAsync();
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("Work on site");
        await page.GetByLabel("How often").SelectOptionAsync("each week");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("Is empty");
        await page.GetByLabel("Sunday").CheckAsync();
        await page.GetByLabel("Time zone").FillAsync("Europe/Berlin");
        await fixture.CheckAsync(page);
        await DashboardFixture.PictureAsync(page, "maintenance");
        await page.SetViewportSizeAsync(1280, 800);
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await page.GetByText("Sun at 22:00 for 120 min (Europe/Berlin)").WaitForAsync();
        AlertService alerts = hub.Server.Hub.Modules.OfType<AlertsModule>().Single().Service;
        Assert.Equal(["work-on-site", "work-on-site-2"], (await alerts.Rules.WindowsAsync(scene.Of("operator"), TestContext.Current.CancellationToken)).Select(w => w.Id).Order());
        await page.GetByRole(AriaRole.Button, new() { Name = "Remove Work on site" }).First.ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Remove" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Remove Work on site" })).ToHaveCountAsync(1);
        await page.LeaveAsync();
    }

    [Fact]
    public async Task Who_only_sees_is_refused_and_a_stranger_sees_nothing()
    {
        await using HubHost hub = await DashboardFixture.StartAsync();
        IPage page = await fixture.SignInAsync(hub, "viewer", "/alerts");
        await ThingAsync(hub, "kettle", "operator");
        AlertService alerts = hub.Server.Hub.Modules.OfType<AlertsModule>().Single().Service;
        LivenessService liveness = hub.Server.Hub.Modules.OfType<LivenessModule>().Single().Service;
        await alerts.Rules.PutAsync(new Jid("operator", "hub.test", ""), Encoding.UTF8.GetBytes("""{"id":"lost","scope":{"all":true},"when":{"kind":"offline"}}"""), null, TestContext.Current.CancellationToken);
        liveness.Online("kettle", ThingStatus.None);
        liveness.Offline("kettle", "connection-lost");
        await alerts.SettledAsync();
        await page.ReloadAsync();
        await page.GetByText("Nothing calls for attention.").WaitForAsync();
        await page.GotoAsync(DashboardFixture.Url(hub) + "/alerts/rules");
        await page.GetByRole(AriaRole.Button, new() { Name = "New rule" }).ClickAsync();
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("Mine");
        await page.GetByLabel("When", new() { Exact = true }).SelectOptionAsync("offline");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("rules and windows are for those who maintain things");
        await page.GetByRole(AriaRole.Button, new() { Name = "Test over the last" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("rules and windows are for those who maintain things");
        Assert.Single(await alerts.Rules.ListAsync(new Jid("boss", "hub.test", ""), TestContext.Current.CancellationToken));
        await page.LeaveAsync();
    }

    private static async Task ThingAsync(HubHost hub, string id, string owner)
    {
        RegistryModule registry = hub.Server.Hub.Modules.OfType<RegistryModule>().Single();
        byte[] bytes = [.. Enumerable.Repeat((byte)1, 32)];
        ThingResult made = await registry.Provisioning.ProvisionAsync(
            new Jid("boss", "hub.test", ""), new Provision(id, new Jid(owner, "hub.test", ""), new ScramCredentials(ScramHash.Sha256, bytes[..16], 4096, bytes, bytes)));
        Assert.Equal(RegistryOutcome.Done, made.Outcome);
    }
}
