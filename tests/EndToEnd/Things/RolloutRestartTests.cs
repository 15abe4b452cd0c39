using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using IotXmpp.Esp32;
using IotXmpp.Features;
using IotXmpp.Host;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.Firmware;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Sasl;
using IotXmpp.Hub.Server;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using IotXmpp.Virtual;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.EndToEnd.Things;

/// <summary>The hub as a process is killed in the middle of a roll-out, again and again: it goes on where it was, and nothing is done twice.</summary>
public sealed class RolloutRestartTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(150);
    private static readonly Jid Root = new("root", "hub.test", "");
    private static readonly Jid Service = new("", "things.hub.test", "");
    private static readonly byte[] FleetKey = [.. Enumerable.Range(7, 32).Select(i => (byte)i)];

    private readonly TempFolder _folder = new("rollout-restart");
    private readonly int _port = Ports.Free();
    private readonly List<Board> _boards = [];
    private HubProcess _hub = null!;

    private string Data => _folder.File("data");

    public async ValueTask InitializeAsync()
    {
        await HubProcess.PrepareAsync(Data, MakeAsync);
        _hub = await HubProcess.StartTlsAsync(Data, _port);
        _boards.AddRange(((string[])["board-1", "board-2"]).Select(id => new Board(id, _port, Path.Combine(Data, "ca.pem"))));
        foreach (Board board in _boards)
        {
            await board.Thing.FirstPublished.WaitAsync(Limit, TestContext.Current.CancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Board board in _boards)
        {
            await board.DisposeAsync();
        }

        await _hub.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_hub_that_is_killed_in_the_middle_of_a_rollout_goes_on_with_it_and_nothing_is_done_twice()
    {
        string id = await StartAsync();
        // Each board stands still at the step where the hub is killed, so that it is that step on any machine.
        await KillHubAsync(_boards[0].Fetching);
        await KillHubAsync(_boards[0].Trying);
        Assert.DoesNotContain(_boards[1].Serial, l => l.StartsWith("iotxmpp: update", StringComparison.Ordinal));
        await KillHubAsync(_boards[1].Fetching);
        await KillHubAsync(_boards[1].Trying);

        Element rollout = await ShowAsync(id);
        await UntilAsync(async () => (rollout = await ShowAsync(id)).Attribute("ended") is not null, () => $"{rollout}");
        Assert.Equal("done", rollout.Attribute("state"));
        Assert.Equal(["board-1 confirmed 1", "board-2 confirmed 2"], rollout.Children().Where(c => c.Name == "thing").Select(t => $"{t.Attribute("id")} {t.Attribute("state")} {t.Attribute("wave")}"));
        foreach (Board board in _boards)
        {
            // One start for the image, what had come of it was not fetched again, and it is what runs.
            Assert.Equal((2, false), (board.Thing.Esp32!.Board.Boots, board.HasBegunAnew));
            Assert.Contains("fw=1.5.0", board.Serial.Last(l => l.StartsWith("iotxmpp: started", StringComparison.Ordinal)), StringComparison.Ordinal);
        }
    }

    private static async Task MakeAsync(HubServer hub)
    {
        Assert.Equal(AccountOutcome.Done, await hub.Services.Accounts.CreateAsync("root", "root"));
        Assert.Equal(AccountOutcome.Done, await hub.Services.Accounts.SetAdministratorAsync("root", administrator: true));
        RegistryModule registry = hub.Hub.Modules.OfType<RegistryModule>().Single();
        foreach (string id in (string[])["board-1", "board-2"])
        {
            DeviceKey key = KeyOf(id);
            ThingResult made = await registry.Provisioning.ProvisionAsync(Root, new Provision(id, Root, new ScramCredentials(ScramHash.Sha256, key.Keys.Salt, 4096, key.StoredKey(DotNetHash.Instance), key.Keys.ServerKey)));
            Assert.Equal(RegistryOutcome.Done, made.Outcome);
        }

        byte[] image = new VirtualModule(ModuleFault.None).ToImage(12_000);
        var offer = new UpdateOffer { Image = "sensor", Version = "1.5.0", Target = "nano", Size = image.Length, Sha256 = SHA256.HashData(image) };
        var manifest = new FirmwareManifest("sensor", "1.5.0", "nano", image.Length, Convert.ToHexStringLower(offer.Sha256), Convert.ToBase64String(offer.Sign(DotNetHash.Instance, FleetKey)));
        (FirmwareOutcome outcome, _) = await hub.Hub.Modules.OfType<FirmwareModule>().Single().Images.AddAsync(Root, manifest, new MemoryStream(image));
        Assert.Equal(FirmwareOutcome.Done, outcome);
    }

    private static DeviceKey KeyOf(string id)
    {
        DeviceKey key = DeviceKey.Derive(DotNetHash.Instance, "a secret of " + id, SHA256.HashData(Encoding.UTF8.GetBytes(id))[..16], 4096);
        key.Update = FleetKey;
        return key;
    }

    private async Task KillHubAsync(Halt at)
    {
        await UntilAsync(() => Task.FromResult(at.Reached.IsCompleted), () => "a board did not come to the step");
        await _hub.Process.KillAsync();
        await _hub.DisposeAsync();
        at.Release();
        _hub = await HubProcess.StartTlsAsync(Data, _port);
    }

    private async Task UntilAsync(Func<Task<bool>> isSo, Func<string> otherwise)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!await isSo())
        {
            Assert.False(limit.IsCancellationRequested, $"{otherwise()}\n{string.Join('\n', _boards.SelectMany(b => b.Serial.Select(l => b.Id + " " + l)))}");
            await Task.Delay(200, TestContext.Current.CancellationToken);
            foreach (Board board in _boards.Where(b => !b.IsHeld))
            {
                // Not waited for: it may stand still in this moment.
                _ = Task.Run(board.Thing.ReconnectNow);
            }
        }
    }

    private async Task<string> StartAsync()
    {
        await using XmppConnection root = await LoginAsync();
        var rollout = new Element(Ns.Ota, "rollout").Set("image", "sensor").Set("version", "1.5.0").Set("target", "nano").Set("waves", "50 100").Set("gate", "0");
        foreach (Board board in _boards)
        {
            rollout.Add("thing").Set("id", board.Id);
        }

        return (await root.SendIqAsync("set", Service, rollout)).Child(Ns.Ota, "rollout")!.Attribute("id")!;
    }

    private async Task<Element> ShowAsync(string id)
    {
        await using XmppConnection root = await LoginAsync();
        return (await root.SendIqAsync("get", Service, new Element(Ns.Ota, "rollout").Set("id", id))).Child(Ns.Ota, "rollout")!;
    }

    private async Task<XmppConnection> LoginAsync()
    {
        var connection = new XmppConnection(new HostOptions
        {
            Client = ClientOptions.ForTool(Root, "root"),
            Server = new ServerAddress("127.0.0.1", _port, true),
            Authorities = HostOptions.ReadAuthorities(Path.Combine(Data, "ca.pem")),
            AnnouncePresence = false,
        });
        await connection.ConnectAsync(cancellationToken: TestContext.Current.CancellationToken);
        return connection;
    }

    /// <summary>A place where a board stands still, once, until it is told to go on.</summary>
    private sealed class Halt : IDisposable
    {
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ManualResetEventSlim _released = new();

        public Task Reached => _reached.Task;

        public bool IsHeld => _reached.Task.IsCompleted && !_released.IsSet;

        public void Release() => _released.Set();

        public void Dispose() => _released.Dispose();

        // On the board's thread.
        public void Stop()
        {
            if (_reached.TrySetResult())
            {
                _released.Wait(Limit);
            }
        }
    }

    private sealed class Board : IAsyncDisposable
    {
        private int _length;

        public Board(string id, int port, string authority)
        {
            Id = id;
            Thing = new VirtualThing(new VirtualThingOptions
            {
                Kind = "bme280",
                Account = new Jid(id, "hub.test", null),
                Key = KeyOf(id),
                Hub = new ServerAddress("127.0.0.1", port, true),
                Authorities = HostOptions.ReadAuthorities(authority),
            });
            Thing.Esp32!.Board.Said += line =>
            {
                Serial.Enqueue(line);
                if (line.Contains("is on trial", StringComparison.Ordinal))
                {
                    Trying.Stop();
                }
            };
            Thing.Flash.Writing = () =>
            {
                int length = Thing.Flash.Images.List().Sum(Thing.Flash.Images.Length);
                HasBegunAnew |= length < _length;
                _length = length;
                if (length > 0)
                {
                    Fetching.Stop();
                }
            };
            Thing.Start();
        }

        public string Id { get; }

        /// <summary>Whether it stands still: then it cannot be spoken to.</summary>
        public bool IsHeld => Fetching.IsHeld || Trying.IsHeld;

        public VirtualThing Thing { get; }

        public ConcurrentQueue<string> Serial { get; } = new();

        /// <summary>It has a piece of the image.</summary>
        public Halt Fetching { get; } = new();

        /// <summary>It has all of it, and is about to start anew with it.</summary>
        public Halt Trying { get; } = new();

        /// <summary>Whether what it had of the image was thrown away.</summary>
        public bool HasBegunAnew { get; private set; }

        public async ValueTask DisposeAsync()
        {
            Fetching.Release();
            Trying.Release();
            await Thing.DisposeAsync();
            Fetching.Dispose();
            Trying.Dispose();
        }
    }
}
