using System.Security.Cryptography;
using System.Text;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.Alerts;
using IotXmpp.Hub.Features.ApiTokens;
using IotXmpp.Hub.Features.Commands;
using IotXmpp.Hub.Features.Firmware;
using IotXmpp.Hub.Features.Liveness;
using IotXmpp.Hub.Features.Proposals;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.EndToEnd.Page.Dashboard;

/// <summary>A page, as a test goes to it.</summary>
/// <param name="Path">Its address.</param>
/// <param name="Ready">What is there once it shows what it is about.</param>
/// <param name="Open">The button behind which its form is; null where it stands there.</param>
/// <param name="Ask">The button that asks before it does something; null where there is none.</param>
internal sealed record PageStop(string Path, string Ready, string? Open = null, string? Ask = null)
{
    /// <summary>A word for the names of pictures and messages.</summary>
    public string Slug => Path == "/" ? "fleet" : Path.Trim('/').Replace('/', '-');
}

/// <summary>A hub where every page has something to show: a greenhouse that <c>operator</c> owns, with a relay that runs the firmware.</summary>
internal sealed class WholeScene(HubHost hub) : IAsyncDisposable
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public HubHost Hub => hub;

    public FleetScene Fleet { get; } = new(hub);

    /// <summary>The roll-out that is under way.</summary>
    public long Rollout { get; private set; }

    /// <summary>The batch that is under way.</summary>
    public string Batch { get; private set; } = "";

    /// <summary>Every page of the navigation and the pages behind them.</summary>
    public IReadOnlyList<PageStop> Pages =>
    [
        new("/", ".chip:nth-of-type(2)"),
        new("/things/relay-1", "[role=switch]", Ask: "Make a new code"),
        new("/things/climate", "canvas"),
        new("/claim", "textarea"),
        new("/groups", "table.data tbody tr"),
        new("/groups/house-1", "table.data tbody tr", Ask: "Delete"),
        new("/alerts", "table.data tbody tr", Open: "is away"),
        new("/alerts/rules", "table.data tbody tr", Open: "New rule", Ask: "Remove Lost things"),
        new("/alerts/maintenance", "table.data tbody tr", Open: "New window", Ask: "Remove Work on site"),
        new("/commands", "table.data tbody tr", Open: "Command a group", Ask: "Stop the batch relay=true"),
        new($"/commands/batches/{Batch}", "table.data tbody tr", Ask: "Stop"),
        new("/firmware", "table.data tbody tr", Ask: "Remove sensor 1.5.0"),
        new("/rollouts", "table.data tbody tr"),
        new($"/rollouts/{Rollout}", "table.data tbody tr", Ask: "Cancel"),
        new("/users", "table.data tbody tr", Open: "Add"),
        new("/users/operator", "dl.facts", Ask: "Remove"),
        new("/tokens", "table.data tbody tr", Open: "Make one", Ask: "Revoke grafana"),
        new("/audit", "table.data tbody tr"),
        new("/hub", "table.data tbody tr"),
        new("/proposals", "table.data tbody tr", Ask: "Confirm"),
        new("/account", "table.data tbody tr"),
        new("/welcome", ".card"),
    ];

    /// <summary>Makes all of it.</summary>
    public static async Task<WholeScene> BuildAsync(HubHost hub)
    {
        var scene = new WholeScene(hub);
        await scene.ThingsAsync();
        await scene.GroupAsync();
        await scene.AlertsAsync();
        await scene.CommandsAsync();
        await scene.RolloutAsync();
        NewApiToken token = await hub.Server.Services.ApiTokens.CreateAsync("boss", "grafana", [ApiScope.Mcp, ApiScope.ThingsRead, ApiScope.CommandsWrite], cancel: Cancel);
        Assert.Equal(ApiTokenOutcome.Done, token.Outcome);
        ProposalResult proposed = await hub.Server.FleetServices.Proposals!.ProposeAsync(scene.Fleet.Of("boss"), token.Token!.Id, "relay-1", [new ProposedParameter("relay", "boolean", "true")], "It is dark in house 1.", Cancel);
        Assert.Equal(ProposalOutcome.Done, proposed.Outcome);
        return scene;
    }

    public ValueTask DisposeAsync() => Fleet.DisposeAsync();

    private async Task ThingsAsync()
    {
        await Fleet.RunAsync("relay-1", "relay");
        await MeasureAsync("relay-1");
        await Fleet.AddAsync("climate", tags: [("NAME", "Climate of house 1"), ("ROOM", "House 1")]);
        Fleet.Liveness.Online("climate", new ThingStatus("1.5.0", "power-on", -61, 87, 41_000, 60));
        await MeasureAsync("climate");
        foreach ((string id, string name) in new[] { ("basil", "Basil bed"), ("tomatoes", "Tomatoes"), ("pepper", "Pepper"), ("cress", "Cress"), ("melon", "Melon"), ("chard", "Chard") })
        {
            await Fleet.AddAsync(id, tags: [("NAME", name), ("ROOM", "House 2")]);
            Fleet.Liveness.Online(id, new ThingStatus("1.4.0", "power-on", -70, 64, 40_000, 60));
        }

        await Fleet.AddAsync("vent", tags: [("NAME", "North vent"), ("ROOM", "House 2")]);
        Fleet.Liveness.Online("vent", new ThingStatus("1.4.0", "power-on", -71, null, 39_000, 60));
        Fleet.Liveness.Offline("vent", "keepalive-timeout");
        await Fleet.AddAsync("spare", tags: [("NAME", "Spare board")]);
    }

    // Six hours, with nothing for one of them.
    private async Task MeasureAsync(string thing)
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        for (int i = 360; i > 0; i -= 2)
        {
            if (i is < 150 or > 200)
            {
                string inside = (21 + (3 * Math.Sin(i / 40.0))).ToString("0.00", System.Globalization.CultureInfo.InvariantCulture);
                await Fleet.MeasureAsync(thing, now.AddMinutes(-i), ("temperature", inside, "°C"), ("heating", i / 30 % 2 == 0 ? "true" : "false", ""));
            }
        }
    }

    private async Task GroupAsync()
    {
        GroupService groups = hub.Server.FleetServices.Groups;
        Assert.Equal(GroupOutcome.Done, (await groups.CreateAsync(Fleet.Of("operator"), "house-1", "House 1", null, Cancel)).Outcome);
        foreach (string thing in new[] { "relay-1", "climate", "spare" })
        {
            Assert.Equal(GroupOutcome.Done, (await groups.AddThingAsync(Fleet.Of("operator"), "house-1", thing, Cancel)).Outcome);
        }

        Assert.Equal(GroupOutcome.Done, (await groups.SetMemberAsync(Fleet.Of("operator"), "house-1", Fleet.Of("viewer"), GroupRole.Viewer, null, Cancel)).Outcome);
    }

    private async Task AlertsAsync()
    {
        AlertService alerts = hub.Server.FleetServices.Alerts!;
        Assert.NotNull((await alerts.Rules.PutAsync(Fleet.Of("operator"), Encoding.UTF8.GetBytes("""{"id":"lost","name":"Lost things","scope":{"all":true},"severity":"critical","when":{"kind":"offline"}}"""), null, Cancel)).Value);
        Assert.NotNull((await alerts.Rules.PutWindowAsync(Fleet.Of("operator"), Encoding.UTF8.GetBytes("""{"id":"site","name":"Work on site","scope":{"group":"house-1"},"weekly":{"days":["sun"],"at":"03:00","minutes":60,"zone":"UTC"}}"""), Cancel)).Value);
        Fleet.Liveness.Online("vent", new ThingStatus("1.4.0", "power-on", -71, null, 39_000, 60));
        Fleet.Liveness.Offline("vent", "keepalive-timeout");
        await alerts.SettledAsync();
        await Wait.UntilAsync(async () => (await alerts.ListAsync(Fleet.Of("operator"), new AlertQuery(true, null, null, 10), Cancel)).Items.Count > 0);
    }

    private async Task CommandsAsync()
    {
        BatchService batches = hub.Server.FleetServices.Commands!.Batches;
        BatchResult begun = await batches.BeginAsync(Fleet.Of("operator"), new BatchRequest(["spare", "vent"], [new CommandParameter("relay", "boolean", "true")], new BatchRule(), TimeSpan.FromHours(1), "house-1"), Cancel);
        Assert.Equal(CommandOutcome.Done, begun.Outcome);
        Batch = begun.Batch!.Id;
        await hub.Server.FleetServices.Commands.Service.QueueAsync(Fleet.Of("operator"), new CommandRequest("spare", [new CommandParameter("sampleInterval", "int", "2000")]));
    }

    // The second of three waves is under way: one has it already, one is confirmed, one on trial, one fetches, one has failed.
    private async Task RolloutAsync()
    {
        FirmwareModule module = hub.Server.Hub.Modules.OfType<FirmwareModule>().Single();
        byte[] content = new byte[64_000];
        var manifest = new FirmwareManifest("sensor", "1.5.0", "nano", content.Length, Convert.ToHexStringLower(SHA256.HashData(content)), Convert.ToBase64String(new byte[32]));
        Assert.Equal(FirmwareOutcome.Done, (await module.Images.AddAsync(Fleet.Of("boss"), manifest, new MemoryStream(content), Cancel)).Outcome);
        FirmwareImage image = (await module.Images.ListAsync(Fleet.Of("boss"), Cancel))[0];
        RolloutResult started = await module.Rollouts.StartAsync(
            Fleet.Of("operator"), image.Id, new RolloutPlan { Things = ["climate", "basil", "tomatoes", "pepper", "cress", "melon", "chard", "spare"], Waves = [25, 70, 100], StopFailures = 3 }, Cancel);
        Assert.Equal(RolloutOutcome.Done, started.Outcome);
        Rollout = started.Rollout!.Id;
        await SayAsync("basil", "trial");
        await SayAsync("basil", "confirmed");
        await Wait.UntilAsync(async () => (await module.Rollouts.FindAsync(Fleet.Of("operator"), Rollout, Cancel))!.Things.Any(t => t is { Thing: "cress", Step: UpdateStep.Offered }));
        await SayAsync("tomatoes", "trial");
        await SayAsync("pepper", "downloading");
        await SayAsync("cress", "failed", "the image has no room");

        async Task SayAsync(string thing, string word, string reason = "") => Assert.True(await module.Rollouts.ReportAsync(thing, new UpdateReport(started.Rollout.OfferId, word, reason), Cancel), $"{thing} {word}");
    }
}
