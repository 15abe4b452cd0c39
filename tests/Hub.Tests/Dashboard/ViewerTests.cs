using System.Security.Claims;
using IotXmpp.Hub.Dashboard;
using IotXmpp.Hub.Dashboard.Live;
using IotXmpp.Hub.Features.WebSessions;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Transport.InProcess;
using IotXmpp.Hub.Xml;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Servers;
using IotXmpp.Xmpp;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;
using Element = IotXmpp.Hub.Xml.Element;

namespace IotXmpp.Hub.Tests.Dashboard;

/// <summary>The XMPP session of who looks at a page: an ordinary one, which sees what this person's client would see, and ends when it has to.</summary>
public sealed class ViewerTests : IAsyncLifetime
{
    private HubHost _hub = null!;

    private FleetServices Fleet => _hub.Server.FleetServices;

    public async ValueTask InitializeAsync()
    {
        _hub = await HubHost.StartAsync();
        foreach (string name in new[] { "alice", "bob", "kettle" })
        {
            await _hub.AddAccountAsync(name, "pass word");
        }

        await _hub.SetOwnerAsync("kettle", "alice");
    }

    public ValueTask DisposeAsync() => _hub.DisposeAsync();

    [Fact]
    public async Task It_asks_and_is_answered_like_any_client()
    {
        await using Viewer alice = await OpenAsync("alice");
        IqAnswer pong = await alice.SendIqAsync(StanzaType.Get, Fleet.Domain, new Element("ping", Ns.Ping));
        Assert.True(pong.IsResult);
        IqAnswer roster = await alice.SendIqAsync(StanzaType.Get, null, new Element("query", Ns.Roster));
        Assert.True(roster.IsResult && roster.Payload!.Is("query", Ns.Roster));
        IqAnswer none = await alice.SendIqAsync(StanzaType.Get, Fleet.Domain, new Element("query", "urn:example:nothing"));
        Assert.Equal((false, "service-unavailable"), (none.IsResult, none.Condition));
        // And it answers what others ask: ping, what it is, and that it does nothing else.
        await using InProcessClient other = (await InProcessClient.OpenAsync(Fleet.Streams, "alice", "desk", null))!;
        await other.SendAsync(Bytes($"<iq type='get' id='p' to='{alice.FullJid}'><ping xmlns='urn:xmpp:ping'/></iq>"));
        Assert.Equal("result", (await NextAsync(other, "iq"))["type"]);
        await other.SendAsync(Bytes($"<iq type='get' id='d' to='{alice.FullJid}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>"));
        Assert.Equal("web", (await NextAsync(other, "iq")).FirstChild!.Child("identity")!["type"]);
        await other.SendAsync(Bytes($"<iq type='set' id='s' to='{alice.FullJid}'><query xmlns='urn:example:nothing'/></iq>"));
        Assert.Equal("error", (await NextAsync(other, "iq"))["type"]);
    }

    [Fact]
    public async Task It_follows_what_its_person_may_see_and_nothing_else()
    {
        await using InProcessClient kettle = (await InProcessClient.OpenAsync(Fleet.Streams, "kettle", "thing", null))!;
        await PublishAsync(kettle, 20);
        await using Viewer alice = await OpenAsync("alice");
        await using Viewer bob = await OpenAsync("bob");
        var seen = new TaskCompletionSource<PubSubNotice>();
        var next = new TaskCompletionSource();
        (IDisposable handle, IqAnswer? refused) = await alice.FollowAsync("things/kettle/telemetry", n =>
        {
            if (!seen.TrySetResult(n))
            {
                next.TrySetResult();
            }
        });
        Assert.Null(refused);
        PubSubNotice last = await seen.Task.WaitAsync(Wait.Bound);
        Assert.Equal(("things/kettle/telemetry", "items"), (last.Node, last.Items.Name));
        await PublishAsync(kettle, 21);
        await next.Task.WaitAsync(Wait.Bound);
        // A second part of the page gets what the first had last, without another subscription.
        var again = new TaskCompletionSource<PubSubNotice>();
        (IDisposable second, _) = await alice.FollowAsync("things/kettle/telemetry", n => again.TrySetResult(n));
        Assert.Contains("21", (await again.Task).Items.ToString(), StringComparison.Ordinal);
        second.Dispose();
        handle.Dispose();

        int wrong = 0;
        (_, IqAnswer? no) = await bob.FollowAsync("things/kettle/telemetry", _ => wrong++);
        Assert.NotNull(no);
        Assert.False(no.IsResult);
        (_, IqAnswer? nothing) = await bob.FollowAsync("things/none/telemetry", _ => wrong++);
        Assert.False(nothing!.IsResult);
        await PublishAsync(kettle, 22);
        Assert.True((await bob.SendIqAsync(StanzaType.Get, Fleet.Domain, new Element("ping", Ns.Ping))).IsResult);
        Assert.Equal(0, wrong);
    }

    [Fact]
    public async Task A_page_that_is_opened_is_told_to_no_contact_until_a_part_of_it_wants_their_presence()
    {
        await _hub.Server.Services.RosterLinks.LinkAsync(new Jid("kettle", "hub.test", ""), new Jid("alice", "hub.test", ""), "kettle");
        await using InProcessClient kettle = (await InProcessClient.OpenAsync(Fleet.Streams, "kettle", "thing", null))!;
        await kettle.SendAsync(Bytes("<presence/>"));
        await PublishAsync(kettle, 20);
        int before = await SubscribersAsync();
        Viewer alice = await OpenAsync("alice");
        var seen = new TaskCompletionSource();
        (_, IqAnswer? refused) = await alice.FollowAsync("things/kettle/telemetry", _ => seen.TrySetResult());
        Assert.Null(refused);
        await seen.Task.WaitAsync(Wait.Bound);
        Assert.False(Assert.Single(_hub.Server.Hub.Sessions.ListOf(alice.Jid)).IsAvailable);
        Assert.Equal(before + 1, await SubscribersAsync());

        var there = new TaskCompletionSource<Jid>();
        using IDisposable presence = alice.OnPresence(p => _ = p.From.Local == "kettle" && there.TrySetResult(p.From));
        Assert.Equal("thing", (await there.Task.WaitAsync(Wait.Bound)).Resource);
        Assert.True(Assert.Single(_hub.Server.Hub.Sessions.ListOf(alice.Jid)).IsAvailable);
        await alice.DisposeAsync();

        // What one follows who was never available ends with the session, too (XEP-0060 §12.4).
        await Wait.UntilAsync(async () => await SubscribersAsync() == before);
        Viewer again = await OpenAsync("alice");
        await again.FollowAsync("things/kettle/telemetry", _ => { });
        Assert.Equal(before + 1, await SubscribersAsync());
        await again.DisposeAsync();
        await Wait.UntilAsync(async () => await SubscribersAsync() == before);

        async Task<int> SubscribersAsync()
        {
            await kettle.SendAsync(Bytes("<iq type='get' id='s' to='pubsub.hub.test'><pubsub xmlns='http://jabber.org/protocol/pubsub#owner'><subscriptions node='things/kettle/telemetry'/></pubsub></iq>"));
            return (await NextAsync(kettle, "iq")).FirstChild!.FirstChild!.Children.Count();
        }
    }

    [Fact]
    public async Task A_handler_that_fails_harms_nobody_else()
    {
        await using Viewer alice = await OpenAsync("alice");
        var told = new TaskCompletionSource();
        using IDisposable bad = alice.OnMessage(_ => throw new InvalidOperationException("a page's own fault"));
        using IDisposable presence = alice.OnPresence(_ => told.TrySetResult());
        await using InProcessClient other = (await InProcessClient.OpenAsync(Fleet.Streams, "alice", "desk", null))!;
        await other.SendAsync(Bytes($"<message to='{alice.FullJid}'><body>hello</body></message>"));
        await other.SendAsync(Bytes("<presence/>"));
        await told.Task.WaitAsync(Wait.Bound);
        Assert.True((await alice.SendIqAsync(StanzaType.Get, Fleet.Domain, new Element("ping", Ns.Ping))).IsResult);
    }

    [Fact]
    public async Task It_ends_with_the_account_and_says_so_once()
    {
        await using Viewer alice = await OpenAsync("alice");
        var ended = new List<string>();
        alice.Ended += ended.Add;
        await _hub.DisableAsync("alice");
        await Wait.UntilAsync(() => _hub.Server.Hub.Sessions.ListOf(alice.Jid).Count == 0 && ended.Count > 0);
        Assert.Single(ended);
        Assert.Equal(IqAnswer.Gone, await alice.SendIqAsync(StanzaType.Get, Fleet.Domain, new Element("ping", Ns.Ping)));
    }

    [Fact]
    public async Task It_goes_with_its_page()
    {
        Viewer alice = await OpenAsync("alice");
        Jid jid = alice.Jid;
        await alice.DisposeAsync();
        Assert.Empty(_hub.Server.Hub.Sessions.ListOf(jid));
        await alice.DisposeAsync();
    }

    [Fact]
    public async Task A_session_that_is_over_opens_nothing()
    {
        (_, WebSession session) = await Fleet.WebSessions!.CreateAsync("alice", "", "");
        await _hub.DisableAsync("alice");
        await using var viewer = new Viewer(new FleetHolder { Fleet = Fleet }, new Known(session), NullLoggerFactory.Instance);
        await viewer.StartAsync();
        Assert.False(viewer.IsReady);
        await using var nobody = new Viewer(new FleetHolder { Fleet = Fleet }, new Known(null), NullLoggerFactory.Instance);
        await nobody.StartAsync();
        Assert.False(nobody.IsReady);
        Assert.Empty(_hub.Server.Hub.Sessions.ListOf(new Jid("alice", "hub.test", "")));
    }

    private static byte[] Bytes(string xml) => System.Text.Encoding.UTF8.GetBytes(xml);

    private static async Task<Element> NextAsync(InProcessClient client, string name)
    {
        using var bound = new CancellationTokenSource(Wait.Bound);
        await foreach (byte[] bytes in client.Incoming.ReadAllAsync(bound.Token))
        {
            Element element = Element.Parse(bytes, "jabber:client"u8);
            if (element.Name == name)
            {
                return element;
            }
        }

        throw new EndOfStreamException();
    }

    private static async Task PublishAsync(InProcessClient kettle, int degrees)
    {
        await kettle.SendAsync(Bytes($"""
            <iq type='set' id='pub' to='pubsub.hub.test'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='things/kettle/telemetry'><item><fields xmlns='urn:xmpp:iot:sensordata' seqnr='1'><node nodeId='kettle'><timestamp value='2026-11-20T11:59:{degrees}Z'><numeric name='temperature' value='{degrees}' unit='°C'/></timestamp></node></fields></item></publish></pubsub></iq>
            """.Trim()));
        Assert.Equal("result", (await NextAsync(kettle, "iq"))["type"]);
    }

    private async Task<Viewer> OpenAsync(string account)
    {
        (_, WebSession session) = await Fleet.WebSessions!.CreateAsync(account, "", "");
        var viewer = new Viewer(new FleetHolder { Fleet = Fleet }, new Known(session), NullLoggerFactory.Instance);
        await viewer.StartAsync();
        Assert.True(viewer.IsReady);
        return viewer;
    }

    private sealed class Known(WebSession? session) : AuthenticationStateProvider
    {
        public override Task<AuthenticationState> GetAuthenticationStateAsync() =>
            Task.FromResult(new AuthenticationState(session is null ? new ClaimsPrincipal() : IotXmpp.Hub.Dashboard.Web.DashboardGate.Principal(session)));
    }
}
