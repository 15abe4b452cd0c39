using System.Text;
using IotXmpp.Core.Tests.Kit;
using IotXmpp.Core.Tests.Streams;
using IotXmpp.Features;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Core.Tests.Features;

/// <summary>The sizes that the wire profile promises, in bytes before TLS.</summary>
public sealed class SizeTests
{
    private static readonly Jid Service = new(null, "pubsub.example.org", null);
    private static readonly Jid Thing = new("esp32-a4cf12", "example.org", "thing");

    [Theory]
    [InlineData(1, 400)]
    [InlineData(10, 1500)]
    public void A_publish(int samples, int bound)
    {
        var h = new Harness().Online();
        h.Sent();
        var writer = PubSub.BeginPublish(h.Client, Service, "things/esp32-a4cf12/telemetry", null, null, null);
        SensorData.Begin(writer, 7, false);
        SensorData.BeginNode(writer, "esp32-a4cf12");
        for (var i = 0; i < samples; i++)
        {
            SensorData.BeginTime(writer, 1795175970000 + i * 60000);
            SensorData.Numeric(writer, "temperature", 21.4, 1, "°C", SensorData.Sample);
            writer.End();
        }
        Assert.Equal(SendResult.Sent, h.Client.Commit());
        Assert.InRange(Encoding.UTF8.GetByteCount(h.Sent()), 1, bound);
    }

    [Fact]
    public void A_control_command_and_its_answer()
    {
        var thing = new Harness().OnlinePlain();
        new Control(new Relay(), new CommandLog(new TestSettings())).Register(thing.Client, new DiscoInfo(thing.Hash, "n"));
        var operatorSide = new Harness().OnlinePlain();
        Control.Write(Control.BeginSet(operatorSide.Client.BeginIq("set", Thing, null, null), null), "relay", FieldKind.Boolean, "1");
        operatorSide.Client.Commit();
        var request = operatorSide.Sent().Replace("<iq ", "<iq from='bob@example.org/x' ", StringComparison.Ordinal);
        thing.Server(request);
        Assert.InRange(request.Length + thing.Sent().Length, 1, 260);
    }

    [Fact]
    public void A_ping_and_its_answer()
    {
        var h = new Harness().OnlinePlain();
        h.After(60000);
        var ping = h.Sent();
        var answer = $"<iq type='result' id='{StreamManagementTests.Id(ping)}' to='{Thing}'/>";
        Assert.InRange(ping.Length + answer.Length, 1, 120);
    }

    private sealed class Relay : IControlTarget
    {
        public ControlParameter[] Parameters(string nodeId) => [new ControlParameter("relay", FieldKind.Boolean, "Relay")];

        public string Current(string nodeId, ControlParameter parameter) => "true";

        public ControlFailure? Set(ControlCommand command) => null;
    }
}
