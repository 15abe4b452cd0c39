namespace IotXmpp.Host;

/// <summary>One timer that ticks all connections of the process.</summary>
internal static class TickLoop
{
    /// <summary>Time between ticks. Default 250 ms: time-outs are seconds, and 10,000 ticks cost a few milliseconds.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private static readonly Lock Guard = new();
    private static readonly List<XmppConnection> Connections = [];
    private static Timer? _timer;
    private static int _running;

    internal static void Add(XmppConnection connection)
    {
        lock (Guard)
        {
            Connections.Add(connection);
            _timer ??= new Timer(_ => Tick(), null, Interval, Interval);
        }
    }

    internal static void Remove(XmppConnection connection)
    {
        lock (Guard)
        {
            Connections.Remove(connection);
            if (Connections.Count == 0)
            {
                _timer?.Dispose();
                _timer = null;
            }
        }
    }

    private static void Tick()
    {
        if (Interlocked.Exchange(ref _running, 1) != 0)
        {
            return; // the last round is still going
        }
        try
        {
            for (var i = 0; ; i++)
            {
                XmppConnection connection;
                lock (Guard)
                {
                    if (i >= Connections.Count)
                    {
                        return;
                    }
                    connection = Connections[i];
                }
                connection.Tick();
            }
        }
        finally
        {
            Volatile.Write(ref _running, 0);
        }
    }
}
