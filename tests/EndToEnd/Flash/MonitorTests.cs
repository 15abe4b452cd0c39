using System.Buffers.Binary;
using System.Text;
using FsCheck.Fluent;
using IotXmpp.Cli.Monitor;
using IotXmpp.EndToEnd.Cli;
using IotXmpp.Esp32;
using IotXmpp.Esp32.Improv;
using IotXmpp.Hub.Features.Sniffer;
using IotXmpp.TestKit;
using Xunit;

namespace IotXmpp.EndToEnd.Flash;

/// <summary>What a board says, decoded: text, packets of nanoFramework's wire protocol, Improv, and the stanzas in the board's report.</summary>
public sealed class MonitorTests
{
    [Fact]
    public void Text_packets_and_Improv_are_told_apart()
    {
        byte[] stream =
        [
            .. "rst:0x1 (POWERON_RESET)\r\nIMPORTANT: NFt a packet\n"u8,
            .. Packet(1, "iotxmpp: online jid=lamp-1@h"), .. Packet(1, "\niotxmpp: off"), .. Packet(0, "abc"), .. Packet(1, "line reason=x\n"),
            .. Improv(ImprovFrame.CurrentState, [2]), .. "last"u8,
        ];
        Assert.Equal(
            ["rst:0x1 (POWERON_RESET)", "IMPORTANT: NFt a packet", "iotxmpp: online jid=lamp-1@h", "packet 0 3", "iotxmpp: offline reason=x", "improv 1 02", "", "last"],
            Decode([stream]));
    }

    /// <summary>Bytes come in any pieces.</summary>
    [Fact]
    public void Any_split_gives_the_same() => FsCheck.Check.QuickThrowOnFailure(Prop.ForAll<byte[]>(cuts =>
    {
        byte[] stream = [.. "one\nINFPK two\n"u8, .. Packet(1, "three\n"), .. Improv(ImprovFrame.RpcResult, [3, 0]), .. "four\n"u8];
        var pieces = new List<byte[]>();
        int at = 0;
        foreach (byte cut in cuts.Append((byte)255))
        {
            int to = Math.Min(stream.Length, at + cut);
            pieces.Add(stream[at..to]);
            at = to;
        }

        pieces.Add(stream[at..]);
        return Decode(pieces).SequenceEqual(Decode([stream]));
    }));

    [Fact]
    public void Broken_bytes_cannot_move_the_cursor() => Assert.Equal(["a\uFFFD[2Jb\tc\uFFFD"], Decode(["a\e[2Jb\tc"u8.ToArray(), [0xFF], "\n"u8.ToArray()]));

    [Fact]
    public void A_packet_of_absurd_size_does_not_swallow_the_rest()
    {
        byte[] packet = Packet(1, "x");
        BinaryPrimitives.WriteUInt32LittleEndian(packet.AsSpan(28), 1_000_000);
        Assert.Contains("next", Decode([[.. packet, .. "\nnext\n"u8]]));
    }

    [Fact]
    public void What_a_board_writes_is_what_is_read()
    {
        var output = new Lines();
        var report = new SerialReport(output) { Stanzas = true };
        report.Start("esp32-devkitc-v4", "lamp-1", "1.0", "power-on");
        report.Write(SerialReport.WifiRefused, "ssid", "a \"b\" \\ c=d", "reason", "");
        byte[] stanza = "<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>"u8.ToArray();
        report.Sent(stanza, 0, stanza.Length);
        SerialReportLine[] lines = [.. output.All.Select(l => SerialReportLine.Parse(l)!)];
        Assert.Equal("esp32-devkitc-v4 lamp-1 1.0 power-on", $"{lines[0]["board"]} {lines[0]["thing"]} {lines[0]["fw"]} {lines[0]["boot"]}");
        Assert.Equal(("wifi-refused", "a \"b\" \\ c=d", ""), (lines[1].Event, lines[1]["ssid"], lines[1]["reason"]));
        Assert.Equal(("out", "56", Encoding.UTF8.GetString(stanza)), (lines[2]["dir"], lines[2]["bytes"], lines[2]["xml"]));
    }

    [Theory]
    [InlineData("started")]
    [InlineData("iotxmpp:online")]
    [InlineData("iotxmpp: ")]
    [InlineData("iotxmpp: Online jid=x")]
    [InlineData("iotxmpp: online jid")]
    [InlineData("iotxmpp: online jid=\"x")]
    [InlineData("iotxmpp: online jid=\"x\"y")]
    public void Other_lines_are_none_of_the_report(string line) => Assert.Null(SerialReportLine.Parse(line));

    [Theory]
    [InlineData("<presence><thing xmlns='urn:iotxmpp:thing:1' fw='1.4.0' boot='power-on' rssi='-61' heap='41000' bat='87'/></presence>", "presence", "is there, firmware 1.4.0, started by power-on, -61 dBm, 41000 bytes free, battery 87 %")]
    [InlineData("<presence type='unavailable'><sleep xmlns='urn:iotxmpp:thing:1' until='2026-11-20T12:00:00Z'/></presence>", "presence unavailable", "sleeps until 2026-11-20T12:00:00Z")]
    [InlineData("<iq type='get' id='p' xmlns='jabber:client'><ping xmlns='urn:xmpp:ping'/></iq>", "iq get", "ping")]
    [InlineData("<iq type='result' id='p'/>", "iq result", "done")]
    [InlineData("<iq type='set' id='3'><set xmlns='urn:xmpp:iot:control'><boolean name='relay' value='true'/><int name='level' value='3'/></set></iq>", "iq set", "sets relay=true, level=3")]
    [InlineData("<iq type='error' id='3'><set xmlns='urn:xmpp:iot:control'/><error type='auth'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>", "iq error", "refused: forbidden")]
    [InlineData("<iq type='set' id='4'><command xmlns='urn:iotxmpp:command:1' id='c9'><set xmlns='urn:xmpp:iot:control'><boolean name='relay' value='0'/></set></command></iq>", "iq set", "queued command c9: sets relay=0")]
    [InlineData("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>thing</resource></bind></iq>", "iq set", "binds the resource thing")]
    [InlineData("<a xmlns='urn:xmpp:sm:3' h='4'/>", "a", "4 stanzas have arrived")]
    [InlineData("<r xmlns='urn:xmpp:sm:3'/>", "r", "asks how much has arrived")]
    [InlineData("<auth…", "auth", "log-in (not shown)")]
    [InlineData("<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>", "error", "the stream ends: conflict")]
    [InlineData("<iq type='set' id='1' to='pubsub.h'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='things/lamp-1/telemetry'><item><fields xmlns='urn:xmpp:iot:sensordata'><node nodeId='lamp-1'><timestamp value='x'><numeric name='t' value='21.4' unit='°C'/></timestamp><timestamp value='y'><numeric name='t' value='21.5' unit='°C'/></timestamp><timest…", "iq set", "publishes to things/lamp-1/telemetry: t=21.4 °C, and 1 more times")]
    [InlineData("<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", "?", "")]
    public void A_stanza_is_told_in_words(string xml, string kind, string meaning) => Assert.Equal(new StanzaMeaning(kind, meaning), StanzaMeaning.Of(xml));

    [Fact]
    public async Task A_recording_is_shown_decoded_raw_and_as_json()
    {
        using var folder = new TempFolder("monitor");
        string file = folder.File("board.log");
        await File.WriteAllBytesAsync(file, [.. "ets Jul 29 2019\r\niotxmpp: started board=esp32-devkitc-v4 thing=lamp-1 fw=1.4.0 boot=power-on\r\n"u8, .. Packet(1, "iotxmpp: stanza dir=in bytes=88 xml=<iq type='result' id='1'/>\n")], TestContext.Current.CancellationToken);
        CliResult shown = await CliRun.RunAsync(UpFixture.EnvironmentOf(folder.Path), "monitor", "--file", file);
        Assert.Equal(0, shown.Code);
        Assert.Equal("ets Jul 29 2019", shown.Lines[0]);
        Assert.Equal("lamp-1          started: lamp-1 on esp32-devkitc-v4, firmware 1.4.0, by power-on", shown.Lines[1]);
        Assert.Equal("lamp-1          ← hub    88 B  iq result     done", shown.Lines[2]);
        CliResult raw = await CliRun.RunAsync(UpFixture.EnvironmentOf(folder.Path), "monitor", "--file", file, "--raw");
        Assert.Equal("iotxmpp: stanza dir=in bytes=88 xml=<iq type='result' id='1'/>", raw.Lines[2]);
        CliResult json = await CliRun.RunAsync(UpFixture.EnvironmentOf(folder.Path), "monitor", "--file", file, "--json");
        Assert.Equal(("stanza", "lamp-1", "in", 88, "iq result"), ((string?)json.Json[2]["event"], (string?)json.Json[2]["thing"], (string?)json.Json[2]["direction"], (int)json.Json[2]["bytes"]!, (string?)json.Json[2]["stanza"]));
    }

    [Fact]
    public async Task A_port_is_watched_until_the_cable_is_pulled()
    {
        using var folder = new TempFolder("monitor");
        using var cable = new PseudoTerminal();
        await using CliRun run = CliRun.Start(UpFixture.EnvironmentOf(folder.Path), "monitor", "--port", cable.Name);
        // What is said before somebody listens is gone, as on any serial line.
        bool isPulled = false;
        Task saying = Task.Run(async () =>
        {
            while (!Volatile.Read(ref isPulled))
            {
                cable.WriteLine("iotxmpp: wifi-refused ssid=Home reason=refused");
                await Task.Delay(100, TestContext.Current.CancellationToken);
            }
        });
        await run.UntilAsync(lines => lines.Any(l => l.Contains("Wi-Fi: Home refuses the board (the password is wrong, as a rule)", StringComparison.Ordinal)));
        Volatile.Write(ref isPulled, true);
        cable.Pull();
        CliResult end = await run.EndAsync();
        await saying;
        Assert.Equal(1, end.Code);
        Assert.Contains($"{cable.Name} is gone", end.ErrorLine, StringComparison.Ordinal);
    }

    private static List<string> Decode(IEnumerable<byte[]> pieces)
    {
        var decoder = new SerialDecoder();
        List<SerialItem> items = [.. pieces.SelectMany(p => decoder.Feed(p)).ToList(), .. decoder.End()];
        return [.. items.Select(i => i switch
        {
            SerialItem.Line line => line.Text,
            SerialItem.Packet packet => $"packet {packet.Command} {packet.Bytes}",
            SerialItem.Improv improv => $"improv {improv.Type} {Convert.ToHexString(improv.Data)}",
            _ => "?",
        })];
    }

    private static byte[] Packet(uint command, string text)
    {
        byte[] payload = Encoding.UTF8.GetBytes(text);
        byte[] packet = new byte[32 + payload.Length];
        "NFPKTV1"u8.CopyTo(packet);
        BinaryPrimitives.WriteUInt32LittleEndian(packet.AsSpan(16), command);
        BinaryPrimitives.WriteUInt32LittleEndian(packet.AsSpan(28), (uint)payload.Length);
        payload.CopyTo(packet, 32);
        return packet;
    }

    private static byte[] Improv(byte type, byte[] data)
    {
        byte[] frame = new byte[ImprovFrame.MaxBytes];
        return frame[..ImprovFrame.Write(type, data, data.Length, frame)];
    }

    private sealed class Lines : IReportOutput
    {
        public List<string> All { get; } = [];

        public void WriteLine(string line) => All.Add(line);
    }
}
