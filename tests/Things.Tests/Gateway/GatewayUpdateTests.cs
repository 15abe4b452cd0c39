using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using IotXmpp.Features;
using IotXmpp.Gateway;
using IotXmpp.TestKit;
using IotXmpp.Virtual;
using Xunit;

namespace IotXmpp.Things.Tests.Gateway;

public sealed class GatewayUpdateTests : IDisposable
{
    private readonly TempFolder _folder = new("gateway-update");

    private string Into => _folder.File("version-0");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_program_is_unpacked_for_its_owner_only_and_known_again()
    {
        string archive = Pack(("IotXmpp.Gateway", "program", true), ("lib/one.dll", "one", false), ("./lib/two.so", "two", false));
        await ArchiveUnpacker.UnpackAsync(archive, Into, CancellationToken.None);
        Assert.Equal("two", await System.IO.File.ReadAllTextAsync(Path.Combine(Into, "lib", "two.so"), TestContext.Current.CancellationToken));
        Assert.Equal(Path.Combine(Into, "IotXmpp.Gateway"), ArchiveUnpacker.Program(Into));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, System.IO.File.GetUnixFileMode(Path.Combine(Into, "IotXmpp.Gateway")));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(Path.Combine(Into, "lib", "one.dll")));
        }

        Assert.True(ArchiveUnpacker.IsWhole(Into));
        await System.IO.File.WriteAllTextAsync(Path.Combine(Into, "lib", "one.dll"), "two", TestContext.Current.CancellationToken);
        Assert.False(ArchiveUnpacker.IsWhole(Into));
    }

    [Theory]
    [InlineData("../evil")]
    [InlineData("/etc/evil")]
    [InlineData("lib/../../evil")]
    [InlineData("lib\\..\\evil")]
    [InlineData("a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r")]
    [InlineData("evil\nname")]
    [InlineData(".files")]
    [InlineData("IotXmpp.Gateway")]
    [InlineData("IotXmpp.Gateway/under")]
    public async Task No_name_leads_out_of_the_folder_or_takes_the_place_of_another(string name)
    {
        string archive = Pack(("IotXmpp.Gateway", "program", true), (name, "evil", false));
        Exception e = await Assert.ThrowsAnyAsync<Exception>(() => ArchiveUnpacker.UnpackAsync(archive, Into, CancellationToken.None));
        Assert.True(e is InvalidDataException or IOException, e.ToString());
        Assert.False(System.IO.File.Exists(_folder.File("evil")));
        Assert.False(System.IO.File.Exists("/etc/evil"));
        Assert.False(ArchiveUnpacker.IsWhole(Into));
    }

    [Theory]
    [InlineData(TarEntryType.SymbolicLink)]
    [InlineData(TarEntryType.HardLink)]
    [InlineData(TarEntryType.Fifo)]
    [InlineData(TarEntryType.CharacterDevice)]
    public async Task Links_and_devices_are_refused(TarEntryType type)
    {
        string path = _folder.File("links.tar.gz");
        await using (FileStream file = System.IO.File.Create(path))
        await using (var zip = new GZipStream(file, CompressionLevel.Fastest))
        await using (var tar = new TarWriter(zip))
        {
            await tar.WriteEntryAsync(File("IotXmpp.Gateway", "program", true), TestContext.Current.CancellationToken);
            var entry = new PaxTarEntry(type, "lib");
            if (type is TarEntryType.SymbolicLink or TarEntryType.HardLink)
            {
                entry.LinkName = "/etc";
            }

            await tar.WriteEntryAsync(entry, TestContext.Current.CancellationToken);
        }

        InvalidDataException e = await Assert.ThrowsAsync<InvalidDataException>(() => ArchiveUnpacker.UnpackAsync(path, Into, CancellationToken.None));
        Assert.Contains("neither file nor folder", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_no_archive_or_has_no_program_is_refused()
    {
        string path = _folder.File("rubbish");
        await System.IO.File.WriteAllBytesAsync(path, RandomNumberGenerator.GetBytes(1000), TestContext.Current.CancellationToken);
        await Assert.ThrowsAnyAsync<InvalidDataException>(() => ArchiveUnpacker.UnpackAsync(path, Into, CancellationToken.None));
        Directory.Delete(Into, recursive: true);
        InvalidDataException e = await Assert.ThrowsAsync<InvalidDataException>(() => ArchiveUnpacker.UnpackAsync(Pack(("other", "x", true)), Into, CancellationToken.None));
        Assert.Contains("no IotXmpp.Gateway", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_image_comes_in_pieces_survives_a_cut_is_prepared_and_known_at_the_start()
    {
        byte[] image = await System.IO.File.ReadAllBytesAsync(Pack(("IotXmpp.Gateway.dll", Random(200_000), false)), TestContext.Current.CancellationToken);
        using (var store = new FileUpdateStore(_folder.File("updates")))
        {
            Assert.True(store.TryAppend(0, image, 0, 100_000));
        }

        using (var store = new FileUpdateStore(_folder.File("updates")))
        {
            int left = store.Trim(0);
            Assert.InRange(left, 1, 99_999);
            for (int at = left; at < image.Length; at += 8192)
            {
                Assert.True(store.TryAppend(0, image, at, Math.Min(8192, image.Length - at)));
            }

            byte[] read = new byte[image.Length];
            Assert.Equal(image.Length, store.Read(0, 0, read, 0, read.Length));
            Assert.Equal(image, read);
            Assert.False(store.IsWhole(0, image.Length, SHA256.HashData(image)));
            string? wrong = null;
            await Wait.UntilAsync(() => store.Prepare(0, out wrong) || wrong is not null);
            Assert.Null(wrong);
        }

        using (var store = new FileUpdateStore(_folder.File("updates")))
        {
            Assert.True(store.IsWhole(0, image.Length, SHA256.HashData(image)));
            Assert.False(store.IsWhole(0, image.Length, new byte[32]));
            store.Clear(0);
            Assert.Equal(0, store.Length(0));
            Assert.False(Directory.Exists(store.FolderOf(0)));
        }

        using var small = new FileUpdateStore(_folder.File("updates"), maxBytes: 1000);
        Assert.True(small.TryAppend(1, image, 0, 1000));
        Assert.False(small.TryAppend(1, image, 0, 1));
    }

    [Fact]
    public async Task An_archive_that_leads_out_ends_the_update_with_its_reason()
    {
        using var store = new FileUpdateStore(_folder.File("updates"));
        byte[] image = await System.IO.File.ReadAllBytesAsync(Pack(("IotXmpp.Gateway", "x", true), ("../evil", "evil", false)), TestContext.Current.CancellationToken);
        Assert.True(store.TryAppend(1, image, 0, image.Length));
        string? wrong = null;
        await Wait.UntilAsync(() => store.Prepare(1, out wrong) || wrong is not null);
        Assert.Equal("the archive has a name that leads out of it: ../evil", wrong);
    }

    [Fact]
    public void The_launcher_finds_its_data_folder_in_spite_of_settings_that_only_a_newer_program_knows()
    {
        string settings = _folder.File("settings.json");
        System.IO.File.WriteAllText(settings, """{ "hub": "xmpps://h", "data": "/var/lib/x", "color-of-the-future": "green" }""");
        Assert.Equal("/var/lib/x", GatewaySettings.FindDataFolder(["--settings", settings, "--shine", "yes"], new Dictionary<string, string>()));
        Assert.Equal("/y", GatewaySettings.FindDataFolder(["--settings", settings, "--data=/y"], new Dictionary<string, string>()));
        Assert.Equal("/z", GatewaySettings.FindDataFolder([], new Dictionary<string, string> { ["IOTXMPP_GATEWAY_DATA"] = "/z" }));
    }

    [Fact]
    public void A_start_that_was_counted_is_not_counted_again_by_the_program_that_was_launched()
    {
        var settings = new VirtualSettings();
        UpdateRecord record = UpdateRecord.Load(settings);
        record.Accept(new UpdateOffer { Id = "R1", Version = "9", Image = "gateway", Size = 1, Sha256 = new byte[32], TrialSeconds = 60 });
        record.Activate();
        record.CountStart();
        using var store = new FileUpdateStore(_folder.File("updates"));
        var boot = new UpdateBoot(settings, store, 0);
        Assert.True(boot.IsTrial);
        Assert.Equal((1, "9"), (boot.Record.Starts, boot.Version));
    }

    private static string Random(int characters) => Convert.ToHexString(RandomNumberGenerator.GetBytes(characters / 2));

    private static PaxTarEntry File(string name, string content, bool isProgram) => new(TarEntryType.RegularFile, name)
    {
        DataStream = new MemoryStream(Encoding.UTF8.GetBytes(content)),
        Mode = UnixFileMode.UserRead | UnixFileMode.SetUser | UnixFileMode.OtherWrite | (isProgram ? UnixFileMode.UserExecute : UnixFileMode.None),
    };

    private string Pack(params (string Name, string Content, bool IsProgram)[] files)
    {
        string path = _folder.File(Guid.NewGuid().ToString("N") + ".tar.gz");
        using FileStream file = System.IO.File.Create(path);
        using var zip = new GZipStream(file, CompressionLevel.Fastest);
        using var tar = new TarWriter(zip);
        foreach ((string name, string content, bool isProgram) in files)
        {
            tar.WriteEntry(File(name, content, isProgram));
        }

        return path;
    }
}
