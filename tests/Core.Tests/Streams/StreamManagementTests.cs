using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using IotXmpp.Core.Tests.Kit;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Core.Tests.Streams;

public sealed partial class StreamManagementTests
{
    private static readonly Jid Bob = new("bob", "example.org", "x");

    [Fact]
    public void Received_stanzas_are_counted_and_nonzas_are_not()
    {
        var h = new Harness().Online();
        h.Server("<message/><presence/><r xmlns='urn:xmpp:sm:3'/>");
        h.Expect("<a xmlns='urn:xmpp:sm:3' h='2'/>");
        h.Server("<r xmlns='urn:xmpp:sm:3'/><message/>");
        h.Expect("<a xmlns='urn:xmpp:sm:3' h='2'/>");
        h.Server("<r xmlns='urn:xmpp:sm:3'/>");
        h.Expect("<a xmlns='urn:xmpp:sm:3' h='3'/>");
    }

    [Fact]
    public void An_acknowledgement_is_asked_for_every_few_stanzas_in_the_same_piece()
    {
        var h = new Harness().Online();
        for (var i = 1; i < 5; i++)
        {
            Message(h, i);
            Assert.DoesNotContain(Harness.Ask, h.Sent(), StringComparison.Ordinal);
        }
        Message(h, 5);
        Assert.EndsWith("</message>" + Harness.Ask, h.Sent(), StringComparison.Ordinal);
        Assert.Equal(5, h.Client.Unacked);
        h.Server("<a xmlns='urn:xmpp:sm:3' h='3'/>");
        Assert.Equal(2, h.Client.Unacked);
        h.Server("<a xmlns='urn:xmpp:sm:3' h='5'/>");
        Assert.Equal(0, h.Client.Unacked);
    }

    [Fact]
    public void Resumption_sends_again_what_was_not_acknowledged_and_only_that()
    {
        var h = new Harness().Online();
        Message(h, 1);
        Message(h, 2);
        Message(h, 3);
        h.Server("<message/><a xmlns='urn:xmpp:sm:3' h='1'/>");
        h.Sent();
        Break(h);
        Assert.Equal(SendResult.Offline, Message(h, 4));
        Resume(h, 1);
        h.Server("<resumed xmlns='urn:xmpp:sm:3' previd='some-long-sm-id' h='2'/>");
        Assert.Equal("3", Bodies(h.Sent()));
        Assert.Equal(["started", "lost Connection disconnected", "resumed"], h.Events);
        Message(h, 4);
        h.Server("<r xmlns='urn:xmpp:sm:3'/><a xmlns='urn:xmpp:sm:3' h='4'/>");
        Assert.Equal(0, h.Client.Unacked);
        Assert.Contains("<a xmlns='urn:xmpp:sm:3' h='1'/>", h.Sent(), StringComparison.Ordinal);
        Assert.Empty(h.Lost);
    }

    [Fact]
    public void A_failed_resumption_tells_what_may_be_lost_and_binds_anew()
    {
        var h = new Harness().Online();
        Message(h, 1);
        Message(h, 2);
        h.Client.BeginPresence(null, null);
        h.Client.Commit();
        var iq = new Answers();
        h.Client.BeginIq("get", Bob, iq, null).Empty("x", "u:x");
        h.Client.Commit();
        h.Sent();
        Break(h);
        Assert.Empty(iq.Outcomes);
        Resume(h, 0);
        h.Server("<failed xmlns='urn:xmpp:sm:3' h='1'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>");
        Assert.Equal("2", Bodies(string.Concat(h.Lost)));
        Assert.Single(h.Lost);
        Assert.Equal([IqOutcome.Disconnected], iq.Outcomes);
        h.Expect("<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>thing</resource></bind></iq>");
        h.Server("<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>esp32-a4cf12@example.org/thing</jid></bind></iq>");
        h.Expect(Harness.Enable);
        Assert.Equal(["started", "lost Connection disconnected", "started"], h.Events);
        Assert.Equal(0, h.Client.Unacked);
    }

    [Fact]
    public void An_IQ_outlives_a_resumption()
    {
        var h = new Harness().Online();
        var iq = new Answers();
        h.Client.BeginIq("get", Bob, iq, null).Empty("x", "u:x");
        h.Client.Commit();
        var id = Id(h.Sent());
        Break(h);
        Resume(h, 0);
        h.Server($"<resumed xmlns='urn:xmpp:sm:3' previd='some-long-sm-id' h='1'/><iq type='result' id='{id}' from='bob@example.org/x'/>");
        Assert.Equal([IqOutcome.Result], iq.Outcomes);
    }

    [Theory]
    [InlineData("<a xmlns='urn:xmpp:sm:3' h='1'/>")]
    [InlineData("<a xmlns='urn:xmpp:sm:3' h='4294967295'/>")]
    public void More_acknowledged_than_sent_ends_the_stream(string said)
    {
        var h = new Harness().Online();
        h.Server(said);
        Assert.Contains("lost Protocol handled-count-too-high", h.Events);
    }

    [Fact]
    public void The_queue_is_bounded_and_opens_again()
    {
        var h = new Harness(o => o.UnackedBytes = 1000).Online();
        var sent = 0;
        while (Message(h, sent) == SendResult.Sent)
        {
            sent++;
            Assert.True(sent < 100);
        }
        Assert.Equal(SendResult.QueueFull, Message(h, sent));
        h.Sent();
        h.Server($"<a xmlns='urn:xmpp:sm:3' h='{sent}'/>");
        Assert.Equal(SendResult.Sent, Message(h, sent));
    }

    [Fact]
    public void Stanzas_before_enabled_are_kept_and_a_refused_enable_forgets_them()
    {
        var h = new Harness().Connect().Authenticate();
        h.Server(Harness.ServerHeader);
        h.Features(Harness.BindFeatures + Harness.Sm);
        h.Sent();
        h.Server("<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>a@b/c</jid></bind></iq>");
        Message(h, 1);
        Assert.Equal(1, h.Client.Unacked);
        h.Server("<failed xmlns='urn:xmpp:sm:3'/>");
        Assert.Equal(0, h.Client.Unacked);
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal(SendResult.Sent, Message(h, i));
        }
    }

    [Fact]
    public void A_closed_stream_and_a_conflict_are_not_resumed()
    {
        foreach (var said in new[] { "</stream:stream>", "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>" })
        {
            var h = new Harness().Online();
            Message(h, 1);
            h.Server(said);
            Assert.Equal("1", Bodies(string.Concat(h.Lost)));
            h.Sent();
            h.After(100000);
            h.Client.Connected(h.Now);
            h.Sent();
            h.Authenticate().Bind();
        }
    }

    /// <summary>Cuts, lost answers, lost requests in any order: what the server has got is what was sent, in order, once; the same the other way.</summary>
    [Theory]
    [InlineData(600, 0)]
    [InlineData(5000, 1700)] // stanzas over the borders of the queue's blocks
    public void Nothing_is_lost_and_nothing_comes_twice_whatever_is_cut(int unackedBytes, int filler)
    {
        var actions = Gen.Choose(0, 9).ListOf(60).ToArbitrary();
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(300), Prop.ForAll(actions, script =>
        {
            var h = new Harness(o => o.UnackedBytes = unackedBytes).Online();
            var server = new List<int>(); // what the server has handled
            var wire = string.Empty; // sent, not yet read by the server
            var sent = 0;
            var toClient = 0;
            var clientHas = 0u;
            foreach (var action in script)
            {
                switch (action)
                {
                    case <= 4:
                        if (Message(h, sent, filler == 0 ? 0 : sent * 331 % filler) == SendResult.Sent)
                        {
                            sent++;
                        }
                        wire += h.Sent();
                        break;
                    case 5: // the server reads
                        Read(ref wire, server);
                        h.Server($"<a xmlns='urn:xmpp:sm:3' h='{server.Count}'/>");
                        break;
                    case 6: // the server reads, its answer is lost with the connection
                        Read(ref wire, server);
                        goto case 8;
                    case 7: // something for the client
                        h.Server($"<message><body>{toClient++}</body></message>");
                        break;
                    case 8:
                        wire = string.Empty; // what was under way is gone
                        h.Sent();
                        Break(h);
                        clientHas = ResumeCount(h);
                        h.Server($"<resumed xmlns='urn:xmpp:sm:3' previd='some-long-sm-id' h='{server.Count}'/>");
                        wire = h.Sent();
                        if (clientHas != toClient)
                        {
                            return false;
                        }
                        break;
                    default:
                        h.After(1000);
                        wire += h.Sent();
                        break;
                }
            }
            Read(ref wire, server);
            return server.SequenceEqual(Enumerable.Range(0, sent)) && h.Received.Count == toClient && h.Lost.Count == 0;
        }));
    }

    private static void Read(ref string wire, List<int> server)
    {
        foreach (Match match in FillerPattern().Matches(wire))
        {
            var number = int.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
            Assert.Equal(string.Concat(Enumerable.Range(number, match.Groups[2].Length).Select(i => (char)('a' + (i % 26)))), match.Groups[2].Value);
        }
        server.AddRange(BodyPattern().Matches(wire).Select(m => int.Parse(m.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture)));
        wire = string.Empty;
    }

    private static SendResult Message(Harness h, int number, int filler = 0)
    {
        var writer = h.Client.BeginMessage(Bob, "chat", null).Element("body", number.ToString(System.Globalization.CultureInfo.InvariantCulture));
        if (filler > 0)
        {
            writer.Element("thread", string.Concat(Enumerable.Range(number, filler).Select(i => (char)('a' + (i % 26)))));
        }
        return h.Client.Commit();
    }

    private static void Break(Harness h)
    {
        h.Client.Disconnected(h.Now);
        h.Client.ReconnectNow();
        h.After(0);
        Assert.Equal(ClientState.Connecting, h.Client.State);
    }

    private static void Resume(Harness h, int handled) => Assert.Equal((uint)handled, ResumeCount(h));

    private static uint ResumeCount(Harness h)
    {
        h.Client.Connected(h.Now);
        h.Expect(Harness.Header);
        h.Authenticate();
        h.Server(Harness.ServerHeader);
        h.Features(Harness.BindFeatures + Harness.Sm);
        var match = ResumePattern().Match(h.Sent());
        Assert.True(match.Success);
        return uint.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
    }

    private static string Bodies(string sent) => string.Join(' ', BodyPattern().Matches(sent).Select(m => m.Groups[1].Value));

    internal static string Id(string sent) => IdPattern().Match(sent).Groups[1].Value;

    [GeneratedRegex("<body>([0-9]+)</body>")]
    private static partial Regex BodyPattern();

    [GeneratedRegex("<body>([0-9]+)</body><thread>([a-z]*)</thread>")]
    private static partial Regex FillerPattern();

    [GeneratedRegex("^<resume xmlns='urn:xmpp:sm:3' h='([0-9]+)' previd='some-long-sm-id'/>$")]
    private static partial Regex ResumePattern();

    [GeneratedRegex(" id='([^']+)'")]
    private static partial Regex IdPattern();
}

/// <summary>Remembers how IQs ended.</summary>
internal sealed class Answers : IIqCallback
{
    public List<IqOutcome> Outcomes { get; } = [];

    public List<string> Texts { get; } = [];

    public void IqCompleted(XmppClient client, IqOutcome outcome, Stanza? answer, object state)
    {
        Outcomes.Add(outcome);
        Texts.Add(outcome == IqOutcome.Error ? answer!.ReadError().ToString() : outcome == IqOutcome.Result ? answer!.ToElement().ToString() : string.Empty);
    }
}
