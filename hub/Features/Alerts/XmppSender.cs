using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Alerts;

/// <summary>
/// Alerts as messages: a text for people, <c>alert</c> elements for programs. The messages of one alert are a thread (RFC 6121 §5.2.5), and the one that it is over replies to the one that it was raised (XEP-0461).
/// Who is away finds them later, as any message.
/// </summary>
/// <param name="hub">The hub.</param>
/// <param name="service">From whom: <c>things.&lt;domain&gt;</c>.</param>
public sealed class XmppSender(IHub hub, Jid service) : IAlertSender
{
    /// <inheritdoc/>
    public async Task<DeliveryAnswer> SendAsync(AlertNotice notice, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(notice);
        if (!Addresses.JidPrep.TryParse(notice.Target.Address, out Jid? to))
        {
            return DeliveryAnswer.Never("this is no address");
        }

        if (to.Domain == hub.Domain.Domain && !await hub.Accounts.ExistsAsync(to.Local, cancel).ConfigureAwait(false))
        {
            return DeliveryAnswer.Never("there is no such account");
        }

        using XmlBuilder xml = Compose(notice, to);
        try
        {
            await hub.Router.RouteAsync(Stanza.Parse(xml.ToArray(), service, to)).ConfigureAwait(false);
            return DeliveryAnswer.Sent;
        }
        catch (StorageException e)
        {
            return DeliveryAnswer.NotNow(e.Message);
        }
    }

    private XmlBuilder Compose(AlertNotice notice, Jid to)
    {
        var xml = new XmlBuilder();
        xml.Open("message"u8).Attribute("type"u8, "chat"u8).Attribute("id"u8, notice.Key).Text("body"u8, notice.Text());
        (Alert first, DeliveryEvent what) = notice.Events[0];
        if (!notice.IsDigest)
        {
            xml.Text("thread"u8, $"alert-{first.Id}");
            if (what == DeliveryEvent.Cleared)
            {
                xml.Open("reply"u8, "urn:xmpp:reply:0").Attribute("to"u8, service.ToString()).Attribute("id"u8, AlertDelivery.KeyOf(first.Id, DeliveryEvent.Raised)).Close("reply"u8);
            }
        }

        foreach ((Alert alert, DeliveryEvent _) in notice.Events.Take(AlertNotice.Named))
        {
            AlertXml.Write(xml, alert);
        }

        return xml.Close("message"u8);
    }
}
