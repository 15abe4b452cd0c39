using IotXmpp.TestKit;
using Microsoft.CodeAnalysis;
using Xunit;

namespace IotXmpp.NanoCheck.Tests;

/// <summary>firmware/NanoReference/Language.txt says what was measured on the real compiler and runtime: each of its rows has its example here.</summary>
public sealed class LanguageTests
{
    public static TheoryData<string> Refused() => [.. Sample.Read("Refused.cs").Select(s => s.Name)];

    [Fact]
    public void What_works_there_has_an_example_without_a_finding() => Assert.Equal(
        Rows("OK"), Sample.Read("Good.cs").Concat(Sample.Read("MoreGood.cs")).Where(s => s.Expected.Count == 0).Select(s => s.Row).Order(StringComparer.Ordinal));

    [Fact]
    public void What_breaks_there_is_found_by_a_rule() => Assert.Equal(
        Rows("RUN-FAIL").Concat(Rows("RUN-DIFF")).Order(StringComparer.Ordinal),
        Sample.Read("Faults.cs").Where(s => s.Row != s.Name && s.Expected.Count > 0).Select(s => s.Row).Order(StringComparer.Ordinal));

    [Fact]
    public void What_does_not_compile_there_has_an_example() => Assert.Equal(Rows("CSC-FAIL"), Sample.Read("Refused.cs").Select(s => s.Row).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_does_not_compile_there_does_not_compile_here(string name)
    {
        Sample sample = Sample.Read("Refused.cs").Single(s => s.Name == name);
        using var folder = new TempFolder();
        SampleCompiler.Compile(folder.Path, sample.Code, OptimizationLevel.Release, out IReadOnlyList<string> errors);
        Assert.Contains(errors, e => e.Contains(Code(sample.Row), StringComparison.Ordinal));
    }

    private static IEnumerable<string> Rows(string outcome) => Lines().Where(l => l.Outcome == outcome).Select(l => l.Row).Order(StringComparer.Ordinal);

    private static string Code(string row) => Lines().Single(l => l.Row == row).Result.Split(':')[0];

    private static IEnumerable<(string Outcome, string Row, string Result)> Lines() =>
        from line in File.ReadLines(Repository.Path("firmware", "NanoReference", "Language.txt"))
        where line.Length > 10
        select (line[..10].Trim(), line[10..Math.Min(56, line.Length)].Trim(), line.Length > 56 ? line[56..] : "");
}
