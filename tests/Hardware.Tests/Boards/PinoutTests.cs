using System.Text.Json;
using System.Text.Json.Nodes;
using IotXmpp.TestKit;
using IotXmpp.Virtual;
using Json.Schema;
using Xunit;

namespace IotXmpp.Hardware.Tests.Boards;

/// <summary>The boards' files: of the form that the schema says, read as the firmware's tools read them, and refused with one line when something cannot be.</summary>
public sealed class PinoutTests
{
    private static readonly JsonSchema Schema = JsonSchema.FromText(File.ReadAllText(Repository.Path("hardware", "Boards", "pins.schema.json")));

    public static TheoryData<string> Boards => [.. Directory.EnumerateDirectories(Repository.Path("hardware", "Boards")).Select(d => Path.GetFileName(d)).Order(StringComparer.Ordinal)];

    [Fact]
    public void The_five_boards_are_there()
        => Assert.Equal(["esp32-c3-devkitm-1", "esp32-devkitc-v4", "esp32-s3-devkitc-1", "raspberry-pi-4", "raspberry-pi-zero-2w"], BoardPinout.All.Select(b => b.Board).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Boards))]
    public void The_file_is_as_the_schema_says(string board)
    {
        using JsonDocument document = JsonDocument.Parse(Text(board));
        EvaluationResults results = Schema.Evaluate(document.RootElement, new EvaluationOptions { OutputFormat = OutputFormat.List });
        Assert.True(results.IsValid, string.Join("; ", (results.Details ?? []).Where(d => d.Errors is { Count: > 0 }).Select(d => $"{d.InstanceLocation}: {string.Join(", ", d.Errors!.Values)}")));
    }

    [Theory]
    [InlineData("/pins/0/can/0", "\"analog\"")]
    [InlineData("/family", "\"arduino\"")]
    [InlineData("/nano/deployAddress", "1769472")]
    [InlineData("/roles/lamp", "4")]
    public void The_schema_refuses(string pointer, string value)
    {
        using JsonDocument document = JsonDocument.Parse(Changed(Text("esp32-s3-devkitc-1"), pointer, value));
        Assert.False(Schema.Evaluate(document.RootElement).IsValid);
    }

    [Theory]
    [MemberData(nameof(Boards))]
    public void The_file_is_read_and_found_by_its_folders_name(string board)
    {
        BoardPinout pinout = BoardPinout.Parse(Text(board));
        Assert.Equal(board, pinout.Board);
        Assert.Equal(pinout.Name, BoardPinout.Find(board.ToUpperInvariant())?.Name);
        Assert.All(pinout.Aliases, alias => Assert.Equal(board, BoardPinout.Find(alias)?.Board));
    }

    [Fact]
    public void No_two_boards_share_a_name()
    {
        string[] names = [.. BoardPinout.All.SelectMany(b => b.Aliases.Append(b.Board))];
        Assert.Equal(names.Length, names.Distinct(StringComparer.OrdinalIgnoreCase).Count());
    }

    /// <summary>The deploy partition is where nanoFramework's tables have it for the chip and its flash; on another address the runtime would be overwritten.</summary>
    [Theory]
    [InlineData("esp32-devkitc-v4", "ESP32_REV3", 0x1E0000, 0x3C0000)]
    [InlineData("esp32-s3-devkitc-1", "ESP32_S3_QUAD", 0x1B0000, 0x490000)]
    [InlineData("esp32-c3-devkitm-1", "ESP32_C3", 0x1B0000, 0x3C0000)]
    public void The_partitions_are_nanoFrameworks(string board, string target, int deploy, int config)
    {
        NanoLayout nano = BoardPinout.Find(board)!.Nano!;
        Assert.Equal((target, 0x10000, deploy, config), (nano.Target, nano.RuntimeAddress, nano.DeployAddress, nano.ConfigAddress));
    }

    [Theory]
    [InlineData("esp32-devkitc-v4")]
    [InlineData("esp32-s3-devkitc-1")]
    public void Sensors_actuators_and_bus_have_a_pin(string board)
    {
        BoardPinout pinout = BoardPinout.Find(board)!;
        Assert.All(["i2c-sda", "i2c-scl", "onewire", "onewire-rx", "dht22", "pir", "soil", "relay", "servo", "led", "button"], role => Assert.NotNull(pinout.Role(role)));
    }

    [Theory]
    [InlineData("/roles/relay", "99", "relay is at GPIO 99, which the board does not have")]
    [InlineData("/roles/relay", "20", "relay is at GPIO 20, which is reserved: USB D+: the port marked USB")]
    [InlineData("/roles/relay", "4", "dht22 and relay are both at GPIO 4")]
    [InlineData("/roles/relay", "0", "relay is at GPIO 0, which cannot be driven")]
    [InlineData("/roles/soil", "21", "soil is at GPIO 21, which cannot measure a voltage")]
    [InlineData("/roles/lamp", "21", "\"lamp\" is no role")]
    [InlineData("/pins/1/gpio", "0", "GPIO 0 is told twice")]
    [InlineData("/pins/1/position", "5", "two pins are at J3.5")]
    [InlineData("/pins/1/position", "23", "there is no pin 23 on header J3")]
    [InlineData("/pins/1/can/0", "\"out\"", "GPIO 1 can \"out\", which is not known")]
    [InlineData("/pins/3/note", "\"\"", "GPIO 3 is reserved and does not say why")]
    [InlineData("/nano/deployBytes", "3080192", "the partitions overlap or leave the flash")]
    public void A_board_that_cannot_be_is_refused_with_one_line(string pointer, string value, string message)
    {
        var e = Assert.Throws<FormatException>(() => BoardPinout.Parse(Changed(Text("esp32-s3-devkitc-1"), pointer, value)));
        Assert.StartsWith("pins.json of esp32-s3-devkitc-1: " + message, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Theory]
    [InlineData("{", "This is no pins.json: line 1 is not JSON.")]
    [InlineData("[]", "pins.json: the file is no object.")]
    [InlineData("{}", "pins.json: the file lacks \"board\".")]
    [InlineData("{\"board\":7}", "pins.json: \"board\" of the file is not text.")]
    public void A_file_of_another_form_is_refused_with_one_line(string json, string message)
        => Assert.Equal(message, Assert.Throws<FormatException>(() => BoardPinout.Parse(json)).Message);

    private static string Text(string board) => File.ReadAllText(Repository.Path("hardware", "Boards", board, "pins.json"));

    private static string Changed(string json, string pointer, string value)
    {
        JsonNode root = JsonNode.Parse(json)!;
        string[] steps = pointer.Split('/')[1..];
        JsonNode at = root;
        foreach (string step in steps[..^1])
        {
            at = at is JsonArray list ? list[int.Parse(step, System.Globalization.CultureInfo.InvariantCulture)]! : at[step]!;
        }

        if (at is JsonArray array)
        {
            array[int.Parse(steps[^1], System.Globalization.CultureInfo.InvariantCulture)] = JsonNode.Parse(value);
        }
        else
        {
            at[steps[^1]] = JsonNode.Parse(value);
        }

        return root.ToJsonString();
    }
}
