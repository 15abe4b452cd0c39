using IotXmpp.Hub.Dashboard.Components;
using IotXmpp.Hub.Dashboard.Live;
using IotXmpp.Hub.Dashboard.Mcp;
using IotXmpp.Hub.Dashboard.Rest;
using IotXmpp.Hub.Dashboard.SignIn;
using IotXmpp.Hub.Dashboard.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Components.Server.Circuits;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Dashboard;

/// <summary>Hangs pages and REST into the hub's HTTP side.</summary>
public static class DashboardWeb
{
    /// <summary>Pages whose browser is away, which wait for it (100); each keeps what it shows in memory.</summary>
    public const int MaxDisconnected = 100;

    /// <summary>How long they wait (3 minutes): a walk through a tunnel. After it the browser loads the page anew.</summary>
    public static readonly TimeSpan DisconnectedFor = TimeSpan.FromMinutes(3);

    /// <summary>Bytes of one message from a browser (64 KiB): a form with a large text.</summary>
    public const int MaxMessageBytes = 64 * 1024;

    /// <summary>What ASP.NET has to know before the hub's services are there. Nothing of it runs before somebody looks at a page.</summary>
    /// <param name="services">The services of the hub's HTTP side.</param>
    /// <param name="keys">The folder of the keys that protect forms; made when the first form is shown.</param>
    public static void AddTo(IServiceCollection services, string keys)
    {
        ArgumentNullException.ThrowIfNull(services);
        AddKeys(services, keys);
        services.AddAntiforgery(forms =>
        {
            forms.Cookie.Name = "iotxmpp-form";
            forms.Cookie.SameSite = Microsoft.AspNetCore.Http.SameSiteMode.Strict;
            forms.Cookie.SecurePolicy = Microsoft.AspNetCore.Http.CookieSecurePolicy.SameAsRequest;
            forms.SuppressXFrameOptionsHeader = true; // frame-ancestors in the policy says more
        });
        services.AddRazorComponents().AddInteractiveServerComponents(circuits =>
        {
            circuits.DisconnectedCircuitMaxRetained = MaxDisconnected;
            circuits.DisconnectedCircuitRetentionPeriod = DisconnectedFor;
        }).AddHubOptions(hub => hub.MaximumReceiveMessageSize = MaxMessageBytes);
        services.AddSingleton<FleetHolder>();
        services.AddScoped<Viewer>();
        services.AddScoped<CircuitHandler, ViewerCircuit>();
        services.AddSingleton(provider => new PendingSignIns(() => provider.GetRequiredService<FleetHolder>().Fleet.Hub.Time));
        services.AddScoped<SignInService>();
        RestApi.AddTo(services);
        McpApi.AddTo(services);
    }

    /// <summary>Maps pages and REST.</summary>
    /// <param name="app">The hub's HTTP side.</param>
    /// <param name="fleet">The services.</param>
    public static void Map(WebApplication app, FleetServices fleet)
    {
        ArgumentNullException.ThrowIfNull(app);
        ArgumentNullException.ThrowIfNull(fleet);
        RestApi.Map(app, fleet);
        McpApi.Map(app, fleet);
        if (fleet.WebSessions is null)
        {
            return; // nobody can sign in
        }

        app.Services.GetRequiredService<FleetHolder>().Fleet = fleet;
        DashboardAssets.Map(app);
        var gate = new DashboardGate(fleet);
        app.Use(next => context => gate.EnterAsync(context, next));
        app.UseAntiforgery();
        app.MapRazorComponents<App>()
            .AddInteractiveServerRenderMode(server =>
            {
                // Compressing what somebody else chose a part of tells about the rest (as on the hub's own WebSocket); the policy on frames is ours.
                server.DisableWebSocketCompression = true;
                server.ContentSecurityFrameAncestorsPolicy = null;
            })
            .WithMetadata(DashboardEndpoint.Instance);
    }

    // The keys lie in the data folder beside the hub's others, readable by the hub alone; nothing is made or read before the first form is shown.
    private static void AddKeys(IServiceCollection services, string folder)
    {
        services.AddDataProtection().SetApplicationName("IotXmpp");
        foreach (ServiceDescriptor warmUp in services.Where(s => s.ServiceType == typeof(IHostedService) && s.ImplementationType?.Assembly == typeof(IDataProtectionBuilder).Assembly).ToList())
        {
            services.Remove(warmUp);
        }

        services.AddOptions<KeyManagementOptions>().Configure<ILoggerFactory>((keys, loggers) =>
        {
            keys.XmlRepository = new FileSystemXmlRepository(OperatingSystem.IsWindows() ? Directory.CreateDirectory(folder) : Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute), loggers);
            keys.XmlEncryptor = new NullXmlEncryptor();
        });
    }
}

/// <summary>Marks what belongs to the pages: who is signed in is asked there.</summary>
public sealed class DashboardEndpoint
{
    /// <summary>There is nothing in it: one for all.</summary>
    public static DashboardEndpoint Instance { get; } = new();
}

/// <summary>Where components find the services, which are made after ASP.NET's own.</summary>
public sealed class FleetHolder
{
    /// <summary>The services; set before anybody can ask for a page.</summary>
    public FleetServices Fleet { get; set; } = null!;
}
