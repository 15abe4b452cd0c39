using IotXmpp.Hub.Features.AdHoc;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Storage;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.ApiTokens;

/// <summary>Tokens of programs: keeps them in order, and offers them as commands. Who comes by one is asked by REST.</summary>
/// <param name="service">The rules.</param>
/// <param name="commands">Where commands are offered.</param>
public sealed class ApiTokensModule(ApiTokenService service, CommandBook commands) : IXmppModule
{
    /// <summary>How often uses are written; default a minute: what is shown is that coarse.</summary>
    private static readonly TimeSpan s_noteInterval = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan s_sweepInterval = TimeSpan.FromDays(1);

    private ILogger _log = null!;
    private ITimer? _note;
    private ITimer? _sweep;

    /// <inheritdoc/>
    public string Name => "ApiTokens";

    /// <inheritdoc/>
    public Xep[] Xeps => [];

    /// <summary>The rules.</summary>
    public ApiTokenService Service => service;

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        IHub hub = module.Hub;
        _log = hub.Loggers.CreateLogger<ApiTokensModule>();
        new ApiTokenCommands(service, hub, _log).AddTo(commands);
        hub.Accounts.Removed += service.RevokeAllAsync;
        module.Starting(_ =>
        {
            _note = hub.Time.CreateTimer(_ => _ = TryAsync(service.NoteUsesAsync), null, s_noteInterval, s_noteInterval);
            _sweep = hub.Time.CreateTimer(_ => _ = TryAsync(service.SweepAsync), null, s_sweepInterval, s_sweepInterval);
            return default;
        });
        module.Stopping(async _ =>
        {
            await (_note?.DisposeAsync() ?? default).ConfigureAwait(false);
            await (_sweep?.DisposeAsync() ?? default).ConfigureAwait(false);
            await TryAsync(service.NoteUsesAsync).ConfigureAwait(false);
        });
    }

    // Nobody was promised when a token was used; the next time is soon.
    private async Task TryAsync(Func<Task> work)
    {
        try
        {
            await work().ConfigureAwait(false);
        }
        catch (StorageException e)
        {
            ApiTokenLog.NotNoted(_log, e);
        }
    }
}
