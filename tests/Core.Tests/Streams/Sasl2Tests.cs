using System.Security.Cryptography;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using IotXmpp.Core.Tests.Kit;
using IotXmpp.Sasl;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Core.Tests.Streams;

/// <summary>SASL2, Bind 2, tokens and inline resumption (XEP-0388, XEP-0386, XEP-0484, XEP-0198 §9), against a server made with .NET's functions alone.</summary>
public sealed class Sasl2Tests
{
    private static readonly Jid Bob = new("bob", "example.org", "x");

    private readonly Sasl2Server _server = new();

    [Fact]
    public void A_first_log_in_binds_enables_and_asks_for_a_token_in_one_exchange()
    {
        var h = new Harness();
        Connect(h);
        h.Server(_server.Hear(h.Sent()));
        var request = h.Sent();
        Assert.Matches("^<authenticate xmlns='urn:xmpp:sasl:2' mechanism='SCRAM-SHA-256'><initial-response>[A-Za-z0-9+/=]+</initial-response>"
            + "<user-agent id='80808080-8080-4080-8080-808080808080'/><bind xmlns='urn:xmpp:bind:0'><tag>thing</tag><enable xmlns='urn:xmpp:sm:3' resume='true'/></bind>"
            + "<request-token xmlns='urn:xmpp:fast:0' mechanism='HT-SHA-256-NONE'/></authenticate>$", request);
        h.Server(_server.Hear(request));
        h.Server(_server.Hear(h.Sent()));
        Assert.Equal(["started"], h.Events);
        Assert.Equal("esp32-a4cf12@example.org/thing", h.Client.Jid.ToString());
        Assert.Equal([ClientState.Waiting, ClientState.Connecting, ClientState.Opening, ClientState.Authenticating, ClientState.Online], h.States);
        Assert.Equal("token-1", Encoding.UTF8.GetString(new FastToken(h.Settings, h.Options.Account, h.Random).Token));
    }

    [Fact]
    public void With_a_token_one_flight_brings_the_session_back()
    {
        var h = Online();
        Cut(h);
        var flight = h.Sent();
        Assert.Matches("^<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' from='esp32-a4cf12@example.org' to='example.org' version='1.0' "
            + "xmlns:t='urn:iotxmpp:thing:1' t:known='[0-9a-f]{16}'><authenticate xmlns='urn:xmpp:sasl:2' mechanism='HT-SHA-256-NONE'><initial-response>[A-Za-z0-9+/=]+</initial-response>"
            + "<user-agent id='[0-9a-f-]{36}'/><resume xmlns='urn:xmpp:sm:3' h='0' previd='sm-1'/><bind xmlns='urn:xmpp:bind:0'><tag>thing</tag><enable xmlns='urn:xmpp:sm:3' resume='true'/></bind>"
            + "<fast xmlns='urn:xmpp:fast:0'/></authenticate>$", flight);
        h.Server(_server.Hear(flight));
        h.Expect(string.Empty);
        Assert.Equal(["started", "lost Connection disconnected", "resumed"], h.Events);
        Assert.Equal(1, h.Hash.Derivations);
    }

    [Fact]
    public void After_a_restart_the_token_is_in_the_settings_and_nothing_is_written_while_nothing_changes()
    {
        var before = Online();
        var writes = before.Settings.Writes;
        for (var i = 0; i < 3; i++)
        {
            var h = new Harness(settings: before.Settings);
            Connect(h);
            h.Server(_server.Hear(h.Sent()));
            Assert.Equal(["started"], h.Events);
            Assert.Equal(0, h.Hash.Derivations);
        }
        Assert.Equal(writes, before.Settings.Writes);
        Assert.Equal(["SCRAM-SHA-256", "HT-SHA-256-NONE", "HT-SHA-256-NONE", "HT-SHA-256-NONE"], _server.Seen);
    }

    [Fact]
    public void Byte_by_byte_both_ways_of_logging_in()
    {
        var h = new Harness();
        Connect(h);
        for (var i = 0; i < 4; i++)
        {
            h.ServerByBytes(_server.Hear(h.Sent()));
        }
        Cut(h);
        h.ServerByBytes(_server.Hear(h.Sent()));
        Assert.Equal(["started", "lost Connection disconnected", "resumed"], h.Events);
    }

    [Fact]
    public void A_token_that_is_due_is_replaced()
    {
        var h = Online();
        _server.Rotates = true;
        for (var i = 2; i < 5; i++)
        {
            Cut(h);
            h.Server(_server.Hear(h.Sent()));
            Assert.Equal($"token-{i}", Encoding.UTF8.GetString(new FastToken(h.Settings, h.Options.Account, h.Random).Token));
        }
        Assert.Equal(["token-4", "token-3"], _server.Good);
    }

    [Theory]
    [InlineData("not-authorized")]
    [InlineData("credentials-expired")]
    public void A_refused_token_is_dropped_and_the_password_follows_on_the_same_connection(string condition)
    {
        var h = Online();
        _server.Good.Clear();
        _server.Failure = condition;
        Cut(h);
        var said = _server.Hear(h.Sent());
        _server.Failure = null;
        h.Server(said);
        h.Server(_server.Hear(h.Sent()));
        h.Server(_server.Hear(h.Sent()));
        Assert.Equal(["started", "lost Connection disconnected", "resumed"], h.Events);
        Assert.Equal(["SCRAM-SHA-256", "HT-SHA-256-NONE", "SCRAM-SHA-256"], _server.Seen);
        Assert.Equal("token-2", Encoding.UTF8.GetString(new FastToken(h.Settings, h.Options.Account, h.Random).Token));
        Assert.Equal(2, h.Opened);
    }

    [Fact]
    public void A_server_that_cannot_answer_now_does_not_cost_the_token()
    {
        var h = Online();
        _server.Failure = "temporary-auth-failure";
        Cut(h);
        h.Server(_server.Hear(h.Sent()));
        Assert.Equal("lost Authentication temporary-auth-failure", h.Events[^1]);
        Assert.NotNull(new FastToken(h.Settings, h.Options.Account, h.Random).Token);
    }

    [Fact]
    public void A_server_that_does_not_know_the_token_is_not_trusted()
    {
        var h = Online();
        _server.Lies = true;
        Cut(h);
        h.Server(_server.Hear(h.Sent()));
        Assert.Equal("lost Authentication server-not-trusted", h.Events[^1]);
    }

    [Fact]
    public void Features_that_have_changed_are_read_and_remembered()
    {
        var h = Online();
        _server.Features = Sasl2Server.Offer(Sasl2Server.Mechanisms + "<mechanism>X</mechanism>", Sasl2Server.Inline);
        Cut(h);
        h.Server(_server.Hear(h.Sent()));
        Assert.Equal("resumed", h.Events[^1]);
        Cut(h);
        Assert.Contains("<stream:features/>", _server.Hear(h.Sent()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_server_that_ends_the_stream_at_what_came_ahead_is_waited_for_next_time()
    {
        var h = Online();
        Cut(h);
        h.Server(Harness.ServerHeader + "<stream:features/><stream:error><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>");
        h.Sent();
        Again(h);
        h.Expect(Harness.Header);
        h.Server(Harness.ServerHeader);
        h.Features(Harness.Sasl);
        var scram = new ScramServer("pencil", "SCRAM-SHA-256");
        h.Server(scram.Challenge(h.Sent()));
        h.Server(scram.Success(h.Sent()));
        h.Expect(Harness.Header);
    }

    [Fact]
    public void The_token_of_another_account_is_not_used()
    {
        var before = Online();
        var h = new Harness(o => o.Account = new Jid("other", "example.org", null), settings: before.Settings);
        Connect(h);
        Assert.DoesNotContain("authenticate", h.Sent(), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_TLS_no_token_is_used_and_nobody_is_told_who_comes()
    {
        var before = Online();
        var h = new Harness(o => o.Plaintext = PlaintextPolicy.Loopback, secure: false, settings: before.Settings) { IsLoopback = true };
        Connect(h);
        h.Expect(Harness.PlainHeader);
        h.Server(Harness.ServerHeader);
        h.Features(_server.Features + Harness.Sasl);
        Assert.StartsWith("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'", h.Sent(), StringComparison.Ordinal);
    }

    [Fact]
    public void Options_can_leave_it_out()
    {
        var h = new Harness(o => o.Sasl2 = false);
        Connect(h);
        h.Server(Harness.ServerHeader);
        h.Features(_server.Features + Harness.Sasl);
        Assert.StartsWith("<auth ", h.Sent().Replace(Harness.Header, "", StringComparison.Ordinal), StringComparison.Ordinal);

        var noTokens = new Harness(o => o.Tokens = false);
        Connect(noTokens);
        noTokens.Server(_server.Hear(noTokens.Sent()));
        var request = noTokens.Sent();
        Assert.DoesNotContain("token", request, StringComparison.Ordinal);
        Assert.DoesNotContain("user-agent", request, StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_instead_of_a_password()
    {
        var h = new Harness(o =>
        {
            o.Password = string.Empty;
            o.Keys = ScramKeys.Derive(new CountingHash(), HashName.Sha256, Encoding.UTF8.GetBytes("pencil"), Encoding.ASCII.GetBytes("0123456789abcdef"), 4096);
        });
        Connect(h);
        for (var i = 0; i < 3; i++)
        {
            h.Server(_server.Hear(h.Sent()));
        }
        Assert.Equal(["started"], h.Events);
        Assert.Equal(0, h.Hash.Derivations);
    }

    // ---- where the server lacks some of it ----

    [Theory]
    [InlineData("<sm xmlns='urn:xmpp:sm:3'/>")]
    [InlineData("<bind xmlns='urn:xmpp:bind:0'><inline><feature var='urn:xmpp:sm:3'/></inline></bind>")] // another resource than the one that is wanted
    [InlineData("")]
    public void Without_a_bind_of_ours_the_classic_one_follows_without_a_restart(string inline)
    {
        _server.Features = Sasl2Server.Offer(Sasl2Server.Mechanisms, inline);
        var h = new Harness();
        Connect(h);
        for (var i = 0; i < 3; i++)
        {
            h.Server(_server.Hear(h.Sent()));
        }
        h.Expect("<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>thing</resource></bind></iq>");
        h.Server(_server.Hear("<iq><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'></bind></iq>"));
        h.Expect(Harness.Enable);
        h.Server(_server.Hear(Harness.Enable));
        Assert.Equal(["started"], h.Events);
    }

    [Fact]
    public void A_session_that_cannot_be_resumed_inline_is_resumed_afterwards()
    {
        _server.Features = Sasl2Server.Offer(Sasl2Server.Mechanisms, Sasl2Server.InlineBind + Sasl2Server.Tokens);
        var h = Online();
        Cut(h);
        h.Server(_server.Hear(h.Sent()));
        h.Expect("<resume xmlns='urn:xmpp:sm:3' h='0' previd='sm-1'/>");
        h.Server(_server.Hear("<resume xmlns='urn:xmpp:sm:3' h='0' previd='sm-1'/>"));
        Assert.Equal("resumed", h.Events[^1]);
    }

    [Fact]
    public void A_lost_session_is_followed_by_a_new_one_and_what_was_lost_is_told()
    {
        var h = Online();
        h.Client.BeginMessage(Bob, "chat", null).Element("body", "7");
        h.Client.Commit();
        h.Sent();
        _server.SessionId = "gone";
        Cut(h);
        h.Server(_server.Hear(h.Sent()));
        Assert.Equal("started", h.Events[^1]);
        Assert.Single(h.Lost);
        h.Client.BeginMessage(Bob, "chat", null).Element("body", "8");
        h.Client.Commit();
        h.Client.BeginMessage(Bob, "chat", null).Element("body", "9");
        h.Client.Commit();
        _server.Hear(h.Sent());
        Assert.Equal([8, 9], _server.Got);
    }

    // ---- who stands between ----

    [Fact]
    public void The_hash_of_the_offer_must_be_that_of_what_was_shown()
    {
        var good = Convert.ToBase64String(SHA256.HashData("PLAIN\u001eSCRAM-SHA-256"u8));
        _server.ScramExtension = ",h=" + good;
        Online();

        _server.ScramExtension = ",h=" + Convert.ToBase64String(SHA256.HashData("PLAIN\u001eSCRAM-SHA-256\u001eSCRAM-SHA-512"u8));
        var h = new Harness();
        Connect(h);
        h.Server(_server.Hear(h.Sent()));
        h.Server(_server.Hear(h.Sent()));
        h.Expect("<abort xmlns='urn:xmpp:sasl:2'/>");
        Assert.Equal(["lost Authentication server-not-trusted"], h.Events);
    }

    [Fact]
    public void The_hash_of_kept_features_is_kept_too()
    {
        _server.ScramExtension = ",h=" + Convert.ToBase64String(SHA256.HashData("PLAIN\u001eSCRAM-SHA-256"u8));
        var h = Online();
        _server.Good.Clear();
        Cut(h);
        for (var i = 0; i < 3; i++)
        {
            h.Server(_server.Hear(h.Sent()));
        }
        Assert.Equal("resumed", h.Events[^1]);
    }

    [Theory]
    [InlineData("SCRAM-SHA-256-PLUS SCRAM-SHA-256", "tls-server-end-point tls-exporter", true)]
    [InlineData("SCRAM-SHA-256-PLUS SCRAM-SHA-256", "tls-exporter", false)]
    [InlineData("SCRAM-SHA-256-PLUS SCRAM-SHA-256", "", false)]
    [InlineData("SCRAM-SHA-256", "tls-server-end-point", false)]
    [InlineData("SCRAM-SHA-256", "", true)]
    public void What_is_told_of_channel_binding_must_fit_together(string mechanisms, string bindings, bool fits)
    {
        var h = new Harness { ChannelBinding = [1, 2, 3] };
        Connect(h);
        h.Sent();
        h.Server(Harness.ServerHeader);
        var types = string.Concat(bindings.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(b => $"<channel-binding type='{b}'/>"));
        h.Features(Sasl2Server.Offer(string.Concat(mechanisms.Split(' ').Select(m => $"<mechanism>{m}</mechanism>")), Sasl2Server.Inline)
            + (types.Length == 0 ? "" : $"<sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'>{types}</sasl-channel-binding>"));
        Assert.Equal(fits, h.Sent().StartsWith("<authenticate", StringComparison.Ordinal));
        Assert.Equal(fits ? [] : ["lost Policy channel-binding"], h.Events);
    }

    [Fact]
    public void Where_the_channel_can_be_bound_to_the_token_is_bound()
    {
        byte[] binding = [9, 8, 7];
        var server = new Sasl2Server
        {
            Binding = binding,
            Features = Sasl2Server.Offer(Sasl2Server.Mechanisms, "<sm xmlns='urn:xmpp:sm:3'/>" + Sasl2Server.InlineBind
                + "<fast xmlns='urn:xmpp:fast:0'><mechanism>HT-SHA-256-ENDP</mechanism><mechanism>HT-SHA-256-NONE</mechanism></fast>"),
        };
        var h = new Harness { ChannelBinding = binding };
        Connect(h, server);
        for (var i = 0; i < 3; i++)
        {
            h.Server(server.Hear(h.Sent()));
        }
        Cut(h, server);
        h.Server(server.Hear(h.Sent()));
        Assert.Equal("resumed", h.Events[^1]);
        Assert.Equal(["SCRAM-SHA-256", "HT-SHA-256-ENDP"], server.Seen);
    }

    // ---- whatever is cut ----

    /// <summary>Each connection lives for so many bytes one way and the other, from the first byte of its log-in on: what was sent has come once and in order, both ways.</summary>
    [Fact]
    public void Nothing_is_lost_and_nothing_comes_twice_wherever_it_is_cut()
    {
        var connections = (from up in Gen.Choose(0, 1500) from down in Gen.Choose(0, 2200) from messages in Gen.Choose(0, 4) from rotates in Gen.Elements(true, false) select (up, down, messages, rotates))
            .ListOf(25);
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(300), Prop.ForAll(connections.ToArbitrary(), script =>
        {
            var server = new Sasl2Server();
            var h = new Harness(o => o.UnackedBytes = 1 << 20);
            h.Client.Start();
            h.After(0);
            var sent = 0;
            foreach (var (up, down, messages, rotates) in script.Append((1 << 20, 1 << 20, 1, false)).Append((1 << 20, 1 << 20, 1, false)))
            {
                server.Connected();
                server.Rotates = rotates;
                h.Client.Connected(h.Now);
                Talk(h, server, up, down, messages, ref sent);
                Assert.Empty(h.Lost);
                if (h.Client.State is not (ClientState.Waiting or ClientState.Stopped))
                {
                    h.Client.Disconnected(h.Now);
                }
                h.Sent();
                h.Client.ReconnectNow();
                h.After(400000);
            }
            var bodies = h.Received.Select(m => int.Parse(System.Xml.Linq.XElement.Parse(m).Value, System.Globalization.CultureInfo.InvariantCulture));
            return server.Got.SequenceEqual(Enumerable.Range(0, sent)) && bodies.SequenceEqual(Enumerable.Range(0, server.Sent));
        }));
    }

    private static void Talk(Harness h, Sasl2Server server, int up, int down, int messages, ref int sent)
    {
        while (true)
        {
            var said = Take(h.Sent(), ref up);
            var answer = Take(server.Hear(said), ref down);
            h.Server(answer);
            if (h.Client.IsOnline && messages > 0)
            {
                messages--;
                h.Client.BeginMessage(Bob, "chat", null).Element("body", sent.ToString(System.Globalization.CultureInfo.InvariantCulture));
                sent += h.Client.Commit() == SendResult.Sent ? 1 : 0;
                h.Server(Take(server.Message(), ref down));
            }
            else if (said.Length == 0 && answer.Length == 0)
            {
                return;
            }
        }
    }

    private static string Take(string text, ref int budget)
    {
        var taken = text.Length <= budget ? text : text[..budget];
        budget -= taken.Length;
        return taken;
    }

    private Harness Online()
    {
        var h = new Harness();
        Connect(h);
        for (var i = 0; i < 5; i++)
        {
            h.Server(_server.Hear(h.Sent()));
        }
        Assert.Equal("started", h.Events[^1]);
        return h;
    }

    private void Connect(Harness h) => Connect(h, _server);

    private static void Connect(Harness h, Sasl2Server server)
    {
        h.Client.Start();
        h.After(0);
        server.Connected();
        h.Client.Connected(h.Now);
    }

    private void Cut(Harness h) => Cut(h, _server);

    private static void Cut(Harness h, Sasl2Server server)
    {
        h.Client.Disconnected(h.Now);
        h.Sent();
        server.Connected();
        Again(h);
    }

    private static void Again(Harness h)
    {
        h.Client.ReconnectNow();
        h.After(400000);
        h.Client.Connected(h.Now);
    }
}
