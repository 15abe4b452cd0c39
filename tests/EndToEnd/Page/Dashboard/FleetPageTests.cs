using System.Diagnostics;
using System.Globalization;
using IotXmpp.Hub.Dashboard.Fleet;
using IotXmpp.Hub.Features.Liveness;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.TestKit.Servers;
using IotXmpp.Xmpp;
using Microsoft.Playwright;
using Xunit;

namespace IotXmpp.EndToEnd.Page.Dashboard;

/// <summary>The first page: what somebody who runs a fleet sees in one glance, and how they find what is lost.</summary>
public sealed class FleetPageTests(DashboardFixture fixture) : IClassFixture<DashboardFixture>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_person_finds_a_lost_thing_and_reads_why()
    {
        await using HubHost hub = await DashboardFixture.StartAsync();
        await using var scene = new FleetScene(hub);
        await GreenhouseAsync(scene);
        IPage page = await fixture.SignInAsync(hub, "operator");
        await page.GetByRole(AriaRole.Link, new() { Name = "lost 1", Exact = true }).WaitForAsync();
        Assert.Contains("lost: it went silent", await page.Locator(".attention li", new() { HasText = "North vent" }).InnerTextAsync(), StringComparison.Ordinal);
        await RowsAsync(page, 6);
        await DashboardFixture.PictureAsync(page, "fleet");
        await fixture.CheckAsync(page);
        await page.SetViewportSizeAsync(1280, 800);
        await page.GetByRole(AriaRole.Link, new() { Name = "lost 1", Exact = true }).ClickAsync();
        await RowsAsync(page, 1);
        Assert.EndsWith("/?state=lost", page.Url, StringComparison.Ordinal);
        await page.GetByRole(AriaRole.Row).GetByRole(AriaRole.Link, new() { Name = "North vent" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "North vent", Level = 1 }).WaitForAsync();
        await Assertions.Expect(page.Locator(".thing-head")).ToContainTextAsync("it went silent");
        await Assertions.Expect(page.Locator(".events li").First).ToContainTextAsync("it went silent");
        await fixture.CheckAsync(page);
        await page.LeaveAsync();
    }

    [Fact]
    public async Task What_changes_is_seen_without_asking_and_only_by_who_may_see_it()
    {
        await using HubHost hub = await DashboardFixture.StartAsync();
        await using var scene = new FleetScene(hub);
        await scene.AddAsync("lamp");
        await scene.AddAsync("secret-thing", "boss");
        IPage page = await fixture.SignInAsync(hub, "operator");
        await page.GetByRole(AriaRole.Row).Filter(new() { HasText = "never seen" }).WaitForAsync();
        scene.Liveness.Online("secret-thing", ThingStatus.None);
        scene.Liveness.Online("lamp", new ThingStatus("1.4.0", Signal: -61, Battery: 87));
        await Assertions.Expect(page.GetByRole(AriaRole.Row).Filter(new() { HasText = "lamp" })).ToContainTextAsync("-61 dBm");
        await scene.MeasureAsync("lamp", DateTimeOffset.UtcNow, ("temperature", "21.4", "°C"));
        await Assertions.Expect(page.GetByRole(AriaRole.Row).Filter(new() { HasText = "lamp" })).ToContainTextAsync("21.4 °C");
        Assert.DoesNotContain("secret-thing", await page.ContentAsync(), StringComparison.Ordinal);
        // Somebody else's and what is not there look the same.
        foreach (string id in (string[])["secret-thing", "no-such-thing", "..%2Fadmin"])
        {
            await page.GotoAsync($"{DashboardFixture.Url(hub)}/things/{id}");
            await page.GetByText("There is no such thing").WaitForAsync();
            Assert.DoesNotContain("online", await page.Locator("main").InnerTextAsync(), StringComparison.Ordinal);
        }

        await page.LeaveAsync();
    }

    [Fact]
    public async Task Names_and_values_that_mean_harm_are_text()
    {
        await using HubHost hub = await DashboardFixture.StartAsync();
        await using var scene = new FleetScene(hub);
        string[] names = ["<script>window.harmed=1</script>", "<img src=x onerror=window.harmed=1>", "\u202Egnp.exe \u05E9\u05DC\u05D5\u05DD", new string('w', 128), "'; DROP TABLE thing; --", "=cmd|'/c calc'!A1", "{{7*7}} @(1+1) ${1}"];
        for (int i = 0; i < names.Length; i++)
        {
            string id = $"thing-{i}";
            await scene.AddAsync(id, tags: [("NAME", names[i]), ("PLACE", names[i])]);
            scene.Liveness.Online(id, new ThingStatus(names[i][..Math.Min(60, names[i].Length)], names[i]));
            await scene.MeasureAsync(id, DateTimeOffset.UtcNow, (names[i], "1", names[i]), ("mode", names[i].Replace(">", "&gt;", StringComparison.Ordinal), ""));
        }

        IPage page = await fixture.SignInAsync(hub, "operator");
        await RowsAsync(page, names.Length);
        await fixture.CheckAsync(page);
        await page.SetViewportSizeAsync(1280, 800);
        foreach (string name in names)
        {
            await Assertions.Expect(page.Locator("table.fleet tbody th").GetByText(name, new() { Exact = true }).First).ToBeVisibleAsync();
        }

        for (int i = 0; i < 4; i++)
        {
            await page.GotoAsync($"{DashboardFixture.Url(hub)}/things/thing-{i}");
            await page.GetByRole(AriaRole.Heading, new() { Name = "Measured" }).WaitForAsync();
            await page.Locator("canvas").First.WaitForAsync();
            await fixture.CheckAsync(page);
        }

        // What an address and a search say is text, too.
        await page.GotoAsync($"{DashboardFixture.Url(hub)}/?q=%3Cscript%3Ewindow.harmed%3D1%3C%2Fscript%3E&state=%22onload&order='--&page=99999999&reason=x");
        await RowsAsync(page, 1);
        Assert.True(await page.EvaluateAsync<bool>("window.harmed === undefined"));
        Assert.Empty(fixture.Complaints(page));
        await page.LeaveAsync();
    }

    [Fact]
    public async Task Ten_thousand_things_are_a_page_of_a_hundred_rows()
    {
        const int count = 10_000;
        await using HubHost hub = await DashboardFixture.StartAsync();
        await using var scene = new FleetScene(hub);
        Jid owner = scene.Of("operator");
        await Task.WhenAll(Enumerable.Range(0, count).Select(i => hub.Server.FleetServices.Registry.ChangeAsync(
            Id(i), _ => ((Thing?)new Thing(Id(i), Id(i)) { Owner = owner, State = ThingState.Private, Registered = DateTimeOffset.UtcNow }, true))));
        for (int i = 0; i < count; i++)
        {
            scene.Liveness.Online(Id(i), new ThingStatus("1.4.0", Signal: -40 - (i % 60), Battery: i % 101));
        }

        // What it costs is told, not judged: the machine may be busy.
        long before = GC.GetTotalMemory(forceFullCollection: true);
        var watch = Stopwatch.StartNew();
        using FleetView view = await FleetView.OpenAsync(hub.Server.FleetServices, scene.Of("boss"), new FleetFilter(), Cancel);
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"10,000 things: {watch.ElapsedMilliseconds} ms to open the view, {(GC.GetTotalMemory(forceFullCollection: true) - before) / count} bytes a row"));
        Assert.Equal(count, view.Picture.Total);
        IPage page = await fixture.SignInAsync(hub, "boss");
        await RowsAsync(page, 100);
        Assert.Contains("10,000 things", await page.Locator("main").InnerTextAsync(), StringComparison.Ordinal);
        int elements = await page.EvaluateAsync<int>("document.querySelectorAll('*').length");
        Assert.InRange(elements, 1, 6_000);
        await TellReloadsAsync(page, elements);
        await page.GetByRole(AriaRole.Searchbox, new() { Name = "Find things" }).FillAsync("thing-09999");
        await RowsAsync(page, 1);
        await page.GetByRole(AriaRole.Searchbox, new() { Name = "Find things" }).FillAsync("");
        await page.GetByRole(AriaRole.Link, new() { Name = "Next" }).ClickAsync();
        await page.GetByText("Page 2 of 100").WaitForAsync();
        await fixture.CheckAsync(page);
        await page.LeaveAsync();

        static string Id(int i) => $"thing-{i:00000}";
    }

    // The browser's own clock, from the navigation to the hundredth row in the document: who asks from outside sees it at the next asking only. The best of some, since the machine may be busy.
    private static async Task TellReloadsAsync(IPage page, int elements)
    {
        await page.AddInitScriptAsync("""
            new MutationObserver((_, seen) => {
              if (document.querySelectorAll("table.fleet tbody tr").length < 100) return;
              seen.disconnect();
              const at = (name) => Math.round(performance.getEntriesByType("resource").find((r) => r.name.includes(name))?.responseEnd ?? 0);
              const now = Math.round(performance.now());
              window.shownAt = { now, text: `document ${Math.round(performance.getEntriesByType("navigation")[0].responseEnd)} ms, scripts ${at("blazor.web.js")} and ${at("dashboard.js")} ms, circuit asked for ${at("negotiate")} ms, table ${now} ms` };
            }).observe(document, { childList: true, subtree: true });
            """);
        using var process = Process.GetCurrentProcess();
        (double Cpu, int Table, string Text) best = (double.MaxValue, int.MaxValue, "");
        for (int i = 0; i < 5; i++)
        {
            process.Refresh();
            TimeSpan cpu = process.TotalProcessorTime;
            await page.ReloadAsync();
            await RowsAsync(page, 100);
            process.Refresh();
            int table = await page.EvaluateAsync<int>("shownAt.now");
            best = (Math.Min(best.Cpu, (process.TotalProcessorTime - cpu).TotalMilliseconds), Math.Min(best.Table, table), table <= best.Table ? await page.EvaluateAsync<string>("shownAt.text") : best.Text);
        }

        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"10,000 things, from a reload: {best.Text}; {best.Cpu:F0} ms of CPU of the hub and this test, {elements} elements"));
    }

    [Fact]
    public async Task By_keyboard_alone_a_thing_is_found_and_opened()
    {
        await using HubHost hub = await DashboardFixture.StartAsync();
        await using var scene = new FleetScene(hub);
        await GreenhouseAsync(scene);
        IPage page = await fixture.SignInAsync(hub, "operator");
        await RowsAsync(page, 6);
        await TabToAsync(page, "document.activeElement.matches('input[type=search]')");
        await page.Keyboard.TypeAsync("tomato");
        await RowsAsync(page, 1);
        await TabToAsync(page, "document.activeElement.matches('table.fleet tbody a')");
        await page.Keyboard.PressAsync("Enter");
        await page.GetByRole(AriaRole.Heading, new() { Name = "Tomatoes", Level = 1 }).WaitForAsync();
        Assert.Empty(fixture.Complaints(page));
        await page.LeaveAsync();
    }

    private static Task RowsAsync(IPage page, int count) => Assertions.Expect(page.Locator("table.fleet tbody tr")).ToHaveCountAsync(count, new() { Timeout = 90_000 });

    internal static async Task TabToAsync(IPage page, string isThere)
    {
        for (int i = 0; i < 60; i++)
        {
            if (await page.EvaluateAsync<bool>(isThere))
            {
                return;
            }

            await page.Keyboard.PressAsync("Tab");
        }

        Assert.Fail($"not reached by the keyboard: {isThere}");
    }

    private static async Task GreenhouseAsync(FleetScene scene)
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        (string Id, string Name, string Room)[] things = [("tomatoes", "Tomatoes", "House 1"), ("basil", "Basil bed", "House 1"), ("north-vent", "North vent", "House 2"), ("tank", "Rain tank", "Yard"), ("gate", "Gate sensor", "Yard"), ("spare", "Spare board", "Shelf")];
        foreach ((string id, string name, string room) in things)
        {
            await scene.AddAsync(id, tags: [("NAME", name), ("ROOM", room)]);
        }

        scene.Liveness.Online("tomatoes", new ThingStatus("1.4.0", "power-on", -58, 91, 41_000, 60));
        await scene.MeasureAsync("tomatoes", now, ("temperature", "23.4", "°C"), ("humidity", "61", "%"), ("soil", "38", "%"));
        scene.Liveness.Online("basil", new ThingStatus("1.4.0", "watchdog", -88, 17, 40_000, 60));
        await scene.MeasureAsync("basil", now, ("temperature", "22.1", "°C"), ("lamp", "true", ""));
        scene.Liveness.Online("north-vent", new ThingStatus("1.3.0", "power-on", -71, null, 39_000, 60));
        await scene.MeasureAsync("north-vent", now, ("position", "40", "%"));
        scene.Liveness.Offline("north-vent", "keepalive-timeout");
        scene.Liveness.Sleeping("tank", now.AddMinutes(30));
        await scene.MeasureAsync("tank", now, ("level", "1.82", "m"));
        scene.Liveness.Online("gate", new ThingStatus("1.4.0", "power-on", -64, 66, 40_000, 60));
        scene.Liveness.Offline("gate", "shutdown");
    }
}
