using System.Text;
using IotXmpp.Hub.Features.Push;
using IotXmpp.Hub.Routing;
using IotXmpp.Xmpp;
using Xunit;
using Stanza = IotXmpp.Hub.Routing.Stanza;

namespace IotXmpp.Hub.Tests.Features.Push;

/// <summary>What is worth waking a device for.</summary>
public sealed class PushRulesTests
{
    private static readonly Jid Alice = new("alice", "hub.test", "");
    private static readonly Jid Bob = new("bob", "hub.test", "r");

    [Theory]
    [InlineData("chat", "<body>Hi</body>", true)]
    [InlineData("normal", "<body>Hi</body>", true)]
    [InlineData("normal", "<subject>S</subject>", false)]
    [InlineData("headline", "<body>Hi</body>", false)]
    [InlineData("groupchat", "<body>Hi</body>", false)] // rooms have a rule of their own
    [InlineData("error", "<body>Hi</body><error type='cancel'/>", false)]
    [InlineData("chat", "<encryption xmlns='urn:xmpp:eme:0' namespace='urn:xmpp:omemo:2'/>", true)]
    [InlineData("normal", "<x xmlns='jabber:x:conference' jid='room@rooms.hub.test'/>", true)]
    [InlineData("normal", "<x xmlns='http://jabber.org/protocol/muc#user'><invite from='a@b'/></x>", true)]
    [InlineData("chat", "<body>Hi</body><x xmlns='http://jabber.org/protocol/muc#user'/>", true)]
    [InlineData("chat", "<propose xmlns='urn:xmpp:jingle-message:0' id='a'/>", true)]
    [InlineData("chat", "<propose xmlns='urn:xmpp:jingle-message:1' id='a'/><no-store xmlns='urn:xmpp:hints'/>", true)]
    [InlineData("chat", "<retract xmlns='urn:xmpp:jingle-message:0' id='a'/>", false)]
    [InlineData("chat", "<accept xmlns='urn:xmpp:jingle-message:0' id='a'/><store xmlns='urn:xmpp:hints'/>", false)]
    [InlineData("chat", "<composing xmlns='http://jabber.org/protocol/chatstates'/>", false)]
    [InlineData("chat", "<body>Hi</body><active xmlns='http://jabber.org/protocol/chatstates'/>", true)]
    [InlineData("chat", "<received xmlns='urn:xmpp:receipts' id='1'/>", false)]
    [InlineData("chat", "<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/><store xmlns='urn:xmpp:hints'/>", false)]
    [InlineData("chat", "<body>Hi</body><markable xmlns='urn:xmpp:chat-markers:0'/>", true)]
    [InlineData("chat", "<body>Hi</body><no-store xmlns='urn:xmpp:hints'/>", false)]
    [InlineData("chat", "<body>Hi</body><no-permanent-store xmlns='urn:xmpp:hints'/>", true)]
    [InlineData("chat", "<body>Hi</body><received xmlns='urn:xmpp:carbons:2'/>", false)]
    [InlineData("normal", "<event xmlns='http://jabber.org/protocol/pubsub#event'/>", false)]
    [InlineData("chat", "", false)]
    public void Messages(string type, string inner, bool expected)
    {
        Stanza message = Message(type, inner);
        Assert.Equal(expected, PushRules.Warrants(message.Type, message.Traits));
    }

    [Theory]
    [InlineData("<body>Hello all</body>", false, true)]
    [InlineData("<body>Alice: hello</body>", true, true)]
    [InlineData("<body>where is (alice)?</body>", true, true)]
    [InlineData("<body>malice and alices</body>", false, true)]
    [InlineData("<subject>alice</subject>", false, false)]
    [InlineData("<body>you</body><reference xmlns='urn:xmpp:reference:0' type='mention' uri='xmpp:alice@hub.test'/>", true, true)]
    [InlineData("<reference xmlns='urn:xmpp:reference:0' type='mention' uri='xmpp:alice@hub.test?message'/><body>you</body>", true, true)]
    [InlineData("<body>you</body><reference xmlns='urn:xmpp:reference:0' type='mention' uri='xmpp:bob@hub.test'/>", false, true)]
    [InlineData("<body>you</body><reference xmlns='urn:xmpp:reference:0' type='data' uri='xmpp:alice@hub.test'/>", false, true)]
    [InlineData("<body>alice</body><delay xmlns='urn:xmpp:delay' stamp='2026-11-20T12:00:00Z'/>", false, false)]
    [InlineData("<body>alice</body><no-store xmlns='urn:xmpp:hints'/>", false, false)]
    public void Rooms(string inner, bool whenMentioned, bool always)
    {
        Stanza message = Message("groupchat", inner);
        Assert.False(PushRules.Warrants(message, PushGroupchat.None, Alice));
        Assert.Equal(whenMentioned, PushRules.Warrants(message, PushGroupchat.Mentions, Alice));
        Assert.Equal(always, PushRules.Warrants(message, PushGroupchat.All, Alice));
    }

    [Theory]
    [InlineData("<iq type='set' id='1'><jingle xmlns='urn:xmpp:jingle:1' action='session-initiate' sid='a'/></iq>", true)]
    [InlineData("<iq type='set' id='1'><jingle xmlns='urn:xmpp:jingle:1' action='transport-info' sid='a'/></iq>", false)]
    [InlineData("<iq type='result' id='1'><jingle xmlns='urn:xmpp:jingle:1' action='session-initiate' sid='a'/></iq>", false)]
    [InlineData("<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>", false)]
    public void Calls(string iq, bool expected) => Assert.Equal(expected, PushRules.IsCall(Stanza.Parse(Encoding.UTF8.GetBytes(iq), Bob, Alice)));

    /// <summary>What a service's answer means for its device (§7.1).</summary>
    [Theory]
    [InlineData("<iq type='result' id='1'/>", PushAnswer.Taken)]
    [InlineData("<iq type='error' id='1'><error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>", PushAnswer.Refused)]
    [InlineData("<iq type='error' id='1'><pubsub xmlns='http://jabber.org/protocol/pubsub'><error type='wait'/></pubsub><error type='auth'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>", PushAnswer.Refused)]
    [InlineData("<iq type='error' id='1'><error type='cancel'><conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><precondition-not-met xmlns='http://jabber.org/protocol/pubsub#errors'/></error></iq>", PushAnswer.Refused)]
    [InlineData("<iq type='error' id='1'><error type='wait'><policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>", PushAnswer.Failed)]
    [InlineData("<iq type='error' id='1'><error type='cancel'><remote-server-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>", PushAnswer.Failed)]
    [InlineData("<iq type='error' id='1'><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>no</text></error></iq>", PushAnswer.Failed)]
    [InlineData("<iq type='error' id='1'/>", PushAnswer.Refused)]
    public void Answers(string iq, PushAnswer expected) => Assert.Equal(expected, PushXml.Judge(Stanza.Parse(Encoding.UTF8.GetBytes(iq), Bob, Alice)));

    [Fact]
    public void No_answer_may_pass() => Assert.Equal(PushAnswer.Failed, PushXml.Judge(null));

    private static Stanza Message(string type, string inner) => Stanza.Parse(Encoding.UTF8.GetBytes($"<message type='{type}'>{inner}</message>"), Bob, Alice);
}
