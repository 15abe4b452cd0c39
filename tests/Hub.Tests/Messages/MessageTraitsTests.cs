using System.Text;
using IotXmpp.Hub.Features.Carbons;
using IotXmpp.Hub.Routing;
using IotXmpp.Xmpp;
using Xunit;
using Stanza = IotXmpp.Hub.Routing.Stanza;

namespace IotXmpp.Hub.Tests.Messages;

public sealed class MessageTraitsTests
{
    private static readonly Jid Alice = new("alice", "hub.test", "r");
    private static readonly Jid Bob = new("bob", "hub.test", "");

    [Theory]
    [InlineData("", MessageTraits.None)]
    [InlineData("<thread>t</thread>", MessageTraits.None)]
    [InlineData("<body>Hi</body><subject>S</subject>", MessageTraits.Body | MessageTraits.Subject)]
    [InlineData("<body xmlns='urn:other'>Hi</body>", MessageTraits.Other)]
    [InlineData("<x xmlns='urn:x'><body xmlns='jabber:client'>Hi</body><no-store xmlns='urn:xmpp:hints'/></x>", MessageTraits.Other)]
    [InlineData("<no-store xmlns='urn:xmpp:hints'/>", MessageTraits.NoStore)]
    [InlineData("<h:no-store xmlns:h='urn:xmpp&#x3a;hints'/>", MessageTraits.NoStore)]
    [InlineData("<no-permanent-store xmlns='urn:xmpp:hints'/><no-copy xmlns='urn:xmpp:hints'/>", MessageTraits.NoPermanentStore | MessageTraits.NoCopy)]
    [InlineData("<store xmlns='urn:xmpp:hints'/><unknown xmlns='urn:xmpp:hints'/>", MessageTraits.Store)]
    [InlineData("<private xmlns='urn:xmpp:carbons:2'/>", MessageTraits.Private)]
    [InlineData("<sent xmlns='urn:xmpp:carbons:2'/>", MessageTraits.Carbon)]
    [InlineData("<request xmlns='urn:xmpp:receipts'/>", MessageTraits.Receipt)]
    [InlineData("<active xmlns='http://jabber.org/protocol/chatstates'/>", MessageTraits.ChatState)]
    [InlineData("<markable xmlns='urn:xmpp:chat-markers:0'/>", MessageTraits.Marker)]
    [InlineData("<origin-id xmlns='urn:xmpp:sid:0' id='1'/><stanza-id xmlns='urn:xmpp:sid:0' id='1' by='a@b'/>", MessageTraits.OriginId | MessageTraits.StanzaId)]
    [InlineData("<delay xmlns='urn:xmpp:delay' stamp='2026-11-20T12:00:00Z'/>", MessageTraits.Delay)]
    [InlineData("<x xmlns='http://jabber.org/protocol/muc#user'><status code='1'/></x>", MessageTraits.Room)]
    [InlineData("<x xmlns='http://jabber.org/protocol/muc#user'><invite to='a@b'/></x>", MessageTraits.Invitation)]
    [InlineData("<x xmlns='jabber:x:conference' jid='a@b'/>", MessageTraits.Invitation)]
    [InlineData("<encryption xmlns='urn:xmpp:eme:0' namespace='urn:xmpp:omemo:2'/>", MessageTraits.Encrypted)]
    [InlineData("<propose xmlns='urn:xmpp:jingle-message:0' id='a'/>", MessageTraits.Other | MessageTraits.Call)]
    [InlineData("<retract xmlns='urn:xmpp:jingle-message:0' id='a'/>", MessageTraits.Other)]
    public void Traits_are_what_stands_directly_in_the_message(string inner, MessageTraits expected) => Assert.Equal(expected, Message("chat", inner).Traits);

    [Fact]
    public void Another_message_in_the_same_object_has_its_own_traits()
    {
        var stanza = new Stanza();
        stanza.Load(Encoding.UTF8.GetBytes("<message><body>1</body></message>"));
        Assert.Equal(MessageTraits.Body, stanza.Traits);
        stanza.Load(Encoding.UTF8.GetBytes("<message><x xmlns='urn:x'/></message>"));
        Assert.Equal(MessageTraits.Other, stanza.Traits);
    }

    [Theory]
    [InlineData("chat", "<x xmlns='urn:x'/>", true)]
    [InlineData("chat", "<body/><no-copy xmlns='urn:xmpp:hints'/>", false)]
    [InlineData("chat", "<body/><private xmlns='urn:xmpp:carbons:2'/>", false)]
    [InlineData("chat", "<received xmlns='urn:xmpp:carbons:2'/>", false)]
    [InlineData("normal", "<x xmlns='urn:x'/>", false)]
    [InlineData("normal", "<body/>", true)]
    [InlineData("normal", "<received xmlns='urn:xmpp:receipts' id='1'/>", true)]
    [InlineData("headline", "<body/>", false)]
    [InlineData("groupchat", "<body/>", false)]
    [InlineData("error", "<body/><error type='cancel'/>", false)] // decided by what it answers
    [InlineData("error", "<x xmlns='urn:x'/><error type='cancel'/>", false)]
    public void Conversations_are_copied(string type, string inner, bool isCopied) => Assert.Equal(isCopied, CarbonsModule.IsEligible(Message(type, inner)));

    [Theory]
    [InlineData("<body>1</body>", null, "<body>1</body>")]
    [InlineData("<body>1</body>", "i", "<body>1</body><stanza-id xmlns='urn:xmpp:sid:0' by='bob@hub.test' id='i'/>")]
    [InlineData("<stanza-id xmlns='urn:xmpp:sid:0' by='bob@hub.test' id='x'/><body>1</body>", null, "<body>1</body>")]
    [InlineData("<body>1</body><stanza-id xmlns='urn:xmpp:sid:0' by='BOB@hub.test/r' id='x'><y/></stanza-id>", "i", "<body>1</body><stanza-id xmlns='urn:xmpp:sid:0' by='bob@hub.test' id='i'/>")]
    [InlineData("<stanza-id xmlns='urn:xmpp:sid:0' by='eve@hub.test' id='x'/>", null, "<stanza-id xmlns='urn:xmpp:sid:0' by='eve@hub.test' id='x'/>")]
    [InlineData("<x xmlns='urn:x'><stanza-id xmlns='urn:xmpp:sid:0' by='bob@hub.test' id='x'/></x>", null, "<x xmlns='urn:x'><stanza-id xmlns='urn:xmpp:sid:0' by='bob@hub.test' id='x'/></x>")]
    public void An_account_sees_its_own_archives_id_and_no_pretended_one(string inner, string? id, string expected)
    {
        Stanza seen = Message("chat", inner).WithArchiveId(Bob, id);
        Assert.Equal(expected, Encoding.UTF8.GetString(seen.Inner.Span));
        Assert.Equal(StanzaType.Chat, seen.Type);
        Assert.Equal(Alice, seen.From);
    }

    private static Stanza Message(string type, string inner) => Stanza.Parse(Encoding.UTF8.GetBytes($"<message type='{type}'>{inner}</message>"), Alice, Bob);
}
