using System.Net;
using IotXmpp.Hub.Streams;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Transport;

/// <summary>
/// What a client's stream runs on: TCP, WebSocket or BOSH. It reads, cuts what it reads into elements and hands them to the stream, one at a time and in order;
/// what the stream's queue holds it writes. How a stream begins and ends on the wire is its matter; what that means is the stream's.
/// </summary>
internal abstract class StreamTransport
{
    /// <summary>Its name for figures: <c>tcp</c>, <c>tls</c>, <c>websocket</c>, <c>bosh</c> or <c>process</c>.</summary>
    public abstract string Name { get; }

    /// <summary>Where the peer is, or null where nobody knows.</summary>
    public abstract IPEndPoint? Peer { get; }

    /// <summary>Whether nobody on the way can listen: TLS, or HTTP that is as good (see <c>Web</c> in the settings).</summary>
    public abstract bool IsEncrypted { get; }

    /// <summary>The length of one element, in bytes; grows when the client is known.</summary>
    public abstract int MaxBytes { set; }

    /// <summary>Prefixes that stand around an element, which it may use without saying what they mean.</summary>
    public abstract IReadOnlyList<(byte[] Prefix, byte[] Uri)> OuterPrefixes { get; }

    /// <summary>Where the stream's queue writes.</summary>
    public abstract IOutboundSink Sink { get; }

    /// <summary>What elements become on this transport; null where they stay as they are.</summary>
    public virtual IElementFraming? Framing => null;

    /// <summary>Whether a write that hangs means a peer that does not read; not so while a peer has said that it will be away.</summary>
    public virtual bool ShouldRead => true;

    /// <summary>Sends the hub's own beginning of the stream (RFC 6120 §4.7).</summary>
    public abstract void SendOpen(OutboundQueue queue, Jid domain, Jid? to);

    /// <summary>Sends the end of the stream.</summary>
    public abstract void SendClose(OutboundQueue queue);

    /// <summary>The stream starts again (RFC 6120 §4.3.3): the next thing that comes is its beginning.</summary>
    public virtual void Restart()
    {
    }

    /// <summary>Reads until the stream is closed or the peer is gone.</summary>
    public abstract Task RunAsync(C2sStream stream);

    /// <summary>TLS begins after what was sent so far; only where the stream offers it.</summary>
    public virtual void BeginTls() => throw new NotSupportedException("TLS is not begun inside of this transport.");

    /// <summary>Looks at the clock, once a second.</summary>
    /// <param name="now">Milliseconds of the hub's clock.</param>
    public virtual void Watch(long now)
    {
    }

    /// <summary>Nothing more is read.</summary>
    public abstract void StopReading();

    /// <summary>Cuts the connection.</summary>
    public abstract void Abort(string why);

    /// <summary>Sends what waits and ends the connection; it is cut where the peer does not read its last words.</summary>
    /// <param name="queue">What waits.</param>
    /// <param name="clean">Whether the stream was closed; else the peer is gone and hears nothing more.</param>
    /// <param name="time">The clock.</param>
    public abstract ValueTask EndAsync(OutboundQueue queue, bool clean, TimeProvider time);

    /// <summary>Gives buffers back: nothing more is read or handed over.</summary>
    public virtual void Drop()
    {
    }
}

/// <summary>How elements stand on a transport that frames them or surrounds them by another namespace.</summary>
internal interface IElementFraming
{
    /// <summary>By how many bytes an element may grow.</summary>
    int Overhead { get; }

    /// <summary>Rewrites one element in place, such that it is complete by itself.</summary>
    /// <param name="target">The element's bytes, then at least <see cref="Overhead"/> bytes of room.</param>
    /// <param name="length">The element's length.</param>
    /// <returns>The new length.</returns>
    int Frame(Span<byte> target, int length);
}
