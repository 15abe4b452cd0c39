using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Xml.Linq;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Hub.Tests.Federation;

/// <summary>Servers that mean harm: the table of what they try and what they get. peer.test is honest and has a certificate; evil.test has what a test gives it.</summary>
public sealed class HostileServerTests(HostileServerTests.Attacked fixture) : IClassFixture<HostileServerTests.Attacked>
{
    private const string Sasl = "urn:ietf:params:xml:ns:xmpp-sasl";
    private static readonly XNamespace Server = RawServer.Server;
    private static readonly XNamespace Dialback = RawServer.Dialback;
    private static readonly XNamespace Client = RawClient.Client;

    private HubHost Hub => fixture.Hub;

    /// <summary>Before TLS: what is sent, and the first element that comes back.</summary>
    [Theory]
    [InlineData("<message from='a@evil.test' to='b@hub.test'/>", "not-authorized")]
    [InlineData("<message/>", "not-authorized")]
    [InlineData("<db:result from='evil.test' to='hub.test'>00</db:result>", "policy-violation")]
    [InlineData("<db:verify from='evil.test' to='hub.test' id='x'>00</db:verify>", "policy-violation")]
    [InlineData("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>", "encryption-required")]
    [InlineData("<bidi xmlns='urn:xmpp:bidi'/>", "unsupported-stanza-type")]
    [InlineData("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><message from='a@evil.test' to='b@hub.test'/>", "policy-violation")]
    [InlineData("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", "failure")]
    [InlineData("<!DOCTYPE x [<!ENTITY y 'z'>]>", "restricted-xml")]
    [InlineData("<?php x?>", "restricted-xml")]
    [InlineData("<a></b>", "not-well-formed")]
    [InlineData("<a b='1' b='2'/>", "not-well-formed")]
    [InlineData("text", "bad-format")]
    public async Task Before_tls_there_is_nothing_to_gain(string bytes, string answer)
    {
        await using var evil = await RawServer.OpenAsync(Hub.Server.S2s!, "evil.test", "hub.test");
        await evil.SendAsync(bytes);
        var element = await evil.ReadUntilAsync(e => e.Name.LocalName != "proceed");
        Assert.Contains(answer, element.DescendantsAndSelf().Select(e => e.Name.LocalName));
    }

    [Theory]
    [InlineData("evil.test", "other.test", "jabber:server", "1.0", "host-unknown")]
    [InlineData("hub.test", "hub.test", "jabber:server", "1.0", "invalid-from")]
    [InlineData("pubsub.hub.test", "hub.test", "jabber:server", "1.0", "invalid-from")]
    [InlineData("denied.test", "hub.test", "jabber:server", "1.0", "policy-violation")]
    [InlineData("sub.denied.example", "hub.test", "jabber:server", "1.0", "policy-violation")]
    [InlineData("evil.test", "hub.test", "jabber:client", "1.0", "invalid-namespace")]
    [InlineData("evil.test", "hub.test", "jabber:component:accept", "1.0", "invalid-namespace")]
    [InlineData("a@evil.test", "hub.test", "jabber:server", "1.0", "improper-addressing")]
    [InlineData("evil.test", "hub.test", "jabber:server", null, "unsupported-version")]
    public async Task A_wrong_header_is_answered_with_a_header_and_the_error(string from, string to, string ns, string? version, string condition)
    {
        await using var evil = await RawClient.ConnectAsync(Hub.Server.S2s!, "evil");
        await RawServer.HeaderAsync(evil, from, to, ns, version);
        Assert.Equal(condition, (await evil.ReadAsync()).Elements().First().Name.LocalName);
        Assert.IsType<StreamEvent.Closed>(await evil.NextAsync());
        Assert.IsType<StreamEvent.Ended>(await evil.NextAsync());
    }

    /// <summary>With TLS, nothing proven: certificates that prove nothing are not offered EXTERNAL, and insisting does not help.</summary>
    [Theory]
    [InlineData("<message from='a@evil.test' to='b@hub.test'/>", "not-authorized")]
    [InlineData("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>", "not-authorized")]
    [InlineData("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>cGVlci50ZXN0</auth>", "invalid-authzid")]
    [InlineData("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>***</auth>", "incorrect-encoding")]
    [InlineData("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGEAYg==</auth>", "invalid-mechanism")]
    [InlineData("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'/>", "challenge")]
    [InlineData("<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>=</response>", "malformed-request")]
    [InlineData("<db:result from='hub.test' to='hub.test'>00</db:result>", "not-allowed")]
    [InlineData("<db:result from='denied.test' to='hub.test'>00</db:result>", "not-allowed")]
    [InlineData("<db:result from='evil.test' to='other.test'>00</db:result>", "item-not-found")]
    [InlineData("<db:result from='evil.test'>00</db:result>", "improper-addressing")]
    [InlineData("<db:result from='evil.test' to='hub.test' type='valid'/>", "policy-violation")]
    [InlineData("<db:verify from='evil.test' to='hub.test' id='x' type='valid'/>", "policy-violation")]
    [InlineData("<db:verify from='evil.test' to='hub.test' id='x'>00</db:verify>", "invalid")]
    [InlineData("<db:verify from='evil.test' to='other.test' id='x'>00</db:verify>", "item-not-found")]
    [InlineData("<db:verify from='evil.test' to='hub.test'>00</db:verify>", "improper-addressing")]
    [InlineData("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>", "not-authorized")]
    [InlineData("<enable xmlns='urn:xmpp:sm:3'/>", "unexpected-request")]
    public async Task With_tls_and_no_proof_there_is_nothing_to_gain(string bytes, string answer)
    {
        using var other = Certificates.Server(fixture.Authority, ["other.test"]);
        foreach (var own in new[] { null, fixture.Stranger, other })
        {
            var (evil, _) = await RawServer.SecureAsync(Hub.Server.S2s!, "evil.test", "hub.test", own);
            await using var closing = evil;
            Assert.Empty(evil.Features.Elements(XName.Get("mechanisms", Sasl)));
            await evil.SendAsync(bytes);
            var element = await evil.ReadAsync();
            Assert.Contains(answer, element.DescendantsAndSelf().SelectMany(e => (string?[])[e.Name.LocalName, (string?)e.Attribute("type")]));
        }
    }

    [Fact]
    public async Task Attempts_are_counted()
    {
        var (evil, _) = await RawServer.SecureAsync(Hub.Server.S2s!, "evil.test", "hub.test", null);
        await using var closing = evil;
        await evil.SendAsync(string.Concat(Enumerable.Repeat("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>", 3)));
        var error = await evil.ReadUntilAsync(e => e.Name == RawClient.Streams + "error");
        Assert.Equal("policy-violation", error.Elements().First().Name.LocalName);
    }

    [Fact]
    public async Task Only_so_many_bytes_come_without_proof()
    {
        var (evil, _) = await RawServer.SecureAsync(Hub.Server.S2s!, "evil.test", "hub.test", null);
        await using var closing = evil;
        await evil.SendAsync($"<db:verify from='evil.test' to='hub.test' id='x'>{new string('0', 70_000)}</db:verify>");
        Assert.Equal("policy-violation", (await evil.ReadAsync()).Elements().First().Name.LocalName);
    }

    /// <summary>A server that is who it says speaks for itself alone.</summary>
    [Theory]
    [InlineData("<message from='a@evil.test' to='b@hub.test'/>", "invalid-from")]
    [InlineData("<message from='admin@hub.test' to='b@hub.test'/>", "invalid-from")]
    [InlineData("<message from='hub.test' to='b@hub.test'/>", "invalid-from")]
    [InlineData("<message from='a@sub.peer.test' to='b@hub.test'/>", "invalid-from")]
    [InlineData("<message from='a@peer.test@evil.test' to='b@hub.test'/>", "invalid-from")]
    [InlineData("<message to='b@hub.test'/>", "improper-addressing")]
    [InlineData("<message from='a@peer.test'/>", "improper-addressing")]
    [InlineData("<message from='a@peer.test' to='c@other.test'/>", "host-unknown")]
    [InlineData("<message from='a@peer.test' to='c@peer.test'/>", "host-unknown")]
    [InlineData("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>", "not-authorized")]
    [InlineData("<stream:features/>", "unsupported-stanza-type")]
    [InlineData("<x xmlns='urn:x'/>", "unsupported-stanza-type")]
    public async Task A_server_speaks_for_itself(string bytes, string condition)
    {
        await using var peer = await RawServer.AuthenticateAsync(Hub.Server.S2s!, "peer.test", "hub.test", fixture.Peer);
        await peer.SendAsync(bytes);
        Assert.Equal(condition, (await peer.ReadAsync()).Elements().First().Name.LocalName);
        Assert.IsType<StreamEvent.Closed>(await peer.NextAsync());
        Assert.IsType<StreamEvent.Ended>(await peer.NextAsync());
    }

    /// <summary>What is an account's own is no other server's; answers come on the way back, which is the same stream.</summary>
    [Theory]
    [InlineData("<iq type='get' id='q' from='a@peer.test' to='{0}'><query xmlns='jabber:iq:roster'/></iq>")]
    [InlineData("<iq type='set' id='q' from='a@peer.test' to='{0}'><query xmlns='jabber:iq:roster'><item jid='a@peer.test' subscription='both'/></query></iq>")]
    [InlineData("<iq type='get' id='q' from='a@peer.test' to='{0}'><offline xmlns='http://jabber.org/protocol/offline'><fetch/></offline></iq>")]
    [InlineData("<iq type='get' id='q' from='a@peer.test' to='{0}'><prefs xmlns='urn:xmpp:mam:2'/></iq>")]
    [InlineData("<iq type='get' id='q' from='a@peer.test' to='{0}'><blocklist xmlns='urn:xmpp:blocking'/></iq>")]
    [InlineData("<iq type='set' id='q' from='a@peer.test' to='{0}'><block xmlns='urn:xmpp:blocking'><item jid='x@y.example'/></block></iq>")]
    [InlineData("<iq type='get' id='q' from='a@peer.test' to='{0}'><query xmlns='jabber:iq:privacy'/></iq>")]
    [InlineData("<iq type='get' id='q' from='a@peer.test' to='{0}'><query xmlns='jabber:iq:private'><x xmlns='urn:x'/></query></iq>")]
    [InlineData("<iq type='set' id='q' from='a@peer.test' to='{0}'><vCard xmlns='vcard-temp'/></iq>")]
    [InlineData("<iq type='set' id='q' from='a@peer.test' to='{0}'><push xmlns='urn:xmpp:push:0'/></iq>")]
    [InlineData("<iq type='set' id='q' from='a@peer.test' to='{0}'><enable xmlns='urn:xmpp:carbons:2'/></iq>")]
    [InlineData("<iq type='set' id='q' from='a@peer.test' to='{0}'><query xmlns='urn:xmpp:mam:2'/></iq>")]
    public async Task What_is_an_accounts_own_is_refused(string request)
    {
        await using var alice = await HubPair.LoginAsync(Hub, "alice");
        await using var peer = await BothWaysAsync();
        var account = alice.Jid.Split('/')[0];
        // Also of the same name at the other server, to the account and to the domain.
        foreach (var (from, to) in new[] { ("a", account), (account.Split('@')[0], account), (account.Split('@')[0], "hub.test") })
        {
            await peer.SendAsync(request.Replace("'a@peer.test'", $"'{from}@peer.test'", StringComparison.Ordinal).Replace("{0}", to, StringComparison.Ordinal));
            var answer = await peer.ReadUntilAsync(e => (string?)e.Attribute("id") == "q");
            Assert.Equal("error", (string?)answer.Attribute("type"));
        }
    }

    [Fact]
    public async Task Nobody_becomes_a_subscriber_by_saying_so()
    {
        await using var alice = await HubPair.LoginAsync(Hub, "alice");
        await alice.SendAsync("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq><presence/>");
        var account = alice.Jid.Split('/')[0];
        await using var peer = await BothWaysAsync();
        await peer.SendAsync($"<presence type='subscribed' from='a@peer.test' to='{account}'/><presence type='probe' from='a@peer.test' to='{account}'/>");
        var answer = await peer.ReadAsync();
        Assert.Equal("unsubscribed", (string?)answer.Attribute("type"));
        await alice.SendAsync("<iq type='get' id='r2'><query xmlns='jabber:iq:roster'/></iq>");
        var roster = await alice.ReadUntilAsync(e => (string?)e.Attribute("id") == "r2");
        Assert.Empty(roster.Descendants(XName.Get("item", "jabber:iq:roster")));
    }

    [Fact]
    public async Task A_stanza_has_a_bound()
    {
        await using var peer = await RawServer.AuthenticateAsync(Hub.Server.S2s!, "peer.test", "hub.test", fixture.Peer);
        await peer.SendAsync($"<message from='a@peer.test' to='b@hub.test'><body>{new string('x', 300_000)}</body></message>");
        Assert.Equal("policy-violation", (await peer.ReadUntilAsync(e => e.Name == RawClient.Streams + "error")).Elements().First().Name.LocalName);
    }

    /// <summary>What the server of a domain says of a key decides; liars are let go.</summary>
    [Theory]
    [InlineData("type='valid'", "hub.test", "evil.test", "fake", "valid")]
    [InlineData("type='invalid'", "hub.test", "evil.test", "fake", "invalid")]
    [InlineData("type='error'", "hub.test", "evil.test", "fake", "remote-server-timeout")]
    [InlineData("type='valid'", "hub.test", "peer.test", "fake", "remote-server-timeout")]
    [InlineData("type='valid'", "hub.test", "evil.test", "other", "remote-server-timeout")]
    [InlineData("type='maybe'", "hub.test", "evil.test", "fake", "remote-server-timeout")]
    public async Task Dialback_is_what_the_domain_says(string type, string to, string from, string id, string result)
    {
        var (evil, header) = await RawServer.SecureAsync(Hub.Server.S2s!, "evil.test", "hub.test", null);
        await using var closing = evil;
        var streamId = (string)header.Attribute("id")!;
        fixture.Evil.Answer = e => e.Name == Dialback + "verify" ? $"<db:verify from='{from}' to='{to}' id='{(id == "fake" ? streamId : id)}' {type}/>" : null;
        await evil.SendAsync("<db:result from='evil.test' to='hub.test'>key</db:result>");
        var answer = await evil.ReadAsync();
        Assert.Equal(Dialback + "result", answer.Name);
        Assert.Contains(result, answer.DescendantsAndSelf().SelectMany(e => (string?[])[e.Name.LocalName, (string?)e.Attribute("type")]));
        var asked = fixture.Evil.Received.Last(e => e.Name == Dialback + "verify");
        Assert.Equal(("hub.test", "evil.test", streamId, "key"), ((string?)asked.Attribute("from"), (string?)asked.Attribute("to"), (string?)asked.Attribute("id"), asked.Value));
        await evil.SendAsync("<message from='a@evil.test' to='nobody@hub.test' type='headline'/><message from='a@peer.test' to='nobody@hub.test'/>");
        // Who was let in is let in for that pair alone.
        var error = await evil.NextAsync();
        if (result == "invalid" && error is StreamEvent.Closed)
        {
            return; // a liar is let go, mostly before his next word
        }

        Assert.Equal(result == "valid" ? "invalid-from" : "not-authorized", Assert.IsType<StreamEvent.Received>(error).Element.Elements().First().Name.LocalName);
    }

    /// <summary>Servers that the hub calls, and what its client is told.</summary>
    [Theory]
    [InlineData("<db:result from='evil.test' to='hub.test' type='invalid'/>", "internal-server-error")]
    [InlineData("<db:result from='evil.test' to='hub.test' type='error'><error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></db:result>", "remote-server-timeout")]
    [InlineData("<db:result from='peer.test' to='hub.test' type='valid'/>", "remote-server-timeout")]
    [InlineData("<db:result from='evil.test' to='pubsub.hub.test' type='valid'/>", "remote-server-timeout")]
    [InlineData("<message from='a@evil.test' to='b@hub.test'/>", "remote-server-timeout")]
    [InlineData("<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>", "remote-server-not-found")]
    [InlineData("<stream:error><policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>", "remote-server-timeout")]
    [InlineData("<!DOCTYPE x>", "remote-server-timeout")]
    [InlineData("</stream:stream>", "remote-server-timeout")]
    public async Task What_a_called_server_may_not_say_ends_its_stream(string says, string told)
    {
        await using var alice = await HubPair.LoginAsync(Hub, "alice");
        fixture.Evil.Answer = e => e.Name == Dialback + "result" ? says : null;
        await alice.SendAsync("<iq to='evil.test' type='get' id='q'><ping xmlns='urn:xmpp:ping'/></iq>");
        var error = await alice.ReadUntilAsync(e => (string?)e.Attribute("id") == "q");
        Assert.Contains(told, error.Descendants().Select(e => e.Name.LocalName));
    }

    [Fact]
    public async Task A_server_without_tls_is_not_spoken_to()
    {
        await using var alice = await HubPair.LoginAsync(Hub, "alice");
        await alice.SendAsync("<iq to='plain.test' type='get' id='q'><ping xmlns='urn:xmpp:ping'/></iq>");
        var error = await alice.ReadUntilAsync(e => (string?)e.Attribute("id") == "q");
        Assert.Contains("remote-server-timeout", error.Descendants().Select(e => e.Name.LocalName));
        Assert.Empty(fixture.Plain.Received);
    }

    [Theory]
    [InlineData("denied.test", "not-allowed")]
    [InlineData("unknown.test", "remote-server-not-found")]
    [InlineData("closed.test", "remote-server-timeout")]
    [InlineData("private.test", "remote-server-not-found")]
    [InlineData("127.0.0.1", "remote-server-not-found")]
    [InlineData("localhost", "remote-server-not-found")]
    public async Task Who_cannot_be_reached_is_told_of(string domain, string told)
    {
        await using var alice = await HubPair.LoginAsync(Hub, "alice");
        await alice.SendAsync($"<message to='a@{domain}' id='q' type='chat'><body>x</body></message>");
        var error = await alice.ReadUntilAsync(e => (string?)e.Attribute("id") == "q");
        Assert.Equal($"a@{domain}", (string?)error.Attribute("from"));
        Assert.Contains(told, error.Element(Client + "error")!.Elements().Select(e => e.Name.LocalName));
    }

    [Fact]
    public async Task What_waits_for_a_server_is_bounded()
    {
        await using var alice = await HubPair.LoginAsync(Hub, "alice");
        var release = new TaskCompletionSource();
        fixture.Evil.Answer = e =>
        {
            if (e.Name == Dialback + "result")
            {
                release.Task.Wait(Wait.Bound);
                return "<db:result from='evil.test' to='hub.test' type='invalid'/>";
            }

            return null;
        };
        await alice.SendAsync(string.Concat(Enumerable.Range(0, Attacked.QueueStanzas + 1).Select(i => $"<message to='a@evil.test' type='chat' id='m{i}'/>")));
        var first = await alice.ReadAsync();
        Assert.Equal($"m{Attacked.QueueStanzas}", (string?)first.Attribute("id"));
        Assert.Contains("resource-constraint", first.Descendants().Select(e => e.Name.LocalName));
        release.SetResult();
        for (var i = 0; i < Attacked.QueueStanzas; i++)
        {
            var next = await alice.ReadAsync();
            Assert.Equal(($"m{i}", true), ((string?)next.Attribute("id"), next.Descendants().Any(e => e.Name.LocalName == "internal-server-error")));
        }
    }

    // Answers go back on the stream itself (XEP-0288), where the test reads them.
    private async Task<RawClient> BothWaysAsync()
    {
        var (peer, _) = await RawServer.SecureAsync(Hub.Server.S2s!, "peer.test", "hub.test", fixture.Peer);
        await peer.SendAsync("<bidi xmlns='urn:xmpp:bidi'/><auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>");
        Assert.Equal("success", (await peer.ReadAsync()).Name.LocalName);
        await RawServer.HeaderAsync(peer, "peer.test", "hub.test");
        await peer.ReadAsync();
        return peer;
    }

    /// <summary>The hub, and the servers that it calls.</summary>
    public sealed class Attacked : IAsyncLifetime
    {
        /// <summary>Stanzas that may wait for a domain.</summary>
        public const int QueueStanzas = 20;

        private readonly TempFolder folder = new("hostile-s2s");
        private readonly DnsServer names = DnsServer.Start();

        /// <summary>Whom the hub trusts.</summary>
        public X509Certificate2 Authority { get; } = Certificates.Authority();

        /// <summary>The certificate of peer.test.</summary>
        public X509Certificate2 Peer { get; private set; } = null!;

        /// <summary>A certificate for evil.test that nobody trusted has issued.</summary>
        public X509Certificate2 Stranger { get; } = Certificates.SelfSigned("evil.test");

        /// <summary>The server of evil.test.</summary>
        public FakeServer Evil { get; private set; } = null!;

        /// <summary>The server of plain.test, without TLS.</summary>
        public FakeServer Plain { get; } = new(null);

        /// <summary>The hub.</summary>
        public HubHost Hub { get; private set; } = null!;

        /// <inheritdoc/>
        public async ValueTask InitializeAsync()
        {
            Peer = Certificates.Server(Authority, ["peer.test"]);
            Evil = new FakeServer(Stranger);
            // A name server that sends the hub to its own machine.
            names.Service("_xmpp-server._tcp.private.test", 0, 0, Plain.Port, "inside.private.test");
            names.Address("inside.private.test", "127.0.0.1");
            var trusted = folder.File("authority.pem");
            await File.WriteAllTextAsync(trusted, Authority.ExportCertificatePem());
            Hub = await HubHost.StartAsync(string.Create(CultureInfo.InvariantCulture, $$"""
                {
                  "Security": { "LoginThrottle": { "Enabled": false } },
                  "Listen": { "S2s": "127.0.0.1:0" },
                  "Federation": {
                    "TrustedAuthority": "{{trusted}}", "Attempts": 1, "HoldSeconds": 0, "QueueStanzas": {{QueueStanzas}}, "Deny": [ "denied.test", "*.denied.example" ],
                    "NameServers": [ "127.0.0.1:{{names.EndPoint.Port}}" ],
                    "Overrides": [
                      { "Domain": "evil.test", "Address": "127.0.0.1:{{Evil.Port}}" }, { "Domain": "plain.test", "Address": "127.0.0.1:{{Plain.Port}}" },
                      { "Domain": "closed.test", "Address": "127.0.0.1:{{Ports.Free()}}" }
                    ]
                  }
                }
                """));
        }

        /// <inheritdoc/>
        public async ValueTask DisposeAsync()
        {
            await Hub.DisposeAsync();
            await Evil.DisposeAsync();
            await Plain.DisposeAsync();
            await names.DisposeAsync();
            Authority.Dispose();
            Peer.Dispose();
            Stranger.Dispose();
            folder.Dispose();
        }
    }
}
