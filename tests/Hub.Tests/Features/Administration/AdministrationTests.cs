using System.Xml.Linq;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.Administration;
using IotXmpp.Hub.Storage;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Administration;

/// <summary>What XEP-0133 promises beyond one conversation (tests/Dialogues/xep0133 has those): what stays, what ends, and who is not spoken to.</summary>
public sealed class AdministrationTests : IAsyncLifetime
{
    private static readonly XNamespace Commands = "http://jabber.org/protocol/commands";

    private readonly TestKit.ManualTime _time = new();
    private HubHost _hub = null!;

    public async ValueTask InitializeAsync()
    {
        _hub = await HubHost.StartAsync("""{ "Security": { "LoginThrottle": { "Enabled": false } }, "Listen": { "Component": "127.0.0.1:0" }, "Components": [ { "Jid": "side.hub.test", "Secret": "much ado" } ] }""", _time);
        await _hub.AddAccountAsync("boss", "boss");
        await _hub.SetAdministratorAsync("boss");
        await _hub.AddAccountAsync("alice", "alice");
    }

    public ValueTask DisposeAsync() => _hub.DisposeAsync();

    [Theory]
    [InlineData("restart", true)]
    [InlineData("shutdown", false)]
    public async Task The_end_comes_after_its_delay_and_says_whether_to_begin_again(string command, bool again)
    {
        await using var boss = await LoginAsync("boss");
        await using var alice = await LoginAsync("alice");
        await alice.SendAsync("<presence/>");
        await alice.PingAsync();
        await RunAsync(boss, command, ("delay", "60"), ("announcement", "Back soon"));
        var said = await alice.ReadUntilAsync(e => e.Name.LocalName == "message");
        Assert.Equal("Back soon", said.Element(RawClient.Client + "body")?.Value);
        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.False(_hub.Server.EndRequested.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(again, await _hub.Server.EndRequested.WaitAsync(Wait.Bound));
        await _hub.Server.StopAsync();
        var error = await alice.ReadUntilAsync(e => e.Name == RawClient.Streams + "error");
        Assert.NotNull(error.Element(XName.Get("system-shutdown", "urn:ietf:params:xml:ns:xmpp-streams")));
        Assert.NotNull(error.Element(XName.Get("retry", "urn:iotxmpp:drain:1")));
    }

    [Fact]
    public async Task A_later_end_takes_the_place_of_an_earlier_one()
    {
        await using var boss = await LoginAsync("boss");
        await RunAsync(boss, "restart", ("delay", "30"));
        await RunAsync(boss, "shutdown", ("delay", "120"));
        _time.Advance(TimeSpan.FromSeconds(119));
        Assert.False(_hub.Server.EndRequested.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(await _hub.Server.EndRequested.WaitAsync(Wait.Bound));
    }

    [Fact]
    public async Task Who_is_on_the_blacklist_is_not_heard_and_not_spoken_to()
    {
        await using var boss = await LoginAsync("boss");
        await using var side = await RawComponent.ConnectAsync(_hub.Server.Component!, "side.hub.test", "much ado");
        await using var alice = await LoginAsync("alice");
        await RunAsync(boss, "edit-blacklist", ("blacklistjids", "eve@side.hub.test"));
        await side.SendAsync("<message from='eve@side.hub.test/x' to='alice@hub.test' id='1'><body>listen</body></message><presence from='eve@side.hub.test' to='alice@hub.test' type='subscribe'/>" +
            $"<message from='ann@side.hub.test' to='{alice.Jid}' id='2'><body>hello</body></message>");
        var heard = await alice.ReadUntilAsync(e => e.Name.LocalName is "message" or "presence");
        Assert.Equal("2", (string?)heard.Attribute("id"));
        var told = await side.ReadAsync();
        Assert.Equal(("1", "error"), ((string?)told.Attribute("id"), (string?)told.Attribute("type")));
        await alice.SendAsync("<message to='eve@side.hub.test' id='3'><body>go away</body></message>");
        var refused = await alice.ReadAsync();
        Assert.Equal(("3", "error"), ((string?)refused.Attribute("id"), (string?)refused.Attribute("type")));

        await RunAsync(boss, "edit-blacklist");
        await side.SendAsync($"<message from='eve@side.hub.test/x' to='{alice.Jid}' id='4'><body>listen</body></message>");
        Assert.Equal("4", (string?)(await alice.ReadAsync()).Attribute("id"));
    }

    [Theory]
    [InlineData("eve@peer.test/x", "eve@peer.test/x", true)]
    [InlineData("eve@peer.test/x", "eve@peer.test/y", false)]
    [InlineData("eve@peer.test", "eve@peer.test/y", true)]
    [InlineData("eve@peer.test", "ann@peer.test", false)]
    [InlineData("peer.test/x", "eve@peer.test/x", true)]
    [InlineData("peer.test/x", "eve@peer.test/y", false)]
    [InlineData("peer.test", "eve@peer.test/y", true)]
    [InlineData("peer.test", "peer.test", true)]
    [InlineData("peer.test", "sub.peer.test", false)]
    public async Task An_entry_matches_as_in_privacy_lists(string entry, string entity, bool matches)
    {
        var lists = new EntityLists(new AdministrationStore(_hub.Server.Services.Database));
        await lists.SetAsync(EntityLists.Black, [Parse(entry)]);
        Assert.Equal(!matches, lists.Allows(Parse(entity)));
        await lists.SetAsync(EntityLists.Black, []);
        await lists.SetAsync(EntityLists.White, [Parse(entry)]);
        Assert.Equal(matches, lists.Allows(Parse(entity)));
        var again = new EntityLists(new AdministrationStore(_hub.Server.Services.Database));
        await again.StartAsync(default);
        Assert.Equal([entry], again.List(EntityLists.White));
        Assert.Equal(matches, again.Allows(Parse(entity)));
    }

    [Fact]
    public async Task What_was_set_stays_when_the_hub_is_killed()
    {
        using var folder = new TempFolder("admin");
        var data = folder.File("data");
        await HubProcess.PrepareAsync(data, "admin-2", "alice");
        await using (var database = SqlDatabase.Open(new StorageOptions(), data, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance))
        {
            await new AccountService(new AccountStore(database, TimeProvider.System)).SetAdministratorAsync("admin-2", true);
        }

        await using (var hub = await HubProcess.StartAsync(data))
        {
            await using var boss = await hub.LoginAsync("admin-2");
            await RunAsync(boss, "set-motd", ("motd", "Snow"));
            await RunAsync(boss, "edit-blacklist", ("blacklistjids", "marlowe.test"));
            await RunAsync(boss, "disable-user", ("accountjids", "alice@hub.test"));
            hub.Process.Process.Kill();
        }

        await using var next = await HubProcess.StartAsync(data);
        await using var again = await next.LoginAsync("admin-2");
        await again.SendAsync("<presence/>");
        var motd = await again.ReadUntilAsync(e => e.Name.LocalName == "message");
        Assert.Equal("Snow", motd.Element(RawClient.Client + "body")?.Value);
        await again.SendAsync("<message to='x@marlowe.test' id='m'><body>x</body></message>");
        var refused = await again.ReadUntilAsync(e => (string?)e.Attribute("id") == "m");
        Assert.Contains("not-allowed", refused.ToString(), StringComparison.Ordinal);
        await Assert.ThrowsAnyAsync<Exception>(() => next.LoginAsync("alice"));

        // The one wait that is real: what a supervisor sees.
        await RunAsync(again, "restart", ("delay", "30"));
        await next.Process.Process.WaitForExitAsync(new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token);
        Assert.Equal(75, next.Process.Process.ExitCode);
    }

    [Fact]
    public async Task Last_log_ins_are_stored_together()
    {
        await using var alice = await LoginAsync("alice");
        var store = new AdministrationStore(_hub.Server.Services.Database);
        Assert.Null(await store.LastLoginAsync("alice"));
        var at = _time.GetUtcNow();
        _time.Advance(TimeSpan.FromSeconds(2));
        await Wait.UntilAsync(async () => await store.LastLoginAsync("alice") == at);
    }

    private static Jid Parse(string text) => Addresses(text);

    private static Jid Addresses(string text) => IotXmpp.Hub.Addresses.JidPrep.TryParse(text, out var jid) ? jid : throw new ArgumentException(text);

    private static async Task RunAsync(RawClient boss, string command, params (string Field, string Value)[] form)
    {
        string node = "http://jabber.org/protocol/admin#" + command;
        string id = boss.NewId();
        await boss.SendAsync($"<iq type='set' id='{id}' to='hub.test'><command xmlns='{Commands}' node='{node}'/></iq>");
        var stage = (await boss.ReadUntilAsync(e => (string?)e.Attribute("id") == id)).Element(Commands + "command")!;
        id = boss.NewId();
        string fields = string.Concat(form.Select(f => $"<field var='{f.Field}'><value>{f.Value}</value></field>"));
        await boss.SendAsync($"<iq type='set' id='{id}' to='hub.test'><command xmlns='{Commands}' node='{node}' sessionid='{(string?)stage.Attribute("sessionid")}' action='complete'><x xmlns='jabber:x:data' type='submit'>{fields}</x></command></iq>");
        var end = await boss.ReadUntilAsync(e => (string?)e.Attribute("id") == id);
        Assert.True((string?)end.Element(Commands + "command")?.Attribute("status") == "completed", end.ToString());
    }

    private async Task<RawClient> LoginAsync(string account)
    {
        var client = await RawClient.ConnectAsync(_hub.Plain, account);
        await client.LoginAsync(_hub.Domain, account, account, "r");
        return client;
    }
}
