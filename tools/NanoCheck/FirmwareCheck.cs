using IotXmpp.NanoCheck.Api;
using IotXmpp.NanoCheck.Checks;
using IotXmpp.NanoCheck.Flow;
using Mono.Cecil;
using Mono.Cecil.Rocks;

namespace IotXmpp.NanoCheck;

/// <summary>Looks at firmware with all checks.</summary>
internal static class FirmwareCheck
{
    /// <summary>What is wrong, in the order of the sources; nothing when all is well.</summary>
    /// <exception cref="NanoCheckException">A file is no assembly, or refers to one that was not named.</exception>
    internal static IReadOnlyList<Finding> Run(CheckOptions options)
    {
        ApiSurface api = ApiSurface.Read(options.ApiFolder);
        var findings = new List<Finding>();
        foreach (string assembly in options.Assemblies)
        {
            using var resolver = new References([.. options.References, .. options.Assemblies]);
            using ModuleDefinition module = Open(assembly, resolver);
            findings.AddRange(Look(module, assembly, api));
        }

        return findings;
    }

    private static IReadOnlyList<Finding> Look(ModuleDefinition module, string assembly, ApiSurface api)
    {
        var report = new Report(new SourceMap(assembly));
        Check[] checks =
        [
            new TypeShapeCheck(), new InstructionCheck(), new EnumTextCheck(), new StringCheck(), new ApiCheck(api, module), new UnsignedLeakCheck(), new StaticOrderCheck(),
            new DelegateCheck(), new StructKeyCheck(), new MethodShapeCheck(),
        ];
        try
        {
            foreach (TypeDefinition type in module.GetAllTypes())
            {
                foreach (Check check in checks)
                {
                    check.Look(type, report);
                }

                foreach (MethodDefinition method in type.Methods.Where(m => m.HasBody))
                {
                    var code = new MethodCode(method);
                    foreach (Check check in checks)
                    {
                        check.Look(code, report);
                    }
                }
            }
        }
        catch (AssemblyResolutionException e)
        {
            throw new NanoCheckException($"{assembly} refers to {e.AssemblyReference.Name}, which no --reference names");
        }

        return report.Findings;
    }

    private static ModuleDefinition Open(string assembly, IAssemblyResolver resolver)
    {
        try
        {
            bool symbols = File.Exists(Path.ChangeExtension(assembly, ".pdb"));
            return ModuleDefinition.ReadModule(assembly, new ReaderParameters { AssemblyResolver = resolver, ReadSymbols = symbols, InMemory = true });
        }
        catch (Exception e) when (e is BadImageFormatException or Mono.Cecil.Cil.SymbolsNotMatchingException)
        {
            throw new NanoCheckException(e is BadImageFormatException ? $"{assembly} is no .NET assembly" : $"{Path.ChangeExtension(assembly, ".pdb")} is of another build than {assembly}");
        }
    }

    /// <summary>Finds assemblies among those that were named, and nowhere else: what another machine has installed must not matter.</summary>
    private sealed class References(IReadOnlyList<string> files) : BaseAssemblyResolver
    {
        private readonly Dictionary<string, AssemblyDefinition> _open = new(StringComparer.OrdinalIgnoreCase);
        private readonly Dictionary<string, string> _files =
            files.GroupBy(f => Path.GetFileNameWithoutExtension(f), StringComparer.OrdinalIgnoreCase).ToDictionary(g => g.Key, g => g.First(), StringComparer.OrdinalIgnoreCase);

        public override AssemblyDefinition Resolve(AssemblyNameReference name) => Resolve(name, new ReaderParameters());

        public override AssemblyDefinition Resolve(AssemblyNameReference name, ReaderParameters parameters)
        {
            if (_open.TryGetValue(name.Name, out AssemblyDefinition? open))
            {
                return open;
            }

            if (!_files.TryGetValue(name.Name, out string? file))
            {
                throw new AssemblyResolutionException(name);
            }

            return _open[name.Name] = AssemblyDefinition.ReadAssembly(file, new ReaderParameters { AssemblyResolver = this });
        }

        protected override void Dispose(bool disposing)
        {
            foreach (AssemblyDefinition assembly in _open.Values)
            {
                assembly.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
