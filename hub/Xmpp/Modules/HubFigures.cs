using System.Diagnostics;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Sasl;

namespace IotXmpp.Hub.Modules;

/// <summary>
/// What the engine counts of itself, for whoever watches over the hub. Counting costs one addition to a place that no other processor writes to; sums are made when somebody asks. All members may be called from any thread.
/// </summary>
public sealed class HubFigures
{
    /// <summary>Of how many stanzas one is timed (16): a clock is asked twice for it, which is a few hundredths of what a stanza costs.</summary>
    public const int TimedOneOf = 16;

    // Longs of one processor: two cache lines, since they are fetched in pairs.
    private const int Stride = 16;
    private const int Sent = 4;

    private readonly long[] _stanzas = new long[Stride * (Environment.ProcessorCount + 1)];
    private readonly long[] _logIns = new long[(int)SaslError.TemporaryAuthFailure + 1];
    private readonly int _processors = Environment.ProcessorCount;
    private long _slowConsumers;

    /// <summary>Told how long one of <see cref="TimedOneOf"/> stanzas of clients took, from its start tag until the next one of the same client may be taken; null where nobody wants to know. Must be quick.</summary>
    public Action<TimeSpan>? Handled { get; set; }

    /// <summary>Clients that were cut off because they read too slowly.</summary>
    public long SlowConsumers => Interlocked.Read(ref _slowConsumers);

    /// <summary>Stanzas of a kind that have come from clients.</summary>
    public long StanzasReceived(StanzaKind kind) => Sum((int)kind);

    /// <summary>Stanzas of a kind that were handed to clients' queues.</summary>
    public long StanzasSent(StanzaKind kind) => Sum(Sent + (int)kind);

    /// <summary>Log-ins that ended so; <see cref="SaslError.None"/> are those that succeeded.</summary>
    public long LogIns(SaslError outcome) => Interlocked.Read(ref _logIns[(int)outcome]);

    /// <summary>Counts a stanza that has come; true where it is one to be timed.</summary>
    internal bool CountReceived(StanzaKind kind) => (Count((int)kind) & (TimedOneOf - 1)) == 0 && Handled is not null;

    /// <summary>Counts a stanza that leaves.</summary>
    /// <param name="stanza">Its bytes, as far as they are there: the second tells the kind.</param>
    internal void CountSent(ReadOnlySpan<byte> stanza)
    {
        if (stanza.Length > 1)
        {
            Count(Sent + (int)(stanza[1] switch { (byte)'m' => StanzaKind.Message, (byte)'p' => StanzaKind.Presence, _ => StanzaKind.Iq }));
        }
    }

    internal void CountLogIn(SaslError outcome) => Interlocked.Increment(ref _logIns[(int)outcome]);

    internal void CountSlowConsumer() => Interlocked.Increment(ref _slowConsumers);

    /// <summary>Tells how long a stanza took that has come at <paramref name="start"/>.</summary>
    internal void TellHandled(long start) => Handled?.Invoke(Stopwatch.GetElapsedTime(start));

    // The first stride stays empty: the array's own header shares its line.
    private long Count(int index) => Interlocked.Increment(ref _stanzas[(Stride * (1 + (Thread.GetCurrentProcessorId() % _processors))) + index]);

    private long Sum(int index)
    {
        long sum = 0;
        for (int i = Stride + index; i < _stanzas.Length; i += Stride)
        {
            sum += Interlocked.Read(ref _stanzas[i]);
        }

        return sum;
    }
}
