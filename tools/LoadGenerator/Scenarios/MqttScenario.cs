using IotXmpp.LoadGenerator.Measure;
using IotXmpp.LoadGenerator.Mqtt;
using IotXmpp.LoadGenerator.Net;
using IotXmpp.LoadGenerator.Xmpp;

namespace IotXmpp.LoadGenerator.Scenarios;

/// <summary>MQTT, for comparison: each lane is a topic with one publisher and so many subscribers.</summary>
internal sealed class MqttScenario(EventLoop loop, LoadSettings settings, Meter meter) : Scenario(loop, settings, meter)
{
    public override async Task Run()
    {
        var group = 1 + Settings.Fanout;
        var sessions = new MqttSession[Settings.Pairs * group];
        await InParallel(sessions.Length, i => Login(sessions[i] = NewMqttSession(i)));
        Progress($"{sessions.Length} sessions are open");
        var lanes = new Lane[Settings.Pairs];
        var pump = new Pump(Loop, Meter, lanes, Settings);
        for (var i = 0; i < lanes.Length; i++)
        {
            var publisher = sessions[i * group];
            var topic = "load/" + i;
            var (template, idAt) = MqttSession.Prepare(topic, Settings.Payload, Settings.Qos);
            var lane = lanes[i] = new Lane
            {
                Send = stamp => publisher.Publish(template, idAt, stamp),
                Fanout = Settings.Fanout,
                Acknowledges = Settings.Qos > 0,
            };
            publisher.Acknowledged = _ => pump.Acknowledged(lane);
            for (var j = 1; j < group; j++)
            {
                var subscriber = sessions[i * group + j];
                await subscriber.Subscribe(topic, Settings.Qos);
                subscriber.Sink = (_, payload, now) =>
                {
                    if (Template.TryRead(payload, out var stamp))
                    {
                        pump.Delivered(lane, stamp, now);
                    }
                };
            }
        }

        await Measure(pump);
        foreach (var session in sessions)
        {
            await session.Leave();
        }
    }
}
