using IotXmpp.Hub.Features.Firmware;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Firmware;

public sealed class FirmwareServiceTests : FirmwareServiceSpecification
{
    protected override Task<ISqlDatabase> OpenDatabaseAsync() => TestDatabase.OpenAsync(FirmwareMigrations.All);
}

public sealed class PostgresFirmwareServiceTests : FirmwareServiceSpecification
{
    protected override Task<ISqlDatabase> OpenDatabaseAsync() => TestDatabase.OpenPostgresAsync(FirmwareMigrations.All);
}

/// <summary>Images of the fleet: what is taken, kept and refused.</summary>
public abstract class FirmwareServiceSpecification : FirmwareHarness
{
    [Fact]
    public async Task An_image_is_kept_over_a_restart_and_read_piece_by_piece()
    {
        FirmwareImage image = await AddAsync(10_000);
        await RestartAsync();
        FirmwareImage kept = Assert.Single(await Images.ListAsync(Alice));
        Assert.Equal(image, kept);
        byte[] piece = new byte[4096];
        Assert.Equal(4096, Images.Read(image.Id, 8_192 - 4_096, piece));
        Assert.Equal(Content(10_000)[4096..8192], piece);
        Assert.Equal(10_000 - 8_192, Images.Read(image.Id, 8_192, piece));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Directory.GetFiles(Folder).Single()));
        }
    }

    [Fact]
    public async Task The_same_image_once_more_changes_nothing_and_another_of_that_version_is_refused()
    {
        FirmwareImage image = await AddAsync();
        Assert.Equal(image, await AddAsync());
        byte[] other = Content(10_000, 3);
        (FirmwareOutcome outcome, _) = await Images.AddAsync(Alice, Manifest(other), new MemoryStream(other));
        Assert.Equal(FirmwareOutcome.Conflict, outcome);
        Assert.Single(Directory.GetFiles(Folder));
    }

    [Fact]
    public async Task What_is_not_what_its_manifest_says_leaves_nothing_behind()
    {
        byte[] content = Content(1_000);
        FirmwareManifest good = Manifest(content);
        Assert.Equal(FirmwareOutcome.WrongHash, await OutcomeAsync(good, Content(1_000, 5)));
        Assert.Equal(FirmwareOutcome.WrongSize, await OutcomeAsync(good, content[..999]));
        Assert.Equal(FirmwareOutcome.WrongSize, await OutcomeAsync(good, [.. content, 1]));
        Assert.Equal(FirmwareOutcome.TooLarge, await OutcomeAsync(good with { Size = 100_001 }, content));
        Assert.Equal(FirmwareOutcome.Forbidden, (await Images.AddAsync(Mallory, good, new MemoryStream(content))).Outcome);
        await Assert.ThrowsAsync<IOException>(() => Images.AddAsync(Alice, good, new Broken()));
        Assert.Empty(Directory.GetFiles(Folder));
        Assert.Empty(await Images.ListAsync(Alice));
        Assert.Equal(FirmwareOutcome.Done, await OutcomeAsync(good, content));
    }

    [Theory]
    [InlineData("../../etc", "1.0", "nano")]
    [InlineData("a b", "1.0", "nano")]
    [InlineData("<b>", "1.0", "nano")]
    [InlineData("", "1.0", "nano")]
    [InlineData("sensor", "1.0'; DROP TABLE rollout; --", "nano")]
    [InlineData("sensor", "1.0", "nano\n")]
    [InlineData("sensor", "1.0", "..")]
    public async Task A_name_that_is_none_is_refused(string name, string version, string target)
    {
        byte[] content = Content(10);
        Assert.Equal(FirmwareOutcome.BadManifest, await OutcomeAsync(Manifest(content) with { Name = name, Version = version, Target = target }, content));
    }

    [Theory]
    [InlineData("ABCDEF")]
    [InlineData("zz")]
    public async Task A_hash_or_manifest_that_is_none_is_refused(string text)
    {
        byte[] content = Content(10);
        Assert.Equal(FirmwareOutcome.BadManifest, await OutcomeAsync(Manifest(content) with { Sha256 = text }, content));
        Assert.Equal(FirmwareOutcome.BadManifest, await OutcomeAsync(Manifest(content) with { Mac = text }, content));
    }

    [Fact]
    public async Task Bounds_of_number_and_bytes_hold()
    {
        await AddAsync(90_000, "1.0");
        byte[] large = Content(70_000);
        Assert.Equal(FirmwareOutcome.Full, await OutcomeAsync(Manifest(large, "2.0"), large));
        for (int i = 1; i < 5; i++)
        {
            await AddAsync(10, "1." + i);
        }

        Assert.Equal(FirmwareOutcome.Full, await OutcomeAsync(Manifest(Content(10), "9.0"), Content(10)));
    }

    [Fact]
    public async Task An_image_goes_with_its_bytes_but_not_while_a_rollout_uses_it()
    {
        Rollout rollout = await StartAsync(new RolloutPlan { Things = ["t1"] });
        Assert.Equal(FirmwareOutcome.InUse, await Images.RemoveAsync(Alice, rollout.Image));
        Assert.Equal(FirmwareOutcome.Forbidden, await Images.RemoveAsync(Mallory, rollout.Image));
        await Rollouts.BecomeAsync(Alice, rollout.Id, RolloutState.Cancelled);
        await LookAsync();
        Assert.Equal(FirmwareOutcome.Done, await Images.RemoveAsync(Alice, rollout.Image));
        Assert.Equal(FirmwareOutcome.NotFound, await Images.RemoveAsync(Alice, rollout.Image));
        Assert.Empty(Directory.GetFiles(Folder));
        Assert.Equal(-1, Images.Read(rollout.Image, 0, new byte[10]));
    }

    [Fact]
    public async Task What_a_crash_has_left_in_the_folder_is_deleted_at_the_start()
    {
        await AddAsync();
        await File.WriteAllTextAsync(Path.Combine(Folder, "0123"), "half an image", TestContext.Current.CancellationToken);
        await RestartAsync();
        Assert.Single(Directory.GetFiles(Folder));
    }

    private async Task<FirmwareOutcome> OutcomeAsync(FirmwareManifest manifest, byte[] content) => (await Images.AddAsync(Alice, manifest, new MemoryStream(content))).Outcome;

    // A sender that is gone in the middle.
    private sealed class Broken : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => throw new IOException("gone");
    }
}
