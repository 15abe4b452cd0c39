using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Streams;

/// <summary>
/// Stream management of one session (XEP-0198): what was received, what was sent and not yet acknowledged. Bounded in stanzas and bytes; one request for an
/// acknowledgement is under way at a time.
/// </summary>
/// <param name="id">What <c>previd</c> names.</param>
/// <param name="resumeSeconds">For how long the session outlives its stream; 0 where the client did not ask for that.</param>
/// <param name="options">The bounds.</param>
/// <param name="time">The clock: what is not acknowledged is sent on with the time of its first delivery.</param>
internal sealed class StreamManagement(string id, int resumeSeconds, XmppOptions options, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Queue<UnackedStanza> _unacked = new();
    private long _unackedBytes;
    private uint _acked;
    private uint _sent;
    private bool _requested;
    private bool _full;
    private INotifier? _notifier;

    /// <summary>What <c>previd</c> names.</summary>
    public string Id => id;

    /// <summary>Whether the client asked for resumption.</summary>
    public bool CanResume => resumeSeconds > 0 && !_full;

    /// <summary>For how long the session outlives its stream, in seconds: what the client prefers, at most what the settings say (§3).</summary>
    public int ResumeSeconds => resumeSeconds;

    /// <summary>Stanzas received from the client, modulo 2^32 (§4).</summary>
    public uint Received { get; set; }

    /// <summary>When the stream was lost, in milliseconds of the hub's clock; 0 while there is one.</summary>
    public long DetachedAt { get; set; }

    /// <summary>Stanzas that wait for an acknowledgement.</summary>
    public int Unacked
    {
        get
        {
            lock (_gate)
            {
                return _unacked.Count;
            }
        }
    }

    /// <summary>Keeps a stanza until it is acknowledged, and sends it where a stream is there.</summary>
    public void Deliver(Session session, byte[] stanza)
    {
        bool overflow;
        INotifier? notifier;
        lock (_gate)
        {
            if (_full)
            {
                return;
            }

            notifier = _notifier;

            _unacked.Enqueue(new UnackedStanza(stanza, time.GetUtcNow()));
            _unackedBytes += stanza.Length;
            _sent++;
            _full = overflow = _unacked.Count > options.MaxUnackedStanzas || _unackedBytes > options.MaxUnackedBytes;
            if (!overflow && session.Queue is { } queue)
            {
                queue.Append(stanza);
                if (!_requested)
                {
                    _requested = true;
                    queue.Append("<r xmlns='urn:xmpp:sm:3'/>"u8);
                }
            }
        }

        notifier?.Waits(session, stanza);
        if (overflow && session.Gate is null)
        {
            session.End("policy-violation", "stream-error");
        }
        else if (overflow)
        {
            // The gate holds its lock, and the end of a session is told to others that have one.
            ThreadPool.UnsafeQueueUserWorkItem(static ended => ended.End("policy-violation", "stream-error"), session, preferLocal: false);
        }
    }

    /// <summary>The client acknowledges (§4): false where it claims more than was sent.</summary>
    public bool Acknowledge(uint h, OutboundQueue? queue)
    {
        lock (_gate)
        {
            if (!Drop(h))
            {
                return false;
            }

            _requested = false;
            if (_unacked.Count > 0 && queue is not null)
            {
                _requested = true;
                queue.Append("<r xmlns='urn:xmpp:sm:3'/>"u8);
            }

            return true;
        }
    }

    /// <summary>Asks whether the client is still there.</summary>
    public void Request(OutboundQueue queue)
    {
        lock (_gate)
        {
            _requested = true;
            queue.Append("<r xmlns='urn:xmpp:sm:3'/>"u8);
        }
    }

    /// <summary>
    /// The client resumes (§5): what it has is dropped, the new stream is attached, then <c>resumed</c> and all that waits goes out, in the old order. False where
    /// it claims more than was sent.
    /// </summary>
    /// <param name="h">What the client has.</param>
    /// <param name="session">The session.</param>
    /// <param name="stream">Its new stream.</param>
    /// <param name="before">What stands before <c>resumed</c>.</param>
    /// <param name="behind">What stands behind it.</param>
    public bool Resume(uint h, Session session, C2sStream stream, ReadOnlySpan<byte> before, ReadOnlySpan<byte> behind)
    {
        OutboundQueue queue = stream.Queue;
        lock (_gate)
        {
            if (!Drop(h))
            {
                return false;
            }

            using (var xml = new XmlBuilder())
            {
                xml.Raw(before).Open("resumed"u8, Ns.StreamManagement).Attribute("previd"u8, id).Attribute("h"u8, Received).Close("resumed"u8).Raw(behind);
                queue.Append(xml.Written);
            }

            foreach (UnackedStanza unacked in _unacked)
            {
                queue.Append(unacked.Stanza);
            }

            DetachedAt = 0;
            _notifier = null;
            _requested = _unacked.Count > 0;
            if (_requested)
            {
                queue.Append("<r xmlns='urn:xmpp:sm:3'/>"u8);
            }

            session.Attach(queue, stream);
            return true;
        }
    }

    /// <summary>The stream was lost: whoever tells the client's device hears of all that waits from now on.</summary>
    /// <returns>What waits already.</returns>
    public IReadOnlyList<byte[]> Watch(INotifier notifier)
    {
        lock (_gate)
        {
            _notifier = notifier;
            return [.. _unacked.Select(unacked => unacked.Stanza)];
        }
    }

    /// <summary>Takes everything that was never acknowledged, because the session has ended.</summary>
    public UnackedStanza[] TakeUnacked()
    {
        lock (_gate)
        {
            UnackedStanza[] all = [.. _unacked];
            _unacked.Clear();
            _unackedBytes = 0;
            _full = true;
            return all;
        }
    }

    // Under the gate. Counters wrap at 2^32 (§4).
    private bool Drop(uint h)
    {
        uint count = h - _acked;
        if (count > _sent - _acked || count > _unacked.Count)
        {
            return false;
        }

        for (uint i = 0; i < count; i++)
        {
            _unackedBytes -= _unacked.Dequeue().Stanza.Length;
        }

        _acked = h;
        return true;
    }

    /// <summary>How many stanzas were sent, for the error of §4.</summary>
    public uint Sent => _sent;
}

/// <summary>A stanza that was sent and not acknowledged.</summary>
/// <param name="Stanza">The whole stanza.</param>
/// <param name="At">When it was delivered first.</param>
internal readonly record struct UnackedStanza(byte[] Stanza, DateTimeOffset At);
