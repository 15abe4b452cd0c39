using IotXmpp.TestKit;
using Microsoft.CodeAnalysis;
using Xunit;

namespace IotXmpp.NanoCheck.Tests;

/// <summary>One example of each fault is found where it stands, and what the runtime can do is let through, compiled as Debug and as Release.</summary>
public sealed class RuleTests
{
    public static TheoryData<string, string, OptimizationLevel> Samples(string file) =>
        [.. from s in Sample.Read(file) from level in (OptimizationLevel[])[OptimizationLevel.Debug, OptimizationLevel.Release] select (file, s.Name, level)];

    [Theory]
    [MemberData(nameof(Samples), "Faults.cs")]
    [MemberData(nameof(Samples), "Good.cs")]
    [MemberData(nameof(Samples), "MoreGood.cs")]
    public void Rules_find_what_is_marked_and_nothing_else(string file, string name, OptimizationLevel level)
    {
        Sample sample = Sample.Read(file).Single(s => s.Name == name);
        using var folder = new TempFolder();
        string assembly = SampleCompiler.Compile(folder.Path, sample.Code, level, out IReadOnlyList<string> errors);
        Assert.True(errors.Count == 0, string.Join("\n", errors));

        IReadOnlyList<Finding> findings = SampleCompiler.Check(assembly);

        Assert.Equal(sample.Expected, findings.Select(f => $"{f.Place.Line} {f.Rule.Id}").Distinct());
        Assert.All(findings, f => Assert.Equal(Path.ChangeExtension(assembly, ".cs"), f.Place.File));
    }

    /// <summary>The compiler refuses it without a type that nanoFramework lacks, so this is compiled for .NET.</summary>
    [Fact]
    public void Volatile_is_found()
    {
        using var folder = new TempFolder();
        string assembly = SampleCompiler.CompileForNet(folder.Path, "public class Flag\n{\n    private volatile bool _stop;\n\n    public bool Stopped() => _stop;\n}\n");
        IEnumerable<Finding> findings = FirmwareCheck.Run(new CheckOptions([assembly], [typeof(object).Assembly.Location], Repository.Path("firmware", "NanoReference", "Api")));
        Assert.Equal([3, 5], findings.Where(f => f.Rule == Rule.Volatile).Select(f => f.Place.Line));
    }

    [Fact]
    public void Method_that_a_pe_has_no_room_for_is_found()
    {
        string cases = string.Concat(Enumerable.Range(0, 256).Select(i => $"            case {i}: return {i * 7 % 251};\n"));
        string parameters = string.Join(", ", Enumerable.Range(0, 255).Select(i => $"int p{i}"));
        string code = $"public class Large\n{{\n    public int Of(int n)\n    {{\n        switch (n)\n        {{\n{cases}        }}\n\n        return 0;\n    }}\n\n    public int Many({parameters}) => 5;\n}}\n";
        using var folder = new TempFolder();
        string assembly = SampleCompiler.Compile(folder.Path, code, OptimizationLevel.Debug, out _);
        Assert.Equal(["5 NANO018", "268 NANO018"], SampleCompiler.Check(assembly).Select(f => $"{f.Place.Line} {f.Rule.Id}"));

        // One less of each fits.
        string smaller = code.Replace("            case 255: return 28;\n", "", StringComparison.Ordinal).Replace(", int p254", "", StringComparison.Ordinal);
        Assert.Empty(SampleCompiler.Check(SampleCompiler.Compile(folder.Path, smaller, OptimizationLevel.Debug, out _)));
    }

    [Fact]
    public void Each_rule_has_an_example()
    {
        IEnumerable<string> shown = Sample.Read("Faults.cs").SelectMany(s => s.Expected).Select(e => e.Split(' ')[1]);
        // a member that is in no list needs a reference assembly that lies: ApiTests; two more have tests of their own
        Assert.Equal(Rule.All.Select(r => r.Id), shown.Concat([Rule.Api.Id, Rule.Volatile.Id, Rule.TooLarge.Id]).Distinct().Order());
    }
}
