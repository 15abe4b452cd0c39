using System.Security.Cryptography.X509Certificates;
using IotXmpp.EndToEnd.Cli;
using IotXmpp.Esp32;
using IotXmpp.Virtual;
using Xunit;

namespace IotXmpp.EndToEnd.Flash;

/// <summary>
/// <c>iotxmpp flash --improv</c>: a board that the browser has flashed, with an empty file system, gets settings, keys, authority and Wi-Fi by its second serial line, which the board's
/// own application serves.
/// </summary>
public sealed class ImprovFlashTests(FlashFixture flash) : IClassFixture<FlashFixture>
{
    [Fact]
    public async Task A_board_that_a_browser_has_flashed_is_online_with_its_first_sample()
    {
        await using var line = new SimulatedBoard("ESP32-S3");
        await using var board = new BrowserFlashed(line.Cable, flash.Authority, "ESP32-S3");
        CliResult run = await RunAsync(line, "improv-1", "home secret");
        Assert.True(run.Code == 0, run.ToString());
        string printed = string.Join('\n', run.Lines);
        Assert.Contains("board     IotXmpp 1.0.0 on ESP32-S3", printed, StringComparison.Ordinal);
        Assert.Contains("wi-fi     in home", printed, StringComparison.Ordinal);
        Assert.Contains("online    improv-1@hub.test: ", printed, StringComparison.Ordinal);
        Assert.Contains("sample    temperature=", printed, StringComparison.Ordinal);
        Assert.StartsWith("improv-1 is online after ", run.Lines[^1], StringComparison.Ordinal);
        Assert.DoesNotContain("home secret", printed, StringComparison.Ordinal);
        Assert.Empty(line.Calls);

        // What the board has now, to the byte: an authority with its closing NUL, settings and keys of this thing.
        Assert.Equal([.. await File.ReadAllBytesAsync(flash.Authority, TestContext.Current.CancellationToken), 0], board.File("ca.pem"));
        BoardConfig? config = BoardConfig.Parse(board.File("thing.conf"), out string? wrong);
        Assert.Null(wrong);
        Assert.Equal(("improv-1", "hub.test", "bme280@0x76"), (config!.Thing, config.Domain, config.Parts));
        Assert.NotNull(DeviceKey.Parse(board.File("thing.key"), out _));
    }

    [Theory]
    [InlineData("ESP32-S3", "home", "not the secret", "the board cannot get into the Wi-Fi: the password is wrong, or the network is not in reach")]
    [InlineData("ESP32-S3", "elsewhere", "home secret", "the board does not see the Wi-Fi elsewhere; it sees home (")]
    [InlineData("ESP32", "home", "home secret", "has an ESP32, and esp32-s3-devkitc-1 an ESP32-S3; --board names the right one")]
    public async Task What_the_board_refuses_is_told(string chip, string ssid, string password, string words)
    {
        await using var line = new SimulatedBoard("ESP32-S3");
        await using var board = new BrowserFlashed(line.Cable, flash.Authority, chip);
        CliResult run = await RunAsync(line, "improv-2", password, ssid);
        Assert.True(run.Code == 1, run.ToString());
        Assert.Contains(words, run.ErrorLine, StringComparison.Ordinal);
    }

    private Task<CliResult> RunAsync(SimulatedBoard line, string thing, string password, string ssid = "home")
        => FlashFixture.RunAsync(
            line,
            flash.Environment(line),
            ["flash", "--board", "esp32-s3-devkitc", "--port", line.Cable.Name, "--wifi", ssid, "--thing", thing, "--parts", "bme280@0x76", "--wifi-password-stdin", "--hub-address", flash.HubAddress, "--improv"],
            password);

    /// <summary>The application of the board on an empty flash; its second serial line ends in a pseudo-terminal.</summary>
    private sealed class BrowserFlashed : IAsyncDisposable
    {
        private readonly CancellationTokenSource _off = new();
        private readonly Esp32Host _host;
        private readonly Task[] _running;

        public BrowserFlashed(PseudoTerminal cable, string authority, string chip)
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPemFile(authority);
            _host = new Esp32Host(VirtualKind.Find("bme280@0x76"), authorities, TimeProvider.System);
            _host.Board.Chip = chip;
            (_host.Radio.FlashedSsid, _host.Radio.FlashedPassword) = (string.Empty, string.Empty);
            (_host.Radio.AirSsid, _host.Radio.AirPassword) = ("home", "home secret");
            _running = [_host.RunAsync(_off.Token), InAsync(cable), OutAsync(cable)];
        }

        /// <summary>A file of its flash.</summary>
        public byte[] File(string name) => _host.Invoke(_ => ((IBoardFiles)_host.Board.Flash).Read("I:\\" + name));

        public async ValueTask DisposeAsync()
        {
            await _off.CancelAsync();
            await Task.WhenAll(_running);
            _host.Dispose();
            _off.Dispose();
        }

        private async Task InAsync(PseudoTerminal cable)
        {
            byte[] buffer = new byte[512];
            try
            {
                for (int count; (count = await cable.ReadAsync(buffer, _off.Token)) > 0;)
                {
                    _host.Invoke(_ =>
                    {
                        _host.Board.Line?.Write(buffer.AsSpan(0, count));
                        return 0;
                    });
                }
            }
            catch (OperationCanceledException)
            {
                // The board is off.
            }
        }

        private async Task OutAsync(PseudoTerminal cable)
        {
            while (!_off.IsCancellationRequested)
            {
                cable.Write(_host.Invoke(_ => _host.Board.Line?.Take() ?? []));
                // The line's own pace: a real one takes as long for 60 bytes.
                await Task.Delay(5, _off.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }
}
