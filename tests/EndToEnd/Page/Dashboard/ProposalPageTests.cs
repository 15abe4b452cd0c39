using System.Net.Http.Headers;
using System.Text;
using IotXmpp.Hub.Features.ApiTokens;
using IotXmpp.Hub.Features.Commands;
using IotXmpp.TestKit.Servers;
using Microsoft.Playwright;
using Xunit;

namespace IotXmpp.EndToEnd.Page.Dashboard;

/// <summary>A program proposes a command by the Model Context Protocol; a person decides on the page.</summary>
public sealed class ProposalPageTests(DashboardFixture fixture) : IClassFixture<DashboardFixture>
{
    [Fact]
    public async Task What_a_program_proposes_appears_and_is_done_when_a_person_confirms_it_and_not_before()
    {
        await using HubHost hub = await DashboardFixture.StartAsync();
        await using var scene = new FleetScene(hub);
        await scene.RunAsync("relay-1", "relay");
        await scene.ShowAsync("relay-1", "viewer");
        NewApiToken token = await hub.Server.Services.ApiTokens.CreateAsync("operator", "assistant", [ApiScope.Mcp, ApiScope.ThingsRead, ApiScope.CommandsWrite], cancel: TestContext.Current.CancellationToken);
        IPage page = await fixture.SignInAsync(hub, "operator", "/proposals");
        await page.GetByText("Nothing is proposed").WaitForAsync();
        await ProposeAsync(hub, token.Secret!, "true", "<b>It is dark.</b>");
        ILocator row = page.GetByRole(AriaRole.Row).Filter(new() { HasText = "relay = true" });
        await Assertions.Expect(row).ToContainTextAsync("open");
        await Assertions.Expect(row).ToContainTextAsync("<b>It is dark.</b>");
        await fixture.CheckAsync(page);
        await DashboardFixture.PictureAsync(page, "proposals");
        await page.SetViewportSizeAsync(1280, 800);

        // Who only sees the thing is shown nothing to decide.
        IPage viewer = await fixture.SignInAsync(hub, "viewer", "/proposals");
        await viewer.GetByText("Nothing is proposed").WaitForAsync();
        await viewer.LeaveAsync();
        Assert.Empty(await CommandsAsync(hub, scene));

        await row.GetByRole(AriaRole.Button, new() { Name = "Confirm" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        await Assertions.Expect(row).ToContainTextAsync("open");
        await row.GetByRole(AriaRole.Button, new() { Name = "Confirm" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Dialog)).ToContainTextAsync("on relay-1: set relay = true");
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Do it" }).ClickAsync();
        await Assertions.Expect(row).ToContainTextAsync("given by operator");
        await Assertions.Expect(row).ToContainTextAsync("done");
        ThingCommand done = Assert.Single(await CommandsAsync(hub, scene));
        Assert.Equal((CommandState.Done, "relay=true", scene.Of("operator")), (done.State, done.Parameters[0].ToString(), done.By));

        // What is rejected is not done.
        await ProposeAsync(hub, token.Secret!, "false", "It is light.");
        ILocator other = page.GetByRole(AriaRole.Row).Filter(new() { HasText = "relay = false" });
        await other.GetByRole(AriaRole.Button, new() { Name = "Reject" }).ClickAsync();
        await Assertions.Expect(other).ToContainTextAsync("rejected by operator");
        Assert.Single(await CommandsAsync(hub, scene));
        await fixture.CheckAsync(page);
        await page.LeaveAsync();
    }

    [Fact]
    public async Task Who_may_not_control_the_thing_any_more_is_refused_at_the_deed()
    {
        await using HubHost hub = await DashboardFixture.StartAsync();
        await using var scene = new FleetScene(hub);
        await scene.AddAsync("lamp");
        NewApiToken token = await hub.Server.Services.ApiTokens.CreateAsync("operator", "assistant", [ApiScope.Mcp, ApiScope.ThingsRead, ApiScope.CommandsWrite], cancel: TestContext.Current.CancellationToken);
        IPage page = await fixture.SignInAsync(hub, "operator", "/proposals");
        await ProposeAsync(hub, token.Secret!, "true", "", "lamp");
        await page.GetByRole(AriaRole.Button, new() { Name = "Confirm" }).ClickAsync();
        await hub.Server.FleetServices.Provisioning!.ResetAsync(null, "lamp", newKey: false);
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Do it" }).ClickAsync();
        await Assertions.Expect(page.Locator(".notice.warn")).ToContainTextAsync("There is no such proposal");
        await page.GetByText("Nothing is proposed").WaitForAsync();
        Assert.Empty(await CommandsAsync(hub, scene));
        await page.LeaveAsync();
    }

    private static async Task<IReadOnlyList<ThingCommand>> CommandsAsync(HubHost hub, FleetScene scene) =>
        (await hub.Server.FleetServices.Commands!.Audit.QueryAsync(scene.Of("boss"), new AuditQuery(), TestContext.Current.CancellationToken)).Entries;

    private static async Task ProposeAsync(HubHost hub, string token, string value, string reason, string thing = "relay-1")
    {
        using var http = new HttpClient { BaseAddress = new Uri(DashboardFixture.Url(hub)) };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/mcp")
        {
            Content = new StringContent(
                $$$$$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"propose_command","arguments":{"thing":"{{{{{thing}}}}}","parameters":[{"name":"relay","value":{{{{{value}}}}}}],"reason":"{{{{{reason}}}}}"}}}""", Encoding.UTF8, "application/json"),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Headers.Accept.ParseAdd("application/json");
        request.Headers.Accept.ParseAdd("text/event-stream");
        using HttpResponseMessage answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
        string text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode && !text.Contains("\"isError\":true", StringComparison.Ordinal), text);
    }
}
