using System.Text;
using IotXmpp.Hub.Features.PubSub;
using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.PubSub;

/// <summary>What goes over the wire: payloads as bytes, events and errors by the schemas.</summary>
public sealed class PubSubXmlTests
{
    private const string Open = "<iq type='set' id='1'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='a&amp;b'>";
    private const string Close = "</publish></pubsub></iq>";

    [Fact]
    public void A_payload_is_a_slice_of_the_stanza()
    {
        byte[] stanza = Encoding.UTF8.GetBytes(Open + "<item id='i&lt;1'><e xmlns='urn:x' a='1'><f>&amp;</f></e></item>" + Close);
        Assert.True(PublishRequest.TryRead(stanza, out PublishRequest request, out PubSubError? error));
        Assert.Null(error);
        Assert.Equal("a&b", request.Node);
        ItemToPublish item = Assert.Single(request.Items);
        Assert.Equal("i<1", item.Id);
        Assert.Equal("<e xmlns='urn:x' a='1'><f>&amp;</f></e>", Text(item.Payload));
        Assert.True(System.Runtime.InteropServices.MemoryMarshal.TryGetArray(item.Payload, out ArraySegment<byte> segment));
        Assert.Same(stanza, segment.Array);
    }

    [Theory]
    [InlineData("<item><p:e xmlns:p='urn:p'>x</p:e></item>", "urn:p", "e")]
    [InlineData("<item xmlns:p='urn:p'><p:e p:a='1'><p:f/></p:e></item>", "urn:p", "e")]
    [InlineData("<item xmlns:p='urn:p'><e xmlns='urn:x' p:a='1'><p:f/></e></item>", "urn:x", "e")]
    [InlineData("<item><e/></item>", "http://jabber.org/protocol/pubsub", "e")]
    [InlineData("<item xmlns:p='urn:p'><e xmlns=''/></item>", "", "e")]
    public void A_payload_that_leans_on_outer_declarations_is_made_to_stand_by_itself(string item, string ns, string name)
    {
        Assert.True(PublishRequest.TryRead(Encoding.UTF8.GetBytes(Open + item + Close), out PublishRequest request, out PubSubError? error));
        Assert.Null(error);
        string payload = Text(Assert.Single(request.Items).Payload);
        var judge = System.Xml.Linq.XElement.Parse(payload); // throws on a prefix that is not declared
        Assert.Equal((ns, name), (judge.Name.NamespaceName, judge.Name.LocalName));
        var original = System.Xml.Linq.XElement.Parse(item.Replace("<item", "<item xmlns='http://jabber.org/protocol/pubsub'", StringComparison.Ordinal)).Elements().Single();
        Assert.Equal(original.DescendantsAndSelf().Select(e => e.Name), judge.DescendantsAndSelf().Select(e => e.Name));
        Assert.Equal(
            original.DescendantsAndSelf().SelectMany(e => e.Attributes()).Where(a => !a.IsNamespaceDeclaration).Select(a => (a.Name, a.Value)),
            judge.DescendantsAndSelf().SelectMany(e => e.Attributes()).Where(a => !a.IsNamespaceDeclaration).Select(a => (a.Name, a.Value)));
    }

    [Fact]
    public void Two_payloads_in_an_item_are_refused()
    {
        Assert.True(PublishRequest.TryRead(Encoding.UTF8.GetBytes(Open + "<item><a xmlns='x'/><b xmlns='x'/></item>" + Close), out _, out PubSubError? error));
        Assert.Equal(PubSubError.InvalidPayload, error);
    }

    [Fact]
    public void Items_and_options_are_found_whatever_stands_between()
    {
        byte[] stanza = Encoding.UTF8.GetBytes(
            "<iq type='set' id='1'><pubsub xmlns='http://jabber.org/protocol/pubsub'>\n <publish node='n'>\n <item id='1'> <e xmlns='urn:x'/> </item><item/>\n </publish>"
            + "<publish-options><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>t</value></field></x></publish-options></pubsub></iq>");
        Assert.True(PublishRequest.TryRead(stanza, out PublishRequest request, out PubSubError? error));
        Assert.Null(error);
        Assert.Equal(["1", null], request.Items.Select(i => i.Id));
        Assert.Equal("t", DataForm.Read(request.Options!)!.FormType);
    }

    [Theory]
    [InlineData("<iq type='set' id='1'><pubsub xmlns='http://jabber.org/protocol/pubsub'><create node='n'/></pubsub></iq>")]
    [InlineData("<iq type='set' id='1'><pubsub xmlns='http://jabber.org/protocol/pubsub'/></iq>")]
    [InlineData("<iq type='set' id='1'/>")]
    public void What_is_no_publication_is_left_to_others(string stanza) => Assert.False(PublishRequest.TryRead(Encoding.UTF8.GetBytes(stanza), out _, out _));

    [Fact]
    public void Events_are_those_of_the_schema()
    {
        var item = new PublishedItem("1", "alice@example.org", new DateTimeOffset(2026, 11, 20, 12, 0, 0, TimeSpan.Zero), "<e xmlns='urn:x'/>"u8.ToArray());
        const string start = "<event xmlns='http://jabber.org/protocol/pubsub#event'>";
        Assert.Equal(start + "<items node='n'><item id='1'><e xmlns='urn:x'/></item></items></event>", Event(new ItemsEvent("n", [item], true, false)));
        Assert.Equal(start + "<items node='n'><item id='1'/></items></event>", Event(new ItemsEvent("n", [item], false, false)));
        Assert.Equal(
            start + "<items node='n'><item id='1'/></items></event><delay xmlns='urn:xmpp:delay' stamp='2026-11-20T12:00:00.000Z'/>", Event(new ItemsEvent("n", [item], false, true)));
        Assert.Equal(start + "<items node='n'><retract id='1'/><retract id='2'/></items></event>", Event(new RetractEvent("n", ["1", "2"])));
        Assert.Equal(start + "<purge node='n'/></event>", Event(new PurgeEvent("n")));
        Assert.Equal(start + "<delete node='n'><redirect uri='u'/></delete></event>", Event(new DeleteEvent("n", "u")));
        Assert.Equal(start + "<configuration node='n'/></event>", Event(new ConfigurationEvent("n", null)));
        Assert.Equal(
            start + "<subscription node='n' jid='a@b' subscription='none'/></event>", Event(new SubscriptionEvent("n", new Jid("a", "b", ""), SubscriptionState.None)));
        Assert.Contains("pubsub#subscribe_authorization", Event(new AuthorizationRequest("n", new Jid("a", "b", ""))), StringComparison.Ordinal);
    }

    [Fact]
    public void Errors_carry_the_condition_of_the_standard()
    {
        using var xml = new XmlBuilder();
        PubSubXml.Error(PubSubError.Unsupported("persistent-items")).WriteTo(xml);
        Assert.Equal(
            "<error type='cancel'><feature-not-implemented xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><unsupported xmlns='http://jabber.org/protocol/pubsub#errors' feature='persistent-items'/></error>",
            Encoding.UTF8.GetString(xml.Written));
    }

    [Fact]
    public void Every_error_has_a_stanza_error_of_its_name()
    {
        foreach (System.Reflection.FieldInfo field in typeof(PubSubError).GetFields(System.Reflection.BindingFlags.Public | System.Reflection.BindingFlags.Static))
        {
            var error = (PubSubError)field.GetValue(null)!;
            Routing.StanzaError stanza = PubSubXml.Error(error);
            Assert.Equal(error.Condition, stanza.Condition);
            Assert.Equal(error.Type, stanza.Type.ToString().ToLowerInvariant());
        }
    }

    [Fact]
    public void Values_on_disk_are_frozen()
    {
        Assert.Equal("Open=0 Presence=1 Roster=2 Authorize=3 Whitelist=4", Numbers<AccessModel>());
        Assert.Equal("None=0 Owner=1 Publisher=2 PublishOnly=3 Member=4 Outcast=5", Numbers<Affiliation>());
        Assert.Equal("None=0 Pending=1 Subscribed=3", Numbers<SubscriptionState>());
        const string json = """{"Title":"","Description":"","Type":"","Language":"","AccessModel":"Open","PublishModel":"Publishers","RosterGroupsAllowed":[],"PersistItems":true,"MaxItems":100,"ItemExpire":0,"MaxPayloadSize":0,"SendLastPublishedItem":"OnSub","DeliverNotifications":true,"DeliverPayloads":true,"NotifyConfig":false,"NotifyDelete":true,"NotifyRetract":true,"NotifySub":false,"PresenceBasedDelivery":false,"NotificationType":"Headline","Subscribe":true,"NodeType":"Leaf","Contact":[],"BodyXslt":"","DataformXslt":"","ItemReply":"Unset","PublishNodeFull":"DiscardOldest","PurgeOffline":false,"TempSub":false,"ChildrenAssociationPolicy":"Owners","ChildrenAssociationWhitelist":[],"ChildrenMax":0}""";
        Assert.Equal(json, new NodeConfiguration().ToJson());
        Assert.Equal("Leaf=0 Collection=1", Numbers<NodeType>());
        var options = new SubscriptionOptions { Deliver = false, Digest = true, ShowValues = ShowValues.Away | ShowValues.Online, Type = SubscriptionType.All, Depth = SubscriptionOptions.AllDepths };
        Assert.Equal("""{"Digest":true,"DigestFrequency":86400000,"IncludeBody":false,"ShowValues":"Online, Away","Type":"All","Depth":2147483647}""", options.ToJson());
        Assert.Equal(options, SubscriptionOptions.FromJson(options.ToJson(), false, null, false));
        Assert.Null(new SubscriptionOptions { Deliver = false }.ToJson());
        Assert.Equal(7, NodeConfiguration.FromJson("""{"MaxItems":7}""").MaxItems);
        Assert.True(NodeConfiguration.FromJson("""{"MaxItems":7}""").PersistItems);

        static string Numbers<T>()
            where T : struct, Enum => string.Join(' ', Enum.GetValues<T>().Select(v => $"{v}={Convert.ToInt32(v, System.Globalization.CultureInfo.InvariantCulture)}"));
    }

    private static string Text(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);

    private static string Event(PubSubEvent notification) => Text(PubSubXml.Event(notification));
}
