namespace IotXmpp.Hub.Features.PubSub;

/// <summary>
/// The order of one session's requests (RFC 6120 §10.1): publications that are ready at once run beside each other, so that they share a commit; everything else runs alone, after what came before.
/// At most the engine's bound of concurrent requests a session wait here.
/// </summary>
internal sealed class SessionOrder
{
    private readonly Lock _gate = new();
    private readonly Queue<TaskCompletionSource> _waiting = new();
    private int _shared;
    private bool _alone;

    /// <summary>Lets a publication begin now; false when something else runs or waits.</summary>
    public bool TryEnterShared()
    {
        lock (_gate)
        {
            if (_alone || _waiting.Count > 0)
            {
                return false;
            }

            _shared++;
            return true;
        }
    }

    public void LeaveShared()
    {
        lock (_gate)
        {
            _shared--;
            Next();
        }
    }

    /// <summary>Completes when everything before has ended.</summary>
    public Task EnterAloneAsync()
    {
        lock (_gate)
        {
            if (!_alone && _shared == 0 && _waiting.Count == 0)
            {
                _alone = true;
                return Task.CompletedTask;
            }

            var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue(turn);
            return turn.Task;
        }
    }

    public void LeaveAlone()
    {
        lock (_gate)
        {
            _alone = false;
            Next();
        }
    }

    private void Next()
    {
        if (!_alone && _shared == 0 && _waiting.TryDequeue(out TaskCompletionSource? turn))
        {
            _alone = true;
            turn.SetResult();
        }
    }
}
