using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using IotXmpp.TestKit.Servers;
using IotXmpp.Virtual;
using Microsoft.Playwright;
using Xunit;

namespace IotXmpp.EndToEnd.Page;

/// <summary>The hub's page <c>/flash/</c> in a real browser: what it shows, what it says when there is no image, and a chip that it writes to.</summary>
public sealed class FlashPageTests(FlashPageFixture page) : IClassFixture<FlashPageFixture>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Without_images_it_says_what_to_do()
    {
        await using HubHost hub = await HubHost.StartAsync();
        IPage at = await page.OpenAsync($"http://localhost:{hub.Server.Http!.Port}/flash/");
        await at.GetByText("No image has been made yet").WaitForAsync();
        Assert.Contains("firmware pack --board esp32-s3-devkitc-1", await at.Locator("#boards").InnerTextAsync(), StringComparison.Ordinal);
        Assert.Empty(page.Complaints(at));
    }

    [Fact]
    public async Task It_shows_the_boards_and_nothing_is_fetched_from_elsewhere()
    {
        HubHost hub = await page.PackedAsync();
        IPage at = await page.OpenAsync(FlashPageFixture.Url(hub));
        await at.GetByRole(AriaRole.Heading, new() { Name = "ESP32-C3-DevKitM-1" }).WaitForAsync();
        Assert.Equal(1, await at.Locator("esp-web-install-button").CountAsync());
        Assert.Equal("boards/esp32-c3-devkitm-1/manifest.json", await at.Locator("esp-web-install-button").GetAttributeAsync("manifest"));
        Assert.True(await at.GetByRole(AriaRole.Button, new() { Name = "Install" }).IsVisibleAsync());
        Assert.All(page.Requests(at), r => Assert.StartsWith($"http://localhost:{hub.Server.Http!.Port}/flash", r, StringComparison.Ordinal));
        Assert.Empty(page.Complaints(at));
        foreach ((int width, int height, string name) in new[] { (390, 844, "phone"), (1280, 800, "desktop") })
        {
            await at.SetViewportSizeAsync(width, height);
            Assert.True(await at.EvaluateAsync<bool>("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), $"{name}: it scrolls sideways");
            if (Environment.GetEnvironmentVariable("IOTXMPP_TEST_PICTURES") is { Length: > 0 } folder)
            {
                await at.ScreenshotAsync(new() { Path = Path.Combine(folder, $"flash-{name}.png"), FullPage = true });
            }
        }
    }

    [Fact]
    public async Task Manifest_and_images_are_served_with_their_types_and_bytes()
    {
        HubHost hub = await page.PackedAsync();
        using var http = new HttpClient { BaseAddress = new Uri(FlashPageFixture.Url(hub)) };
        BoardPinout board = BoardPinout.Find("esp32-c3-devkitm-1")!;
        using HttpResponseMessage answer = await http.GetAsync(new Uri("boards/esp32-c3-devkitm-1/manifest.json", UriKind.Relative), Cancel);
        Assert.Equal("application/json", answer.Content.Headers.ContentType!.MediaType);
        JsonNode manifest = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancel))!;
        Assert.Equal(["name", "version", "new_install_prompt_erase", "new_install_improv_wait_time", "builds"], manifest.AsObject().Select(p => p.Key));
        JsonObject build = Assert.Single(manifest["builds"]!.AsArray())!.AsObject();
        Assert.Equal("ESP32-C3", (string?)build["chipFamily"]);
        Assert.Equal(
            [("bootloader.bin", 0), ("partitions.bin", 0x8000), ("nanoCLR.bin", 0x10000), ("deploy.bin", 0x1B0000)],
            build["parts"]!.AsArray().Select(p => ((string)p!["path"]!, (int)p["offset"]!)));
        Assert.Equal(0x1B0000, board.Nano!.DeployAddress);
        foreach ((string name, byte[] bytes) in page.Images)
        {
            using HttpResponseMessage image = await http.GetAsync(new Uri($"boards/esp32-c3-devkitm-1/{name}", UriKind.Relative), Cancel);
            Assert.Equal((HttpStatusCode.OK, "application/octet-stream"), (image.StatusCode, image.Content.Headers.ContentType!.MediaType));
            Assert.Equal(SHA256.HashData(bytes), SHA256.HashData(await image.Content.ReadAsByteArrayAsync(Cancel)));
        }
    }

    [Theory]
    [InlineData("", HttpStatusCode.OK, "text/html")]
    [InlineData("flash.css", HttpStatusCode.OK, "text/css")]
    [InlineData("flash.js", HttpStatusCode.OK, "text/javascript")]
    [InlineData("boards.json", HttpStatusCode.OK, "application/json")]
    [InlineData("esp-web-tools/install-button.js", HttpStatusCode.OK, "text/javascript")]
    [InlineData("boards/esp32-c3-devkitm-1/nothing.bin", HttpStatusCode.NotFound, null)]
    [InlineData("boards/%2e%2e/%2e%2e/ca.pem", HttpStatusCode.NotFound, null)]
    [InlineData("boards/..%2f..%2fca.key", HttpStatusCode.NotFound, null)]
    [InlineData("../hub.db", HttpStatusCode.NotFound, null)]
    [InlineData("boards/.hidden/manifest.json", HttpStatusCode.NotFound, null)]
    public async Task Each_answer_has_the_policy_and_nothing_else_is_served(string path, HttpStatusCode status, string? type)
    {
        HubHost hub = await page.PackedAsync();
        using var http = new HttpClient();
        using HttpResponseMessage answer = await http.GetAsync(new Uri(FlashPageFixture.Url(hub) + path), Cancel);
        Assert.Equal((status, type), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        if (path.Contains("..", StringComparison.Ordinal) || path.Contains("%2e", StringComparison.Ordinal))
        {
            return; // the address of another page: the client itself takes the dots away
        }

        Assert.Equal(
            "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            Assert.Single(answer.Headers.GetValues("Content-Security-Policy")));
        Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
    }

    [Fact]
    public async Task A_chip_gets_every_part_at_its_address()
    {
        HubHost hub = await page.PackedAsync();
        IPage at = await page.OpenAsync(FlashPageFixture.Url(hub), withChip: true);
        await at.GetByRole(AriaRole.Button, new() { Name = "Install" }).ClickAsync();
        ILocator dialog = at.Locator("ewt-install-dialog");
        await dialog.GetByText("Install IotXmpp on ESP32-C3-DevKitM-1").ClickAsync();
        // It asks whether to erase first: no.
        await dialog.GetByText("Next", new() { Exact = true }).ClickAsync();
        await dialog.Locator("ew-text-button", new() { HasText = "Install" }).ClickAsync();
        try
        {
            await dialog.Locator("ewt-page-message[label='Installation complete!']").WaitForAsync();
        }
        catch (TimeoutException e)
        {
            throw new InvalidOperationException($"{await dialog.InnerTextAsync()} {string.Join(' ', page.Complaints(at))} {await at.EvaluateAsync<string>("chip.log.slice(-40).join()")}", e);
        }

        foreach ((string name, int address) in new[] { ("bootloader.bin", 0), ("partitions.bin", 0x8000), ("nanoCLR.bin", 0x10000), ("deploy.bin", 0x1B0000) })
        {
            byte[] written = Convert.FromBase64String(await at.EvaluateAsync<string>($"flashAt({address})"));
            Assert.Equal(page.Images[name], written);
        }

        Assert.Equal(4, await at.EvaluateAsync<int>("Object.keys(chip.flash).length"));
        Assert.True(await at.EvaluateAsync<bool>("chip.reset"));
        Assert.Empty(page.Complaints(at));
    }
}
