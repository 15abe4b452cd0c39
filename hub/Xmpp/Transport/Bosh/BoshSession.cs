using System.Net;
using System.Security.Cryptography;
using IotXmpp.Hub.Streams;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Transport.Bosh;

/// <summary>
/// A stream over requests and their responses (XEP-0124, XEP-0206): requests are worked off in the order of their numbers, one at a time, and held until there is
/// something to say. What was answered is kept until the client has it. All its buffers are bounded by the window of requests.
/// </summary>
internal sealed class BoshSession : StreamTransport, IOutboundSink
{
    private readonly BoshSessions _sessions;
    private readonly StreamHost _host;
    private readonly BoshFraming _framing = new();
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _work = new(1, 1);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SortedDictionary<long, BoshExchange> _held = [];
    private readonly BoshTurns _turns;
    private readonly BoshAnswers _answered;
    private readonly bool _acknowledges;
    private string? _key;
    private long _pausedUntil;
    private long _idleSince;
    private readonly BoshPolls _polls;
    private int _working;
    private int _repeats;
    private (long Rid, long Time)? _report;
    private bool _isClosing, _isOver, _isLost;
    private string? _bindingError;
    private ReadOnlyMemory<byte> _waiting;
    private TaskCompletionSource<bool>? _written;

    /// <param name="sessions">Where it is found.</param>
    /// <param name="host">What all streams share.</param>
    /// <param name="options">The bounds.</param>
    /// <param name="first">The request that begins it.</param>
    /// <param name="header">What it says of the stream.</param>
    /// <param name="peer">Where the client is.</param>
    public BoshSession(BoshSessions sessions, StreamHost host, BoshOptions options, BoshRequest first, StreamHeader header, IPEndPoint? peer)
    {
        _sessions = sessions;
        _host = host;
        Options = options;
        Header = header;
        Peer = peer;
        _key = first.NewKey;
        _acknowledges = first.Ack is not null;
        Wait = Math.Min(first.Wait, options.MaxWaitSeconds);
        Hold = Wait == 0 ? 0 : Math.Min(first.Hold, options.MaxHold);
        _idleSince = host.Now;
        _polls = new BoshPolls(options.PollingSeconds);
        _answered = new BoshAnswers(Requests);
        _turns = new BoshTurns(first.Rid, Requests);
    }

    /// <summary>The name of the session: 144 bits that nobody can guess.</summary>
    public string Sid { get; } = Convert.ToBase64String(RandomNumberGenerator.GetBytes(18)).Replace('+', '-').Replace('/', '_');

    /// <summary>How long a request is held, in seconds.</summary>
    public int Wait { get; }

    /// <summary>How many requests are held; 0 for a client that polls (§12).</summary>
    public int Hold { get; }

    /// <summary>Requests that may be under way at once (§7.2).</summary>
    public int Requests => Hold + 1;

    /// <summary>Bytes that a request may have now.</summary>
    public int MaxRequestBytes { get; private set; }

    /// <summary>The stream.</summary>
    public C2sStream Stream { get; private set; } = null!;

    public override IPEndPoint? Peer { get; }

    // Whoever could be listened to was refused at the door.
    public override bool IsEncrypted => true;

    public override string Name => "bosh";

    public override int MaxBytes
    {
        set => MaxRequestBytes = value;
    }

    // Each request is read with what its own body declares.
    public override IReadOnlyList<(byte[] Prefix, byte[] Uri)> OuterPrefixes => Outer;

    public override IOutboundSink Sink => this;

    public override IElementFraming Framing => _framing;

    // A client between two requests reads nothing: inactivity is what counts.
    public override bool ShouldRead => false;

    /// <summary>What the wrapper of the request that is being worked off declares.</summary>
    public IReadOnlyList<(byte[] Prefix, byte[] Uri)> Outer { get; set; } = [];

    /// <summary>What the first request said of the stream.</summary>
    public StreamHeader Header { get; }

    /// <summary>Whether the response that creates it was made.</summary>
    public bool IsCreated { get; private set; }

    /// <summary>The bounds.</summary>
    public BoshOptions Options { get; }

    /// <summary>The served domain.</summary>
    public Jid Domain => _host.Hub.Domain;

    /// <summary>Begins the stream; it runs until it is closed or the client is lost.</summary>
    public void Start()
    {
        Stream = new C2sStream(_host, this);
        _ = Stream.RunAsync();
    }

    // The body says it, and the stream id is in the response that creates the session.
    public override void SendOpen(OutboundQueue queue, Jid domain, Jid? to)
    {
    }

    public override void SendClose(OutboundQueue queue)
    {
        lock (_gate)
        {
            _isClosing = true;
        }
    }

    public override void StopReading() => _ended.TrySetResult();

    public override void Abort(string why)
    {
        lock (_gate)
        {
            Lose("remote-connection-failed");
        }
    }

    public override async Task RunAsync(C2sStream stream)
    {
        try
        {
            await _ended.Task.ConfigureAwait(false);
        }
        finally
        {
            // Requests are worked off by whoever brought them: when the last is done, nothing of this stream runs.
            await _work.WaitAsync().ConfigureAwait(false);
            _work.Release();
        }
    }

    public override async ValueTask EndAsync(OutboundQueue queue, bool clean, TimeProvider time)
    {
        lock (_gate)
        {
            _isClosing = true;
        }

        if (clean)
        {
            try
            {
                await queue.IdleAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(2), time).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                // No request has come that could take the last words.
            }
        }

        lock (_gate)
        {
            _isOver = true;
            TakeBack(false);
            AnswerAll();
        }

        queue.Close();
        _sessions.Remove(this);
    }

    /// <summary>The queue writes: done when a response has taken it.</summary>
    public ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        lock (_gate)
        {
            if (_isOver || _isLost)
            {
                return new ValueTask<bool>(false);
            }

            _waiting = bytes;
            _written = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            Task<bool> written = _written.Task;
            Settle();
            return written.IsCompletedSuccessfully ? new ValueTask<bool>(written.Result) : new ValueTask<bool>(written);
        }
    }

    public override void Watch(long now)
    {
        lock (_gate)
        {
            foreach (BoshExchange exchange in _held.Values.Where(e => e.Until <= now && !e.IsAborted).ToList())
            {
                // Responses go out in the order of the requests: those before it are due as well.
                while (_held.ContainsKey(exchange.Request.Rid))
                {
                    AnswerFirst();
                }
            }

            long until = _pausedUntil > 0 ? _pausedUntil : _idleSince + (Options.InactivitySeconds * 1000L);
            if (now > until && !_isLost && _held.Values.All(e => e.IsAborted))
            {
                // XEP-0124 §10: a session with stream management may still come back.
                Lose("item-not-found");
            }
        }
    }

    /// <summary>Takes a request in, in the order of the numbers.</summary>
    /// <param name="exchange">The request.</param>
    /// <returns>Whether its turn shall be awaited and its content be worked off; else only its answer.</returns>
    public bool Arrive(BoshExchange exchange)
    {
        BoshRequest request = exchange.Request;
        lock (_gate)
        {
            if (_isOver)
            {
                exchange.Reply(BoshBody.Terminal(_bindingError ?? "item-not-found"));
                return false;
            }

            _idleSince = _host.Now;
            _pausedUntil = 0;
            if (request.Rid < _turns.Next)
            {
                Repeat(exchange);
                return false;
            }

            // §14.2: the window is as wide as requests may be under way.
            if (_turns.IsBeyond(request.Rid))
            {
                Break(exchange, "item-not-found");
                return false;
            }

            _turns.Arrive(exchange);
            TakeArrived();
            BeginNext();
            return true;
        }
    }

    /// <summary>Works a request off whose turn it is, then holds it.</summary>
    public async Task WorkAsync(BoshExchange exchange, ReadOnlyMemory<byte> body, StreamTokenizer tokenizer, int offset)
    {
        await _work.WaitAsync().ConfigureAwait(false);
        try
        {
            if (!MayWork(exchange))
            {
                return;
            }

            Stream.Received();
            if (Stream.MayCome(body.Length))
            {
                await BoshContent.HandleAsync(this, exchange.Request, body, tokenizer, offset).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The stream says how that ends.
            _ended.TrySetException(e);
        }
        finally
        {
            Worked(exchange);
            _work.Release();
        }
    }

    /// <summary>The client has let go of a request: it will bring it again, or never come back.</summary>
    public void Aborted(BoshExchange exchange)
    {
        lock (_gate)
        {
            exchange.IsAborted = true;
        }
    }

    // Under the gate. The key was right (§15), or the session ends.
    private bool MayWork(BoshExchange exchange)
    {
        BoshRequest request = exchange.Request;
        lock (_gate)
        {
            if (_isOver || _isClosing)
            {
                return false;
            }

            if (IsCreated && !BoshKeys.Follows(ref _key, request))
            {
                return Lose("item-not-found");
            }

            return !(IsCreated && Hold == 0 && request.IsPoll && _polls.IsTooSoon(_host.Now) && _written is null) || Lose("policy-violation");
        }
    }

    /// <summary>The request cannot be taken: the session ends, and what waits is still said.</summary>
    public void Refuse(string condition)
    {
        lock (_gate)
        {
            _bindingError = condition;
            _isClosing = true;
        }

        Stream.Close();
    }

    private void Worked(BoshExchange exchange)
    {
        lock (_gate)
        {
            BoshRequest request = exchange.Request;
            _working--;
            _idleSince = _host.Now;
            if (_held.TryGetValue(request.Rid, out BoshExchange? held))
            {
                held.IsWorked = true; // or the one that took its place
            }

            if (request.Ack is { } ack)
            {
                _report = _answered.Acknowledge(ack, _host.Now);
            }

            if (request.Pause is { } pause && !_isClosing)
            {
                // §10: nothing is held during a pause.
                _pausedUntil = _host.Now + (pause * 1000L);
                while (_held.Count > 0)
                {
                    AnswerFirst();
                }
            }

            if (_isOver)
            {
                AnswerAll();
            }
            else
            {
                Settle();
                BeginNext();
            }
        }
    }

    // Under the gate: what is here without a gap may carry answers from now on, also while it waits for its turn: a handler of a request before it can wait until what it sent has left.
    private void TakeArrived()
    {
        while (_turns.TryTake(out BoshExchange? taken))
        {
            taken.Until = _host.Now + (Wait * 1000L);
            _held[taken.Request.Rid] = taken;
        }

        Settle();
    }

    // Under the gate.
    private void BeginNext() => _working += _working == 0 && _turns.Begin() ? 1 : 0;

    // Under the gate: what waits goes into the oldest request; more requests than may be held are answered empty.
    private void Settle()
    {
        if ((_written is not null || _report is not null) && _held.Values.Any(e => !e.IsAborted) && (_turns.MayCarry || _held.First().Value.Turn.IsCompleted))
        {
            AnswerFirst();
        }

        // They are worked off in their order, so the first is one of those that were.
        while (_held.Values.Count(e => e.IsWorked) > Hold)
        {
            AnswerFirst();
        }

        if (_isClosing && _written is null && _working == 0)
        {
            while (_held.Values.Any(e => !e.IsAborted) && (_bindingError is not null || _framing.StreamError is null))
            {
                AnswerFirst();
            }
        }
    }

    // Under the gate: the response to the oldest request that is held.
    private void AnswerFirst()
    {
        (long rid, BoshExchange exchange) = _held.First();
        _held.Remove(rid);
        _turns.Answered(rid);
        byte[] body = Body(rid);
        _idleSince = _host.Now;
        _repeats = 0;
        _answered.Add(rid, exchange.Request.Key, body, _host.Now);
        exchange.Reply(body);
    }

    // Under the gate: nothing more comes.
    private void AnswerAll()
    {
        foreach (BoshExchange exchange in _turns.Waiting)
        {
            exchange.Begin();
        }

        while (_held.Count > 0)
        {
            AnswerFirst();
        }
    }

    // Under the gate.
    private void TakeBack(bool isWritten)
    {
        _waiting = default;
        TaskCompletionSource<bool>? written = _written;
        _written = null;
        written?.TrySetResult(isWritten);
    }

    private byte[] Body(long rid)
    {
        bool isFirst = !IsCreated;
        IsCreated = true;
        bool isEnd = (_isClosing && _working == 0) || _isOver || _bindingError is not null || _framing.StreamError is not null;
        // §9.2: the highest request that is here without a gap, where that is not the one that is answered.
        long? ack = _acknowledges && (isFirst || _turns.Next - 1 > rid) ? Math.Max(rid, _turns.Next - 1) : null;
        byte[] body = BoshBody.Write(isFirst ? this : null, Options, _host.Hub.Domain, ack, _report, isEnd, _bindingError ?? BoshBody.ConditionOf(_framing.StreamError), _waiting.Span);
        _report = null;
        TakeBack(true);
        return body;
    }

    // Under the gate (§14.3): it was taken already; it is not taken again.
    private void Repeat(BoshExchange exchange)
    {
        long rid = exchange.Request.Rid;
        if (_held.TryGetValue(rid, out BoshExchange? held) && held.Request.Key == exchange.Request.Key)
        {
            held.Reply(BoshBody.Recoverable());
            (exchange.Until, exchange.IsWorked) = (held.Until, held.IsWorked);
            _held[rid] = exchange;
            Settle();
        }
        else if (_answered.Find(rid, exchange.Request.Key) is { } answered && ++_repeats <= Options.MaxRepeats)
        {
            exchange.Reply(answered);
        }
        else
        {
            Break(exchange, _repeats > Options.MaxRepeats ? "policy-violation" : "item-not-found");
        }
    }

    // Under the gate: a request that breaks the rules ends the session.
    private void Break(BoshExchange exchange, string condition)
    {
        exchange.Reply(BoshBody.Terminal(condition));
        Lose("other-request");
    }

    // Under the gate: the client is gone, or has broken the rules of the transport. Whoever waits until something has left waits no more. Always false.
    private bool Lose(string condition)
    {
        _bindingError ??= condition;
        _isClosing = true;
        _isLost = true;
        TakeBack(false);
        _ended.TrySetResult();
        return false;
    }
}
