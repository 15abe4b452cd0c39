using System.Security.Cryptography;
using IotXmpp.Hub.Features.Firmware;
using IotXmpp.TestKit.Servers;
using IotXmpp.Xmpp;
using Microsoft.Playwright;
using Xunit;

namespace IotXmpp.EndToEnd.Page.Dashboard;

/// <summary>Images and roll-outs in the pages: started, seen as they go, ended; and not by who may not.</summary>
public sealed class RolloutPageTests(DashboardFixture fixture) : IClassFixture<DashboardFixture>
{
    private static readonly Jid Boss = new("boss", "hub.test", "");

    [Fact]
    public async Task An_administrator_starts_a_rollout_watches_it_stop_and_takes_the_image_away()
    {
        await using HubHost hub = await DashboardFixture.StartAsync();
        await using var scene = new FleetScene(hub);
        await scene.AddAsync("lamp", "boss");
        await scene.AddAsync("kettle", "boss");
        FirmwareModule module = await BringAsync(hub);
        IPage page = await fixture.SignInAsync(hub, "boss", "/firmware");
        await page.GetByRole(AriaRole.Row).Filter(new() { HasText = "sensor" }).WaitForAsync();
        await fixture.CheckAsync(page);
        await page.SetViewportSizeAsync(1280, 800);
        await page.GetByRole(AriaRole.Link, new() { Name = "Roll-outs", Exact = true }).First.ClickAsync();
        await page.GetByText("No roll-out yet").WaitForAsync();
        await page.GetByLabel("Things", new() { Exact = true }).FillAsync("lamp kettle <b>x</b>");
        await page.GetByRole(AriaRole.Button, new() { Name = "Start" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("is not yours to maintain");
        await fixture.CheckAsync(page);
        await page.SetViewportSizeAsync(1280, 800);
        await page.GetByLabel("Things", new() { Exact = true }).FillAsync("lamp kettle");
        await page.GetByLabel("Waves").FillAsync("50 100");
        await page.GetByRole(AriaRole.Button, new() { Name = "Start" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "sensor 1.5.0", Level = 1 }).WaitForAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Row).Filter(new() { HasText = "lamp" })).ToContainTextAsync("waiting");
        await fixture.CheckAsync(page);
        await page.SetViewportSizeAsync(1280, 800);

        // What a thing says is seen without asking; its words are text.
        Rollout rollout = (await module.Rollouts.ListAsync(Boss))[0];
        Assert.True(await module.Rollouts.ReportAsync("lamp", new UpdateReport(rollout.OfferId, "failed", "<script>alert(1)</script>")));
        await Assertions.Expect(page.GetByRole(AriaRole.Row).Filter(new() { HasText = "lamp" })).ToContainTextAsync("<script>alert(1)</script>");
        await Assertions.Expect(page.Locator("dl.facts")).ToContainTextAsync("1 thing failed");
        await DashboardFixture.PictureAsync(page, "rollout");
        await fixture.CheckAsync(page);
        await page.SetViewportSizeAsync(1280, 800);
        await page.GotoAsync(DashboardFixture.Url(hub) + "/firmware");
        await page.GetByRole(AriaRole.Button, new() { Name = "Remove sensor 1.5.0" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Remove" }).ClickAsync();
        await page.GetByText("No image yet").WaitForAsync();
        await page.CloseAsync();
    }

    [Fact]
    public async Task Who_maintains_nothing_sees_no_images_and_no_rollouts()
    {
        await using HubHost hub = await DashboardFixture.StartAsync();
        await using var scene = new FleetScene(hub);
        await scene.AddAsync("lamp", "boss");
        FirmwareModule module = await BringAsync(hub);
        FirmwareImage image = (await module.Images.ListAsync(Boss))[0];
        Rollout rollout = (await module.Rollouts.StartAsync(Boss, image.Id, new RolloutPlan { Things = ["lamp"] })).Rollout!;
        IPage page = await fixture.SignInAsync(hub, "viewer", "/firmware");
        await page.GetByText("This page is for administrators").WaitForAsync();
        Assert.Equal(0, await page.GetByRole(AriaRole.Link, new() { Name = "Firmware", Exact = true }).CountAsync());
        await page.GotoAsync(DashboardFixture.Url(hub) + "/rollouts");
        await page.GetByText("No roll-out yet").WaitForAsync();
        await page.GotoAsync($"{DashboardFixture.Url(hub)}/rollouts/{rollout.Id}");
        await page.GetByText("There is no such roll-out").WaitForAsync();
        Assert.DoesNotContain("lamp", await page.Locator("main").InnerTextAsync(), StringComparison.Ordinal);
        await page.CloseAsync();
    }

    private static async Task<FirmwareModule> BringAsync(HubHost hub)
    {
        FirmwareModule module = hub.Server.Hub.Modules.OfType<FirmwareModule>().Single();
        byte[] content = [1, 2, 3];
        var manifest = new FirmwareManifest("sensor", "1.5.0", "nano", content.Length, Convert.ToHexStringLower(SHA256.HashData(content)), Convert.ToBase64String(new byte[32]));
        Assert.Equal(FirmwareOutcome.Done, (await module.Images.AddAsync(Boss, manifest, new MemoryStream(content))).Outcome);
        return module;
    }
}
