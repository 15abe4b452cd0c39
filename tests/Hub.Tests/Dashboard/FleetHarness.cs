using IotXmpp.Hub.Dashboard;
using IotXmpp.Hub.Dashboard.Fleet;
using IotXmpp.Hub.Features.History;
using IotXmpp.Hub.Features.Liveness;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Sasl;
using IotXmpp.TestKit.Servers;
using IotXmpp.Xmpp;
using Xunit;
using Clock = IotXmpp.TestKit.ManualTime;

namespace IotXmpp.Hub.Tests.Dashboard;

/// <summary>The real hub with a clock that the test moves, two owners and an administrator, and what the pages' view models are made of.</summary>
public abstract class FleetHarness : IAsyncLifetime
{
    internal Clock Clock { get; } = new();

    internal HubHost Host { get; private set; } = null!;

    internal FleetServices Fleet { get; private set; } = null!;

    internal FleetBoard Board => Fleet.Board;

    internal LivenessService Liveness { get; private set; } = null!;

    internal HistoryService History { get; private set; } = null!;

    internal FleetOptions Options => Board.Options;

    internal RegistryModule Registry { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Host = await HubHost.StartAsync("""{ "Security": { "LoginThrottle": { "Enabled": false } }, "Fleet": { "RowsPerPage": 10, "AttentionRows": 3 } }""", Clock);
        foreach (string name in (string[])["alice", "bob"])
        {
            await Host.AddAccountAsync(name, "secret of " + name);
        }

        await Host.AddAccountAsync("root", "secret of root");
        await Host.SetAdministratorAsync("root");
        Liveness = Find<LivenessModule>().Service;
        History = Find<HistoryModule>().Service;
        Registry = Find<RegistryModule>();
        Fleet = Host.Server.FleetServices;
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return Host.DisposeAsync();
    }

    internal static Jid Of(string name) => new(name, "hub.test", "");

    internal T Find<T>() => Host.Server.Hub.Modules.OfType<T>().First();

    internal async Task<Thing> AddAsync(string id, string owner = "alice", string model = "greenhouse")
    {
        var keys = new ScramCredentials(ScramHash.Sha256, new byte[16], 4096, new byte[32], new byte[32]);
        ThingResult made = await Registry.Provisioning.ProvisionAsync(null, new Provision(id, Of(owner), keys) { Model = model });
        Assert.Equal(RegistryOutcome.Done, made.Outcome);
        return made.Thing!;
    }

    internal Task<FleetView> OpenAsync(string who, FleetFilter? filter = null) => FleetView.OpenAsync(Fleet, Of(who), filter ?? new FleetFilter());

    /// <summary>Lets what was gathered be told, and waits until it is so.</summary>
    internal async Task SeesAsync(Func<bool> isSo)
    {
        Clock.Advance(TimeSpan.FromMilliseconds(Options.GatherMilliseconds));
        await TestKit.Wait.UntilAsync(isSo);
    }

    /// <summary>The same for what is found out in between, at a time of its own: the clock goes on until it is so.</summary>
    internal Task SeesUntilAsync(Func<bool> isSo) => TestKit.Wait.UntilAsync(() =>
    {
        Clock.Advance(TimeSpan.FromMilliseconds(Options.GatherMilliseconds));
        return isSo();
    });

    internal async Task MeasureAsync(string thing, string fields)
    {
        byte[] payload = System.Text.Encoding.UTF8.GetBytes($"<fields xmlns='urn:xmpp:iot:sensordata' seqnr='1'><node nodeId='{thing}'>{fields}</node></fields>");
        SampleBatch batch = History.Read(thing, payload)!;
        await Host.Server.Services.Database.WriteAsync(
            session =>
            {
                History.Write(session, batch);
                return true;
            },
            _ => History.Committed(batch),
            inOrder: true);
    }

    internal string At(double secondsAgo, string fields) => $"<timestamp value='{IotXmpp.Xml.TimeFormat.Text(Clock.GetUtcNow().AddSeconds(-secondsAgo).ToUnixTimeMilliseconds())}'>{fields}</timestamp>";
}
