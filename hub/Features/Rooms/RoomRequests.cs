using IotXmpp.Hub.Features.Archive;
using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Rooms;

/// <summary>Requests to rooms: lists, roles and affiliations (XEP-0045 §8, §9), configuration and destruction (§10), registration (§7.10), the archive (XEP-0313).</summary>
internal sealed class RoomRequests(RoomService rooms, IStanzaRouter router, Func<ArchiveDesk?> desk)
{
    /// <summary>Items of one request (500: more than a person changes at once).</summary>
    private const int MaxItems = 500;

    /// <summary>A list (§8.5, §9.2, §9.5, §9.8, §10.5, §10.8).</summary>
    public async ValueTask<IqReply> GetAdminAsync(IqRequest request, CancellationToken cancel)
    {
        if (await RoomAsync(request, cancel).ConfigureAwait(false) is not { } room)
        {
            return StanzaError.ItemNotFound;
        }

        Element? item = request.Payload().Child("item");
        Role? role = RoomTokens.ReadRole(item?["role"]);
        Affiliation? affiliation = RoomTokens.ReadAffiliation(item?["affiliation"]);
        if ((role is null) == (affiliation is null) || role == Role.None || affiliation == Affiliation.None)
        {
            return StanzaError.BadRequest;
        }

        RoomActor actor = await rooms.ActorAsync(request.From, cancel).ConfigureAwait(false);
        using var xml = new XmlBuilder();
        xml.Open("query"u8, RoomXml.Admin);
        RoomError? error = room.Run(() => room.IsLocked && actor.AffiliationIn(room) != Affiliation.Owner ? RoomError.ItemNotFound
            : role is { } asked ? WriteRoles(room, actor, asked, xml)
            : WriteAffiliations(room, actor, affiliation!.Value, xml));
        return error is { } wrong ? RoomXml.Error(wrong) : IqReply.Result(xml.Close("query"u8));
    }

    /// <summary>Changes of roles or affiliations.</summary>
    public async ValueTask<IqReply> SetAdminAsync(IqRequest request, CancellationToken cancel)
    {
        if (await RoomAsync(request, cancel).ConfigureAwait(false) is not { } room)
        {
            return StanzaError.ItemNotFound;
        }

        RoomActor actor = await rooms.ActorAsync(request.From, cancel).ConfigureAwait(false);
        var roles = new List<RoleChange>();
        var affiliates = new List<Affiliate>();
        if (room.Run(() => ReadItems(request.Payload(), room, roles, affiliates)) is { } wrong)
        {
            return RoomXml.Error(wrong);
        }

        // §8.2: the answer stands between what who is out is told and what the others are told.
        void Acknowledge() => router.Reply(request.Stanza, IqReply.Empty);
        RoomError? error = roles.Count > 0
            ? rooms.Moderation.ChangeRoles(room, actor, roles, Acknowledge)
            : await rooms.AffiliateAsync(room, actor, affiliates, Acknowledge).ConfigureAwait(false);
        return error is { } refusal ? RoomXml.Error(refusal) : IqReply.Later;
    }

    /// <summary>The form of the configuration (§10.1.3, §10.2).</summary>
    public async ValueTask<IqReply> GetOwnerAsync(IqRequest request, CancellationToken cancel)
    {
        if (await RoomAsync(request, cancel).ConfigureAwait(false) is not { } room)
        {
            return StanzaError.ItemNotFound;
        }

        RoomActor actor = await rooms.ActorAsync(request.From, cancel).ConfigureAwait(false);
        using var xml = new XmlBuilder();
        bool isOwner = room.Run(() =>
        {
            if (actor.AffiliationIn(room) != Affiliation.Owner)
            {
                return false;
            }

            xml.Open("query"u8, RoomXml.Owner);
            RoomConfigurationForm.Write(room, rooms.Options).WriteTo(xml);
            xml.Close("query"u8);
            return true;
        });
        return isOwner ? IqReply.Result(xml) : StanzaError.Forbidden;
    }

    /// <summary>A configuration, its cancellation, or the end of the room (§10.1, §10.2, §10.9).</summary>
    public async ValueTask<IqReply> SetOwnerAsync(IqRequest request, CancellationToken cancel)
    {
        if (await RoomAsync(request, cancel).ConfigureAwait(false) is not { } room)
        {
            return StanzaError.ItemNotFound;
        }

        RoomActor actor = await rooms.ActorAsync(request.From, cancel).ConfigureAwait(false);
        Element query = request.Payload();
        if (query.Child("destroy") is { } destroy)
        {
            Jid? venue = RoomXml.ReadJid(destroy["jid"]);
            if (venue is null && destroy["jid"] is not null)
            {
                return StanzaError.JidMalformed;
            }

            return Reply(await rooms.DestroyAsync(room, actor, new RoomDestruction(venue, destroy.Child("password")?.Text, Limited(destroy.Child("reason")?.Text))).ConfigureAwait(false));
        }

        if (query.Child("x", Ns.DataForms) is not { } x || DataForm.Read(x) is not { } form)
        {
            return StanzaError.BadRequest;
        }

        return form.Type switch
        {
            FormType.Submit => Reply(await rooms.ConfigureAsync(room, actor, form).ConfigureAwait(false)),
            FormType.Cancel => Reply(await rooms.CancelAsync(room, actor).ConfigureAwait(false)),
            _ => StanzaError.BadRequest,
        };
    }

    /// <summary>What a registration needs, or that there is one (§7.10).</summary>
    public async ValueTask<IqReply> GetRegisterAsync(IqRequest request, CancellationToken cancel)
    {
        if (request.Target.Local.Length == 0)
        {
            return StanzaError.ServiceUnavailable;
        }

        if (await RoomAsync(request, cancel).ConfigureAwait(false) is not { } room)
        {
            return StanzaError.ItemNotFound;
        }

        (Affiliation affiliation, string? nick) = room.Run(() => (room.Affiliations.Of(request.From), room.Affiliations.Find(request.From.Bare)?.Nick));
        if (affiliation == Affiliation.Outcast)
        {
            return StanzaError.NotAllowed;
        }

        using var xml = new XmlBuilder();
        xml.Open("query"u8, RoomXml.RegisterNs);
        if (nick is not null)
        {
            return IqReply.Result(xml.Empty("registered"u8).Text("username"u8, nick).Close("query"u8));
        }

        xml.Text("instructions"u8, "Choose the nickname that shall be yours in this room.");
        var form = new DataForm(FormType.Form, RoomXml.RegisterForm) { Title = "Registration with " + room.Jid };
        form.Add(FormField.Single("muc#register_roomnick", "text-single", "", "Desired nickname") with { IsRequired = true }).WriteTo(xml);
        return IqReply.Result(xml.Close("query"u8));
    }

    /// <summary>A registration, or its end (§7.10; XEP-0077 §3.2).</summary>
    public async ValueTask<IqReply> SetRegisterAsync(IqRequest request, CancellationToken cancel)
    {
        if (request.Target.Local.Length == 0)
        {
            return StanzaError.ServiceUnavailable;
        }

        if (await RoomAsync(request, cancel).ConfigureAwait(false) is not { } room)
        {
            return StanzaError.ItemNotFound;
        }

        Element query = request.Payload();
        if (query.Child("remove") is not null)
        {
            return Reply(await rooms.UnregisterAsync(room, request.From).ConfigureAwait(false));
        }

        if (query.Child("x", Ns.DataForms) is not { } x || DataForm.Read(x) is not { Type: FormType.Submit, FormType: RoomXml.RegisterForm } form || form["muc#register_roomnick"] is not { } nick)
        {
            return StanzaError.BadRequest;
        }

        return Reply(await rooms.RegisterAsync(room, request.From, nick.Value).ConfigureAwait(false));
    }

    /// <summary>A page of the archive (XEP-0313 §9.1.2).</summary>
    public ValueTask<IqReply> QueryAsync(IqRequest request, CancellationToken cancel) => OnArchiveAsync(
        request, (there, view) => there.QueryAsync(request, view, cancel), cancel);

    /// <summary>The form of a query.</summary>
    public ValueTask<IqReply> QueryFormAsync(IqRequest request, CancellationToken cancel) => OnArchiveAsync(request, (_, _) => ArchiveDesk.Form(), cancel);

    /// <summary>How far the archive goes.</summary>
    public ValueTask<IqReply> MetadataAsync(IqRequest request, CancellationToken cancel) => OnArchiveAsync(request, (there, view) => there.MetadataAsync(view.Owner, cancel), cancel);

    private static IqReply Reply(RoomError? error) => error is { } wrong ? RoomXml.Error(wrong) : IqReply.Empty;

    // Who may enter may read; who may see real JIDs is shown them (XEP-0313 §9.1.2).
    private async ValueTask<IqReply> OnArchiveAsync(IqRequest request, Func<ArchiveDesk, ArchiveView, ValueTask<IqReply>> answer, CancellationToken cancel)
    {
        if (await RoomAsync(request, cancel).ConfigureAwait(false) is not { } room)
        {
            return StanzaError.ItemNotFound;
        }

        RoomActor actor = await rooms.ActorAsync(request.From, cancel).ConfigureAwait(false);
        bool seesJids = false;
        RoomError? error = room.Run<RoomError?>(() =>
        {
            Affiliation affiliation = actor.AffiliationIn(room);
            seesJids = room.Configuration.Whois == Whois.Anyone || affiliation >= Affiliation.Admin || actor.RoleIn(room) == Role.Moderator;
            return room.IsLocked && affiliation != Affiliation.Owner ? RoomError.ItemNotFound
                : !room.Configuration.EnableLogging ? RoomError.ServiceUnavailable
                : affiliation == Affiliation.Outcast || (room.Configuration.MembersOnly && affiliation == Affiliation.None) ? RoomError.Forbidden
                // A password opens the room: who is in has it, and who may change it.
                : room.Configuration.PasswordProtected && affiliation < Affiliation.Admin && room.SessionOf(request.From) is null ? RoomError.Forbidden
                : null;
        });
        if (error is { } wrong)
        {
            return RoomXml.Error(wrong);
        }

        if (desk() is not { } there)
        {
            return StanzaError.ServiceUnavailable;
        }

        var view = new ArchiveView(room.Jid.ToString(), room.Jid)
        {
            RefuseWith = with => with.Domain == room.Jid.Domain ? StanzaError.FeatureNotImplemented.With("Messages of a room are found by real JIDs.") : seesJids ? null : StanzaError.Forbidden,
            Show = seesJids ? null : RoomArchive.WithoutPrivate,
        };
        return await answer(there, view).ConfigureAwait(false);
    }

    private ValueTask<Room?> RoomAsync(IqRequest request, CancellationToken cancel) => request.Target.Local.Length == 0 ? default : rooms.FindAsync(request.Target.Local, cancel);

    private static RoomError? WriteRoles(Room room, RoomActor actor, Role role, XmlBuilder xml)
    {
        Affiliation affiliation = actor.AffiliationIn(room);
        // §9.8: the list of moderators is the admins'.
        if (affiliation < Affiliation.Admin && (role == Role.Moderator || actor.RoleIn(room) != Role.Moderator))
        {
            return RoomError.Forbidden;
        }

        foreach (Occupant occupant in room.Occupants)
        {
            if (occupant.Role == role)
            {
                // §17.4: with all four.
                xml.Open("item"u8).Attribute("affiliation"u8, RoomTokens.Of(occupant.Affiliation)).Attribute("jid"u8, occupant.Primary.Jid.Utf8)
                    .Attribute("nick"u8, occupant.Nick).Attribute("role"u8, RoomTokens.Of(occupant.Role)).Close("item"u8);
            }
        }

        return null;
    }

    private static RoomError? WriteAffiliations(Room room, RoomActor actor, Affiliation list, XmlBuilder xml)
    {
        if (!RoomPrivileges.MayRead(list, actor.AffiliationIn(room), actor.RoleIn(room), room.Configuration))
        {
            return RoomError.Forbidden;
        }

        foreach (Affiliate row in room.Affiliations.With(list))
        {
            RoomXml.WriteItem(xml, row, row.Nick);
        }

        return null;
    }

    // §17.4: a role of a nickname, or an affiliation of a JID; not both, and not some of each.
    private RoomError? ReadItems(Element query, Room room, List<RoleChange> roles, List<Affiliate> affiliates)
    {
        foreach (Element item in query.Children)
        {
            if (!item.Is("item", RoomXml.Admin) || roles.Count + affiliates.Count == MaxItems)
            {
                return RoomError.BadRequest;
            }

            string? reason = Limited(item.Child("reason")?.Text);
            switch (RoomTokens.ReadRole(item["role"]), RoomTokens.ReadAffiliation(item["affiliation"]))
            {
                case ({ } role, null) when item["affiliation"] is null && item["nick"] is { } nick:
                    roles.Add(new RoleChange(nick, role, reason));
                    break;
                case (null, { } affiliation) when item["role"] is null && item["jid"] is { } text:
                    if (RoomXml.ReadJid(text) is not { } jid)
                    {
                        return RoomError.JidMalformed;
                    }

                    affiliates.Add(new Affiliate(jid.Bare, affiliation, item["nick"], reason));
                    break;
                case (null, { } affiliation) when item["role"] is null && item["nick"] is { } nick:
                    // Who sees no JIDs may know a nickname alone.
                    if (room.OccupantOf(nick) is not { } occupant)
                    {
                        return RoomError.ItemNotFound;
                    }

                    affiliates.Add(new Affiliate(occupant.User, affiliation, null, reason));
                    break;
                default:
                    return RoomError.BadRequest;
            }
        }

        return roles.Count + affiliates.Count == 0 || (roles.Count > 0 && affiliates.Count > 0) || affiliates.Select(row => row.Jid).Distinct().Count() < affiliates.Count ? RoomError.BadRequest : null;
    }

    private string? Limited(string? text) => text is null ? null : text[..Math.Min(text.Length, rooms.Options.TextLimit)];
}
