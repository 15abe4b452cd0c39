using System.Collections.Concurrent;
using System.Diagnostics;
using IotXmpp.EndToEnd.Cli;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Servers;
using Microsoft.Playwright;
using Xunit;

namespace IotXmpp.EndToEnd.Page;

/// <summary>A browser, and a hub that has images for one board, for the tests of the flashing page.</summary>
public sealed class FlashPageFixture : IAsyncLifetime
{
    private static readonly string[] s_browsers = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    private readonly TempFolder _folder = new("page");
    private readonly ConcurrentDictionary<IPage, List<string>> _requests = new();
    private readonly ConcurrentDictionary<IPage, List<string>> _complaints = new();
    private readonly SemaphoreSlim _once = new(1, 1);
    private IPlaywright? _playwright;
    private IBrowser? _browser;
    private HubHost? _packed;

    /// <summary>The images by the names that they are served by: what was packed.</summary>
    public Dictionary<string, byte[]> Images { get; } = [];

    /// <summary>The page of a hub; localhost counts as a secure context, in which a page may use serial ports.</summary>
    public static string Url(HubHost hub) => $"http://localhost:{hub.Server.Http!.Port}/flash/";

    /// <inheritdoc/>
    public ValueTask InitializeAsync() => default;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Browsers.EndAsync(_browser, _playwright);
        if (_packed is not null)
        {
            await _packed.DisposeAsync();
        }

        _once.Dispose();
        _folder.Dispose();
    }

    /// <summary>A hub whose page has what <c>iotxmpp firmware pack</c> has made; the same for all tests.</summary>
    public async Task<HubHost> PackedAsync()
    {
        await _once.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            return _packed ??= await PackAsync();
        }
        finally
        {
            _once.Release();
        }
    }

    /// <summary>Opens a page.</summary>
    /// <param name="url">Its address.</param>
    /// <param name="withChip">Whether a simulated chip is at a serial port.</param>
    public async Task<IPage> OpenAsync(string url, bool withChip = false)
    {
        string? chromium = Array.Find(s_browsers, File.Exists);
        Assert.SkipWhen(chromium is null, "there is no Chromium here (Debian: apt-get install chromium)");
        if (_browser is null)
        {
            _playwright = await Playwright.CreateAsync();
            _browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = chromium, Args = ["--no-sandbox"] });
        }

        IPage page = await _browser.NewPageAsync();
        page.SetDefaultTimeout(60_000); // a bound, not a measure: the machine may be busy
        List<string> requests = _requests[page] = [];
        List<string> complaints = _complaints[page] = [];
        page.Request += (_, request) => requests.Add(request.Url);
        page.PageError += (_, error) => complaints.Add(error);
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
            {
                complaints.Add(message.Text);
            }
        };
        if (withChip)
        {
            await page.AddInitScriptAsync(await File.ReadAllTextAsync(Repository.Path("tests", "EndToEnd", "Page", "serial-chip.js"), TestContext.Current.CancellationToken));
        }

        await page.GotoAsync(url);
        return page;
    }

    /// <summary>What a page has asked for.</summary>
    public IReadOnlyList<string> Requests(IPage page) => [.. _requests[page].Where(r => !r.StartsWith("data:", StringComparison.Ordinal))];

    /// <summary>Errors on a page's console: also what its policy has forbidden.</summary>
    public IReadOnlyList<string> Complaints(IPage page) => [.. _complaints[page]];

    private async Task<HubHost> PackAsync()
    {
        Assert.SkipUnless(HasNpm(), "there is no npm here: the page's tool comes from there");
        // Whole words, as images are.
        string runtime = Directory.CreateDirectory(_folder.File("runtime")).FullName;
        foreach ((string file, string name, int bytes) in new[] { ("bootloader.bin", "bootloader.bin", 20_000), ("partitions_4mb.bin", "partitions.bin", 3072), ("nanoCLR.bin", "nanoCLR.bin", 60_000) })
        {
            await File.WriteAllBytesAsync(Path.Combine(runtime, file), Images[name] = Random(bytes), TestContext.Current.CancellationToken);
        }

        string image = _folder.File("app.bin");
        await File.WriteAllBytesAsync(image, Images["deploy.bin"] = Random(40_000), TestContext.Current.CancellationToken);
        HubHost hub = await HubHost.StartAsync();
        CliResult pack = await CliRun.RunAsync(null, "firmware", "pack", "--board", "esp32-c3-devkitm-1", "--data", Path.Combine(hub.Folder, "data"), "--image", image, "--runtime", runtime);
        Assert.True(pack.Code == 0, pack.ToString());
        return hub;
    }

    private static byte[] Random(int bytes)
    {
        byte[] all = new byte[bytes];
        new Random(bytes).NextBytes(all);
        return all;
    }

    private static bool HasNpm()
    {
        try
        {
            using Process npm = Process.Start(new ProcessStartInfo("npm", "--version") { RedirectStandardOutput = true })!;
            npm.WaitForExit();
            return npm.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
