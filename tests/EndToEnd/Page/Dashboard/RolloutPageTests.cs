using System.Security.Cryptography;
using System.Text;
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
        await page.LeaveAsync();
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
        await page.LeaveAsync();
    }

    [Fact]
    public async Task Who_maintains_a_thing_and_administers_nothing_chooses_an_image_and_begins()
    {
        await using HubHost hub = await DashboardFixture.StartAsync();
        await using var scene = new FleetScene(hub);
        await scene.AddAsync("lamp", "operator");
        await scene.AddAsync("kettle", "boss");
        IPage page = await fixture.SignInAsync(hub, "operator", "/rollouts");
        await page.GetByText("There is no image that you could choose.").WaitForAsync();
        await BringAsync(hub);
        // It is there by itself.
        await page.GetByLabel("Image", new() { Exact = true }).WaitForAsync();
        await page.GetByLabel("Things", new() { Exact = true }).FillAsync("lamp kettle");
        await page.GetByRole(AriaRole.Button, new() { Name = "Start" }).ClickAsync();
        await Assertions.Expect(page.Locator(".field.has-error").Filter(new() { HasText = "Things" })).ToContainTextAsync("'kettle' is not yours to maintain");
        await page.GetByLabel("Things", new() { Exact = true }).FillAsync("lamp");
        await page.GetByLabel("Waves").FillAsync("100 5");
        await page.GetByRole(AriaRole.Button, new() { Name = "Start" }).ClickAsync();
        await Assertions.Expect(page.Locator(".field.has-error").Filter(new() { HasText = "Waves" })).ToContainTextAsync("Waves are 1 to 20 rising percents");
        await fixture.CheckAsync(page);
        await page.SetViewportSizeAsync(1280, 800);
        await page.GetByLabel("Waves").FillAsync("100");
        await page.GetByRole(AriaRole.Button, new() { Name = "Start" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "sensor 1.5.0", Level = 1 }).WaitForAsync();
        await page.LeaveAsync();

        // Who maintains nothing has nothing to choose from.
        IPage viewer = await fixture.SignInAsync(hub, "viewer", "/rollouts");
        await viewer.GetByText("There is no image that you could choose.").WaitForAsync();
        Assert.DoesNotContain("1.5.0", await viewer.Locator("main").InnerTextAsync(), StringComparison.Ordinal);
        await viewer.LeaveAsync();
    }

    [Fact]
    public async Task An_image_is_brought_by_the_page_with_its_manifest_and_what_is_none_is_refused_there()
    {
        await using HubHost hub = await DashboardFixture.StartAsync("""{ "Firmware": { "MaxImageBytes": 200000 }, "Security": { "LoginThrottle": { "Enabled": false } } }""");
        FirmwareService images = hub.Server.FleetServices.Firmware!;
        byte[] content = new byte[150_000];
        new Random(1).NextBytes(content);
        IPage page = await fixture.SignInAsync(hub, "boss", "/firmware");
        await page.GetByText("No image yet").WaitForAsync();
        ILocator wrong = page.GetByRole(AriaRole.Region, new() { Name = "Bring an image" }).GetByRole(AriaRole.Alert);
        ILocator bring = page.GetByRole(AriaRole.Button, new() { Name = "Bring it" });
        await bring.ClickAsync();
        await Assertions.Expect(wrong).ToHaveTextAsync("Choose the manifest first.");
        foreach (string none in new[] { "<script>", "{}", Manifest(content, version: "new"), Manifest(content)[..^2] + ", \"key\": \"x\" }", new string(' ', 5_000) })
        {
            await page.GetByLabel("Manifest").SetInputFilesAsync(File("image.bin.json", Encoding.UTF8.GetBytes(none)));
            await Assertions.Expect(wrong).ToContainTextAsync("This is no manifest");
            await page.GetByLabel("Manifest").SetInputFilesAsync(Array.Empty<FilePayload>());
            await Assertions.Expect(wrong).ToHaveCountAsync(0);
        }

        await page.GetByLabel("Manifest").SetInputFilesAsync(File("image.bin.json", Encoding.UTF8.GetBytes(Manifest(content))));
        await page.GetByText("sensor 1.6.0 for nano, 150,000 bytes").WaitForAsync();
        await page.GetByLabel("Image", new() { Exact = true }).SetInputFilesAsync(File("image.bin", new byte[200_001]));
        await bring.ClickAsync();
        await Assertions.Expect(wrong).ToHaveTextAsync("An image has at most 200,000 bytes.");
        await page.GetByLabel("Image", new() { Exact = true }).SetInputFilesAsync(File("image.bin", content[1..]));
        await bring.ClickAsync();
        await Assertions.Expect(wrong).ToHaveTextAsync("The manifest is of an image of 150,000 bytes; this one has 149,999.");
        await page.GetByLabel("Image", new() { Exact = true }).SetInputFilesAsync(File("image.bin", new byte[150_000]));
        await bring.ClickAsync();
        await Assertions.Expect(wrong).ToHaveTextAsync("This is not the image of that manifest: its hash is another.");
        Assert.Empty(await images.ListAsync(Boss, TestContext.Current.CancellationToken));
        await fixture.CheckAsync(page);
        await DashboardFixture.PictureAsync(page, "firmware");
        await page.SetViewportSizeAsync(1280, 800);

        await page.GetByLabel("Image", new() { Exact = true }).SetInputFilesAsync(File("image.bin", content));
        await bring.ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Row).Filter(new() { HasText = "sensor" })).ToContainTextAsync("1.6.0");
        FirmwareImage image = Assert.Single(await images.ListAsync(Boss, TestContext.Current.CancellationToken));
        byte[] kept = new byte[content.Length];
        Assert.Equal(kept.Length, images.Read(image.Id, 0, kept));
        Assert.Equal(content, kept);
        await page.LeaveAsync();

        static FilePayload File(string name, byte[] bytes) => new() { Name = name, MimeType = "application/octet-stream", Buffer = bytes };
        static string Manifest(byte[] content, string version = "1.6.0") =>
            $$"""{ "name": "sensor", "version": "{{version}}", "target": "nano", "size": {{content.Length}}, "sha256": "{{Convert.ToHexStringLower(SHA256.HashData(content))}}", "manifest": "{{Convert.ToBase64String(new byte[32])}}", "downgrade": false }""";
    }

    /// <summary>A roll-out of an image to one thing, as its administrator starts it.</summary>
    internal static async Task<Rollout> StartAsync(HubHost hub, string thing)
    {
        FirmwareModule module = await BringAsync(hub);
        FirmwareImage image = (await module.Images.ListAsync(Boss))[0];
        return (await module.Rollouts.StartAsync(Boss, image.Id, new RolloutPlan { Things = [thing] })).Rollout!;
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
