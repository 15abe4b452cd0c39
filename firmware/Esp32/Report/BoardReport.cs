using IotXmpp.Features;
using IotXmpp.Things;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Esp32;

/// <summary>Tells on the serial line what radio, clock, client and thing do, each change once, in the words of <see cref="SerialReport"/>.</summary>
internal sealed class BoardReport : IClientListener, IThingObserver, IOwnerListener, IStanzaHandler
{
    private readonly SerialReport _report;
    private readonly IRadio _radio;
    private readonly ClockKeeper _clock;
    private readonly NetworkSettings _network;
    private readonly string _timeServer;
    private bool _up;
    private bool _clockSet;
    private bool _online;
    private int _failures;
    private int _refusedTimes;
    private string _lastReason = string.Empty;

    public BoardReport(SerialReport report, IRadio radio, ClockKeeper clock, NetworkSettings network, string timeServer)
    {
        _report = report;
        _radio = radio;
        _clock = clock;
        _network = network;
        _timeServer = timeServer;
    }

    /// <summary>Is told the same as the serial line; null for nobody.</summary>
    public IThingObserver Next { get; set; }

    /// <summary>Looks at radio and clock.</summary>
    /// <param name="link">The radio's state machine.</param>
    public void Step(WifiLink link)
    {
        if (link.IsUp != _up)
        {
            _up = link.IsUp;
            if (_up)
            {
                _report.Write(SerialReport.WifiUp, "ssid", _radio.Ssid, "address", _radio.Address, "dbm", _radio.SignalDbm.ToString());
            }
            else
            {
                _report.Write(SerialReport.WifiLost, "ssid", _radio.Ssid);
            }
        }

        if (link.Failures != _failures)
        {
            if (link.Failures > _failures)
            {
                string reason = _radio.Failure;
                _report.Write(SerialReport.WifiRefused, "ssid", _radio.Ssid, "reason", reason.Length == 0 ? "timeout" : reason);
            }

            _failures = link.Failures;
        }

        if (_clock.IsSet && !_clockSet)
        {
            _clockSet = true;
            _report.Write(SerialReport.ClockSet, "utc", TimeFormat.Text(_clock.UtcNowMs), "server", _timeServer);
        }

        if (_clock.Refused != _refusedTimes)
        {
            _refusedTimes = _clock.Refused;
            _report.Write(SerialReport.ClockFailed, "server", _timeServer, "reason", "it tells a time before the last known one");
        }
    }

    /// <summary>A trial of network settings has ended.</summary>
    /// <param name="outcome">How, for people.</param>
    public void Trial(string outcome)
    {
        _report.Write(SerialReport.WifiConnecting, "ssid", _radio.Ssid, "reason", outcome);
    }

    /// <inheritdoc/>
    public void StateChanged(XmppClient client, ClientState state)
    {
        if (state == ClientState.Connecting)
        {
            _report.Write(SerialReport.HubConnecting, "host", _network.Host, "port", _network.Port.ToString());
        }
    }

    /// <inheritdoc/>
    public void SessionStarted(XmppClient client, bool resumed)
    {
        _online = true;
        _lastReason = string.Empty;
        _report.Write(SerialReport.Online, "jid", client.Jid.ToString());
    }

    /// <inheritdoc/>
    public void ConnectionLost(XmppClient client, ClientError reason)
    {
        string text = reason.ToString();
        if (_online)
        {
            _online = false;
            _report.Write(SerialReport.Offline, "reason", text);
        }
        else if (reason.Kind == ClientErrorKind.Authentication || reason.Kind == ClientErrorKind.Policy)
        {
            _report.Write(SerialReport.HubRefused, "jid", client.Options.Account.ToString(), "reason", text);
        }
        else if (reason.Text.StartsWith(BoardSocket.Untrusted))
        {
            _report.Write(SerialReport.HubUntrusted, "host", _network.Host, "reason", reason.Text);
        }
        else if (text != _lastReason)
        {
            // One line for one reason, not one for each attempt.
            _lastReason = text;
            _report.Write(SerialReport.HubUnreachable, "host", _network.Host, "port", _network.Port.ToString(), "reason", text);
        }
    }

    /// <inheritdoc/>
    public void Undelivered(XmppClient client, byte[] buffer, int offset, int count)
    {
        // What must not be lost waits in the ring.
    }

    /// <inheritdoc/>
    public bool Handle(XmppClient client, Stanza stanza)
    {
        _report.Received(stanza.Buffer, stanza.Offset, stanza.Count);
        return false;
    }

    /// <inheritdoc/>
    public void UplinkChanged(bool online, string reason)
    {
        if (Next != null)
        {
            Next.UplinkChanged(online, reason);
        }
    }

    /// <inheritdoc/>
    public void Sampled(Sample sample)
    {
        if (Next != null)
        {
            Next.Sampled(sample);
        }
    }

    /// <inheritdoc/>
    public void Published(int samples)
    {
        _report.Write(SerialReport.Published, "samples", samples.ToString());
        if (Next != null)
        {
            Next.Published(samples);
        }
    }

    /// <inheritdoc/>
    public void PublishRefused(string reason)
    {
        if (Next != null)
        {
            Next.PublishRefused(reason);
        }
    }

    /// <inheritdoc/>
    public void Controlled(string from, string parameter, string value, string error)
    {
        if (Next != null)
        {
            Next.Controlled(from, parameter, value, error);
        }
    }

    /// <inheritdoc/>
    public void OwnerChanged(Jid owner)
    {
        _report.Write(SerialReport.Owner, "jid", owner == null ? string.Empty : owner.ToString());
    }

    /// <inheritdoc/>
    public void Sleeping(long untilUtcMs)
    {
        _report.Write(SerialReport.Sleeping, "until", TimeFormat.Text(untilUtcMs));
        if (Next != null)
        {
            Next.Sleeping(untilUtcMs);
        }
    }
}
