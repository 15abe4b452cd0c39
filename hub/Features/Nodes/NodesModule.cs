using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Tree = IotXmpp.Xml.Element;

namespace IotXmpp.Hub.Features.Nodes;

/// <summary>
/// The liveness of things behind gateways (wire profile): a gateway tells it as presence to <c>things.&lt;domain&gt;</c>, one for each thing; when the gateway itself goes, all that
/// are behind it are offline for the same reason. Who may see the gateway's presence, and the thing's owner, get it as presence of <c>things.&lt;domain&gt;/&lt;thing-id&gt;</c>; of a thing that
/// is somebody else's than the gateway its owner alone. Nobody speaks for a thing that the registry does not have behind him.
/// </summary>
/// <param name="store">The states.</param>
/// <param name="registry">Which things are behind whom.</param>
/// <param name="access">Who may see them.</param>
public sealed class NodesModule(NodeStore store, RegistryStore registry, ThingAccess access) : IXmppModule
{
    /// <summary>Characters of a text in a state, at most; default 64: versions and reasons are short.</summary>
    private const int MaxText = 64;

    private static readonly string[] States = ["online", "sleeping", "overdue", "offline"];
    private static readonly string[] Reasons = ["", "shutdown", "connection-lost", "keepalive-timeout", "replaced", "stream-error", "revoked"];

    // Who was told how a thing is because of a group that it is in, by the thing's id: who is in it no more sees it go.
    private readonly ConcurrentDictionary<string, ImmutableHashSet<Jid>> _told = new(StringComparer.Ordinal);
    private IHub _hub = null!;
    private Jid _service = null!;

    /// <inheritdoc/>
    public string Name => "Nodes";

    /// <inheritdoc/>
    public Xep[] Xeps => [new("XEP-0326", "Internet of Things - Concentrators", "0.4", "the hub checks the right, routes, and keeps the liveness of things behind gateways; gateways answer")];

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        _hub = module.Hub;
        _service = new Jid(string.Empty, RegistryModule.Subdomain + "." + _hub.Domain.Domain, string.Empty);
        module.Component(RegistryModule.Subdomain).Presence(TakeAsync);
        module.Presence(Phase.Observe, GreetAsync);
        module.Inspect(Ns.Concentrators, MayAskAsync);
        access.Changed += change => _ = RetellAsync(change);
        module.Starting(StartAsync);
    }

    private async ValueTask StartAsync(CancellationToken cancel)
    {
        await store.LoadAsync(async id => await registry.FindAsync(id, cancel).ConfigureAwait(false) is { } thing ? await access.OwnOwnerAsync(thing).ConfigureAwait(false) : null, cancel).ConfigureAwait(false);
        // Whoever was there has lost the hub, and the hub him.
        foreach (NodePresence node in store.All.Where(n => n.State != "offline").ToList())
        {
            store.Put(node with { State = "offline", Reason = "connection-lost", Since = _hub.Time.GetUtcNow(), Until = null, Signal = null });
        }
    }

    // Reading and subscribing: as reading the gateway, for who may see its presence; and about his own things for their owner. What stands behind a gateway is the gateway's affair, so its people see
    // in its topology also what is somebody else's.
    private async ValueTask<Verdict> MayAskAsync(Stanza stanza, Session? sender)
    {
        if (stanza.Kind == StanzaKind.Message)
        {
            return Verdict.Continue;
        }

        if (ControlRequest.Read(stanza) is not { Nodes: { } nodes })
        {
            return Verdict.Reject(StanzaError.ResourceConstraint);
        }

        Jid gateway = stanza.To!.Bare;
        return await access.MayAskAsync(stanza.From, gateway, [], ThingRight.See).ConfigureAwait(false) || (nodes.Count > 0 && await access.MayAskAsync(stanza.From, gateway, nodes, ThingRight.See).ConfigureAwait(false))
            ? Verdict.Continue
            : Verdict.Reject(StanzaError.Forbidden);
    }

    private async ValueTask<Verdict> TakeAsync(Stanza stanza, Session? sender)
    {
        if (stanza.From.Domain != _hub.Domain.Domain)
        {
            return Verdict.Handled;
        }

        Tree? thing = ThingOf(stanza);
        if (stanza.Type == StanzaType.Unavailable)
        {
            string reason = Text(thing, "reason");
            await GoneAsync(stanza.From, Reasons.Contains(reason) && reason.Length > 0 ? reason : Reasons.Contains(Status(stanza)) ? Status(stanza) : "shutdown").ConfigureAwait(false);
            return Verdict.Handled;
        }

        if (stanza.Type != StanzaType.None || thing?.Attribute("nodeId") is not { Length: > 0 } id)
        {
            return Verdict.Handled;
        }

        if (await registry.FindAsync(id).ConfigureAwait(false) is not { IsBehindGateway: true } known || known.Account != stanza.From.Local)
        {
            return Verdict.Handled; // not registered, or not behind him: he learns that from the registry
        }

        string state = Text(thing, "state");
        if (!States.Contains(state))
        {
            return Verdict.Handled;
        }

        NodePresence? before = store.Find(id);
        DateTimeOffset now = _hub.Time.GetUtcNow();
        DateTimeOffset since = Time(thing, "since") is { } told && told <= now ? told : now;
        string why = Text(thing, "reason");
        var after = new NodePresence(id, known.Account, state, state == "offline" && Reasons.Contains(why) ? why : "", since)
        {
            Until = state is "sleeping" or "overdue" ? Time(thing, "until") : null,
            Firmware = Text(thing, "fw"),
            Boot = Text(thing, "boot"),
            Signal = Number(thing, "rssi"),
            Battery = Number(thing, "bat"),
            KeepAlive = Number(thing, "keepalive"),
            OwnOwner = await access.OwnOwnerAsync(known).ConfigureAwait(false),
        };
        if (before is not null && !Equals(before.OwnOwner, after.OwnOwner))
        {
            // Who was told until now is not any more: for him it is gone.
            await TellAsync(before with { State = "offline", Reason = "revoked", Since = now, Until = null, Signal = null }, null).ConfigureAwait(false);
        }

        if (before is { State: "offline" } && after.State == "offline" && after.Reason.Length == 0)
        {
            // A gateway that has started anew does not know why a thing went; the hub does.
            store.Put(before with { OwnOwner = after.OwnOwner });
            return Verdict.Handled;
        }

        store.Put(after);
        await TellAsync(after, known.Owner).ConfigureAwait(false);
        return Verdict.Handled;
    }

    private async ValueTask GoneAsync(Jid gateway, string reason)
    {
        // Another session of the gateway may be there already, and speaks for itself.
        if (_hub.Sessions.ListOf(gateway.Bare).Any(s => s.IsAvailable && !s.Jid.Equals(gateway)))
        {
            return;
        }

        foreach (NodePresence node in store.Behind(gateway.Local).Where(n => n.State != "offline").ToList())
        {
            NodePresence gone = node with { State = "offline", Reason = reason, Since = _hub.Time.GetUtcNow(), Until = null, Signal = null };
            store.Put(gone);
            await TellAsync(gone, (await registry.FindAsync(node.Id).ConfigureAwait(false))?.Owner).ConfigureAwait(false);
        }
    }

    private async ValueTask TellAsync(NodePresence node, Jid? owner)
    {
        IReadOnlyCollection<Jid> members = await access.MembersAsync(node.Id).ConfigureAwait(false);
        if (members.Count > 0)
        {
            _told[node.Id] = [.. members];
        }

        if (node.OwnOwner is { } alone)
        {
            _hub.Router.Broadcast(Write(node), [alone, .. members.Where(m => !m.Equals(alone))]);
            return;
        }

        PresenceContacts contacts = await _hub.Rosters.ContactsAsync(new Jid(node.Gateway, _hub.Domain.Domain, string.Empty)).ConfigureAwait(false);
        List<Jid> who = [.. contacts.Subscribers];
        if (owner is not null && !who.Contains(owner.Bare))
        {
            who.Add(owner.Bare);
        }

        who.AddRange(members.Where(m => !who.Contains(m)).ToList());
        _hub.Router.Broadcast(Write(node), who);
    }

    // Whoever has just become available learns how the things are that he may see, as with any contact (RFC 6121 §4.3.2).
    private async ValueTask<Verdict> GreetAsync(Stanza stanza, Session? sender)
    {
        if (sender is null || stanza.To is not null || sender.Get<Greeted>() is { IsAvailable: true } == (stanza.Type == StanzaType.None))
        {
            return Verdict.Continue;
        }

        sender.Set(new Greeted(stanza.Type == StanzaType.None));
        if (stanza.Type != StanzaType.None)
        {
            return Verdict.Continue;
        }

        if (store.IsEmpty)
        {
            return Verdict.Continue;
        }

        // Only those whose gateway he is subscribed to: a log-in costs what the roster has, not what the hub has.
        PresenceContacts contacts = await _hub.Rosters.ContactsAsync(sender.Jid.Bare).ConfigureAwait(false);
        foreach (Jid contact in contacts.Subscriptions)
        {
            if (contact.Domain != _hub.Domain.Domain)
            {
                continue;
            }

            foreach (NodePresence node in store.Behind(contact.Local).Where(n => n.OwnOwner is null))
            {
                await GreetAsync(sender, node).ConfigureAwait(false);
            }
        }

        foreach (NodePresence node in store.OwnedBy(sender.Jid.Bare))
        {
            await GreetAsync(sender, node).ConfigureAwait(false);
        }

        foreach (string id in access.GroupedThings(sender.Jid.Bare))
        {
            if (store.Find(id) is { } node && !sender.Jid.Bare.Equals(node.OwnOwner) && (node.OwnOwner is not null || contacts.Subscriptions.All(c => c.Local != node.Gateway))
                && (await access.MembersAsync(id).ConfigureAwait(false)).Contains(sender.Jid.Bare))
            {
                _told.AddOrUpdate(id, [sender.Jid.Bare], (_, told) => told.Add(sender.Jid.Bare));
                Send(sender, node);
            }
        }

        return Verdict.Continue;
    }

    private async ValueTask GreetAsync(Session session, NodePresence node)
    {
        if (await registry.FindAsync(node.Id).ConfigureAwait(false) is not { } known)
        {
            store.Remove(node.Id);
        }
        else if (node.OwnOwner is not { } owner || owner.Equals(known.Owner))
        {
            Send(session, node);
        }
    }

    private void Send(Session session, NodePresence node)
    {
        Stanza presence = Write(node);
        presence.SetAddresses(presence.From, session.Jid);
        _hub.Router.DeliverTo(session, presence);
    }

    // Rights have changed: who is new in a thing's group learns how it is, and for who is in none any more it goes.
    private async Task RetellAsync(AccessChange change)
    {
        if (store.IsEmpty)
        {
            return;
        }

        string[] ids = change.Thing is { } one ? [one] : [.. _told.Keys.Union(change.Who is { } he ? access.GroupedThings(he) : store.All.Select(n => n.Id), StringComparer.Ordinal)];
        foreach (string id in ids)
        {
            if (store.Find(id) is not { } node)
            {
                continue;
            }

            ImmutableHashSet<Jid> members = [.. await access.MembersAsync(id).ConfigureAwait(false)];
            ImmutableHashSet<Jid> told = _told.GetValueOrDefault(id, []);
            if (members.SetEquals(told))
            {
                continue;
            }

            _told[id] = members;
            _hub.Router.Broadcast(Write(node), [.. members.Except(told)]);
            foreach (Jid gone in told.Except(members))
            {
                if (!await access.MayAsync(gone, id, ThingRight.See).ConfigureAwait(false))
                {
                    _hub.Router.Broadcast(Write(node with { State = "offline", Reason = "revoked", Until = null, Signal = null }), [gone]);
                }
            }
        }
    }

    private Stanza Write(NodePresence node)
    {
        var from = new Jid(string.Empty, _service.Domain, node.Id);
        using var xml = new XmlBuilder();
        xml.Open("presence"u8);
        if (!node.IsOnline)
        {
            xml.Attribute("type"u8, "unavailable").Text("status"u8, node.Reason.Length > 0 ? node.Reason : node.State);
            if (node.Until is { } until)
            {
                xml.Open("sleep"u8, Ns.Thing).Attribute("until"u8, TimeFormat.Text(until.ToUnixTimeMilliseconds())).Close("sleep"u8);
            }
        }

        xml.Open("thing"u8, Ns.Thing).Attribute("nodeId"u8, node.Id).Attribute("gateway"u8, node.Gateway).Attribute("state"u8, node.State)
            .Attribute("since"u8, TimeFormat.Text(node.Since.ToUnixTimeMilliseconds()));
        Optional("reason"u8, node.Reason);
        Optional("fw"u8, node.Firmware);
        Optional("boot"u8, node.Boot);
        Optional("rssi"u8, node.Signal?.ToString(CultureInfo.InvariantCulture) ?? "");
        Optional("bat"u8, node.Battery?.ToString(CultureInfo.InvariantCulture) ?? "");
        Optional("keepalive"u8, node.KeepAlive?.ToString(CultureInfo.InvariantCulture) ?? "");
        return Stanza.Parse(xml.Close("thing"u8).Close("presence"u8).ToArray(), from, null);

        void Optional(ReadOnlySpan<byte> name, string value)
        {
            if (value.Length > 0)
            {
                xml.Attribute(name, value);
            }
        }
    }

    private static Tree? ThingOf(Stanza stanza) => Children(stanza).FirstOrDefault(c => c.Is(Ns.Thing, "thing"));

    private static string Status(Stanza stanza) => Children(stanza).FirstOrDefault(c => c.Name == "status")?.Text ?? "";

    private static IEnumerable<Tree> Children(Stanza stanza)
    {
        byte[] bytes = stanza.ToBytes();
        return Tree.Parse(bytes, 0, bytes.Length) is { } whole ? Enumerable.Range(0, whole.ChildCount).Select(whole.ChildAt).ToList() : [];
    }

    private static string Text(Tree? thing, string name) => thing?.Attribute(name) is { Length: <= MaxText } text ? text : "";

    private static int? Number(Tree thing, string name) =>
        int.TryParse(thing.Attribute(name), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) ? number : null;

    private static DateTimeOffset? Time(Tree thing, string name) =>
        TimeFormat.TryParse(thing.Attribute(name) ?? "", out long ms) ? DateTimeOffset.FromUnixTimeMilliseconds(ms) : null;

    private sealed record Greeted(bool IsAvailable);
}
