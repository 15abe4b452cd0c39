using System.Globalization;

namespace IotXmpp.Hardware.Tests.Enclosures;

/// <summary>A surface of triangles as openscad writes it (ASCII STL).</summary>
internal sealed class StlMesh
{
    private StlMesh(List<(string A, string B, string C)> triangles) => Triangles = triangles;

    /// <summary>The triangles; a corner is the text of its coordinates, so that equal corners are equal.</summary>
    internal IReadOnlyList<(string A, string B, string C)> Triangles { get; }

    internal static StlMesh Parse(string text)
    {
        string[] corners = [.. text.Split('\n').Select(l => l.Trim()).Where(l => l.StartsWith("vertex ", StringComparison.Ordinal)).Select(l => l["vertex ".Length..])];
        return new StlMesh([.. corners.Chunk(3).Select(c => (c[0], c[1], c[2]))]);
    }

    /// <summary>
    /// Why the surface is no closed manifold, or null: each edge must be used by exactly two triangles, in opposite directions, and no triangle may be
    /// without area.
    /// </summary>
    internal string? Fault()
    {
        var edges = new Dictionary<(string, string), int>();
        foreach ((string a, string b, string c) in Triangles)
        {
            if (a == b || b == c || c == a)
            {
                return $"a triangle at {a} has no area";
            }

            foreach ((string, string) edge in new[] { (a, b), (b, c), (c, a) })
            {
                edges[edge] = edges.GetValueOrDefault(edge) + 1;
            }
        }

        foreach (((string from, string to), int uses) in edges)
        {
            if (uses != 1 || edges.GetValueOrDefault((to, from)) != 1)
            {
                return $"the edge from {from} to {to} is used {uses} times one way and {edges.GetValueOrDefault((to, from))} times the other";
            }
        }

        return edges.Count == 0 ? "it has no triangle" : null;
    }

    /// <summary>How long the part is along each axis, mm.</summary>
    internal (double X, double Y, double Z) Size()
    {
        double[][] points = [.. Triangles.SelectMany(t => new[] { t.A, t.B, t.C }).Select(Point)];
        double Along(int axis) => points.Max(p => p[axis]) - points.Min(p => p[axis]);
        return (Along(0), Along(1), Along(2));
    }

    /// <summary>How much plastic it is, mm³; negative when the surface is inside out.</summary>
    internal double Volume() => Triangles.Sum(t =>
    {
        (double[] a, double[] b, double[] c) = (Point(t.A), Point(t.B), Point(t.C));
        return ((a[0] * ((b[1] * c[2]) - (b[2] * c[1]))) + (a[1] * ((b[2] * c[0]) - (b[0] * c[2]))) + (a[2] * ((b[0] * c[1]) - (b[1] * c[0])))) / 6;
    });

    private static double[] Point(string corner) => [.. corner.Split(' ').Select(n => double.Parse(n, CultureInfo.InvariantCulture))];
}
