using System.Text;
using IotXmpp.Hub.Features.Sniffer;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Sniffer;

public sealed class StanzaMaskTests
{
    [Theory]
    [InlineData("<iq type='set'><query xmlns='jabber:iq:register'><username>alice</username><password>hunter2</password></query></iq>")]
    [InlineData("<iq type='set'><set xmlns='urn:xmpp:iot:control'><string name='wifi-password' value='hunter2'/><boolean name='relay' value='true'/></set></iq>")]
    [InlineData("<iq type='set'><set xmlns='urn:xmpp:iot:control'><string name='apiKey' value='hunter2'/></set></iq>")]
    [InlineData("<iq type='set'><mine xmlns='urn:xmpp:iot:discovery'><str name='SN' value='1'/><str name='KEY' value='hunter2'/></mine></iq>")]
    [InlineData("<iq type='result'><x xmlns='jabber:x:data' type='form'><field var='net' type='text-private'><value>hunter2</value></field></x></iq>")]
    [InlineData("<iq type='set'><x xmlns='jabber:x:data' type='submit'><field var='new-pin'><value>hunter2</value></field></x></iq>")]
    [InlineData("<message><body>IoTDisco;SN:1;KEY:hunter2;MODEL:x</body></message>")]
    [InlineData("<message><data code='IoTDisco;SN:1;KEY:hunter2'/></message>")]
    [InlineData("<iq type='result'><token xmlns='urn:xmpp:fast:0' expiry='2026-01-01T00:00:00Z' token='hunter2'/></iq>")]
    public void Secrets_are_not_shown(string xml)
    {
        string shown = StanzaMask.Show(Encoding.UTF8.GetBytes(xml));
        Assert.DoesNotContain("hunter2", shown, StringComparison.Ordinal);
        Assert.Contains(StanzaMask.Hidden, shown, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<presence><thing xmlns='urn:iotxmpp:thing:1' fw='1.4.0' keepalive='60'/><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='n' ver='v'/></presence>")]
    [InlineData("<iq type='set'><set xmlns='urn:xmpp:iot:control'><boolean name='relay' value='true'/><string name='monkey' value='x'/></set></iq>")]
    [InlineData("<message><body>5 &lt; 6 &amp; it&apos;s</body></message>")]
    public void What_is_none_is_shown_as_it_is(string xml)
    {
        string shown = StanzaMask.Show(Encoding.UTF8.GetBytes(xml));
        Assert.DoesNotContain(StanzaMask.Hidden, shown, StringComparison.Ordinal);
        Assert.Equal(System.Xml.Linq.XElement.Parse(xml.Replace("><", ">\n<", StringComparison.Ordinal)).ToString(), System.Xml.Linq.XElement.Parse(shown).ToString());
    }
}
