using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace IotXmpp.TestKit.Corpus;

/// <summary>What a parser must say of a sample; tests/Corpus/README.md has the meanings.</summary>
public enum Verdict
{
    /// <summary>Taken.</summary>
    Ok,

    /// <summary>Not well-formed.</summary>
    Malformed,

    /// <summary>Refused by one error or another.</summary>
    Refused,

    /// <summary>Well-formed, and forbidden on streams (RFC 6120 §11.1).</summary>
    Restricted,

    /// <summary>Over a bound.</summary>
    Limit,

    /// <summary>Another encoding than UTF-8 is declared.</summary>
    Encoding,

    /// <summary>Something other than elements and white space between stanzas.</summary>
    Format,
}

/// <summary>A piece of wire with its verdict.</summary>
/// <param name="Name">File and name.</param>
/// <param name="Verdict">What must be said of it.</param>
/// <param name="Document">The bytes of a whole document: for a sample of a stream, with a root around it.</param>
public sealed partial record Sample(string Name, Verdict Verdict, byte[] Document)
{
    /// <summary>The root that stands around samples of a stream.</summary>
    public const string Root = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>";

    private static readonly Lazy<IReadOnlyDictionary<string, Sample>> Loaded = new(() => Load().ToDictionary(s => s.Name));

    /// <summary>All samples of tests/Corpus by their names.</summary>
    public static IReadOnlyDictionary<string, Sample> All => Loaded.Value;

    private static IEnumerable<Sample> Load()
    {
        var folder = Repository.Path("tests", "Corpus");
        foreach (var file in Directory.EnumerateFiles(folder, "*.corpus", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var prefix = Path.ChangeExtension(Path.GetRelativePath(folder, file), null);
            foreach (Match match in Entry().Matches(File.ReadAllText(file)))
            {
                var text = match.Groups["text"].Value;
                var bytes = match.Groups["document"].Success ? Fill(text) : Fill(Root + text + "</stream:stream>");
                yield return new Sample($"{prefix}: {match.Groups["name"].Value}", Enum.Parse<Verdict>(match.Groups["verdict"].Value, ignoreCase: true), bytes);
            }
        }
    }

    private static byte[] Fill(string text)
    {
        var bytes = new List<byte>();
        var end = 0;
        foreach (Match hole in Hole().Matches(text))
        {
            bytes.AddRange(Encoding.UTF8.GetBytes(text[end..hole.Index]));
            end = hole.Index + hole.Length;
            var words = hole.Groups[1].Value.Split(' ', 3);
            bytes.AddRange(words[0] switch
            {
                "hex" => Convert.FromHexString(hole.Groups[1].Value[4..].Replace(" ", "", StringComparison.Ordinal)),
                "repeat" => Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(words[2], int.Parse(words[1], CultureInfo.InvariantCulture)))),
                _ => throw new InvalidDataException($"unknown: {hole.Value}"),
            });
        }

        bytes.AddRange(Encoding.UTF8.GetBytes(text[end..]));
        return [.. bytes];
    }

    [GeneratedRegex(@"^=== (?<name>.+) : (?<verdict>\w+)(?<document> document)?\n(?<text>(?:(?!=== ).*\n?)*?)(?:\n(?==== )|\n?\z)", RegexOptions.Multiline)]
    private static partial Regex Entry();

    [GeneratedRegex("⟦([^⟧]*)⟧")]
    private static partial Regex Hole();
}
