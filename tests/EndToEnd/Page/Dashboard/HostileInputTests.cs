using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Servers;
using Microsoft.Playwright;
using Xunit;

namespace IotXmpp.EndToEnd.Page.Dashboard;

/// <summary>What means harm, in every input of every form: it is text, or refused beside the input. And addresses of what is somebody else's.</summary>
public sealed class HostileInputTests(DashboardFixture fixture) : IClassFixture<DashboardFixture>
{
    /// <summary>A form: what is typed into all of its inputs, whatever their type and length allow.</summary>
    /// <param name="Path">The page.</param>
    /// <param name="Submit">The button that sends it.</param>
    /// <param name="Refused">The label of an input beside which every value is refused; null where a text is a text there.</param>
    /// <param name="Open">The button behind which it is.</param>
    /// <param name="IsLast">Whether it is the last of those whose button is called so; else the first.</param>
    private sealed record HostileForm(string Path, string Submit, string? Refused = null, string? Open = null, bool IsLast = false);

    private static readonly HostileForm[] s_forms =
    [
        new("/claim", "Claim", "Code"),
        new("/groups", "Make it", "Id"),
        new("/groups/house-1", "Put it in", "Thing of yours"),
        new("/groups/house-1", "Save", "Account"),
        new("/groups/house-1", "Rename"),
        new("/alerts", "Silence for 8 hours", null, "is away"),
        new("/alerts/rules", "Save", null, "New rule"),
        new("/alerts/maintenance", "Save", null, "New window"),
        new("/commands", "Show", "Person"),
        new("/rollouts", "Start", "Groups"),
        new("/users", "Add", "Name", "Add"),
        new("/users", "Make a link", "Name", "Invite"),
        new("/tokens", "Make", null, "Make one"),
        new("/hub", "Rename"),
        new("/account", "Change the password"),
        new("/account", "Turn it on", "Code", "Set it up"),
        new("/things/relay-1", "Write it down"),
        new("/things/relay-1", "Set", "Relay on for so many ms, then off"),
        new("/things/relay-1", "Set", IsLast: true),
    ];

    [Fact]
    public async Task Harm_in_every_field_is_text_or_refused_beside_it()
    {
        await using HubHost hub = await DashboardFixture.StartAsync();
        await using WholeScene scene = await WholeScene.BuildAsync(hub);
        IPage page = await fixture.SignInAsync(hub, "boss");
        await page.EvaluateAsync("window.sameCircuit = true");
        var wrong = new List<string>();
        foreach (HostileForm form in s_forms)
        {
            foreach ((string name, string value) in HostileTyping.Values)
            {
                string where = $"{form.Path}, {form.Submit}, {name}";
                try
                {
                    await SendAsync(page, form, value);
                }
                catch (Exception e) when (e is PlaywrightException or TimeoutException or OperationCanceledException)
                {
                    wrong.Add($"{where}: {e.Message}: {await page.Locator("body").InnerTextAsync()}");
                    await page.GotoAsync(DashboardFixture.Url(hub));
                    await page.EvaluateAsync("window.sameCircuit = true");
                }

                if (await page.GetByRole(AriaRole.Heading, new() { Name = "Something failed" }).CountAsync() > 0 || !await page.EvaluateAsync<bool>("window.sameCircuit === true && window.harmed === undefined && !document.querySelector('#components-reconnect-modal[open]')"))
                {
                    wrong.Add($"{where}: it failed, or did harm");
                    await page.GotoAsync(DashboardFixture.Url(hub));
                    await page.EvaluateAsync("window.sameCircuit = true");
                }

                wrong.AddRange(fixture.Complaints(page).Select(c => $"{where}: {c}"));
                fixture.Forgive(page);
            }
        }

        // What was taken is text wherever it stands.
        foreach (PageStop stop in scene.Pages.Where(s => s.Path != "/welcome"))
        {
            await HostileTyping.GoAsync(page, stop.Path);
            await page.Locator("main :is(table, form, dl, .card, .empty)").First.WaitForAsync();
            Assert.True(await page.EvaluateAsync<bool>("window.harmed === undefined && !document.querySelector('main img')"), stop.Path);
        }

        await fixture.CheckAsync(page);
        Assert.True(await hub.Server.Services.Accounts.IsAdministratorAsync("boss", TestContext.Current.CancellationToken));
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    private static async Task SendAsync(IPage page, HostileForm form, string value)
    {
        await HostileTyping.GoAsync(page, form.Path);
        if (form.Open is { } open)
        {
            await page.GetByRole(AriaRole.Button, new() { Name = open }).First.ClickAsync();
        }

        ILocator buttons = page.Locator("main form").GetByRole(AriaRole.Button, new() { Name = form.Submit, Exact = true });
        ILocator button = form.IsLast ? buttons.Last : buttons.First;
        await HostileTyping.WriteAsync(button, value);
        await button.ClickAsync();
        if (form.Refused is { } label)
        {
            // What is wrong stands beside the input, and the input says so to who cannot see it.
            ILocator input = page.Locator("main form").Filter(new() { Has = page.GetByRole(AriaRole.Button, new() { Name = form.Submit, Exact = true }) }).GetByLabel(label, new() { Exact = true }).Last;
            await Assertions.Expect(input).ToHaveAttributeAsync("aria-invalid", "true");
            Assert.False(string.IsNullOrWhiteSpace(await input.EvaluateAsync<string?>("e => document.getElementById(e.getAttribute('aria-describedby').split(' ')[0])?.textContent")), "nothing says what is wrong");
            return;
        }

        // Taken or refused: the page has answered, by a word, or by the form that is empty or gone.
        await Wait.UntilAsync(() => page.EvaluateAsync<bool>("value => !!document.querySelector('main [role=alert], .notice') || ![...document.querySelectorAll('main form input, main form textarea')].some((i) => i.value === value)", value));
    }

    [Fact]
    public async Task Addresses_of_what_is_somebody_elses_show_nothing_of_it()
    {
        await using HubHost hub = await DashboardFixture.StartAsync();
        await using WholeScene scene = await WholeScene.BuildAsync(hub);
        await hub.AddAccountAsync("stranger", DashboardFixture.Password);
        IPage page = await fixture.SignInAsync(hub, "stranger");
        string[] secrets = ["relay-1", "climate", "Climate of house", "House 1", "North vent", "Lost things", "Work on site", "sensor 1.5.0", "sampleInterval", "grafana", "operator@"];
        string[] addresses =
        [
            .. scene.Pages.Select(s => s.Path),
            "/things/vent", "/things/vent/", "/THINGS/vent", "/things/ve%6Et", "/things/..%2Fvent", "/things/'%20OR%201=1--",
            "/groups/HOUSE-1", "/groups/house-1%2F..", $"/commands/batches/{scene.Batch}%20", "/commands/batches/%3Cscript%3E", $"/rollouts/{scene.Rollout + 1}", "/rollouts/-1", "/rollouts/99999999999999999999", "/rollouts/1'--",
            "/?q=vent", "/?state=lost&calls=true", "/?q=%3Cscript%3Ewindow.harmed=1%3C/script%3E&page=-1", "/?page=99999999999", "/?page=x&calls=x&reversed=x", "/alerts?thing=vent", "/commands?thing=relay-1", "/users/stranger", "/users/%2e%2e%2foperator", "/tokens?all=true",
        ];
        foreach (string address in addresses)
        {
            IResponse? answer = await page.GotoAsync(DashboardFixture.Url(hub) + address);
            Assert.Contains(answer!.Status, new[] { 200, 404 });
            await page.Locator("main h1, main h2, .empty").First.WaitForAsync();
            string text = await page.Locator("main").InnerTextAsync();
            Assert.True(!secrets.Any(s => text.Contains(s, StringComparison.OrdinalIgnoreCase)), $"{address}: {text}");
            Assert.DoesNotContain("Something failed", text, StringComparison.Ordinal);
            Assert.True(await page.EvaluateAsync<bool>("window.harmed === undefined"));
            if (answer.Status == 404)
            {
                fixture.Forgive(page); // the browser writes each 404 on the console
            }

            Assert.Empty(fixture.Complaints(page));
        }

        Assert.Empty(await hub.Server.FleetServices.Access.ThingsAsync(scene.Fleet.Of("stranger"), ThingRight.See, TestContext.Current.CancellationToken));
        await page.LeaveAsync();
    }
}
