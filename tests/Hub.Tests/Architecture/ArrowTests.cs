using System.Xml.Linq;
using IotXmpp.TestKit;
using Mono.Cecil;
using Mono.Cecil.Rocks;
using Xunit;

namespace IotXmpp.Hub.Tests.Architecture;

/// <summary>Holds the arrows of the house: which room may see which. They are read from project files and compiled code, not from a drawing.</summary>
public sealed class ArrowTests
{
    /// <summary>What each project may reference directly; a folder that ends with / stands for all below that are not named themselves. What is not named here may not exist.</summary>
    private static readonly Dictionary<string, string[]> Arrows = new()
    {
        ["firmware/Core"] = [],
        ["firmware/Things"] = ["firmware/Core", "firmware/Virtual/Devices"],
        ["firmware/Esp32"] = ["firmware/Core", "firmware/Things"],
        ["firmware/Gateway"] = ["firmware/Core", "firmware/Things", "firmware/Host", "firmware/Virtual/Devices"],
        ["firmware/Host"] = ["firmware/Core"],
        ["firmware/SelfTest"] = ["firmware/Core"],
        ["firmware/Virtual"] = ["firmware/"],
        ["firmware/Virtual/Devices"] = [],
        ["firmware/Nano/"] = ["firmware/Nano/", "firmware/NanoReference/"],
        ["firmware/NanoReference/"] = ["firmware/NanoReference/"],
        ["hub/Xmpp"] = ["firmware/Core"],
        ["hub/Storage"] = [],
        ["hub/Features"] = ["hub/Xmpp", "hub/Storage"],
        ["hub/Cluster.RabbitMq"] = ["hub/Xmpp"],
        ["hub/Dashboard"] = ["hub/Xmpp", "hub/Features"],
        ["hub/Server"] = ["hub/"],
        ["tools/"] = ["firmware/", "hub/", "tools/"],
        ["tools/NanoCheck"] = [],
        ["tests/"] = ["firmware/", "hub/", "tools/", "tests/"],
    };

    /// <summary>Longer than 500 lines, and why that was unavoidable so far; the number is a ceiling.</summary>
    private static readonly Dictionary<string, int> LongFiles = new()
    {
        // One state machine each: resumable parsers.
        ["firmware/Core/Xml/XmlPullParser.cs"] = 780,
        ["hub/Xmpp/Xml/StreamTokenizer.cs"] = 600,
    };

    /// <summary>All projects, as paths from the root with forward slashes.</summary>
    public static TheoryData<string> Projects() => [.. ProjectFiles()];

    [Theory]
    [MemberData(nameof(Projects))]
    public void Project_references_only_what_it_may(string project)
    {
        var folder = Path.GetDirectoryName(project)!.Replace('\\', '/');
        var rule = Arrows.Where(a => a.Key == folder || (a.Key.EndsWith('/') && folder.StartsWith(a.Key, StringComparison.Ordinal) && !Arrows.ContainsKey(folder))).ToList();
        Assert.True(rule.Count == 1, $"no arrow is drawn for {folder}: see {nameof(Arrows)}");
        foreach (var target in References(project))
        {
            Assert.True(
                rule[0].Value.Any(may => target == may || (may.EndsWith('/') && target.StartsWith(may, StringComparison.Ordinal))),
                $"{folder} must not reference {target}");
        }
    }

    /// <summary>The build of the firmware runs NanoCheck, and sees nothing of it but its path.</summary>
    [Fact]
    public void Firmware_for_nanoFramework_sees_reference_assemblies_and_the_path_of_NanoCheck()
    {
        var references = XDocument.Load(Repository.Path("nanoFramework.props")).Descendants("ProjectReference").ToList();
        Assert.Equal(2, references.Count);
        Assert.Contains("firmware/NanoReference/", references[0].Attribute("Include")!.Value, StringComparison.Ordinal);
        Assert.EndsWith("tools/NanoCheck/IotXmpp.NanoCheck.csproj", references[1].Attribute("Include")!.Value, StringComparison.Ordinal);
        Assert.Equal("false", references[1].Attribute("ReferenceOutputAssembly")!.Value);
    }

    [Fact]
    public void Core_imports_nothing() => Assert.DoesNotContain(
        Module("IotXmpp.Core").AssemblyReferences, r => !r.Name.StartsWith("System.", StringComparison.Ordinal));

    [Fact]
    public void Storage_imports_none_of_ours() => Assert.DoesNotContain(
        Module("IotXmpp.Hub.Storage").AssemblyReferences, r => r.Name.StartsWith("IotXmpp", StringComparison.Ordinal));

    /// <summary>Not in code, not in text: firmware is built and understood without the hub.</summary>
    [Fact]
    public void Firmware_never_names_the_hub()
    {
        foreach (var file in Sources("firmware"))
        {
            Assert.DoesNotContain("IotXmpp.Hub", File.ReadAllText(file), StringComparison.Ordinal);
        }
    }

    /// <summary>A feature may use what another offers, not how it does it.</summary>
    [Fact]
    public void Features_do_not_see_the_internals_of_their_siblings()
    {
        var found = new List<string>();
        var module = Module("IotXmpp.Hub.Features");
        foreach (var type in module.GetAllTypes())
        {
            foreach (var reference in Uses(type))
            {
                var target = (reference as TypeReference ?? reference.DeclaringType)?.Resolve();
                if (target is null || target.Module != module || Feature(target) == Feature(type) || Feature(target).Length == 0)
                {
                    continue;
                }

                var hidden = !IsPublic(target) || (reference.Resolve() is MethodDefinition { IsPublic: false, IsFamily: false } or FieldDefinition { IsPublic: false, IsFamily: false });
                if (hidden)
                {
                    found.Add($"{type.FullName} uses {reference.FullName}");
                }
            }
        }

        Assert.Empty(found.Distinct());
    }

    [Fact]
    public void Only_one_project_knows_RabbitMQ()
    {
        foreach (var project in ProjectFiles().Where(p => !p.StartsWith("hub/Cluster.RabbitMq/", StringComparison.Ordinal)))
        {
            Assert.DoesNotContain("RabbitMQ.Client", File.ReadAllText(Repository.Path(project)), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Versions_of_packages_stand_in_one_table()
    {
        foreach (var project in ProjectFiles())
        {
            Assert.DoesNotContain(
                XDocument.Load(Repository.Path(project)).Descendants("PackageReference"), p => p.Attribute("Version") is not null || p.Element("Version") is not null);
        }
    }

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        var solution = File.ReadAllText(Repository.Path("IotXmpp.sln")).Replace('\\', '/');
        foreach (var project in ProjectFiles())
        {
            Assert.Contains($"\"{project}\"", solution, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Files_stay_short()
    {
        var tooLong = new List<string>();
        foreach (var file in Sources("firmware").Concat(Sources("hub")).Concat(Sources("tools")).Concat(Sources("tests")))
        {
            var name = Path.GetRelativePath(Repository.Root, file).Replace('\\', '/');
            var limit = LongFiles.GetValueOrDefault(name, 500);
            var lines = File.ReadLines(file).Count();
            if (lines > limit)
            {
                tooLong.Add($"{name} has {lines} lines, more than {limit}: split it by idea");
            }
        }

        Assert.Empty(tooLong);
    }

    private static IEnumerable<string> ProjectFiles() => Directory
        .EnumerateFiles(Repository.Root, "*.csproj", SearchOption.AllDirectories)
        .Select(p => Path.GetRelativePath(Repository.Root, p).Replace('\\', '/'))
        .Where(p => !p.Contains("/obj/", StringComparison.Ordinal) && !p.Contains("/bin/", StringComparison.Ordinal))
        .Order(StringComparer.Ordinal);

    private static IEnumerable<string> References(string project)
    {
        var folder = Path.GetDirectoryName(Repository.Path(project))!;
        return XDocument.Load(Repository.Path(project)).Descendants("ProjectReference")
            .Select(r => Path.GetFullPath(Path.Combine(folder, r.Attribute("Include")!.Value.Replace('\\', '/'))))
            .Select(p => Path.GetRelativePath(Repository.Root, Path.GetDirectoryName(p)!).Replace('\\', '/'));
    }

    private static IEnumerable<string> Sources(string folder) => Directory
        .EnumerateFiles(Repository.Path(folder), "*.cs", SearchOption.AllDirectories)
        .Where(f => !f.Contains("/obj/", StringComparison.Ordinal) && !f.Contains("/bin/", StringComparison.Ordinal));

    private static ModuleDefinition Module(string assembly) => ModuleDefinition.ReadModule(Path.Combine(AppContext.BaseDirectory, assembly + ".dll"));

    private static string Feature(TypeDefinition type)
    {
        while (type.DeclaringType is not null)
        {
            type = type.DeclaringType;
        }

        const string Prefix = "IotXmpp.Hub.Features.";
        return type.Namespace.StartsWith(Prefix, StringComparison.Ordinal) ? type.Namespace[Prefix.Length..].Split('.')[0] : "";
    }

    private static bool IsPublic(TypeDefinition type) => type.IsNested ? type.IsNestedPublic && IsPublic(type.DeclaringType) : type.IsPublic;

    private static IEnumerable<MemberReference> Uses(TypeDefinition type)
    {
        foreach (var field in type.Fields)
        {
            yield return field.FieldType.GetElementType();
        }

        if (type.BaseType is not null)
        {
            yield return type.BaseType.GetElementType();
        }

        foreach (var method in type.Methods)
        {
            foreach (var parameter in method.Parameters)
            {
                yield return parameter.ParameterType.GetElementType();
            }

            foreach (var instruction in method.HasBody ? method.Body.Instructions.Select(i => i.Operand).OfType<MemberReference>() : [])
            {
                yield return instruction;
            }
        }
    }
}
