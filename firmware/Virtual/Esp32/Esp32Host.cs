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
    private volatile string? _ending;

    /// <summary>Makes a board that is off; to be provisioned before it runs.</summary>
    /// <param name="kind">What is wired to it.</param>
    /// <param name="authorities">The authorities; null trusts the system's.</param>
    /// <param name="time">The clock.</param>
    /// <param name="board">Its pins, or null for the kind's own.</param>
    /// <param name="flashBytes">Bytes of its flash file system.</param>
    public Esp32Host(VirtualKind kind, X509Certificate2Collection? authorities, TimeProvider time, VirtualBoard? board = null, int flashBytes = VirtualFlash.DefaultCapacity)
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
                Transport = (config, network) => new BoardTransport(_socket = new RealSocket(config.Domain, _authorities, Radio, () => Board!.Utc, _time), network),
                Hash = DotNetHash.Instance,
                Random = DotNetRandom.Instance,
            },
            board)
        { Flash = new VirtualFlash(flashBytes) };
    }

    /// <summary>A life begins; told why.</summary>
    public event Action<string>? Started;

    /// <summary>The board.</summary>
    public VirtualEsp32 Board { get; }

    /// <summary>Its radio.</summary>
    public VirtualRadio Radio { get; }

    /// <summary>How wrong its time server is.</summary>
    public TimeSpan TimeError { get; set; }

    /// <summary>Whether its time server answers.</summary>
    public bool IsTimeServerThere { get; set; } = true;

    /// <summary>Questions that its time server was asked.</summary>
    public int TimeQuestions { get; private set; }

    /// <summary>Times that the power failed in the middle of a write to flash.</summary>
    public int PowerCuts { get; private set; }

    /// <summary>How often the present connection's client has sent something after it had heard something: round trips begun. Call it within <see cref="VirtualEsp32.Said"/> or <see cref="Invoke{T}"/>.</summary>
    public int Flights => _socket?.Flights ?? 0;

    /// <summary>Milliseconds of the firmware's own watchdog; null for those of the application. For tests that cannot wait a minute.</summary>
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

    /// <summary>Pulls the plug and puts it in again: nothing is said or saved, and the next life begins with <c>power-on</c>.</summary>
    public void CyclePower() => _ending = "power-on";

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
            // The watchdogs: the firmware's own, which stands still with the runtime in a handshake, and a chip, which does not. A board that is switched off (cancelled) gets the time to close its stream.
            await Task.WhenAny(ended.Task, Task.Delay(TimeSpan.FromMilliseconds(500), _time, CancellationToken.None)).ConfigureAwait(false);
            socket = _socket;
            if (!ended.Task.IsCompleted && (Board.WatchdogChip is { IsDue: true } || (Board.IsWatchdogDue && socket is not { IsInHandshake: true })))
            {
                _ending ??= "watchdog";
            }

            if (!ended.Task.IsCompleted && _ending is not null)
            {
                socket?.Abandon();
                await reset.CancelAsync().ConfigureAwait(false);
                await ended.Task.ConfigureAwait(false);
            }
        }

        string next = await ended.Task.ConfigureAwait(false);
        string? ending = _ending;
        _ending = null;
        return ending ?? next;
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
        catch (PowerCutException)
        {
            PowerCuts++;
            ended.SetResult("power-on");
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
            Board.Flash.RestorePower();
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
                if (_ending is not null)
                {
                    throw new FrozenException();
                }

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
                    Task.WaitAny([Task.Delay(limit, _time, reset)], CancellationToken.None);
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

        public void Ask()
        {
            host.TimeQuestions++;
            _asked = true;
        }

        public bool TryTake(out long utcMs)
        {
            utcMs = (host._time.GetUtcNow() + host.TimeError).ToUnixTimeMilliseconds();
            bool there = _asked && host.IsTimeServerThere;
            _asked = false;
            return there;
        }
    }
}
