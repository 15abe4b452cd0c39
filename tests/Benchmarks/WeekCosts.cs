using System.Globalization;
using System.Net.Http.Headers;
using IotXmpp.Hub.Dashboard;
using IotXmpp.Hub.Dashboard.Charts;
using IotXmpp.Hub.Features.ApiTokens;
using IotXmpp.Hub.Features.History;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.TestKit.Servers;
using IotXmpp.Xmpp;

namespace IotXmpp.Benchmarks;

/// <summary>A week of one field at one sample a second, as 1,000 points: from the history, by REST over a socket, and as the chart of a thing's page: <c>week [times]</c>. The best and the median of some times.</summary>
internal static class WeekCosts
{
    public static async Task<int> RunAsync(string[] args)
    {
        int times = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 30;
        await using HubHost hub = await HubHost.StartAsync().ConfigureAwait(false);
        FleetServices fleet = hub.Server.FleetServices;
        await hub.AddAccountAsync("operator", "a pass word").ConfigureAwait(false);
        var owner = new Jid("operator", hub.Domain, "");
        await fleet.Registry.ChangeAsync("week", _ => ((Thing?)new Thing("week", "week") { Owner = owner, State = ThingState.Private, Registered = DateTimeOffset.UtcNow }, true)).ConfigureAwait(false);
        HistoryService history = fleet.History!;
        DateTimeOffset from = DateTimeOffset.FromUnixTimeMilliseconds(await TelemetryHistory.WriteWeekAsync(hub.Server.Services.Database, history).ConfigureAwait(false));
        DateTimeOffset to = from.AddSeconds(TelemetryHistory.Week);
        Series series = history.Find("week", "temperature")!;
        await TellAsync("history", times, async () => (await history.QueryAsync(series, from, to, TimeSpan.FromSeconds(TelemetryHistory.Week / 1000)).ConfigureAwait(false)).Count).ConfigureAwait(false);

        string secret = (await fleet.ApiTokens.CreateAsync("operator", "bench", [ApiScope.HistoryRead]).ConfigureAwait(false)).Secret!;
        using var client = new HttpClient { BaseAddress = new Uri($"http://{hub.Http}/") };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", secret);
        var address = new Uri($"api/v1/things/week/history/temperature?from={Uri.EscapeDataString(from.ToString("O"))}&to={Uri.EscapeDataString(to.ToString("O"))}&points=1000", UriKind.Relative);
        await TellAsync("REST (bytes)", times, async () => (await client.GetByteArrayAsync(address).ConfigureAwait(false)).Length).ConfigureAwait(false);

        var chart = new ChartView(history, "week", TimeProvider.System);
        chart.Zoom(from, to);
        await TellAsync("chart", times, async () => (await chart.ReadAsync().ConfigureAwait(false)).Panels[0].Series[0].Times.Count).ConfigureAwait(false);
        return 0;
    }

    private static async Task TellAsync(string what, int times, Func<Task<int>> act)
    {
        var costs = new List<Cost>();
        int size = 0;
        for (int i = 0; i < times; i++)
        {
            costs.Add(await CostMeter.OfAsync(async () => size = await act().ConfigureAwait(false)).ConfigureAwait(false));
        }

        double[] elapsed = [.. costs.Select(c => c.Elapsed.TotalMilliseconds).Order()];
        double[] cpu = [.. costs.Select(c => c.Cpu.TotalMilliseconds).Order()];
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"a week by {what}: {size}; {elapsed[0]:F1} ms, median {elapsed[times / 2]:F1} ms; {cpu[0]:F1} ms of CPU, median {cpu[times / 2]:F1} ms"));
    }
}
