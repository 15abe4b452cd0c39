using IotXmpp.Core.Tests.Kit;
using IotXmpp.Streams;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Core.Tests.Streams;

public sealed class SessionTests
{
    private static readonly Jid Bob = new("bob", "example.org", "x");

    [Theory]
    [InlineData("bob@example.org/x", "from='bob@example.org/x'", true)]
    [InlineData("bob@example.org/x", "from='bob@example.org/y'", false)]
    [InlineData("bob@example.org/x", "from='bob@example.org'", false)]
    [InlineData("bob@example.org/x", "from='eve@example.org/x'", false)]
    [InlineData("bob@example.org/x", "", false)]
    [InlineData("pubsub.example.org", "from='example.org'", false)]
    [InlineData(null, "", true)]
    [InlineData(null, "from='esp32-a4cf12@example.org'", true)]
    [InlineData(null, "from='esp32-a4cf12@example.org/thing'", true)]
    [InlineData(null, "from='example.org'", true)]
    [InlineData(null, "from='eve@example.org'", false)]
    [InlineData(null, "from='evil.example'", false)]
    [InlineData("esp32-a4cf12@example.org", "", true)]
    public void An_answer_counts_only_from_whom_was_asked(string? to, string from, bool counts)
    {
        var h = new Harness().OnlinePlain();
        var iq = new Answers();
        Jid? jid = null;
        Assert.True(to == null || Jid.TryParse(to, out jid));
        h.Client.BeginIq("get", jid, iq, null).Empty("x", "u:x");
        Assert.Equal(SendResult.Sent, h.Client.Commit());
        var id = StreamManagementTests.Id(h.Sent());
        h.Server($"<iq type='result' id='{id}' {from}/>");
        Assert.Equal(counts ? 1 : 0, iq.Outcomes.Count);
        Assert.Equal(counts ? 0 : 1, h.Client.PendingIqs);
        Assert.Equal(counts ? 0 : 1, h.Received.Count);
    }

    [Fact]
    public void IQs_time_out_each_at_its_own_time_and_once()
    {
        var h = new Harness().OnlinePlain();
        var a = new Answers();
        var b = new Answers();
        h.Client.BeginIq("get", Bob, a, null, 5).Empty("x", "u:x");
        h.Client.Commit();
        var id = StreamManagementTests.Id(h.Sent());
        h.Client.BeginIq("get", Bob, b, null).Empty("x", "u:x");
        h.Client.Commit();
        h.After(4999);
        Assert.Empty(a.Outcomes);
        h.After(1);
        Assert.Equal([IqOutcome.TimedOut], a.Outcomes);
        h.Server($"<iq type='result' id='{id}' from='bob@example.org/x'/>");
        Assert.Single(a.Outcomes);
        h.After(25000);
        Assert.Equal([IqOutcome.TimedOut], b.Outcomes);
        Assert.Equal(0, h.Client.PendingIqs);
    }

    [Fact]
    public void The_table_of_IQs_is_bounded()
    {
        var h = new Harness(o => o.PendingIqs = 3).OnlinePlain();
        var answers = new Answers();
        for (var i = 0; i < 5; i++)
        {
            h.Client.BeginIq("get", Bob, answers, null).Empty("x", "u:x");
            Assert.Equal(i < 3 ? SendResult.Sent : SendResult.TooManyIqs, h.Client.Commit());
        }
        Assert.Empty(answers.Outcomes);
        h.Client.Disconnected(h.Now);
        Assert.Equal([IqOutcome.Disconnected, IqOutcome.Disconnected, IqOutcome.Disconnected], answers.Outcomes);
    }

    [Fact]
    public void An_error_answer_is_read()
    {
        var h = new Harness().OnlinePlain();
        var iq = new Answers();
        h.Client.BeginIq("set", Bob, iq, null).Empty("x", "u:x");
        h.Client.Commit();
        var id = StreamManagementTests.Id(h.Sent());
        h.Server($"<iq type='error' id='{id}' from='bob@example.org/x'><x xmlns='u:x'/><error type='auth'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>not you</text><own xmlns='u:o'/></error></iq>");
        Assert.Equal(["forbidden (auth): not you"], iq.Texts);
    }

    [Theory]
    [InlineData("<iq type='get' id='1' from='bob@example.org/x'><ping xmlns='urn:xmpp:ping'/></iq>", "<iq type='result' id='1' to='bob@example.org/x'/>")]
    [InlineData("<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>", "<iq type='result' id='1'/>")]
    [InlineData("<iq type='get' id='&lt;1&apos;' from='bob@example.org/x'><y xmlns='u:y'/></iq>", "<iq type='error' id='&lt;1&apos;' to='bob@example.org/x'><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>")]
    [InlineData("<iq type='set' id='1' from='bob@example.org/x'><ping xmlns='urn:xmpp:ping'/></iq>", "<iq type='error' id='1' to='bob@example.org/x'><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>")]
    [InlineData("<iq type='get' id='1' from='bob@example.org/x'/>", "<iq type='error' id='1' to='bob@example.org/x'><error type='modify'><bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>")]
    [InlineData("<iq type='foo' id='1' from='bob@example.org/x'><y xmlns='u:y'/></iq>", "<iq type='error' id='1' to='bob@example.org/x'><error type='modify'><bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>")]
    [InlineData("<iq type='result' id='1' from='bob@example.org/x'/>", "")]
    [InlineData("<iq type='error' id='1' from='bob@example.org/x'/>", "")]
    [InlineData("<message type='error'/>", "")]
    [InlineData("<other xmlns='u:o'/>", "")]
    [InlineData(" \n ", "")]
    public void Requests_that_nobody_takes_are_answered(string said, string answer)
    {
        var h = new Harness().OnlinePlain();
        h.Server(said);
        h.Expect(answer);
        Assert.Equal(ClientState.Online, h.Client.State);
    }

    [Fact]
    public void A_request_can_be_answered_later()
    {
        var h = new Harness().OnlinePlain();
        IqRequest? request = null;
        h.OnStanza = s =>
        {
            request ??= s.Defer();
            return true;
        };
        h.Server("<iq type='get' id='q1' from='bob@example.org/x'><y xmlns='u:y'/></iq><message/>");
        h.Expect(string.Empty);
        Assert.Equal(Bob, request!.From);
        h.Client.BeginResult(request).Empty("y", "u:y");
        h.Client.Commit();
        h.Expect("<iq type='result' id='q1' to='bob@example.org/x'><y xmlns='u:y'/></iq>");
    }

    [Fact]
    public void A_stanza_larger_than_the_buffer_is_consumed_and_refused()
    {
        var h = new Harness().OnlinePlain();
        var payload = string.Concat(Enumerable.Repeat("<z a='1'>0123456789</z>", 400));
        h.Server($"<iq type='set' id='big' from='bob@example.org/x'><y xmlns='u:y'>{payload}</y></iq><iq type='get' id='p' from='bob@example.org/x'><ping xmlns='urn:xmpp:ping'/></iq>");
        h.Expect("<iq type='error' id='big' to='bob@example.org/x'><error type='wait'><resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq><iq type='result' id='p' to='bob@example.org/x'/>");
        h.ServerByBytes($"<message from='bob@example.org/x'><body>{payload}</body></message>");
        h.Expect(string.Empty);
        Assert.DoesNotContain(h.Received, r => r.Contains("<z", StringComparison.Ordinal));

        var iq = new Answers();
        h.Client.BeginIq("get", Bob, iq, null).Empty("x", "u:x");
        h.Client.Commit();
        h.Server($"<iq type='result' id='{StreamManagementTests.Id(h.Sent())}' from='bob@example.org/x'>{payload}</iq>");
        Assert.Equal([IqOutcome.TooLarge], iq.Outcomes);
        Assert.Equal(ClientState.Online, h.Client.State);
    }

    [Fact]
    public void A_stanza_of_exactly_the_buffer_is_taken_and_it_counts_for_acknowledgement_either_way()
    {
        var h = new Harness().Online();
        string Sized(int size) => "<message><body>" + new string('x', size - 32) + "</body></message>";
        h.Server(Sized(4096));
        Assert.Single(h.Received);
        h.Server(Sized(4097));
        Assert.Single(h.Received);
        h.Server("<r xmlns='urn:xmpp:sm:3'/>");
        h.Expect("<a xmlns='urn:xmpp:sm:3' h='2'/>");
    }

    [Fact]
    public void A_tool_s_buffer_grows_and_a_stanza_over_all_bounds_ends_the_stream()
    {
        var h = new Harness(o => { o.ReceiveBufferBytes = 64; o.ReceiveBufferMaximum = 262144; o.Limits = new XmlLimits(); }).OnlinePlain();
        var body = new string('x', 200000);
        h.Server($"<message><body>{body}</body></message>");
        Assert.Single(h.Received);
        h.Server($"<message><body>{body}{body}</body></message>");
        Assert.Equal("lost Xml policy-violation", h.Events[^1]);
    }

    [Fact]
    public void Our_stanza_larger_than_the_send_buffer_is_refused_and_harms_nothing()
    {
        var h = new Harness().OnlinePlain();
        h.Client.BeginMessage(Bob, null, null).Element("body", new string('x', 5000));
        Assert.Equal(SendResult.TooLarge, h.Client.Commit());
        h.Expect(string.Empty);
        h.Client.BeginMessage(Bob, null, null).Element("body", "ok");
        Assert.Equal(SendResult.Sent, h.Client.Commit());
    }

    [Fact]
    public void Any_stanza_can_be_sent_as_bytes_or_as_a_tree()
    {
        var h = new Harness().OnlinePlain();
        var bytes = "<message to='a@b'><body>x</body></message>"u8.ToArray();
        h.Client.SendStanza(bytes, 0, bytes.Length);
        h.Client.SendStanza(new Element(Ns.Client, "presence").Set("type", "unavailable"));
        h.Expect("<message to='a@b'><body>x</body></message><presence type='unavailable'/>");
    }

    [Fact]
    public void Silence_is_broken_by_a_ping_and_three_misses_end_it()
    {
        var h = new Harness().OnlinePlain();
        h.After(59999);
        h.Expect(string.Empty);
        h.After(1);
        var ping = h.Sent();
        Assert.Matches("^<iq type='get' id='[A-Za-z0-9_-]{2}'><ping xmlns='urn:xmpp:ping'/></iq>$", ping);
        h.Server($"<iq type='result' id='{StreamManagementTests.Id(ping)}'/>");
        h.After(59999);
        h.Expect(string.Empty);
        h.After(1);
        Assert.Contains("ping", h.Sent(), StringComparison.Ordinal);
        h.After(15000);
        Assert.Contains("ping", h.Sent(), StringComparison.Ordinal);
        h.Server(" "); // any byte is a sign of life
        h.After(59000);
        h.Expect(string.Empty);
        h.After(1000);
        h.Sent();
        h.After(15000);
        h.After(15000);
        Assert.Equal(ClientState.Online, h.Client.State);
        h.After(15000);
        Assert.Equal("lost Timeout ping-timeout", h.Events[^1]);
        Assert.EndsWith("<stream:error><connection-timeout xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>", h.Sent(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, 10)]
    [InlineData(5000, 1200)]
    [InlineData(30, 30)]
    public void The_keep_alive_that_is_announced_is_the_one_that_is_kept(int asked, int kept)
    {
        var h = new Harness(o => o.KeepAliveSeconds = asked).OnlinePlain();
        new IotXmpp.Features.ThingPresence(null).Send(h.Client);
        Assert.Contains($" keepalive='{kept}'", h.Sent(), StringComparison.Ordinal);
        h.After(kept * 1000 - 1);
        h.Expect(string.Empty);
        h.After(1);
        Assert.Contains("ping", h.Sent(), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_sent_without_answer_does_not_hide_a_dead_server()
    {
        var h = new Harness(o => o.UnackedBytes = 1 << 20).OnlinePlain();
        for (var i = 0; i < 300 && h.Client.State == ClientState.Online; i++)
        {
            h.Client.BeginMessage(Bob, null, null).Element("body", "x");
            h.Client.Commit();
            h.After(1000);
        }
        Assert.Equal("lost Timeout ping-timeout", h.Events[^1]);
    }

    [Fact]
    public void An_idle_client_allocates_nothing()
    {
        var h = new Harness().Online();
        var silent = new Silent(); // a transport that keeps nothing: the harness itself makes strings
        var client = new XmppClient(h.Options, silent, h.Hash, h.Random, h.Settings);
        silent.Bring(client, h);
        Assert.Equal(ClientState.Online, client.State);
        var said = System.Text.Encoding.UTF8.GetBytes("<r xmlns='urn:xmpp:sm:3'/><iq type='get' id='1' from='example.org'><ping xmlns='urn:xmpp:ping'/></iq>");
        long now = 10000;
        Idle(client, ref now, said, 200000); // to its working size: buffers and tables grow once
        var before = GC.GetAllocatedBytesForCurrentThread();
        Idle(client, ref now, said, 10000);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(ClientState.Online, client.State);
        Assert.Equal(0, allocated);
    }

    // eighty seconds between signs of life of the server: pings go out meanwhile, and time out
    private static void Idle(XmppClient client, ref long now, byte[] said, int ticks)
    {
        for (var i = 1; i <= ticks; i++)
        {
            client.Tick(now += 100);
            if (i % 800 == 0)
            {
                client.Feed(said, 0, said.Length);
            }
        }
    }

    [Fact]
    public void A_stream_error_gives_the_reason_and_a_retry_hint_wins()
    {
        var h = new Harness().Online();
        h.Random.Value = 255;
        h.Server("<stream:error><system-shutdown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>update</text><retry xmlns='urn:iotxmpp:drain:1' after='30' spread='60'/></stream:error></stream:stream>");
        h.Expect("</stream:stream>");
        Assert.Equal("lost Stream system-shutdown", h.Events[^1]);
        Assert.Equal("update", h.Client.LastError.Text);
        Assert.Equal(90000, h.Client.ReconnectAtMs - h.Now);
        h.After(89999);
        Assert.Equal(ClientState.Waiting, h.Client.State);
        h.After(1);
        Assert.Equal(ClientState.Connecting, h.Client.State);
    }

    [Theory]
    [InlineData("other.example.org", "other.example.org", 0)]
    [InlineData("other.example.org:5299", "other.example.org", 5299)]
    [InlineData("[2001:db8::1]:5299", "2001:db8::1", 5299)]
    [InlineData("[2001:db8::1]", "2001:db8::1", 0)]
    public void See_other_host_is_followed_at_once(string text, string host, int port)
    {
        var h = new Harness().Connect();
        h.Server(Harness.ServerHeader + $"<stream:error><see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>{text}</see-other-host></stream:error>");
        h.Sent();
        h.After(0);
        Assert.Equal((host, port), (h.OpenedHost, h.OpenedPort));
        h.Client.Disconnected(h.Now);
        h.After(400000);
        Assert.Equal((string.Empty, 0), (h.OpenedHost, h.OpenedPort)); // it failed: back to the configured one
    }

    [Fact]
    public void Servers_cannot_send_a_client_around_in_circles()
    {
        var h = new Harness();
        h.Random.Value = 255;
        h.Client.Start();
        var hops = 0;
        for (h.After(0); h.Client.State == ClientState.Connecting; h.After(0))
        {
            h.Client.Connected(h.Now);
            h.Sent();
            h.Server(Harness.ServerHeader + "<stream:error><see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>a:1</see-other-host></stream:error>");
            hops++;
            Assert.True(hops < 10);
        }
        Assert.Equal(4, hops);
        Assert.Equal(ClientState.Waiting, h.Client.State);
    }

    [Theory]
    [InlineData("")]
    [InlineData(":5222")]
    [InlineData("a:0")]
    [InlineData("a:65536")]
    [InlineData("a:x")]
    [InlineData("[::1")]
    [InlineData("a]:1")]
    public void What_is_no_host_is_not_followed(string text)
    {
        Assert.False(HostAddress.TryParse(text, out _, out _));
    }

    [Fact]
    public void The_wait_doubles_to_five_minutes_with_jitter_and_is_forgotten_when_stable()
    {
        var most = new FixedRandom(255);
        var policy = new ReconnectPolicy(most);
        Assert.Equal([1000, 2000, 4000, 8000, 16000, 32000, 64000, 128000, 256000, 300000, 300000], Enumerable.Range(0, 11).Select(_ => policy.NextDelayMs()));
        policy.Ended(59999);
        Assert.Equal(300000, policy.NextDelayMs());
        policy.Ended(60000);
        Assert.Equal(1000, policy.NextDelayMs());
        most.Value = 0;
        Assert.Equal(0, policy.NextDelayMs());
        policy.Hint(long.MaxValue, -5);
        Assert.Equal(86400000, policy.NextDelayMs());
        most.Value = 255;
        policy.Hint(30, 60);
        Assert.Equal(90000, policy.NextDelayMs());
        Assert.Equal(4000, policy.NextDelayMs()); // the hint was for one attempt and did not count
    }

    [Fact]
    public void The_jitter_covers_the_whole_range()
    {
        var random = new Random(1);
        var policy = new ReconnectPolicy(new Dice(random));
        for (var i = 0; i < 12; i++)
        {
            policy.NextDelayMs();
        }
        var delays = Enumerable.Range(0, 2000).Select(_ => policy.NextDelayMs()).ToList();
        Assert.All(delays, d => Assert.InRange(d, 0, 300000));
        Assert.InRange(delays.Average(), 140000, 160000);
        Assert.True(delays.Min() < 3000 && delays.Max() > 297000);
    }

    [Fact]
    public void A_handler_may_end_the_session_in_the_middle_of_a_burst()
    {
        var h = new Harness().OnlinePlain();
        h.OnStanza = s =>
        {
            h.Client.Drop();
            return true;
        };
        h.Server("<message id='1'/><message id='2'/><message id='3'/>");
        Assert.Single(h.Received);
        Assert.Equal(ClientState.Waiting, h.Client.State);
        h.OnStanza = null;
        h.After(400000);
        h.Client.Connected(h.Now);
        h.Expect(Harness.Header);
        h.Authenticate().Bind(Harness.BindFeatures);
    }

    private sealed class Dice(Random random) : IRandom
    {
        public void Fill(byte[] buffer) => random.NextBytes(buffer);
    }

    /// <summary>A transport that answers logins through a harness and then keeps nothing.</summary>
    private sealed class Silent : ITransport
    {
        private readonly System.Text.StringBuilder _out = new();
        private bool _quiet;

        public bool IsSecure => true;
        public bool IsLoopback => false;
        public byte[]? ChannelBinding => null;

        public void Open(string host, int port)
        {
        }

        public void Send(byte[] buffer, int offset, int count)
        {
            if (!_quiet)
            {
                _out.Append(System.Text.Encoding.UTF8.GetString(buffer, offset, count));
            }
        }

        public void StartTls()
        {
        }

        public void Close()
        {
        }

        public void Bring(XmppClient client, Harness like)
        {
            client.Start();
            client.Tick(like.Now);
            client.Connected(like.Now);
            Say(client, Harness.ServerHeader + $"<stream:features>{Harness.Sasl}</stream:features>");
            var scram = new ScramServer("pencil", "SCRAM-SHA-256");
            Say(client, scram.Challenge(Take()[Harness.Header.Length..]));
            Say(client, scram.Success(Take()));
            Say(client, Harness.ServerHeader + $"<stream:features>{Harness.BindFeatures}{Harness.Sm}</stream:features>");
            Say(client, "<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>a@b/c</jid></bind></iq><enabled xmlns='urn:xmpp:sm:3' id='x' resume='true'/>");
            _quiet = true;
        }

        private string Take()
        {
            var text = _out.ToString();
            _out.Clear();
            return text;
        }

        private static void Say(XmppClient client, string text)
        {
            var bytes = System.Text.Encoding.UTF8.GetBytes(text);
            client.Feed(bytes, 0, bytes.Length);
        }
    }
}
