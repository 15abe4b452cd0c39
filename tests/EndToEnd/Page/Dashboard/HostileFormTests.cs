using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.Commands;
using IotXmpp.TestKit.Servers;
using Microsoft.Playwright;
using Xunit;

namespace IotXmpp.EndToEnd.Page.Dashboard;

/// <summary>What means harm, in the forms that stand behind a choice or before the sign-in.</summary>
public sealed class HostileFormTests(DashboardFixture fixture) : IClassFixture<DashboardFixture>
{
    private static readonly string[] s_documents =
    [
        "{", "null", "[]", "{}", "{\"id\":\"\\ud800\"}", """{"id":"x","id":"y"}""", """{"__proto__":{"harmed":1}}""", new string('[', 5_000),
        """{"id":"<img src=x onerror=window.harmed=1>","scope":{"all":true},"when":{"kind":"offline"}}""",
        """{"id":"x","scope":{"group":"'; DROP TABLE account; --"},"when":{"kind":"<img src=x onerror=window.harmed=1>"}}""",
        """{"id":"x","scope":{"all":true},"when":{"kind":"threshold","field":"t","above":1e999}}""",
    ];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Harm_in_what_a_group_is_told_is_refused_or_text()
    {
        await using HubHost hub = await DashboardFixture.StartAsync();
        await using var scene = new FleetScene(hub);
        await scene.RunAsync("relay-1", "relay");
        GroupService groups = hub.Server.FleetServices.Groups;
        Assert.Equal(GroupOutcome.Done, (await groups.CreateAsync(scene.Of("operator"), "relays", "Relays", null, Cancel)).Outcome);
        Assert.Equal(GroupOutcome.Done, (await groups.AddThingAsync(scene.Of("operator"), "relays", "relay-1", Cancel)).Outcome);
        IPage page = await fixture.SignInAsync(hub, "operator");
        foreach ((string name, string value) in HostileTyping.Values)
        {
            await HostileTyping.GoAsync(page, "/groups/relays");
            await page.GetByText("Command them all").ClickAsync();
            ILocator form = page.Locator("main form").Filter(new() { Has = page.GetByLabel("Things a minute") });
            ILocator begin = form.GetByRole(AriaRole.Button, new() { Name = "Begin with 1 thing" });
            await HostileTyping.WriteAsync(begin, value);
            await begin.ClickAsync();
            await Assertions.Expect(form.GetByLabel("Things may come for", new() { Exact = true })).ToHaveAttributeAsync("aria-invalid", "true");

            // With a time that is one: what is set, and to what.
            await HostileTyping.WriteAsync(begin, value, ".span");
            await form.GetByLabel("Things may come for", new() { Exact = true }).FillAsync("1");
            await form.GetByLabel("Things may come for: unit").SelectOptionAsync("3600");
            await begin.ClickAsync();
            ILocator dialog = page.GetByRole(AriaRole.Dialog);
            await dialog.GetByRole(AriaRole.Button, new() { Name = "Begin", Exact = true }).ClickAsync();
            // Refused above the form; or it goes to the thing, which knows no such parameter, and what stands in it is text on the batch's page.
            await page.GetByText("Not done: ").Or(page.Locator("dl.facts").GetByText("1 failed")).First.WaitForAsync();
            Assert.True(await HostileTyping.IsUnharmedAsync(page), name);
        }

        Assert.Empty((await hub.Server.FleetServices.Commands!.Audit.QueryAsync(scene.Of("operator"), new AuditQuery { State = CommandState.Done }, Cancel)).Entries);
        await HostileTyping.GoAsync(page, "/commands");
        await page.Locator("table.data").First.WaitForAsync();
        Assert.True(await HostileTyping.IsUnharmedAsync(page));
        await fixture.CheckAsync(page);
        await page.LeaveAsync();
    }

    [Theory]
    [InlineData("/alerts/rules", "New rule")]
    [InlineData("/alerts/maintenance", "New window")]
    public async Task Harm_in_the_document_behind_a_form_is_refused_beside_it_or_text(string path, string open)
    {
        await using HubHost hub = await DashboardFixture.StartAsync();
        await using var scene = new FleetScene(hub);
        IPage page = await fixture.SignInAsync(hub, "operator");
        foreach (string value in HostileTyping.Values.Select(v => v.Value).Concat(s_documents))
        {
            await HostileTyping.GoAsync(page, path);
            await page.GetByRole(AriaRole.Button, new() { Name = open }).ClickAsync();
            ILocator fold = page.Locator("details.document");
            await fold.Locator("summary").ClickAsync();
            ILocator text = fold.GetByLabel("Document");
            await text.EvaluateAsync("(e, value) => { e.removeAttribute('maxlength'); e.value = value; e.dispatchEvent(new Event('change', { bubbles: true })); }", value);
            await fold.GetByRole(AriaRole.Button, new() { Name = "Take it into the form" }).ClickAsync();
            await page.Locator("main form").GetByRole(AriaRole.Button, new() { Name = "Save", Exact = true }).ClickAsync();
            // Beside the document, or, of what could be taken into the form, above it.
            await Assertions.Expect(page.Locator("main form").GetByRole(AriaRole.Alert).First).ToContainTextAsync("Not ");
            Assert.True(await HostileTyping.IsUnharmedAsync(page), value);
        }

        Assert.Empty(fixture.Complaints(page));
        Assert.Empty(await hub.Server.FleetServices.Alerts!.Rules.ListAsync(scene.Of("operator"), Cancel));
        Assert.Empty(await hub.Server.FleetServices.Alerts.Rules.WindowsAsync(scene.Of("operator"), Cancel));
        await page.LeaveAsync();
    }

    [Theory]
    [InlineData("/first-run", "Set up")]
    [InlineData("/sign-in", "Sign in")]
    public async Task Harm_before_the_sign_in_opens_nothing(string path, string submit)
    {
        await using HubHost hub = path == "/first-run" ? await HubHost.StartAsync("""{ "Security": { "LoginThrottle": { "Enabled": false } } }""") : await DashboardFixture.StartAsync("""{ "Security": { "LoginThrottle": { "Enabled": false } } }""");
        IPage page = await fixture.NewPageAsync();
        foreach ((string name, string value) in HostileTyping.Values)
        {
            await page.GotoAsync(DashboardFixture.Url(hub) + path);
            ILocator button = page.GetByRole(AriaRole.Button, new() { Name = submit, Exact = true });
            await HostileTyping.WriteAsync(button, value.Replace("\0", "", StringComparison.Ordinal)); // a form with a zero in it is refused as such, before there is a page
            IResponse answer = await page.RunAndWaitForResponseAsync(() => button.ClickAsync(), r => r.Request.Method == "POST");
            Assert.Contains(answer.Status, new[] { 400, 401 });
            Assert.True(await page.Locator("[role=alert]").CountAsync() > 0, $"{name}: {await page.Locator("body").InnerTextAsync()}");
            Assert.True(await HostileTyping.IsUnharmedAsync(page) && !await page.EvaluateAsync<bool>("!!document.querySelector('img')"), name);
            fixture.Forgive(page); // the browser writes each 400 and 401 on the console
        }

        Assert.DoesNotContain(await page.Context.CookiesAsync(), c => c.Name != "iotxmpp-form");
        await page.GotoAsync(DashboardFixture.Url(hub) + "/users");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).WaitForAsync();
        await page.LeaveAsync();
    }
}
