using System.Globalization;
using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Push;

/// <summary>What a service has answered to a notification (XEP-0357 §7.1).</summary>
public enum PushAnswer
{
    /// <summary>It has taken it.</summary>
    Taken,

    /// <summary>It has not, for a reason that may pass: also no answer at all.</summary>
    Failed,

    /// <summary>It does not want any.</summary>
    Refused,
}

/// <summary>The payloads of push notifications (XEP-0357).</summary>
internal static class PushXml
{
    public const string Namespace = "urn:xmpp:push:0";
    public const string PublishOptions = "http://jabber.org/protocol/pubsub#publish-options";

    private const string PubSub = "http://jabber.org/protocol/pubsub";
    private const string Summary = "urn:xmpp:push:summary";

    /// <summary>A notification (§7): the content of the request that publishes it.</summary>
    public static byte[] Publish(PushTarget target, string text)
    {
        PushRegistration registration = target.Registration;
        var form = new DataForm(FormType.Submit, Summary);
        form.Add(Field("message-count", target.Messages.ToString(CultureInfo.InvariantCulture)));
        if (target.Subscriptions > 0)
        {
            form.Add(Field("pending-subscription-count", target.Subscriptions.ToString(CultureInfo.InvariantCulture)));
        }

        if (target.Sender is { } sender)
        {
            form.Add(Field("last-message-sender", sender));
        }

        if (target.Messages > 0 && (target.Text ?? text) is { Length: > 0 } body)
        {
            form.Add(Field("last-message-body", body));
        }

        using var xml = new XmlBuilder();
        xml.Open("pubsub"u8, PubSub).Open("publish"u8).Attribute("node"u8, registration.Node.Length > 0 ? registration.Node : null).Open("item"u8);
        xml.Open("notification"u8, Namespace).Raw(form.ToBytes()).Close("notification"u8).Close("item"u8).Close("publish"u8);
        if (registration.Options.Length > 0)
        {
            xml.Open("publish-options"u8).Raw(registration.Options).Close("publish-options"u8);
        }

        return xml.Close("pubsub"u8).ToArray();
    }

    /// <summary>What an answer says; null is no answer.</summary>
    public static PushAnswer Judge(Stanza? answer)
    {
        if (answer is null)
        {
            return PushAnswer.Failed;
        }

        if (answer.Type == StanzaType.Result)
        {
            return PushAnswer.Taken;
        }

        XmlSpanReader reader = answer.ReadInner();
        while (reader.Read())
        {
            if (reader.IsStart("error"u8, "jabber:client"u8))
            {
                Element error = Element.Read(ref reader);
                string? condition = error.Children.FirstOrDefault(c => c.Namespace == Ns.StanzaErrors && c.Name != "text")?.Name;
                // Its server is not there, or it has too much to do: it may be there tomorrow.
                return error["type"] == "wait" || condition is "internal-server-error" or "remote-server-not-found" or "remote-server-timeout" or "resource-constraint" or "service-unavailable" or "recipient-unavailable"
                    ? PushAnswer.Failed
                    : PushAnswer.Refused;
            }

            if (reader.Node == XmlNode.Start)
            {
                reader.Skip();
            }
        }

        return PushAnswer.Refused;
    }

    /// <summary>The node of which a service says that the account may not publish to it any more (§8); null where the message says nothing like that.</summary>
    public static string? RemovedNode(Stanza message, Jid account)
    {
        XmlSpanReader reader = message.ReadInner();
        while (reader.Read())
        {
            if (reader.IsStart("pubsub"u8, "http://jabber.org/protocol/pubsub"u8))
            {
                Element pubsub = Element.Read(ref reader);
                return pubsub["node"] is { } node && pubsub.Children.Any(a => a.Name == "affiliation" && a["affiliation"] == "none" && a["jid"] == account.ToString()) ? node : null;
            }

            if (reader.Node == XmlNode.Start)
            {
                reader.Skip();
            }
        }

        return null;
    }

    private static FormField Field(string name, string value) => new(name) { Values = [value] };
}
