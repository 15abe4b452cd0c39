using System.Diagnostics;
using IotXmpp.LoadGenerator.Measure;
using IotXmpp.LoadGenerator.Net;

namespace IotXmpp.LoadGenerator.Scenarios;

/// <summary>One sender and those who receive what it sends.</summary>
internal sealed class Lane
{
    /// <summary>Sends one unit that carries the stamp.</summary>
    public required Action<long> Send { get; init; }

    /// <summary>How many deliveries one unit makes.</summary>
    public int Fanout { get; init; } = 1;

    /// <summary>Whether the server also answers the sender (publish result, PUBACK), and the window counts these, too.</summary>
    public bool Acknowledges { get; init; }

    public long Sent { get; set; }

    public long Delivered { get; set; }

    public long Acknowledged { get; set; }

    public long InFlight => Math.Max(Sent - Delivered / Fanout, Acknowledges ? Sent - Acknowledged : 0);
}

/// <summary>
/// Decides when a lane sends. Closed loop: so many units in flight a lane, the next when one has arrived. Open loop: at fixed times,
/// whatever the server does, and latency counts from the time at which it should have been sent.
/// </summary>
internal sealed class Pump
{
    /// <summary>Units in flight in an open loop, in all: past it the server is overloaded and the run says so instead of filling memory.</summary>
    private const int MaxOpenInFlight = 100_000;

    private readonly EventLoop _loop;
    private readonly Meter _meter;
    private readonly Lane[] _lanes;
    private readonly int _window;
    private readonly double _interval;
    private double _nextSend;
    private long _turn;
    private long _inFlight;
    private long _lastStamp;
    private bool _stopped = true;

    public Pump(EventLoop loop, Meter meter, Lane[] lanes, LoadSettings settings)
    {
        (_loop, _meter, _lanes, _window) = (loop, meter, lanes, settings.Window);
        _interval = settings.Rate > 0 ? (double)Stopwatch.Frequency / settings.Rate : 0;
    }

    public void Start()
    {
        _stopped = false;
        if (_interval > 0)
        {
            _nextSend = Stopwatch.GetTimestamp();
            _loop.NextTurn = (long)_nextSend;
            _loop.Turned = SendDue;
            return;
        }

        foreach (var lane in _lanes)
        {
            Fill(lane);
        }
    }

    /// <summary>Sends nothing more; true when all that was sent has arrived within the bound.</summary>
    public async Task<bool> Drain(TimeSpan bound)
    {
        _stopped = true;
        _loop.Turned = null;
        _loop.NextTurn = long.MaxValue;
        return await _loop.Until(() => Array.TrueForAll(_lanes, l => l.InFlight <= 0), bound);
    }

    /// <summary>What was sent and has not arrived, in deliveries.</summary>
    public long Missing => _lanes.Sum(l => Math.Max(0, l.Sent * l.Fanout - l.Delivered));

    public void Delivered(Lane lane, long stamp, long now)
    {
        lane.Delivered++;
        _meter.Deliver(stamp, now);
        if (lane.Delivered > lane.Sent * lane.Fanout)
        {
            _meter.Errors.Add("delivered more than sent");
        }

        Settle(lane);
    }

    public void Acknowledged(Lane lane)
    {
        lane.Acknowledged++;
        _meter.Operate();
        if (_interval == 0)
        {
            Fill(lane);
        }
    }

    /// <summary>The server refused a unit: it is counted as an error and no longer waited for.</summary>
    public void Refused(Lane lane, string kind)
    {
        _meter.Errors.Add(kind);
        lane.Sent--;

        // The lane goes on after a moment: a server that refuses at once would otherwise be hammered without any bound.
        _ = Resume(lane);
    }

    private async Task Resume(Lane lane)
    {
        await _loop.Delay(TimeSpan.FromMilliseconds(100));
        Settle(lane);
    }

    private void Settle(Lane lane)
    {
        if (_interval == 0)
        {
            Fill(lane);
        }
        else
        {
            _inFlight = -1;
        }
    }

    private void Fill(Lane lane)
    {
        while (!_stopped && lane.InFlight < _window)
        {
            Send(lane, _loop.Now);
        }
    }

    private void SendDue(long now)
    {
        if (_stopped)
        {
            return;
        }

        if (_inFlight < 0)
        {
            _inFlight = 0;
            foreach (var lane in _lanes)
            {
                _inFlight += Math.Max(0, lane.InFlight);
            }
        }

        while (_nextSend <= now)
        {
            if (_inFlight >= MaxOpenInFlight)
            {
                _meter.Errors.Add("overloaded: not sent");
            }
            else
            {
                Send(_lanes[_turn++ % _lanes.Length], (long)_nextSend);
                _inFlight++;
            }

            _nextSend += _interval;
        }

        _loop.NextTurn = (long)_nextSend;
    }

    private void Send(Lane lane, long stamp)
    {
        // A stamp is also an item's id: no two are the same, though many are sent in one turn.
        stamp = _lastStamp = Math.Max(stamp, _lastStamp + 1);
        lane.Sent++;
        _meter.Sent++;
        lane.Send(stamp);
    }
}
