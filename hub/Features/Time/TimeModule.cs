using System.Globalization;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Time;

/// <summary>Tells the hub's clock (XEP-0202): a thing without SNTP may set its own by it.</summary>
public sealed class TimeModule : IXmppModule
{
    /// <inheritdoc/>
    public string Name => "Time";

    /// <inheritdoc/>
    public Xep[] Xeps => [new("XEP-0202", "Entity Time", "2.0")];

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        TimeProvider clock = module.Hub.Time;
        module.Domain.Feature(Ns.Time).Iq(StanzaType.Get, "time", Ns.Time, (_, _) =>
        {
            DateTimeOffset now = clock.GetLocalNow();
            using var xml = new XmlBuilder();
            xml.Open("time"u8, Ns.Time).Text("tzo"u8, now.ToString("zzz", CultureInfo.InvariantCulture));
            xml.Text("utc"u8, now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
            return IqReply.Result(xml.Close("time"u8));
        });
    }
}
