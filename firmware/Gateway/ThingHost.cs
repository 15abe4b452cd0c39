using IotXmpp.Host;
using IotXmpp.Things;
using IotXmpp.Xmpp;

namespace IotXmpp.Gateway;

/// <summary>
/// Runs one life of a thing on .NET: sockets, real time and one lock around the loop that boards run too. It ends when it is cancelled, with the stream closed in
/// good order, or when the thing sleeps.
/// </summary>
public sealed class ThingHost
{
    /// <summary>How long the stream may take to close, at most. Default 3 s: whoever presses Ctrl-C waits no longer.</summary>
    public static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(3);

    /// <summary>Time between two looks while the stream closes. Default 20 ms.</summary>
    private static readonly TimeSpan ClosePoll = TimeSpan.FromMilliseconds(20);

    private readonly SocketTransport _transport;
    private readonly TimeProvider _time;
    private TaskCompletionSource _wake = NewWake();

    /// <summary>Makes a life; nothing happens before <see cref="RunAsync"/>.</summary>
    /// <param name="options">How the server is reached.</param>
    /// <param name="settings">The thing's settings, which keep its SCRAM keys too.</param>
    /// <param name="create">Makes the loop for a client.</param>
    /// <exception cref="ArgumentException">An option of the thing is out of range; the message says which.</exception>
    public ThingHost(HostOptions options, ISettings settings, Func<XmppClient, ThingLoop> create)
        : this(options, settings, (ThingHost host) => create(host.Client))
    {
    }

    /// <summary>Makes a life whose loop lives beside others under the same lock.</summary>
    /// <param name="options">How the server is reached.</param>
    /// <param name="settings">The thing's settings, which keep its SCRAM keys too.</param>
    /// <param name="create">Makes the loop; client and lock of the host are there already.</param>
    /// <exception cref="ArgumentException">An option of the thing is out of range; the message says which.</exception>
    public ThingHost(HostOptions options, ISettings settings, Func<ThingHost, ThingLoop> create)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(create);
        _time = options.Time;
        _transport = new SocketTransport(options);
        Client = new XmppClient(options.Client, _transport, DotNetHash.Instance, DotNetRandom.Instance, settings);
        _transport.Attach(Client);
        Loop = create(this);
    }

    /// <summary>The client. Call it, and the loop, under <see cref="Gate"/> only.</summary>
    public XmppClient Client { get; }

    /// <summary>The thing.</summary>
    public ThingLoop Loop { get; }

    /// <summary>The lock around client and loop.</summary>
    public Lock Gate => _transport.Gate;

    /// <summary>Called after each step of the loop, under the lock, with the monotonic time in milliseconds; may be null.</summary>
    public Action<long>? Stepped { get; set; }

    /// <summary>There is something to do: the loop is stepped now instead of later.</summary>
    public void Wake() => Interlocked.Exchange(ref _wake, NewWake()).TrySetResult();

    /// <summary>Runs the thing.</summary>
    /// <param name="cancellationToken">Ends it, in good order.</param>
    /// <returns>When it sleeps: until when. When it was cancelled: null.</returns>
    public async Task<DateTimeOffset?> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                int wait;
                Task woken = Volatile.Read(ref _wake).Task;
                lock (Gate)
                {
                    wait = Loop.Step(_transport.NowMs);
                    Stepped?.Invoke(_transport.NowMs);
                    if (Loop.Life == ThingLife.Asleep)
                    {
                        return DateTimeOffset.FromUnixTimeMilliseconds(Loop.SleepUntilUtcMs);
                    }
                }

                await woken.WaitAsync(TimeSpan.FromMilliseconds(wait), _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            return null;
        }
        finally
        {
            await CloseAsync().ConfigureAwait(false);
        }
    }

    private static TaskCompletionSource NewWake() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task CloseAsync()
    {
        long start = _time.GetTimestamp();
        lock (Gate)
        {
            if (Client.State != ClientState.Stopped)
            {
                Loop.Stop();
            }
        }

        while (_time.GetElapsedTime(start) < CloseLimit)
        {
            lock (Gate)
            {
                Client.Tick(_transport.NowMs);
                if (Client.State == ClientState.Stopped)
                {
                    break;
                }
            }

            await Task.Delay(ClosePoll, _time, CancellationToken.None).ConfigureAwait(false);
        }

        lock (Gate)
        {
            _transport.Close();
        }
    }
}
