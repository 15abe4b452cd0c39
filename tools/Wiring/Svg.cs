using System.Globalization;
using System.Security;
using System.Text;

namespace IotXmpp.Wiring;

/// <summary>Writes an SVG picture. Lengths are CSS pixels; the picture scales to the width it is shown in.</summary>
internal sealed class Svg
{
    private readonly StringBuilder _body = new();

    /// <summary>How wide a text is in the widest of the fonts that browsers take for ours (DejaVu Sans).</summary>
    internal static double Width(string text, double size, bool bold = false)
        => text.Sum(c => c switch
        {
            'i' or 'j' or 'l' or '.' or ',' or ':' or ';' or '·' or ' ' or '\'' => 0.32,
            'f' or 't' or 'r' or '(' or ')' or '-' => 0.42,
            'm' or 'w' or 'M' or 'W' or '+' or '×' => 0.95,
            >= 'A' and <= 'Z' => 0.72,
            _ => 0.63,
        }) * size * (bold ? 1.1 : 1);

    /// <summary>A filled rectangle.</summary>
    internal void Box(double x, double y, double width, double height, string fill, double radius = 0, string? stroke = null)
        => _body.Append(CultureInfo.InvariantCulture, $"<rect x=\"{N(x)}\" y=\"{N(y)}\" width=\"{N(width)}\" height=\"{N(height)}\" fill=\"{fill}\"")
            .Append(radius > 0 ? $" rx=\"{N(radius)}\"" : "").Append(stroke is null ? "" : $" stroke=\"{stroke}\"").Append("/>\n");

    /// <summary>A filled circle.</summary>
    internal void Dot(double x, double y, double radius, string fill, string? stroke = null)
        => _body.Append(CultureInfo.InvariantCulture, $"<circle cx=\"{N(x)}\" cy=\"{N(y)}\" r=\"{N(radius)}\" fill=\"{fill}\"").Append(stroke is null ? "" : $" stroke=\"{stroke}\"").Append("/>\n");

    /// <summary>A line with corners, and a white seam beside it where it crosses others.</summary>
    internal void Line(string color, double width, params ReadOnlySpan<(double X, double Y)> points)
    {
        var path = new StringBuilder();
        foreach ((double x, double y) in points)
        {
            path.Append(path.Length == 0 ? 'M' : 'L').Append(N(x)).Append(' ').Append(N(y));
        }

        _body.Append(CultureInfo.InvariantCulture, $"<path d=\"{path}\" fill=\"none\" stroke=\"#fff\" stroke-width=\"{N(width + 3)}\" stroke-linejoin=\"round\"/>\n");
        _body.Append(CultureInfo.InvariantCulture, $"<path d=\"{path}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"{N(width)}\" stroke-linejoin=\"round\" stroke-linecap=\"round\"/>\n");
    }

    /// <summary>A line of text; y is its base line, the anchor <c>start</c>, <c>middle</c> or <c>end</c>.</summary>
    internal void Text(double x, double y, string text, double size, string fill, string anchor = "start", bool bold = false)
        => _body.Append(CultureInfo.InvariantCulture, $"<text x=\"{N(x)}\" y=\"{N(y)}\" font-size=\"{N(size)}\" fill=\"{fill}\"")
            .Append(anchor == "start" ? "" : $" text-anchor=\"{anchor}\"").Append(bold ? " font-weight=\"700\"" : "").Append('>').Append(SecurityElement.Escape(text)).Append("</text>\n");

    /// <summary>A rounded label that is as wide as its text needs.</summary>
    /// <returns>Its width.</returns>
    internal double Pill(double x, double y, string text, double size, string fill, string ink, bool toLeft = false, string? stroke = null)
    {
        double width = Width(text, size, true) + 12;
        double left = toLeft ? x - width : x;
        Box(left, y - (size * 0.78), width, size * 1.5, fill, size * 0.45, stroke);
        Text(left + (width / 2), y + (size * 0.34), text, size, ink, "middle", true);
        return width;
    }

    /// <summary>The whole picture; the title says what it shows, for who cannot see it.</summary>
    internal string Finish(double width, double height, string title)
        => string.Create(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {N(width)} {N(height)}\" width=\"{N(width)}\" height=\"{N(height)}\" role=\"img\" font-family=\"system-ui, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif\">\n")
            + $"<title>{SecurityElement.Escape(title)}</title>\n"
            + string.Create(CultureInfo.InvariantCulture, $"<rect width=\"{N(width)}\" height=\"{N(height)}\" fill=\"#fff\" rx=\"12\"/>\n") + _body + "</svg>\n";

    /// <summary>Breaks a text into lines that are no wider than told.</summary>
    internal static List<string> Wrap(string text, double size, double width)
    {
        var lines = new List<string>();
        string line = "";
        foreach (string word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            string longer = line.Length == 0 ? word : line + " " + word;
            if (line.Length > 0 && Width(longer, size) > width)
            {
                lines.Add(line);
                longer = word;
            }

            line = longer;
        }

        return line.Length == 0 ? lines : [.. lines, line];
    }

    private static string N(double value) => Math.Round(value, 1).ToString("0.#", CultureInfo.InvariantCulture);
}
