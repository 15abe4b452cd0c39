using System.Globalization;
using IotXmpp.Hub.Features.PubSub;
using IotXmpp.Hub.Features.PubSub.Pep;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.VCard;

/// <summary>One avatar for clients of both kinds (XEP-0398): what is set in the vCard is published, what is published publicly is set in the vCard, and presence tells its hash (XEP-0153).</summary>
internal sealed class AvatarService
{
    private const string DataNode = "urn:xmpp:avatar:data";
    private const string MetadataNode = "urn:xmpp:avatar:metadata";

    private readonly IHub _hub;
    private readonly VCardStore _store;
    private readonly PersonalEvents _events;
    private readonly VCardOptions _options;
    private readonly ILogger _log;
    private readonly OwnerCache<string> _hashes;

    public AvatarService(IHub hub, VCardStore store, PersonalEvents events, VCardOptions options)
    {
        _hub = hub;
        _store = store;
        _events = events;
        _options = options;
        _log = hub.Loggers.CreateLogger<AvatarService>();
        _hashes = new OwnerCache<string>(options.CachedAccounts);
        store.Changed += (owner, card) => _hashes.Set(owner, card?.PhotoHash ?? string.Empty);
    }

    /// <summary>Takes a vCard that an account has set.</summary>
    public async ValueTask<StanzaError?> SetAsync(Jid account, Element vcard)
    {
        Photo? photo = Photo.Of(vcard);
        byte[] xml = vcard.ToBytes();
        if (xml.Length > _options.MaxBytes)
        {
            return StanzaError.NotAcceptable.With($"A vCard has at most {_options.MaxBytes} bytes.");
        }

        string before = await HashAsync(account.Local).ConfigureAwait(false);
        await _store.SetAsync(account.Local, new StoredVCard(xml, photo?.Hash ?? string.Empty)).ConfigureAwait(false);
        if ((photo?.Hash ?? string.Empty) != before)
        {
            await PublishAsync(account, photo).ConfigureAwait(false);
            await TellAsync(account).ConfigureAwait(false);
        }

        return null;
    }

    /// <summary>Hears of what accounts publish.</summary>
    public void OnPublished(Jid account, string node, IReadOnlyList<PublishedItem> items, AccessModel access)
    {
        if (node == MetadataNode && items.Count > 0)
        {
            // The payload is the reader's: it is read before this returns.
            _ = ConvertAsync(account, Element.Parse(items[^1].Payload.Span));
        }
    }

    /// <summary>XEP-0398 §4: the hash of the avatar in available presence, unless the client says that it has no photo yet.</summary>
    public ValueTask<Stanza> StampAsync(Stanza presence, Session session)
    {
        if (_hashes.TryGet(session.Jid.Local, out string? hash))
        {
            return new(hash.Length == 0 ? presence : Stamp(presence, hash));
        }

        return LookUpAsync(presence, session);
    }

    private async ValueTask<Stanza> LookUpAsync(Stanza presence, Session session)
    {
        string hash = await HashAsync(session.Jid.Local).ConfigureAwait(false);
        return hash.Length == 0 ? presence : Stamp(presence, hash);
    }

    private ValueTask<string> HashAsync(string owner) => _hashes.GetAsync(owner, _store.PhotoHashAsync);

    public Task RemoveAsync(string owner) => _store.RemoveAsync(owner);

    // With the hash in the place of any other; an empty hash takes what is there out.
    private static Stanza Stamp(Stanza presence, string hash)
    {
        ReadOnlySpan<byte> inner = presence.Inner.Span;
        using var xml = new XmlBuilder(inner.Length + 128);
        var reader = new XmlSpanReader(inner);
        int copied = 0;
        while (reader.Read())
        {
            if (reader.Node != XmlNode.Start)
            {
                continue;
            }

            int start = reader.TagStart;
            if (!reader.IsStart("x"u8, "vcard-temp:x:update"u8))
            {
                reader.Skip();
                continue;
            }

            Element update = Element.Read(ref reader);
            if (update.Child("photo") is { } photo && photo.Text.Trim().Length == 0)
            {
                return presence; // §4: it does not want one to be shown
            }

            xml.Raw(inner[copied..start]);
            copied = reader.Position;
        }

        xml.Raw(inner[copied..]);
        if (hash.Length > 0)
        {
            xml.Open("x"u8, "vcard-temp:x:update"u8).Text("photo"u8, hash).Close("x"u8);
        }

        return presence.WithInner(xml.Written);
    }

    // §3.2: first the image, then what tells of it. A vCard is everybody's to read, and so are they.
    private async ValueTask PublishAsync(Jid account, Photo? photo)
    {
        if (photo is null)
        {
            if (await _events.AccessAsync(account, MetadataNode).ConfigureAwait(false) is not null)
            {
                await _events.PublishAsync(account, MetadataNode, "none", "<metadata xmlns='urn:xmpp:avatar:metadata'/>"u8.ToArray(), Open).ConfigureAwait(false);
            }

            return;
        }

        using var xml = new XmlBuilder();
        xml.Open("data"u8, DataNode).Text(Convert.ToBase64String(photo.Image)).Close("data"u8);
        if (await _events.PublishAsync(account, DataNode, photo.Hash, xml.ToArray(), Open).ConfigureAwait(false) is not null)
        {
            return; // larger than a node takes: the vCard has it
        }

        xml.Clear();
        xml.Open("metadata"u8, MetadataNode).Open("info"u8).Attribute("bytes"u8, photo.Image.Length).Attribute("id"u8, photo.Hash).Attribute("type"u8, photo.Type).Close("info"u8).Close("metadata"u8);
        await _events.PublishAsync(account, MetadataNode, photo.Hash, xml.ToArray(), Open).ConfigureAwait(false);
    }

    private static NodeConfiguration Open(NodeConfiguration usual) => usual with { AccessModel = AccessModel.Open };

    // §3.1, §6: only of a node that everybody may read.
    private async Task ConvertAsync(Jid account, Element metadata)
    {
        try
        {
            string before = await HashAsync(account.Local).ConfigureAwait(false);
            Element? info = metadata.Children.FirstOrDefault(c => c.Is("info", MetadataNode) && c["url"] is null);
            Photo? photo = null;
            if (info is not null)
            {
                string id = info["id"] ?? string.Empty;
                if (id == before || await _events.AccessAsync(account, DataNode).ConfigureAwait(false) is not AccessModel.Open
                    || await _events.ItemAsync(account, account, DataNode, id).ConfigureAwait(false) is not { } data
                    || Photo.Decode(Element.Parse(data.Payload.Span).Text) is not { } image)
                {
                    return;
                }

                photo = new Photo(info["type"] ?? string.Empty, image);
                if (photo.Hash != id || image.Length.ToString(CultureInfo.InvariantCulture) != info["bytes"])
                {
                    return; // §3.1: it is not what it says
                }
            }
            else if (before.Length == 0 || metadata.Children.Any())
            {
                return;
            }

            StoredVCard? card = await _store.FindAsync(account.Local).ConfigureAwait(false);
            byte[] xml = Photo.Replace(card is null ? null : Element.Parse(card.Xml), photo).ToBytes();
            if (xml.Length <= _options.MaxBytes)
            {
                await _store.SetAsync(account.Local, new StoredVCard(xml, photo?.Hash ?? string.Empty)).ConfigureAwait(false);
                await TellAsync(account).ConfigureAwait(false);
            }
        }
        catch (StorageException e)
        {
            AvatarLog.NotConverted(_log, e, account);
        }
    }

    // Every available presence tells the hash: who saw one before sees the new one.
    private async Task TellAsync(Jid account)
    {
        foreach (Session session in _hub.Sessions.ListOf(account))
        {
            if (session.Presence is { } presence)
            {
                // What it told before is taken out, also where nothing takes its place.
                await _hub.Router.RouteAsync(Stamp(presence, string.Empty).Copy(), session).ConfigureAwait(false);
            }
        }
    }
}

/// <summary>Logs of <see cref="AvatarService"/>.</summary>
internal static partial class AvatarLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "The avatar that {Account} has published is not in its vCard")]
    public static partial void NotConverted(ILogger log, Exception e, Jid account);
}
