using System.Net;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Servers;
using Microsoft.Playwright;
using OtpNet;
using Xunit;

namespace IotXmpp.EndToEnd.Page.Dashboard;

/// <summary>The sign-in where it is not the usual one: a second factor that one must have, too many attempts, a link in a mail.</summary>
public sealed class SignInTests(DashboardFixture fixture) : IClassFixture<DashboardFixture>
{
    [Fact]
    public async Task Who_must_have_a_second_factor_sets_it_up_and_then_sees_the_page_that_was_asked_for()
    {
        var time = new SkipTime();
        await using HubHost hub = await DashboardFixture.StartAsync("""{ "SecondFactor": { "Required": "Everybody" }, "Security": { "LoginThrottle": { "Enabled": false } } }""", time);
        IPage page = await fixture.SignInAsync(hub, "viewer", "/groups");
        await page.GetByRole(AriaRole.Heading, new() { Name = "One thing before you go on" }).WaitForAsync();
        // Another address is no way around it.
        await page.GotoAsync(DashboardFixture.Url(hub) + "/alerts");
        await page.GetByRole(AriaRole.Heading, new() { Name = "One thing before you go on" }).WaitForAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Set it up" }).ClickAsync();
        await page.GetByRole(AriaRole.Img, new() { Name = "QR code for the authenticator" }).WaitForAsync();
        var totp = new Totp(Base32Encoding.ToBytes((await page.Locator("#second-factor ~ .hint .mono").InnerTextAsync()).Replace(" ", "", StringComparison.Ordinal)));
        await page.GetByLabel("Code", new() { Exact = true }).FillAsync(totp.ComputeTotp(time.GetUtcNow().UtcDateTime));
        await page.GetByRole(AriaRole.Button, new() { Name = "Turn it on" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "I have kept them" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Alerts", Level = 1 }).WaitForAsync();
        await fixture.CheckAsync(page);
        await page.SetViewportSizeAsync(1280, 800);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).WaitForAsync();

        // From now on the code is asked for, and the page that was asked for comes after it.
        time.Skip(TimeSpan.FromSeconds(60));
        await page.GotoAsync(DashboardFixture.Url(hub) + "/groups");
        await PasswordAsync(page);
        await page.GetByRole(AriaRole.Heading, new() { Name = "Your code" }).WaitForAsync();
        await page.GetByLabel("Code of your authenticator").FillAsync(totp.ComputeTotp(time.GetUtcNow().UtcDateTime));
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Groups", Level = 1 }).WaitForAsync();
        await page.LeaveAsync();
    }

    [Fact]
    public async Task After_too_many_attempts_even_the_password_waits()
    {
        var time = new ManualTime();
        await using HubHost hub = await DashboardFixture.StartAsync("""{ "Security": { "LoginThrottle": { "Enabled": true } } }""", time);
        IPage page = await fixture.NewPageAsync(width: 360);
        await page.GotoAsync(DashboardFixture.Url(hub) + "/sign-in");
        // Somebody guesses from the same address, many at a time, and the clock stands still: the next would have to wait longer than anybody is kept waiting.
        for (int i = 0; i < 40; i++)
        {
            await hub.Server.FleetServices.Sasl.VerifyPasswordAsync(hub.Domain, "viewer", "a guess", IPAddress.Loopback, TestContext.Current.CancellationToken);
        }

        IResponse refused = await page.RunAndWaitForResponseAsync(() => PasswordAsync(page), r => r.Request.Method == "POST");
        Assert.Equal(429, refused.Status);
        Assert.Equal("Too many attempts: wait a moment, then try again.", await page.GetByRole(AriaRole.Alert).InnerTextAsync());
        fixture.Forgive(page); // the browser writes each 429 on the console
        await DashboardFixture.PictureAsync(page, "sign-in-throttled");
        await fixture.CheckAsync(page);
        Assert.Contains(await hub.Server.Services.Audit.ListAsync(long.MaxValue, 10, TestContext.Current.CancellationToken), e => e is { What: "sign-in", Outcome: "temporary-auth-failure", Who: "viewer@hub.test" });

        // It passes.
        hub.Advance(TimeSpan.FromMinutes(16));
        IResponse admitted = await page.RunAndWaitForResponseAsync(() => PasswordAsync(page), r => r.Request.Method == "POST");
        Assert.Equal((303, "/"), (admitted.Status, await admitted.HeaderValueAsync("location")));
        await page.LeaveAsync();
    }

    [Fact]
    public async Task A_link_in_a_mail_leads_to_the_page_of_who_is_signed_in_and_strangers_to_the_sign_in()
    {
        HubHost hub = await fixture.HubAsync();
        IPage page = await fixture.SignInAsync(hub, "viewer");
        await FollowAsync(page);
        await page.GetByRole(AriaRole.Heading, new() { Name = "Alerts", Level = 1 }).WaitForAsync();
        Assert.Equal(DashboardFixture.Url(hub) + "/alerts?x=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", page.Url);
        Assert.Empty(fixture.Complaints(page));
        await page.LeaveAsync();
        IPage stranger = await fixture.NewPageAsync();
        await FollowAsync(stranger);
        await stranger.GetByLabel("Password").WaitForAsync();
        Assert.StartsWith(DashboardFixture.Url(hub) + "/sign-in?returnUrl=%2Falerts", stranger.Url, StringComparison.Ordinal);
        await stranger.LeaveAsync();

        // What is no page that somebody opens, such as a frame or a script of another site, gets nothing by it.
        using var http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(DashboardFixture.Url(hub)) };
        foreach ((string mode, string dest) in new[] { ("navigate", "iframe"), ("no-cors", "script"), ("cors", "empty") })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/alerts");
            request.Headers.Add("Sec-Fetch-Site", "cross-site");
            request.Headers.Add("Sec-Fetch-Mode", mode);
            request.Headers.Add("Sec-Fetch-Dest", dest);
            using HttpResponseMessage answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        }

        async Task FollowAsync(IPage from)
        {
            await from.RouteAsync("http://mail.example/**", route => route.FulfillAsync(new() { ContentType = "text/html", Body = $"<a href='{DashboardFixture.Url(hub)}/alerts?x=%22%3E%3Cscript%3Ealert(1)%3C/script%3E'>look</a>" }));
            await from.GotoAsync("http://mail.example/inbox");
            fixture.Forgive(from);
            await from.GetByRole(AriaRole.Link, new() { Name = "look" }).ClickAsync();
        }
    }

    private static async Task PasswordAsync(IPage page)
    {
        await page.GetByLabel("Account").FillAsync("viewer");
        await page.GetByLabel("Password").FillAsync(DashboardFixture.Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
    }
}
