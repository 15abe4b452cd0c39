using System.Globalization;
using System.Text.RegularExpressions;
using IotXmpp.TestKit;
using IotXmpp.Virtual;
using Xunit;

namespace IotXmpp.Hardware.Tests.Enclosures;

/// <summary>The printable parts: rendered by openscad, closed, and large enough for their boards.</summary>
public sealed partial class EnclosureTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("iotxmpp-enclosure-").FullName;

    public static TheoryData<string> Boards => [.. BoardPinout.All.Select(b => b.Board)];

    public void Dispose() => Directory.Delete(_folder, true);

    [Theory]
    [MemberData(nameof(Boards))]
    public void The_table_of_boards_has_the_sizes_of_the_pins_files(string board)
    {
        BoardPinout pinout = BoardPinout.Find(board)!;
        Match row = BoardRow().Matches(File.ReadAllText(Path.Combine(OpenScad.Folder, "boards.scad"))).First(m => m.Groups[1].Value == board);
        Assert.Equal((pinout.LengthMm, pinout.WidthMm), (Number(row.Groups[2].Value), Number(row.Groups[3].Value)));
    }

    [Theory]
    [MemberData(nameof(Boards))]
    public void A_box_is_closed_and_fits_its_board(string board)
    {
        BoardPinout pinout = BoardPinout.Find(board)!;
        StlMesh mesh = Solid("board-box.scad", $"board=\"{board}\"", "part=\"box\"");
        double around = 2 * (Variable("board-box.scad", "wall") + Variable("board-box.scad", "clearance"));
        (double x, double y, _) = mesh.Size();
        Assert.Equal(pinout.WidthMm + around, x, 0.05);
        Assert.Equal(pinout.LengthMm + around, y, 0.05);
        Assert.True(Variable("board-box.scad", "clearance") >= 0.5, "a printed hole is up to half a millimetre smaller than drawn");
    }

    [Theory]
    [MemberData(nameof(Boards))]
    public void A_lid_is_closed_and_covers_its_box(string board)
    {
        StlMesh lid = Solid("board-box.scad", $"board=\"{board}\"", "part=\"lid\"");
        StlMesh box = Solid("board-box.scad", $"board=\"{board}\"", "part=\"box\"");
        Assert.Equal((box.Size().X, box.Size().Y), (lid.Size().X, lid.Size().Y));
        Assert.Equal(Variable("board-box.scad", "wall") + Variable("board-box.scad", "lip"), lid.Size().Z, 0.05);
    }

    [Fact]
    public void A_sensor_cap_is_closed_and_has_room_for_a_DHT22()
    {
        (double x, double y, double z) = Solid("sensor-cap.scad").Size();
        Assert.True(x > 28 && y > 15 && z > 28);
    }

    [Fact]
    public void A_clip_is_closed_and_holds_a_rail()
    {
        double rail = Variable("din-clip.scad", "rail");
        Assert.InRange(rail, 35.1, 35.6);
        Assert.True(Solid("din-clip.scad", "part=\"clip\"").Size().X > rail + 6);
    }

    [Fact]
    public void A_plate_is_closed() => Assert.Equal(Variable("din-clip.scad", "plate_z"), Solid("din-clip.scad", "part=\"plate\"").Size().Z, 0.05);

    [Theory]
    [InlineData("board-box.scad")]
    [InlineData("sensor-cap.scad")]
    [InlineData("din-clip.scad")]
    public void A_picture_is_rendered(string source)
    {
        string file = Path.Combine(_folder, "part.png");
        OpenScad.Render(source, file);
        byte[] png = File.ReadAllBytes(file);
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], png[..4]);

        // An empty scene of this size is a few hundred bytes.
        Assert.True(png.Length > 2000, $"the picture of {source} shows nothing: {png.Length} bytes");
    }

    [Fact]
    public void The_readme_shows_every_source_with_a_picture()
    {
        string readme = File.ReadAllText(Path.Combine(OpenScad.Folder, "README.md"));
        foreach (string source in Directory.EnumerateFiles(OpenScad.Folder, "*.scad").Where(f => !f.EndsWith("boards.scad", StringComparison.Ordinal)))
        {
            string picture = Path.GetFileNameWithoutExtension(source) + ".png";
            Assert.Contains($"]({picture})", readme, StringComparison.Ordinal);
            Assert.True(File.Exists(Path.Combine(OpenScad.Folder, picture)), $"{picture} is missing: bash hardware/Enclosures/render.sh --pictures");
        }
    }

    [Theory]
    [InlineData("0 0 0,1 0 0,0 1 0", "the edge from 0 0 0 to 1 0 0 is used 1 times one way and 0 times the other")]
    [InlineData("0 0 0,1 0 0,1 0 0", "a triangle at 0 0 0 has no area")]
    [InlineData("", "it has no triangle")]
    public void A_surface_with_a_hole_is_found(string corners, string fault)
        => Assert.Equal(fault, StlMesh.Parse(string.Join('\n', corners.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(c => "vertex " + c))).Fault());

    private StlMesh Solid(string source, params string[] definitions)
    {
        string file = Path.Combine(_folder, Guid.NewGuid().ToString("N") + ".stl");
        string printed = OpenScad.Render(source, file, definitions);
        Assert.DoesNotContain("WARNING", printed, StringComparison.Ordinal);
        StlMesh mesh = StlMesh.Parse(File.ReadAllText(file));
        Assert.Null(mesh.Fault());
        Assert.True(mesh.Volume() > 500, $"{source} is {mesh.Volume()} mm³ of plastic");
        return mesh;
    }

    private static double Variable(string source, string name)
        => Number(Regex.Match(File.ReadAllText(Path.Combine(OpenScad.Folder, source)), $@"^{name} = ([0-9.]+);", RegexOptions.Multiline).Groups[1].Value);

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    [GeneratedRegex("""^\s*\["([a-z0-9-]+)",\s*([0-9.]+),\s*([0-9.]+),""", RegexOptions.Multiline)]
    private static partial Regex BoardRow();
}
