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
    public async Task A_rule_is_tested_and_saved_and_its_alert_comes_by_itself_and_is_acknowledged()
    {
        await using HubHost hub = await DashboardFixture.StartAsync();
        IPage page = await fixture.SignInAsync(hub, "operator", "/alerts/rules");
        await ThingAsync(hub, "kettle", "operator");
        LivenessService liveness = hub.Server.Hub.Modules.OfType<LivenessModule>().Single().Service;
        liveness.Online("kettle", ThingStatus.None);
        liveness.Offline("kettle", "connection-lost");
        await page.GetByRole(AriaRole.Button, new() { Name = "New rule" }).ClickAsync();
        ILocator document = page.GetByLabel("Rule", new() { Exact = true });
        await document.FillAsync("""{ "id": "lost", "scope": { "all": true }, "when": { "kind": "weather" } }""");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await page.GetByText("when.kind: 'weather' is none of").WaitForAsync();
        await document.FillAsync("""{ "id": "lost", "name": "Lost", "scope": { "all": true }, "when": { "kind": "offline" } }""");
        await page.GetByRole(AriaRole.Button, new() { Name = "Test over the last" }).ClickAsync();
        await page.GetByText("1 alerts of 1 things").WaitForAsync();
        await fixture.CheckAsync(page);
        await DashboardFixture.PictureAsync(page, "alert-rules");
        await page.SetViewportSizeAsync(1280, 800);
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Lost", Exact = true }).WaitForAsync();

        await page.GetByRole(AriaRole.Link, new() { Name = "Alerts", Exact = true }).First.ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "kettle is away: connection-lost" }).ClickAsync();
        await page.GetByLabel("Note").FillAsync("<b>on my way</b>");
        await fixture.CheckAsync(page);
        await DashboardFixture.PictureAsync(page, "alerts");
        await page.SetViewportSizeAsync(1280, 800);
        await page.GetByRole(AriaRole.Button, new() { Name = "Acknowledge" }).ClickAsync();
        await page.GetByText("<b>on my way</b>").WaitForAsync();
        liveness.Online("kettle", ThingStatus.None);
        await page.GetByText("Nothing calls for attention.").WaitForAsync();
        await page.GotoAsync(DashboardFixture.Url(hub) + "/alerts/maintenance");
        await page.GetByRole(AriaRole.Button, new() { Name = "New window" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await page.GetByText("open until").WaitForAsync();
        await fixture.CheckAsync(page);
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
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await page.GetByText("rules and windows are for those who maintain things").WaitForAsync();
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
