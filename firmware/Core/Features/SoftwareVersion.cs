using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Features;

/// <summary>Answers which software this is (XEP-0092).</summary>
public sealed class SoftwareVersion : IStanzaHandler
{
    private static readonly XmlName Query = new XmlName(Ns.Version, "query");

    private readonly string _name;
    private readonly string _version;
    private readonly string _system;

    /// <summary>The answer.</summary>
    /// <param name="name">Name of the software.</param>
    /// <param name="version">Its version.</param>
    /// <param name="system">The operating system or board; null to keep it to ourselves.</param>
    public SoftwareVersion(string name, string version, string system)
    {
        _name = name;
        _version = version;
        _system = system;
    }

    /// <summary>Answers for this client, and tells so in disco.</summary>
    public void Register(XmppClient client, DiscoInfo disco)
    {
        client.AddIqHandler(Query, this);
        disco.AddFeature(Ns.Version);
    }

    /// <inheritdoc/>
    public bool Handle(XmppClient client, Stanza stanza)
    {
        if (!stanza.TypeIs("get"))
        {
            return false;
        }
        StanzaWriter writer = client.BeginResult(stanza).Start(Query).Element("name", _name).Element("version", _version);
        if (_system != null)
        {
            writer.Element("os", _system);
        }
        client.Commit();
        return true;
    }
}

/// <summary>Answers what time it is here (XEP-0202), in UTC.</summary>
public sealed class EntityTime : IStanzaHandler
{
    private static readonly XmlName Time = new XmlName(Ns.Time, "time");

    private readonly IWallClock _clock;

    /// <summary>The time of this clock.</summary>
    public EntityTime(IWallClock clock)
    {
        _clock = clock;
    }

    /// <summary>Answers for this client, and tells so in disco.</summary>
    public void Register(XmppClient client, DiscoInfo disco)
    {
        client.AddIqHandler(Time, this);
        disco.AddFeature(Ns.Time);
    }

    /// <inheritdoc/>
    public bool Handle(XmppClient client, Stanza stanza)
    {
        if (!stanza.TypeIs("get"))
        {
            return false;
        }
        client.BeginResult(stanza).Start(Time).Element("tzo", "+00:00").Start("utc").TimeText(_clock.UtcNowMs);
        client.Commit();
        return true;
    }
}
