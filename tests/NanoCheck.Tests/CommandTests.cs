using IotXmpp.TestKit;
using Microsoft.CodeAnalysis;
using Xunit;

namespace IotXmpp.NanoCheck.Tests;

/// <summary>The command line says what is wrong with it in one line, and its findings are what MSBuild reads.</summary>
public sealed class CommandTests : IDisposable
{
    private readonly TempFolder _folder = new("nanocheck");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Findings_are_lines_for_msbuild_and_the_exit_code_is_1()
    {
        string assembly = Compile("public static class A\n{\n    public static int Add(int a, int b) => checked(a + b);\n}\n");
        (int exit, string output, string error) = Run([assembly, .. References()]);
        Assert.Equal(1, exit);
        Assert.Empty(error);
        Assert.Matches(@"^\S+IotXmpp\.Sample\.cs\(3,44\): error NANO005: .+\.\n$", output);
    }

    [Fact]
    public void Nothing_found_prints_nothing()
    {
        string list = _folder.File("references.txt");
        File.WriteAllLines(list, [.. SampleCompiler.References, ""]);
        Assert.Equal((0, "", ""), Run([Compile("public class A { }"), "--references", list, "--api", Repository.Path("firmware", "NanoReference", "Api")]));
    }

    [Fact]
    public void Help_names_every_option_and_exit_code()
    {
        (int exit, string output, _) = Run(["--help"]);
        Assert.Equal(0, exit);
        Assert.All((string[])["ASSEMBLY", "--reference ", "--references", "--api", "--rules", "Exit codes: 0"], o => Assert.Contains(o, output, StringComparison.Ordinal));
    }

    [Fact]
    public void Rules_are_the_table_of_the_readme()
    {
        (int exit, string output, _) = Run(["--rules"]);
        Assert.Equal(0, exit);
        Assert.Contains(output, File.ReadAllText(Repository.Path("tools", "NanoCheck", "README.md")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Say which assembly to look at")]
    [InlineData("There is no option --verbose", "--verbose")]
    [InlineData("There is no assembly nowhere.dll", "nowhere.dll")]
    [InlineData("--api needs a value", "GOOD", "--api")]
    [InlineData("--reference needs a value", "GOOD", "--reference", "--api")]
    [InlineData("There is no reference nowhere.dll", "GOOD", "--reference", "nowhere.dll")]
    [InlineData("There is no list of references nowhere.txt", "GOOD", "--references", "nowhere.txt")]
    [InlineData("There is no folder nowhere for --api", "GOOD", "--api", "nowhere")]
    [InlineData("--api is given twice", "GOOD", "--api", "FOLDER", "--api", "FOLDER")]
    [InlineData("There is no list in FOLDER/empty", "GOOD", "--api", "FOLDER/empty")]
    [InlineData("--rules stands alone", "GOOD", "--rules")]
    [InlineData("GOOD refers to mscorlib, which no --reference names", "GOOD")]
    [InlineData("TEXT is no .NET assembly", "TEXT")]
    public void Wrong_use_is_said_in_one_line(string expected, params string[] arguments)
    {
        Directory.CreateDirectory(_folder.File("empty"));
        File.WriteAllText(_folder.File("text.dll"), "no assembly");
        string good = Compile("public class A { public int Of(System.DateTimeKind kind) => (int)kind % 3; }");
        string Real(string text) => text.Replace("GOOD", good, StringComparison.Ordinal).Replace("FOLDER", _folder.Path, StringComparison.Ordinal)
            .Replace("TEXT", _folder.File("text.dll"), StringComparison.Ordinal);

        (int exit, string output, string error) = Run([.. arguments.Select(Real)]);

        Assert.Equal(2, exit);
        Assert.Equal($"nanocheck: {Real(expected)}. See nanocheck --help.\n", error);
        Assert.True(output.Length == 0 || arguments.Contains("--rules"));
    }

    [Fact]
    public void List_that_cannot_be_read_is_named_with_its_line()
    {
        string api = Directory.CreateDirectory(_folder.File("api")).FullName;
        File.WriteAllText(Path.Combine(api, "mscorlib.txt"), "# mscorlib\nT class System.Object\nM void System.Other.Method()\n");
        (int exit, _, string error) = Run([Compile("public class A { }"), "--api", api]);
        Assert.Equal(2, exit);
        Assert.Contains("mscorlib.txt(3,1) cannot be read: M void System.Other.Method()", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Debug_information_of_another_build_is_named()
    {
        string assembly = Compile("public class A { public int B() => 1; }");
        byte[] old = File.ReadAllBytes(Path.ChangeExtension(assembly, ".pdb"));
        Compile("public class A { public int B() => 2; public int C() => 3; }");
        File.WriteAllBytes(Path.ChangeExtension(assembly, ".pdb"), old);
        (int exit, _, string error) = Run([assembly, .. References()]);
        Assert.Equal(2, exit);
        Assert.Contains("is of another build than", error, StringComparison.Ordinal);
    }

    private static IEnumerable<string> References() => SampleCompiler.References.SelectMany(r => (string[])["--reference", r]);

    private static (int Exit, string Output, string Error) Run(IReadOnlyList<string> arguments)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        int exit = NanoCheckCommand.Run(arguments, output, error);
        return (exit, output.ToString(), error.ToString());
    }

    private string Compile(string code)
    {
        string assembly = SampleCompiler.Compile(_folder.Path, code, OptimizationLevel.Release, out IReadOnlyList<string> errors);
        Assert.True(errors.Count == 0, string.Join("\n", errors));
        return assembly;
    }
}
