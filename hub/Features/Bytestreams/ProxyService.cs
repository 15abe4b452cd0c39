using System.Security.Cryptography;
using System.Text;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Bytestreams;

/// <summary>What became of a request to activate a bytestream (XEP-0065 §6.3.5).</summary>
public enum ActivationOutcome
{
    /// <summary>Its bytes are relayed.</summary>
    Activated,

    /// <summary>Nobody is connected for a bytestream of that id between those two.</summary>
    NotFound,

    /// <summary>Only one side is connected.</summary>
    OneSideOnly,

    /// <summary>It is active already.</summary>
    IsActive,

    /// <summary>The hub, or the account, has as many active ones as it may.</summary>
    TooMany,
}

/// <summary>One side of a bytestream, as far as the rules are concerned.</summary>
internal interface IProxySide
{
    /// <summary>The bytestream is active: what the side says from now on is for <paramref name="other"/>.</summary>
    void Activate(ProxyPair pair, IProxySide other);
}

/// <summary>
/// The rules of the proxy (XEP-0065 §6.3): who belongs together, who may activate, how many. No sockets, no XML. A bytestream is known by the hash of its id, its requester and its target: only who is one
/// of the two can compute it from what the two said to each other, and only the requester's own request gives the same hash again.
/// </summary>
internal sealed class ProxyService(BytestreamsOptions options)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ProxyPair> _pairs = new(StringComparer.Ordinal);
    private readonly Dictionary<Jid, int> _activeOf = [];
    private int _active;

    /// <summary>Bytestreams that are active.</summary>
    public int Active
    {
        get
        {
            lock (_lock)
            {
                return _active;
            }
        }
    }

    /// <summary>Bytestreams that are known, active or not.</summary>
    public int Known
    {
        get
        {
            lock (_lock)
            {
                return _pairs.Count;
            }
        }
    }

    /// <summary>What a bytestream is known by: SHA1(SID + Requester JID + Target JID), in hexadecimal (§6.3.3).</summary>
    public static string HashOf(string sid, Jid requester, Jid target)
    {
#pragma warning disable CA5350 // the standard's own choice; §10: it is not security-critical
        return Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes(sid + requester + target)));
#pragma warning restore CA5350
    }

    /// <summary>A side has said which bytestream it is of; null where that has both sides already (§9.4: one requester, one target).</summary>
    public ProxyPair? Join(string hash, IProxySide side)
    {
        lock (_lock)
        {
            if (!_pairs.TryGetValue(hash, out ProxyPair? pair))
            {
                pair = new ProxyPair(hash) { First = side };
                _pairs.Add(hash, pair);
                return pair;
            }

            if (pair.Second is not null)
            {
                return null;
            }

            pair.Second = side;
            return pair;
        }
    }

    /// <summary>A side that was not active has gone: the other may wait for another.</summary>
    /// <returns>False where the bytestream is active: then <see cref="End"/> ends it.</returns>
    public bool Leave(ProxyPair pair, IProxySide side)
    {
        lock (_lock)
        {
            if (pair.Requester is not null)
            {
                return false;
            }

            if (pair.First == side)
            {
                pair.First = pair.Second;
            }

            pair.Second = null;
            if (pair.First is null)
            {
                _pairs.Remove(pair.Hash);
            }

            return true;
        }
    }

    /// <summary>The requester asks for its bytes to be relayed.</summary>
    /// <param name="sid">The bytestream's id.</param>
    /// <param name="requester">Who asks: the address of the request.</param>
    /// <param name="target">The other side, as the request names it.</param>
    public ActivationOutcome Activate(string sid, Jid requester, Jid target)
    {
        string hash = HashOf(sid, requester, target);
        lock (_lock)
        {
            if (!_pairs.TryGetValue(hash, out ProxyPair? pair))
            {
                return ActivationOutcome.NotFound;
            }

            if (pair.Second is null)
            {
                return ActivationOutcome.OneSideOnly;
            }

            if (pair.Requester is not null)
            {
                return ActivationOutcome.IsActive;
            }

            int own = _activeOf.GetValueOrDefault(requester.Bare);
            if (_active >= options.MaxStreams || own >= options.MaxStreamsPerAccount)
            {
                return ActivationOutcome.TooMany;
            }

            pair.Requester = requester.Bare;
            _activeOf[requester.Bare] = own + 1;
            _active++;
            // Under the lock: a side that goes now has been told, or is not there any more.
            pair.First!.Activate(pair, pair.Second);
            pair.Second.Activate(pair, pair.First);
            return ActivationOutcome.Activated;
        }
    }

    /// <summary>An active bytestream has ended, in both directions.</summary>
    public void End(ProxyPair pair)
    {
        lock (_lock)
        {
            if (pair.Requester is not { } requester || !_pairs.Remove(pair.Hash))
            {
                return;
            }

            _active--;
            int own = _activeOf[requester] - 1;
            if (own == 0)
            {
                _activeOf.Remove(requester);
            }
            else
            {
                _activeOf[requester] = own;
            }
        }
    }
}

/// <summary>The two sides of a bytestream. What is written here is written under the lock of <see cref="ProxyService"/>, but for the two counters.</summary>
internal sealed class ProxyPair(string hash)
{
    private long _bytes;
    private long _lastAt;
    private int _open = 2;

    public string Hash => hash;

    public IProxySide? First { get; set; }

    public IProxySide? Second { get; set; }

    /// <summary>Who has activated it; null while it is not active.</summary>
    public Jid? Requester { get; set; }

    /// <summary>When a byte went through last, in milliseconds of the hub's clock.</summary>
    public long LastAt
    {
        get => Volatile.Read(ref _lastAt);
        set => Volatile.Write(ref _lastAt, value);
    }

    /// <summary>Counts bytes of both directions; returns all so far.</summary>
    public long Count(int bytes) => Interlocked.Add(ref _bytes, bytes);

    /// <summary>One direction has ended; true for the second.</summary>
    public bool EndDirection() => Interlocked.Decrement(ref _open) == 0;
}
