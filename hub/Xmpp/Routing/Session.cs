using IotXmpp.Hub.Streams;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Routing;

/// <summary>
/// A bound resource: what the rest of the hub sees of a client. It outlives its stream where stream management allows (XEP-0198 §5): then
/// stanzas for it wait, and it is <see cref="IsResumable"/> without being <see cref="IsConnected"/>.
/// </summary>
public sealed class Session
{
    private OutboundQueue? _queue;
    private IDeliveryGate? _gate;
    private object[] _features = [];

    internal Session(Jid jid, OutboundQueue queue)
    {
        Jid = jid;
        _queue = queue;
    }

    /// <summary>The full JID.</summary>
    public Jid Jid { get; }

    /// <summary>Whether initial presence was sent and not taken back (RFC 6121 §4.2).</summary>
    public bool IsAvailable { get; private set; }

    /// <summary>The priority of the presence, -128 to 127 (RFC 6121 §4.7.2.3); 0 without presence.</summary>
    public sbyte Priority { get; private set; }

    /// <summary>The last available presence as the client sent it, or null.</summary>
    public Stanza? Presence { get; private set; }

    /// <summary>When <see cref="Presence"/> was sent.</summary>
    public DateTimeOffset PresenceAt { get; private set; }

    /// <summary>The keep-alive interval that a thing has announced, in seconds (wire profile, session); 0 where none was.</summary>
    public int KeepAliveSeconds { get; set; }

    /// <summary>Whether a stream serves the session now.</summary>
    public bool IsConnected => _queue is not null;

    /// <summary>Why the session has ended, or null while it lives: one of the reasons of the wire profile (<c>shutdown</c>, <c>connection-lost</c>, …).</summary>
    public string? EndReason { get; internal set; }

    /// <summary>The stream that serves the session, or null.</summary>
    internal C2sStream? Stream { get; set; }

    /// <summary>Stream management, where the client asked for it.</summary>
    internal StreamManagement? Management { get; set; }

    /// <summary>Whether the session survives the loss of its stream.</summary>
    public bool IsResumable => Management is { CanResume: true };

    /// <summary>Features keep what they know of a session here: one object a type.</summary>
    public T? Get<T>()
        where T : class
    {
        foreach (object feature in Volatile.Read(ref _features))
        {
            if (feature is T found)
            {
                return found;
            }
        }

        return null;
    }

    /// <summary>Keeps an object of a feature with the session.</summary>
    public void Set<T>(T value)
        where T : class
    {
        while (true)
        {
            object[] before = Volatile.Read(ref _features);
            object[] after = [.. before.Where(feature => feature is not T), value];
            if (Interlocked.CompareExchange(ref _features, after, before) == before)
            {
                return;
            }
        }
    }

    /// <summary>Sets or (null) takes back the available presence; the Presence feature calls this.</summary>
    public void SetPresence(Stanza? presence, sbyte priority, DateTimeOffset at)
    {
        Presence = presence;
        Priority = presence is null ? (sbyte)0 : priority;
        IsAvailable = presence is not null;
        PresenceAt = at;
    }

    /// <summary>Ends the session: its stream gets the stream error and is closed, it cannot be resumed.</summary>
    /// <param name="streamError">The condition (RFC 6120 §4.9.3), such as <c>conflict</c> or <c>reset</c>.</param>
    /// <param name="reason">The reason of the wire profile that watchers see: <c>replaced</c>, <c>revoked</c>, <c>shutdown</c>.</param>
    public void End(string streamError, string reason) => Ending?.Invoke(this, streamError, reason);

    /// <summary>What <see cref="End"/> calls: the stream host.</summary>
    internal Action<Session, string, string>? Ending { get; set; }

    /// <summary>Sends one stanza: <paramref name="head"/>, then <c> to='…'</c>, then <paramref name="tail"/>.</summary>
    /// <param name="head">The start tag up to the addressee.</param>
    /// <param name="to">The addressee that the client is shown.</param>
    /// <param name="tail">From the start tag's <c>&gt;</c> (or <c>/&gt;</c>) to the end of the stanza.</param>
    internal void Deliver(ReadOnlySpan<byte> head, Jid to, ReadOnlySpan<byte> tail)
    {
        if (_gate is not null)
        {
            DeliverByGate(StanzaBytes.Whole(head, to, tail));
            return;
        }

        StreamManagement? management = Management;
        if (management is not null)
        {
            management.Deliver(this, StanzaBytes.Whole(head, to, tail));
            return;
        }

        _queue?.AppendStanza(head, to, tail);
    }

    /// <summary>What may keep stanzas back from this session, or null.</summary>
    public IDeliveryGate? Gate
    {
        get => Volatile.Read(ref _gate);
        set => Volatile.Write(ref _gate, value);
    }

    /// <summary>Delivers what was kept back, and takes the gate away.</summary>
    public void OpenGate()
    {
        Gate?.Open(this);
        Gate = null;
    }

    /// <summary>Delivers stanzas past the gate, in one piece.</summary>
    public void DeliverTogether(IReadOnlyList<byte[]> stanzas)
    {
        if (stanzas.Count == 0)
        {
            return;
        }

        OutboundQueue? queue = _queue;
        bool isHeld = queue?.TryHold() ?? false;
        foreach (byte[] stanza in stanzas)
        {
            DeliverWhole(stanza);
        }

        if (isHeld)
        {
            queue!.Release();
        }
    }

    private void DeliverByGate(byte[] stanza)
    {
        if (Gate is not { } gate || !gate.Hold(this, stanza))
        {
            DeliverWhole(stanza);
        }
    }

    private void DeliverWhole(byte[] stanza)
    {
        if (Management is { } management)
        {
            management.Deliver(this, stanza);
        }
        else
        {
            _queue?.Append(stanza);
        }
    }

    /// <summary>Gives the session a stream, or (null) takes it away.</summary>
    internal void Attach(OutboundQueue? queue, C2sStream? stream)
    {
        _queue = queue;
        Stream = stream;
    }

    /// <summary>The queue of the stream that serves the session, or null.</summary>
    internal OutboundQueue? Queue => _queue;
}
