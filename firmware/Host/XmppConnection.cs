using System.Runtime.CompilerServices;
using System.Threading.Channels;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Host;

/// <summary>
/// A client for .NET: the core with sockets, a clock and async methods. It reconnects by itself; requests wait for their answers with a bound. Events are raised under the connection's lock, on the thread that read: be brief there, or use the async streams.
/// </summary>
public sealed class XmppConnection : IAsyncDisposable, IClientListener, IStanzaHandler, IIqCallback
{
    /// <summary>How long a stanza waits for room in the queue of unacknowledged ones. Default 30 s.</summary>
    private static readonly TimeSpan SendTimeout = TimeSpan.FromSeconds(30);

    private readonly HostOptions _options;
    private readonly SocketTransport _transport;
    private readonly List<Channel<Element>> _messages = [];
    private readonly List<Channel<Element>> _presences = [];
    private TaskCompletionSource _progress = NewSource();
    private TaskCompletionSource _online = NewSource();
    private TaskCompletionSource _stopped = NewSource();
    private bool _failFast;
    private bool _ticking;
    private long _dropped;

    /// <summary>A connection, not started.</summary>
    public XmppConnection(HostOptions options)
    {
        _options = options;
        _transport = new SocketTransport(options);
        options.Client.Password = Passwords.Prepare(options.Client.Password);
        Client = new XmppClient(options.Client, _transport, DotNetHash.Instance, DotNetRandom.Instance, options.Settings ?? new MemorySettings());
        _transport.Attach(Client);
        _transport.Progress = () => Interlocked.Exchange(ref _progress, NewSource()).TrySetResult();
        Client.AddListener(this);
        Client.AddHandler(this);
    }

    /// <summary>The core. Call it inside <see cref="Invoke"/> only.</summary>
    public XmppClient Client { get; }

    /// <summary>The bound address; before that the account.</summary>
    public Jid Jid => Client.Jid;

    /// <summary>Where the client stands.</summary>
    public ClientState State => Client.State;

    /// <summary>Stanzas that slow readers of the async streams have lost.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>The state has changed.</summary>
    public event Action<ClientState>? StateChanged;

    /// <summary>A session is there; true when it is the one of before, resumed.</summary>
    public event Action<bool>? SessionStarted;

    /// <summary>The connection has ended or an attempt failed.</summary>
    public event Action<ClientError>? ConnectionLost;

    /// <summary>A message.</summary>
    public event Action<Element>? MessageReceived;

    /// <summary>A presence.</summary>
    public event Action<Element>? PresenceReceived;

    /// <summary>Any stanza before it is made a tree; true when nobody else shall see it.</summary>
    public event Func<XmppClient, Stanza, bool>? StanzaReceived;

    /// <summary>A message that was never acknowledged, of a session that could not be resumed.</summary>
    public event Action<Element>? MessageUndelivered;

    /// <summary>Calls the core under its lock.</summary>
    public T Invoke<T>(Func<XmppClient, T> call)
    {
        lock (_transport.Gate)
        {
            return call(Client);
        }
    }

    /// <summary>Calls the core under its lock.</summary>
    public void Invoke(Action<XmppClient> call)
    {
        lock (_transport.Gate)
        {
            call(Client);
        }
    }

    /// <summary>Connects and waits until the session is there.</summary>
    /// <param name="failFast">True: the first failed attempt ends it. False: it is tried until cancelled (or refused, by the client's options).</param>
    /// <param name="cancellationToken">Stops trying.</param>
    /// <exception cref="ConnectionException">It could not be made.</exception>
    public async Task ConnectAsync(bool failFast = true, CancellationToken cancellationToken = default)
    {
        Task online;
        lock (_transport.Gate)
        {
            _failFast = failFast;
            Begin();
            online = _online.Task;
        }
        try
        {
            await online.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            Invoke(client => client.Stop());
            throw;
        }
    }

    /// <summary>Begins to connect and does not wait: it is tried until stopped.</summary>
    public void Start()
    {
        lock (_transport.Gate)
        {
            _failFast = false;
            Begin();
        }
    }

    /// <summary>Closes the stream and waits for its end, at most the client's close time-out and a little.</summary>
    public async Task StopAsync()
    {
        Task stopped;
        lock (_transport.Gate)
        {
            Client.Stop();
            stopped = Client.State == ClientState.Stopped ? Task.CompletedTask : _stopped.Task;
        }
        await stopped.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        TickLoop.Remove(this);
        lock (_transport.Gate)
        {
            _transport.Close();
            foreach (var channel in _messages.Concat(_presences))
            {
                channel.Writer.TryComplete();
            }
        }
    }

    /// <summary>Sends a request and waits for its answer.</summary>
    /// <param name="type"><c>get</c> or <c>set</c>.</param>
    /// <param name="to">Whom to ask; null for the own account.</param>
    /// <param name="payload">What is asked.</param>
    /// <param name="timeout">Time for the answer; null is the client's usual one.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>The result, as it came: the <c>iq</c> element.</returns>
    /// <exception cref="StanzaException">It was answered by an error.</exception>
    /// <exception cref="TimeoutException">No answer in time.</exception>
    /// <exception cref="ConnectionException">Not connected, or the session was lost.</exception>
    public async Task<Element> SendIqAsync(string type, Jid? to, Element payload, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        var answer = new TaskCompletionSource<Element>(TaskCreationOptions.RunContinuationsAsynchronously);
        var seconds = timeout == null ? _options.Client.IqTimeoutSeconds : Math.Max(1, (int)Math.Ceiling(timeout.Value.TotalSeconds));
        await SubmitAsync(client => client.SendIq(type, to, payload, this, answer, seconds), cancellationToken).ConfigureAwait(false);
        return await answer.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Sends a stanza, waiting for room where too much is unacknowledged.</summary>
    /// <exception cref="ConnectionException">Not connected.</exception>
    /// <exception cref="TimeoutException">No room in time.</exception>
    /// <exception cref="InvalidOperationException">It is larger than the send buffer.</exception>
    public Task SendAsync(Element stanza, CancellationToken cancellationToken = default)
    {
        return SubmitAsync(client => client.SendStanza(stanza), cancellationToken);
    }

    /// <summary>Sends by a function of the core, waiting for room as <see cref="SendAsync"/> does.</summary>
    public async Task SubmitAsync(Func<XmppClient, SendResult> send, CancellationToken cancellationToken = default)
    {
        using var limit = new CancellationTokenSource(SendTimeout, _options.Time);
        for (; ; )
        {
            SendResult result;
            Task progress;
            lock (_transport.Gate)
            {
                progress = _progress.Task;
                result = send(Client);
            }
            switch (result)
            {
                case SendResult.Sent:
                    return;
                case SendResult.TooLarge:
                    throw new InvalidOperationException($"the stanza is larger than {_options.Client.SendBufferMaximum} bytes");
                case SendResult.Offline:
                    throw new ConnectionException(Client.LastError ?? new ClientError(ClientErrorKind.Connection, "offline", "not connected"));
            }
            using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            try
            {
                await progress.WaitAsync(both.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new TimeoutException("the server has not acknowledged what was sent");
            }
        }
    }

    /// <summary>The messages from now on.</summary>
    public IAsyncEnumerable<Element> Messages(CancellationToken cancellationToken = default)
    {
        return Read(Open(_messages), _messages, cancellationToken);
    }

    /// <summary>The presences from now on.</summary>
    public IAsyncEnumerable<Element> Presences(CancellationToken cancellationToken = default)
    {
        return Read(Open(_presences), _presences, cancellationToken);
    }

    internal void Tick()
    {
        lock (_transport.Gate)
        {
            Client.Tick(_transport.NowMs);
        }
    }

    void IClientListener.StateChanged(XmppClient client, ClientState state)
    {
        if (state == ClientState.Stopped)
        {
            _stopped.TrySetResult();
        }
        StateChanged?.Invoke(state);
    }

    void IClientListener.SessionStarted(XmppClient client, bool resumed)
    {
        if (!resumed && _options.AnnouncePresence)
        {
            client.BeginPresence(null, null);
            client.Commit();
        }
        SessionStarted?.Invoke(resumed);
        _online.TrySetResult();
    }

    void IClientListener.ConnectionLost(XmppClient client, ClientError reason)
    {
        if (_failFast && client.State != ClientState.Stopped && !_online.Task.IsCompleted)
        {
            client.Stop();
        }
        ConnectionLost?.Invoke(reason);
        if (client.State == ClientState.Stopped)
        {
            _online.TrySetException(new ConnectionException(reason));
            _ = _online.Task.Exception; // who does not wait for it knows by the event
        }
        Interlocked.Exchange(ref _progress, NewSource()).TrySetResult();
    }

    void IClientListener.Undelivered(XmppClient client, byte[] buffer, int offset, int count)
    {
        if (MessageUndelivered is { } handler && Element.Parse(buffer, offset, count) is { } message)
        {
            handler(message);
        }
    }

    bool IStanzaHandler.Handle(XmppClient client, Stanza stanza)
    {
        if (StanzaReceived?.Invoke(client, stanza) ?? false)
        {
            return true;
        }
        if (stanza.Kind == StanzaKind.Message)
        {
            Deliver(stanza, _messages, MessageReceived);
        }
        else if (stanza.Kind == StanzaKind.Presence)
        {
            Deliver(stanza, _presences, PresenceReceived);
        }
        return false;
    }

    void IIqCallback.IqCompleted(XmppClient client, IqOutcome outcome, Stanza? answer, object state)
    {
        var source = (TaskCompletionSource<Element>)state;
        switch (outcome)
        {
            case IqOutcome.Result:
                source.TrySetResult(answer!.ToElement());
                return;
            case IqOutcome.Error:
                source.TrySetException(new StanzaException(answer!.ReadError(), answer.From?.ToString() ?? string.Empty));
                return;
            case IqOutcome.TimedOut:
                source.TrySetException(new TimeoutException("no answer within the time limit"));
                return;
            case IqOutcome.TooLarge:
                source.TrySetException(new StanzaException(StanzaError.ResourceConstraint.WithText("the answer is larger than the receive buffer"), string.Empty));
                return;
            default:
                source.TrySetException(new ConnectionException(client.LastError ?? new ClientError(ClientErrorKind.Connection, "disconnected", "the session was lost")));
                return;
        }
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Begin()
    {
        if (Client.State != ClientState.Stopped)
        {
            return;
        }
        _online = NewSource();
        _stopped = NewSource();
        Client.Start();
        Client.Tick(_transport.NowMs); // the first attempt at once
        if (!_ticking)
        {
            _ticking = true;
            TickLoop.Add(this);
        }
    }

    private void Deliver(Stanza stanza, List<Channel<Element>> channels, Action<Element>? handler)
    {
        if (channels.Count == 0 && handler == null)
        {
            return;
        }
        if (stanza.ToElement() is not { } element)
        {
            return; // more elements than a tree may have; who needs such a stanza reads it by StanzaReceived
        }
        handler?.Invoke(element);
        foreach (var channel in channels)
        {
            channel.Writer.TryWrite(element);
        }
    }

    private Channel<Element> Open(List<Channel<Element>> channels)
    {
        var channel = Channel.CreateBounded<Element>(
            new BoundedChannelOptions(_options.StreamCapacity) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true },
            _ => Interlocked.Increment(ref _dropped));
        lock (_transport.Gate)
        {
            channels.Add(channel);
        }
        return channel;
    }

    private async IAsyncEnumerable<Element> Read(Channel<Element> channel, List<Channel<Element>> channels, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var element in channel.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                yield return element;
            }
        }
        finally
        {
            lock (_transport.Gate)
            {
                channels.Remove(channel);
            }
        }
    }
}
