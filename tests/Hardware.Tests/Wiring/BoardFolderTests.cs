using IotXmpp.TestKit;
using IotXmpp.Things;
using IotXmpp.Virtual;
using IotXmpp.Wiring;
using Xunit;

namespace IotXmpp.Hardware.Tests.Wiring;

/// <summary>Every board's folder is whole: its files are there and current, and wiring, parts list and pins say the same.</summary>
public sealed class BoardFolderTests
{
    public static TheoryData<string> Boards => [.. BoardPinout.All.Select(b => b.Board)];

    [Theory]
    [MemberData(nameof(Boards))]
    public void All_files_are_there(string board)
        => Assert.All(BoardFolder.Files, file => Assert.True(File.Exists(Repository.Path("hardware", "Boards", board, file)), $"{board}/{file} is missing"));

    [Theory]
    [MemberData(nameof(Boards))]
    public void The_check_finds_nothing(string board) => Assert.Empty(WiringCheck.Find(Repository.Path("hardware", "Boards", board)));

    [Theory]
    [MemberData(nameof(Boards))]
    public void The_readme_shows_the_pictures_and_says_what_matters(string board)
    {
        string readme = File.ReadAllText(Repository.Path("hardware", "Boards", board, "README.md"));
        Assert.All(["](pinout.svg)", "](wiring.svg)", "## Power", "## Safety", "bom.csv", BoardPinout.Find(board)!.Name], word => Assert.Contains(word, readme, StringComparison.Ordinal));
    }

    /// <summary>What a reader copies from the README works: the firmware's own reader takes the part list and finds every pin.</summary>
    [Theory]
    [MemberData(nameof(Boards))]
    public void The_part_list_of_the_readme_fits_the_board(string board)
    {
        string readme = File.ReadAllText(Repository.Path("hardware", "Boards", board, "README.md"));
        string list = readme.Split("as the part list `")[1].Split('`')[0];
        PartList parts = PartList.Parse(list, out string wrong);
        Assert.Null(wrong);
        Assert.Null(parts.Check(BoardTable.Find(board)));
        Assert.True(parts.Count >= 7);
    }

    /// <summary>The parts of the default part list are on every board that has a pin for them.</summary>
    [Theory]
    [MemberData(nameof(Boards))]
    public void Every_part_that_the_board_has_a_role_for_is_wired(string board)
    {
        BoardFolder folder = BoardFolder.Open(Repository.Path("hardware", "Boards", board));
        (string Role, string Part)[] parts = [("i2c-sda", "BME280"), ("onewire", "DS18B20"), ("dht22", "DHT22"), ("soil", "SOIL"), ("pir", "PIR"), ("relay", "RELAY"), ("servo", "SERVO"), ("led", "LED")];
        Assert.All(parts, p => Assert.Equal(folder.Pinout.Roles.ContainsKey(p.Role), folder.Wiring.Connectors.ContainsKey(p.Part)));
    }
}
