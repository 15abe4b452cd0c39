using System.Globalization;
using System.Text;
using System.Text.Json;

namespace IotXmpp.LoadGenerator.Measure;

/// <summary>The result of a run, as a table for people and one JSON object for scripts.</summary>
internal static class Report
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = false };

    public static string Render(LoadSettings settings, Meter meter)
    {
        var values = Values(settings, meter);
        if (settings.Json)
        {
            return JsonSerializer.Serialize(values, Json);
        }

        var text = new StringBuilder();
        var width = values.Keys.Max(k => k.Length);
        foreach (var (name, value) in values)
        {
            if (value is IReadOnlyDictionary<string, long> errors)
            {
                foreach (var (kind, count) in errors)
                {
                    text.AppendLine(CultureInfo.InvariantCulture, $"{name.PadRight(width)}  {count} × {kind}");
                }
            }
            else
            {
                text.AppendLine(string.Create(CultureInfo.InvariantCulture, $"{name.PadRight(width)}  {value}"));
            }
        }

        return text.ToString().TrimEnd();
    }

    private static Dictionary<string, object> Values(LoadSettings settings, Meter meter)
    {
        var seconds = Math.Max(meter.Seconds, 1e-9);
        var values = new Dictionary<string, object>
        {
            ["label"] = settings.Label,
            ["mode"] = settings.Mode.ToString().ToLowerInvariant(),
            ["protocol"] = settings.Protocol.ToString().ToLowerInvariant(),
            ["security"] = settings.Security.ToString().ToLowerInvariant(),
            ["sessions"] = settings.SessionCount,
            ["loop"] = settings.Rate > 0 ? $"open, {settings.Rate}/s" : $"closed, window {settings.Window}",
            ["seconds"] = Math.Round(seconds, 2),
            ["sent_in_all"] = meter.Sent,
            ["delivered_in_all"] = meter.DeliveredInAll,
        };
        if (settings.Mode != Mode.Idle)
        {
            values["delivered"] = meter.Delivered;
            values["delivered_per_s"] = Math.Round(meter.Delivered / seconds);
            if (meter.Operations > 0)
            {
                values["operations"] = meter.Operations;
                values["operations_per_s"] = Math.Round(meter.Operations / seconds);
            }

            values["latency_p50_us"] = meter.Latency.Quantile(0.50);
            values["latency_p90_us"] = meter.Latency.Quantile(0.90);
            values["latency_p99_us"] = meter.Latency.Quantile(0.99);
            values["latency_max_us"] = meter.Latency.Max;
            values["own_cpu_us_per_delivered"] = Per(meter.OwnCpuMicroseconds, meter.Delivered);
        }

        if (meter.HasServer)
        {
            values["server_cpu_percent"] = Math.Round(meter.ServerCpuMicroseconds / (seconds * 10_000), 1);
            if (settings.Mode != Mode.Idle)
            {
                values["server_cpu_us_per_delivered"] = Per(meter.ServerCpuMicroseconds, meter.Delivered);
                if (meter.Operations > 0)
                {
                    values["server_cpu_us_per_operation"] = Per(meter.ServerCpuMicroseconds, meter.Operations);
                }
            }

            values["server_rss_before_mib"] = MiB(meter.Idle.RssKiB);
            values["server_rss_open_mib"] = MiB(meter.Full.Use.RssKiB);
            values["server_rss_end_mib"] = MiB(meter.ServerEnd.RssKiB);
            values["server_threads_end"] = meter.ServerEnd.Threads;
            if (settings.Mode == Mode.Idle)
            {
                var (half, halfSessions) = meter.Half;
                var (full, sessions) = meter.Full;
                values["kb_per_session"] = Per(full.PssKiB - meter.Idle.PssKiB, sessions);

                // The second half alone: what the first log-ins loaded and compiled is not in it.
                values["kb_per_session_second_half"] = Per(full.PssKiB - half.PssKiB, sessions - halfSessions);
            }
        }

        values["errors"] = meter.Errors.ByKind;
        return values;
    }

    private static double Per(double amount, long count) => count == 0 ? 0 : Math.Round(amount / count, 2);

    private static double MiB(long kib) => Math.Round(kib / 1024.0, 1);
}
