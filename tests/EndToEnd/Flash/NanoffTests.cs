using System.Text.Json.Nodes;
using IotXmpp.Cli;
using IotXmpp.Cli.Flash;
using IotXmpp.Cli.Flash.Nanoff;
using Xunit;

namespace IotXmpp.EndToEnd.Flash;

/// <summary>nanoff through its one seam: every argument, every field of its JSON, what its output means. The texts are those of its sources (2.5.98, 3.0.0-preview.1).</summary>
public sealed class NanoffTests
{
    private const string Details = """
        .NET nanoFramework Firmware Flasher v2.5.98+1234567
        Copyright (C) 2019 .NET Foundation and nanoFramework project contributors

        Reading details from chip...OK

        Connected to:
        ESP32-S3 (ESP32-S3 (QFN56) (revision v0.2))
        Features Wi-Fi, BT 5 (LE), Dual Core + LP Core, 240MHz
        Flash size 8MB unknown from GD (manufacturer 0xC8 device 0x4017)
        PSRAM: 2MB
        Crystal 40MHz
        MAC 7C:DF:A1:E0:12:34
        """;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void Options_of_2()
    {
        NanoffSyntax syntax = NanoffSyntax.Of(new Version(2, 5, 98));
        Assert.Equal("--target ESP32_C3 --serialport /dev/ttyUSB0 --devicedetails --suppressnanoffversioncheck", Join(syntax.Details("ESP32_C3", "/dev/ttyUSB0")));
        Assert.Equal("--update --target ESP32_C3 --serialport /dev/ttyUSB0 --suppressnanoffversioncheck", Join(syntax.Update("ESP32_C3", "/dev/ttyUSB0")));
        Assert.Equal(
            "--target ESP32_REV3 --serialport COM3 --deploy --image app.bin --address 0x1E0000 --suppressnanoffversioncheck", Join(syntax.Deploy("ESP32_REV3", "COM3", "app.bin", "0x1E0000")));
        Assert.Equal("--networkdeployment n.json --suppressnanoffversioncheck", Join(syntax.Network("n.json")));
        Assert.Equal("--filedeployment f.json --suppressnanoffversioncheck", Join(syntax.Files("f.json")));
    }

    [Fact]
    public void Verbs_of_3()
    {
        NanoffSyntax syntax = NanoffSyntax.Of(new Version(3, 0, 0));
        Assert.Equal("details --target ESP32_C3 --serialport /dev/ttyUSB0 --suppressnanoffversioncheck", Join(syntax.Details("ESP32_C3", "/dev/ttyUSB0")));
        Assert.Equal("flash --target ESP32_C3 --serialport /dev/ttyUSB0 --suppressnanoffversioncheck", Join(syntax.Update("ESP32_C3", "/dev/ttyUSB0")));
        Assert.Equal(
            "deploy --target ESP32_REV3 --serialport COM3 --image app.bin --address 0x1E0000 --suppressnanoffversioncheck", Join(syntax.Deploy("ESP32_REV3", "COM3", "app.bin", "0x1E0000")));
        Assert.Equal("deploy --network n.json --suppressnanoffversioncheck", Join(syntax.Network("n.json")));
        Assert.Equal("deploy --file f.json --suppressnanoffversioncheck", Join(syntax.Files("f.json")));
    }

    [Fact]
    public void Network_file_has_every_field_that_nanoff_would_get_wrong_without()
    {
        JsonNode json = JsonNode.Parse(NanoffFiles.Network("/dev/ttyUSB0", "My \"Net\"", "geheim é"))!;
        Assert.Equal("/dev/ttyUSB0", (string?)json["SerialPort"]);
        JsonObject wireless = json["WirelessClient"]!.AsObject();
        Assert.Equal("My \"Net\"", (string?)wireless["Ssid"]);
        Assert.Equal("geheim é", (string?)wireless["Password"]);
        Assert.Equal("WPA2", (string?)wireless["Authentication"]);
        Assert.Equal("WPA2", (string?)wireless["Encryption"]);
        Assert.Equal("AutoConnect", (string?)wireless["ConfigurationOption"]);
        Assert.Equal("802.11n", (string?)wireless["RadioType"]);
        Assert.True((bool?)wireless["DhcpEnabled"]);
        Assert.True((bool?)wireless["AutomaticDNS"]);
        Assert.Equal("0.0.0.0", (string?)wireless["IPv4DNSAddress1"]);
        Assert.Equal("0.0.0.0", (string?)wireless["IPv4DNSAddress2"]);
        Assert.Equal(10, wireless.Count);
        Assert.Equal(2, json.AsObject().Count);
    }

    [Fact]
    public void An_open_network_has_no_encryption()
    {
        JsonObject wireless = JsonNode.Parse(NanoffFiles.Network("P", "Cafe", string.Empty))!["WirelessClient"]!.AsObject();
        Assert.Equal(("Open", "None", ""), ((string?)wireless["Authentication"], (string?)wireless["Encryption"], (string?)wireless["Password"]));
    }

    [Fact]
    public void File_list_names_source_and_destination()
    {
        JsonNode json = JsonNode.Parse(NanoffFiles.Files("/dev/ttyUSB0", [("I:\\thing.conf", "/tmp/x/thing.conf"), ("I:\\ca.pem", "/tmp/x/ca.pem")]))!;
        Assert.Equal("/dev/ttyUSB0", (string?)json["SerialPort"]);
        JsonArray files = json["Files"]!.AsArray();
        Assert.Equal([("I:\\thing.conf", "/tmp/x/thing.conf"), ("I:\\ca.pem", "/tmp/x/ca.pem")], files.Select(f => ((string)f!["DestinationFilePath"]!, (string)f["SourceFilePath"]!)));
        Assert.All(files, f => Assert.Equal(2, f!.AsObject().Count));
    }

    [Theory]
    [InlineData("nanoff 2.5.98+abcdef", "2.5.98")]
    [InlineData(".NET nanoFramework Firmware Flasher v3.0.0-preview.1+06913d2", "3.0.0")]
    [InlineData("You must install or update .NET to run this application.", null)]
    public void Version_is_read(string output, string? version) => Assert.Equal(version, NanoffOutput.Version(output)?.ToString());

    [Fact]
    public void Chip_is_read()
    {
        Assert.Equal(new ChipDetails("ESP32-S3", "ESP32-S3 (QFN56) (revision v0.2)", "7C:DF:A1:E0:12:34", 8), NanoffOutput.Chip(Details));
        Assert.Equal("ESP32", NanoffOutput.Chip("Connected to:\nESP32\nFeatures x")!.Type);
        Assert.Null(NanoffOutput.Chip("nothing of the kind"));
    }

    [Theory]
    [InlineData("Error E4000: Error executing ESP32 serial command. (no answer)", "E4000")]
    [InlineData("E6002", "E6002")]
    [InlineData("Flashing ESP32 at 0xE4000", null)]
    public void Error_is_read(string output, string? error) => Assert.Equal(error, NanoffOutput.Error(output));

    [Fact]
    public void A_file_that_fails_is_found_though_nanoff_ends_with_0()
    {
        const string Output = """
            Device connected and ready for deployment.
            Deploying file /tmp/x/thing.conf to I:\thing.conf...OK
            Deploying file /tmp/x/thing.key to I:\thing.key...
            Error deploying content file /tmp/x/thing.key to I:\thing.key
            """;
        Assert.Equal(["I:\\thing.key", "I:\\ca.pem"], NanoffOutput.MissingFiles(Output, ["I:\\thing.conf", "I:\\thing.key", "I:\\ca.pem"]));
    }

    [Theory]
    [InlineData("Updating network configuration...OK\nUpdating wireless configuration...OK\n", true)]
    // With --networkdeployment alone nanoff 2 first says that it had nothing to do, and then does it.
    [InlineData("No operation was performed with the options supplied.\nUpdating network configuration...OK\nUpdating wireless configuration...OK\n", true)]
    [InlineData("Updating network configuration...OK\nUpdating wireless configuration...\nError uploading wireless configuration.\n", false)]
    [InlineData("", false)]
    public void Network_settings_must_be_said_to_be_written(string output, bool written) => Assert.Equal(written, NanoffOutput.NetworkWritten(output));

    [Fact]
    public async Task A_missing_nanoff_is_told_with_how_to_get_it()
    {
        CliException e = await Assert.ThrowsAsync<CliException>(() => NanoffTool.FindAsync(new Script(), "nanoff", null, Cancel));
        Assert.Equal(ExitCode.Usage, e.Code);
        Assert.Contains("dotnet tool install -g nanoff", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(112, "Error E6000: Couldn't open serial device.", "nanoff cannot open P to write the runtime")]
    [InlineData(160, "Error E4000: Error executing ESP32 serial command. (sync)", "hold BOOT, press and release RESET")]
    [InlineData(163, "Error E4003: Failed to write new firmware to ESP32.", "use a shorter cable or another port")]
    [InlineData(45, "Error E9005: Can't find the target in Cloudsmith repository.", "give one with --target")]
    [InlineData(47, "Error E9007: Error downloading firmware file.", "needs the internet once")]
    [InlineData(0, "Error E4000: it said 0 all the same", "the chip does not answer")]
    [InlineData(134, "Unhandled exception. boom", "Unhandled exception. boom (exit code 134)")]
    public async Task Each_failure_says_what_to_do(int code, string output, string expected)
    {
        NanoffTool tool = await NanoffTool.FindAsync(new Script(("--version", 0, "nanoff 2.5.98"), ("--update", code, output)), "nanoff", null, Cancel);
        CliException e = await Assert.ThrowsAsync<CliException>(() => tool.UpdateAsync("ESP32_C3", "P", Cancel));
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Failed, e.Code);
    }

    [Fact]
    public async Task Files_and_network_are_believed_only_when_they_are_said_to_be_written()
    {
        var script = new Script(("--version", 0, "nanoff 2.5.98"), ("--filedeployment", 0, "Deploying file a to I:\\a...OK"), ("--networkdeployment", 0, "Updating network configuration..."));
        NanoffTool tool = await NanoffTool.FindAsync(script, "nanoff", null, Cancel);
        await tool.FilesAsync("P", "f.json", ["I:\\a"], Cancel);
        Assert.Contains("did not take I:\\b", (await Assert.ThrowsAsync<CliException>(() => tool.FilesAsync("P", "f.json", ["I:\\a", "I:\\b"], Cancel))).Message, StringComparison.Ordinal);
        Assert.Contains("did not take the Wi-Fi settings", (await Assert.ThrowsAsync<CliException>(() => tool.NetworkAsync("P", "n.json", Cancel))).Message, StringComparison.Ordinal);
        // nanoff is built for .NET 8, and runs on what is there.
        Assert.All(script.Calls, c => Assert.Equal("Major", c.Environment["DOTNET_ROLL_FORWARD"]));
    }

    [Fact]
    public async Task A_build_without_packages_says_so()
    {
        var script = new Script(("build", 1, "/x/IotXmpp.Nano.Esp32.csproj : error NU1101: Unable to find package nanoFramework.System.Net. No packages exist with this id [/x]"));
        CliException e = await Assert.ThrowsAsync<CliException>(() => FirmwareBuild.RunAsync(script, "/x", [], null, Cancel));
        Assert.Contains("the packages of nanoFramework cannot be had (nanoFramework.System.Net)", e.Message, StringComparison.Ordinal);
        Assert.Contains("--image FILE", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_build_that_fails_shows_its_first_error()
    {
        var script = new Script(("build", 1, "a.cs(1,2): warning CS1: w\na.cs(3,4): error CS0103: The name 'x' does not exist\n"));
        CliException e = await Assert.ThrowsAsync<CliException>(() => FirmwareBuild.RunAsync(script, "/x", [], null, Cancel));
        Assert.Contains("error CS0103", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_image_is_where_MSBuild_says() => Assert.Equal(
        Path.GetFullPath("/x/firmware/Nano/Esp32/bin/Release/IotXmpp.Esp32.bin"),
        FirmwareBuild.ImageOf("""{ "Properties": { "OutDir": "bin/Release/", "TargetName": "IotXmpp.Esp32", "MSBuildProjectDirectory": "/x/firmware/Nano/Esp32" } }"""));

    [Fact]
    public void A_call_is_shown_as_one_types_it() => Assert.Equal("nanoff --image 'my app.bin' 'it'\\''s'", new ProcessCall("nanoff", ["--image", "my app.bin", "it's"]).ToString());

    private static string Join(IReadOnlyList<string> arguments) => string.Join(' ', arguments);

    /// <summary>Answers by the first argument that is known.</summary>
    private sealed class Script(params (string Word, int Code, string Output)[] answers) : IProcessRunner
    {
        public List<ProcessCall> Calls { get; } = [];

        public Task<ProcessResult?> RunAsync(ProcessCall call, Action<string>? line, TimeSpan limit, CancellationToken cancel)
        {
            Calls.Add(call);
            (string Word, int Code, string Output) answer = answers.FirstOrDefault(a => call.Arguments.Contains(a.Word));
            return Task.FromResult(answer.Word is null ? null : new ProcessResult(answer.Code, answer.Output));
        }
    }
}
