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
        await page.CloseAsync();

        IPage viewer = await fixture.SignInAsync(hub, "viewer", "/commands");
        await viewer.GetByText("No commands").WaitForAsync();
        Assert.Equal(0, await viewer.GetByText("pump-1").CountAsync());
        await fixture.CheckAsync(viewer);
        await viewer.CloseAsync();
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
        await page.CloseAsync();

        IPage viewer = await fixture.SignInAsync(hub, "viewer", "/things/relay-1");
        ILocator seen = viewer.GetByRole(AriaRole.Region, new() { Name = "Configuration" });
        await Assertions.Expect(seen).ToContainTextAsync("sampleInterval");
        Assert.Equal(0, await seen.GetByRole(AriaRole.Button, new() { Name = "Set", Exact = true }).CountAsync());
        await fixture.CheckAsync(viewer);
        await viewer.CloseAsync();
    }
}
