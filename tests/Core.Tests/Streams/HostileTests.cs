using System.Text;
using FsCheck;
using FsCheck.Fluent;
using IotXmpp.Core.Tests.Kit;
using IotXmpp.Core.Tests.Xml;
using IotXmpp.Features;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Core.Tests.Streams;

/// <summary>Whatever a server says in whatever state: nothing throws, the client stays in a state it has a way out of, and nothing is sent after closing (the harness checks that).</summary>
public sealed class HostileTests
{
    private static readonly string[] Said =
    [
        Harness.ServerHeader,
        $"<stream:features>{Harness.Tls}{Harness.Sasl}{Harness.BindFeatures}{Harness.Sm}</stream:features>",
        "<stream:features/>",
        "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
        "<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>cj1nSUNBZ0lDQWdJQ0FnSUNBZ0lDQWdJQ0FzZXJ2ZXIscz1RU1hDUitRNnNlazhiZjkyLGk9NDA5Ng==</challenge>",
        "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>dj0=</success>",
        "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>",
        "<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>a@b/c</jid></bind></iq>",
        "<enabled xmlns='urn:xmpp:sm:3' id='x' resume='true'/><r xmlns='urn:xmpp:sm:3'/><a xmlns='urn:xmpp:sm:3' h='1'/>",
        "<resumed xmlns='urn:xmpp:sm:3' previd='x' h='0'/><failed xmlns='urn:xmpp:sm:3'/>",
        "<message from='a@b/c' to='x@y'><event xmlns='http://jabber.org/protocol/pubsub#event'><items node='n'><item id='1'><x xmlns='u:x'>text</x></item></items></event></message>",
        "<presence from='a@b/c'><thing xmlns='urn:iotxmpp:thing:1' fw='1' rssi='-61'/></presence>",
        "<iq type='get' id='1' from='a@b/c'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
        "<iq type='get' id='2' from='a@b/c'><req xmlns='urn:xmpp:iot:sensordata' seqnr='1' all='true'><node nodeId='a'/><field name='b'/></req></iq>",
        "<iq type='set' id='3' from='a@b/c'><command xmlns='urn:iotxmpp:command:1' id='q'><set xmlns='urn:xmpp:iot:control'><boolean name='o' value='true'/><x xmlns='jabber:x:data'><field var='o'><value>1</value></field></x></set></command></iq>",
        "<iq type='get' id='4' from='a@b/c'><getForm xmlns='urn:xmpp:iot:control'/></iq>",
        "<iq type='error' id='gB' from='b'><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>xmpp:a@b</gone></error></iq>",
        "<stream:error><see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>a:1</see-other-host></stream:error>",
        "<stream:error><reset xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><retry xmlns='urn:iotxmpp:drain:1' after='1' spread='2'/></stream:error>",
        "</stream:stream>",
    ];

    [Fact]
    public void Nothing_a_server_says_breaks_a_client()
    {
        var scripts =
            from online in Gen.Elements(0, 1, 2)
            from lines in Gen.Elements(Said).ArrayOf()
            from mutations in Trees.Mutations
            from cuts in Gen.Choose(0, 1 << 20).ArrayOf()
            select (online, bytes: Trees.Mutate(Encoding.UTF8.GetBytes(string.Concat(lines)), mutations), cuts);
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(3000), Prop.ForAll(scripts.ToArbitrary(), script =>
        {
            var h = new Harness();
            var disco = new DiscoInfo(h.Hash, "n");
            disco.Register(h.Client);
            new Control(new Target(), new CommandLog(h.Settings)).Register(h.Client, disco);
            new SensorReadout(new Target()).Register(h.Client, disco);
            h.OnStanza = s =>
            {
                ThingPresence.Read(s);
                PubSub.ReadEvent(h.Client, s, new Target());
                return s.ToElement() == null;
            };
            _ = script.online == 0 ? h.Connect() : script.online == 1 ? h.Online() : h.OnlinePlain();
            var from = 0;
            foreach (var edge in script.cuts.Select(c => script.bytes.Length == 0 ? 0 : c % script.bytes.Length).Order().Append(script.bytes.Length))
            {
                h.Client.Feed(script.bytes, from, edge - from);
                from = edge;
                h.After(100);
            }
            // and there is a way out of wherever it is
            h.Client.Stop();
            h.After(5000);
            return h.Client.State == ClientState.Stopped;
        }));
    }

    [Fact]
    public void Random_bytes_never_break_a_parser_s_tree()
    {
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(3000), Prop.ForAll((from lines in Gen.Elements(Said).ArrayOf() from mutations in Trees.Mutations select Trees.Mutate(Encoding.UTF8.GetBytes(string.Concat(lines)), mutations)).ToArbitrary(), bytes =>
        {
            var element = Element.Parse(bytes, 0, bytes.Length);
            if (element == null)
            {
                return true;
            }
            var again = Encoding.UTF8.GetBytes(element.ToString());
            return Element.Parse(again, 0, again.Length).ToString() == element.ToString();
        }));
    }

    private sealed class Target : IControlTarget, IReadout, IPubSubListener
    {
        public ControlParameter[] Parameters(string nodeId) => [new ControlParameter("o", FieldKind.Boolean, "O")];

        public string Current(string nodeId, ControlParameter parameter) => "true";

        public ControlFailure? Set(ControlCommand command) => null;

        public StanzaError? Read(ReadoutRequest request, StanzaWriter writer) => null;

        public void ItemPublished(XmppClient client, Stanza message, string node, string itemId, string publisher, XmlPullParser payload)
        {
            if (payload != null)
            {
                Element.Read(payload);
            }
        }

        public void ItemRetracted(XmppClient client, Stanza message, string node, string itemId)
        {
        }

        public void NodeChanged(XmppClient client, Stanza message, string node, string what)
        {
        }
    }
}
