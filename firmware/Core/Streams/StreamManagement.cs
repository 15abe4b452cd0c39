using System;
using System.Collections;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Streams;

/// <summary>
/// Acknowledgement and resumption (XEP-0198): counts what came, and keeps what was sent until the server has it. The queue is one ring of bytes, bounded, without an object per stanza.
/// </summary>
internal sealed class StreamManagement
{
    /// <summary>Stanzas after which an acknowledgement is asked for. Default 5, so that a request costs at most a fifth of the stanzas.</summary>
    internal const int AskEvery = 5;

    private const int PrefixBytes = 4; // the length before each stanza
    private const int FirstBytes = 1024;

    private readonly int _maximum;
    private byte[] _ring = new byte[0];
    private int _head; // where the oldest stanza starts
    private int _used;
    private int _sinceAsk;
    private bool _askWanted;
    private uint _acked;

    internal StreamManagement(int maximumBytes)
    {
        _maximum = maximumBytes;
    }

    /// <summary>Whether sent stanzas are kept: from our &lt;enable/&gt; on.</summary>
    internal bool Keeping { get; private set; }

    /// <summary>Whether received stanzas are counted: from the server's &lt;enabled/&gt; on.</summary>
    internal bool Counting { get; private set; }

    /// <summary>The id to resume with, or null.</summary>
    internal byte[] ResumeId { get; private set; }

    /// <summary>Received stanzas, modulo 2^32 (§4).</summary>
    internal uint Handled { get; private set; }

    /// <summary>Stanzas that wait for acknowledgement.</summary>
    internal int Unacked { get; private set; }

    /// <summary>Forgets the session.</summary>
    internal void Clear()
    {
        Keeping = false;
        Counting = false;
        ResumeId = null;
        Handled = 0;
        Unacked = 0;
        _acked = 0;
        _head = 0;
        _used = 0;
        _sinceAsk = 0;
        _askWanted = false;
    }

    /// <summary>The server has ended the session: what waits can only be told as lost.</summary>
    internal void CannotResume()
    {
        ResumeId = null;
    }

    internal void EnableSent()
    {
        Clear();
        Keeping = true;
    }

    internal void Enabled(byte[] resumeId)
    {
        Counting = true;
        ResumeId = resumeId;
    }

    internal void Received()
    {
        if (Counting)
        {
            Handled++; // wraps, as §4 wants
        }
    }

    /// <summary>Whether one more stanza of that size can be kept.</summary>
    internal bool HasRoom(int count)
    {
        return !Keeping || _used + PrefixBytes + count <= _maximum;
    }

    /// <summary>Keeps a stanza that is being sent.</summary>
    /// <param name="buffer">Its bytes.</param>
    /// <param name="offset">Where they start.</param>
    /// <param name="count">How many.</param>
    /// <param name="matters">False for pings: for their sake nothing is asked before the count is full.</param>
    /// <returns>Whether an acknowledgement shall be asked for now.</returns>
    internal bool Sent(byte[] buffer, int offset, int count, bool matters)
    {
        if (!Keeping)
        {
            return false;
        }
        Grow(_used + PrefixBytes + count);
        int at = Wrap(_head + _used);
        for (int shift = 0; shift < 32; shift += 8)
        {
            _ring[at] = (byte)(count >> shift);
            at = Wrap(at + 1);
        }
        int first = _ring.Length - at < count ? _ring.Length - at : count;
        Array.Copy(buffer, offset, _ring, at, first);
        Array.Copy(buffer, offset + first, _ring, 0, count - first);
        _used += PrefixBytes + count;
        Unacked++;
        _sinceAsk++;
        _askWanted |= matters;
        return _sinceAsk >= AskEvery || _used > _maximum / 2;
    }

    internal void Asked()
    {
        _sinceAsk = 0;
        _askWanted = false;
    }

    /// <summary>Whether something that matters has been sent since an acknowledgement was asked for.</summary>
    internal bool AskWanted => Keeping && _askWanted && Unacked > 0;

    /// <summary>Drops what the server has.</summary>
    /// <returns>False when it claims to have more than was sent (§4, handled-count-too-high).</returns>
    internal bool Acked(uint handled)
    {
        uint fresh = handled - _acked;
        if (fresh > (uint)Unacked)
        {
            return false;
        }
        for (uint i = 0; i < fresh; i++)
        {
            int size = PrefixBytes + LengthAt(_head);
            _head = Wrap(_head + size);
            _used -= size;
            Unacked--;
        }
        _acked = handled;
        if (Unacked == 0)
        {
            _head = 0;
            _askWanted = false;
            _sinceAsk = 0;
            if (_ring.Length > 16384)
            {
                _ring = new byte[0]; // grown for a burst
            }
        }
        return true;
    }

    /// <summary>Sends all that waits once more, after a resumption.</summary>
    internal void Resend(ITransport transport)
    {
        int at = _head;
        for (int i = 0; i < Unacked; i++)
        {
            int count = LengthAt(at);
            at = Wrap(at + PrefixBytes);
            int first = _ring.Length - at < count ? _ring.Length - at : count;
            transport.Send(_ring, at, first);
            if (first < count)
            {
                transport.Send(_ring, 0, count - first);
            }
            at = Wrap(at + count);
        }
    }

    /// <summary>Tells of the messages that wait, after a resumption has failed.</summary>
    internal void TellUndelivered(XmppClient client, ArrayList listeners)
    {
        int at = _head;
        for (int i = 0; i < Unacked; i++)
        {
            byte[] stanza = new byte[LengthAt(at)];
            at = Wrap(at + PrefixBytes);
            int first = _ring.Length - at < stanza.Length ? _ring.Length - at : stanza.Length;
            Array.Copy(_ring, at, stanza, 0, first);
            Array.Copy(_ring, 0, stanza, first, stanza.Length - first);
            at = Wrap(at + stanza.Length);
            for (int k = 0; k < listeners.Count && stanza.Length > 1 && stanza[1] == 'm'; k++)
            {
                ((IClientListener)listeners[k]).Undelivered(client, stanza, 0, stanza.Length);
            }
        }
    }

    /// <summary>Reads a counter of the protocol: an unsigned 32-bit number.</summary>
    internal static bool TryCount(XmlPullParser parser, out uint count)
    {
        bool good = parser.TryAttribute("h", out long value) && value >= 0 && value <= uint.MaxValue;
        count = good ? (uint)value : 0;
        return good;
    }

    private int Wrap(int at)
    {
        return at >= _ring.Length ? at - _ring.Length : at;
    }

    private int LengthAt(int at)
    {
        int length = 0;
        for (int shift = 0; shift < 32; shift += 8)
        {
            length |= _ring[at] << shift;
            at = Wrap(at + 1);
        }
        return length;
    }

    private void Grow(int need)
    {
        if (need <= _ring.Length)
        {
            return;
        }
        int size = _ring.Length == 0 ? FirstBytes : _ring.Length * 2;
        while (size < need)
        {
            size *= 2;
        }
        if (size > _maximum)
        {
            size = _maximum;
        }
        byte[] grown = new byte[size];
        int first = _ring.Length - _head < _used ? _ring.Length - _head : _used;
        Array.Copy(_ring, _head, grown, 0, first);
        Array.Copy(_ring, 0, grown, first, _used - first);
        _ring = grown;
        _head = 0;
    }
}
