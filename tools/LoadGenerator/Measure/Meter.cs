using System.Diagnostics;
using IotXmpp.LoadGenerator.Net;

namespace IotXmpp.LoadGenerator.Measure;

/// <summary>Counts what is sent and delivered all the time, and keeps rate, latency and the server's use for the measured part.</summary>
internal sealed class Meter(ProcessProbe? server)
{
    private readonly ProcessProbe _self = new(Environment.ProcessId, children: false);
    private long _startTicks;
    private long _endTicks;
    private ProcessUse _serverStart;
    private ProcessUse _serverEnd;
    private ProcessUse _selfStart;
    private ProcessUse _selfEnd;
    private bool _recording;

    /// <summary>Stanzas (or packets, log-ins) handed over since the program began.</summary>
    public long Sent { get; set; }

    /// <summary>Units delivered since the program began.</summary>
    public long DeliveredInAll { get; private set; }

    /// <summary>Units delivered in the measured part.</summary>
    public long Delivered { get; private set; }

    /// <summary>Operations (publish, round trip) completed in the measured part, where that is not the same as deliveries.</summary>
    public long Operations { get; private set; }

    public Histogram Latency { get; } = new();

    public ErrorCounts Errors { get; } = new();

    public double Seconds => (_endTicks - _startTicks) / (double)Stopwatch.Frequency;

    public double ServerCpuMicroseconds => _serverEnd.CpuMicroseconds - _serverStart.CpuMicroseconds;

    public double OwnCpuMicroseconds => _selfEnd.CpuMicroseconds - _selfStart.CpuMicroseconds;

    public bool HasServer => server is not null;

    /// <summary>The server before the first connection.</summary>
    public ProcessUse Idle { get; private set; }

    /// <summary>The server with half of all sessions, and their number.</summary>
    public (ProcessUse Use, int Sessions) Half { get; private set; }

    /// <summary>The server with all sessions and nothing to do.</summary>
    public (ProcessUse Use, int Sessions) Full { get; private set; }

    public ProcessUse ServerEnd => _serverEnd;

    public void SampleIdle() => Idle = server?.Read() ?? default;

    public void SampleHalf(int sessions) => Half = (server?.Read() ?? default, sessions);

    public void SampleFull(int sessions) => Full = (server?.Read() ?? default, sessions);

    public void Begin()
    {
        _serverStart = server?.Read() ?? default;
        _selfStart = _self.Read();
        _startTicks = Stopwatch.GetTimestamp();
        _recording = true;
    }

    public void End()
    {
        _recording = false;
        _endTicks = Stopwatch.GetTimestamp();
        _serverEnd = server?.Read() ?? default;
        _selfEnd = _self.Read();
    }

    /// <param name="stamp">When it was sent (closed loop) or should have been (open loop), in ticks.</param>
    /// <param name="now">This turn's time, in ticks.</param>
    public void Deliver(long stamp, long now)
    {
        DeliveredInAll++;
        if (_recording)
        {
            Delivered++;
            Latency.Record((long)(EventLoop.Milliseconds(now - stamp) * 1000));
        }
    }

    /// <summary>A delivery whose latency is not asked for: the first half of a round trip.</summary>
    public void DeliverUntimed()
    {
        DeliveredInAll++;
        if (_recording)
        {
            Delivered++;
        }
    }

    public void Operate()
    {
        if (_recording)
        {
            Operations++;
        }
    }
}
