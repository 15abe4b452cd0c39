using IotXmpp.LoadGenerator.Measure;
using IotXmpp.LoadGenerator.Net;

namespace IotXmpp.LoadGenerator.Scenarios;

/// <summary>
/// Log in, become available, log out, again and again, so many at a time. The warm-up logs every account in once, so that SCRAM keys are
/// derived before the clock runs.
/// </summary>
internal sealed class LoginScenario(EventLoop loop, LoadSettings settings, Meter meter) : Scenario(loop, settings, meter)
{
    /// <summary>Sessions that say good-bye while others log in; a server that closes slowly holds new log-ins back only past this.</summary>
    private const int MaxLeaving = 1_000;

    private int _leaving;
    private bool _stop;
    private int _next;

    public override async Task Run()
    {
        if (Settings.Protocol == Protocol.Xmpp && Settings.Sasl != SaslChoice.Plain)
        {
            Progress($"deriving keys of {Accounts.Count} accounts");
            await InParallel(Accounts.Count, i => Once(i));
        }

        var workers = Enumerable.Range(0, Settings.Parallel).Select(_ => Worker()).ToArray();
        await Loop.Delay(TimeSpan.FromSeconds(Settings.WarmUpSeconds));
        Progress($"measuring {Settings.Seconds} s");
        Meter.Begin();
        await Loop.Delay(TimeSpan.FromSeconds(Settings.Seconds));
        Meter.End();
        _stop = true;
        await Task.WhenAll(workers);
        await Loop.Until(() => _leaving == 0, Settings.Bound);
    }

    private async Task Worker()
    {
        while (!_stop)
        {
            try
            {
                await Once(_next++);
            }
            catch (LoadException e)
            {
                Meter.Errors.Add(e.Message);

                // A server that refuses at once is not hammered.
                await Loop.Delay(TimeSpan.FromMilliseconds(100));
            }
        }
    }

    private async Task Once(int index)
    {
        Loop.Refresh();
        var begun = Loop.Now;
        Meter.Sent++;
        if (Settings.Protocol == Protocol.Mqtt)
        {
            var session = NewMqttSession(index);
            await Login(session);
            Loop.Refresh();
            Meter.Deliver(begun, Loop.Now);
            await session.Leave();
        }
        else
        {
            var session = NewSession(index);
            session.Sink = Answer;
            await Login(session);
            Loop.Refresh();
            Meter.Deliver(begun, Loop.Now);
            if (Settings.Presence)
            {
                session.Write("<presence/>"u8);
            }

            _ = Leave(session);
            if (_leaving >= MaxLeaving)
            {
                await Loop.Until(() => _leaving < MaxLeaving, Settings.Bound);
            }
        }
    }

    private async Task Leave(Xmpp.XmppSession session)
    {
        _leaving++;
        await session.Leave();
        _leaving--;
    }
}
