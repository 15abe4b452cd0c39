using IotXmpp.Core.Tests.Kit;
using IotXmpp.Sasl;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Core.Tests.Streams;

public sealed class NegotiationTests
{
    [Fact]
    public void Direct_TLS_to_online()
    {
        var h = new Harness().Online();
        Assert.Equal(["started"], h.Events);
        Assert.Equal(
            [ClientState.Waiting, ClientState.Connecting, ClientState.Opening, ClientState.Authenticating, ClientState.Opening, ClientState.Binding, ClientState.Online],
            h.States);
        Assert.Equal("esp32-a4cf12@example.org/thing", h.Client.Jid.ToString());
        Assert.Equal(1, h.Opened);
    }

    [Fact]
    public void StartTls_to_online()
    {
        var h = new Harness(secure: false).Connect();
        h.Server(Harness.ServerHeader);
        h.Features(Harness.Tls + Harness.Sasl);
        h.Expect("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
        h.Server("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
        Assert.Equal(1, h.TlsStarted);
        Assert.Equal(ClientState.Securing, h.Client.State);
        h.Expect(string.Empty);
        h.IsSecure = true;
        h.Client.Secured(h.Now);
        h.Expect(Harness.Header);
        h.Authenticate().Bind();
    }

    [Fact]
    public void Everything_byte_by_byte()
    {
        var h = new Harness().Connect();
        h.ServerByBytes(Harness.ServerHeader + $"<stream:features>{Harness.Sasl}</stream:features>");
        var scram = new ScramServer("pencil", "SCRAM-SHA-256");
        h.ServerByBytes(scram.Challenge(h.Sent()));
        h.ServerByBytes(scram.Success(h.Sent()) + " ");
        h.Expect(Harness.Header);
        h.ServerByBytes(Harness.ServerHeader + $"<stream:features>{Harness.BindFeatures}</stream:features>");
        h.Sent();
        h.ServerByBytes("<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>esp32-a4cf12@example.org/thing</jid></bind></iq>");
        Assert.Equal(["started"], h.Events);
    }

    [Theory]
    [InlineData("<mechanism>PLAIN</mechanism>")]
    [InlineData("<mechanism>SCRAM-SHA-1</mechanism><mechanism>PLAIN</mechanism>")]
    public void A_device_with_keys_never_says_a_password(string offered)
    {
        var keys = new ScramKeys(HashName.Sha256, new byte[16], 4096, new byte[32], new byte[32]);
        var h = new Harness(o => { o.Password = string.Empty; o.Keys = keys; }).Connect();
        h.Server(Harness.ServerHeader);
        h.Features($"<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{offered}</mechanisms>");
        Assert.DoesNotContain("<auth", h.Sent(), StringComparison.Ordinal);
        Assert.Equal(["lost Policy no-mechanism"], h.Events);
    }

    [Fact]
    public void No_TLS_offered_is_never_gone_on_with()
    {
        var h = new Harness(secure: false) { IsLoopback = true }.Connect();
        h.Server(Harness.ServerHeader);
        h.Features(Harness.Sasl);
        h.Expect("<stream:error><policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>");
        Assert.Equal(["lost Policy tls-required"], h.Events);
        Assert.True(h.Closed);
    }

    [Theory]
    [InlineData(PlaintextPolicy.LoopbackWithoutTls, true, "", "<auth")]
    [InlineData(PlaintextPolicy.LoopbackWithoutTls, true, Harness.Tls, "<starttls")]
    [InlineData(PlaintextPolicy.Loopback, true, Harness.Tls, "<auth")]
    [InlineData(PlaintextPolicy.Loopback, true, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>", "<starttls")]
    [InlineData(PlaintextPolicy.Loopback, false, Harness.Tls, "<starttls")]
    [InlineData(PlaintextPolicy.Loopback, false, "", "<stream:error>")]
    [InlineData(PlaintextPolicy.Never, true, Harness.Tls, "<starttls")]
    public void Plaintext_is_for_loopback_only(PlaintextPolicy policy, bool loopback, string tls, string expected)
    {
        var h = new Harness(o => o.Plaintext = policy, secure: false) { IsLoopback = loopback }.Connect();
        h.Server(Harness.ServerHeader);
        h.Features(tls + Harness.Sasl);
        Assert.StartsWith(expected, h.Sent(), StringComparison.Ordinal);
    }

    [Fact]
    public void Clear_bytes_behind_proceed_are_an_attack()
    {
        var h = new Harness(secure: false).Connect();
        h.Server(Harness.ServerHeader);
        h.Features(Harness.Tls);
        h.Sent();
        h.Server("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><stream:features/>");
        Assert.Equal(["lost Protocol starttls-injection"], h.Events);
        Assert.Equal(0, h.TlsStarted);
    }

    [Fact]
    public void Refused_StartTls_ends_it()
    {
        var h = new Harness(secure: false).Connect();
        h.Server(Harness.ServerHeader);
        h.Features(Harness.Tls);
        h.Server("<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
        Assert.Equal(["lost Protocol starttls-failure"], h.Events);
    }

    [Fact]
    public void A_transport_that_lies_about_TLS_is_not_used()
    {
        var h = new Harness(secure: false).Connect();
        h.Server(Harness.ServerHeader);
        h.Features(Harness.Tls);
        h.Server("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
        h.Client.Secured(h.Now);
        Assert.Equal(["lost Policy not-secure"], h.Events);
    }

    [Fact]
    public void Channel_binding_is_used_where_both_have_it()
    {
        byte[] data = [1, 2, 3, 4];
        var h = new Harness { ChannelBinding = data }.Connect();
        h.Server(Harness.ServerHeader);
        h.Features("<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-256</mechanism><mechanism>SCRAM-SHA-256-PLUS</mechanism></mechanisms>");
        var scram = new ScramServer("pencil", "SCRAM-SHA-256-PLUS", data);
        h.Server(scram.Challenge(h.Sent()));
        h.Server(scram.Success(h.Sent()));
        h.Expect(Harness.Header);
    }

    [Theory]
    [InlineData(true, true, "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGVzcDMyLWE0Y2YxMgBwZW5jaWw=</auth>")]
    [InlineData(true, false, "<stream:error><unsupported-feature")]
    [InlineData(false, true, "<stream:error><unsupported-feature")]
    public void Plain_goes_over_TLS_only(bool secure, bool allowed, string expected)
    {
        var h = new Harness(o => { o.Plaintext = PlaintextPolicy.Loopback; o.AllowPlain = allowed; }, secure) { IsLoopback = true }.Connect();
        h.Server(Harness.ServerHeader);
        h.Features("<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms>");
        Assert.StartsWith(expected, h.Sent(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_reconnect_costs_no_key_derivation()
    {
        var settings = new TestSettings();
        var h = new Harness(settings: settings).OnlinePlain();
        Assert.Equal(1, h.Hash.Derivations);
        h.Client.Drop();
        h.After(2000);
        h.Client.Connected(h.Now);
        h.Expect(Harness.Header);
        h.Authenticate().Bind(Harness.BindFeatures);
        Assert.Equal(1, h.Hash.Derivations);
        Assert.Equal(1, settings.Writes);

        var restarted = new Harness(settings: settings).OnlinePlain();
        Assert.Equal(0, restarted.Hash.Derivations);
    }

    [Fact]
    public void A_changed_password_is_tried_after_the_kept_keys_failed()
    {
        var settings = new TestSettings();
        new Harness(settings: settings).OnlinePlain();
        var h = new Harness(o => o.Password = "new", settings: settings).Connect();
        h.Server(Harness.ServerHeader);
        h.Features(Harness.Sasl);
        var first = new ScramServer("new", "SCRAM-SHA-256");
        h.Server(first.Challenge(h.Sent()));
        h.Server(first.Success(h.Sent()));
        Assert.Equal(0, h.Hash.Derivations);
        var second = new ScramServer("new", "SCRAM-SHA-256");
        h.Server(second.Challenge(h.Sent()));
        h.Server(second.Success(h.Sent()));
        h.Expect(Harness.Header);
        Assert.Equal(1, h.Hash.Derivations);
    }

    [Theory]
    [InlineData(false, ClientState.Waiting)]
    [InlineData(true, ClientState.Stopped)]
    public void A_wrong_password_is_told_and_tried_on_slowly_or_not_at_all(bool stop, ClientState state)
    {
        var h = new Harness(o => { o.Password = "wrong"; o.StopWhenRefused = stop; }).Connect();
        h.Server(Harness.ServerHeader);
        h.Features(Harness.Sasl);
        var scram = new ScramServer("pencil", "SCRAM-SHA-256");
        h.Server(scram.Challenge(h.Sent()));
        h.Random.Value = 255;
        h.Server(scram.Success(h.Sent()));
        Assert.Equal(["lost Authentication not-authorized"], h.Events);
        Assert.Equal(state, h.Client.State);
        Assert.Equal("no", h.Client.LastError.Text);
        if (!stop)
        {
            Assert.Equal(60000, h.Client.ReconnectAtMs - h.Now); // the dice show the most
        }
    }

    [Fact]
    public void A_server_that_does_not_know_the_password_is_left()
    {
        var h = new Harness().Connect();
        h.Server(Harness.ServerHeader);
        h.Features(Harness.Sasl);
        h.Server(new ScramServer("pencil", "SCRAM-SHA-256").Challenge(h.Sent()));
        h.Sent();
        h.Server("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>dj1BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE9</success>");
        Assert.Equal(["lost Authentication server-not-trusted"], h.Events);
        Assert.DoesNotContain(ScramCache.Key, h.Settings.Values.Keys);
    }

    [Theory]
    [InlineData("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>", "lost Authentication server-not-trusted")]
    [InlineData("<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>***</challenge>", "lost Protocol incorrect-encoding")]
    [InlineData("<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>", "lost Authentication server-not-trusted")]
    [InlineData("<message/>", "lost Protocol unexpected")]
    [InlineData("<other xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>", "lost Protocol unexpected")]
    [InlineData("<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><temporary-auth-failure/></failure>", "lost Authentication temporary-auth-failure")]
    [InlineData("</stream:stream>", "lost Connection closed")]
    [InlineData("<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>", "lost Stream host-unknown")]
    [InlineData("<!-- x -->", "lost Xml restricted-xml")]
    [InlineData("x", "lost Xml not-well-formed")]
    public void What_a_server_may_do_wrong_while_authenticating(string said, string outcome)
    {
        var h = new Harness().Connect();
        h.Server(Harness.ServerHeader);
        h.Features(Harness.Sasl);
        h.Server(said);
        Assert.Equal([outcome], h.Events);
        Assert.True(h.Closed);
        Assert.Equal(ClientState.Waiting, h.Client.State);
    }

    [Theory]
    [InlineData("<wrong/>", "lost Protocol invalid-namespace")]
    [InlineData("<stream:stream xmlns:stream='http://etherx.jabber.org/streams'>", "lost Protocol unsupported-version")]
    [InlineData("<stream:stream xmlns:stream='http://etherx.jabber.org/streams' version='0.9'>", "lost Protocol unsupported-version")]
    [InlineData("HTTP/1.1 400 Bad Request", "lost Xml not-well-formed")]
    [InlineData("\0\0\0", "lost Xml not-well-formed")]
    public void What_is_no_XMPP_server_is_told(string said, string outcome)
    {
        var h = new Harness().Connect();
        h.Server(said);
        Assert.Equal([outcome], h.Events);
    }

    [Theory]
    [InlineData("<iq type='error' id='bind'><error type='cancel'><not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>", "lost Binding not-allowed")]
    [InlineData("<iq type='result' id='bind'/>", "lost Protocol undefined-condition")]
    [InlineData("<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>a@b</jid></bind></iq>", "lost Protocol undefined-condition")]
    [InlineData("<iq type='set' id='x'/>", "lost Protocol unexpected")]
    public void A_failed_binding_ends_it(string said, string outcome)
    {
        var h = new Harness().Connect().Authenticate();
        h.Server(Harness.ServerHeader);
        h.Features(Harness.BindFeatures);
        h.Server(said);
        Assert.Equal([outcome], h.Events);
    }

    [Fact]
    public void A_required_session_is_established()
    {
        var h = new Harness().Connect().Authenticate();
        h.Server(Harness.ServerHeader);
        h.Features(Harness.BindFeatures + "<session xmlns='urn:ietf:params:xml:ns:xmpp-session'/>");
        h.Sent();
        h.Server("<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>a@b/c</jid></bind></iq>");
        h.Expect("<iq type='set' id='session'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>");
        Assert.Empty(h.Events);
        h.Server("<iq type='result' id='session'/>");
        Assert.Equal(["started"], h.Events);
    }

    [Fact]
    public void Every_wait_has_a_bound()
    {
        var h = new Harness();
        h.Client.Start();
        h.After(0);
        h.After(29999);
        Assert.Equal(ClientState.Connecting, h.Client.State);
        h.After(1);
        Assert.Equal(["lost Timeout timeout"], h.Events);

        foreach (var script in new[] { string.Empty, Harness.ServerHeader, Harness.ServerHeader + $"<stream:features>{Harness.Sasl}</stream:features>" })
        {
            var n = new Harness().Connect();
            n.Server(script);
            n.Sent();
            n.After(29999);
            Assert.Empty(n.Events);
            n.After(1);
            Assert.Equal(["lost Timeout timeout"], n.Events);
            n.Expect("<stream:error><connection-timeout xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>");
        }
    }

    [Fact]
    public void Stop_closes_the_stream_and_waits_for_the_other_side()
    {
        var h = new Harness().OnlinePlain();
        h.Client.Stop();
        h.Expect("</stream:stream>");
        Assert.Equal(ClientState.Closing, h.Client.State);
        h.Server("<message from='a@b'/>"); // still under way: not answered, not handled
        h.Server("</stream:stream>");
        Assert.Equal(ClientState.Stopped, h.Client.State);
        Assert.True(h.Closed);
        Assert.Equal(["started", "lost Stopped stopped"], h.Events);

        var silent = new Harness().OnlinePlain();
        silent.Client.Stop();
        silent.After(2999);
        Assert.Equal(ClientState.Closing, silent.Client.State);
        silent.After(1);
        Assert.Equal(ClientState.Stopped, silent.Client.State);
    }
}
