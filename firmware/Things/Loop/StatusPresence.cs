using IotXmpp.Features;
using IotXmpp.Xmpp;

namespace IotXmpp.Things;

/// <summary>The thing's presence with its status (wire profile, "Presence is liveness"): at the start of a session, and when what it tells has changed much.</summary>
internal sealed class StatusPresence : IStanzaHandler
{
    /// <summary>A change of signal that is told, in dB. Default 10: less is what a hand near the antenna does.</summary>
    private const int SignalStep = 10;

    /// <summary>A change of charge that is told, in percent. Default 5.</summary>
    private const int ChargeStep = 5;

    private readonly ThingPart[] _parts;
    private readonly ThingOptions _options;
    private readonly IBoardStatus _status;
    private readonly ThingPresence _presence;
    private readonly TelemetryRing _ring;
    private long _toldMs;

    public StatusPresence(ThingPart[] parts, ThingOptions options, IBoardStatus status, DiscoInfo disco, TelemetryRing ring)
    {
        _presence = new ThingPresence(disco) { Firmware = options.Firmware, Boot = status.BootReason, Safe = options.SafeMode };
        _ring = ring;
        _parts = parts;
        _options = options;
        _status = status;
    }

    /// <summary>Tells the status now.</summary>
    public void Send(XmppClient client, long nowMs)
    {
        _toldMs = nowMs;
        _presence.Rssi = Signal();
        _presence.Battery = Charge();
        _presence.Heap = Heap();
        _presence.Dropped = _ring.Dropped;
        _presence.Send(client);
    }

    /// <summary>Tells the status when it has changed much, and not too often.</summary>
    public void Step(XmppClient client, long nowMs)
    {
        if (nowMs - _toldMs < _options.StatusIntervalMs || !client.IsOnline)
        {
            return;
        }

        if (_presence.Dropped != _ring.Dropped || Differs(_presence.Rssi, Signal(), SignalStep) || Differs(_presence.Battery, Charge(), ChargeStep) || Heap() < _presence.Heap / 2)
        {
            Send(client, nowMs);
        }
    }

    /// <summary>Grants the owner's asks to see the presence (RFC 6121 §3.1.3); those of others are left to the hub's roster.</summary>
    public bool Handle(XmppClient client, Stanza stanza)
    {
        if (stanza.Kind != StanzaKind.Presence || !stanza.TypeIs("subscribe"))
        {
            return false;
        }

        Jid from = stanza.From;
        if (from == null || _options.Owner == null || !from.Bare.Equals(_options.Owner))
        {
            return false;
        }

        client.BeginPresence(from.Bare, "subscribed");
        client.Commit();
        return true;
    }

    private static bool Differs(int told, int now, int step)
        => told != now && (told == ThingPresence.Unknown || now == ThingPresence.Unknown || told - now >= step || now - told >= step);

    private int Signal()
    {
        int signal = _status.SignalDbm;
        return signal == 0 ? ThingPresence.Unknown : signal;
    }

    private int Heap()
    {
        long heap = _status.FreeHeapBytes;
        return heap < 0 ? ThingPresence.Unknown : heap > int.MaxValue ? int.MaxValue : (int)heap;
    }

    private int Charge()
    {
        for (int i = 0; i < _parts.Length; i++)
        {
            int percent = _parts[i].BatteryPercent;
            if (percent >= 0)
            {
                return percent;
            }
        }

        return ThingPresence.Unknown;
    }
}
