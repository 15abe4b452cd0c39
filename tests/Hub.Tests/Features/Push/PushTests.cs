using System.Xml.Linq;
using IotXmpp.Hub.Modules;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Push;

/// <summary>Devices are told by a push service, which is a component here (XEP-0357).</summary>
public sealed class PushTests : IAsyncLifetime
{
    private static readonly XNamespace Accept = RawComponent.Accept;
    private static readonly XNamespace Forms = "jabber:x:data";
    private static readonly XNamespace PubSub = "http://jabber.org/protocol/pubsub";
    private static readonly XNamespace Notifications = "urn:xmpp:push:0";

    // Longer than settings usually have it, as the clock goes on by itself: what a test does in between may take its time.
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(121);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(51);

    private readonly SkipTime _time = new();
    private HubHost _hub = null!;
    private RawClient _service = null!;
    private RawClient _bob = null!;
    private string _alice = null!;
    private string? _managed;

    public ValueTask InitializeAsync() => StartAsync("");

    public async ValueTask DisposeAsync()
    {
        await _bob.DisposeAsync();
        await _service.DisposeAsync();
        await _hub.DisposeAsync();
    }

    [Fact]
    public async Task Who_is_gone_is_told_that_there_is_something_and_no_more()
    {
        await EnableAsync("<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/pubsub#publish-options</value></field><field var='secret'><value>s3&lt;cret</value></field></x>");
        await WriteAsync("secret words");
        XElement push = await _service.ReadAsync();
        Assert.Equal(("set", "hub.test", "push.hub.test"), ((string?)push.Attribute("type"), (string?)push.Attribute("from"), (string?)push.Attribute("to")));
        XElement pubsub = push.Element(PubSub + "pubsub")!;
        Assert.Equal("node-1", (string?)pubsub.Element(PubSub + "publish")!.Attribute("node"));
        XElement form = pubsub.Element(PubSub + "publish")!.Element(PubSub + "item")!.Element(Notifications + "notification")!.Element(Forms + "x")!;
        Assert.Equal(["FORM_TYPE=urn:xmpp:push:summary", "message-count=1"], Fields(form));
        Assert.Equal(["FORM_TYPE=http://jabber.org/protocol/pubsub#publish-options", "secret=s3<cret"], Fields(pubsub.Element(PubSub + "publish-options")!.Element(Forms + "x")!));
        Assert.DoesNotContain("secret words", push.ToString(), StringComparison.Ordinal);
        await AnswerAsync(push);

        // The message itself waits for her as ever.
        await using RawClient alice = await LoginAsync("one");
        await alice.SendAsync("<presence/>");
        await alice.ReadUntilAsync(e => e.Element(RawClient.Client + "body")?.Value == "secret words");
    }

    [Fact]
    public async Task What_comes_within_the_interval_goes_together()
    {
        await EnableAsync();
        await WriteAsync("1");
        XElement first = await _service.ReadAsync();
        await WriteAsync("2");
        await WriteAsync("3");
        await AnswerAsync(first);
        await NothingAsync();
        _time.Skip(Interval);
        XElement second = await _service.ReadAsync();
        Assert.Equal("3", Count(second));
        await AnswerAsync(second);
        _time.Skip(Interval);
        await NothingAsync();
        await WriteAsync("4");
        Assert.Equal("4", Count(await _service.ReadAsync()));
    }

    [Fact]
    public async Task Who_is_there_is_not_told_and_what_it_knows_is_not_counted()
    {
        await EnableAsync();
        await WriteAsync("1");
        await AnswerAsync(await _service.ReadAsync());
        await using (RawClient alice = await LoginAsync("one"))
        {
            await alice.SendAsync("<presence/>");
            await alice.ReadUntilAsync(e => e.Element(RawClient.Client + "body")?.Value == "1");
            await WriteAsync("2");
            await alice.ReadUntilAsync(e => e.Element(RawClient.Client + "body")?.Value == "2");
            _time.Skip(Interval);
            await NothingAsync();
        }

        await GoneAsync();
        await WriteAsync("3");
        Assert.Equal("1", Count(await _service.ReadAsync()));
    }

    /// <summary>Another client of hers is there; the one with the device is not.</summary>
    [Fact]
    public async Task Another_client_does_not_count_and_what_it_writes_is_no_news()
    {
        await EnableAsync();
        await using RawClient other = await LoginAsync("other");
        await other.SendAsync("<presence/>");
        await WriteAsync("1");
        await AnswerAsync(await _service.ReadAsync());
        _time.Skip(Interval);
        await other.SendAsync($"<message to='{_alice}@hub.test' type='chat'><body>note to myself</body></message>");
        await other.ReadUntilAsync(e => e.Element(RawClient.Client + "body")?.Value == "note to myself");
        await NothingAsync();
    }

    [Fact]
    public async Task A_client_without_a_stream_is_told_of_what_it_did_not_acknowledge_and_of_what_waits()
    {
        RawClient alice = await EnableAsync(stays: true, manage: true);
        await WriteAsync("1"); // arrives, and is never acknowledged
        await alice.ReadUntilAsync(e => e.Element(RawClient.Client + "body")?.Value == "1");
        alice.Cut();
        await DetachedAsync();
        await NothingAsync();
        _time.Skip(Grace);
        XElement push = await _service.ReadAsync();
        Assert.Equal("1", Count(push));
        await AnswerAsync(push);
        await WriteAsync("2");
        await NothingAsync();
        _time.Skip(Interval);
        push = await _service.ReadAsync();
        Assert.Equal("2", Count(push));
        await AnswerAsync(push);

        // When the session ends for good, what it did not acknowledge goes another way, and nobody is told of it twice.
        _time.Skip(TimeSpan.FromSeconds(1000));
        await GoneAsync();
        await using RawClient other = await LoginAsync("other");
        await other.SendAsync("<presence/>");
        await other.ReadUntilAsync(e => e.Element(RawClient.Client + "body")?.Value == "1");
        await other.ReadUntilAsync(e => e.Element(RawClient.Client + "body")?.Value == "2");
        _time.Skip(Interval);
        await NothingAsync();
    }

    [Fact]
    public async Task A_client_that_resumes_in_time_is_not_told()
    {
        RawClient alice = await EnableAsync(stays: true, manage: true);
        await WriteAsync("1");
        await alice.ReadUntilAsync(e => e.Element(RawClient.Client + "body")?.Value == "1");
        alice.Cut();
        await DetachedAsync();
        await using RawClient again = await RawClient.ConnectAsync(_hub.Plain, "alice");
        await again.OpenStreamAsync("hub.test");
        await again.AuthenticateAsync(_alice, _alice);
        await again.OpenStreamAsync("hub.test");
        await again.SendAsync($"<resume xmlns='urn:xmpp:sm:3' previd='{_managed}' h='0'/>");
        await again.ReadUntilAsync(e => e.Element(RawClient.Client + "body")?.Value == "1");
        _time.Skip(Interval);
        await NothingAsync();
    }

    [Fact]
    public async Task A_client_that_comes_back_in_time_is_not_told()
    {
        RawClient alice = await EnableAsync(stays: true, manage: true);
        await WriteAsync("1");
        await alice.ReadUntilAsync(e => e.Element(RawClient.Client + "body")?.Value == "1");
        alice.Cut();
        await DetachedAsync();
        await using RawClient again = await LoginAsync("one");
        await again.SendAsync("<presence/>");
        await again.ReadUntilAsync(e => e.Element(RawClient.Client + "body")?.Value == "1");
        _time.Skip(Interval);
        await NothingAsync();
    }

    [Fact]
    public async Task Calls_and_mentions_in_rooms_wake_a_client_without_a_stream()
    {
        RawClient alice = await EnableAsync(stays: true, manage: true);
        string full = alice.Jid;
        alice.Cut();
        await DetachedAsync();
        await _bob.SendAsync($"<message to='{full}' type='groupchat'><body>hello all</body></message>");
        await _bob.SendAsync($"<iq to='{full}' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>");
        await NothingAsync();
        await _bob.SendAsync($"<message to='{full}' type='groupchat'><body>{_alice}: hello</body></message>");
        await AnswerAsync(await _service.ReadAsync());
        _time.Skip(Interval);
        await _bob.SendAsync($"<iq to='{full}' type='set' id='j'><jingle xmlns='urn:xmpp:jingle:1' action='session-initiate' sid='a'/></iq>");
        Assert.Equal("2", Count(await _service.ReadAsync()));
    }

    [Fact]
    public async Task A_request_for_presence_is_told_with_its_own_count()
    {
        await EnableAsync();
        await _bob.SendAsync($"<presence to='{_alice}@hub.test' type='subscribe'/>");
        XElement form = (await _service.ReadAsync()).Descendants(Forms + "x").First();
        Assert.Equal(["FORM_TYPE=urn:xmpp:push:summary", "message-count=0", "pending-subscription-count=1"], Fields(form));
    }

    [Fact]
    public async Task An_error_of_the_service_disables_the_device_for_good()
    {
        await EnableAsync();
        await WriteAsync("1");
        await AnswerAsync(await _service.ReadAsync(), "<error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>");
        await NothingLeftAsync();
        await WriteAsync("2");
        _time.Skip(Interval);
        await NothingAsync();
    }

    [Fact]
    public async Task An_error_that_may_pass_does_not_but_many_in_a_row_do()
    {
        await RestartAsync(""" "MaxFailures": 3 """);
        await EnableAsync();
        for (int i = 0; i < 3; i++)
        {
            await WriteAsync("m");
            await AnswerAsync(await _service.ReadAsync(), "<error type='wait'><resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>");
            if (i < 2)
            {
                await NothingAsync();
                Assert.True(Notifier.Concerns(_alice));
                _time.Skip(Interval);
            }
        }

        await NothingLeftAsync();
    }

    [Fact]
    public async Task The_service_takes_its_node_back_and_nobody_else_can()
    {
        await EnableAsync();
        string notice = $"<pubsub xmlns='http://jabber.org/protocol/pubsub' node='node-1'><affiliation jid='{_alice}@hub.test' affiliation='none'/></pubsub>";
        await _bob.SendAsync($"<message to='{_alice}@hub.test'>{notice}</message>");
        await NothingAsync();
        Assert.True(Notifier.Concerns(_alice));
        await _service.SendAsync($"<message from='push.hub.test' to='{_alice}@hub.test'>{notice}</message>");
        await NothingLeftAsync();
    }

    [Fact]
    public async Task Settings_add_sender_and_text_and_devices_outlive_a_restart()
    {
        await RestartAsync(""" "IncludeSender": true, "IncludeBody": true, "MaxTextLength": 5 """);
        await EnableAsync();
        await WriteAsync("A long text");
        XElement form = (await _service.ReadAsync()).Descendants(Forms + "x").First();
        Assert.Equal(["FORM_TYPE=urn:xmpp:push:summary", "message-count=1", "last-message-sender=" + _bob.Jid, "last-message-body=A lon"], Fields(form));
    }

    [Fact]
    public async Task A_text_of_the_settings_stands_for_that_of_the_message()
    {
        await RestartAsync(""" "Text": "New message" """);
        await EnableAsync();
        await WriteAsync("secret words");
        Assert.Equal(["FORM_TYPE=urn:xmpp:push:summary", "message-count=1", "last-message-body=New message"], Fields((await _service.ReadAsync()).Descendants(Forms + "x").First()));
    }

    /// <summary>Settings decide whether a client that nobody looks at (XEP-0352) is told.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_inactive_client_is_told_where_settings_say_so(bool isTold)
    {
        await RestartAsync($"\"WhenInactive\": {(isTold ? "true" : "false")}");
        RawClient alice = await EnableAsync(stays: true);
        await alice.SendAsync("<inactive xmlns='urn:xmpp:csi:0'/>");
        Assert.Empty(await alice.PingAsync());
        await WriteAsync("1");
        await alice.ReadUntilAsync(e => e.Element(RawClient.Client + "body")?.Value == "1");
        if (isTold)
        {
            await _service.ReadAsync();
        }
        else
        {
            await NothingAsync();
        }

        await alice.DisposeAsync();
    }

    private INotifier Notifier => _hub.Server.Hub.Notifier!;

    private static string[] Fields(XElement form) => [.. form.Elements(Forms + "field").Select(f => $"{(string?)f.Attribute("var")}={f.Element(Forms + "value")?.Value}")];

    private static string? Count(XElement push) => push.Descendants(Forms + "field").Single(f => (string?)f.Attribute("var") == "message-count").Element(Forms + "value")?.Value;

    private async ValueTask StartAsync(string push)
    {
        _hub = await HubHost.StartAsync(
            $$"""
            { "Security": { "LoginThrottle": { "Enabled": false } }, "Push": { "IntervalSeconds": 120, "GraceSeconds": 50 {{(push.Length > 0 ? "," + push : "")}} }, "Listen": { "Component": "127.0.0.1:0" }, "Xmpp": { "IdleSeconds": 0 },
              "Components": [ { "Jid": "push.hub.test", "Secret": "p" } ] }
            """,
            _time);
        _service = await RawComponent.ConnectAsync(_hub.Server.Component!, "push.hub.test", "p");
        _alice = "alice" + Guid.NewGuid().ToString("N")[..6];
        await _hub.AddAccountAsync(_alice, _alice);
        _bob = await HubPair.LoginAsync(_hub, "bob");
    }

    private async Task RestartAsync(string push)
    {
        await DisposeAsync();
        await StartAsync(push);
    }

    private async Task<RawClient> LoginAsync(string resource)
    {
        RawClient alice = await RawClient.ConnectAsync(_hub.Plain, "alice");
        await alice.LoginAsync("hub.test", _alice, _alice, resource);
        return alice;
    }

    private async Task<RawClient> EnableAsync(string form = "", bool stays = false, bool manage = false)
    {
        RawClient alice = await LoginAsync("one");
        if (manage)
        {
            await alice.SendAsync("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
            _managed = (string?)(await alice.ReadUntilAsync(e => e.Name.LocalName == "enabled")).Attribute("id");
        }

        await alice.SendAsync($"<iq type='set' id='e'><enable xmlns='urn:xmpp:push:0' jid='push.hub.test' node='node-1'>{form}</enable></iq><presence/>");
        await alice.ReadUntilAsync(e => (string?)e.Attribute("id") == "e" && (string?)e.Attribute("type") == "result");
        await alice.ReadUntilAsync(e => e.Name.LocalName == "presence");
        if (!stays)
        {
            await alice.DisposeAsync();
            await GoneAsync();
        }

        return alice;
    }

    private Task GoneAsync() => Wait.UntilAsync(() => _hub.Server.Hub.Sessions.ListOf(new IotXmpp.Xmpp.Jid(_alice, "hub.test", "")).Count == 0);

    private Task DetachedAsync() => Wait.UntilAsync(() => _hub.Server.Hub.Sessions.ListOf(new IotXmpp.Xmpp.Jid(_alice, "hub.test", "")).Any(s => !s.IsConnected));

    private Task NothingLeftAsync() => Wait.UntilAsync(() => !Notifier.Concerns(_alice));

    private async Task WriteAsync(string text)
    {
        await _bob.SendAsync($"<message to='{_alice}@hub.test' type='chat'><body>{text}</body></message>");
        await _bob.PingAsync();
    }

    private Task AnswerAsync(XElement push, string error = "") =>
        _service.SendAsync($"<iq type='{(error.Length > 0 ? "error" : "result")}' id='{push.Attribute("id")!.Value}' from='push.hub.test' to='hub.test'>{error}</iq>");

    // All that was on its way to the service stands before the answer to its question.
    private async Task NothingAsync()
    {
        await _bob.PingAsync();
        await _service.SendAsync("<iq type='get' id='nothing' from='push.hub.test' to='hub.test'><ping xmlns='urn:xmpp:ping'/></iq>");
        XElement next = await _service.ReadAsync();
        Assert.Equal((Accept + "iq", "nothing"), (next.Name, (string?)next.Attribute("id")));
    }
}
