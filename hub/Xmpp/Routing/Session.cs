using IotXmpp.Hub.Modules;
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
    private TaskCompletionSource? _gone;
    private bool _isGone;
    private AnswerWatch? _answers;
    private readonly HubFigures _figures;

    internal Session(Jid jid, OutboundQueue queue, HubFigures figures)
    {
        Jid = jid;
        _queue = queue;
        _figures = figures;
    }

    /// <summary>The full JID.</summary>
    public Jid Jid { get; }

    /// <summary>Whether the resource is a thing's (wire profile, addresses).</summary>
    public bool IsThing => Jid.Resource == "thing";

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

    /// <summary>Where its stream comes from, or null where none serves it or that is not known.</summary>
    public System.Net.IPAddress? RemoteAddress => Stream?.RemoteAddress;

    /// <summary>What its stream runs on: <c>tcp</c>, <c>tls</c>, <c>websocket</c>, <c>bosh</c> or <c>process</c>; <c>none</c> where it waits for resumption.</summary>
    public string Transport => Stream?.TransportName ?? "none";

    /// <summary>Whether a stream serves the session now.</summary>
    public bool IsConnected => _queue is not null;

    /// <summary>Why the session has ended, or null while it lives: one of the reasons of the wire profile (<c>shutdown</c>, <c>connection-lost</c>, …).</summary>
    public string? EndReason { get; internal set; }

    /// <summary>The stream that serves the session, or null.</summary>
    internal C2sStream? Stream { get; set; }

    /// <summary>Stream management, where the client asked for it.</summary>
    internal StreamManagement? Management { get; set; }

    /// <summary>Messages of the session that wait for the archive, or null where none ever did.</summary>
    internal PendingMessages? Pending { get; set; }

    /// <summary>XEP-0198 §4: a stanza counts when the hub has taken responsibility for it.</summary>
    internal void CountReceived()
    {
        if (Management is { } management)
        {
            management.Received++;
        }
    }

    /// <summary>Ends when no message of the session waits for the archive.</summary>
    internal ValueTask PendingAsync() => Pending is { Any: true } pending ? new ValueTask(pending.EndedAsync()) : default;

    /// <summary>Ends when what was delivered so far has left: who sends much waits for it between pages, and does not fill the client's queue. At once where no stream is there.</summary>
    public ValueTask DrainedAsync() => _queue?.IdleAsync() ?? default;

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
            int at = Array.FindIndex(before, static feature => feature is T);
            object[] after;
            if (at < 0)
            {
                after = new object[before.Length + 1];
                before.CopyTo(after, 0);
                after[^1] = value;
            }
            else if (ReferenceEquals(before[at], value))
            {
                return;
            }
            else
            {
                after = [.. before];
                after[at] = value;
            }

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

    /// <summary>Answers of this session that somebody wants to see pass, or null where nobody does.</summary>
    internal AnswerWatch? Answers => Volatile.Read(ref _answers);

    /// <summary>Shows the answer of this session to a request that is about to be delivered to it, on its way to who asked.</summary>
    /// <param name="request">The request; it has an id and was let through.</param>
    /// <param name="seen">Gets the answer once, valid until it returns; null where none will come. Must not wait.</param>
    public void WatchAnswer(Stanza request, Action<Stanza?> seen)
    {
        ArgumentNullException.ThrowIfNull(request);
        AnswerWatch? watch = Answers;
        if (watch is null)
        {
            watch = new AnswerWatch();
            watch = Interlocked.CompareExchange(ref _answers, watch, null) ?? watch;
        }

        watch.Add(request.From, request.Id ?? string.Empty, seen);
    }

    /// <summary>Tells who watches for answers that none will come: the session has ended.</summary>
    public void EndAnswers() => Answers?.End();

    /// <summary>Ends the session: its stream gets the stream error and is closed, it cannot be resumed.</summary>
    /// <param name="streamError">The condition (RFC 6120 §4.9.3), such as <c>conflict</c> or <c>reset</c>.</param>
    /// <param name="reason">The reason of the wire profile that watchers see: <c>replaced</c>, <c>revoked</c>, <c>shutdown</c>.</param>
    public void End(string streamError, string reason) => Ending?.Invoke(this, streamError, reason);

    /// <summary>Ends when the session has ended for good and everybody was told: nothing of the hub works for it any more.</summary>
    public Task GoneAsync()
    {
        lock (this)
        {
            return _isGone ? Task.CompletedTask : (_gone ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    /// <summary>The session has ended, and everybody was told.</summary>
    internal void Gone()
    {
        lock (this)
        {
            _isGone = true;
            _gone?.TrySetResult();
        }
    }

    /// <summary>What <see cref="End"/> calls: the stream host.</summary>
    internal Action<Session, string, string>? Ending { get; set; }

    /// <summary>Sends one stanza: <paramref name="head"/>, then <c> to='…'</c>, then <paramref name="tail"/>.</summary>
    /// <param name="head">The start tag up to the addressee.</param>
    /// <param name="to">The addressee that the client is shown.</param>
    /// <param name="tail">From the start tag's <c>&gt;</c> (or <c>/&gt;</c>) to the end of the stanza.</param>
    internal void Deliver(ReadOnlySpan<byte> head, Jid to, ReadOnlySpan<byte> tail)
    {
        Tap?.Sent(this, StanzaBytes.Whole(head, to, tail));
        if (_gate is not null)
        {
            DeliverByGate(StanzaBytes.Whole(head, to, tail));
            return;
        }

        _figures.CountSent(head);
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

    /// <summary>Who looks on at the session's stanzas, or null: then it costs nothing.</summary>
    public IStanzaTap? Tap { get; set; }

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
        _figures.CountSent(stanza);
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
