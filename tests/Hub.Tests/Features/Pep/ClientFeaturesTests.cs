using System.Text;
using IotXmpp.Hub.Features.PubSub.Pep;
using IotXmpp.Hub.Xml;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Pep;

public sealed class ClientFeaturesTests
{
    private const string Info = "http://jabber.org/protocol/disco#info";

    [Fact]
    public void The_simple_example_of_the_standard_has_its_hash() => Assert.Equal(
        "QgayPKawpkPSDYmwT/WM94uAlu0=",
        Version("""
            <identity category='client' type='pc' name='Exodus 0.9.1'/>
            <feature var='http://jabber.org/protocol/caps'/><feature var='http://jabber.org/protocol/disco#info'/>
            <feature var='http://jabber.org/protocol/disco#items'/><feature var='http://jabber.org/protocol/muc'/>
            """));

    [Fact]
    public void The_complex_example_of_the_standard_has_its_hash() => Assert.Equal(
        "q07IKJEyjvHSyhy//CH0CxmKi8w=",
        Version("""
            <identity xml:lang='en' category='client' name='Psi 0.11' type='pc'/><identity xml:lang='el' category='client' name='Ψ 0.11' type='pc'/>
            <feature var='http://jabber.org/protocol/caps'/><feature var='http://jabber.org/protocol/disco#info'/>
            <feature var='http://jabber.org/protocol/disco#items'/><feature var='http://jabber.org/protocol/muc'/>
            <x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'><value>urn:xmpp:dataforms:softwareinfo</value></field>
            <field var='ip_version'><value>ipv4</value><value>ipv6</value></field><field var='os'><value>Mac</value></field><field var='os_version'><value>10.5.1</value></field>
            <field var='software'><value>Psi</value></field><field var='software_version'><value>0.11</value></field></x>
            """));

    [Theory]
    [InlineData("<identity category='client' type='pc'/><identity category='client' type='pc'/>")]
    [InlineData("<feature var='a'/><feature var='a'/>")]
    [InlineData("<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'><value>a</value><value>b</value></field></x>")]
    [InlineData("<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'><value>a</value></field></x><x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'><value>a</value></field></x>")]
    public void What_stands_there_twice_has_no_hash(string inner) => Assert.Null(Version(inner));

    [Fact]
    public void A_hash_that_is_not_known_proves_nothing() => Assert.Null(ClientFeatures.VersionOf(Element.Parse(Encoding.UTF8.GetBytes($"<query xmlns='{Info}'/>")), "md2"));

    [Fact]
    public void Parts_are_sorted_as_octets_and_field_by_field()
    {
        // What the hash must be of: "client-x" behind "client" though '-' stands before '/', and what is beyond the basic plane behind what is in it.
        const string Text = "client/pc//A<client-x/pc//B<urn:\uFFFD<urn:\U0001F600<";
#pragma warning disable CA5350 // the standard's own choice
        var expected = Convert.ToBase64String(System.Security.Cryptography.SHA1.HashData(Encoding.UTF8.GetBytes(Text)));
#pragma warning restore CA5350
        Assert.Equal(expected, Version("<feature var='urn:\U0001F600'/><feature var='urn:\uFFFD'/><identity category='client-x' type='pc' name='B'/><identity category='client' type='pc' name='A'/>"));
    }

    [Fact]
    public void A_form_without_a_hidden_type_does_not_count() => Assert.Equal(
        Version("<feature var='a'/>"), Version("<feature var='a'/><x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='text-single'><value>a</value></field><field var='b'><value>c</value></field></x>"));

    private static string? Version(string inner) => ClientFeatures.VersionOf(Element.Parse(Encoding.UTF8.GetBytes($"<query xmlns='{Info}'>{inner}</query>")), "sha-1");
}
