using IotXmpp.Hub.Features.Alerts;
using IotXmpp.Hub.Features.Commands;
using IotXmpp.Hub.Features.History;
using IotXmpp.Hub.Features.HomeAssistant;
using IotXmpp.Hub.Features.Liveness;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Peers;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Streams;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Metrics;

/// <summary>The hub's figures for whoever watches over it: a page for Prometheus, and an export by the OpenTelemetry protocol. Where neither is wanted there are no instruments.</summary>
/// <param name="database">Whose writer and size are told.</param>
/// <param name="options">The settings.</param>
public sealed class MetricsModule(ISqlDatabase database, MetricsOptions options) : IXmppModule
{
    /// <summary>How often the size of the database is looked up: 60 s.</summary>
    private static readonly TimeSpan s_size = TimeSpan.FromMinutes(1);

    private MetricSources? _sources;
    private HubMeter? _meter;
    private PrometheusText? _text;
    private OtlpExport? _export;
    private ITimer? _timer;
    private ILogger? _log;

    /// <inheritdoc/>
    public string Name => "Metrics";

    /// <inheritdoc/>
    public Xep[] Xeps => [];

    /// <summary>The settings.</summary>
    public MetricsOptions Options => options;

    /// <summary>The page for Prometheus; null where there is none, or the hub has not started.</summary>
    public PrometheusText? Text => _text;

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        if (!options.Enabled && options.Otlp.Endpoint.Length == 0)
        {
            return;
        }

        var hub = (ModuleHost)module.Hub;
        _log = hub.Loggers.CreateLogger<MetricsModule>();
        T? Find<T>() where T : class => hub.Modules.OfType<T>().FirstOrDefault();
        _sources = new MetricSources { Hub = hub, Database = database, Liveness = () => Find<LivenessModule>()?.Service, History = () => Find<HistoryModule>()?.Service, Commands = () => Find<CommandsModule>()?.Service, Alerts = () => Find<AlertsModule>()?.Service, HomeWaiting = () => Find<HomeAssistantModule>()?.Waiting };
        module.Starting(_ =>
        {
            _meter = new HubMeter(_sources);
            _text = options.Enabled ? new PrometheusText(_meter.Meter) : null;
            _export = options.Otlp.Endpoint.Length > 0 ? new OtlpExport(options.Otlp, hub.Domain.Domain) : null;
            _timer = hub.Time.CreateTimer(_ => _ = LookAsync(), null, TimeSpan.Zero, s_size);
            return default;
        });
        module.Stopping(_ =>
        {
            _timer?.Dispose();
            _export?.Dispose();
            _text?.Dispose();
            _meter?.Dispose();
            return default;
        });
    }

    /// <summary>Looks at the figures for a page that shows them; null where there are none. To be disposed with the page.</summary>
    public HubGlances? Glance() => _sources is { } sources && _meter is { } meter ? new HubGlances(sources, meter.Meter) : null;

    /// <summary>Tells of what listens, when it does.</summary>
    public void Watch(StreamHost streams, PeerHosts peers)
    {
        if (_sources is not null)
        {
            _sources.Streams = streams;
            _sources.Peers = peers;
        }
    }

    private async Task LookAsync()
    {
        try
        {
            string sql = database.Dialect == SqlDialect.Sqlite
                ? "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
                : "SELECT pg_database_size(current_database())";
            _sources!.DatabaseBytes = await database.ReadAsync(session =>
            {
                SqlStatement row = session.Prepare(sql);
                return row.Read() ? row.GetInt64(0) : 0;
            }).ConfigureAwait(false);
        }
        catch (StorageException e)
        {
            MetricsLog.NoSize(_log!, e);
        }
    }
}

/// <summary>Logs of <see cref="MetricsModule"/>.</summary>
internal static partial class MetricsLog
{
    [LoggerMessage(Level = LogLevel.Debug, Message = "The size of the database is not known now")]
    public static partial void NoSize(ILogger log, Exception e);
}
