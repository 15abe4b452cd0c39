using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Streams;

/// <summary>The IQs that wait for an answer: a bounded table; an answer counts only when it comes from whom was asked (RFC 6120 §8.2.3).</summary>
internal sealed class IqTable
{
    private const int First = 8;

    private readonly int _maximum;
    private long[] _ids = new long[First]; // 0: free
    private long[] _due = new long[First];
    private Jid[] _to = new Jid[First];
    private IIqCallback[] _callbacks = new IIqCallback[First];
    private object[] _states = new object[First];
    private long _next;
    private long _earliest = long.MaxValue;

    internal IqTable(int maximum, long firstId)
    {
        _maximum = maximum;
        _next = firstId;
    }

    /// <summary>How many wait.</summary>
    internal int Count { get; private set; }

    /// <summary>Bytes of an id at most.</summary>
    internal const int MaxIdBytes = 10;

    private const string Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    private static readonly byte[] DigitBytes = Utf8.Encode(Digits);

    /// <summary>Writes an id in base 64: most have two letters, and an id goes over the wire twice.</summary>
    internal static int WriteId(long id, byte[] target)
    {
        int length = 1;
        for (long rest = id >> 6; rest != 0; rest >>= 6)
        {
            length++;
        }
        for (int i = length - 1; i >= 0; i--)
        {
            target[i] = DigitBytes[(int)(id & 63)];
            id >>= 6;
        }
        return length;
    }

    /// <summary>Reads an id; 0 when it is none of ours.</summary>
    internal static long ReadId(byte[] buffer, int offset, int count)
    {
        long id = 0;
        for (int i = 0; i < count; i++)
        {
            int digit = 0;
            while (digit < DigitBytes.Length && DigitBytes[digit] != buffer[offset + i])
            {
                digit++;
            }
            if (digit == DigitBytes.Length || count > MaxIdBytes || id == 0 && i > 0)
            {
                return 0;
            }
            id = id << 6 | (uint)digit;
        }
        return id;
    }

    /// <summary>Makes the id of a new IQ.</summary>
    internal long NextId()
    {
        return ++_next;
    }

    internal bool IsFull => Count >= _maximum;

    internal void Add(long id, Jid to, IIqCallback callback, object state, long due)
    {
        int free = 0;
        while (free < _ids.Length && _ids[free] != 0)
        {
            free++;
        }
        if (free == _ids.Length)
        {
            Grow();
        }
        _ids[free] = id;
        _due[free] = due;
        _to[free] = to;
        _callbacks[free] = callback;
        _states[free] = state;
        Count++;
        if (due < _earliest)
        {
            _earliest = due;
        }
    }

    /// <summary>Takes back an IQ that was not sent.</summary>
    internal void Remove(long id)
    {
        for (int i = 0; i < _ids.Length; i++)
        {
            if (_ids[i] == id)
            {
                Free(i);
            }
        }
    }

    /// <summary>Gives an answer to whom waits for it.</summary>
    /// <param name="client">The client.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="own">The bound address.</param>
    /// <param name="complete">False when it was larger than the receive buffer and has been dropped.</param>
    /// <returns>False when nobody waits, or it comes from somebody else.</returns>
    internal bool Answer(XmppClient client, Stanza answer, Jid own, bool complete)
    {
        long id = answer.IqId;
        if (id == 0)
        {
            return false;
        }
        for (int i = 0; i < _ids.Length; i++)
        {
            if (_ids[i] != id)
            {
                continue;
            }
            if (!ComesFrom(answer, _to[i], own))
            {
                return false;
            }
            IIqCallback callback = _callbacks[i];
            object state = _states[i];
            Free(i);
            if (callback != null)
            {
                IqOutcome outcome = !complete ? IqOutcome.TooLarge : answer.TypeIs("error") ? IqOutcome.Error : IqOutcome.Result;
                callback.IqCompleted(client, outcome, complete ? answer : null, state);
            }
            return true;
        }
        return false;
    }

    internal void Tick(XmppClient client, long now)
    {
        if (now < _earliest)
        {
            return;
        }
        _earliest = long.MaxValue;
        for (int i = 0; i < _ids.Length; i++)
        {
            if (_ids[i] == 0)
            {
                continue;
            }
            if (_due[i] <= now)
            {
                End(client, i, IqOutcome.TimedOut);
            }
            else if (_due[i] < _earliest)
            {
                _earliest = _due[i];
            }
        }
    }

    /// <summary>The session is lost: ends all.</summary>
    internal void EndAll(XmppClient client)
    {
        long last = _next; // what a callback asks anew is not ended
        for (int i = 0; i < _ids.Length; i++)
        {
            if (_ids[i] != 0 && _ids[i] <= last)
            {
                End(client, i, IqOutcome.Disconnected);
            }
        }
    }

    private static bool ComesFrom(Stanza answer, Jid to, Jid own)
    {
        if (to != null && answer.FromIs(to))
        {
            return true;
        }
        if (to != null && !to.Equals(own) && !to.Equals(own.Bare))
        {
            return false;
        }
        // to the own account the server may leave the sender out, or name the account, the session or itself
        return !answer.HasFrom || answer.FromIs(own.Bare) || answer.FromIs(own) || to == null && answer.FromIs(new Jid(string.Empty, own.Domain, string.Empty));
    }

    private void End(XmppClient client, int index, IqOutcome outcome)
    {
        IIqCallback callback = _callbacks[index];
        object state = _states[index];
        Free(index);
        if (callback != null)
        {
            callback.IqCompleted(client, outcome, null, state);
        }
    }

    private void Free(int index)
    {
        _ids[index] = 0;
        _to[index] = null;
        _callbacks[index] = null;
        _states[index] = null;
        Count--;
    }

    private void Grow()
    {
        int length = _ids.Length * 2;
        long[] ids = new long[length];
        long[] due = new long[length];
        Jid[] to = new Jid[length];
        IIqCallback[] callbacks = new IIqCallback[length];
        object[] states = new object[length];
        System.Array.Copy(_ids, 0, ids, 0, _ids.Length);
        System.Array.Copy(_due, 0, due, 0, _ids.Length);
        System.Array.Copy(_to, 0, to, 0, _ids.Length);
        System.Array.Copy(_callbacks, 0, callbacks, 0, _ids.Length);
        System.Array.Copy(_states, 0, states, 0, _ids.Length);
        _ids = ids;
        _due = due;
        _to = to;
        _callbacks = callbacks;
        _states = states;
    }
}
