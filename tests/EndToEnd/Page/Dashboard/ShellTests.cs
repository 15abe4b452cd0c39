using System.Net;
using IotXmpp.Hub.Server;
using IotXmpp.TestKit.Servers;
using IotXmpp.Xmpp;
using Microsoft.Playwright;
using Xunit;

namespace IotXmpp.EndToEnd.Page.Dashboard;

/// <summary>Who gets in, what stands around every page, and what becomes of an open page.</summary>
public sealed class ShellTests(DashboardFixture fixture) : IClassFixture<DashboardFixture>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_person_signs_in_with_an_ordinary_session_and_out_again()
    {
        HubHost hub = await fixture.HubAsync();
        IPage page = await fixture.SignInAsync(hub, "boss");
        await page.GetByRole(AriaRole.Heading, new() { Name = "Fleet", Level = 1 }).WaitForAsync();
        // It is there, and nobody is told of it before a page wants presence: see ViewerTests.
        Assert.Contains(Sessions(hub, "boss"), s => s.IsConnected && !s.IsAvailable);
        await DashboardFixture.PictureAsync(page, "shell");
        await fixture.CheckAsync(page);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).WaitForAsync();
        await DashboardFixture.PictureAsync(page, "sign-in");
        await fixture.CheckAsync(page);
        // The cookie that is left is worth nothing.
        await page.GotoAsync(DashboardFixture.Url(hub) + "/account");
        await page.GetByLabel("Password").WaitForAsync();
        Assert.EndsWith("/sign-in?returnUrl=%2Faccount", page.Url, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_password_is_refused_in_the_same_words_as_no_account()
    {
        HubHost hub = await fixture.HubAsync();
        IPage page = await fixture.NewPageAsync(width: 360);
        foreach (string name in new[] { "viewer", "nobody", "<script>alert(1)</script>", "viewer@elsewhere.test", "'; DROP TABLE account; --" })
        {
            await page.GotoAsync(DashboardFixture.Url(hub) + "/sign-in");
            await page.GetByLabel("Account").FillAsync(name);
            await page.GetByLabel("Password").FillAsync("not the password");
            await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
            Assert.Equal("The account or the password is wrong.", await page.GetByRole(AriaRole.Alert).InnerTextAsync());
            Assert.Equal(name, await page.GetByLabel("Account").InputValueAsync());
            Assert.Equal("", await page.GetByLabel("Password").InputValueAsync());
        }

        // The browser itself writes the status 401 on the console; nothing else may stand there.
        Assert.All(fixture.Complaints(page), c => Assert.Contains("401", c, StringComparison.Ordinal));
        fixture.Forgive(page);
        await fixture.CheckAsync(page);
        Assert.Contains(await hub.Server.Services.Audit.ListAsync(long.MaxValue, 50, Cancel), e => e is { What: "sign-in", Outcome: "not-authorized", Who: "viewer@hub.test" });
        Assert.DoesNotContain(await hub.Server.Services.Audit.ListAsync(long.MaxValue, 50, Cancel), e => e.Who.Contains("script", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Where_a_role_ends_the_page_says_so_and_shows_nothing()
    {
        HubHost hub = await fixture.HubAsync();
        IPage page = await fixture.SignInAsync(hub, "viewer");
        Assert.Equal(0, await page.GetByRole(AriaRole.Link, new() { Name = "Users", Exact = true }).CountAsync());
        // However the address is written.
        foreach (string path in new[] { "/users", "/USERS", "/%75sers", "/users/boss", "/audit", "/hub", "/Hub/" })
        {
            await page.GotoAsync(DashboardFixture.Url(hub) + path);
            await page.GetByText("This page is for administrators").WaitForAsync();
            Assert.Equal(0, await page.GetByRole(AriaRole.Table).CountAsync());
        }

        await fixture.CheckAsync(page);
    }

    [Fact]
    public async Task Who_becomes_an_administrator_sees_it_on_the_open_page()
    {
        await using HubHost hub = await DashboardFixture.StartAsync();
        IPage page = await fixture.SignInAsync(hub, "operator");
        await hub.SetAdministratorAsync("operator");
        await page.GetByRole(AriaRole.Link, new() { Name = "Users", Exact = true }).WaitForAsync();
        await hub.Server.Services.Accounts.SetAdministratorAsync("operator", false);
        await page.GetByRole(AriaRole.Link, new() { Name = "Users", Exact = true }).WaitForAsync(new() { State = WaitForSelectorState.Detached });
        await page.LeaveAsync();
    }

    [Fact]
    public async Task A_disabled_account_is_thrown_out_of_its_open_page()
    {
        await using HubHost hub = await DashboardFixture.StartAsync();
        IPage page = await fixture.SignInAsync(hub, "viewer");
        await hub.DisableAsync("viewer");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).WaitForAsync();
        Assert.Empty(Sessions(hub, "viewer"));
        await page.GetByLabel("Account").FillAsync("viewer");
        await page.GetByLabel("Password").FillAsync(DashboardFixture.Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        Assert.Equal("This account may not sign in.", await page.GetByRole(AriaRole.Alert).InnerTextAsync());
        await page.LeaveAsync();
    }

    [Fact]
    public async Task A_new_password_ends_the_sessions_of_the_old_one()
    {
        await using HubHost hub = await DashboardFixture.StartAsync();
        IPage page = await fixture.SignInAsync(hub, "viewer", "/account");
        await page.GetByLabel("Password now").FillAsync("wrong");
        await page.GetByLabel("New password", new() { Exact = true }).FillAsync("another pass phrase");
        await page.GetByLabel("New password again").FillAsync("another pass phrase");
        await page.GetByRole(AriaRole.Button, new() { Name = "Change the password" }).ClickAsync();
        await page.GetByText("That is not your password.").WaitForAsync();
        await page.GetByLabel("Password now").FillAsync(DashboardFixture.Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Change the password" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).WaitForAsync();
        await page.GetByLabel("Account").FillAsync("viewer");
        await page.GetByLabel("Password").FillAsync("another pass phrase");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "viewer@hub.test" }).WaitForAsync();
        Assert.Empty(fixture.Complaints(page));
        await page.LeaveAsync();
    }

    [Fact]
    public async Task Who_does_nothing_for_long_is_signed_out()
    {
        var time = new IotXmpp.TestKit.SkipTime();
        await using HubHost hub = await DashboardFixture.StartAsync(time: time);
        IPage page = await fixture.SignInAsync(hub, "viewer");
        time.Skip(TimeSpan.FromMinutes(31));
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).WaitForAsync();
        await IotXmpp.TestKit.Wait.UntilAsync(() => Sessions(hub, "viewer").Count == 0);
        await page.LeaveAsync();
    }

    [Fact]
    public async Task After_a_restart_of_the_hub_the_page_heals_and_the_person_is_still_signed_in()
    {
        var folder = Directory.CreateTempSubdirectory("dash");
        int port = IotXmpp.TestKit.Net.Ports.Free();
        try
        {
            HubServer hub = await StartAsync(folder.FullName, port);
            await hub.Services.Accounts.CreateAsync("viewer", DashboardFixture.Password);
            IPage page = await fixture.NewPageAsync();
            await page.GotoAsync($"http://localhost:{port}/account");
            await page.GetByLabel("Account").FillAsync("viewer");
            await page.GetByLabel("Password").FillAsync(DashboardFixture.Password);
            await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
            await page.GetByRole(AriaRole.Heading, new() { Name = "viewer@hub.test" }).WaitForAsync();
            await page.EvaluateAsync("window.before = true");
            await hub.StopAsync();
            await page.GetByRole(AriaRole.Heading, new() { Name = "The connection is lost" }).WaitForAsync();
            hub = await StartAsync(folder.FullName, port);
            await page.GetByRole(AriaRole.Heading, new() { Name = "viewer@hub.test" }).WaitForAsync();
            await IotXmpp.TestKit.Wait.UntilAsync(() => HasReloadedAsync(page));
            await page.GetByRole(AriaRole.Heading, new() { Name = "viewer@hub.test" }).WaitForAsync();
            await page.LeaveAsync();
            await hub.StopAsync();
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("/", "/")]
    [InlineData("/account", "/account")]
    [InlineData("//evil.example/", "/")]
    [InlineData("https://evil.example/", "/")]
    [InlineData("/\\evil.example", "/")]
    [InlineData("/%09/evil.example", "/%09/evil.example")]
    public async Task After_the_sign_in_nobody_is_led_away(string returnUrl, string to)
    {
        HubHost hub = await fixture.HubAsync();
        IPage page = await fixture.NewPageAsync();
        await page.GotoAsync(DashboardFixture.Url(hub) + "/sign-in?returnUrl=" + Uri.EscapeDataString(returnUrl));
        await page.GetByLabel("Account").FillAsync("viewer");
        await page.GetByLabel("Password").FillAsync(DashboardFixture.Password);
        IResponse answer = await page.RunAndWaitForResponseAsync(() => page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync(), r => r.Request.Method == "POST");
        Assert.Equal(303, answer.Status);
        Assert.Equal(to, await answer.HeaderValueAsync("location"));
        await page.LeaveAsync();
    }

    [Fact]
    public async Task Requests_of_strangers_and_of_other_peoples_pages_are_refused()
    {
        HubHost hub = await fixture.HubAsync();
        using var http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(DashboardFixture.Url(hub)) };
        using HttpResponseMessage stranger = await http.GetAsync(new Uri("/users", UriKind.Relative), Cancel);
        Assert.Equal((HttpStatusCode.Redirect, "/sign-in?returnUrl=%2Fusers"), (stranger.StatusCode, stranger.Headers.Location!.ToString()));
        Assert.Contains("frame-ancestors 'none'", Assert.Single(stranger.Headers.GetValues("Content-Security-Policy")), StringComparison.Ordinal);
        Assert.DoesNotContain("script-src 'self' 'unsafe-inline'", Assert.Single(stranger.Headers.GetValues("Content-Security-Policy")), StringComparison.Ordinal);
        using HttpResponseMessage circuit = await http.PostAsync(new Uri("/_blazor/negotiate?negotiateVersion=1", UriKind.Relative), null, Cancel);
        Assert.Equal(HttpStatusCode.Unauthorized, circuit.StatusCode);
        using var forged = new HttpRequestMessage(HttpMethod.Post, "/sign-in") { Content = new FormUrlEncodedContent([new("_handler", "sign-in"), new("Name", "viewer"), new("Password", DashboardFixture.Password)]) };
        forged.Headers.Add("Origin", "https://evil.example");
        using HttpResponseMessage other = await http.SendAsync(forged, Cancel);
        Assert.Equal(HttpStatusCode.Forbidden, other.StatusCode);
        // From no page at all, but without the form's own token.
        using HttpResponseMessage untold = await http.PostAsync(new Uri("/sign-in", UriKind.Relative), new FormUrlEncodedContent([new("_handler", "sign-in"), new("Name", "viewer"), new("Password", DashboardFixture.Password)]), Cancel);
        Assert.Equal(HttpStatusCode.BadRequest, untold.StatusCode);
    }

    [Fact]
    public async Task The_cookie_is_out_of_reach_of_scripts_and_other_pages()
    {
        HubHost hub = await fixture.HubAsync();
        IPage page = await fixture.SignInAsync(hub, "viewer");
        BrowserContextCookiesResult cookie = Assert.Single(await page.Context.CookiesAsync(), c => c.Name == "iotxmpp");
        Assert.True(cookie.HttpOnly);
        Assert.Equal((SameSiteAttribute.Strict, -1f), (cookie.SameSite, cookie.Expires));
        Assert.DoesNotContain("iotxmpp=", await page.EvaluateAsync<string>("document.cookie"), StringComparison.Ordinal);
        await page.LeaveAsync();
    }

    [Fact]
    public async Task Files_have_their_hash_in_the_address_and_may_be_kept()
    {
        HubHost hub = await fixture.HubAsync();
        using var http = new HttpClient { BaseAddress = new Uri(DashboardFixture.Url(hub)) };
        string page = await http.GetStringAsync(new Uri("/sign-in", UriKind.Relative), Cancel);
        string style = System.Text.RegularExpressions.Regex.Match(page, "/assets/dashboard.css\\?v=[0-9a-f]{16}").Value;
        using HttpResponseMessage kept = await http.GetAsync(new Uri(style, UriKind.Relative), Cancel);
        Assert.Equal("public, max-age=31536000, immutable", kept.Headers.CacheControl!.ToString());
        using HttpResponseMessage old = await http.GetAsync(new Uri("/assets/dashboard.css?v=0123", UriKind.Relative), Cancel);
        Assert.True(old.Headers.CacheControl!.NoCache);
        foreach (string path in new[] { "/assets/../hub.db", "/assets/%2e%2e/hub.db", "/assets/nothing.js", "/assets/" })
        {
            using HttpResponseMessage none = await http.GetAsync(new Uri(path, UriKind.Relative), Cancel);
            Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);
        }
    }

    [Fact]
    public async Task By_keyboard_alone_and_in_the_theme_that_was_chosen()
    {
        HubHost hub = await fixture.HubAsync();
        IPage page = await fixture.SignInAsync(hub, "boss", width: 360);
        await page.Locator("body").PressAsync("Tab");
        await page.EvaluateAsync("document.activeElement.blur(); document.body.tabIndex = -1; document.body.focus()");
        await page.Keyboard.PressAsync("Tab");
        Assert.Equal("Skip to the content", await page.EvaluateAsync<string>("document.activeElement.textContent"));
        await page.GetByRole(AriaRole.Button, new() { Name = "Menu" }).FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await page.GetByRole(AriaRole.Link, new() { Name = "Hub", Exact = true }).FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await page.GetByRole(AriaRole.Heading, new() { Name = "Hub", Level = 1 }).WaitForAsync();
        await page.GetByLabel("Theme").SelectOptionAsync("dark");
        Assert.Equal("rgb(16, 21, 27)", await page.EvaluateAsync<string>("getComputedStyle(document.documentElement).backgroundColor"));
        await page.ReloadAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Hub", Level = 1 }).WaitForAsync();
        Assert.Equal("dark", await page.EvaluateAsync<string>("document.documentElement.dataset.theme"));
        await fixture.CheckAsync(page);
    }

    // A string that is evaluated by the page itself is what the policy forbids; the browser's own tools may.
    private static async Task<bool> HasReloadedAsync(IPage page)
    {
        try
        {
            return await page.EvaluateAsync<bool>("!window.before && !document.querySelector('dialog[open]')");
        }
        catch (PlaywrightException)
        {
            return false; // it is being loaded
        }
    }

    private static IReadOnlyList<IotXmpp.Hub.Routing.Session> Sessions(HubHost hub, string account) => hub.Server.Hub.Sessions.ListOf(new Jid(account, hub.Domain, ""));

    private static async Task<HubServer> StartAsync(string folder, int port)
    {
        SettingsResult read = SettingsLoader.Load(
            ["--domain", "hub.test", "--data", Path.Combine(folder, "data"), "--c2s", "127.0.0.1:0", "--http", $"127.0.0.1:{port}", "--plaintext", "loopback", "--Logging:LogLevel:Default", "Error"], new System.Collections.Hashtable());
        Assert.True(read.IsOk, read.Message);
        return await HubServer.StartAsync(read.Settings!);
    }
}
