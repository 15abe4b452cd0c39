using IotXmpp.Hub.Features.Archive;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Rooms;

/// <summary>Rooms at <c>rooms.&lt;domain&gt;</c> (XEP-0045): registration, and what makes the parts one.</summary>
/// <param name="database">Where persistent rooms are.</param>
/// <param name="options">Bounds.</param>
/// <param name="archive">Where discussions are kept.</param>
public sealed class RoomsModule(ISqlDatabase database, RoomsOptions options, ArchiveModule archive) : IXmppModule
{
    /// <summary>The service's part of its address.</summary>
    public const string Subdomain = "rooms";

    private ILogger _log = null!;
    private RoomService _rooms = null!;

    /// <inheritdoc/>
    public string Name => "Rooms";

    /// <inheritdoc/>
    public Xep[] Xeps =>
    [
        new("XEP-0045", "Multi-User Chat", "1.35.5", "at rooms.<domain>; durable rooms; every chapter but hats and locked nicknames"),
        new("XEP-0249", "Direct MUC Invitations", "1.2", "clients'; kept and copied like messages"),
        new("XEP-0410", "MUC Self-Ping (Schrödinger's Chat)", "1.1.0", "answered by the room"),
        new("XEP-0421", "Occupant identifiers for semi-anonymous MUCs", "1.0.1", "in all rooms"),
    ];

    /// <summary>The rooms, after <see cref="Register"/>.</summary>
    internal RoomService Rooms => _rooms;

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        if (!options.Enabled)
        {
            return;
        }

        IHub hub = module.Hub;
        _log = hub.Loggers.CreateLogger<RoomsModule>();
        var service = new Jid(string.Empty, Subdomain + "." + hub.Domain.Domain, string.Empty);
        ArchiveDesk? Desk() => archive.Desk;
        var outbox = new RoomOutbox(hub.Router);
        _rooms = new RoomService(new RoomBook(options), new RoomStore(database, service), new RoomArchive(Desk), outbox, options, hub.Accounts, hub.Domain, service, hub.Time);
        var presences = new RoomPresences(_rooms, hub.Router, hub.Time);
        var messages = new RoomMessages(_rooms, new RoomInvitations(_rooms, outbox, hub), hub);
        var requests = new RoomRequests(_rooms, hub.Router, Desk);
        var occupants = new OccupantIqs(_rooms, hub.Router, options, hub.Time);
        IEntityBuilder entity = module.Component(Subdomain);
        entity.Identity("conference", "text", "Rooms").Feature(RoomXml.Muc).Feature(RoomXml.Muc + "#stable_id").Feature(RoomXml.OccupantIdNs).Feature(Ns.Rsm).Feature(Ns.Ping)
            .Intercept((stanza, _) => stanza.To is { IsFull: true, Local.Length: > 0 } ? occupants.TakeAsync(stanza) : Verdict.Continue)
            .Presence(presences.TakeAsync)
            .Message(messages.TakeAsync)
            .Groupchat(messages.SayAsync)
            .Iq(StanzaType.Get, "query", RoomXml.Admin, requests.GetAdminAsync)
            .Iq(StanzaType.Set, "query", RoomXml.Admin, requests.SetAdminAsync)
            .Iq(StanzaType.Get, "query", RoomXml.Owner, requests.GetOwnerAsync)
            .Iq(StanzaType.Set, "query", RoomXml.Owner, requests.SetOwnerAsync)
            .Iq(StanzaType.Get, "query", RoomXml.RegisterNs, requests.GetRegisterAsync)
            .Iq(StanzaType.Set, "query", RoomXml.RegisterNs, requests.SetRegisterAsync)
            .Iq(StanzaType.Set, "query", "urn:xmpp:mam:2", requests.QueryAsync)
            .Iq(StanzaType.Get, "query", "urn:xmpp:mam:2", requests.QueryFormAsync)
            .Iq(StanzaType.Get, "metadata", "urn:xmpp:mam:2", requests.MetadataAsync)
            .Iq(StanzaType.Get, "ping", Ns.Ping, (_, _) => IqReply.Empty)
            .Disco(new RoomDisco(_rooms, service, Desk));
        hub.Accounts.Removed += name => _ = ForgetAsync(new Jid(name, hub.Domain.Domain, string.Empty));
        module.Starting(_rooms.BeginAsync);
        module.Ending(_rooms.End);
    }

    private async Task ForgetAsync(Jid account)
    {
        try
        {
            await _rooms.RemoveUserAsync(account).ConfigureAwait(false);
        }
        catch (StorageException e)
        {
            RoomsLog.NotForgotten(_log, account, e);
        }
    }
}

/// <summary>Logs of <see cref="RoomsModule"/>.</summary>
internal static partial class RoomsLog
{
    [LoggerMessage(Level = LogLevel.Error, Message = "The removed account {Jid} is still what it was to rooms")]
    public static partial void NotForgotten(ILogger log, Jid jid, Exception e);
}
