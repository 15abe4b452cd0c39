using IotXmpp.Features;
using IotXmpp.Things;

namespace IotXmpp.Esp32;

/// <summary>
/// What a board measures of itself, as the only part of a board that nothing is wired to: free managed heap in B, signal in dBm, time since the start in s. So a bare board has a first
/// sample to show; a board with parts tells heap and signal by its presence, and its feed carries what it is there for.
/// </summary>
public sealed class BoardHealth : ThingPart
{
    private readonly IBoardStatus _status;
    private long _startMs;
    private long _nowMs;

    /// <summary>Takes the board.</summary>
    /// <param name="status">What the board tells about itself.</param>
    public BoardHealth(IBoardStatus status)
    {
        _status = status;
    }

    /// <inheritdoc/>
    public override void Start(long nowMs)
    {
        _startMs = nowMs;
        _nowMs = nowMs;
    }

    /// <inheritdoc/>
    public override bool Step(long nowMs)
    {
        _nowMs = nowMs;
        return false;
    }

    /// <inheritdoc/>
    public override bool TrySample(Sample sample)
    {
        sample.AddNumeric("uptime", "s", (_nowMs - _startMs) / 1000, 0, FieldFlags.Status);
        long heap = _status.FreeHeapBytes;
        if (heap >= 0)
        {
            sample.AddNumeric("freeHeap", "B", heap, 0, FieldFlags.Status);
        }

        int signal = _status.SignalDbm;
        if (signal < 0)
        {
            sample.AddNumeric("signal", "dBm", signal, 0, FieldFlags.Status);
        }

        return true;
    }
}
