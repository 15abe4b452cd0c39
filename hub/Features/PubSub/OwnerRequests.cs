using System.Text;
using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;
using static IotXmpp.Hub.Features.PubSub.PubSubRequests;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>Requests of owners (XEP-0060 §8, namespace <c>pubsub#owner</c>) as calls of the service, its outcomes as answers.</summary>
internal sealed class OwnerRequests(PubSubService service)
{
    /// <summary>configure, default, subscriptions, affiliations.</summary>
    public ValueTask<IqReply> GetAsync(IqRequest request, CancellationToken cancel) => Guarded(GetCoreAsync(request, cancel));

    /// <summary>configure, delete, purge, collection, subscriptions, affiliations.</summary>
    public ValueTask<IqReply> SetAsync(IqRequest request, CancellationToken cancel) => Guarded(SetCoreAsync(request, cancel));

    private async ValueTask<IqReply> GetCoreAsync(IqRequest request, CancellationToken cancel)
    {
        Element? action = request.Payload().FirstChild;
        string? node = action?["node"];
        switch (action?.Name)
        {
            case "configure":
                return Answer(
                    await service.Owner.ConfigurationAsync(request.From, node, cancel).ConfigureAwait(false),
                    form => PubSubXml.PubSub(Ns.PubSubOwner, xml =>
                    {
                        xml.Open("configure"u8).Attribute("node"u8, node);
                        form.WriteTo(xml);
                        xml.Close("configure"u8);
                    }));
            case "default":
                return Answer(service.Owner.DefaultForm(action["type"]), form => PubSubXml.PubSub(Ns.PubSubOwner, xml =>
                {
                    xml.Open("default"u8);
                    form.WriteTo(xml);
                    xml.Close("default"u8);
                }));
            case "subscriptions":
                return Answer(
                    await service.Lists.SubscriptionsAsync(request.From, node, cancel).ConfigureAwait(false),
                    all => PubSubXml.PubSub(Ns.PubSubOwner, xml =>
                    {
                        xml.Open("subscriptions"u8).Attribute("node"u8, node);
                        foreach (Subscription subscription in all)
                        {
                            PubSubXml.Subscription(xml, null, subscription);
                        }

                        xml.Close("subscriptions"u8);
                    }));
            case "affiliations":
                return Answer(
                    await service.Lists.AffiliationsAsync(request.From, node, cancel).ConfigureAwait(false),
                    all => PubSubXml.PubSub(Ns.PubSubOwner, xml =>
                    {
                        xml.Open("affiliations"u8).Attribute("node"u8, node);
                        foreach ((string jid, Affiliation affiliation) in all)
                        {
                            xml.Open("affiliation"u8).Attribute("jid"u8, jid).Attribute("affiliation"u8, PubSubXml.Token(affiliation)).Close("affiliation"u8);
                        }

                        xml.Close("affiliations"u8);
                    }));
            default:
                return StanzaError.BadRequest;
        }
    }

    private async ValueTask<IqReply> SetCoreAsync(IqRequest request, CancellationToken cancel)
    {
        Element? action = request.Payload().FirstChild;
        string? node = action?["node"];
        switch (action?.Name)
        {
            case "configure":
                return TryForm(action, out DataForm? form) && form is not null
                    ? Answer(await service.Owner.ConfigureAsync(request.From, node, form, cancel).ConfigureAwait(false))
                    : StanzaError.BadRequest;
            case "delete":
                return Answer(await service.Owner.DeleteAsync(request.From, node, action.Child("redirect")?["uri"], cancel).ConfigureAwait(false));
            case "purge":
                return Answer(await service.Owner.PurgeAsync(request.From, node, cancel).ConfigureAwait(false));
            case "collection":
                return await CollectionAsync(request, action, cancel).ConfigureAwait(false);
            case "subscriptions":
                return await SetSubscriptionsAsync(request, action, cancel).ConfigureAwait(false);
            case "affiliations":
                return await SetAffiliationsAsync(request, action, cancel).ConfigureAwait(false);
            default:
                return StanzaError.BadRequest;
        }
    }

    // XEP-0248 §7.5–7.6
    private async ValueTask<IqReply> CollectionAsync(IqRequest request, Element collection, CancellationToken cancel)
    {
        Element? change = collection.FirstChild;
        return change?.Name switch
        {
            "associate" => Answer(await service.Collections.AssociateAsync(request.From, collection["node"], change["node"], cancel).ConfigureAwait(false)),
            "dissociate" => Answer(await service.Collections.DissociateAsync(request.From, collection["node"], change["node"], cancel).ConfigureAwait(false)),
            _ => StanzaError.BadRequest,
        };
    }

    private async ValueTask<IqReply> SetSubscriptionsAsync(IqRequest request, Element action, CancellationToken cancel)
    {
        var changes = new List<SubscriptionChange>();
        foreach (Element change in action.Children)
        {
            if (!change.Is("subscription", Ns.PubSubOwner) || !TryJid(change, out Jid? jid) || jid is null)
            {
                return StanzaError.BadRequest;
            }

            if (change["subscription"] is { } token)
            {
                changes.Add(new SubscriptionChange(jid, PubSubXml.TryState(token, out SubscriptionState state) ? state : null, change["subid"]));
            } // §8.8.2.1: without the attribute nothing is changed
        }

        var refused = new List<Subscription>();
        PubSubError? error = await service.Lists.SetSubscriptionsAsync(request.From, action["node"], changes, refused, cancel).ConfigureAwait(false);
        return Listed(error, refused.Count, "subscriptions", action["node"], xml =>
        {
            foreach (Subscription subscription in refused)
            {
                PubSubXml.Subscription(xml, null, subscription);
            }
        });
    }

    private async ValueTask<IqReply> SetAffiliationsAsync(IqRequest request, Element action, CancellationToken cancel)
    {
        var changes = new List<(Jid, Affiliation?)>();
        foreach (Element change in action.Children)
        {
            if (!change.Is("affiliation", Ns.PubSubOwner) || !TryJid(change, out Jid? jid) || jid is null || change["affiliation"] is null)
            {
                return StanzaError.BadRequest;
            }

            changes.Add((jid, PubSubXml.TryAffiliation(change["affiliation"], out Affiliation affiliation) ? affiliation : null));
        }

        var refused = new List<(Jid Jid, Affiliation Affiliation)>();
        PubSubError? error = await service.Lists.SetAffiliationsAsync(request.From, action["node"], changes, refused, cancel).ConfigureAwait(false);
        return Listed(error, refused.Count, "affiliations", action["node"], xml =>
        {
            foreach ((Jid jid, Affiliation affiliation) in refused)
            {
                xml.Open("affiliation"u8).Attribute("jid"u8, jid.ToString()).Attribute("affiliation"u8, PubSubXml.Token(affiliation)).Close("affiliation"u8);
            }
        });
    }

    // §8.8.2.4, §8.9.2.4: what failed is told as it is; what is not told was done.
    private static IqReply Listed(PubSubError? error, int refused, string list, string? node, Action<XmlBuilder> content)
    {
        if (error is null || refused == 0)
        {
            return Answer(error);
        }

        byte[] name = Encoding.UTF8.GetBytes(list);
        return IqReply.Failed(PubSubXml.Error(error), PubSubXml.PubSub(Ns.PubSubOwner, xml =>
        {
            xml.Open(name).Attribute("node"u8, node);
            content(xml);
            xml.Close(name);
        }));
    }
}
