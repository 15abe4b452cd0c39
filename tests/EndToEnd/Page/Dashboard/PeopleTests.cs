using IotXmpp.TestKit;
using IotXmpp.TestKit.Servers;
using Microsoft.Playwright;
using OtpNet;
using Xunit;

namespace IotXmpp.EndToEnd.Page.Dashboard;

/// <summary>Pages about people: the first run, users, tokens, the second factor, the audit, the hub.</summary>
public sealed class PeopleTests(DashboardFixture fixture) : IClassFixture<DashboardFixture>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_first_run_asks_for_the_one_time_password_and_leads_on()
    {
        await using HubHost hub = await HubHost.StartAsync();
        IPage page = await fixture.NewPageAsync();
        await page.GotoAsync(DashboardFixture.Url(hub));
        await page.GetByRole(AriaRole.Link, new() { Name = "Set it up" }).ClickAsync();
        await DashboardFixture.PictureAsync(page, "first-run");
        await fixture.CheckAsync(page);
        await FillAsync("wrong", "a new long password", "a new long password");
        await page.GetByText("That is not the one-time password.").WaitForAsync();
        await FillAsync(hub.Server.Administrator!.Password, "short", "short");
        await page.GetByText("At least 10 characters.").WaitForAsync();
        await FillAsync(hub.Server.Administrator.Password, "a new long password", "another long password");
        await page.GetByText("The two are not the same.").WaitForAsync();
        fixture.Forgive(page); // the browser writes each 400 and 401 on the console
        await FillAsync(hub.Server.Administrator.Password, "a new long password", "a new long password");
        await page.GetByRole(AriaRole.Heading, new() { Name = "Welcome to The <b>cellar</b>" }).WaitForAsync();
        await DashboardFixture.PictureAsync(page, "welcome");
        await fixture.CheckAsync(page);
        // The printed password is worth nothing now, and nobody runs it for the first time again.
        Assert.Equal((SaslFailed, "not-authorized"), await VerifyAsync(hub, "admin", hub.Server.Administrator.Password));
        IPage late = await fixture.NewPageAsync();
        await late.GotoAsync(DashboardFixture.Url(hub) + "/first-run");
        await late.GetByText("This hub is set up").WaitForAsync();

        async Task FillAsync(string oneTime, string password, string again)
        {
            await page.GetByLabel("One-time password").FillAsync(oneTime);
            await page.GetByLabel("New password", new() { Exact = true }).FillAsync(password);
            await page.GetByLabel("New password again").FillAsync(again);
            await page.GetByLabel("Name of the hub").FillAsync("The <b>cellar</b>");
            await page.GetByRole(AriaRole.Button, new() { Name = "Set up" }).ClickAsync();
        }
    }

    [Fact]
    public async Task An_administrator_adds_changes_and_removes_a_user()
    {
        await using HubHost hub = await DashboardFixture.StartAsync();
        IPage page = await fixture.SignInAsync(hub, "boss", "/users");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add", Exact = true }).ClickAsync();
        ILocator name = page.GetByLabel("Name", new() { Exact = true });
        await name.FillAsync("bo ss<script>");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add", Exact = true }).Last.ClickAsync();
        await page.GetByText("That is no name for an account").WaitForAsync();
        await name.FillAsync("boss");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add", Exact = true }).Last.ClickAsync();
        await page.GetByText("There is an account of that name already.").WaitForAsync();
        await name.FillAsync("carol");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add", Exact = true }).Last.ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "carol was added" }).WaitForAsync();
        string password = await page.Locator(".secret code").InnerTextAsync();
        Assert.Equal((SaslDone, ""), await VerifyAsync(hub, "carol", password));
        await fixture.CheckAsync(page);
        await page.GetByRole(AriaRole.Button, new() { Name = "Done" }).ClickAsync();
        await DashboardFixture.PictureAsync(page, "users");
        await fixture.CheckAsync(page);

        await page.GetByRole(AriaRole.Link, new() { Name = "carol" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "carol", Level = 1 }).WaitForAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Disable" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Disable" }).ClickAsync();
        await page.GetByText("carol is disabled.").WaitForAsync();
        Assert.True((await hub.Server.Services.Accounts.FindAsync("carol", Cancel))!.IsDisabled);
        await page.GetByRole(AriaRole.Button, new() { Name = "Enable" }).ClickAsync();
        await page.GetByText("carol may log in again.").WaitForAsync();
        await fixture.CheckAsync(page);
        await page.GetByRole(AriaRole.Button, new() { Name = "Remove" }).ClickAsync();
        ILocator remove = page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Remove" });
        Assert.True(await remove.IsDisabledAsync());
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Textbox).PressSequentiallyAsync("carol");
        await remove.ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Users", Level = 1 }).WaitForAsync();
        Assert.Null(await hub.Server.Services.Accounts.FindAsync("carol", Cancel));
        Assert.Equal(["delete-user", "reenable-user", "disable-user", "add-user", "add-user", "add-user", "sign-in"], (await hub.Server.Services.Audit.ListAsync(long.MaxValue, 20, Cancel)).Select(e => e.What));
        await page.GotoAsync(DashboardFixture.Url(hub) + "/audit");
        await page.GetByRole(AriaRole.Rowheader, new() { Name = "delete-user" }).WaitForAsync();
        await DashboardFixture.PictureAsync(page, "audit");
        await fixture.CheckAsync(page);
    }

    [Fact]
    public async Task The_last_administrator_stays()
    {
        await using HubHost hub = await DashboardFixture.StartAsync();
        await hub.Server.Services.Accounts.SetAdministratorsAsync(["boss"]);
        IPage page = await fixture.SignInAsync(hub, "boss", "/users/boss");
        await page.GetByRole(AriaRole.Button, new() { Name = "Take the administrator's role" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Take the role" }).ClickAsync();
        await page.GetByText("It is the last administrator who may log in: one stays.").WaitForAsync();
        Assert.True(await hub.Server.Services.Accounts.IsAdministratorAsync("boss", Cancel));
        await page.LeaveAsync();
    }

    [Fact]
    public async Task An_invitation_is_made_once()
    {
        HubHost hub = await fixture.HubAsync();
        IPage page = await fixture.SignInAsync(hub, "boss", "/users");
        await page.GetByRole(AriaRole.Button, new() { Name = "Invite" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Make a link" }).ClickAsync();
        string address = await page.Locator(".secret code").InnerTextAsync();
        await page.GetByRole(AriaRole.Img, new() { Name = "QR code of the invitation" }).WaitForAsync();
        await fixture.CheckAsync(page);
        using var http = new HttpClient();
        Assert.Contains("xmpp:hub.test?register", await http.GetStringAsync(new Uri(address.Replace("127.0.0.1", "localhost", StringComparison.Ordinal)), Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_factor_is_set_up_asked_for_and_counts_once()
    {
        var time = new SkipTime();
        await using HubHost hub = await DashboardFixture.StartAsync(time: time);
        IPage page = await fixture.SignInAsync(hub, "viewer", "/account");
        await page.GetByRole(AriaRole.Button, new() { Name = "Set it up" }).ClickAsync();
        await page.GetByRole(AriaRole.Img, new() { Name = "QR code for the authenticator" }).WaitForAsync();
        await DashboardFixture.PictureAsync(page, "second-factor");
        await fixture.CheckAsync(page);
        var totp = new Totp(Base32Encoding.ToBytes((await page.Locator("#second-factor ~ .hint .mono").InnerTextAsync()).Replace(" ", "", StringComparison.Ordinal)));
        await page.GetByLabel("Code", new() { Exact = true }).FillAsync("000000");
        await page.GetByRole(AriaRole.Button, new() { Name = "Turn it on" }).ClickAsync();
        await page.GetByText("That is not the code of this moment.").WaitForAsync();
        string first = totp.ComputeTotp(time.GetUtcNow().UtcDateTime);
        await page.GetByLabel("Code", new() { Exact = true }).FillAsync(first);
        await page.GetByRole(AriaRole.Button, new() { Name = "Turn it on" }).ClickAsync();
        ILocator codes = page.GetByRole(AriaRole.List, new() { Name = "Recovery codes" }).GetByRole(AriaRole.Listitem);
        await codes.First.WaitForAsync();
        Assert.Equal(10, await codes.CountAsync());
        string recovery = await codes.First.InnerTextAsync();
        await fixture.CheckAsync(page);
        await page.GetByRole(AriaRole.Button, new() { Name = "I have kept them" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out", Exact = true }).First.ClickAsync();

        // The password alone is not enough, nor the code that has counted.
        await PasswordAsync();
        await CodeAsync(first);
        await page.GetByText("The code is wrong, or was used already.").WaitForAsync();
        fixture.Forgive(page);
        await DashboardFixture.PictureAsync(page, "code");
        await fixture.CheckAsync(page);
        time.Skip(TimeSpan.FromSeconds(60));
        await CodeAsync(totp.ComputeTotp(time.GetUtcNow().UtcDateTime));
        await page.GetByRole(AriaRole.Heading, new() { Name = "Fleet", Level = 1 }).WaitForAsync();

        // The authenticator is lost: a recovery code, once.
        foreach (bool isFresh in new[] { true, false })
        {
            await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
            await PasswordAsync();
            await CodeAsync(recovery);
            if (isFresh)
            {
                await page.GetByRole(AriaRole.Heading, new() { Name = "Fleet", Level = 1 }).WaitForAsync();
            }
            else
            {
                await page.GetByText("The code is wrong, or was used already.").WaitForAsync();
                break;
            }
        }

        await page.LeaveAsync();

        async Task PasswordAsync()
        {
            await page.GetByLabel("Account").FillAsync("viewer");
            await page.GetByLabel("Password").FillAsync(DashboardFixture.Password);
            await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
            await page.GetByRole(AriaRole.Heading, new() { Name = "Your code" }).WaitForAsync();
        }

        async Task CodeAsync(string code)
        {
            await page.GetByLabel("Code of your authenticator").FillAsync(code);
            await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        }
    }

    [Fact]
    public async Task Administrators_who_must_have_a_second_factor_see_nothing_before()
    {
        await using HubHost hub = await DashboardFixture.StartAsync("""{ "SecondFactor": { "Required": "Administrators" }, "Security": { "LoginThrottle": { "Enabled": false } } }""");
        IPage page = await fixture.SignInAsync(hub, "boss", "/users");
        await page.GetByRole(AriaRole.Heading, new() { Name = "One thing before you go on" }).WaitForAsync();
        Assert.Equal(0, await page.GetByRole(AriaRole.Table).CountAsync());
        await fixture.CheckAsync(page);
        await fixture.SignInAsync(hub, "viewer");
    }

    [Fact]
    public async Task A_token_is_made_for_a_program_and_revoked()
    {
        await using HubHost hub = await DashboardFixture.StartAsync();
        IPage page = await fixture.SignInAsync(hub, "operator", "/tokens");
        Assert.Equal(0, await page.GetByText("Of everybody").CountAsync());
        await page.GetByRole(AriaRole.Button, new() { Name = "Make one" }).ClickAsync();
        Assert.Equal(0, await page.GetByText("accounts:admin").CountAsync());
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("grafana");
        await page.GetByRole(AriaRole.Button, new() { Name = "Make", Exact = true }).ClickAsync();
        string token = await page.Locator(".secret code").InnerTextAsync();
        await fixture.CheckAsync(page);
        await DashboardFixture.PictureAsync(page, "tokens");
        Assert.NotNull(await hub.Server.Services.ApiTokens.AuthenticateAsync(token, Cancel));
        await page.GetByRole(AriaRole.Button, new() { Name = "Done" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Revoke grafana" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Revoke" }).ClickAsync();
        await page.GetByText("grafana is revoked.").WaitForAsync();
        Assert.Null(await hub.Server.Services.ApiTokens.AuthenticateAsync(token, Cancel));
        await page.LeaveAsync();
    }

    [Fact]
    public async Task The_hub_says_how_it_is()
    {
        HubHost hub = await fixture.HubAsync();
        IPage page = await fixture.SignInAsync(hub, "boss", "/hub");
        await page.GetByText("Open pages").WaitForAsync();
        await page.GetByRole(AriaRole.Rowheader, new() { Name = "WebSessions" }).WaitForAsync();
        await DashboardFixture.PictureAsync(page, "hub");
        await fixture.CheckAsync(page);
    }

    private const string SaslDone = "Success";
    private const string SaslFailed = "Failure";

    // What a stream would say of it: PLAIN over the hub's plain listener would need a client; the accounts' own keys say the same.
    private static async Task<(string, string)> VerifyAsync(HubHost hub, string name, string password)
    {
        IotXmpp.Hub.Sasl.ScramCredentials keys = (await hub.Server.Services.AccountStore.FindKeysAsync(name, IotXmpp.Hub.Sasl.ScramHash.Sha256))!;
        bool matches = IotXmpp.Hub.Sasl.ScramCredentials.Derive(keys.Hash, password, keys.Iterations, keys.Salt).StoredKey.AsSpan().SequenceEqual(keys.StoredKey);
        return matches ? (SaslDone, "") : (SaslFailed, "not-authorized");
    }
}
