using System.Collections.Concurrent;
using System.Globalization;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Rooms;

/// <summary>
/// Requests from occupant to occupant (XEP-0045 §6.6, §17.4): they reach the other's real JID, answers come back to the client that has asked, and neither learns who the other is. A ping to oneself is answered
/// here (XEP-0410 §3.1).
/// </summary>
internal sealed class OccupantIqs(RoomService rooms, IStanzaRouter router, RoomsOptions options, TimeProvider time)
{
    /// <summary>How long an answer is waited for (2 minutes: twice what clients wait); then it is passed over.</summary>
    private static readonly TimeSpan Wait = TimeSpan.FromMinutes(2);

    private readonly ConcurrentDictionary<string, Waiting> _waiting = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<(string Id, DateTimeOffset Until)> _inOrder = new();
    private readonly string _prefix = "room" + Random.Shared.Next(0x100000, 0xFFFFFF).ToString("x", CultureInfo.InvariantCulture) + "-";
    private long _ids;

    /// <summary>Takes an iq to an occupant JID.</summary>
    public async ValueTask<Verdict> TakeAsync(Stanza stanza)
    {
        Jid to = stanza.To!;
        Room? room = await rooms.FindAsync(to.Local).ConfigureAwait(false);
        if (!stanza.IsIqRequest)
        {
            Answer(stanza, room);
            return Verdict.Handled;
        }

        Occupant? sender = null;
        Occupant? target = null;
        Jid? real = null;
        bool isAllowed = room?.Run(() =>
        {
            OccupantSession? session = room.SessionOf(stanza.From);
            sender = session?.Occupant;
            target = room.OccupantOf(to.Resource);
            real = target?.Primary.Jid;
            return session?.Allowance.Take() ?? true;
        }) ?? true;
        if (sender is null)
        {
            // §6.6; XEP-0410 §3: who is not there is told so, also where the room has gone.
            return Verdict.Reject(stanza.ChildNamespace.SequenceEqual("http://jabber.org/protocol/disco#info"u8) || stanza.ChildNamespace.SequenceEqual("http://jabber.org/protocol/disco#items"u8)
                ? StanzaError.BadRequest
                : StanzaError.NotAcceptable);
        }

        if (target is null)
        {
            return Verdict.Reject(StanzaError.ItemNotFound);
        }

        if (target == sender && stanza.Type == StanzaType.Get && stanza.ChildNamespace.SequenceEqual("urn:xmpp:ping"u8))
        {
            router.Reply(stanza, IqReply.Empty);
            return Verdict.Handled;
        }

        if (IsAccounts(stanza))
        {
            real = real!.Bare;
        }

        DateTimeOffset now = time.GetUtcNow();
        Forget(now);
        if (!isAllowed || _waiting.Count >= options.PendingRequests)
        {
            return Verdict.Reject(StanzaError.ResourceConstraint);
        }

        string id = _prefix + Interlocked.Increment(ref _ids).ToString(CultureInfo.InvariantCulture);
        _waiting[id] = new Waiting(real!, stanza.From, stanza.Id!, to);
        _inOrder.Enqueue((id, now + Wait));
        await PassAsync(stanza, room!.JidOf(sender.Nick), real!, id).ConfigureAwait(false);
        return Verdict.Handled;
    }

    // What an account answers for its clients (XEP-0054 §3.3, XEP-0292, XEP-0060 at an account) is asked of the account.
    private static bool IsAccounts(Stanza stanza) => stanza.Type == StanzaType.Get
        && (stanza.ChildNamespace.SequenceEqual("vcard-temp"u8) || stanza.ChildNamespace.SequenceEqual("urn:ietf:params:xml:ns:vcard-4.0"u8) || stanza.ChildNamespace.SequenceEqual("http://jabber.org/protocol/pubsub"u8));

    private void Answer(Stanza answer, Room? room)
    {
        if (answer.Id is not { } id || !_waiting.TryGetValue(id, out Waiting? waiting) || !waiting.Asked.Equals(answer.From))
        {
            return;
        }

        _waiting.TryRemove(id, out _);
        if (answer.Type == StanzaType.Error && RoomXml.Condition(answer) is "gone" or "remote-server-not-found" or "remote-server-timeout")
        {
            // §18.1.2: a ghost.
            room?.Exit(answer.From, PresenceContent.Empty, RoomStatus.TechnicalProblem);
        }

        _ = PassAsync(answer, waiting.AskedAs, waiting.Asker, waiting.Id).AsTask();
    }

    private ValueTask PassAsync(Stanza iq, Jid from, Jid to, string id)
    {
        using var xml = new XmlBuilder(iq.Inner.Length + 256);
        ReadOnlySpan<byte> type = iq.Type switch
        {
            StanzaType.Get => "get"u8,
            StanzaType.Set => "set"u8,
            StanzaType.Result => "result"u8,
            _ => "error"u8,
        };
        xml.Open("iq"u8).Attribute("type"u8, type).Attribute("id"u8, id).Attribute("xml:lang"u8, iq.Lang).Raw(RoomXml.Content(iq)).Close("iq"u8);
        return router.RouteAsync(Stanza.Parse(xml.ToArray(), from, to));
    }

    private void Forget(DateTimeOffset now)
    {
        while (_inOrder.TryPeek(out (string Id, DateTimeOffset Until) oldest) && oldest.Until < now && _inOrder.TryDequeue(out oldest))
        {
            _waiting.TryRemove(oldest.Id, out _);
        }
    }

    private sealed record Waiting(Jid Asked, Jid Asker, string Id, Jid AskedAs);
}
