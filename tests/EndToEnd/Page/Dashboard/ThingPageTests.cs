using System.Device.Gpio;
using IotXmpp.Hub.Features.Firmware;
using IotXmpp.Hub.Features.Liveness;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Servers;
using IotXmpp.Virtual;
using Microsoft.Playwright;
using Xunit;

namespace IotXmpp.EndToEnd.Page.Dashboard;

/// <summary>The page of one thing: its chart, its switches, its stanzas, and where somebody's role ends.</summary>
public sealed class ThingPageTests(DashboardFixture fixture) : IClassFixture<DashboardFixture>
{
    [Fact]
    public async Task A_relay_is_switched_and_seen_done_and_a_viewer_has_no_switch()
    {
        await using HubHost hub = await DashboardFixture.StartAsync();
        await using var scene = new FleetScene(hub);
        VirtualThing relay = await scene.RunAsync("relay-1", "relay");
        await scene.ShowAsync("relay-1", "viewer");
        IPage page = await fixture.SignInAsync(hub, "operator", "/things/relay-1");
        ILocator toggle = page.GetByRole(AriaRole.Switch).First;
        await Assertions.Expect(toggle).ToHaveAttributeAsync("aria-checked", "false");
        await toggle.FocusAsync();
        await page.Keyboard.PressAsync("Space");
        await Assertions.Expect(toggle).ToHaveAttributeAsync("aria-checked", "true");
        await Assertions.Expect(page.Locator(".runs li").First).ToContainTextAsync("done");
        await Assertions.Expect(page.Locator(".runs li").First).ToContainTextAsync("relay = true");
        Assert.Equal(PinValue.High, relay.Board.Pins.Level(5));
        // What the relay says of itself comes a moment later.
        await Assertions.Expect(page.Locator(".thing-values")).ToContainTextAsync("relay on");
        await page.Locator("canvas").First.WaitForAsync();
        await DashboardFixture.PictureAsync(page, "thing-relay");
        await fixture.CheckAsync(page);

        // A look at its stanzas, decoded, while they pass.
        await page.SetViewportSizeAsync(1280, 800);
        await page.GetByRole(AriaRole.Button, new() { Name = "Look on" }).ClickAsync();
        await page.Locator(".stanzas li").First.WaitForAsync();
        await page.Locator(".stanzas summary").First.ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Stop" }).ClickAsync();
        await Wait.UntilAsync(() => hub.Server.FleetServices.Sniffer!.Count == 0);
        await page.LeaveAsync();

        IPage viewer = await fixture.SignInAsync(hub, "viewer", "/things/relay-1");
        await viewer.GetByText("You may look at this thing, not control it.").WaitForAsync();
        Assert.Equal(0, await viewer.GetByRole(AriaRole.Switch).CountAsync());
        Assert.Equal(0, await viewer.GetByRole(AriaRole.Button, new() { Name = "Look on" }).CountAsync());
        Assert.Equal(0, await viewer.GetByRole(AriaRole.Button, new() { Name = "Make a new code" }).CountAsync());
        await fixture.CheckAsync(viewer);
        await viewer.LeaveAsync();
    }

    [Fact]
    public async Task A_chart_is_zoomed_by_mouse_and_by_keyboard_and_shows_what_comes()
    {
        await using HubHost hub = await DashboardFixture.StartAsync();
        await using var scene = new FleetScene(hub);
        await scene.AddAsync("climate", tags: ("NAME", "Climate"));
        scene.Liveness.Online("climate", new ThingStatus("1.4.0", "power-on", -61, 87, 41_000, 60));
        DateTimeOffset now = DateTimeOffset.UtcNow;
        for (int i = 360; i > 0; i--)
        {
            if (i is < 150 or > 200)
            {
                DateTimeOffset at = now.AddMinutes(-i);
                string inside = (21 + (3 * Math.Sin(i / 40.0))).ToString("0.00", System.Globalization.CultureInfo.InvariantCulture);
                string outside = (12 + (5 * Math.Cos(i / 60.0))).ToString("0.00", System.Globalization.CultureInfo.InvariantCulture);
                await scene.MeasureAsync("climate", at, ("temperature", inside, "°C"), ("outside", outside, "°C"), ("humidity", (55 + (i % 20)).ToString(System.Globalization.CultureInfo.InvariantCulture), "%"), ("heating", (i / 30 % 2 == 0) ? "true" : "false", ""), ("mode", i > 200 ? "night" : "day", ""));
            }
        }

        IPage page = await fixture.SignInAsync(hub, "operator", "/things/climate");
        await page.Locator("canvas").First.WaitForAsync();
        Assert.Equal(4, await page.Locator(".chart-panel").CountAsync());
        Assert.Equal(6 * 3600, await SpanAsync(page));
        await DashboardFixture.PictureAsync(page, "thing-chart");
        await fixture.CheckAsync(page);
        await page.SetViewportSizeAsync(1280, 800);

        await page.Locator(".chart").FocusAsync();
        await page.Keyboard.PressAsync("ArrowLeft");
        await Assertions.Expect(page.Locator("[data-spoken]")).ToContainTextAsync("temperature");
        await page.Keyboard.PressAsync("+");
        await IotXmpp.TestKit.Wait.UntilAsync(() => page.EvaluateAsync<bool>($"{Span} === 3 * 3600"));
        await page.Keyboard.PressAsync("0");
        await IotXmpp.TestKit.Wait.UntilAsync(() => page.EvaluateAsync<bool>($"{Span} === 6 * 3600"));

        LocatorBoundingBoxResult over = (await page.Locator(".u-over").First.BoundingBoxAsync())!;
        await page.Mouse.MoveAsync(over.X + (over.Width / 2), over.Y + 50);
        await page.Mouse.DownAsync();
        await page.Mouse.MoveAsync(over.X + (over.Width * 3 / 4), over.Y + 60, new() { Steps = 5 });
        await page.Mouse.UpAsync();
        await IotXmpp.TestKit.Wait.UntilAsync(() => page.EvaluateAsync<bool>($"{Span} < 2 * 3600"));
        await page.GetByRole(AriaRole.Button, new() { Name = "Back from zoom" }).ClickAsync();
        await IotXmpp.TestKit.Wait.UntilAsync(() => page.EvaluateAsync<bool>($"{Span} === 6 * 3600"));
        await page.GetByRole(AriaRole.Button, new() { Name = "1 h", Exact = true }).ClickAsync();
        await IotXmpp.TestKit.Wait.UntilAsync(() => page.EvaluateAsync<bool>($"{Span} === 3600"));

        // A sample is there seconds after it was measured, without anybody asking for it.
        await scene.MeasureAsync("climate", DateTimeOffset.UtcNow, ("temperature", "77.7", "°C"));
        await Assertions.Expect(page.Locator(".thing-values")).ToContainTextAsync("77.7 °C");
        await page.Locator(".chart").FocusAsync();
        await Wait.UntilAsync(async () =>
        {
            await page.Keyboard.PressAsync("End");
            return (await page.Locator("[data-spoken]").TextContentAsync())!.Contains("temperature 77.7", StringComparison.Ordinal);
        });
        Assert.Empty(fixture.Complaints(page));
        await page.LeaveAsync();
    }

    [Fact]
    public async Task A_thing_is_claimed_by_its_code_and_a_wrong_code_says_so()
    {
        await using HubHost hub = await DashboardFixture.StartAsync();
        await using var scene = new FleetScene(hub);
        await scene.AddAsync("found", "boss");
        string code = (await hub.Server.FleetServices.Provisioning!.ResetAsync(null, "found", newKey: true)).ClaimText!;
        IPage page = await fixture.SignInAsync(hub, "operator", "/claim");
        await page.GetByLabel("Code").FillAsync("<script>alert(1)</script>");
        await page.GetByRole(AriaRole.Button, new() { Name = "Claim" }).ClickAsync();
        await page.GetByText("This is no code").WaitForAsync();
        await page.GetByLabel("Code").FillAsync("IoTDisco;SN:found;KEY:AAAAAAAAAAAAAAAAAAAAAAAAAA");
        await page.GetByRole(AriaRole.Button, new() { Name = "Claim" }).ClickAsync();
        await page.GetByText("No thing has this code").WaitForAsync();
        await DashboardFixture.PictureAsync(page, "claim");
        await fixture.CheckAsync(page);
        await page.GetByLabel("Code").FillAsync(code);
        await page.GetByRole(AriaRole.Button, new() { Name = "Claim" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "found", Level = 1 }).WaitForAsync();
        Assert.Equal(scene.Of("operator"), (await hub.Server.FleetServices.Registry.FindAsync("found", TestContext.Current.CancellationToken))!.Owner);

        // Its owner makes a new code, which is shown once, as text and as a picture.
        await page.GetByRole(AriaRole.Button, new() { Name = "Make a new code" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Make a new code" }).ClickAsync();
        await page.Locator("svg.qr").WaitForAsync();
        Assert.Contains("IoTDisco;SN:found", await page.Locator("pre").First.InnerTextAsync(), StringComparison.Ordinal);
        await DashboardFixture.PictureAsync(page, "claim-code");
        await fixture.CheckAsync(page);
        await page.LeaveAsync();
    }

    [Fact]
    public async Task What_is_set_on_a_thing_that_sleeps_waits_for_it_and_can_be_taken_back()
    {
        await using HubHost hub = await DashboardFixture.StartAsync();
        await using var scene = new FleetScene(hub);
        await scene.RunAsync("relay-1", "relay");
        IPage page = await fixture.SignInAsync(hub, "operator", "/things/relay-1");
        ILocator toggle = page.GetByRole(AriaRole.Switch).First;
        await toggle.WaitForAsync();
        await scene.StopAsync();
        await page.GetByText("It is not there now. What you set waits at the hub").WaitForAsync();
        await toggle.ClickAsync();
        await Assertions.Expect(page.Locator(".runs li").First).ToContainTextAsync("queued");
        await page.GetByRole(AriaRole.Button, new() { Name = "Take it back" }).ClickAsync();
        await Assertions.Expect(page.Locator(".runs li").First).ToContainTextAsync("cancelled");
        await page.LeaveAsync();
    }

    [Fact]
    public async Task Notes_are_written_by_who_maintains_a_thing_and_read_by_who_sees_it()
    {
        await using HubHost hub = await DashboardFixture.StartAsync();
        await using var scene = new FleetScene(hub);
        await scene.AddAsync("lamp");
        await scene.ShowAsync("lamp", "viewer");
        IPage page = await fixture.SignInAsync(hub, "operator", "/things/lamp");
        ILocator card = page.GetByRole(AriaRole.Region, new() { Name = "Notes" });
        await card.GetByText("Nobody has written anything of it.").WaitForAsync();
        await card.GetByRole(AriaRole.Button, new() { Name = "Write it down" }).ClickAsync();
        await card.GetByText("A note has 1 to 2000 characters.").WaitForAsync();
        await card.GetByLabel("New note").FillAsync("Behind the <b>second</b> door.\nKey: at the gate.");
        await card.GetByRole(AriaRole.Button, new() { Name = "Write it down" }).ClickAsync();
        await card.GetByText("Behind the <b>second</b> door.").WaitForAsync();
        Assert.Equal("", await card.GetByLabel("New note").InputValueAsync());
        await fixture.CheckAsync(page);
        await page.SetViewportSizeAsync(1280, 800);

        IPage viewer = await fixture.SignInAsync(hub, "viewer", "/things/lamp");
        ILocator seen = viewer.GetByRole(AriaRole.Region, new() { Name = "Notes" });
        await seen.GetByText("Behind the <b>second</b> door.").WaitForAsync();
        Assert.Equal(0, await seen.GetByRole(AriaRole.Button).CountAsync());
        Assert.Equal(0, await seen.GetByRole(AriaRole.Textbox).CountAsync());
        await viewer.LeaveAsync();
        await card.GetByRole(AriaRole.Button, new() { Name = "Remove the note of operator" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Remove" }).ClickAsync();
        await card.GetByText("Nobody has written anything of it.").WaitForAsync();
        await page.LeaveAsync();
    }

    [Fact]
    public async Task Drift_is_shown_while_a_thing_is_away_and_goes_when_it_takes_what_it_shall_be_like()
    {
        await using HubHost hub = await DashboardFixture.StartAsync();
        await using var scene = new FleetScene(hub);
        await scene.RunAsync("relay-1", "relay");
        IPage page = await fixture.SignInAsync(hub, "operator", "/things/relay-1");
        ILocator card = page.GetByRole(AriaRole.Region, new() { Name = "Configuration" });
        await card.GetByLabel("Parameter").SelectOptionAsync("sampleInterval");
        await scene.StopAsync();
        await page.GetByText("It is not there now.").WaitForAsync();
        await card.GetByLabel("Shall be").FillAsync("2500");
        await card.GetByRole(AriaRole.Button, new() { Name = "Set", Exact = true }).ClickAsync();
        ILocator row = card.GetByRole(AriaRole.Row).Filter(new() { HasText = "sampleInterval" }).First;
        await Assertions.Expect(row).ToContainTextAsync("2500");
        await Assertions.Expect(row).ToContainTextAsync("pending");
        await fixture.CheckAsync(page);
        await DashboardFixture.PictureAsync(page, "thing-drift");
        await page.SetViewportSizeAsync(1280, 800);

        // It comes back, is told, and says that it is so.
        await scene.RunAgainAsync("relay-1", "relay");
        await Assertions.Expect(row).ToContainTextAsync("same");
        await Assertions.Expect(row.Locator("td[data-label='Is']")).ToHaveTextAsync("2500");
        await page.LeaveAsync();
    }

    [Fact]
    public async Task How_updates_of_a_thing_went_stands_on_its_page_with_why_one_failed()
    {
        await using HubHost hub = await DashboardFixture.StartAsync();
        await using var scene = new FleetScene(hub);
        await scene.AddAsync("lamp");
        await scene.ShowAsync("lamp", "viewer");
        scene.Liveness.Online("lamp", new ThingStatus("1.4.0", "power-on", -61, 87, 41_000, 60));
        IPage page = await fixture.SignInAsync(hub, "operator", "/things/lamp");
        ILocator card = page.GetByRole(AriaRole.Region, new() { Name = "Firmware" });
        await card.GetByText("No roll-out has had it.").WaitForAsync();
        Rollout rollout = await RolloutPageTests.StartAsync(hub, "lamp");
        await Assertions.Expect(card.GetByRole(AriaRole.Listitem)).ToContainTextAsync("sensor 1.5.0");
        Assert.True(await hub.Server.FleetServices.Rollouts!.ReportAsync("lamp", new UpdateReport(rollout.OfferId, "failed", "<b>no room</b>"), TestContext.Current.CancellationToken));
        await Assertions.Expect(card.GetByRole(AriaRole.Listitem)).ToContainTextAsync("failed");
        await Assertions.Expect(card.GetByRole(AriaRole.Listitem)).ToContainTextAsync("<b>no room</b>");
        await fixture.CheckAsync(page);
        await page.LeaveAsync();
        IPage viewer = await fixture.SignInAsync(hub, "viewer", "/things/lamp");
        await viewer.GetByRole(AriaRole.Region, new() { Name = "About" }).WaitForAsync();
        Assert.Equal(0, await viewer.GetByRole(AriaRole.Region, new() { Name = "Firmware" }).CountAsync());
        await viewer.LeaveAsync();
    }

    [Fact]
    public async Task Who_loses_a_thing_loses_its_page_while_it_is_open()
    {
        await using HubHost hub = await DashboardFixture.StartAsync();
        await using var scene = new FleetScene(hub);
        await scene.AddAsync("lamp");
        IPage page = await fixture.SignInAsync(hub, "operator");
        await page.GetByRole(AriaRole.Row).GetByRole(AriaRole.Link, new() { Name = "lamp" }).WaitForAsync();
        await hub.Server.FleetServices.Provisioning!.ResetAsync(null, "lamp", newKey: false);
        await page.GetByText("No things yet").WaitForAsync();
        await page.LeaveAsync();
    }

    private const string Span = "(document.querySelector('.chart').dataset.to - document.querySelector('.chart').dataset.from)";

    private static async Task<double> SpanAsync(IPage page)
    {
        await IotXmpp.TestKit.Wait.UntilAsync(() => page.EvaluateAsync<bool>("document.querySelector('.chart')?.dataset.to !== undefined"));
        return await page.EvaluateAsync<double>(Span);
    }
}
