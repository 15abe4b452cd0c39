using System.Text.RegularExpressions;
using IotXmpp.TestKit;

namespace IotXmpp.NanoCheck.Tests;

/// <summary>
/// A piece of a file in Samples: from a line <c>//# name</c> to the next one, and compiled alone. Behind a bar stands the row of firmware/NanoReference/Language.txt that it is an example
/// of. A line that ends with <c>// &lt;- NANO001</c> must be found by that rule, any other line by none.
/// </summary>
public sealed partial class Sample
{
    private Sample(string file, string head, int line, string code)
    {
        string[] parts = head.Split(" | ", 2);
        File = file;
        Name = parts[0];
        Row = parts[^1];
        Line = line;
        Code = code;
        Expected = [.. code.Split('\n').SelectMany((text, i) => Mark().Matches(text).Select(m => $"{i + 1} {m.Groups[1].Value}"))];
    }

    public string File { get; }

    public string Name { get; }

    /// <summary>The row of Language.txt; the name itself when none is named.</summary>
    public string Row { get; }

    /// <summary>Where the piece starts in its file.</summary>
    public int Line { get; }

    public string Code { get; }

    /// <summary>Line of the piece and rule, such as <c>12 NANO004</c>.</summary>
    public IReadOnlyList<string> Expected { get; }

    public static IReadOnlyList<Sample> Read(string file)
    {
        string[] lines = System.IO.File.ReadAllLines(Repository.Path("tests", "NanoCheck.Tests", "Samples", file));
        int[] starts = [.. lines.Index().Where(l => l.Item.StartsWith("//# ", StringComparison.Ordinal)).Select(l => l.Index)];
        return [.. starts.Select((start, i) => new Sample(
            file, lines[start][4..], start + 1, string.Join('\n', lines[start..(i + 1 < starts.Length ? starts[i + 1] : lines.Length)])))];
    }

    public override string ToString() => Name;

    [GeneratedRegex(@"// <- (NANO\d+)")]
    private static partial Regex Mark();
}
