using System.Diagnostics.Metrics;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace IotXmpp.Hub.Features.Metrics;

/// <summary>Sends the hub's figures, and those of the .NET runtime, to a collector by the OpenTelemetry protocol. It has a thread of its own; a collector that is not there costs the hub nothing.</summary>
internal sealed class OtlpExport : IDisposable
{
    private readonly MeterProvider _provider;

    /// <param name="options">The settings, with an endpoint.</param>
    /// <param name="domain">The served domain: the instance.</param>
    public OtlpExport(OtlpOptions options, string domain)
    {
        var endpoint = new Uri(options.Endpoint);
        bool isHttp = options.Protocol == OtlpProtocol.HttpProtobuf;
        _provider = Sdk.CreateMeterProviderBuilder()
            .ConfigureResource(resource => resource.AddService("iotxmpp", serviceVersion: HubMeter.Version, serviceInstanceId: domain))
            .AddMeter(HubMeter.Name, "System.Runtime")
            .AddOtlpExporter((exporter, reader) =>
            {
                exporter.Protocol = isHttp ? OtlpExportProtocol.HttpProtobuf : OtlpExportProtocol.Grpc;
                // Named in code the endpoint is taken as it stands; as an operator writes it, it is the collector.
                exporter.Endpoint = isHttp && endpoint.AbsolutePath == "/" ? new Uri(endpoint, "/v1/metrics") : endpoint;
                exporter.Headers = string.Join(',', options.Headers);
                exporter.TimeoutMilliseconds = options.TimeoutSeconds * 1_000;
                reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = options.IntervalSeconds * 1_000;
                reader.PeriodicExportingMetricReaderOptions.ExportTimeoutMilliseconds = options.TimeoutSeconds * 1_000;
            })
            .Build();
    }

    /// <summary>Sends the last figures, for half a second at most, so that a stop of the hub stays quick.</summary>
    public void Dispose()
    {
        _provider.Shutdown(500);
        _provider.Dispose();
    }
}
