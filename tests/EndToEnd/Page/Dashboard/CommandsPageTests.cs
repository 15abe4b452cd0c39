using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.Commands;
using IotXmpp.TestKit.Servers;
using Microsoft.Playwright;
using Xunit;

namespace IotXmpp.EndToEnd.Page.Dashboard;

/// <summary>The page of commands, and on a thing's page its commands and its configuration.</summary>
public sealed class CommandsPageTests(DashboardFixture fixture) : IClassFixture<DashboardFixture>
{
    [Fact]
    public async Task A_command_that_waits_is_seen_taken_back_and_found_by_who_may_see_it_alone()
    {
        await using HubHost hub = await DashboardFixture.StartAsync();
        await using var scene = new FleetScene(hub);
        await scene.AddAsync("pump-1");
        CommandService commands = hub.Server.FleetServices.Commands!.Service;
        IPage page = await fixture.SignInAsync(hub, "operator", "/commands");
        await page.GetByText("No commands").WaitForAsync();
        CommandResult queued = await commands.QueueAsync(scene.Of("operator"), new CommandRequest("pump-1", [new CommandParameter("<b>name</b>", "string", "<script>alert(1)</script>")]));
        Assert.Equal(CommandOutcome.Done, queued.Outcome);
        // It comes by itself, as the text that it is.
        ILocator row = page.GetByRole(AriaRole.Row).Filter(new() { HasText = "<b>name</b>=<script>alert(1)</script>" });
        await Assertions.Expect(row).ToContainTextAsync("queued");
        await DashboardFixture.PictureAsync(page, "commands");
        await fixture.CheckAsync(page);
        await page.SetViewportSizeAsync(1280, 800);
        await row.GetByRole(AriaRole.Button).ClickAsync();
        await Assertions.Expect(row).ToContainTextAsync("cancelled");
        await page.GetByLabel("Person").FillAsync("no one at all");
        await page.GetByRole(AriaRole.Button, new() { Name = "Show", Exact = true }).ClickAsync();
        await page.GetByText("Such as alice@example.org.").WaitForAsync();
        await page.LeaveAsync();

        IPage viewer = await fixture.SignInAsync(hub, "viewer", "/commands");
        await viewer.GetByText("No commands").WaitForAsync();
        Assert.Equal(0, await viewer.GetByText("pump-1").CountAsync());
        await fixture.CheckAsync(viewer);
        await viewer.LeaveAsync();
    }

    [Fact]
    public async Task What_a_thing_shall_be_like_is_set_seen_taken_and_brought_back()
    {
        await using HubHost hub = await DashboardFixture.StartAsync();
        await using var scene = new FleetScene(hub);
        await scene.RunAsync("relay-1", "relay");
        await scene.ShowAsync("relay-1", "viewer");
        IPage page = await fixture.SignInAsync(hub, "operator", "/things/relay-1");
        ILocator card = page.GetByRole(AriaRole.Region, new() { Name = "Configuration" });
        await card.GetByText("Nobody has said what it shall be like.").WaitForAsync();
        await card.GetByLabel("Parameter").SelectOptionAsync("sampleInterval");
        await card.GetByLabel("Shall be").FillAsync("1");
        await card.GetByRole(AriaRole.Button, new() { Name = "Set", Exact = true }).ClickAsync();
        await Assertions.Expect(card.GetByRole(AriaRole.Alert)).ToContainTextAsync("sampleInterval");
        await card.GetByLabel("Shall be").FillAsync("2000");
        await card.GetByRole(AriaRole.Button, new() { Name = "Set", Exact = true }).ClickAsync();
        ILocator row = card.GetByRole(AriaRole.Row).Filter(new() { HasText = "sampleInterval" }).First;
        await Assertions.Expect(row).ToContainTextAsync("same");
        await DashboardFixture.PictureAsync(page, "thing-configuration");
        await fixture.CheckAsync(page);
        await page.LeaveAsync();

        IPage viewer = await fixture.SignInAsync(hub, "viewer", "/things/relay-1");
        ILocator seen = viewer.GetByRole(AriaRole.Region, new() { Name = "Configuration" });
        await Assertions.Expect(seen).ToContainTextAsync("sampleInterval");
        Assert.Equal(0, await seen.GetByRole(AriaRole.Button, new() { Name = "Set", Exact = true }).CountAsync());
        await fixture.CheckAsync(viewer);
        await viewer.LeaveAsync();
    }

    [Fact]
    public async Task A_group_is_commanded_from_its_page_and_the_batch_is_seen_as_it_goes()
    {
        await using HubHost hub = await DashboardFixture.StartAsync();
        await using var scene = new FleetScene(hub);
        await scene.RunAsync("relay-1", "relay");
        await scene.RunAsync("relay-2", "relay");
        await scene.AddAsync("relay-3"); // never there: its turn does not come
        await GroupAsync(hub, scene, "relays", "relay-1", "relay-2", "relay-3");
        IPage page = await fixture.SignInAsync(hub, "operator", "/groups/relays");
        await page.GetByText("Command them all").ClickAsync();
        await page.GetByLabel("Parameter").SelectOptionAsync("sampleInterval");
        await page.GetByLabel("Value").FillAsync("1");
        await page.GetByRole(AriaRole.Button, new() { Name = "Begin with 3 things" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("sampleInterval is");
        await fixture.CheckAsync(page);
        await page.SetViewportSizeAsync(1280, 800);
        await page.GetByLabel("Parameter").SelectOptionAsync("relay");
        await page.GetByLabel("Things a minute").FillAsync("0");
        await page.GetByRole(AriaRole.Button, new() { Name = "Begin with 3 things" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Dialog)).ToContainTextAsync("relay = true");
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Begin", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "relay=true", Level = 1 }).WaitForAsync();
        await Assertions.Expect(page.Locator("dl.facts")).ToContainTextAsync("2 done");
        IReadOnlyList<ThingCommand> given = (await hub.Server.FleetServices.Commands!.Audit.QueryAsync(scene.Of("operator"), new AuditQuery { State = CommandState.Done }, TestContext.Current.CancellationToken)).Entries;
        Assert.Equal(["relay-1", "relay-2"], given.Select(c => c.Thing).Order());
        await Assertions.Expect(page.GetByRole(AriaRole.Row).Filter(new() { HasText = "relay-3" })).Not.ToContainTextAsync("done");
        await DashboardFixture.PictureAsync(page, "batch");
        await fixture.CheckAsync(page);
        await page.SetViewportSizeAsync(1280, 800);
        await page.GetByRole(AriaRole.Button, new() { Name = "Stop", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Stop it" }).ClickAsync();
        await Assertions.Expect(page.Locator("dl.facts")).ToContainTextAsync("2 done, 1 cancelled");
        string batch = page.Url;
        await page.GotoAsync(DashboardFixture.Url(hub) + "/commands");
        await page.GetByRole(AriaRole.Link, new() { Name = "relay=true" }).WaitForAsync();
        await page.LeaveAsync();

        // Who only sees the things sees that, is not shown what could be set, and learns nothing of the batch.
        await hub.Server.FleetServices.Groups.SetMemberAsync(scene.Of("operator"), "relays", scene.Of("viewer"), GroupRole.Viewer, null, TestContext.Current.CancellationToken);
        IPage viewer = await fixture.SignInAsync(hub, "viewer", new Uri(batch).AbsolutePath);
        await viewer.GetByText("There is no such batch").WaitForAsync();
        await viewer.GotoAsync(DashboardFixture.Url(hub) + "/commands");
        await viewer.GetByRole(AriaRole.Button, new() { Name = "Command a group" }).ClickAsync();
        await viewer.GetByLabel("Group", new() { Exact = true }).SelectOptionAsync("relays");
        await viewer.GetByText("You may look at these things, not control them.").WaitForAsync();
        Assert.Equal(0, await viewer.GetByLabel("Parameter").CountAsync());
        await fixture.CheckAsync(viewer);
        await viewer.LeaveAsync();
    }

    [Fact]
    public async Task A_batch_is_stopped_by_its_own_rule_when_too_much_fails()
    {
        await using HubHost hub = await DashboardFixture.StartAsync();
        await using var scene = new FleetScene(hub);
        await scene.RunAsync("relay-1", "relay");
        await scene.RunAsync("climate-1", "bme280"); // has no relay
        await scene.AddAsync("later-1");
        await GroupAsync(hub, scene, "mixed", "relay-1", "climate-1", "later-1");
        IPage page = await fixture.SignInAsync(hub, "operator", "/commands");
        await page.GetByRole(AriaRole.Button, new() { Name = "Command a group" }).ClickAsync();
        await page.GetByLabel("Group", new() { Exact = true }).SelectOptionAsync("mixed");
        await page.GetByLabel("Parameter").SelectOptionAsync("relay");
        await page.GetByLabel("Stop after failures").FillAsync("1");
        await page.GetByRole(AriaRole.Button, new() { Name = "Begin with 3 things" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Begin", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator("dl.facts")).ToContainTextAsync("stopped");
        await Assertions.Expect(page.GetByRole(AriaRole.Row).Filter(new() { HasText = "climate-1" })).ToContainTextAsync("failed");
        await Assertions.Expect(page.GetByRole(AriaRole.Row).Filter(new() { HasText = "later-1" })).ToContainTextAsync("cancelled");
        await fixture.CheckAsync(page);
        await page.LeaveAsync();
    }

    private static async Task GroupAsync(HubHost hub, FleetScene scene, string id, params string[] things)
    {
        GroupService groups = hub.Server.FleetServices.Groups;
        Assert.Equal(GroupOutcome.Done, (await groups.CreateAsync(scene.Of("operator"), id, id, null, TestContext.Current.CancellationToken)).Outcome);
        foreach (string thing in things)
        {
            Assert.Equal(GroupOutcome.Done, (await groups.AddThingAsync(scene.Of("operator"), id, thing, TestContext.Current.CancellationToken)).Outcome);
        }
    }
}
