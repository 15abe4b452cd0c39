using IotXmpp.Hub.Features.PubSub;
using IotXmpp.Hub.Features.PubSub.Pep;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;

namespace IotXmpp.Hub.Features.VCard;

/// <summary>vCards, old (XEP-0054) and new (XEP-0292), and the avatar that is in them and beside them (XEP-0153, XEP-0398).</summary>
public sealed class VCardModule(VCardStore store, VCardOptions options, PersonalEvents events) : IXmppModule
{
    private const string Old = "vcard-temp";
    private const string New = "urn:ietf:params:xml:ns:vcard-4.0";
    private const string NewNode = "urn:xmpp:vcard4";

    private AvatarService _avatars = null!;

    /// <inheritdoc/>
    public string Name => "VCard";

    /// <inheritdoc/>
    public Xep[] Xeps =>
    [
        new("XEP-0054", "vcard-temp", "1.3.0"),
        new("XEP-0292", "vCard4 Over XMPP", "0.12.0", "by IQ and in the account's node"),
        new("XEP-0153", "vCard-Based Avatars", "1.1.1", "the hub tells the hash in presence"),
        new("XEP-0398", "User Avatar to vCard-Based Avatars Conversion", "1.0.0", "both ways; from nodes that everybody may read"),
    ];

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        _avatars = new AvatarService(module.Hub, store, events, options);
        events.Published += _avatars.OnPublished;
        module.TransformPresence(_avatars.StampAsync);
        module.Domain.Feature(Old);
        module.Account.Feature(Old).Feature(New).Feature("urn:xmpp:pep-vcard-conversion:0")
            .Iq(StanzaType.Get, "vCard", Old, GetAsync).Iq(StanzaType.Set, "vCard", Old, SetAsync)
            .Iq(StanzaType.Get, "vcard", New, GetNewAsync).Iq(StanzaType.Set, "vcard", New, SetNewAsync);
        module.Hub.Accounts.Removed += name => _ = _avatars.RemoveAsync(name);
    }

    // XEP-0054 §3.1, §3.3: everybody's to read.
    private async ValueTask<IqReply> GetAsync(IqRequest request, CancellationToken cancel) =>
        await store.FindAsync(request.Target.Local, cancel).ConfigureAwait(false) is { } card ? IqReply.Result(card.Xml) : Nothing(request);

    // XEP-0054 §3.3: to others an account without a vCard is like one that is not there (RFC 6121 §8.5.1), so that nobody finds out which are.
    private static StanzaError Nothing(IqRequest request) => request.IsOwnAccount ? StanzaError.ItemNotFound : StanzaError.ServiceUnavailable;

    private async ValueTask<IqReply> SetAsync(IqRequest request, CancellationToken cancel)
    {
        if (!request.IsOwnAccount)
        {
            return StanzaError.Forbidden;
        }

        return await _avatars.SetAsync(request.From.Bare, request.Payload()).ConfigureAwait(false) is { } error ? error : IqReply.Empty;
    }

    private async ValueTask<IqReply> GetNewAsync(IqRequest request, CancellationToken cancel) =>
        (await events.ItemsAsync(request.Target, request.From, NewNode, cancel).ConfigureAwait(false)).LastOrDefault() is { } item
            ? IqReply.Result(item.Payload)
            : Nothing(request);

    private async ValueTask<IqReply> SetNewAsync(IqRequest request, CancellationToken cancel)
    {
        if (!request.IsOwnAccount)
        {
            return StanzaError.Forbidden;
        }

        PubSubError? error = await events.PublishAsync(request.From.Bare, NewNode, "current", request.Payload().ToBytes(outerNamespace: "\0")).ConfigureAwait(false);
        return error is null ? IqReply.Empty : error == PubSubError.PayloadTooBig ? StanzaError.NotAcceptable : StanzaError.ResourceConstraint;
    }
}
