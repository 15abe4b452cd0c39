using System.Text;
using IotXmpp.Esp32;
using Xunit;

namespace IotXmpp.Things.Tests.Esp32;

/// <summary>The lines that a board writes on its serial line: what reads them is flashed to nobody's board, so the words are held here.</summary>
public sealed class SerialReportTests : IReportOutput
{
    private readonly List<string> _lines = [];

    [Fact]
    public void Lines_have_an_event_and_named_values()
    {
        var report = new SerialReport(this);
        report.Start("esp32-devkitc-v4", "lamp-1", "1.4.0", "power-on");
        report.Write(SerialReport.WifiRefused, "ssid", "My \"Home\" \\ net", "reason", "refused");
        report.Write(SerialReport.WifiUp, "ssid", "café", "address", "192.0.2.7", "dbm", "-61");
        report.Write(SerialReport.Offline, "reason", "");
        report.Write(SerialReport.Restarting);
        Assert.Equal(
            [
                "iotxmpp: started board=esp32-devkitc-v4 thing=lamp-1 fw=1.4.0 boot=power-on",
                "iotxmpp: wifi-refused ssid=\"My \\\"Home\\\" \\\\ net\" reason=refused",
                "iotxmpp: wifi-up ssid=café address=192.0.2.7 dbm=-61",
                "iotxmpp: offline reason=\"\"",
                "iotxmpp: restarting",
            ],
            _lines);
    }

    [Fact]
    public void Words_are_frozen() => Assert.Equal(
        "started bad-settings part-failed wifi-connecting wifi-refused wifi-up wifi-lost clock-set clock-failed hub-connecting hub-unreachable hub-untrusted hub-refused online offline sleeping restarting published stanza",
        string.Join(' ', [
            SerialReport.Started, SerialReport.BadSettings, SerialReport.PartFailed, SerialReport.WifiConnecting, SerialReport.WifiRefused, SerialReport.WifiUp, SerialReport.WifiLost, SerialReport.ClockSet,
            SerialReport.ClockFailed, SerialReport.HubConnecting, SerialReport.HubUnreachable, SerialReport.HubUntrusted, SerialReport.HubRefused, SerialReport.Online, SerialReport.Offline,
            SerialReport.Sleeping, SerialReport.Restarting, SerialReport.Published, SerialReport.Stanza]));

    [Fact]
    public void A_control_character_cannot_forge_a_line()
    {
        new SerialReport(this).Write(SerialReport.WifiConnecting, "ssid", "a\r\niotxmpp: online jid=evil");
        Assert.Equal("iotxmpp: wifi-connecting ssid=\"a  iotxmpp: online jid=evil\"", Assert.Single(_lines));
    }

    [Fact]
    public void Stanzas_are_cut_between_characters_and_only_when_asked_for()
    {
        var report = new SerialReport(this);
        byte[] stanza = Encoding.UTF8.GetBytes("<message><body>" + new string('é', 300) + "</body></message>");
        report.Sent(stanza, 0, stanza.Length);
        Assert.Empty(_lines);
        report.Stanzas = true;
        report.Sent(stanza, 0, stanza.Length);
        Assert.Equal($"iotxmpp: stanza dir=out bytes={stanza.Length} xml=<message><body>{new string('é', 192)}…", Assert.Single(_lines));
    }

    [Theory]
    [InlineData("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGEAc2VjcmV0</auth>", "<auth…")]
    [InlineData("<response>c2VjcmV0</response>", "<response…")]
    [InlineData("<success xmlns='urn:xmpp:sasl:2'><token token='secret'/></success>", "<success…")]
    [InlineData("<authenticate xmlns='urn:xmpp:sasl:2'/>", "<authenticate…")]
    [InlineData("<a xmlns='urn:xmpp:sm:3' h='4'/>", "<a xmlns='urn:xmpp:sm:3' h='4'/>")]
    [InlineData("<stream:stream to='h'><authenticate xmlns='urn:xmpp:sasl:2'><initial-response>c2VjcmV0", "<stream:stream to='h'><auth…")]
    [InlineData("<iq type='set' id='1'><set xmlns='urn:xmpp:iot:control'><string name='wifiPassword' value='secret'/></set></iq>", "<iq type='set' id='1'><set xmlns='urn:xmpp:iot:control'><string name='wifiPassword…")]
    [InlineData("<iq type='set' id='1'><register xmlns='urn:xmpp:iot:discovery'><str name='SN' value='1'/><str name='KEY' value='secret'/></register></iq>", "<iq type='set' id='1'><register xmlns='urn:xmpp:iot:discovery'><str name='SN' value='1'/><str name='KEY…")]
    public void What_carries_secrets_is_shown_by_its_name(string xml, string shown)
    {
        var report = new SerialReport(this) { Stanzas = true };
        byte[] bytes = Encoding.UTF8.GetBytes("xx" + xml);
        report.Received(bytes, 2, bytes.Length - 2);
        Assert.Equal($"iotxmpp: stanza dir=in bytes={bytes.Length - 2} xml={shown}", Assert.Single(_lines));
    }

    [Fact]
    public void A_line_has_a_bound()
    {
        new SerialReport(this).Write(SerialReport.BadSettings, "reason", new string('é', 1000));
        Assert.InRange(Encoding.UTF8.GetByteCount(Assert.Single(_lines)), 400, 480);
    }

    void IReportOutput.WriteLine(string line) => _lines.Add(line);
}
