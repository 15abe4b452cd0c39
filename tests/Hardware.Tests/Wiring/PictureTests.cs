using System.Globalization;
using System.Xml.Linq;
using IotXmpp.TestKit;
using IotXmpp.Virtual;
using IotXmpp.Wiring;
using Xunit;

namespace IotXmpp.Hardware.Tests.Wiring;

/// <summary>The pictures can be read: well-formed, no text over another or over the edge, letters large enough for a phone, no two wires on one way.</summary>
public sealed class PictureTests
{
    /// <summary>How wide a phone shows a picture, CSS pixels.</summary>
    private const double Phone = 390;

    private static readonly XNamespace Ns = "http://www.w3.org/2000/svg";

    public static TheoryData<string, string> Pictures => [.. BoardPinout.All.SelectMany(b => new[] { (b.Board, "wiring.svg"), (b.Board, "pinout.svg") })];

    public static TheoryData<string> Boards => [.. BoardPinout.All.Select(b => b.Board)];

    [Theory]
    [MemberData(nameof(Pictures))]
    public void No_text_lies_over_another_or_over_the_edge(string board, string file)
    {
        XElement svg = Load(board, file);
        double width = Number(svg, "width");
        double height = Number(svg, "height");
        var boxes = svg.Descendants(Ns + "text").Select(Box).ToList();
        Assert.NotEmpty(boxes);
        Assert.All(boxes, b => Assert.True(b.Left >= 0 && b.Right <= width && b.Top >= 0 && b.Bottom <= height, $"\"{b.Text}\" leaves the picture"));
        for (int i = 0; i < boxes.Count; i++)
        {
            for (int k = i + 1; k < boxes.Count; k++)
            {
                Assert.False(
                    boxes[i].Left < boxes[k].Right && boxes[k].Left < boxes[i].Right && boxes[i].Top < boxes[k].Bottom && boxes[k].Top < boxes[i].Bottom,
                    $"\"{boxes[i].Text}\" lies over \"{boxes[k].Text}\"");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Pictures))]
    public void Letters_are_large_enough_for_a_phone(string board, string file)
    {
        XElement svg = Load(board, file);
        double scale = Math.Min(1, Phone / Number(svg, "width"));
        Assert.All(svg.Descendants(Ns + "text"), t => Assert.True(Number(t, "font-size") * scale >= 8, $"\"{t.Value}\" is too small"));
    }

    [Theory]
    [MemberData(nameof(Boards))]
    public void Every_wire_has_a_way_of_its_own(string board)
    {
        // Pieces of the same direction that touch would look like one wire; a rail and the wires that end at it are meant to.
        var pieces = new List<(double X1, double Y1, double X2, double Y2, int Path)>();
        XElement[] paths = [.. Load(board, "wiring.svg").Descendants(Ns + "path").Where(p => p.Attribute("stroke")!.Value != "#fff")];
        for (int i = 0; i < paths.Length; i++)
        {
            double[][] points = [.. paths[i].Attribute("d")!.Value[1..].Split('L').Select(p => p.Split(' ').Select(n => double.Parse(n, CultureInfo.InvariantCulture)).ToArray())];
            for (int k = 1; k < points.Length; k++)
            {
                pieces.Add((Math.Min(points[k - 1][0], points[k][0]), Math.Min(points[k - 1][1], points[k][1]), Math.Max(points[k - 1][0], points[k][0]), Math.Max(points[k - 1][1], points[k][1]), i));
            }
        }

        Assert.True(pieces.Count > 40);
        foreach (var a in pieces)
        {
            foreach (var b in pieces.Where(p => p.Path > a.Path))
            {
                bool level = a.Y1 == a.Y2 && b.Y1 == b.Y2 && Math.Abs(a.Y1 - b.Y1) < 5 && a.X1 < b.X2 && b.X1 < a.X2;
                bool upright = a.X1 == a.X2 && b.X1 == b.X2 && Math.Abs(a.X1 - b.X1) < 5 && a.Y1 < b.Y2 && b.Y1 < a.Y2;
                Assert.False(level || upright, $"two wires of {board} run over each other near {a.X1}, {a.Y1}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Boards))]
    public void Every_wire_is_drawn(string board)
    {
        WiringFile wiring = WiringFile.Parse(File.ReadAllText(Repository.Path("hardware", "Boards", board, "wiring.yml")));
        int drawn = Load(board, "wiring.svg").Descendants(Ns + "path").Count(p => p.Attribute("stroke")!.Value != "#fff" && p.Attribute("stroke-width")!.Value == "3");
        Assert.Equal(wiring.Wires.Count, drawn);
    }

    [Theory]
    [MemberData(nameof(Boards))]
    public void Every_pin_and_role_is_in_the_pinout(string board)
    {
        BoardPinout pinout = BoardPinout.Find(board)!;
        string[] texts = [.. Load(board, "pinout.svg").Descendants(Ns + "text").Select(t => t.Value)];
        Assert.All(pinout.Pins, p => Assert.Contains($"GPIO {p.Gpio}", texts));
        Assert.All(pinout.Roles.Keys, role => Assert.Contains(role, texts));
    }

    private static XElement Load(string board, string file) => XDocument.Load(Repository.Path("hardware", "Boards", board, file)).Root!;

    private static double Number(XElement element, string name) => double.Parse(element.Attribute(name)!.Value, CultureInfo.InvariantCulture);

    private static (string Text, double Left, double Right, double Top, double Bottom) Box(XElement text)
    {
        double size = Number(text, "font-size");
        double width = Svg.Width(text.Value, size, text.Attribute("font-weight") is not null);
        double x = Number(text, "x");
        double left = text.Attribute("text-anchor")?.Value switch { "end" => x - width, "middle" => x - (width / 2), _ => x };
        double y = Number(text, "y");
        return (text.Value, left, left + width, y - (size * 0.76), y + (size * 0.2));
    }
}
