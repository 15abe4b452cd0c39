using IotXmpp.Hub.Features.Archive;
using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Rooms;

/// <summary>Discovery of rooms (XEP-0045 §6), of one's own reserved nickname (§7.12) and of allowed traffic (§18.1.1).</summary>
internal sealed class RoomDisco(RoomService rooms, Jid service, Func<ArchiveDesk?> desk) : IDiscoProvider
{
    private const string ReservedNick = "x-roomuser-item";
    private const string Traffic = RoomXml.Muc + "#traffic";

    /// <inheritdoc/>
    public async ValueTask<(bool IsKnown, StanzaError? Error)> InfoAsync(IqRequest request, string? node, DiscoInfo info, CancellationToken cancel)
    {
        if (request.Target.Local.Length == 0)
        {
            return (node is null, null);
        }

        if (await rooms.FindAsync(request.Target.Local, cancel).ConfigureAwait(false) is not { } room)
        {
            return (false, StanzaError.ItemNotFound);
        }

        return room.Run<(bool, StanzaError?)>(() =>
        {
            if (room.IsLocked && room.Affiliations.Of(request.From) != Affiliation.Owner)
            {
                return (false, StanzaError.ItemNotFound);
            }

            switch (node)
            {
                case null:
                    Describe(room, info);
                    return (true, null);
                case ReservedNick:
                    // Without one the answer is empty.
                    if (room.Affiliations.Find(request.From.Bare)?.Nick is { } nick)
                    {
                        info.Identities.Add(("conference", "text", nick));
                    }

                    return (true, null);
                case Traffic:
                    // Nothing is held back.
                    return (false, StanzaError.ServiceUnavailable);
                default:
                    return (false, StanzaError.ItemNotFound);
            }
        });
    }

    /// <inheritdoc/>
    public async ValueTask<DiscoItems> ItemsAsync(IqRequest request, string? node, CancellationToken cancel)
    {
        if (node is not null)
        {
            return DiscoItems.Unknown;
        }

        if (request.Target.Local.Length > 0)
        {
            return await rooms.FindAsync(request.Target.Local, cancel).ConfigureAwait(false) is { } room
                ? room.Run(() => Occupants(room, request.From))
                : new DiscoItems(false, [], StanzaError.ItemNotFound);
        }

        if (!ResultSetRequest.TryRead(request.Payload(), out ResultSetRequest? asked))
        {
            return new DiscoItems(false, [], StanzaError.BadRequest);
        }

        int max = Math.Min(asked?.Max ?? rooms.Options.RoomsPerPage, rooms.Options.RoomsPerPage);
        if (rooms.Book.Page(Local(asked?.After), Local(asked?.Before), asked?.Index ?? 0, max) is not { } page)
        {
            return new DiscoItems(false, [], StanzaError.ItemNotFound);
        }

        var items = page.Rooms.Select(room => new DiscoItem($"{room.Local}@{service.Domain}", null, room.Name.Length > 0 ? room.Name : room.Local)).ToList();
        using var trailer = new XmlBuilder();
        if (asked is not null || items.Count < page.Count)
        {
            new ResultSetPage(items.Count > 0 ? items[0].Jid : null, items.Count > 0 ? items[^1].Jid : null, items.Count > 0 ? page.Index : null, page.Count).WriteTo(trailer);
        }

        return new DiscoItems(true, items, null, trailer.ToArray());
    }

    // Items are told apart by their JIDs.
    private static string? Local(string? jid) => jid is null || jid.Length == 0 ? jid : jid[..Math.Max(0, jid.IndexOf('@'))] is { Length: > 0 } local ? local : "@";

    // §6.5: who is there is told to who is there.
    private static DiscoItems Occupants(Room room, Jid user) => room.SessionOf(user) is null
        ? new DiscoItems(true, [])
        : new DiscoItems(true, [.. room.Occupants.Where(occupant => room.Shows(occupant.Role)).Select(occupant => new DiscoItem(room.JidOf(occupant.Nick).ToString()))]);

    private void Describe(Room room, DiscoInfo info)
    {
        RoomConfiguration configuration = room.Configuration;
        info.Identities.Add(("conference", "text", configuration.Name.Length > 0 ? configuration.Name : room.Jid.Local));
        info.Features.AddRange([
            Ns.DiscoInfo, Ns.DiscoItems, RoomXml.Muc, RoomXml.Muc + "#stable_id", RoomXml.Muc + "#self-ping-optimization", RoomXml.Request, RoomXml.RegisterForm, RoomXml.RegisterNs,
            RoomXml.OccupantIdNs, Ns.Ping,
            configuration.Public ? "muc_public" : "muc_hidden",
            configuration.Persistent ? "muc_persistent" : "muc_temporary",
            configuration.MembersOnly ? "muc_membersonly" : "muc_open",
            configuration.Moderated ? "muc_moderated" : "muc_unmoderated",
            configuration.PasswordProtected ? "muc_passwordprotected" : "muc_unsecured",
            configuration.Whois == Whois.Anyone ? "muc_nonanonymous" : "muc_semianonymous",
        ]);
        if (configuration.EnableLogging && desk() is not null)
        {
            info.Features.AddRange(ArchiveDesk.Features);
        }

        info.Forms.Add(RoomConfigurationForm.Info(room).ToBytes());
    }
}
