using System.Security.Cryptography.X509Certificates;
using IotXmpp.Esp32;
using IotXmpp.Host;
using IotXmpp.Things;
using IotXmpp.Xmpp;

namespace IotXmpp.Virtual;

/// <summary>
/// Runs a virtual ESP32 in real time over real sockets, on a thread of its own that blocks where the board's does. A watchdog outside of it resets a life that stands still; sleep is slept,
/// a panic restarts.
/// </summary>
public sealed class Esp32Host : IDisposable
{
    /// <summary>How long the stream may take to close, at most. Default 3 s.</summary>
    public static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(3);

    // So often the board's script moves its pins at least.
    private const int ScriptMs = 100;

    private readonly TimeProvider _time;
    private readonly X509Certificate2Collection? _authorities;
    private readonly Lock _gate = new();
    private volatile RealSocket? _socket;

    /// <summary>Makes a board that is off; to be provisioned before it runs.</summary>
    /// <param name="kind">What is wired to it.</param>
    /// <param name="authorities">The authorities; null trusts the system's.</param>
    /// <param name="time">The clock.</param>
    /// <param name="board">Its pins, or null for the kind's own.</param>
    public Esp32Host(VirtualKind kind, X509Certificate2Collection? authorities, TimeProvider time, VirtualBoard? board = null)
    {
        _time = time;
        _authorities = authorities;
        Radio = new VirtualRadio(() => NowMs);
        Board = new VirtualEsp32(
            kind,
            new VirtualEsp32Parts
            {
                NowMs = () => NowMs,
                Radio = Radio,
                TimeServer = _ => new SystemTimeServer(this),
                Transport = (config, network) => new BoardTransport(_socket = new RealSocket(config.Domain, _authorities, Radio), network),
                Hash = DotNetHash.Instance,
                Random = DotNetRandom.Instance,
            },
            board);
    }

    /// <summary>A life begins; told why.</summary>
    public event Action<string>? Started;

    /// <summary>The board.</summary>
    public VirtualEsp32 Board { get; }

    /// <summary>Its radio.</summary>
    public VirtualRadio Radio { get; }

    /// <summary>How wrong its time server is.</summary>
    public TimeSpan TimeError { get; set; }

    /// <summary>Milliseconds of the watchdog; null for those of the application. For tests that cannot wait a minute.</summary>
    public int? WatchdogMs { get; set; }

    /// <summary>Is told what the thing does.</summary>
    public IThingObserver? Observer { get; set; }

    /// <summary>The present life; null while the board is off or asleep. Call it by <see cref="Invoke{T}"/> only.</summary>
    public BoardApplication? Application { get; private set; }

    private long NowMs => (long)(_time.GetTimestamp() * (1000.0 / _time.TimestampFrequency));

    /// <summary>Calls the present life between two of its steps.</summary>
    /// <typeparam name="T">What is asked for.</typeparam>
    /// <param name="call">The call; given null while the board is off or asleep.</param>
    public T Invoke<T>(Func<BoardApplication?, T> call)
    {
        ArgumentNullException.ThrowIfNull(call);
        lock (_gate)
        {
            return call(Application);
        }
    }

    /// <summary>Runs the board, through as many lives as it has, until it is cancelled.</summary>
    /// <param name="cancel">Ends it, in good order.</param>
    public async Task RunAsync(CancellationToken cancel)
    {
        string reason = "power-on";
        while (!cancel.IsCancellationRequested)
        {
            string now = reason;
            reason = await LiveAsync(now, cancel).ConfigureAwait(false);
            if (reason == "deep-sleep")
            {
                await Task.Delay(TimeSpan.FromMilliseconds(Board.SleepMs), _time, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Board.Dispose();

    // One life; returns why the next begins.
    private async Task<string> LiveAsync(string reason, CancellationToken cancel)
    {
        using var reset = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var ended = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() => Live(reason, cancel, reset.Token, ended)) { IsBackground = true, Name = "esp32" };
        thread.Start();
        RealSocket? socket;
        while (!ended.Task.IsCompleted)
        {
            // The watchdog, outside of what may stand still. A board whose plug is pulled (cancelled) gets the time to close its stream.
            await Task.WhenAny(ended.Task, Task.Delay(TimeSpan.FromMilliseconds(500), _time, CancellationToken.None)).ConfigureAwait(false);
            if (!ended.Task.IsCompleted && Board.IsWatchdogDue)
            {
                socket = _socket;
                socket?.Abandon();
                await reset.CancelAsync().ConfigureAwait(false);
                await ended.Task.ConfigureAwait(false);
                return "watchdog";
            }
        }

        return await ended.Task.ConfigureAwait(false);
    }

    private void Live(string reason, CancellationToken stop, CancellationToken reset, TaskCompletionSource<string> ended)
    {
        try
        {
            ended.SetResult(LiveOn(reason, stop, reset));
        }
        catch (FrozenException)
        {
            ended.SetResult("watchdog");
        }
#pragma warning disable CA1031 // what the board's entry point does with what nobody caught
        catch (Exception e)
#pragma warning restore CA1031
        {
            lock (_gate)
            {
                if (Application is { } application)
                {
                    application.Panic(e.Message);
                }
                else
                {
                    StartGuard.Announce(new FlashSettings(Board.Flash), "panic");
                }

                Application = null;
            }

            reset.WaitHandle.WaitOne(2000);
            ended.SetResult("software");
        }
    }

    private string LiveOn(string reason, CancellationToken stop, CancellationToken reset)
    {
        lock (_gate)
        {
            BoardApplication application = Board.Boot(reason);
            application.Observer = Observer;
            Application = application;
            if (WatchdogMs is { } shorter)
            {
                Board.Start(shorter);
            }
        }

        Started?.Invoke(reason);
        long stopMs = -1;
        try
        {
            while (true)
            {
                int wait;
                lock (_gate)
                {
                    if (stopMs < 0 && stop.IsCancellationRequested)
                    {
                        stopMs = NowMs;
                        Application!.Stop();
                    }

                    Board.Board.Step(NowMs);
                    wait = Application!.Step(NowMs);
                    if (Application.IsOver || (stopMs >= 0 && NowMs - stopMs >= CloseLimit.TotalMilliseconds))
                    {
                        return Application.State == BoardState.Asleep ? "deep-sleep" : "software";
                    }
                }

                // No longer than the thing wants, woken by what comes.
                RealSocket? socket = _socket;
                TimeSpan limit = TimeSpan.FromMilliseconds(Math.Min(wait, ScriptMs));
                if (socket is null)
                {
                    reset.WaitHandle.WaitOne(limit);
                }
                else
                {
                    socket.Wait(limit, stopMs < 0 ? reset : CancellationToken.None);
                }
            }
        }
        finally
        {
            _socket?.Close();
            Application = null;
        }
    }

    private sealed class SystemTimeServer(Esp32Host host) : ITimeServer
    {
        private bool _asked;

        public void Ask() => _asked = true;

        public bool TryTake(out long utcMs)
        {
            utcMs = (host._time.GetUtcNow() + host.TimeError).ToUnixTimeMilliseconds();
            bool there = _asked;
            _asked = false;
            return there;
        }
    }
}
