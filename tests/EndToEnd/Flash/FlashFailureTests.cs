using System.Diagnostics;
using System.Globalization;
using IotXmpp.EndToEnd.Cli;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.EndToEnd.Flash;

/// <summary>What can go wrong between a bare board and its first sample: each with the words that say what to do, its exit code, and what was left behind.</summary>
public sealed class FlashFailureTests(FlashFixture flash) : IClassFixture<FlashFixture>
{
    [Fact]
    public async Task No_port()
    {
        await using var board = new SimulatedBoard();
        string[] arguments = flash.Arguments(board, "fail-1");
        arguments[Array.IndexOf(arguments, "--port") + 1] = "/dev/ttyUSB99";
        await FailsAsync(board, arguments, 2, "there is no port /dev/ttyUSB99; " + IotXmpp.Cli.Serial.SerialPorts.Those());
        await NothingAsync(board, "fail-1");
    }

    [Fact]
    public async Task A_port_that_is_busy()
    {
        await using var board = new SimulatedBoard();
        using Process shell = Process.Start(new ProcessStartInfo("sh", ["-c", "exec 3<>\"$0\"; echo open; exec sleep 60", board.Cable.Name]) { RedirectStandardOutput = true })!;
        try
        {
            Assert.Equal("open", await shell.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
            await FailsAsync(board, flash.Arguments(board, "fail-2"), 2, $"{board.Cable.Name} is busy: sleep (process {shell.Id}) has it open; end that, then try again");
            await NothingAsync(board, "fail-2");
        }
        finally
        {
            shell.Kill();
        }
    }

    [Fact]
    public async Task Another_chip_than_the_boards()
    {
        await using var board = new SimulatedBoard("ESP32-C3");
        await FailsAsync(
            board,
            flash.Arguments(board, "fail-3"),
            1,
            $"the chip at {board.Cable.Name} is an ESP32-C3 (QFN56) (revision v0.2), and esp32-s3-devkitc-1 has an ESP32-S3; nothing was written; --board esp32-c3-devkitm-1 is right");
        Assert.Single(board.Calls);
        Assert.Empty(board.Written);
        Assert.DoesNotContain("fail-3", await flash.AccountsAsync());
    }

    [Fact]
    public async Task No_nanoff()
    {
        await using var board = new SimulatedBoard();
        string[] arguments = flash.Arguments(board, "fail-4");
        arguments[Array.IndexOf(arguments, "--nanoff") + 1] = "/no/such/nanoff";
        await FailsAsync(
            board,
            arguments,
            2,
            "there is no nanoff here (/no/such/nanoff): it writes nanoFramework to a board; install it with: dotnet tool install -g nanoff (and have ~/.dotnet/tools in PATH)");
        await NothingAsync(board, "fail-4");
    }

    [Fact]
    public async Task A_chip_that_does_not_answer()
    {
        await using var board = new SimulatedBoard();
        await FailsAsync(
            board,
            flash.Arguments(board, "fail-5"),
            1,
            $"the chip does not answer at {board.Cable.Name} (Error E4000: Error executing ESP32 serial command. (no answer to sync)); hold BOOT, press and release RESET (or EN), release BOOT, then run the same command again; a cable that only charges does this, too",
            "sync");
        Assert.DoesNotContain("fail-5", await flash.AccountsAsync());
    }

    [Fact]
    public async Task A_file_that_nanoff_does_not_write_though_it_ends_with_0()
    {
        await using var board = new SimulatedBoard();
        await FailsAsync(
            board, flash.Arguments(board, "fail-6"), 1, @"the board did not take I:\thing.key (nanoff ends as if it had); press its reset button and run the same command with --settings-only", "file");
        Assert.DoesNotContain("thing.key", board.Written);
        // And that does it.
        CliResult again = await FlashFixture.RunAsync(board, flash.Environment(board), flash.Arguments(board, "fail-6", "esp32-s3-devkitc", "--settings-only"));
        Assert.True(again.Code == 0, again.ToString());
    }

    [Fact]
    public async Task Wifi_settings_that_the_board_does_not_take()
    {
        await using var board = new SimulatedBoard();
        await FailsAsync(
            board, flash.Arguments(board, "fail-7"), 1, $"nanoff could not write the Wi-Fi settings at {board.Cable.Name}: Error E2002: Error executing operation with nano device. (exit code 210)", "wifi");
        Assert.DoesNotContain("wifi", board.Written);
    }

    [Fact]
    public async Task A_wrong_wifi_password()
    {
        // The radio gives an attempt 15 s; this board lives faster.
        await using var board = new SimulatedBoard { Time = new HurriedTime(10) };
        CliResult run = await FailsAsync(
            board,
            flash.Arguments(board, "fail-8"),
            1,
            "the board cannot get into the Wi-Fi: home refuses the board (the password is wrong, as a rule); write the password again by the same command with --settings-only",
            password: "another secret");
        Assert.Contains("  Wi-Fi: home refuses the board (the password is wrong, as a rule)", run.Lines);
        Assert.DoesNotContain("another secret", run.Out + run.Error, StringComparison.Ordinal);
        CliResult again = await FlashFixture.RunAsync(board, flash.Environment(board), flash.Arguments(board, "fail-8", "esp32-s3-devkitc", "--settings-only"));
        Assert.True(again.Code == 0, again.ToString());
    }

    [Fact]
    public async Task A_wifi_that_is_not_there()
    {
        await using var board = new SimulatedBoard { Time = new HurriedTime(10), Air = ("neighbour", "x") };
        await FailsAsync(
            board,
            flash.Arguments(board, "fail-9"),
            1,
            "the board cannot get into the Wi-Fi: there is no network home in reach (2.4 GHz only); move it nearer, or write another network (--wifi is \"home\" now) by the same command with --settings-only");
    }

    [Fact]
    public async Task A_hub_that_the_boards_network_does_not_reach()
    {
        int port = Ports.Free();
        await using var board = new SimulatedBoard();
        string[] arguments = flash.Arguments(board, "fail-10");
        arguments[Array.IndexOf(arguments, "--hub-address") + 1] = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}");
        CliResult run = await FlashFixture.RunAsync(board, flash.Environment(board), arguments);
        Assert.True(run.Code == 3, run.ToString());
        // The reason in brackets is the board's, in the words of its network stack.
        Assert.StartsWith($"iotxmpp: the board is in the Wi-Fi home and cannot reach the hub at 127.0.0.1:{port} from there (disconnected: Connection refused", run.Errors[^1], StringComparison.Ordinal);
        Assert.EndsWith(
            $"): is the hub in that network, does it listen there (--c2s-tls '*:{port}'), does a firewall let the port in? Give another address with --hub-address and --settings-only", run.Errors[^1], StringComparison.Ordinal);
        // It was said before anything was done, too.
        Assert.StartsWith($"iotxmpp: from here, nothing listens at 127.0.0.1:{port}: ", run.Errors[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hub_that_no_board_can_reach_is_told_before_anything_is_written()
    {
        await using var board = new SimulatedBoard();
        List<string> arguments = [.. flash.Arguments(board, "fail-11")];
        arguments.RemoveRange(arguments.IndexOf("--hub-address"), 2);
        CliResult run = await FlashFixture.RunAsync(board, flash.Environment(board), [.. arguments]);
        // The hub is this machine: where that has an address of its own, nobody listens there; where not, nobody could.
        Assert.True(run.Code is 2 or 3, run.ToString());
        Assert.Contains("--hub-address", run.ErrorLine, StringComparison.Ordinal);
        await NothingAsync(board, "fail-11");
    }

    [Fact]
    public async Task Another_hubs_authority()
    {
        await using HubHost other = await HubHost.StartAsync();
        await using var board = new SimulatedBoard();
        Dictionary<string, string?> environment = flash.Environment(board);
        environment["IOTXMPP_CA"] = Path.Combine(other.Folder, "data", "ca.pem");
        CliResult run = await FlashFixture.RunAsync(board, environment, flash.Arguments(board, "fail-12"));
        Assert.True(run.Code == 3, run.ToString());
        Assert.Contains("certificate", run.ErrorLine, StringComparison.Ordinal);
        await NothingAsync(board, "fail-12");

        // The operator is at the right hub, and the board is sent to another one.
        string[] arguments = flash.Arguments(board, "fail-12");
        arguments[Array.IndexOf(arguments, "--hub-address") + 1] = $"127.0.0.1:{other.DirectTls!.Port}";
        run = await FlashFixture.RunAsync(board, flash.Environment(board), arguments);
        Assert.True(run.Code == 1, run.ToString());
        Assert.StartsWith("iotxmpp: the board does not trust the hub's certificate (", run.Errors[^1], StringComparison.Ordinal);
        Assert.EndsWith(
            $"): is --ca the authority of the hub at 127.0.0.1:{other.DirectTls.Port}, and does its certificate name the domain? Give the right one with --ca and --settings-only", run.Errors[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_authority()
    {
        await using var board = new SimulatedBoard();
        Dictionary<string, string?> environment = flash.Environment(board);
        environment["IOTXMPP_CA"] = null;
        CliResult run = await FlashFixture.RunAsync(board, environment, flash.Arguments(board, "fail-13"));
        Assert.True(run.Code == 2, run.ToString());
        Assert.Equal(
            "iotxmpp: which authority shall the board trust? A board has no store of its own: name the hub's with --ca FILE, such as ca.pem in the hub's data folder", run.ErrorLine);
        await NothingAsync(board, "fail-13");
    }

    [Fact]
    public async Task A_name_that_is_taken()
    {
        await using var board = new SimulatedBoard();
        // By a person's account: nobody gets keys for it.
        await FailsAsync(
            board, flash.Arguments(board, "ann"), 1, "the hub cannot make ann: That id is taken: by an account that is no thing, or by a thing behind a gateway; give another name with --thing");
        Assert.Empty(board.Written);
        // By somebody else's thing.
        CliResult first = await FlashFixture.RunAsync(board, flash.Environment(board), flash.Arguments(board, "fail-14"));
        Assert.True(first.Code == 0, first.ToString());
        byte[] key = board.Read("thing.key")!;
        CliResult second = await FlashFixture.RunAsync(board, flash.Environment(board, account: "ann"), flash.Arguments(board, "fail-14"));
        Assert.True(second.Code == 4, second.ToString());
        Assert.Contains("lets ann@hub.test make no things", second.ErrorLine, StringComparison.Ordinal);
        Assert.Equal(7, board.Calls.Length); // one of the first, five, and the chip was asked again: nothing was written
        Assert.Equal(key, board.Read("thing.key"));
    }

    [Fact]
    public async Task Keys_that_the_hub_does_not_take()
    {
        await using var board = new SimulatedBoard();
        CliResult run = await FailsAsync(
            board, flash.Arguments(board, "fail-15"), 1, "the hub does not take the board's keys (not-authorized); make new ones by the same command with --settings-only", "key");
        Assert.DoesNotContain(run.Lines, l => l.StartsWith("online", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--board", "nope", "there is no board 'nope'; there are esp32-c3-devkitm-1, ")]
    [InlineData("--board", "raspberry-pi-4", "Raspberry Pi 4 Model B is not flashed: it runs Linux and the gateway")]
    [InlineData("--wifi", "", "--wifi names the Wi-Fi network that the board shall use")]
    [InlineData("--wifi", "0123456789012345678901234567890123", "is no name of a Wi-Fi: it has 32 bytes at most")]
    [InlineData("--thing", "Lamp 1", "'Lamp 1' is no id of a thing: 1 to 64 of a-z, 0-9 and -")]
    [InlineData("--parts", "bme290", "--parts: \"bme290\": there is no part \"bme290\"; there are bme280, ")]
    [InlineData("--parts", "relay@99", "--parts: \"relay@99\": the board esp32-s3-devkitc-1 has no GPIO 99")]
    [InlineData("--hub-address", "a:b:c", "'a:b:c' is no address of a hub for a board: HOST or HOST:PORT is expected")]
    [InlineData("--image", "/no/such/image", "there is no image /no/such/image; leave --image away to build one from the tree")]
    [InlineData("--interval", "soon", "'soon' is no duration: a number with its unit is expected, such as 30s or 5m")]
    [InlineData("--time-server", "a b", "--time-server: 'a b' is no name or address of a host")]
    [InlineData("--owner", "nobody", "owner must be an address such as ann@example.org, not \"nobody\"")]
    [InlineData("--wifi-open", null, "--wifi-open and --wifi-password-stdin exclude each other")]
    [InlineData("--settings-only --improv", null, "--settings-only and --improv exclude each other")]
    [InlineData("--bogus", null, "there is no option --bogus; iotxmpp flash --help says what is expected")]
    public async Task A_wrong_word_is_told_before_anything_is_tried(string option, string? value, string line)
    {
        await using var board = new SimulatedBoard();
        List<string> arguments = [.. flash.Arguments(board, "fail-16")];
        int at = arguments.IndexOf(option);
        if (at >= 0)
        {
            arguments[at + 1] = value!;
        }
        else
        {
            arguments.AddRange(option.Split(' '));
            arguments.AddRange(value is null ? [] : [value]);
        }

        CliResult run = await FlashFixture.RunAsync(board, flash.Environment(board), [.. arguments]);
        Assert.Equal(2, run.Code);
        Assert.Contains(line, run.ErrorLine, StringComparison.Ordinal);
        Assert.Empty(run.Out);
        await NothingAsync(board, "fail-16");
    }

    private async Task<CliResult> FailsAsync(SimulatedBoard board, string[] arguments, int code, string line, string? fault = null, string password = "home secret")
    {
        CliResult run = await FlashFixture.RunAsync(board, flash.Environment(board, fault: fault), arguments, password);
        Assert.True(run.Code == code, run.ToString());
        Assert.Equal("iotxmpp: " + line, run.Errors[^1]);
        return run;
    }

    // Nothing was tried: not on the board, and not at the hub.
    private async Task NothingAsync(SimulatedBoard board, string thing)
    {
        Assert.Empty(board.Calls);
        Assert.Empty(board.Written);
        Assert.DoesNotContain(thing, await flash.AccountsAsync());
    }
}
