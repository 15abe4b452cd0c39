using System.Collections.Concurrent;
using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using IotXmpp.Esp32;
using IotXmpp.Features;
using IotXmpp.Gateway;
using IotXmpp.Host;
using IotXmpp.Hub.Features.Firmware;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Sasl;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Servers;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.EndToEnd.Gateway;

/// <summary>The gateway's program is updated by the real hub: fetched, unpacked, launched by the installed one, confirmed; and one that does not start is given up after three starts. The test is its systemd.</summary>
public sealed class GatewayUpdateTests : IAsyncLifetime
{
    private const string Password = "correct horse battery";
    private static readonly Jid Root = new("root", "hub.test", "");
    private static readonly byte[] FleetKey = [.. Enumerable.Range(3, 32).Select(i => (byte)i)];

    private readonly TempFolder _folder = new("gateway-update");
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromSeconds(480));
    private HubHost _hub = null!;
    private Task _service = Task.CompletedTask;
    private volatile int _starts;
    private volatile GatewayProcess? _process;
    private readonly ConcurrentQueue<string> _said = new();

    private FirmwareModule Module => _hub.Server.Hub.Modules.OfType<FirmwareModule>().Single();

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "a program becomes another by execve on Linux");
        _hub = await HubHost.StartAsync();
        await _hub.AddAccountAsync("root", "root");
        await _hub.SetAdministratorAsync("root");
        byte[] salt = SHA256.HashData([1])[..16];
        DeviceKey key = DeviceKey.Derive(DotNetHash.Instance, Password, salt, 4096);
        RegistryModule registry = _hub.Server.Hub.Modules.OfType<RegistryModule>().Single();
        ThingResult made = await registry.Provisioning.ProvisionAsync(Root, new Provision("gateway-1", Root, new ScramCredentials(ScramHash.Sha256, salt, 4096, key.StoredKey(DotNetHash.Instance), key.Keys.ServerKey)));
        Assert.Equal(RegistryOutcome.Done, made.Outcome);
        await File.WriteAllTextAsync(_folder.File("password"), Password, _limit.Token);
        await File.WriteAllTextAsync(_folder.File("update.key"), Convert.ToBase64String(FleetKey), _limit.Token);
        PrivateFile.MakeFolder(_folder.File("data"));
        _service = Task.Run(ServeAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await _limit.CancelAsync();
        await _service;
        if (_hub is not null)
        {
            await _hub.DisposeAsync();
        }

        _limit.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_new_program_takes_over_and_one_that_does_not_start_is_given_up()
    {
        Rollout first = await RollAsync("9.1.0", Program(broken: false));
        await UntilAsync(first.Id);
        RolloutThing done = (await Module.Rollouts.FindAsync(Root, first.Id))!.Things[0];
        Assert.Equal((UpdateStep.Confirmed, ""), (done.Step, done.Reason));

        Rollout second = await RollAsync("9.2.0", Program(broken: true));
        await UntilAsync(second.Id);
        RolloutThing reverted = (await Module.Rollouts.FindAsync(Root, second.Id))!.Things[0];
        Assert.Equal((UpdateStep.Reverted, "it did not stay up: 3 starts failed"), (reverted.Step, reverted.Reason));
        Assert.InRange(_starts, 6, 12);
    }

    [Fact]
    public async Task A_gateway_that_is_killed_while_it_fetches_when_it_has_all_and_on_trial_is_updated_all_the_same()
    {
        Rollout rollout = await RollAsync("9.1.0", Program(broken: false));
        var archive = new FileInfo(_folder.File("data/updates/image-0"));
        await KillWhenAsync(() => Length() > 256 * 1024);
        long had = Length();
        long least = had;
        await KillWhenAsync(() =>
        {
            long length = Length();
            least = length > 0 ? Math.Min(least, length) : least;
            return _said.Any(l => l.Contains("9.1.0 is on trial", StringComparison.Ordinal));
        });
        // What it had was not fetched again, but for the end that the cut may have torn.
        Assert.InRange(least, had - (64 * 1024), had);
        // The new program, as soon as it runs.
        await KillWhenAsync(() => File.Exists(_folder.File("run/" + GatewayStatus.FileName)));
        await UntilAsync(rollout.Id);
        RolloutThing done = (await Module.Rollouts.FindAsync(Root, rollout.Id))!.Things[0];
        Assert.Equal((UpdateStep.Confirmed, ""), (done.Step, done.Reason));

        long Length()
        {
            archive.Refresh();
            return archive.Exists ? archive.Length : 0;
        }
    }

    // kill -9, and waits until it is started anew.
    private async Task KillWhenAsync(Func<bool> isSo)
    {
        while (!isSo())
        {
            Assert.False(_limit.IsCancellationRequested, $"it did not come to be so after {_starts} starts: {string.Join(" | ", _said.TakeLast(10))}");
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }

        int starts = _starts;
        await _process!.KillAsync();
        while (_starts == starts)
        {
            Assert.False(_limit.IsCancellationRequested, "it is not started anew");
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }

    // What systemd does: starts it anew whenever it ends.
    private async Task ServeAsync()
    {
        while (!_limit.IsCancellationRequested)
        {
            await using GatewayProcess process = GatewayProcess.Start(
                _folder.Path, _said.Enqueue, "--hub", $"xmpps://127.0.0.1:{_hub.DirectTls!.Port}", "--ca", _hub.Server.AuthorityFile!, "--jid", "gateway-1@hub.test", "--password-file", _folder.File("password"), "--update-key-file", _folder.File("update.key"));
            _process = process;
            _starts++;
            while (!process.HasExited && !_limit.IsCancellationRequested)
            {
                await Task.Delay(100, _limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task<Rollout> RollAsync(string version, byte[] image)
    {
        var offer = new UpdateOffer { Image = "gateway", Version = version, Target = GatewayThing.Target, Size = image.Length, Sha256 = SHA256.HashData(image) };
        var manifest = new FirmwareManifest("gateway", version, GatewayThing.Target, image.Length, Convert.ToHexStringLower(offer.Sha256), Convert.ToBase64String(offer.Sign(DotNetHash.Instance, FleetKey)));
        (FirmwareOutcome outcome, FirmwareImage? kept) = await Module.Images.AddAsync(Root, manifest, new MemoryStream(image));
        Assert.Equal(FirmwareOutcome.Done, outcome);
        RolloutResult result = await Module.Rollouts.StartAsync(Root, kept!.Id, new RolloutPlan { Things = ["gateway-1"], GateMinutes = 0 });
        Assert.True(result.Outcome == RolloutOutcome.Done, result.Text);
        return result.Rollout!;
    }

    private async Task UntilAsync(long id)
    {
        while ((await Module.Rollouts.FindAsync(Root, id))!.Ended is null)
        {
            Assert.False(_limit.IsCancellationRequested, $"{string.Join(", ", (await Module.Rollouts.FindAsync(Root, id))!.Things)} after {_starts} starts");
            await Task.Delay(200, TestContext.Current.CancellationToken);
        }
    }

    // The program that this tree builds, packed as dotnet publish and tar do, to be run by dotnet; or one whose assembly is none.
    private byte[] Program(bool broken)
    {
        string folder = Path.Combine(Repository.Root, "firmware", "Gateway", "bin", new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name, new DirectoryInfo(AppContext.BaseDirectory).Name);
        Assert.SkipUnless(File.Exists(Path.Combine(folder, "IotXmpp.Gateway.dll")), $"the gateway is not built in {folder}");
        string path = _folder.File(broken ? "broken.tar.gz" : "good.tar.gz");
        using (FileStream file = File.Create(path))
        using (var zip = new GZipStream(file, CompressionLevel.Fastest))
        using (var tar = new TarWriter(zip))
        {
            foreach (string from in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
            {
                string name = Path.GetRelativePath(folder, from);
                bool isOther = name.StartsWith("runtimes", StringComparison.Ordinal) && !name.Contains("linux-x64", StringComparison.Ordinal) && !name.Contains("linux-arm64", StringComparison.Ordinal);
                if (isOther || name.EndsWith(".pdb", StringComparison.Ordinal) || name.EndsWith(".xml", StringComparison.Ordinal) || name == "IotXmpp.Gateway")
                {
                    continue;
                }

                if (broken && name == "IotXmpp.Gateway.dll")
                {
                    tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream([1, 2, 3]) });
                }
                else
                {
                    tar.WriteEntry(from, name);
                }
            }
        }

        return File.ReadAllBytes(path);
    }
}
