using System.Text;
using IotXmpp.EndToEnd.Cli;
using IotXmpp.Esp32;
using Xunit;

namespace IotXmpp.EndToEnd.Flash;

/// <summary>A board that was flashed, and whose it is: its label claims it, also after a reset to factory state, and the board learns it by the registry (XEP-0347).</summary>
public sealed class ClaimTests(FlashFixture flash) : IClassFixture<FlashFixture>
{
    [Fact]
    public async Task A_board_that_is_reset_is_claimed_by_its_label_and_says_so()
    {
        await using var board = new SimulatedBoard();
        Dictionary<string, string?> boss = flash.Environment(board);
        Dictionary<string, string?> ann = flash.Environment(board, account: "ann");
        CliResult flashed = await FlashFixture.RunAsync(board, boss, flash.Arguments(board, "claim-1"));
        Assert.True(flashed.Code == 0, flashed.ToString());
        string label = DeviceKey.Parse(board.Read("thing.key"), out _).Claim;
        Assert.StartsWith("IoTDisco;SN:claim-1;MODEL:esp32-s3-devkitc-1;KEY:", label, StringComparison.Ordinal);
        Assert.Contains(flashed.Lines, l => l.EndsWith("claim " + label, StringComparison.Ordinal));
        await using CliRun monitor = CliRun.Start(boss, "monitor", "--port", board.Cable.Name);

        // While it is somebody's, nobody else gets it; the answer is that of a thing that is not there.
        CliResult early = await CliRun.RunAsync(ann, "claim", label);
        CliResult never = await CliRun.RunAsync(ann, "claim", label.Replace("claim-1", "claim-2", StringComparison.Ordinal));
        Assert.Equal((6, early.ErrorLine), (never.Code, never.ErrorLine));

        Assert.Equal(0, (await CliRun.RunAsync(boss, "thing", "reset", "claim-1")).Code);
        await monitor.UntilAsync(lines => lines.Any(l => l.Contains("nobody's: it can be claimed", StringComparison.Ordinal)));
        CliResult claimed = await CliRun.RunAsync(ann, "claim", label);
        Assert.True(claimed.Code == 0, claimed.ToString());
        await monitor.UntilAsync(lines => lines.Any(l => l.Contains("claimed by ann@hub.test", StringComparison.Ordinal)));

        // Again after the board itself was started anew: by its owner it is taken again, and nobody has to delete it first.
        await board.ResetAsync();
        await monitor.UntilAsync(lines => lines.Any(l => l.Contains("online as claim-1@hub.test", StringComparison.Ordinal)));
        Assert.Equal(0, (await CliRun.RunAsync(ann, "claim", label)).Code);

        // A new label: the board still announces the old one, and that claims nothing any more.
        CliResult reset = await CliRun.RunAsync(ann, "thing", "reset", "claim-1", "--new-key", "--json");
        Assert.True(reset.Code == 0, reset.ToString());
        string newer = (string)reset.Json[0]["claim"]!;
        Assert.NotEqual(label, newer);
        await board.ResetAsync();
        await monitor.UntilAsync(lines => lines.Count(l => l.Contains("online as claim-1@hub.test", StringComparison.Ordinal)) >= 2);
        Assert.Equal(6, (await CliRun.RunAsync(ann, "claim", label)).Code);
        Assert.Equal(0, (await CliRun.RunAsync(ann, "claim", newer)).Code);
    }

    [Fact]
    public async Task Who_guesses_has_to_wait()
    {
        await using var board = new SimulatedBoard();
        Dictionary<string, string?> ann = flash.Environment(board, account: "ann");
        await flash.Hub.AddAccountAsync("guesser", "a guesser's own password");
        ann["IOTXMPP_JID"] = "guesser@hub.test";
        ann["IOTXMPP_PASSWORD"] = "a guesser's own password";
        for (int i = 0; i < 5; i++)
        {
            CliResult guess = await CliRun.RunAsync(ann, "claim", $"IoTDisco;SN:x;KEY:AAAAAAAAAAAAAAAAAAAA{i}");
            Assert.True(guess.Code == 6, guess.ToString());
        }

        CliResult last = await CliRun.RunAsync(ann, "claim", "IoTDisco;SN:x;KEY:AAAAAAAAAAAAAAAAAAAA9");
        Assert.Equal(1, last.Code);
        Assert.Contains("try again in 10 minutes", last.ErrorLine, StringComparison.Ordinal);
    }
}
