using System.Net;
using System.Text.RegularExpressions;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.Invitations;
using IotXmpp.Hub.Features.Registration;
using IotXmpp.Hub.Storage;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Servers;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Invitations;

public sealed partial class InvitationTests : IAsyncLifetime
{
    private static readonly Jid s_domain = new("", "hub.test", "");

    private readonly TestKit.ManualTime _time = new();
    private HubHost _hub = null!;
    private InvitationService _service = null!;

    public async ValueTask InitializeAsync()
    {
        _hub = await HubHost.StartAsync("""{ "Security": { "LoginThrottle": { "Enabled": false } }, "Registration": { "Mode": "invite" } }""", _time);
        await _hub.AddAccountAsync("romeo", "romeo");
        _service = _hub.Server.Services.Web.Invitations!;
    }

    public ValueTask DisposeAsync() => _hub.DisposeAsync();

    [Fact]
    public async Task A_token_is_kept_as_its_hash_alone()
    {
        NewInvitation made = await _service.CreateAsync("romeo", false, "juliet", true, true);
        Assert.Equal(InvitationService.TokenChars, made.Token!.Length);
        bool found = await _hub.Server.Services.Database.ReadAsync(session =>
        {
            SqlStatement rows = session.Prepare("SELECT count(*) FROM invitation WHERE instr(CAST(token AS TEXT), $1) > 0").Bind(1, made.Token);
            rows.Read();
            return rows.GetInt64(0) > 0;
        });
        Assert.False(found);
    }

    [Fact]
    public async Task It_is_void_when_it_has_expired_was_ended_or_used_up()
    {
        IRegistrationTokens tokens = _service;
        NewInvitation one = await _service.CreateAsync("romeo", false, null, true, false, lifetime: TimeSpan.FromHours(1));
        NewInvitation two = await _service.CreateAsync("romeo", false, null, true, false);
        NewInvitation three = await _service.CreateAsync("romeo", false, null, true, false);
        NewInvitation contact = await _service.CreateAsync("romeo", false, null, false, true);
        Assert.NotNull(await tokens.FindAsync(one.Token!, default));
        Assert.Null(await tokens.FindAsync(contact.Token!, default));
        Assert.Null(await tokens.FindAsync(one.Token! + "x", default));
        Assert.Null(await tokens.FindAsync(new string('a', 1_000_000), default));
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Null(await tokens.FindAsync(one.Token!, default));
        Assert.Equal(InvitationOutcome.NotFound, await _service.RevokeAsync(two.Invitation!.Id, "juliet"));
        Assert.Equal(InvitationOutcome.Done, await _service.RevokeAsync(two.Invitation.Id, "romeo"));
        Assert.Null(await tokens.FindAsync(two.Token!, default));
        RegistrationGrant grant = (await tokens.FindAsync(three.Token!, default))!;
        Assert.True(await _hub.Server.Services.Database.WriteAsync(session => tokens.Use(session, grant, "x")));
        Assert.False(await _hub.Server.Services.Database.WriteAsync(session => tokens.Use(session, grant, "y")));
        Assert.Null(await tokens.FindAsync(three.Token!, default));
        Assert.True(await _service.TryTakeUpAsync(contact.Token!, "romeo"));
        Assert.False(await _service.TryTakeUpAsync(contact.Token!, "romeo"));
    }

    [Fact]
    public async Task Contacts_that_were_promised_are_made_after_a_crash()
    {
        IRegistrationTokens tokens = _service;
        NewInvitation made = await _service.CreateAsync("romeo", false, null, true, true);
        RegistrationGrant grant = (await tokens.FindAsync(made.Token!, default))!;
        // As far as the one transaction goes; then the hub dies.
        Assert.Equal(AccountOutcome.Done, await _hub.Server.Services.Accounts.CreateAsync("juliet", "secret", together: session => tokens.Use(session, grant, "juliet")));
        Assert.False(await _hub.Server.Hub.Rosters.MaySeePresenceAsync(new Jid("romeo", "hub.test", ""), new Jid("juliet", "hub.test", "")));
        await _service.KeepPromisesAsync(null);
        Assert.True(await _hub.Server.Hub.Rosters.MaySeePresenceAsync(new Jid("romeo", "hub.test", ""), new Jid("juliet", "hub.test", "")));
        Assert.True(await _hub.Server.Hub.Rosters.MaySeePresenceAsync(new Jid("juliet", "hub.test", ""), new Jid("romeo", "hub.test", "")));
    }

    [Fact]
    public async Task The_page_has_no_script_and_names_who_invites_and_a_closed_one_says_nothing()
    {
        NewInvitation made = await _service.CreateAsync("romeo", false, null, true, true);
        using var http = new HttpClient { BaseAddress = new Uri($"http://{_hub.Http}") };
        using HttpResponseMessage page = await http.GetAsync(new Uri("/invite/" + made.Token, UriKind.Relative));
        string html = await page.Content.ReadAsStringAsync();
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.Contains("romeo@hub.test invites you", html, StringComparison.Ordinal);
        Assert.Contains($"href=\"xmpp:romeo@hub.test?roster;preauth={made.Token};ibr=y\"", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        string policy = page.Headers.GetValues("Content-Security-Policy").Single();
        Assert.StartsWith("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        string style = StyleElement().Match(html).Groups[1].Value;
        Assert.Contains(Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(style))), policy, StringComparison.Ordinal);
        Assert.Equal("no-store", page.Headers.GetValues("Cache-Control").Single());
        Assert.Equal("no-referrer", page.Headers.GetValues("Referrer-Policy").Single());

        await _service.RevokeAsync(made.Invitation!.Id, null);
        foreach (string path in new[] { "/invite/" + made.Token, "/invite/guessed", "/invite/%3Cscript%3E", "/invite/" + new string('a', 4000) })
        {
            using HttpResponseMessage none = await http.GetAsync(new Uri(path, UriKind.Relative));
            Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);
            Assert.DoesNotContain("script", await none.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        using HttpResponseMessage post = await http.PostAsync(new Uri("/invite/" + made.Token, UriKind.Relative), null);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, post.StatusCode);
    }

    [Fact]
    public void What_people_named_themselves_is_escaped()
    {
        var invitation = new Invitation(1, "ann;x=<b>", "o'neil&co", true, false, default, default, 1, 0);
        string html = InvitationPage.Page(invitation, _service.UriOf(invitation, "token"), s_domain);
        Assert.DoesNotContain("<b>", html, StringComparison.Ordinal);
        Assert.Contains("o&#39;neil&amp;co@hub.test", html, StringComparison.Ordinal);
        Assert.Contains("xmpp:o%27neil%26co@hub.test?register;preauth=token", html, StringComparison.Ordinal);
    }

    [GeneratedRegex("<style>(.*?)</style>", RegexOptions.Singleline)]
    private static partial Regex StyleElement();
}
