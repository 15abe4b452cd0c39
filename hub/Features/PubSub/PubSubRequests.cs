using System.Globalization;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>Requests as calls of the service, its outcomes as answers.</summary>
internal sealed class PubSubRequests(PubSubService service, IStanzaRouter router)
{
    private static readonly StanzaError Full = StanzaError.ResourceConstraint.With("The database cannot take more now.");

    /// <summary>create, subscribe, unsubscribe, options, publish, retract. Runs beside other publications of the session.</summary>
    public ValueTask<IqReply> SetAsync(IqRequest request, CancellationToken cancel)
    {
        SessionOrder? order = request.Session is null ? null : PubSubSession.Of(request.Session).Order;
        if (!PublishRequest.TryRead(request.Stanza.Bytes, out PublishRequest publish, out PubSubError? error))
        {
            return order is null ? Guarded(SetOthersAsync(request, cancel)) : Guarded(AloneAsync(order, () => SetOthersAsync(request, cancel)));
        }

        if (error is not null)
        {
            return (IqReply)PubSubXml.Error(error);
        }

        if (order is null)
        {
            return Guarded(PublishAsync(request, publish, cancel));
        }

        return publish.Options is null && publish.Node is not null && service.Publisher.IsReady(request.From, publish.Node) && order.TryEnterShared()
            ? Guarded(SharedAsync(order, request, publish, cancel))
            : Guarded(AloneAsync(order, () => PublishAsync(request, publish, cancel)));
    }

    /// <summary>items, subscriptions, affiliations, options, default.</summary>
    public ValueTask<IqReply> GetAsync(IqRequest request, CancellationToken cancel) => Guarded(GetCoreAsync(request, cancel));

    // A full disk or queue is told as what it is; any other failure of the database is the engine's internal-server-error.
    internal static async ValueTask<IqReply> Guarded(ValueTask<IqReply> answer)
    {
        try
        {
            return await answer.ConfigureAwait(false);
        }
        catch (StorageException e) when (e.IsResourceConstraint)
        {
            return Full;
        }
    }

    private static async ValueTask<IqReply> AloneAsync(SessionOrder order, Func<ValueTask<IqReply>> run)
    {
        await order.EnterAloneAsync().ConfigureAwait(false);
        try
        {
            return await run().ConfigureAwait(false);
        }
        finally
        {
            order.LeaveAlone();
        }
    }

    internal static IqReply Answer(PubSubError? error) => error is null ? IqReply.Empty : PubSubXml.Error(error);

    internal static IqReply Answer<T>(Outcome<T> outcome, Func<T, byte[]> write) => outcome.Error is not null ? PubSubXml.Error(outcome.Error) : IqReply.Result(write(outcome.Value));

    /// <summary>The form in an element; false when there is one and it is wrong.</summary>
    internal static bool TryForm(Element? parent, out DataForm? form)
    {
        form = null;
        if (parent?.Child("x", Ns.DataForms) is not { } x)
        {
            return true;
        }

        form = DataForm.Read(x);
        return form is not null;
    }

    /// <summary>The attribute <c>jid</c>: null when absent; false when it is no address.</summary>
    internal static bool TryJid(Element element, out Jid? jid)
    {
        jid = null;
        return element["jid"] is not { } text || JidPrep.TryParse(text, out jid);
    }

    private async ValueTask<IqReply> SharedAsync(SessionOrder order, IqRequest request, PublishRequest publish, CancellationToken cancel)
    {
        try
        {
            return await PublishAsync(request, publish, cancel).ConfigureAwait(false);
        }
        finally
        {
            order.LeaveShared();
        }
    }

    private async ValueTask<IqReply> PublishAsync(IqRequest request, PublishRequest publish, CancellationToken cancel)
    {
        DataForm? options = null;
        if (publish.Options is not null && (options = DataForm.Read(publish.Options)) is null)
        {
            return StanzaError.BadRequest;
        }

        Outcome<IReadOnlyList<string>> ids = await service.Publisher.PublishAsync(request.From, publish.Node, publish.Items, options, cancel).ConfigureAwait(false);
        return ids.Error is not null ? PubSubXml.Error(ids.Error) : IqReply.Result(PubSubXml.Published(publish.Node!, ids.Value));
    }

    private ValueTask<IqReply> SetOthersAsync(IqRequest request, CancellationToken cancel)
    {
        Element pubsub = request.Payload();
        Element? action = pubsub.FirstChild;
        return action?.Name switch
        {
            "create" => CreateAsync(request, pubsub, action, cancel),
            "subscribe" => SubscribeAsync(request, pubsub, action, cancel),
            "unsubscribe" => UnsubscribeAsync(request, action, cancel),
            "options" => SetOptionsAsync(request, action, cancel),
            "retract" => RetractAsync(request, action, cancel),
            _ => (IqReply)StanzaError.BadRequest,
        };
    }

    private async ValueTask<IqReply> CreateAsync(IqRequest request, Element pubsub, Element create, CancellationToken cancel)
    {
        if (!TryForm(pubsub.Child("configure"), out DataForm? form))
        {
            return StanzaError.BadRequest;
        }

        Outcome<string> made = await service.Owner.CreateAsync(request.From, create["node"], form, cancel).ConfigureAwait(false);
        return Answer(made, name => PubSubXml.PubSub(Ns.PubSub, xml => xml.Open("create"u8).Attribute("node"u8, name).Close("create"u8)));
    }

    private async ValueTask<IqReply> SubscribeAsync(IqRequest request, Element pubsub, Element subscribe, CancellationToken cancel)
    {
        if (!TryJid(subscribe, out Jid? jid))
        {
            return PubSubXml.Error(PubSubError.InvalidJid);
        }

        Element? options = pubsub.Child("options");
        if (options is not null && (options["node"] is not null || options["jid"] is not null))
        {
            return StanzaError.BadRequest; // §6.3.7: they are those of the subscription
        }

        if (!TryForm(options, out DataForm? form))
        {
            return PubSubXml.Error(PubSubError.InvalidOptions);
        }

        string? node = subscribe["node"];
        Outcome<Subscription> outcome = await service.Subscriber.SubscribeAsync(request.From, node, jid, form, cancel).ConfigureAwait(false);
        if (outcome.Error is not null)
        {
            return PubSubXml.Error(outcome.Error);
        }

        Subscription subscription = outcome.Value;
        if (subscription.Options.UntilPresence && request.Session is { } session)
        {
            PubSubSession.Of(session).IsTemporary = true;
        }

        OptionsOffer offer = form is null ? default : await service.Subscriber.OfferAsync(request.From, node, cancel).ConfigureAwait(false) ?? default;
        IqReply reply = IqReply.Result(PubSubXml.PubSub(Ns.PubSub, xml =>
        {
            PubSubXml.Subscription(xml, node ?? "", subscription);
            if (form is not null)
            {
                // §6.3.7: what became of the options
                xml.Open("options"u8);
                SubscriptionOptionsForm.Write(subscription.Options, offer, FormType.Result).WriteTo(xml);
                xml.Close("options"u8);
            }
        }));

        // §6.1.7: the answer first, then the last item.
        await service.Subscriber.SendLastItemAsync(node ?? "", subscription, () => router.Reply(request.Stanza, reply), cancel).ConfigureAwait(false);
        return IqReply.Later;
    }

    private async ValueTask<IqReply> UnsubscribeAsync(IqRequest request, Element unsubscribe, CancellationToken cancel) => TryJid(unsubscribe, out Jid? jid)
        ? Answer(
            await service.Subscriber.UnsubscribeAsync(request.From, unsubscribe["node"], jid, unsubscribe["subid"], cancel).ConfigureAwait(false),
            ended => PubSubXml.PubSub(Ns.PubSub, xml => PubSubXml.Subscription(xml, unsubscribe["node"] ?? "", ended)))
        : PubSubXml.Error(PubSubError.InvalidJid);

    private async ValueTask<IqReply> SetOptionsAsync(IqRequest request, Element options, CancellationToken cancel)
    {
        if (!TryJid(options, out Jid? jid))
        {
            return PubSubXml.Error(PubSubError.InvalidJid);
        }

        return TryForm(options, out DataForm? form) && form is not null
            ? Answer(await service.Subscriber.SetOptionsAsync(request.From, options["node"], jid, options["subid"], form, cancel).ConfigureAwait(false))
            : PubSubXml.Error(PubSubError.InvalidOptions);
    }

    private async ValueTask<IqReply> RetractAsync(IqRequest request, Element retract, CancellationToken cancel)
    {
        var ids = new List<string>();
        foreach (Element item in retract.Children)
        {
            if (!item.Is("item", Ns.PubSub) || string.IsNullOrEmpty(item["id"]))
            {
                return PubSubXml.Error(PubSubError.ItemRequired);
            }

            ids.Add(item["id"]!);
        }

        return Answer(await service.Publisher.RetractAsync(request.From, retract["node"], ids, retract["notify"] is "1" or "true", cancel).ConfigureAwait(false));
    }

    private async ValueTask<IqReply> GetCoreAsync(IqRequest request, CancellationToken cancel)
    {
        Element pubsub = request.Payload();
        Element? action = pubsub.FirstChild;
        string? node = action?["node"];
        switch (action?.Name)
        {
            case "items":
                return await ItemsAsync(request, pubsub, action, cancel).ConfigureAwait(false);
            case "subscriptions":
                return Answer(
                    await service.Entity.SubscriptionsAsync(request.From, node, cancel).ConfigureAwait(false),
                    all => PubSubXml.PubSub(Ns.PubSub, xml =>
                    {
                        xml.Open("subscriptions"u8).Attribute("node"u8, node);
                        foreach ((string of, Subscription subscription) in all)
                        {
                            PubSubXml.Subscription(xml, of, subscription);
                        }

                        xml.Close("subscriptions"u8);
                    }));
            case "affiliations":
                return Answer(
                    await service.Entity.AffiliationsAsync(request.From, node, cancel).ConfigureAwait(false),
                    all => PubSubXml.PubSub(Ns.PubSub, xml =>
                    {
                        xml.Open("affiliations"u8).Attribute("node"u8, node);
                        foreach ((string of, Affiliation affiliation) in all)
                        {
                            xml.Open("affiliation"u8).Attribute("node"u8, of).Attribute("affiliation"u8, PubSubXml.Token(affiliation)).Close("affiliation"u8);
                        }

                        xml.Close("affiliations"u8);
                    }));
            case "options":
                if (!TryJid(action, out Jid? jid))
                {
                    return PubSubXml.Error(PubSubError.InvalidJid);
                }

                OptionsOffer? offer = await service.Subscriber.OfferAsync(request.From, node, cancel).ConfigureAwait(false);
                return Answer(
                    await service.Subscriber.OptionsAsync(request.From, node, jid, action["subid"], cancel).ConfigureAwait(false),
                    options => PubSubXml.PubSub(Ns.PubSub, xml =>
                    {
                        xml.Open("options"u8).Attribute("node"u8, node).Attribute("jid"u8, jid!.ToString()).Attribute("subid"u8, action["subid"]);
                        SubscriptionOptionsForm.Write(options, offer ?? default).WriteTo(xml);
                        xml.Close("options"u8);
                    }));
            case "default":
                return await service.Subscriber.OfferAsync(request.From, node, cancel).ConfigureAwait(false) is { } offered
                    ? IqReply.Result(PubSubXml.PubSub(Ns.PubSub, xml =>
                    {
                        xml.Open("default"u8).Attribute("node"u8, node);
                        SubscriptionOptionsForm.Write(SubscriptionOptions.Default, offered).WriteTo(xml);
                        xml.Close("default"u8);
                    }))
                    : StanzaError.ItemNotFound;
            default:
                return StanzaError.BadRequest;
        }
    }

    private async ValueTask<IqReply> ItemsAsync(IqRequest request, Element pubsub, Element items, CancellationToken cancel)
    {
        string? node = items["node"];
        if (await service.Subscriber.CheckSubIdAsync(request.From, node, items["subid"], cancel).ConfigureAwait(false) is { } wrong)
        {
            return PubSubXml.Error(wrong);
        }

        var ids = new List<string>();
        foreach (Element item in items.Children)
        {
            if (item.Is("item", Ns.PubSub))
            {
                ids.Add(item["id"] ?? "");
            }
        }

        bool withPublisher = await service.Entity.TellsPublisherAsync(node, cancel).ConfigureAwait(false);
        if (ids.Count > 0)
        {
            return Answer(await service.Subscriber.ItemsAsync(request.From, node, ids, cancel).ConfigureAwait(false), found => PubSubXml.Items([(node!, found)], withPublisher, null));
        }

        int? maxItems = null;
        if (items["max_items"] is { } text)
        {
            if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) || value == 0)
            {
                return StanzaError.BadRequest;
            }

            maxItems = value;
        }

        if (!ResultSetRequest.TryRead(pubsub, out ResultSetRequest? asked))
        {
            return StanzaError.BadRequest;
        }

        Outcome<IReadOnlyList<(string Node, ItemPage Page)>?> collection = await service.Subscriber.CollectionItemsAsync(request.From, node, maxItems, cancel).ConfigureAwait(false);
        if (collection.Error is not null || collection.Value is not null)
        {
            return Answer(collection, pages => PubSubXml.Items(pages!.Select(p => (p.Node, p.Page.Items)), withPublisher, null));
        }

        return Answer(
            await service.Subscriber.ItemsAsync(request.From, node, maxItems, asked, cancel).ConfigureAwait(false),
            page => PubSubXml.Items([(node!, page.Items)], withPublisher, asked is not null || page.Items.Count < Math.Min(maxItems ?? int.MaxValue, page.Count)
                ? new ResultSetPage(page.Items.Count > 0 ? page.Items[0].Id : null, page.Items.Count > 0 ? page.Items[^1].Id : null, page.Index, page.Count)
                : null));
    }
}
