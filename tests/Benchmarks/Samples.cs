using System.Text;

namespace IotXmpp.Benchmarks;

/// <summary>What things really say, as the benchmarks feed it.</summary>
internal static class Samples
{
    public const string StreamHeader = "<stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";

    public static readonly byte[] Message = Encoding.UTF8.GetBytes(
        "<message to='load1@localhost/load1' type='chat' id='m1'><body>~t0000000000000000xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx</body></message>");

    public static readonly byte[] Publish = Encoding.UTF8.GetBytes(
        "<iq type='set' to='pubsub.localhost' id='p7'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='things/esp32-a4cf12/telemetry'><item id='7'>" +
        "<fields xmlns='urn:xmpp:iot:sensordata' seqnr='7'><node nodeId='esp32-a4cf12'><timestamp value='2026-11-20T11:59:30Z'><numeric name='temperature' " +
        "momentary='true' automaticReadout='true' value='21.4' unit='°C'/></timestamp></node></fields></item></publish></pubsub></iq>");

    /// <summary>The same bytes so many times, as one read from a socket may bring them.</summary>
    public static byte[] Repeat(byte[] sample, int count) => [.. Enumerable.Repeat(sample, count).SelectMany(b => b)];
}
