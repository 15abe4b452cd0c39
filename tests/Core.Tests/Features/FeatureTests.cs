using System.Text.RegularExpressions;
using IotXmpp.Core.Tests.Kit;
using IotXmpp.Core.Tests.Streams;
using IotXmpp.Features;
using IotXmpp.Sasl;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Core.Tests.Features;

public sealed class FeatureTests
{
    [Fact]
    public void Caps_of_XEP_0115_section_5_2()
    {
        var version = DiscoInfo.Verification(
            new PortableHash(),
            ["client/pc//Exodus 0.9.1"],
            ["http://jabber.org/protocol/disco#info", "http://jabber.org/protocol/disco#items", "http://jabber.org/protocol/muc", "http://jabber.org/protocol/caps"]);
        Assert.Equal("QgayPKawpkPSDYmwT/WM94uAlu0=", version);
    }

    [Fact]
    public void Disco_tells_what_was_registered_and_its_hash_is_over_exactly_that()
    {
        var h = new Harness().OnlinePlain();
        var disco = new DiscoInfo(h.Hash, "urn:example:thing");
        disco.AddIdentity("client", "bot", "A <thing>");
        disco.Register(h.Client);
        new SoftwareVersion("IotXmpp", "0.1", null).Register(h.Client, disco);
        h.Server("<iq type='get' id='1' from='bob@example.org/x'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
        var answer = System.Xml.Linq.XElement.Parse(h.Sent()).Elements().Single();
        var features = answer.Elements().Where(e => e.Name.LocalName == "feature").Select(e => e.Attribute("var")!.Value).ToArray();
        Assert.Equal([Ns.DiscoInfo, Ns.Caps, Ns.Ping, Ns.Version], features);
        Assert.Equal(DiscoInfo.Verification(new PortableHash(), ["client/bot//A <thing>"], features), disco.Version);

        h.Server($"<iq type='get' id='2' from='bob@example.org/x'><query xmlns='http://jabber.org/protocol/disco#info' node='urn:example:thing#{disco.Version}'/></iq>");
        Assert.Contains($"node='urn:example:thing#{disco.Version}'", h.Sent(), StringComparison.Ordinal);
        h.Server("<iq type='get' id='3' from='bob@example.org/x'><query xmlns='http://jabber.org/protocol/disco#info' node='other'/></iq>");
        Assert.Contains("item-not-found", h.Sent(), StringComparison.Ordinal);
        h.Server("<iq type='get' id='4' from='bob@example.org/x'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>");
        h.Expect("<iq type='result' id='4' to='bob@example.org/x'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>");
        h.Server("<iq type='get' id='5' from='bob@example.org/x'><query xmlns='jabber:iq:version'/></iq>");
        h.Expect("<iq type='result' id='5' to='bob@example.org/x'><query xmlns='jabber:iq:version'><name>IotXmpp</name><version>0.1</version></query></iq>");
    }

    [Fact]
    public void Time_of_XEP_0202()
    {
        var h = new Harness().OnlinePlain();
        new EntityTime(new Clock(1795175970000)).Register(h.Client, new DiscoInfo(h.Hash, "n"));
        h.Server("<iq type='get' id='1' from='a@b/c'><time xmlns='urn:xmpp:time'/></iq>");
        h.Expect("<iq type='result' id='1' to='a@b/c'><time xmlns='urn:xmpp:time'><tzo>+00:00</tzo><utc>2026-11-20T11:59:30Z</utc></time></iq>");
    }

    [Fact]
    public void A_thing_s_presence_carries_caps_and_status_and_is_read_back()
    {
        var h = new Harness().OnlinePlain();
        var disco = new DiscoInfo(h.Hash, "urn:example:thing");
        var presence = new ThingPresence(disco) { Firmware = "1.4.0", Boot = "brownout", Rssi = -61, Heap = 41000, Battery = 87 };
        presence.Send(h.Client);
        var sent = h.Sent();
        Assert.Equal($"<presence><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='urn:example:thing' ver='{disco.Version}'/><thing xmlns='urn:iotxmpp:thing:1' fw='1.4.0' boot='brownout' rssi='-61' heap='41000' bat='87' keepalive='60'/></presence>", sent);

        ThingStatus? status = null;
        h.OnStanza = s =>
        {
            status = ThingPresence.Read(s);
            return true;
        };
        h.Server(sent);
        Assert.Equal(("1.4.0", "brownout", -61, 41000, 87, 60), (status!.Firmware, status.Boot, status.Rssi, status.Heap, status.Battery, status.KeepAliveSeconds));
        Assert.Null(status.State);
        h.Server("<presence/>");
        Assert.Null(status);
        ThingPresence.SendSleep(h.Client, 1795176000000);
        sent = h.Sent();
        Assert.Equal("<presence type='unavailable'><sleep xmlns='urn:iotxmpp:thing:1' until='2026-11-20T12:00:00Z'/></presence>", sent);
        h.Server(sent);
        Assert.True(status!.HasSleep);
        Assert.Equal(1795176000000, status.SleepUntilMs);
        h.Server("<presence type='unavailable'><thing xmlns='urn:iotxmpp:thing:1' state='offline' reason='keepalive-timeout'/></presence>");
        Assert.Equal(("offline", "keepalive-timeout", ThingPresence.Unknown), (status.State, status.Reason, status.Battery));
    }

    [Fact]
    public void Sensor_data_of_XEP_0323_is_read()
    {
        const string Fields = """
            <fields xmlns='urn:xmpp:iot:sensordata' seqnr='1' done='true'><node nodeId='Device01'>
              <timestamp value='2013-03-07T16:24:30Z'>
                <numeric name='Temperature' momentary='true' automaticReadout='true' value='23.4' unit='&#xB0;C'/>
                <numeric name='load level' momentary='true' automaticReadout='true' value='75' unit='%'/>
                <boolean name='On' status='true' value='1'/><enum name='State' dataType='x' value='A'/>
                <other xmlns='u:o' name='z' value='1'/><unknown name='z'/>
              </timestamp>
              <timestamp value='2013-03-07T16:25:30+01:00'><numeric name='Temperature' historicalHour='true' missing='1' value='-1e2' unit='&#xB0;C'/></timestamp>
            </node></fields>
            """;
        var seen = new Fields();
        var bytes = System.Text.Encoding.UTF8.GetBytes(Fields);
        var parser = new XmlPullParser(new XmlLimits());
        parser.Reset(bytes, 0, bytes.Length);
        parser.Next();
        Assert.True(SensorData.IsFields(parser));
        Assert.Equal(5, SensorData.Read(parser, seen));
        Assert.Equal(
            ["Device01 2013-03-07T16:24:30Z Numeric Temperature=23.4°C 33", "Device01 2013-03-07T16:24:30Z Numeric load level=75% 33", "Device01 2013-03-07T16:24:30Z Boolean On=1 4", "Device01 2013-03-07T16:24:30Z Enum State=A 0", "Device01 2013-03-07T15:25:30Z Numeric Temperature=-1e2°C 2112"],
            seen.Lines);
    }

    [Theory]
    [InlineData("<fields xmlns='urn:xmpp:iot:sensordata'><node nodeId='d'><timestamp value='yesterday'><int name='a' value='1'/></timestamp></node></fields>")]
    [InlineData("<fields xmlns='urn:xmpp:iot:sensordata'><node nodeId='d'><timestamp value='2013-03-07T16:24:30Z'><int name='a'/></timestamp></node></fields>")]
    [InlineData("<fields xmlns='urn:xmpp:iot:sensordata'><node nodeId='d'><timestamp value='2013-03-07T16:24:30Z'><int value='1'/></timestamp></node></fields>")]
    public void Malformed_sensor_data_is_told(string text)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(text);
        var parser = new XmlPullParser(new XmlLimits());
        parser.Reset(bytes, 0, bytes.Length);
        parser.Next();
        Assert.Equal(-1, SensorData.Read(parser, new Fields()));
    }

    [Fact]
    public void A_readout_is_accepted_and_answered()
    {
        var h = new Harness().OnlinePlain();
        var values = new Values();
        new SensorReadout(values).Register(h.Client, new DiscoInfo(h.Hash, "n"));
        h.Server("<iq type='get' id='S0001' from='client@example.org/amr'><req xmlns='urn:xmpp:iot:sensordata' seqnr='1' momentary='true'/></iq>");
        h.Expect("<iq type='result' id='S0001' to='client@example.org/amr'><accepted xmlns='urn:xmpp:iot:sensordata' seqnr='1'/></iq>"
            + "<message to='client@example.org/amr'><fields xmlns='urn:xmpp:iot:sensordata' seqnr='1' done='true'><node nodeId='Device01'><timestamp value='2026-11-20T11:59:30Z'><numeric name='Temperature' momentary='true' value='23.4' unit='°C'/></timestamp></node></fields></message>");
        h.Server("<iq type='get' id='2' from='a@b/c'><req xmlns='urn:xmpp:iot:sensordata' seqnr='2'><node nodeId='other'/><field name='x'/></req></iq>");
        h.Expect("<iq type='result' id='2' to='a@b/c'><accepted xmlns='urn:xmpp:iot:sensordata' seqnr='2'/></iq><message to='a@b/c'><failure xmlns='urn:xmpp:iot:sensordata' seqnr='2' done='true'><error nodeId='other'>item-not-found</error></failure></message>");
        h.Server("<iq type='get' id='3' from='a@b/c'><req xmlns='urn:xmpp:iot:sensordata'/></iq>");
        Assert.Contains("bad-request", h.Sent(), StringComparison.Ordinal);
        h.Server("<iq type='get' id='4' from='a@b/c'><cancel xmlns='urn:xmpp:iot:sensordata' seqnr='2'/></iq>");
        Assert.Contains("<cancelled xmlns='urn:xmpp:iot:sensordata' seqnr='2'/>", h.Sent(), StringComparison.Ordinal);
    }

    [Fact]
    public void Events_of_XEP_0060_are_read_one_by_one()
    {
        var h = new Harness().OnlinePlain();
        var events = new Events();
        h.OnStanza = s => PubSub.ReadEvent(h.Client, s, events);
        h.Server("""
            <message from='pubsub.shakespeare.lit' to='a@b'><event xmlns='http://jabber.org/protocol/pubsub#event'><items node='princely_musings'>
            <item id='1' publisher='h@d/e'><entry xmlns='http://www.w3.org/2005/Atom'><title>Soliloquy</title><a><b/></a></entry></item><item id='2'/><retract id='3'/>
            <item><entry xmlns='http://www.w3.org/2005/Atom'/></item></items></event></message>
            """);
        h.Server("<message from='p.d'><event xmlns='http://jabber.org/protocol/pubsub#event'><purge node='n'/></event></message>");
        h.Server("<message from='p.d'><event xmlns='http://jabber.org/protocol/pubsub#event'><delete node='n'><redirect uri='x'/></delete></event></message>");
        Assert.Equal(["item princely_musings 1 h@d/e Soliloquy", "item princely_musings 2  -", "retract princely_musings 3", "item princely_musings   ", "purge n", "delete n"], events.Lines);
    }

    [Fact]
    public void Requests_of_XEP_0060()
    {
        var h = new Harness().OnlinePlain();
        var service = new Jid(null, "pubsub.example.org", null);
        var answers = new Answers();
        PubSub.BeginPublish(h.Client, service, "n", "i", answers, null).Empty("x", "u:x");
        h.Client.Commit();
        var sent = h.Sent();
        Assert.EndsWith(" to='pubsub.example.org'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='n'><item id='i'><x xmlns='u:x'/></item></publish></pubsub></iq>", sent, StringComparison.Ordinal);
        h.Server($"<iq type='result' id='{StreamManagementTests.Id(sent)}' from='pubsub.example.org'/>");
        Assert.Equal([IqOutcome.Result], answers.Outcomes);
        PubSub.Subscribe(h.Client, service, "n", null, null);
        Assert.Contains("<subscribe node='n' jid='esp32-a4cf12@example.org'/>", h.Sent(), StringComparison.Ordinal);
        PubSub.Unsubscribe(h.Client, service, "n", null, null);
        Assert.Contains("<unsubscribe node='n' jid='esp32-a4cf12@example.org'/>", h.Sent(), StringComparison.Ordinal);
        PubSub.Items(h.Client, service, "n", 3, null, null);
        Assert.Contains("<items node='n' max_items='3'/>", h.Sent(), StringComparison.Ordinal);
    }

    private sealed class Clock(long now) : IWallClock
    {
        public long UtcNowMs => now;
    }

    private sealed class Fields : IFieldVisitor
    {
        public List<string> Lines { get; } = [];

        public void Field(string nodeId, long unixMs, Field field) => Lines.Add($"{nodeId} {TimeFormat.Text(unixMs)} {field.Kind} {field.Name}={field.Value}{field.Unit} {(int)field.Flags}");
    }

    private sealed class Values : IReadout
    {
        public StanzaError? Read(ReadoutRequest request, StanzaWriter writer)
        {
            if (request.NodeId.Length > 0)
            {
                return StanzaError.ItemNotFound;
            }
            SensorData.BeginNode(writer, "Device01");
            SensorData.BeginTime(writer, 1795175970000);
            if (request.Wants("Temperature", SensorData.Sample))
            {
                SensorData.Numeric(writer, "Temperature", 23.4, 1, "°C", SensorData.Sample);
            }
            if (request.Wants("Serial", FieldFlags.Identity))
            {
                SensorData.Integer(writer, "Serial", 1, FieldFlags.Identity);
            }
            return null;
        }
    }

    private sealed class Events : IPubSubListener
    {
        public List<string> Lines { get; } = [];

        public void ItemPublished(XmppClient client, Stanza message, string node, string itemId, string publisher, XmlPullParser payload)
        {
            var title = "-";
            if (payload != null)
            {
                title = payload.NextChild(payload.Depth) ? payload.ReadText() : string.Empty;
            }
            Lines.Add($"item {node} {itemId} {publisher} {title}");
        }

        public void ItemRetracted(XmppClient client, Stanza message, string node, string itemId) => Lines.Add($"retract {node} {itemId}");

        public void NodeChanged(XmppClient client, Stanza message, string node, string what) => Lines.Add($"{what} {node}");
    }
}
