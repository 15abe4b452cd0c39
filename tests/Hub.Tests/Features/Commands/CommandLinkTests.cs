using System.Xml.Linq;
using IotXmpp.Hub.Features.Commands;
using IotXmpp.Hub.Features.Control;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Commands;

/// <summary>The way of commands to things, over real sockets: to a thing's own session, and to its gateway's with the node reference; and what comes of each answer, and of none.</summary>
public sealed class CommandLinkTests : IAsyncLifetime
{
    private static readonly XNamespace Command = "urn:iotxmpp:command:1";
    private static readonly XNamespace Control = "urn:xmpp:iot:control";

    private readonly SkipTime _time = new();
    private HubHost _hub = null!;
    private CommandLink _link = null!;

    public async ValueTask InitializeAsync()
    {
        _hub = await HubHost.StartAsync("""{ "Security": { "LoginThrottle": { "Enabled": false } }, "Xmpp": { "IdleSeconds": 0 } }""", _time);
        await _hub.AddAccountAsync("alice", "alice");
        foreach (string thing in new[] { "lamp", "rack" })
        {
            await _hub.AddAccountAsync(thing, thing);
            await _hub.SetOwnerAsync(thing, "alice");
        }

        // Longer than any pause of this machine: where nobody answers, the clock is moved.
        _link = new CommandLink(_hub.Server.Hub, new Jid("", "things.hub.test", ""), _hub.Server.Services.Registry, _hub.Server.Services.Nodes, new CommandsOptions { AnswerSeconds = 300 });
    }

    public ValueTask DisposeAsync() => _hub.DisposeAsync();

    [Fact]
    public async Task A_thing_is_there_when_its_session_of_that_name_is_available()
    {
        Assert.Equal("lamp", await _link.AccountOfAsync("lamp", default));
        Assert.Null(await _link.AccountOfAsync("alice", default));
        Assert.Null(await _link.AccountOfAsync("nothing", default));
        await using RawClient other = await LoginAsync("lamp", "phone");
        await using RawClient lamp = await LoginAsync("lamp", "thing", available: false);
        Assert.False(_link.IsReachable("lamp", "lamp"));
        Assert.Equal(LinkOutcome.Away, (await SendAsync("lamp", "lamp")).Outcome);
        Assert.Null(await _link.FormAsync("lamp", default));
        await lamp.SendAsync("<presence/>");
        await lamp.PingAsync();
        Assert.True(_link.IsReachable("lamp", "lamp"));
        await lamp.SendAsync("<presence type='unavailable'/>");
        await lamp.PingAsync();
        Assert.False(_link.IsReachable("lamp", "lamp"));
    }

    [Fact]
    public async Task A_command_goes_under_its_id_to_the_thing_and_for_one_behind_a_gateway_to_that_with_its_name()
    {
        await using RawClient lamp = await LoginAsync("lamp", "thing");
        await using RawClient rack = await RackAsync();
        Assert.Equal(("rack", "rack"), (await _link.AccountOfAsync("valve", default), await _link.AccountOfAsync("rack", default)));
        foreach ((RawClient client, string thing, string account, string? node) in new[] { (lamp, "lamp", "lamp", null), (rack, "rack", "rack", null), (rack, "valve", "rack", "valve") })
        {
            Task<LinkAnswer> sending = SendAsync(thing, account);
            XElement asked = await RequestAsync(client, Command + "command");
            Assert.Equal(("things.hub.test", "set"), ((string?)asked.Attribute("from"), (string?)asked.Attribute("type")));
            Assert.Equal("c1", (string?)asked.Element(Command + "command")!.Attribute("id"));
            XElement set = asked.Element(Command + "command")!.Element(Control + "set")!;
            Assert.Equal(node, (string?)set.Element(Control + "node")?.Attribute("nodeId"));
            Assert.Equal(("relay", "true"), ((string?)set.Element(Control + "boolean")!.Attribute("name"), (string?)set.Element(Control + "boolean")!.Attribute("value")));
            await AnswerAsync(client, asked, "result", "<setResponse xmlns='urn:xmpp:iot:control'/>");
            Assert.Equal(new LinkAnswer(LinkOutcome.Done), await sending);
        }
    }

    [Fact]
    public async Task What_is_behind_a_gateway_is_there_when_both_are()
    {
        await using (RawClient rack = await RackAsync())
        {
            Assert.True(_link.IsReachable("valve", "rack"));
            await rack.SendAsync("<presence to='things.hub.test'><thing xmlns='urn:iotxmpp:thing:1' nodeId='valve' state='offline' reason='connection-lost'/></presence>");
            await Wait.UntilAsync(() => !_link.IsReachable("valve", "rack"));
            Assert.True(_link.IsReachable("rack", "rack"));
            Assert.Null(await _link.FormAsync("valve", default));
            await rack.SendAsync("<presence to='things.hub.test'><thing xmlns='urn:iotxmpp:thing:1' nodeId='valve' state='online'/></presence>");
            await Wait.UntilAsync(() => _link.IsReachable("valve", "rack"));
        }

        await Wait.UntilAsync(() => !_link.IsReachable("valve", "rack"));
        Assert.Equal(LinkOutcome.Away, (await SendAsync("valve", "rack")).Outcome);
    }

    /// <summary>A refusal is the thing's; but where the gateway says that its thing has gone, nothing was sent, and the command waits for it.</summary>
    [Theory]
    [InlineData("rack", "wait", "recipient-unavailable", LinkOutcome.Failed)]
    [InlineData("valve", "wait", "recipient-unavailable", LinkOutcome.Away)]
    [InlineData("valve", "cancel", "item-not-found", LinkOutcome.Failed)]
    [InlineData("valve", "cancel", "service-unavailable", LinkOutcome.Failed)]
    public async Task An_error_is_the_things_or_says_that_it_has_gone(string thing, string type, string condition, LinkOutcome expected)
    {
        await using RawClient rack = await RackAsync();
        Task<LinkAnswer> sending = SendAsync(thing, "rack");
        XElement asked = await RequestAsync(rack, Command + "command");
        await AnswerAsync(rack, asked, "error", $"<error type='{type}'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>in its words</text></error>");
        Assert.Equal(expected == LinkOutcome.Away ? new LinkAnswer(LinkOutcome.Away) : new LinkAnswer(expected, condition, "in its words"), await sending);
    }

    [Fact]
    public async Task Who_does_not_answer_over_a_stream_that_lasts_is_silent()
    {
        await using RawClient rack = await RackAsync();
        Task<LinkAnswer> sending = SendAsync("valve", "rack");
        await RequestAsync(rack, Command + "command");
        Assert.False(sending.IsCompleted);
        _time.Skip(TimeSpan.FromSeconds(301));
        Assert.Equal(LinkOutcome.Silent, (await sending.WaitAsync(Wait.Bound)).Outcome);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_stream_that_is_lost_before_the_answer_says_nothing_of_the_command(bool resumable)
    {
        RawClient rack = await RackAsync(resumable);
        Task<LinkAnswer> sending = SendAsync("valve", "rack");
        await RequestAsync(rack, Command + "command");
        rack.Cut();
        if (resumable)
        {
            // What it never acknowledged comes back as an error of the hub's own when the session ends for good: that is no refusal.
            await Wait.UntilAsync(() => _hub.Server.Hub.Sessions.ListOf(new Jid("rack", "hub.test", "")).Any(s => !s.IsConnected));
            while (!sending.IsCompleted)
            {
                _time.Skip(TimeSpan.FromSeconds(100));
                await Task.WhenAny(sending, Task.Delay(50));
            }
        }

        Assert.Equal(LinkOutcome.Lost, (await sending.WaitAsync(Wait.Bound)).Outcome);
    }

    [Fact]
    public async Task A_form_is_asked_for_with_the_node_and_what_is_none_is_none()
    {
        await using RawClient rack = await RackAsync();
        Task<ThingForm?> asking = _link.FormAsync("valve", default);
        XElement asked = await RequestAsync(rack, Control + "getForm");
        Assert.Equal(("get", "valve"), ((string?)asked.Attribute("type"), (string?)asked.Element(Control + "getForm")!.Element(Control + "node")!.Attribute("nodeId")));
        await AnswerAsync(rack, asked, "result", "<x xmlns='jabber:x:data' type='form'><field var='open' type='boolean'><value>0</value></field></x>");
        Assert.Equal("open", Assert.Single((await asking)!.Parameters).Name);

        asking = _link.FormAsync("rack", default);
        asked = await RequestAsync(rack, Control + "getForm");
        Assert.Empty(asked.Element(Control + "getForm")!.Elements());
        await AnswerAsync(rack, asked, "error", "<error type='cancel'><feature-not-implemented xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>");
        Assert.Null(await asking);
    }

    private Task<LinkAnswer> SendAsync(string thing, string account) => _link.SendAsync(
        new ThingCommand(1, "c1", CommandWay.Queued, thing, new Jid("alice", "hub.test", ""), [new CommandParameter("relay", "boolean", "true")], _time.GetUtcNow(), _time.GetUtcNow() + TimeSpan.FromHours(1)) { Account = account }, default);

    private static async Task<XElement> RequestAsync(RawClient client, XName payload)
    {
        // The hub asks for forms by itself when a thing comes; those of this test ask in the order of the test.
        return await client.ReadUntilAsync(e => e.Name == RawClient.Client + "iq" && e.Element(payload) is not null);
    }

    private static Task AnswerAsync(RawClient client, XElement asked, string type, string payload) =>
        client.SendAsync($"<iq type='{type}' to='{asked.Attribute("from")!.Value}' id='{asked.Attribute("id")!.Value}'>{payload}</iq>");

    private async Task<RawClient> LoginAsync(string account, string resource, bool available = true)
    {
        RawClient client = await RawClient.ConnectAsync(_hub.Plain, account);
        await client.LoginAsync("hub.test", account, account, resource);
        if (available)
        {
            await client.SendAsync("<presence/>");
            await client.PingAsync();
        }

        return client;
    }

    // A gateway with a valve behind it.
    private async Task<RawClient> RackAsync(bool resumable = false)
    {
        RawClient rack = await LoginAsync("rack", "thing", available: false);
        if (resumable)
        {
            await rack.SendAsync("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
            await rack.ReadUntilAsync(e => e.Name.LocalName == "enabled");
        }

        await rack.SendAsync("<presence/><iq type='set' to='things.hub.test' id='reg'><register xmlns='urn:xmpp:iot:discovery' nodeId='valve' sourceId='MeteringTopology'><str name='SN' value='v'/></register></iq>");
        Assert.Equal("result", (string?)(await rack.ReadUntilAsync(e => (string?)e.Attribute("id") == "reg")).Attribute("type"));
        await rack.SendAsync("<presence to='things.hub.test'><thing xmlns='urn:iotxmpp:thing:1' nodeId='valve' state='online'/></presence>");
        await Wait.UntilAsync(() => _link.IsReachable("valve", "rack"));
        return rack;
    }
}
