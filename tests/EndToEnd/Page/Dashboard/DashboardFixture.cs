using System.Collections.Concurrent;
using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using IotXmpp.TestKit.Servers;
using Microsoft.Playwright;
using Xunit;

namespace IotXmpp.EndToEnd.Page.Dashboard;

/// <summary>A browser for the pages of the hub, people who are signed in, and what each page complained of: an error on the console, something that the policy forbade.</summary>
public sealed class DashboardFixture : IAsyncLifetime
{
    /// <summary>Everybody's password.</summary>
    public const string Password = "a pass word for all";

    /// <summary>The two sizes that pages are looked at in.</summary>
    public static readonly (string Name, int Width, int Height)[] Sizes = [("phone", 360, 740), ("desktop", 1280, 800)];

    private static readonly string[] s_browsers = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    private readonly ConcurrentDictionary<IPage, ConcurrentQueue<string>> _complaints = new();
    private readonly SemaphoreSlim _once = new(1, 1);
    private IPlaywright? _playwright;
    private IBrowser? _browser;
    private HubHost? _hub;

    /// <inheritdoc/>
    public ValueTask InitializeAsync() => default;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Browsers.EndAsync(_browser, _playwright);
        if (_hub is not null)
        {
            await _hub.DisposeAsync();
        }

        _once.Dispose();
    }

    /// <summary>A hub for all tests of a class, with the people <c>boss</c> (administrator), <c>operator</c> and <c>viewer</c>.</summary>
    public async Task<HubHost> HubAsync()
    {
        await _once.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            return _hub ??= await StartAsync();
        }
        finally
        {
            _once.Release();
        }
    }

    /// <summary>A hub with those people, for one test; to be disposed there.</summary>
    public static async Task<HubHost> StartAsync(string settings = "", TimeProvider? time = null)
    {
        HubHost hub = await HubHost.StartAsync(settings, time);
        foreach (string name in new[] { "boss", "operator", "viewer" })
        {
            await hub.AddAccountAsync(name, Password);
        }

        await hub.SetAdministratorAsync("boss");
        return hub;
    }

    /// <summary>The root of a hub's pages; localhost counts as a secure context.</summary>
    public static string Url(HubHost hub) => $"http://localhost:{hub.Server.Http!.Port}";

    /// <summary>A browser of its own (its cookies, its storage), where nobody is signed in.</summary>
    /// <param name="isDark">The theme that its system wishes.</param>
    /// <param name="width">The width of its window; 360 is a small phone.</param>
    public async Task<IPage> NewPageAsync(bool isDark = false, int width = 1280)
    {
        string? chromium = Array.Find(s_browsers, File.Exists);
        Assert.SkipWhen(chromium is null, "there is no Chromium here (Debian: apt-get install chromium)");
        await _once.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            _playwright ??= await Playwright.CreateAsync();
            _browser ??= await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = chromium, Args = ["--no-sandbox"] });
        }
        finally
        {
            _once.Release();
        }

        IBrowserContext context = await _browser.NewContextAsync(new()
        {
            ColorScheme = isDark ? ColorScheme.Dark : ColorScheme.Light,
            ViewportSize = new() { Width = width, Height = width < 500 ? 740 : 800 },
            HasTouch = width < 500,
            ReducedMotion = ReducedMotion.Reduce,
        });
        IPage page = await context.NewPageAsync();
        page.SetDefaultTimeout(90_000); // a bound, not a measure: the machine may be busy
        ConcurrentQueue<string> complaints = _complaints[page] = new();
        page.PageError += (_, error) => complaints.Enqueue(error);
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
            {
                complaints.Enqueue($"{message.Text} ({message.Location})");
            }
        };
        await page.AddInitScriptAsync("addEventListener('securitypolicyviolation', e => console.error(`forbidden by the policy: ${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`))");
        return page;
    }

    /// <summary>Signs somebody in and opens a page.</summary>
    public async Task<IPage> SignInAsync(HubHost hub, string account, string path = "/", bool isDark = false, int width = 1280)
    {
        IPage page = await NewPageAsync(isDark, width);
        await page.GotoAsync(Url(hub) + (path == "/" ? "/" : path));
        await page.GetByLabel("Account").FillAsync(account);
        await page.GetByLabel("Password").FillAsync(Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await page.Locator("main#main h1").First.WaitForAsync();
        return page;
    }

    /// <summary>Errors on a page's console so far: also what its policy has forbidden.</summary>
    public IReadOnlyList<string> Complaints(IPage page) => [.. _complaints[page]];

    /// <summary>Forgets what a page complained of, where a test has made it do so.</summary>
    public void Forgive(IPage page) => _complaints[page].Clear();

    /// <summary>What holds for every page: no complaint, nothing that scrolls sideways on a small phone, nothing that axe-core finds.</summary>
    public async Task CheckAsync(IPage page)
    {
        foreach ((string name, int width, int height) in Sizes)
        {
            await page.SetViewportSizeAsync(width, height);
            string[] wide = await page.EvaluateAsync<string[]>("document.documentElement.scrollWidth <= document.documentElement.clientWidth ? [] : ['the page', ...[...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1).slice(0, 6).map((e) => e.outerHTML.slice(0, 120))]");
            Assert.True(wide.Length == 0, $"{name}: it scrolls sideways: {string.Join('\n', wide)}");
            AxeResult found = await page.RunAxe();
            Assert.True(found.Violations.Length == 0, $"{name}: " + string.Join('\n', found.Violations.Select(v => $"{v.Id}: {v.Help}: {string.Join(" | ", v.Nodes.Take(4).Select(n => n.Html))}")));
        }

        Assert.Empty(Complaints(page));
    }

    /// <summary>Takes pictures of a page in both sizes and both themes, into the folder that <c>IOTXMPP_TEST_PICTURES</c> names, if it does.</summary>
    /// <param name="page">The page.</param>
    /// <param name="name">How the pictures are called.</param>
    /// <param name="isWhole">Whether all of it, also what has to be scrolled to.</param>
    public static async Task PictureAsync(IPage page, string name, bool isWhole = false)
    {
        if (Environment.GetEnvironmentVariable("IOTXMPP_TEST_PICTURES") is not { Length: > 0 } folder)
        {
            return;
        }

        foreach (ColorScheme theme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            await page.EmulateMediaAsync(new() { ColorScheme = theme, ReducedMotion = ReducedMotion.Reduce });
            foreach ((string size, int width, int height) in Sizes)
            {
                await page.SetViewportSizeAsync(width, height);
                await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name}-{size}-{(theme == ColorScheme.Dark ? "dark" : "light")}.png"), FullPage = isWhole });
            }
        }
    }
}
