using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Sasl;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Fast;

/// <summary>Tokens for quick authentication (XEP-0484): keeps them in order. What is said on the stream is SASL2's.</summary>
public sealed partial class FastModule(FastService tokens, TimeProvider time) : IXmppModule
{
    /// <summary>How often tokens that have ended are swept away: they are few, and a day more harms nobody.</summary>
    private static readonly TimeSpan SweepInterval = TimeSpan.FromDays(1);

    private ITimer? _timer;

    /// <inheritdoc/>
    public string Name => "Fast";

    /// <inheritdoc/>
    public Xep[] Xeps => [new("XEP-0484", "Fast Authentication Streamlining Tokens", "0.2.0", "HT-SHA-256 with tls-exporter, tls-server-end-point, tls-unique (TLS 1.2) or none; no TLS 0-RTT")];

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        ILogger log = module.Hub.Loggers.CreateLogger<FastModule>();
        module.Hub.Accounts.Removed += name => _ = tokens.RevokeAsync(name);
        module.Starting(_ =>
        {
            _timer = time.CreateTimer(_ => _ = SweepAsync(log), null, SweepInterval, SweepInterval);
            return default;
        });
        module.Stopping(async _ => await (_timer?.DisposeAsync() ?? default).ConfigureAwait(false));
    }

    private async Task SweepAsync(ILogger log)
    {
        try
        {
            await tokens.SweepAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            NotSwept(log, e);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "Expired tokens were not removed; it is tried again in a day")]
    private static partial void NotSwept(ILogger log, Exception e);
}
