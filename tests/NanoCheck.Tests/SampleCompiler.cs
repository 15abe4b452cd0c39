using IotXmpp.TestKit;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Emit;
using Microsoft.CodeAnalysis.Text;

namespace IotXmpp.NanoCheck.Tests;

/// <summary>Compiles for nanoFramework as the firmware is: against the reference assemblies, with a portable PDB.</summary>
internal static class SampleCompiler
{
    private static readonly string Configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;

    /// <summary>The reference assemblies, by path.</summary>
    public static IReadOnlyList<string> References { get; } =
    [
        .. Directory.EnumerateDirectories(Repository.Path("firmware", "NanoReference"))
            .Select(d => Path.Combine(d, "bin", Configuration, "netnano1.0")).Where(Directory.Exists).SelectMany(d => Directory.EnumerateFiles(d, "*.dll")),
    ];

    private static readonly IReadOnlyList<MetadataReference> MetadataReferences = [.. References.Select(r => MetadataReference.CreateFromFile(r))];

    /// <summary>Compiles code to a library in a folder; its source is written beside it, where the PDB says it is.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="code">The source.</param>
    /// <param name="level">As Debug or as Release.</param>
    /// <param name="errors">What the compiler refused; empty when it compiled.</param>
    /// <param name="name">The name of the assembly.</param>
    /// <param name="more">Further reference assemblies.</param>
    /// <returns>The assembly.</returns>
    public static string Compile(string folder, string code, OptimizationLevel level, out IReadOnlyList<string> errors, string name = "IotXmpp.Sample", params string[] more) =>
        Compile(folder, code, level, name, [.. MetadataReferences, .. more.Select(m => MetadataReference.CreateFromFile(m))], out errors);

    /// <summary>Compiles code against .NET's own library.</summary>
    public static string CompileForNet(string folder, string code) =>
        Compile(folder, code, OptimizationLevel.Release, "IotXmpp.Sample", [MetadataReference.CreateFromFile(typeof(object).Assembly.Location)], out _);

    /// <summary>Looks at an assembly with the lists of this tree.</summary>
    internal static IReadOnlyList<Finding> Check(string assembly, params string[] more) =>
        FirmwareCheck.Run(new CheckOptions([assembly], [.. References, .. more], Repository.Path("firmware", "NanoReference", "Api")));

    private static string Compile(
        string folder, string code, OptimizationLevel level, string name, IEnumerable<MetadataReference> references, out IReadOnlyList<string> errors)
    {
        string source = Path.Combine(folder, name + ".cs");
        string assembly = Path.Combine(folder, name + ".dll");
        File.WriteAllText(source, code);
        SyntaxTree tree = CSharpSyntaxTree.ParseText(
            SourceText.From(File.ReadAllText(source), System.Text.Encoding.UTF8), new CSharpParseOptions(LanguageVersion.CSharp13), source);
        bool program = code.Contains("(\"hello\");", StringComparison.Ordinal);
        var options = new CSharpCompilationOptions(
            program ? OutputKind.ConsoleApplication : OutputKind.DynamicallyLinkedLibrary, optimizationLevel: level, allowUnsafe: true, deterministic: true);
        var compilation = CSharpCompilation.Create(name, [tree], references, options);
        using (FileStream dll = File.Create(assembly))
        using (FileStream pdb = File.Create(Path.ChangeExtension(assembly, ".pdb")))
        {
            EmitResult result = compilation.Emit(dll, pdb, options: new EmitOptions(debugInformationFormat: DebugInformationFormat.PortablePdb));
            errors = [.. result.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error).Select(d => d.ToString())];
        }

        return assembly;
    }
}
