using Microsoft.AspNetCore.Components;

namespace IotXmpp.Hub.Dashboard.Live;

/// <summary>
/// A page, or a part of one, that changes by what comes from the hub. <see cref="Changed"/> may be called from any thread, as often as one likes; <see cref="OnPulse"/> and the drawing happen on the page's
/// own thread, at most four times a second.
/// </summary>
public abstract class LiveComponent : ComponentBase, IAsyncDisposable
{
    private readonly List<IDisposable> _owned = [];
    private readonly CancellationTokenSource _closing = new();
    private bool _isClosed;
    private int _isReading;

    /// <summary>Made with each page.</summary>
    protected LiveComponent() => Closing = _closing.Token;

    /// <summary>Who looks.</summary>
    [Inject]
    public Viewer Viewer { get; set; } = null!;

    /// <summary>Ends when the component goes; may be asked for after that, by a deed that was under way.</summary>
    protected CancellationToken Closing { get; }

    /// <summary>Something has changed: draw it soon. From any thread.</summary>
    public void Changed() => Viewer.Pulse.Mark(this);

    /// <summary>Disposes something with the component: what <see cref="Viewer"/>'s <c>On…</c> methods return.</summary>
    protected T Own<T>(T what)
        where T : IDisposable
    {
        if (_isClosed)
        {
            what.Dispose();
        }
        else
        {
            _owned.Add(what);
        }

        return what;
    }

    /// <summary>Follows a node with the component; says what was refused in a notice.</summary>
    protected async Task FollowAsync(string node, Action<PubSubNotice> handler)
    {
        (IDisposable handle, IqAnswer? refused) = await Viewer.FollowAsync(node, handler);
        Own(handle);
        if (refused is not null)
        {
            Viewer.Notices.Warn($"{node}: {refused.Explain()}");
        }
    }

    /// <summary>Takes over what has changed, before it is drawn; on the page's own thread.</summary>
    protected virtual void OnPulse()
    {
    }

    /// <summary>Reads anew what is shown and draws it, one read at a time; what changes meanwhile is read once more. For <see cref="OnPulse"/>, where an event is a sign that something has changed and no more.</summary>
    /// <param name="read">Reads it, on the page's own thread.</param>
    protected void Refresh(Func<Task> read) => _ = RefreshAsync(read);

    /// <summary>Called once when the component goes.</summary>
    protected virtual ValueTask OnCloseAsync() => default;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_isClosed)
        {
            return;
        }

        _isClosed = true;
        Viewer.Pulse.Forget(this);
        await _closing.CancelAsync();
        foreach (IDisposable owned in _owned)
        {
            owned.Dispose();
        }

        await OnCloseAsync();
        _closing.Dispose();
        GC.SuppressFinalize(this);
    }

    private async Task RefreshAsync(Func<Task> read)
    {
        if (Interlocked.Exchange(ref _isReading, 1) != 0)
        {
            Changed();
            return;
        }

        try
        {
            await InvokeAsync(async () =>
            {
                await read();
                StateHasChanged();
            });
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // The page is closed.
        }
        finally
        {
            Volatile.Write(ref _isReading, 0);
        }
    }

    internal void Draw() => _ = InvokeAsync(() =>
    {
        if (!_isClosed)
        {
            OnPulse();
            StateHasChanged();
        }
    });
}
