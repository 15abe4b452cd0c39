using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Storage;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.WebSessions;

/// <summary>Sessions of the pages. Without this module there are no pages.</summary>
/// <param name="database">The hub's database.</param>
/// <param name="accounts">The accounts.</param>
/// <param name="options">The bounds.</param>
/// <param name="time">The clock.</param>
public sealed class WebSessionsModule(ISqlDatabase database, AccountService accounts, WebSessionOptions options, TimeProvider time) : IXmppModule
{
    /// <inheritdoc/>
    public string Name => "WebSessions";

    /// <inheritdoc/>
    public Xep[] Xeps => [];

    /// <summary>The rules.</summary>
    public WebSessionService Service { get; } = new(new WebSessionStore(database), accounts, options, time);

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        ILogger log = module.Hub.Loggers.CreateLogger<WebSessionsModule>();
        accounts.Changed += (name, change) =>
        {
            if (change.EndsTokens())
            {
                _ = EndAsync(log, name);
            }
        };
        module.Hub.Accounts.Removed += name => Service.EndAllAsync(name, why: WebSessionEnd.Revoked);
        module.Stopping(_ =>
        {
            Service.Dispose();
            return default;
        });
    }

    private async Task EndAsync(ILogger log, string name)
    {
        try
        {
            await Service.EndAllAsync(name, why: WebSessionEnd.Revoked).ConfigureAwait(false);
        }
        catch (StorageException e)
        {
            // None of them is found again: FindAsync compares with when the password was set, and asks whether the account may log in.
            WebSessionsLog.NotEnded(log, e, name);
        }
    }
}

/// <summary>Logs of <see cref="WebSessionsModule"/>.</summary>
internal static partial class WebSessionsLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "The sessions of {Account} at the pages could not be deleted; they let nobody in any more")]
    public static partial void NotEnded(ILogger log, Exception e, string account);
}
