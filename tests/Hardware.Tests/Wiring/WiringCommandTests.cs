using IotXmpp.TestKit;
using IotXmpp.Wiring;
using Xunit;

namespace IotXmpp.Hardware.Tests.Wiring;

/// <summary>The command as a person meets it.</summary>
public sealed class WiringCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("iotxmpp-wiring-").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    [Fact]
    public void Check_of_the_tree_finds_nothing()
        => Assert.Equal((0, "5 boards checked, nothing found.\n", ""), Run("check", "--boards", Repository.Path("hardware", "Boards")));

    [Fact]
    public void A_picture_that_is_not_current_is_told_rendered_and_then_current()
    {
        Copy("raspberry-pi-4");
        string picture = Path.Combine(_folder, "raspberry-pi-4", "wiring.svg");
        File.AppendAllText(picture, "<!-- changed by hand -->");
        Assert.Equal((1, "1 board checked, 1 found.\n", "raspberry-pi-4: wiring.svg is not current: run tools/Wiring render.\n"), Run("check", "--boards", _folder));
        Assert.Equal((0, "raspberry-pi-4/wiring.svg written\n1 board is current.\n", ""), Run("render", "--boards", _folder));
        Assert.Equal(0, Run("check", "--boards", _folder).Code);
    }

    [Fact]
    public void A_missing_file_is_one_line()
    {
        Copy("raspberry-pi-4");
        File.Delete(Path.Combine(_folder, "raspberry-pi-4", "bom.csv"));
        Assert.Equal((2, "", "raspberry-pi-4: bom.csv is missing.\n"), Run("render", "--boards", _folder));
        Assert.Equal((1, "1 board checked, 1 found.\n", "raspberry-pi-4: bom.csv is missing.\n"), Run("check", "--boards", _folder));
    }

    [Fact]
    public void An_unknown_board_is_one_line_that_names_those_there_are()
    {
        Copy("raspberry-pi-4");
        Assert.Equal((2, "", "There is no board arduino-uno; there are raspberry-pi-4.\n"), Run("render", "arduino-uno", "--boards", _folder));
    }

    [Fact]
    public void A_folder_that_is_not_there_is_one_line()
        => Assert.Equal((2, "", $"There is no folder {_folder}/none.\n"), Run("check", "--boards", _folder + "/none"));

    [Theory]
    [InlineData("There is no command rendr; there are render and check; --help says what is expected.\n", "rendr")]
    [InlineData("There is no option --colour; --help says what is expected.\n", "--colour")]
    [InlineData("There is no option --colour; --help says what is expected.\n", "render", "--colour")]
    [InlineData("There is no option -x; --help says what is expected.\n", "check", "raspberry-pi-4", "-x")]
    [InlineData("Required argument missing for option: '--boards'; --help says what is expected.\n", "check", "--boards")]
    [InlineData("A command is needed: there are render and check; --help says what is expected.\n")]
    public void A_word_that_is_wrong_is_one_line_that_says_which(string line, params string[] args)
        => Assert.Equal((2, "", line), Run(args));

    [Theory]
    [InlineData("--help")]
    [InlineData("render", "--help")]
    public void Help_is_no_mistake(params string[] args)
    {
        (int code, string output, string error) = Run(args);
        Assert.Equal((0, ""), (code, error));
        Assert.StartsWith("Description:", output, StringComparison.Ordinal);
    }

    private static (int Code, string Output, string Error) Run(params string[] args)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        int code = WiringCommand.Run(args, output, error);
        return (code, output.ToString(), error.ToString());
    }

    private void Copy(string board)
    {
        Directory.CreateDirectory(Path.Combine(_folder, board));
        foreach (string file in Directory.EnumerateFiles(Repository.Path("hardware", "Boards", board)))
        {
            File.Copy(file, Path.Combine(_folder, board, Path.GetFileName(file)));
        }
    }
}
