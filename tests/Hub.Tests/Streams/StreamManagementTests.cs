using System.Reflection;
using System.Text;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Streams;
using IotXmpp.TestKit;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Hub.Tests.Streams;

/// <summary>The counters and bounds of stream management without a socket (XEP-0198 §4).</summary>
public sealed class StreamManagementTests
{
    private static readonly byte[] Stanza = Encoding.UTF8.GetBytes("<message to='a@hub.test/r'/>");
    private readonly XmppOptions _options = new() { MaxUnackedStanzas = 10 };
    private readonly Session _session = new(new Jid("a", "hub.test", "r"), null!, new HubFigures());

    [Fact]
    public void Counters_begin_anew_behind_the_largest_number()
    {
        StreamManagement management = Make();
        foreach (string counter in (string[])["_sent", "_acked"])
        {
            typeof(StreamManagement).GetField(counter, BindingFlags.NonPublic | BindingFlags.Instance)!.SetValue(management, uint.MaxValue - 1);
        }

        management.Received = uint.MaxValue;
        _session.Management = management;
        _session.CountReceived();
        Assert.Equal(0u, management.Received);
        for (int i = 0; i < 4; i++)
        {
            management.Deliver(_session, Stanza);
        }

        Assert.Equal(2u, management.Sent);
        Assert.False(management.Acknowledge(3, null));
        Assert.True(management.Acknowledge(uint.MaxValue, null));
        Assert.Equal(3, management.Unacked);
        Assert.True(management.Acknowledge(0, null));
        Assert.True(management.Acknowledge(2, null));
        Assert.Equal(0, management.Unacked);
        Assert.False(management.Acknowledge(uint.MaxValue, null));
    }

    [Fact]
    public void What_waits_for_an_answer_is_bounded_and_ends_the_session()
    {
        string? ended = null;
        _session.Ending = (_, condition, _) => ended = condition;
        StreamManagement management = Make();
        for (int i = 0; i < 10; i++)
        {
            management.Deliver(_session, Stanza);
        }

        Assert.Null(ended);
        Assert.True(management.CanResume);
        management.Deliver(_session, Stanza);
        Assert.Equal("policy-violation", ended);
        Assert.False(management.CanResume);
        // Nothing is lost of what was taken: it goes another way.
        Assert.Equal(11, management.TakeUnacked().Length);
    }

    [Fact]
    public void What_was_not_acknowledged_knows_when_it_came_first()
    {
        var time = new ManualTime();
        var management = new StreamManagement("id", 300, _options, time);
        DateTimeOffset first = time.GetUtcNow();
        management.Deliver(_session, Stanza);
        time.Advance(TimeSpan.FromMinutes(4));
        management.Deliver(_session, Stanza);
        Assert.Equal([first, first.AddMinutes(4)], management.TakeUnacked().Select(unacked => unacked.At));
    }

    [Fact]
    public void Sessions_that_timed_out_are_remembered_for_their_account_alone_and_in_bounds()
    {
        var sessions = new TimedOutSessions();
        sessions.Add("first", "alice", 7);
        Assert.Equal(7u, sessions.Find("first", "alice"));
        Assert.Null(sessions.Find("first", "bob"));
        for (int i = 0; i < TimedOutSessions.Limit; i++)
        {
            sessions.Add("s" + i, "alice", (uint)i);
        }

        Assert.Null(sessions.Find("first", "alice"));
        Assert.Equal(0u, sessions.Find("s0", "alice"));
    }

    [Fact]
    public void A_session_is_kept_for_at_least_half_a_minute_unless_settings_say_otherwise() => Assert.InRange(new XmppOptions().ResumeSeconds, 30, 86_400);

    private StreamManagement Make() => new("id", 300, _options, TimeProvider.System);
}
