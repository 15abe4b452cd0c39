using IotXmpp.TestKit.Servers;
using Microsoft.Playwright;
using Xunit;

namespace IotXmpp.EndToEnd.Page.Dashboard;

/// <summary>The pages of groups: somebody makes one, lets another see a thing, and is refused where a role ends.</summary>
public sealed class GroupPageTests(DashboardFixture fixture) : IClassFixture<DashboardFixture>
{
    [Fact]
    public async Task An_owner_shares_a_thing_and_takes_it_back()
    {
        await using HubHost hub = await DashboardFixture.StartAsync();
        await using var scene = new FleetScene(hub);
        await scene.AddAsync("kettle", "operator");
        IPage page = await fixture.SignInAsync(hub, "operator", "/groups");
        await page.GetByText("No groups yet").WaitForAsync();
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("The <b>kitchen</b>");
        await page.GetByRole(AriaRole.Button, new() { Name = "Make it" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "The <b>kitchen</b>" }).WaitForAsync();
        Assert.EndsWith("/groups/the-b-kitchen-b", page.Url, StringComparison.Ordinal);
        await page.GetByLabel("Thing of yours").FillAsync("no such thing");
        await page.GetByRole(AriaRole.Button, new() { Name = "Put it in" }).ClickAsync();
        await page.GetByRole(AriaRole.Alert).GetByText("There is no such thing").WaitForAsync();
        await page.GetByLabel("Thing of yours").FillAsync("kettle");
        await page.GetByRole(AriaRole.Button, new() { Name = "Put it in" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "kettle" }).WaitForAsync();
        await page.GetByLabel("Account").FillAsync("viewer");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await page.GetByRole(AriaRole.Cell, new() { Name = $"viewer@{hub.Domain}" }).WaitForAsync();
        await DashboardFixture.PictureAsync(page, "group");
        await fixture.CheckAsync(page);

        // The viewer sees the thing and the group, and has nothing there to change.
        IPage other = await fixture.SignInAsync(hub, "viewer", "/groups");
        await other.GetByRole(AriaRole.Link, new() { Name = "The <b>kitchen</b>" }).ClickAsync();
        await other.GetByRole(AriaRole.Link, new() { Name = "kettle" }).WaitForAsync();
        Assert.Equal(0, await other.GetByRole(AriaRole.Button, new() { Name = "Put it in" }).CountAsync());
        Assert.Equal(0, await other.GetByRole(AriaRole.Button, new() { Name = "Delete" }).CountAsync());
        await fixture.CheckAsync(other);

        // Out again: the page of who has lost it says so by itself.
        await page.GetByRole(AriaRole.Button, new() { Name = $"Take out viewer@{hub.Domain}" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Take out", Exact = true }).ClickAsync();
        await other.GetByText("There is no such group").WaitForAsync();
    }
}
