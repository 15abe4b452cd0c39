using System.Globalization;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.LastActivity;
using IotXmpp.Hub.Features.Nodes;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Xml;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Liveness;

/// <summary>
/// Presence as liveness (wire profile): hears of things by their presence and their sessions, of things behind gateways by <see cref="NodeStore"/>; tells who may see a thing's presence what the thing itself
/// cannot tell, that it may still resume and that it is overdue; answers at <c>things.&lt;domain&gt;</c> how a thing was. Stands behind Presence, Registry and Nodes in <c>HubModules</c>.
/// </summary>
/// <param name="database">Where states are kept.</param>
/// <param name="registry">The things.</param>
/// <param name="access">Who may see them.</param>
/// <param name="things">Tells when one is forgotten.</param>
/// <param name="nodes">How things behind gateways are.</param>
/// <param name="lastSeen">What who comes later is told of a thing that is away.</param>
public sealed class LivenessModule(ISqlDatabase database, RegistryStore registry, ThingAccess access, RegistryModule things, NodeStore nodes, LastSeenStore lastSeen) : IXmppModule
{
    /// <summary>Steps in one answer, the newest (500).</summary>
    private const int MaxSteps = 500;

    private IHub _hub = null!;

    /// <inheritdoc/>
    public string Name => "Liveness";

    /// <inheritdoc/>
    public Xep[] Xeps => [];

    /// <summary>The states; after <see cref="Register"/>.</summary>
    public LivenessService Service { get; private set; } = null!;

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        _hub = module.Hub;
        Service = new LivenessService(database, module.Options<LivenessOptions>("Liveness"), _hub.Time, _hub.Loggers.CreateLogger<LivenessService>());
        Service.Changed += (before, after) => _ = TellOverdueAsync(before, after);
        nodes.Changed += Told;
        module.Presence(Phase.Inspect, LeavesAsync);
        module.Presence(Phase.Observe, ComesAsync);
        module.SessionDetached(session => _ = DetachedAsync(session));
        module.SessionResumed(session => _ = ResumedAsync(session));
        module.Component(RegistryModule.Subdomain).Feature(Ns.Thing).Iq(StanzaType.Get, "liveness", Ns.Thing, AskAsync);
        things.Provisioning.Forgetting += thing => Service.ForgetAsync(thing.Id);
        _hub.Accounts.Removed += name => Service.ForgetAsync(name); // also of one that was never entered
        module.Starting(Service.StartAsync);
        module.Stopping(_ => Service.DisposeAsync());
    }

    private static ThingStatus StatusOf(Element? thing) => thing is null
        ? ThingStatus.None
        : new ThingStatus(thing["fw"] ?? "", thing["boot"] ?? "", Number(thing["rssi"]), Number(thing["bat"]), Number(thing["heap"]), Number(thing["keepalive"]));

    private static List<Element> ChildrenOf(Stanza stanza)
    {
        var children = new List<Element>();
        XmlSpanReader reader = stanza.ReadInner();
        while (reader.Read())
        {
            if (reader.Node == XmlNode.Start)
            {
                children.Add(Element.Read(ref reader));
            }
        }

        return children;
    }

    private static int? Number(string? text) => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) ? number : null;

    private static DateTimeOffset? Time(string? text) => TimeFormat.TryParse(text ?? "", out long ms) ? DateTimeOffset.FromUnixTimeMilliseconds(ms) : null;

    private static string Text(DateTimeOffset time) => TimeFormat.Text(time.ToUnixTimeMilliseconds());

    // A thing has an owner or is in the registry; a person may bind any resource.
    private async ValueTask<bool> IsThingAsync(string account) =>
        await _hub.Accounts.OwnerAsync(account).ConfigureAwait(false) is not null || await registry.FindAsync(account).ConfigureAwait(false) is not null;

    private async ValueTask<Verdict> ComesAsync(Stanza stanza, Session? sender)
    {
        if (stanza.Type == StanzaType.None && stanza.To is null && sender is { IsThing: true } && await IsThingAsync(sender.Jid.Local).ConfigureAwait(false))
        {
            Service.Online(sender.Jid.Local, StatusOf(ChildrenOf(stanza).FirstOrDefault(c => c.Is("thing", Ns.Thing))));
        }

        return Verdict.Continue;
    }

    // Before the session is told to be away, so that a farewell that the hub says for a thing that has taken its leave changes nothing.
    private async ValueTask<Verdict> LeavesAsync(Stanza stanza, Session? sender)
    {
        if (stanza.Type != StanzaType.Unavailable || stanza.To is not null || sender is not { IsThing: true, IsAvailable: true } || _hub.IsStopping || !await IsThingAsync(sender.Jid.Local).ConfigureAwait(false))
        {
            return Verdict.Continue;
        }

        Element? thing = null;
        DateTimeOffset? until = null;
        foreach (Element child in ChildrenOf(stanza))
        {
            if (child.Is("sleep", Ns.Thing))
            {
                until = Time(child["until"]);
            }
            else if (child.Is("thing", Ns.Thing))
            {
                thing = child;
            }
        }

        if (until is { } wakes && sender.EndReason is null)
        {
            Service.Sleeping(sender.Jid.Local, wakes);
        }
        else if (sender.EndReason != "replaced")
        {
            // The session that took the place of a replaced one has said, or will say, that the thing is there.
            Service.Offline(sender.Jid.Local, sender.EndReason ?? "shutdown");
        }

        return Verdict.Continue;
    }

    private void Told(NodePresence node)
    {
        if (_hub.IsStopping)
        {
            return;
        }

        LivenessState state = node.State switch
        {
            "online" => LivenessState.Online,
            "sleeping" => LivenessState.Sleeping,
            "overdue" => LivenessState.Overdue,
            _ => LivenessState.Offline,
        };
        Service.Told(node.Id, state, node.Reason, node.Since, node.Until, new ThingStatus(node.Firmware, node.Boot, node.Signal, node.Battery, null, node.KeepAlive));
    }

    private async Task DetachedAsync(Session session)
    {
        if (!session.IsThing || session.Presence is not { } presence || _hub.IsStopping || !await IsThingAsync(session.Jid.Local).ConfigureAwait(false))
        {
            return;
        }

        Service.Resuming(session.Jid.Local);
        if (session.IsConnected)
        {
            return; // it was quicker
        }

        session.Set(new BeforeDetached(presence, session.PresenceAt));
        using var xml = new XmlBuilder();
        xml.Open("presence"u8).Text("show"u8, "away").Text("status"u8, "resuming");
        if (session.Priority != 0)
        {
            xml.Text("priority"u8, session.Priority.ToString(CultureInfo.InvariantCulture));
        }

        foreach (Element child in ChildrenOf(presence).Where(c => c.Namespace != Ns.Client))
        {
            if (child.Is("thing", Ns.Thing) && child["state"] is null && child["since"] is null)
            {
                child.With("state", "resuming").With("since", Text(_hub.Time.GetUtcNow()));
            }

            child.WriteTo(xml);
        }

        Stanza resuming = Stanza.Parse(xml.Close("presence"u8).ToArray(), session.Jid, null);
        session.SetPresence(resuming, session.Priority, _hub.Time.GetUtcNow());
        await BroadcastAsync(resuming, session.Jid).ConfigureAwait(false);
    }

    private async Task ResumedAsync(Session session)
    {
        if (session.IsThing)
        {
            Service.Resumed(session.Jid.Local);
            if (session.Get<BeforeDetached>() is { Presence: { } presence } before)
            {
                session.Set(BeforeDetached.None);
                session.SetPresence(presence, session.Priority, before.At);
                await BroadcastAsync(presence, session.Jid).ConfigureAwait(false);
            }
        }
    }

    // The thing cannot say it itself: whoever sees its presence hears from the hub that it has not come back.
    private async Task TellOverdueAsync(ThingLiveness? before, ThingLiveness after)
    {
        if (after.State != LivenessState.Overdue || before?.State != LivenessState.Sleeping || after.Until is not { } until
            || await registry.FindAsync(after.Id).ConfigureAwait(false) is { IsBehindGateway: true })
        {
            return; // of a thing behind a gateway the gateway says it
        }

        using var xml = new XmlBuilder();
        xml.Open("presence"u8).Attribute("type"u8, "unavailable"u8).Text("status"u8, "overdue")
            .Open("sleep"u8, Ns.Thing).Attribute("until"u8, Text(until)).Close("sleep"u8)
            .Open("thing"u8, Ns.Thing).Attribute("state"u8, "overdue"u8).Attribute("since"u8, Text(after.Since)).Close("thing"u8).Close("presence"u8);
        var jid = new Jid(after.Id, _hub.Domain.Domain, "thing");
        Stanza overdue = Stanza.Parse(xml.ToArray(), jid, null);
        if (await _hub.LastSeen.FindAsync(after.Id).ConfigureAwait(false) is { } seen)
        {
            lastSeen.Note(after.Id, seen with { Status = "overdue", Presence = overdue.Inner.ToArray() });
        }

        await BroadcastAsync(overdue, jid).ConfigureAwait(false);
    }

    private async Task BroadcastAsync(Stanza presence, Jid thing)
    {
        PresenceContacts contacts = await _hub.Rosters.ContactsAsync(thing.Bare).ConfigureAwait(false);
        _hub.Router.Broadcast(presence, contacts.Subscribers);
    }

    private async ValueTask<IqReply> AskAsync(IqRequest request, CancellationToken cancel)
    {
        Element payload = request.Payload();
        DateTimeOffset now = _hub.Time.GetUtcNow();
        if (payload["thing"] is not { Length: > 0 } id
            || (payload["end"] is { } toText && Time(toText) is null) || (payload["start"] is { } fromText && Time(fromText) is null))
        {
            return StanzaError.BadRequest;
        }

        DateTimeOffset to = Time(payload["end"]) ?? now;
        DateTimeOffset from = Time(payload["start"]) ?? to.AddDays(-1);
        if (!await access.MayAsync(request.From, id, ThingRight.See, null, cancel).ConfigureAwait(false))
        {
            return StanzaError.Forbidden; // who may not see a thing does not learn whether there is one
        }

        if (Service.Find(id) is not { } liveness)
        {
            return StanzaError.ItemNotFound;
        }

        Uptime uptime = await Service.UptimeAsync(id, from, to, cancel).ConfigureAwait(false);
        IReadOnlyList<Transition> steps = await Service.StepsAsync(id, from, to, cancel).ConfigureAwait(false);
        bool isFlapping = await Service.IsFlappingAsync(id, cancel).ConfigureAwait(false);
        using var xml = new XmlBuilder();
        xml.Open("liveness"u8, Ns.Thing).Attribute("thing"u8, id).Attribute("state"u8, Word(liveness.State)).Attribute("since"u8, Text(liveness.Since));
        Optional("reason"u8, liveness.Reason);
        Optional("until"u8, liveness.Until is { } until ? Text(until) : "");
        xml.Attribute("known"u8, (long)uptime.Known.TotalSeconds).Attribute("up"u8, (long)uptime.Up.TotalSeconds).Attribute("losses"u8, (long)uptime.Losses)
            .Attribute("interruptions"u8, (long)uptime.Interruptions).Attribute("flapping"u8, isFlapping ? "true"u8 : "false"u8);
        foreach (Transition step in steps.Skip(Math.Max(0, steps.Count - MaxSteps)))
        {
            xml.Open("step"u8).Attribute("at"u8, Text(step.At)).Attribute("state"u8, Word(step.State));
            Optional("reason"u8, step.Reason);
            Optional("until"u8, step.Until is { } end ? Text(end) : "");
            xml.Close("step"u8);
        }

        return IqReply.Result(xml.Close("liveness"u8));

        void Optional(ReadOnlySpan<byte> name, string value)
        {
            if (value.Length > 0)
            {
                xml.Attribute(name, value);
            }
        }
    }

    private static string Word(LivenessState state) => state switch
    {
        LivenessState.Online => "online",
        LivenessState.Resuming => "resuming",
        LivenessState.Sleeping => "sleeping",
        LivenessState.Overdue => "overdue",
        _ => "offline",
    };

    private sealed record BeforeDetached(Stanza? Presence, DateTimeOffset At)
    {
        public static readonly BeforeDetached None = new(null, default);
    }
}
