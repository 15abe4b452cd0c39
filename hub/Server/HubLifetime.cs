using IotXmpp.Hub.Features.Administration;

namespace IotXmpp.Hub.Server;

/// <summary>Whether an administrator has asked for the end of the hub (XEP-0133 §4.30, §4.31).</summary>
public sealed class HubLifetime : IHubLifetime
{
    /// <summary>The exit code that asks who supervises the process to start it again: <c>EX_TEMPFAIL</c> of sysexits.h, which no other end has.</summary>
    public const int RestartExitCode = 75;

    private readonly TaskCompletionSource<bool> _requested = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends with the first wish: true for a restart.</summary>
    public Task<bool> Requested => _requested.Task;

    /// <inheritdoc/>
    public void End(bool restart) => _requested.TrySetResult(restart);
}
