using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Storage.Migrations;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.LastActivity;

/// <summary>When an account was last there, and why it went (XEP-0012): of the hub itself, its uptime. Survives a restart.</summary>
public sealed class LastActivityModule(ISqlDatabase database) : IXmppModule
{
    private IHub _hub = null!;
    private ILogger _log = null!;

    /// <summary>The table. A released migration never changes.</summary>
    public static IReadOnlyList<Migration> Migrations { get; } =
    [
        new("LastActivity", 1, "when accounts were last there", "CREATE TABLE last_activity (name {text} NOT NULL PRIMARY KEY, at {long} NOT NULL, status {text} NOT NULL){keyonly};"),
    ];

    /// <inheritdoc/>
    public string Name => "LastActivity";

    /// <inheritdoc/>
    public Xep[] Xeps => [new("XEP-0012", "Last Activity", "2.0")];

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        _hub = module.Hub;
        _log = _hub.Loggers.CreateLogger<LastActivityModule>();
        module.Domain.Feature(Ns.Last).Iq(StanzaType.Get, "query", Ns.Last, (_, _) => Result(_hub.Time.GetUtcNow() - _hub.StartedAt, null));
        module.Account.Feature(Ns.Last).Iq(StanzaType.Get, "query", Ns.Last, AskAsync);
        module.SessionClosed(session => _ = NoteAsync(session));
    }

    private static IqReply Result(TimeSpan since, string? status)
    {
        using var xml = new XmlBuilder();
        xml.Open("query"u8, Ns.Last).Attribute("seconds"u8, Math.Max(0, (long)since.TotalSeconds));
        if (!string.IsNullOrEmpty(status))
        {
            xml.Text(status);
        }

        return IqReply.Result(xml.Close("query"u8));
    }

    private async ValueTask<IqReply> AskAsync(IqRequest request, CancellationToken cancel)
    {
        // XEP-0012 §4: only who may see the account's presence is told.
        if (!request.IsOwnAccount && !await _hub.Rosters.MaySeePresenceAsync(request.Target, request.From.Bare, cancel).ConfigureAwait(false))
        {
            return StanzaError.Forbidden;
        }

        if (_hub.Sessions.ListOf(request.Target).Any(s => s.IsAvailable))
        {
            return Result(TimeSpan.Zero, null);
        }

        (long at, string status) = await database.ReadAsync(
            session =>
            {
                SqlStatement row = session.Prepare("SELECT at, status FROM last_activity WHERE name = $1").Bind(1, request.Target.Local);
                return row.Read() ? (row.GetInt64(0), row.GetString(1)) : (0, string.Empty);
            },
            cancel).ConfigureAwait(false);
        return at == 0 ? StanzaError.ItemNotFound : Result(_hub.Time.GetUtcNow() - DateTimeOffset.FromUnixTimeMilliseconds(at), status);
    }

    private async Task NoteAsync(Session session)
    {
        try
        {
            await database.WriteAsync(sql => sql.Prepare("""
                INSERT INTO last_activity (name, at, status) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET at = excluded.at, status = excluded.status
                """).Bind(1, session.Jid.Local).Bind(2, _hub.Time.GetUtcNow().ToUnixTimeMilliseconds()).Bind(3, session.EndReason ?? string.Empty).Execute()).ConfigureAwait(false);
        }
        catch (StorageException e)
        {
            LastActivityLog.NotStored(_log, e, session.Jid);
        }
    }
}

/// <summary>Logs of <see cref="LastActivityModule"/>.</summary>
internal static partial class LastActivityLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "When {Jid} was last there is not stored")]
    public static partial void NotStored(ILogger log, Exception e, Jid jid);
}
