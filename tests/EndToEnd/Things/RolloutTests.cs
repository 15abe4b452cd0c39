using System.Collections.Concurrent;
using System.Security.Cryptography;
using IotXmpp.Esp32;
using IotXmpp.Features;
using IotXmpp.Host;
using IotXmpp.Hub.Features.Firmware;
using IotXmpp.Hub.Features.Liveness;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Sasl;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Servers;
using IotXmpp.Virtual;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.EndToEnd.Things;

/// <summary>A real hub updates virtual boards over their own sessions: wave by wave, one that fails stops it.</summary>
public sealed class RolloutTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);
    private static readonly Jid Root = new("root", "hub.test", "");
    private static readonly byte[] FleetKey = [.. Enumerable.Range(7, 32).Select(i => (byte)i)];
    private static readonly byte[] Image = new VirtualModule(ModuleFault.None).ToImage(12_000);

    private readonly ConcurrentDictionary<string, ConcurrentQueue<string>> _serial = new();
    private readonly List<VirtualThing> _things = [];
    private HubHost _hub = null!;

    private RolloutService Rollouts => Module.Rollouts;

    private FirmwareModule Module => _hub.Server.Hub.Modules.OfType<FirmwareModule>().Single();

    public async ValueTask InitializeAsync()
    {
        _hub = await HubHost.StartAsync();
        await _hub.AddAccountAsync("root", "root");
        await _hub.SetAdministratorAsync("root");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (VirtualThing thing in _things)
        {
            await thing.DisposeAsync();
        }

        await _hub.DisposeAsync();
    }

    [Fact]
    public async Task Boards_are_updated_wave_by_wave_and_keep_the_image_over_a_power_cut()
    {
        await StartAsync("board-1", "board-2", "board-3");
        Rollout rollout = await RollAsync(Image, new RolloutPlan { Things = ["board-1", "board-2", "board-3"], Waves = [30, 100], GateMinutes = 0 });
        await UntilAsync(rollout.Id, r => r.Ended is not null);
        Rollout ended = await FindAsync(rollout.Id);
        Assert.Equal(RolloutState.Done, ended.State);
        Assert.All(ended.Things, t => Assert.Equal((t.Thing, UpdateStep.Confirmed, ""), (t.Thing, t.Step, t.Reason)));
        Assert.Equal([0, 1, 1], ended.Things.Select(t => t.Wave));
        VirtualThing first = _things[0];
        first.Esp32!.CyclePower();
        await Wait.UntilAsync(() => _serial["board-1"].Count(l => l.Contains("fw=1.5.0", StringComparison.Ordinal)) >= 2);
    }

    [Fact]
    public async Task One_that_fails_stops_the_rest_and_its_reason_is_seen()
    {
        await StartAsync("board-1", "board-2");
        Rollout rollout = await RollAsync(new VirtualModule(ModuleFault.Refuses).ToImage(9_000), new RolloutPlan { Things = ["board-1", "board-2"], Waves = [50, 100], GateMinutes = 0 });
        await UntilAsync(rollout.Id, r => r.Ended is not null);
        Rollout ended = await FindAsync(rollout.Id);
        Assert.Equal((RolloutState.Stopped, "1 thing failed"), (ended.State, ended.Reason));
        Assert.Equal((UpdateStep.Reverted, "parts: this image has no parts for this board"), (ended.Things[0].Step, ended.Things[0].Reason));
        Assert.Equal(UpdateStep.Cancelled, ended.Things[1].Step);
        // It runs what it ran before.
        await Wait.UntilAsync(() => _serial["board-1"].Last(l => l.StartsWith("iotxmpp: started", StringComparison.Ordinal)).Contains("fw=1.0.0", StringComparison.Ordinal));
        Assert.DoesNotContain(_serial["board-2"], l => l.StartsWith("iotxmpp: update", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_manifest_of_another_fleet_is_refused_by_the_thing_itself()
    {
        await StartAsync("board-1");
        Rollout rollout = await RollAsync(Image, new RolloutPlan { Things = ["board-1"], GateMinutes = 0 }, new byte[32]);
        await UntilAsync(rollout.Id, r => r.Ended is not null);
        RolloutThing thing = (await FindAsync(rollout.Id)).Things[0];
        Assert.Equal((UpdateStep.Failed, "not-authorized: the manifest is not of this thing's fleet"), (thing.Step, thing.Reason));
    }

    private async Task StartAsync(params string[] ids)
    {
        foreach (string id in ids)
        {
            byte[] salt = SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(id))[..16];
            DeviceKey key = DeviceKey.Derive(DotNetHash.Instance, "a secret of " + id, salt, 4096);
            key.Update = FleetKey;
            RegistryModule registry = _hub.Server.Hub.Modules.OfType<RegistryModule>().Single();
            ThingResult made = await registry.Provisioning.ProvisionAsync(Root, new Provision(id, Root, new ScramCredentials(ScramHash.Sha256, salt, 4096, key.StoredKey(DotNetHash.Instance), key.Keys.ServerKey)));
            Assert.Equal(RegistryOutcome.Done, made.Outcome);
            var thing = new VirtualThing(new VirtualThingOptions
            {
                Kind = "bme280",
                Account = new Jid(id, "hub.test", null),
                Key = key,
                Hub = new ServerAddress("127.0.0.1", _hub.DirectTls!.Port, true),
                Authorities = HostOptions.ReadAuthorities(_hub.Server.AuthorityFile!),
            });
            ConcurrentQueue<string> serial = _serial[id] = new();
            thing.Esp32!.Board.Said += serial.Enqueue;
            _things.Add(thing);
            thing.Start();
        }

        foreach (VirtualThing thing in _things)
        {
            await thing.FirstPublished.WaitAsync(Limit, TestContext.Current.CancellationToken);
        }

        LivenessService liveness = _hub.Server.Hub.Modules.OfType<LivenessModule>().Single().Service;
        await Wait.UntilAsync(() => ids.All(id => liveness.Find(id) is { IsOnline: true }));
    }

    private async Task<Rollout> RollAsync(byte[] image, RolloutPlan plan, byte[]? key = null)
    {
        var offer = new UpdateOffer { Image = "sensor", Version = "1.5.0", Target = "nano", Size = image.Length, Sha256 = SHA256.HashData(image) };
        var manifest = new FirmwareManifest("sensor", "1.5.0", "nano", image.Length, Convert.ToHexStringLower(offer.Sha256), Convert.ToBase64String(offer.Sign(DotNetHash.Instance, key ?? FleetKey)));
        (FirmwareOutcome outcome, FirmwareImage? kept) = await Module.Images.AddAsync(Root, manifest, new MemoryStream(image));
        Assert.Equal(FirmwareOutcome.Done, outcome);
        RolloutResult result = await Rollouts.StartAsync(Root, kept!.Id, plan);
        Assert.True(result.Outcome == RolloutOutcome.Done, result.Text);
        return result.Rollout!;
    }

    private async Task<Rollout> FindAsync(long id) => (await Rollouts.FindAsync(Root, id))!;

    private async Task UntilAsync(long id, Func<Rollout, bool> isSo)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!isSo(await FindAsync(id)))
        {
            if (limit.IsCancellationRequested)
            {
                Assert.Fail($"{string.Join(", ", (await FindAsync(id)).Things)}\n{string.Join('\n', _serial.SelectMany(s => s.Value.Select(l => s.Key + " " + l)))}");
            }

            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }
}
