using System.Collections;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Streams;

/// <summary>
/// Acknowledgement and resumption (XEP-0198): counts what came, and keeps what was sent until the server has it. The queue is bytes, bounded, without an object per stanza.
/// </summary>
internal sealed class StreamManagement
{
    /// <summary>Stanzas after which an acknowledgement is asked for. Default 5, so that a request costs at most a fifth of the stanzas.</summary>
    internal const int AskEvery = 5;

    private const int PrefixBytes = 4; // the length before each stanza

    private readonly int _maximum;
    private readonly BlockQueue _queue = new BlockQueue();
    private readonly byte[] _prefix = new byte[PrefixBytes];
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
        _queue.Clear();
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

    /// <summary>What the server says of it while the session is online.</summary>
    /// <param name="parser">At the element.</param>
    /// <param name="connection">Answers, and ends where the server is wrong.</param>
    internal void NonzaReceived(XmlPullParser parser, Connection connection)
    {
        if (parser.LocalIs("r"))
        {
            connection.Nonza().Start("a", Ns.StreamManagement).Attribute("h", NumberFormat.Signed(Handled)).End();
            connection.SendNonza();
        }
        else if (parser.LocalIs("a"))
        {
            if (TryCount(parser, out uint handled) && !Acked(handled))
            {
                connection.Fail(new ClientError(ClientErrorKind.Protocol, "handled-count-too-high", "the server acknowledges more than was sent"), StreamError.UndefinedCondition);
            }
        }
        else if (parser.LocalIs("enabled"))
        {
            string id = parser.AttributeFlag("resume", false) ? parser.Attribute("id") : null;
            Enabled(id == null ? null : Utf8.Encode(id));
        }
        else if (parser.LocalIs("failed"))
        {
            Clear();
        }
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
        return !Keeping || _queue.Count + PrefixBytes + count <= _maximum;
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
        for (int i = 0; i < PrefixBytes; i++)
        {
            _prefix[i] = (byte)(count >> (8 * i));
        }
        _queue.Append(_prefix, 0, PrefixBytes);
        _queue.Append(buffer, offset, count);
        Unacked++;
        _sinceAsk++;
        _askWanted |= matters;
        return _sinceAsk >= AskEvery || _queue.Count > _maximum / 2;
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
            _queue.Drop(PrefixBytes + LengthAt(0));
            Unacked--;
        }
        _acked = handled;
        if (Unacked == 0)
        {
            _askWanted = false;
            _sinceAsk = 0;
        }
        return true;
    }

    /// <summary>Sends all that waits once more, after a resumption.</summary>
    internal void Resend(ITransport transport)
    {
        int at = 0;
        for (int i = 0; i < Unacked; i++)
        {
            int count = LengthAt(at);
            _queue.Send(at + PrefixBytes, count, transport);
            at += PrefixBytes + count;
        }
    }

    /// <summary>Tells of the messages that wait, after a resumption has failed.</summary>
    internal void TellUndelivered(XmppClient client, ArrayList listeners)
    {
        int at = 0;
        for (int i = 0; i < Unacked; i++)
        {
            byte[] stanza = new byte[LengthAt(at)];
            _queue.Peek(at + PrefixBytes, stanza);
            at += PrefixBytes + stanza.Length;
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

    private int LengthAt(int at)
    {
        _queue.Peek(at, _prefix);
        return _prefix[0] | _prefix[1] << 8 | _prefix[2] << 16 | _prefix[3] << 24;
    }
}
