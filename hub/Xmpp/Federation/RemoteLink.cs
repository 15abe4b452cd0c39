using IotXmpp.Hub.Federation.Dns;
using IotXmpp.Hub.Peers;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Streams;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Federation;

/// <summary>Where a <see cref="RemoteLink"/> stands.</summary>
internal enum LinkState
{
    /// <summary>No stream, nothing waits.</summary>
    Down,

    /// <summary>A stream is being opened, or the next attempt is waited for; stanzas wait.</summary>
    Opening,

    /// <summary>Stanzas flow.</summary>
    Up,
}

/// <summary>
/// The way from one domain of this hub to one of another server: the stream where there is one, else the queue of what waits for it. It tries a bounded number of
/// times, then all that waits goes back to its senders.
/// </summary>
internal sealed class RemoteLink(FederationHost host, string local, string remote)
{
    private readonly Lock _gate = new();
    private readonly Queue<SentStanza> _waiting = new();
    private int _waitingBytes;
    private ServerStream? _stream;
    private StanzaError _lastError = StanzaError.RemoteServerTimeout;
    private long _heldUntil;

    /// <summary>The domain of this hub.</summary>
    public string Local => local;

    /// <summary>The domain of the other server.</summary>
    public string Remote => remote;

    /// <summary>Stanzas that wait for a stream.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Count;
            }
        }
    }

    /// <summary>Where it stands.</summary>
    public LinkState State { get; private set; }

    /// <summary>Sends a stanza, or keeps it until there is a stream, or bounces it.</summary>
    public void Send(Stanza stanza)
    {
        byte[] bytes = StanzaWriter.Write(stanza);
        StanzaError? refusal = null;
        bool opens = false;
        lock (_gate)
        {
            var sent = new SentStanza(bytes, stanza.From, stanza.To!);
            SendOutcome outcome = _stream is { State: StreamState.Bound } stream ? stream.Send(sent) : SendOutcome.Ended;
            if (outcome == SendOutcome.Sent)
            {
                return;
            }

            if (outcome == SendOutcome.Full)
            {
                refusal = StanzaError.ResourceConstraint.With("That server does not keep up.");
            }
            else if (State == LinkState.Down && host.Now < _heldUntil)
            {
                refusal = _lastError;
            }
            else if (_waiting.Count >= host.Federation.QueueStanzas || _waitingBytes + bytes.Length > host.Federation.QueueBytes)
            {
                refusal = StanzaError.ResourceConstraint.With("Too much waits for that server.");
            }
            else
            {
                _waiting.Enqueue(sent);
                _waitingBytes += bytes.Length;
                opens = State != LinkState.Opening;
                State = LinkState.Opening;
            }
        }

        if (refusal is not null)
        {
            host.Hub.Router.Bounce(stanza, refusal);
        }
        else if (opens)
        {
            _ = OpenAsync();
        }
    }

    /// <summary>A stream may be used from now on: what waits leaves first.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="way">How it came to be, for the log.</param>
    public void Attach(ServerStream stream, string way)
    {
        lock (_gate)
        {
            if (State == LinkState.Up && _stream is { State: StreamState.Bound })
            {
                return; // by its own stream already: two ways would mix up the order
            }

            while (_waiting.TryPeek(out SentStanza next))
            {
                if (stream.Send(next, always: true) == SendOutcome.Ended)
                {
                    return; // before it was of use: what waits goes on waiting for the next attempt
                }

                _waitingBytes -= _waiting.Dequeue().Bytes.Length;
            }

            _stream = stream;
            State = LinkState.Up;
            _heldUntil = 0;
        }

        FederationLog.Up(host.Log, local, remote, way, stream.Peer);
    }

    /// <summary>A stream has ended.</summary>
    public void Detach(ServerStream stream)
    {
        lock (_gate)
        {
            if (_stream != stream)
            {
                return;
            }

            _stream = null;
            if (State == LinkState.Up)
            {
                State = LinkState.Down;
            }
        }

        host.Forget(this);
    }

    /// <summary>Lets go of the link; false where it is in use, or remembers a failure that is not over.</summary>
    public bool TryRetire()
    {
        lock (_gate)
        {
            if (State != LinkState.Down || _waiting.Count > 0 || host.Now < _heldUntil)
            {
                return false;
            }

            // Who holds it still may go on with it: it works as before, it is only not found any more.
            return true;
        }
    }

    private async Task OpenAsync()
    {
        StanzaError error = StanzaError.RemoteServerTimeout;
        try
        {
            await Task.Yield();
            TimeSpan wait = TimeSpan.FromSeconds(host.Federation.RetrySeconds);
            for (int attempt = 1; ; attempt++)
            {
                StreamOutcome outcome = await TryAsync().ConfigureAwait(false);
                if (outcome.Error is null)
                {
                    return;
                }

                error = outcome.Error;
                if (outcome.IsFinal || attempt >= host.Federation.Attempts)
                {
                    break;
                }

                await Task.Delay(wait, host.Hub.Time, host.Stopping).ConfigureAwait(false);
                wait *= 2;
                lock (_gate)
                {
                    if (State != LinkState.Opening)
                    {
                        return; // the other server has come meanwhile, and its stream goes both ways
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
            return; // the hub stops, and so have the streams of who waits
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            FederationLog.Broken(host.Log, e, local, remote);
            error = StanzaError.InternalServerError;
        }

        GiveUp(error);
    }

    private async ValueTask<StreamOutcome> TryAsync()
    {
        PeerLocation location = await host.LocateAsync(remote).ConfigureAwait(false);
        if (location.Status == DnsStatus.NotFound)
        {
            return new StreamOutcome(StanzaError.RemoteServerNotFound, IsFinal: true);
        }

        StanzaError error = StanzaError.RemoteServerTimeout;
        foreach (PeerTarget target in location.Targets)
        {
            host.Stopping.ThrowIfCancellationRequested();
            if (await host.OpenAsync(target, local, remote, null).ConfigureAwait(false) is not { } stream)
            {
                continue;
            }

            StreamOutcome outcome = await stream.Outcome.ConfigureAwait(false);
            if (outcome.Error is null || outcome.IsFinal)
            {
                return outcome;
            }

            error = outcome.Error;
        }

        return new StreamOutcome(error);
    }

    // RFC 6120 §10.4: who sent is told.
    private void GiveUp(StanzaError error)
    {
        SentStanza[] back;
        lock (_gate)
        {
            if (State != LinkState.Opening)
            {
                return;
            }

            back = [.. _waiting];
            _waiting.Clear();
            _waitingBytes = 0;
            _lastError = error;
            _heldUntil = host.Now + (host.Federation.HoldSeconds * 1000L);
            State = LinkState.Down;
        }

        FederationLog.Failed(host.Log, local, remote, error.Condition, back.Length);
        foreach (SentStanza stanza in back)
        {
            host.Hub.Router.Bounce(Stanza.Parse(stanza.Bytes, stanza.From, stanza.To), error);
        }
    }
}
