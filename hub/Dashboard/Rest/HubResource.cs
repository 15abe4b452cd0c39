using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using IotXmpp.Hub.Features.ApiTokens;
using IotXmpp.Hub.Features.Liveness;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary><c>/hub</c>: how the hub itself is.</summary>
internal sealed class HubResource(FleetServices fleet)
{
    private static readonly string s_version = typeof(HubResource).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";

    public static void Map(RouteGroupBuilder api, FleetServices fleet) =>
        api.Get("/hub", ApiScope.HubRead, new HubResource(fleet).GetAsync).Says("getHub", "hub", "How the hub itself is").Gives(HubJson.Default.HubView);

    private async Task<IResult> GetAsync(RestRequest request, CancellationToken cancel)
    {
        DateTimeOffset now = fleet.Hub.Time.GetUtcNow();
        var states = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (LivenessState state in Enum.GetValues<LivenessState>())
        {
            states[JsonNamingPolicy.KebabCaseLower.ConvertName(state.ToString())] = 0;
        }

        foreach (ThingLiveness thing in fleet.Liveness?.All ?? [])
        {
            states[JsonNamingPolicy.KebabCaseLower.ConvertName(thing.State.ToString())]++;
        }

        return RestResult.Ok(
            new HubView(
                fleet.Domain.Domain, s_version, fleet.Hub.StartedAt.UtcDateTime, (long)(now - fleet.Hub.StartedAt).TotalSeconds, fleet.Hub.Sessions.Count,
                await fleet.Accounts.CountAsync(cancel).ConfigureAwait(false), (await fleet.Registry.AllAsync(cancel).ConfigureAwait(false)).Count, states,
                fleet.History?.PendingSamples ?? 0, Environment.WorkingSet, GC.GetTotalMemory(false)),
            HubJson.Default.HubView);
    }
}

/// <summary>How the hub is.</summary>
/// <param name="Domain">The served domain.</param>
/// <param name="Version">Its version.</param>
/// <param name="Started">When it was started.</param>
/// <param name="UptimeSeconds">Seconds since then.</param>
/// <param name="Sessions">Sessions that are bound.</param>
/// <param name="Accounts">Accounts that there are.</param>
/// <param name="Things">Things of the registry.</param>
/// <param name="States">How many things are in each state.</param>
/// <param name="PendingSamples">Samples that are durable and not in chunks yet.</param>
/// <param name="WorkingSetBytes">Memory of the process.</param>
/// <param name="HeapBytes">Managed memory in use.</param>
public sealed record HubView(
    string Domain, string Version, DateTime Started, long UptimeSeconds, int Sessions, long Accounts, int Things, IReadOnlyDictionary<string, int> States, int PendingSamples, long WorkingSetBytes, long HeapBytes);

/// <summary>JSON of the hub.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Strict, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(HubView))]
internal sealed partial class HubJson : JsonSerializerContext;
