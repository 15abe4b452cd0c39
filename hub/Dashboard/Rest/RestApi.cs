using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary>REST at <see cref="Prefix"/>: one class a resource. How to add one stands in the README beside.</summary>
public static class RestApi
{
    /// <summary>Where it is.</summary>
    public const string Prefix = "/api/v1";

    /// <summary>Where its description (OpenAPI 3.1) is. There is no secret in it: who may reach the HTTP side may read it.</summary>
    public const string DescriptionPath = Prefix + "/openapi.json";

    /// <summary>What ASP.NET has to know.</summary>
    public static void AddTo(IServiceCollection services)
    {
        var contracts = new RestContracts();
        services.AddSingleton(contracts);
        services.Configure<JsonOptions>(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, contracts));
        services.AddOpenApi("v1", RestDescription.Configure);
    }

    /// <summary>Maps it.</summary>
    /// <param name="app">The hub's HTTP side.</param>
    /// <param name="fleet">The services.</param>
    public static void Map(WebApplication app, FleetServices fleet)
    {
        ArgumentNullException.ThrowIfNull(app);
        ArgumentNullException.ThrowIfNull(fleet);
        if (!fleet.Rest.Enabled)
        {
            return;
        }

        var gate = new RestGate(fleet, fleet.Hub.Loggers.CreateLogger(typeof(RestApi).FullName!));
        app.Use(next => context => context.Request.Path.StartsWithSegments(Prefix) ? gate.HandleAsync(context, next) : next(context));
        app.MapOpenApi(DescriptionPath).WithMetadata(new RestOpen());
        Resources(app.MapGroup(Prefix), fleet);
    }

    // One line a resource, in the order of their names.
    private static void Resources(RouteGroupBuilder api, FleetServices fleet)
    {
        AccountResource.Map(api, fleet);
        AlertResource.Map(api, fleet);
        AlertRuleResource.Map(api, fleet);
        AuditResource.Map(api, fleet);
        BatchResource.Map(api, fleet);
        CommandResource.Map(api, fleet);
        ConfigurationResource.Map(api, fleet);
        EventResource.Map(api, fleet);
        ExportResource.Map(api, fleet);
        FirmwareResource.Map(api, fleet);
        HistoryResource.Map(api, fleet);
        HubResource.Map(api, fleet);
        LivenessResource.Map(api, fleet);
        MaintenanceResource.Map(api, fleet);
        ProposalResource.Map(api, fleet);
        RegistryResource.Map(api, fleet);
        RolloutResource.Map(api, fleet);
        SnifferResource.Map(api, fleet);
        ThingResource.Map(api, fleet);
        TokenResource.Map(api, fleet);
        ThingMetadataResource.Map(api, fleet);
        GroupResource.Map(api, fleet);
        ImportResource.Map(api, fleet);
    }
}
