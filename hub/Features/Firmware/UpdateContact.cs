using System.Text;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Firmware;

/// <summary>Speaks to things of their updates, as <c>things.&lt;domain&gt;</c>.</summary>
internal sealed class UpdateContact(IHub hub, Jid service, FirmwareOptions options) : IUpdateContact
{
    /// <inheritdoc/>
    public Task<(UpdateAnswer Answer, string Text)> OfferAsync(string thing, string offerId, FirmwareManifest manifest, int trialSeconds, CancellationToken cancel)
    {
        using var xml = new XmlBuilder();
        xml.Open("update"u8, Ns.Ota).Attribute("id"u8, offerId);
        FirmwareXml.WriteManifest(xml, manifest, "image"u8);
        return AskAsync(thing, xml.Attribute("trial"u8, trialSeconds).Close("update"u8).ToArray(), cancel);
    }

    /// <inheritdoc/>
    public Task<(UpdateAnswer Answer, string Text)> CommitAsync(string thing, string offerId, CancellationToken cancel)
    {
        using var xml = new XmlBuilder();
        return AskAsync(thing, xml.Open("commit"u8, Ns.Ota).Attribute("id"u8, offerId).Close("commit"u8).ToArray(), cancel);
    }

    private async Task<(UpdateAnswer Answer, string Text)> AskAsync(string thing, byte[] payload, CancellationToken cancel)
    {
        // A thing binds the resource "thing" (wire profile, addresses).
        if (!hub.Sessions.TryGet(new Jid(thing, hub.Domain.Domain, "thing"), out Session? session) || !session.IsConnected)
        {
            return (UpdateAnswer.Silent, "");
        }

        Stanza? answer = await hub.Router.AskAsync(new OutgoingStanza(StanzaKind.Iq, StanzaType.Set, service, payload), session.Jid, TimeSpan.FromSeconds(options.AnswerSeconds), cancel).ConfigureAwait(false);
        if (answer is null)
        {
            return (UpdateAnswer.Silent, "");
        }

        return answer.Type == StanzaType.Result ? (UpdateAnswer.Accepted, "") : Refusal(answer);
    }

    private static (UpdateAnswer Answer, string Text) Refusal(Stanza answer)
    {
        Element whole = Element.Parse(answer.ToBytes(), Encoding.UTF8.GetBytes(Ns.Client));
        Element? error = whole.Children.FirstOrDefault(c => c.Name == "error");
        string condition = error?.Children.FirstOrDefault(c => c.Namespace == Ns.StanzaErrors && c.Name != "text")?.Name ?? "undefined-condition";
        string text = FirmwareXml.Plain(error?.Child("text", Ns.StanzaErrors)?.Text ?? "");

        // RFC 6120 §8.3.2: what passes by itself is of type wait; the hub bounces so for a session that has just gone.
        return error?["type"] == "wait" && condition is not "resource-constraint" || condition is "recipient-unavailable" or "remote-server-timeout" || (condition == "service-unavailable" && text.Length == 0 && error?["by"] is not null)
            ? (UpdateAnswer.Silent, "")
            : (UpdateAnswer.Refused, text.Length > 0 ? $"{condition}: {text}" : condition == "service-unavailable" ? "the thing takes no updates" : condition);
    }
}
