using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Features;

/// <summary>A thing's presence: capabilities and status (wire profile, Presence is liveness). Set what is known, then send.</summary>
public sealed class ThingPresence
{
    private static readonly XmlName Thing = new XmlName(Ns.Thing, "thing");
    private static readonly XmlName SleepName = new XmlName(Ns.Thing, "sleep");

    /// <summary>A number that is not known.</summary>
    public const int Unknown = int.MinValue;

    private readonly DiscoInfo _disco;

    /// <summary>A presence with these capabilities; null sends none.</summary>
    public ThingPresence(DiscoInfo disco)
    {
        _disco = disco;
    }

    /// <summary>Version of the firmware; null for none.</summary>
    public string Firmware { get; set; }

    /// <summary>Why it started: <c>power-on</c>, <c>brownout</c>, <c>watchdog</c>, <c>panic</c>, <c>software</c> or <c>deep-sleep</c>; null when not known.</summary>
    public string Boot { get; set; }

    /// <summary>Signal in dBm.</summary>
    public int Rssi { get; set; } = Unknown;

    /// <summary>Free heap in bytes.</summary>
    public int Heap { get; set; } = Unknown;

    /// <summary>Battery in percent.</summary>
    public int Battery { get; set; } = Unknown;

    /// <summary>Why the thing is in safe mode, for people; null when it is not. Also told as <c>&lt;status/&gt;</c>, for any client.</summary>
    public string Safe { get; set; }

    /// <summary>Samples that were lost before the hub had them, ever; told when there are any.</summary>
    public long Dropped { get; set; }

    /// <summary>Sends the presence.</summary>
    public SendResult Send(XmppClient client)
    {
        StanzaWriter writer = client.BeginPresence(null, null);
        if (Safe != null)
        {
            writer.Element("status", "safe mode: " + Safe);
        }
        if (_disco != null)
        {
            _disco.WriteCaps(writer);
        }
        writer.Start(Thing).Attribute("fw", Firmware).Attribute("boot", Boot);
        Number(writer, "rssi", Rssi);
        Number(writer, "heap", Heap);
        Number(writer, "bat", Battery);
        writer.Attribute("keepalive", client.Options.KeepAliveSeconds).Attribute("safe", Safe);
        if (Dropped > 0)
        {
            writer.Attribute("dropped", Dropped);
        }
        return client.Commit();
    }

    /// <summary>Says that the thing sleeps until a time (milliseconds since 1970); then stop the client.</summary>
    public static SendResult SendSleep(XmppClient client, long untilUnixMs)
    {
        client.BeginPresence(null, "unavailable").Start(SleepName).TimeAttribute("until", untilUnixMs);
        return client.Commit();
    }

    /// <summary>Reads the status out of a presence that is being handled; null when it carries none.</summary>
    public static ThingStatus Read(Stanza presence)
    {
        XmlPullParser parser = presence.Open();
        int depth = parser.Depth;
        ThingStatus status = null;
        while (parser.NextChild(depth))
        {
            bool sleep = parser.Is(SleepName);
            if (!sleep && !parser.Is(Thing))
            {
                continue;
            }
            status = status == null ? new ThingStatus() : status;
            if (sleep)
            {
                status.HasSleep = TimeFormat.TryParse(parser.Attribute("until"), out long until);
                status.SleepUntilMs = until;
                continue;
            }
            status.Firmware = parser.Attribute("fw");
            status.Boot = parser.Attribute("boot");
            status.State = parser.Attribute("state");
            status.Reason = parser.Attribute("reason");
            status.Rssi = Number(parser, "rssi");
            status.Heap = Number(parser, "heap");
            status.Battery = Number(parser, "bat");
            status.KeepAliveSeconds = Number(parser, "keepalive");
            status.Safe = parser.Attribute("safe");
            status.Dropped = parser.TryAttribute("dropped", out long dropped) && dropped > 0 ? dropped : 0;
        }
        return status;
    }

    private static void Number(StanzaWriter writer, string name, int value)
    {
        if (value != Unknown)
        {
            writer.Attribute(name, value);
        }
    }

    private static int Number(XmlPullParser parser, string name)
    {
        return parser.TryAttribute(name, out long value) && value > int.MinValue && value <= int.MaxValue ? (int)value : Unknown;
    }
}

/// <summary>What a thing's presence says. Texts are null and numbers <see cref="ThingPresence.Unknown"/> where it says nothing.</summary>
public sealed class ThingStatus
{
    /// <summary>Version of the firmware.</summary>
    public string Firmware { get; set; }

    /// <summary>Why it started.</summary>
    public string Boot { get; set; }

    /// <summary>The hub's state: <c>online</c>, <c>resuming</c>, <c>sleeping</c>, <c>overdue</c>, <c>offline</c>.</summary>
    public string State { get; set; }

    /// <summary>The hub's reason for it.</summary>
    public string Reason { get; set; }

    /// <summary>Signal in dBm.</summary>
    public int Rssi { get; set; } = ThingPresence.Unknown;

    /// <summary>Free heap in bytes.</summary>
    public int Heap { get; set; } = ThingPresence.Unknown;

    /// <summary>Battery in percent.</summary>
    public int Battery { get; set; } = ThingPresence.Unknown;

    /// <summary>Seconds between signs of life.</summary>
    public int KeepAliveSeconds { get; set; } = ThingPresence.Unknown;

    /// <summary>Why it is in safe mode; null when it is not.</summary>
    public string Safe { get; set; }

    /// <summary>Samples that were lost before the hub had them, ever.</summary>
    public long Dropped { get; set; }

    /// <summary>Whether it says until when it sleeps.</summary>
    public bool HasSleep { get; set; }

    /// <summary>Until when it sleeps, in milliseconds since 1970.</summary>
    public long SleepUntilMs { get; set; }
}
