using IotXmpp.LoadGenerator.Measure;
using IotXmpp.LoadGenerator.Net;

namespace IotXmpp.LoadGenerator.Scenarios;

/// <summary>Sessions that are online and silent: what does one cost in memory, and all together in CPU?</summary>
internal sealed class IdleScenario(EventLoop loop, LoadSettings settings, Meter meter) : Scenario(loop, settings, meter)
{
    public override async Task Run()
    {
        var count = Settings.Sessions;
        var half = count / 2;
        var xmpp = new Xmpp.XmppSession[count];
        var mqtt = new Mqtt.MqttSession[count];

        async Task Open(int i)
        {
            if (Settings.Protocol == Protocol.Mqtt)
            {
                await Login(mqtt[i] = NewMqttSession(i));
                return;
            }

            var session = xmpp[i] = NewSession(i);
            session.Sink = Answer;
            await Login(session);
            if (Settings.Presence)
            {
                session.Write("<presence/>"u8);
            }
        }

        await InParallel(half, Open);
        await Hold(Math.Min(3, Settings.WarmUpSeconds));
        Meter.SampleHalf(half);
        Progress($"{half} sessions are open");
        await InParallel(count - half, i => Open(half + i));
        Progress($"{count} sessions are open");
        await Hold(Settings.WarmUpSeconds);
        Meter.Begin();
        await Hold(Settings.Seconds);
        Meter.End();
        Meter.SampleFull(count);
        if (Settings.Protocol == Protocol.Mqtt)
        {
            foreach (var session in mqtt)
            {
                await session.Leave();
            }
        }
        else
        {
            await LeaveAll(xmpp);
        }
    }

    private Task Hold(double seconds) => Loop.Delay(TimeSpan.FromSeconds(seconds));
}
