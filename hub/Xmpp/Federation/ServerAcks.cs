using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Federation;

/// <summary>A stanza that was handed to a stream.</summary>
/// <param name="Bytes">The whole stanza.</param>
/// <param name="From">Who is told where it is lost.</param>
/// <param name="To">The addressee.</param>
internal readonly record struct SentStanza(byte[] Bytes, Jid From, Jid To);

/// <summary>What came of handing a stanza to a stream.</summary>
internal enum SendOutcome
{
    /// <summary>It is on its way.</summary>
    Sent,

    /// <summary>As much as may waits to be acknowledged.</summary>
    Full,

    /// <summary>The stream has ended, and nobody will look at what is given to it.</summary>
    Ended,
}

/// <summary>
/// Stream management of one stream between servers (XEP-0198, without resumption): what was sent is kept until the other server acknowledges it, so that a stream that breaks loses nothing silently. One
/// request for an acknowledgement is under way at a time. Before it is turned on, it lets stanzas pass.
/// </summary>
internal sealed class ServerAcks(ServerStream stream, FederationOptions options)
{
    private readonly Lock _gate = new();
    private Queue<SentStanza>? _unacked;
    private long _bytes;
    private uint _acked;
    private uint _sent;
    private long _asked;
    private bool _ended;

    /// <summary>Whether it is turned on.</summary>
    public bool IsOn => Volatile.Read(ref _unacked) is not null;

    /// <summary>Stanzas received and dealt with since then, modulo 2^32 (§4).</summary>
    public uint Received { get; private set; }

    /// <summary>Whether the other server has acknowledged all that was sent.</summary>
    public bool IsEmpty
    {
        get
        {
            lock (_gate)
            {
                return _unacked is null || _unacked.Count == 0;
            }
        }
    }

    /// <summary>Turns it on: what is sent behind this element counts (§4).</summary>
    public void Start(ReadOnlySpan<byte> element)
    {
        lock (_gate)
        {
            stream.Send(element);
            Received = 0;
            _unacked = new Queue<SentStanza>();
        }
    }

    /// <summary>The other server does not want it after all: what was sent is as it would be without.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            _unacked = null;
            _asked = 0;
        }
    }

    /// <summary>A stanza of the other server was dealt with.</summary>
    public void CountReceived()
    {
        if (IsOn)
        {
            Received++;
        }
    }

    /// <summary>Sends a stanza.</summary>
    /// <param name="stanza">The stanza.</param>
    /// <param name="always">Whether it may exceed the bound: what has waited already is itself bounded.</param>
    /// <param name="now">Milliseconds of the host's clock.</param>
    public SendOutcome Send(SentStanza stanza, bool always, long now)
    {
        lock (_gate)
        {
            if (_ended)
            {
                return SendOutcome.Ended;
            }

            if (_unacked is null)
            {
                stream.SendStanza(stanza.Bytes);
                return SendOutcome.Sent;
            }

            if (!always && (_unacked.Count >= options.UnackedStanzas || _bytes + stanza.Bytes.Length > options.UnackedBytes))
            {
                return SendOutcome.Full;
            }

            _unacked.Enqueue(stanza);
            _bytes += stanza.Bytes.Length;
            _sent++;
            stream.SendStanza(stanza.Bytes);
            if (_asked == 0)
            {
                Ask(now);
            }

            return SendOutcome.Sent;
        }
    }

    /// <summary>The other server acknowledges (§4).</summary>
    /// <returns>False where it claims more than was sent.</returns>
    public bool Acknowledge(uint h, long now)
    {
        lock (_gate)
        {
            // Counters wrap at 2^32.
            uint count = h - _acked;
            if (_unacked is null || count > _unacked.Count)
            {
                return false;
            }

            for (uint i = 0; i < count; i++)
            {
                _bytes -= _unacked.Dequeue().Bytes.Length;
            }

            _acked = h;
            _asked = 0;
            if (_unacked.Count > 0)
            {
                Ask(now);
            }

            return true;
        }
    }

    /// <summary>Whether a request for an acknowledgement is older than it may be.</summary>
    public bool IsOverdue(long now)
    {
        lock (_gate)
        {
            return _asked != 0 && now - _asked > options.AckSeconds * 1000L;
        }
    }

    /// <summary>The stream has ended: what nobody knows about, in the order in which it was sent. From now on nothing is taken.</summary>
    public SentStanza[] End()
    {
        lock (_gate)
        {
            _ended = true;
            SentStanza[] lost = _unacked is null ? [] : [.. _unacked];
            _unacked?.Clear();
            _bytes = 0;
            _asked = 0;
            return lost;
        }
    }

    /// <summary>Writes how far this side is; nothing where it is not turned on.</summary>
    public void WriteAnswer(XmlBuilder xml)
    {
        if (IsOn)
        {
            xml.Open("a"u8, Ns.StreamManagement).Attribute("h"u8, Received).Close("a"u8);
        }
    }

    /// <summary>Writes the error of §4 for who has acknowledged too much.</summary>
    public void WriteTooHigh(XmlBuilder xml, uint h)
    {
        lock (_gate)
        {
            xml.Open("handled-count-too-high"u8, Ns.StreamManagement).Attribute("h"u8, h).Attribute("send-count"u8, _sent).Close("handled-count-too-high"u8);
        }
    }

    private void Ask(long now)
    {
        _asked = now;
        stream.Send("<r xmlns='urn:xmpp:sm:3'/>"u8);
    }
}
