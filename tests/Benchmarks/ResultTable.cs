using System.Globalization;
using System.Text.Json;

namespace IotXmpp.Benchmarks;

/// <summary>Makes Markdown tables of the JSON lines that compare.sh gathers.</summary>
internal static class ResultTable
{
    private static readonly (string Case, string Title, string Key, string Unit)[] Costs =
    [
        ("message", "message, window 8", "server_cpu_us_per_delivered", "µs a message"),
        ("iq", "IQ client to client and back, window 8", "server_cpu_us_per_delivered", "µs a stanza (two a round trip)"),
        ("ping", "ping of the server, window 8", "server_cpu_us_per_delivered", "µs a round trip"),
        ("fanout", "PubSub 1 → 100", "server_cpu_us_per_delivered", "µs a notification"),
        ("persist", "PubSub 1 → 1, persisted", "server_cpu_us_per_operation", "µs a publish"),
        ("presence", "directed presence, window 8", "server_cpu_us_per_delivered", "µs a stanza"),
        ("login", "log-in", "server_cpu_us_per_delivered", "µs a log-in"),
        ("idle-plain", "idle connection, plain", "kb_per_session_second_half", "KB"),
        ("idle-tls", "idle connection, TLS", "kb_per_session_second_half", "KB"),
    ];

    private static readonly (string Key, string Title, double Scale)[] Speeds =
    [
        ("delivered_per_s", "delivered a second", 1),
        ("latency_p50_us", "p50 ms", 0.001),
        ("latency_p99_us", "p99 ms", 0.001),
    ];

    public static int Print(string file, TextWriter output)
    {
        var results = new Dictionary<(string Server, string Case), JsonElement>();
        var servers = new List<string>();
        foreach (var line in File.ReadLines(file))
        {
            var result = JsonDocument.Parse(line).RootElement;
            var label = result.GetProperty("label").GetString()!.Split(' ');
            results[(label[0], label[1])] = result;
            if (!servers.Contains(label[0]))
            {
                servers.Add(label[0]);
            }
        }

        if (servers.Count == 0)
        {
            output.WriteLine("no results");
            return 1;
        }

        output.WriteLine($"| what it costs the server | unit | {string.Join(" | ", servers)} |");
        output.WriteLine($"|---|---|{string.Concat(servers.Select(_ => "---:|"))}");
        foreach (var (name, title, key, unit) in Costs)
        {
            if (servers.Exists(s => results.ContainsKey((s, name))))
            {
                output.WriteLine($"| {title} | {unit} | {string.Join(" | ", servers.Select(s => Value(s, name, key, 1)))} |");
            }
        }

        output.WriteLine();
        output.WriteLine($"| throughput and latency | | {string.Join(" | ", servers)} |");
        output.WriteLine($"|---|---|{string.Concat(servers.Select(_ => "---:|"))}");
        foreach (var (name, title, _, _) in Costs.Where(c => !c.Case.StartsWith("idle", StringComparison.Ordinal)))
        {
            foreach (var (key, speed, scale) in Speeds)
            {
                if (servers.Exists(s => results.ContainsKey((s, name))))
                {
                    output.WriteLine($"| {title} | {speed} | {string.Join(" | ", servers.Select(s => Value(s, name, key, scale)))} |");
                }
            }
        }

        var failed = false;
        foreach (var ((server, name), result) in results)
        {
            foreach (var error in result.GetProperty("errors").EnumerateObject())
            {
                failed = true;
                output.WriteLine($"\n{server} {name}: {error.Value} × {error.Name}");
            }
        }

        return failed ? 1 : 0;

        string Value(string server, string name, string key, double scale)
        {
            if (!results.TryGetValue((server, name), out var result) || !result.TryGetProperty(key, out var property))
            {
                return "–";
            }

            var value = property.GetDouble() * scale;
            var text = value.ToString(value >= 100 ? "#,0" : "0.0", CultureInfo.InvariantCulture);
            return result.GetProperty("errors").EnumerateObject().Any() ? text + " (errors)" : text;
        }
    }
}
