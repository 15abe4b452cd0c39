using System.Globalization;
using IotXmpp.NanoCheck.Api;
using IotXmpp.TestKit;
using Microsoft.CodeAnalysis;
using Mono.Cecil;
using Mono.Cecil.Rocks;
using Xunit;

namespace IotXmpp.NanoCheck.Tests;

/// <summary>The lists say what there is: the reference assemblies hold nothing else, and neither does what the firmware uses.</summary>
public sealed class ApiTests
{
    private static readonly ApiSurface Api = ApiSurface.Read(Repository.Path("firmware", "NanoReference", "Api"));

    public static TheoryData<string> ReferenceAssemblies() => [.. SampleCompiler.References];

    [Fact]
    public void Each_reference_assembly_was_built() => Assert.Equal(
        Directory.EnumerateFiles(Repository.Path("firmware", "NanoReference"), "*.csproj", SearchOption.AllDirectories).Count(), SampleCompiler.References.Count);

    [Theory]
    [MemberData(nameof(ReferenceAssemblies))]
    public void Reference_assemblies_hold_nothing_that_the_lists_do_not(string file)
    {
        using ModuleDefinition module = ModuleDefinition.ReadModule(file);
        var extra = new List<string>();
        foreach (TypeDefinition type in module.GetAllTypes().Where(IsVisible))
        {
            if (Api.Type(module.Assembly.Name.Name, type) is not { } listed)
            {
                extra.Add(type.FullName);
                continue;
            }

            extra.AddRange(type.Methods.Where(m => m.IsPublic || m.IsFamily || m.IsFamilyOrAssembly).Where(m => !IsOwn(m)).Select(TypeText.Signature)
                .Where(s => !Api.HasMember(listed, s)).Select(s => $"{type.FullName}: {s}"));
            foreach (FieldDefinition field in type.Fields.Where(f => (f.IsPublic || f.IsFamily) && f.Name != "value__"))
            {
                if (type.IsEnum && listed.Constants.GetValueOrDefault(field.Name) != Convert.ToString(field.Constant, CultureInfo.InvariantCulture))
                {
                    extra.Add($"{type.FullName}.{field.Name} = {field.Constant}");
                }
                else if (!Api.HasMember(listed, TypeText.Signature(field)))
                {
                    extra.Add($"{type.FullName}: {TypeText.Signature(field)}");
                }
            }
        }

        Assert.Empty(extra);
    }

    [Fact]
    public void Member_that_no_list_has_is_found()
    {
        using var folder = new TempFolder();
        string lie = SampleCompiler.Compile(folder.Path, """
            namespace System.Device.I2c;

            public class I2cBus
            {
                public static int Count;

                public static void Scan()
                {
                }
            }
            """, OptimizationLevel.Release, out _, "System.Device.I2c");
        string unlisted = SampleCompiler.Compile(folder.Path, "namespace Nowhere; public class Thing { }", OptimizationLevel.Release, out _, "nanoFramework.Nowhere");
        string other = SampleCompiler.Compile(folder.Path, "namespace System.Math2; public class Angle { public static int Of() => 3; }", OptimizationLevel.Release, out _, "System.Math");
        string assembly = SampleCompiler.Compile(folder.Path, """
            public static class User
            {
                public static void Use()
                {
                    System.Device.I2c.I2cBus.Scan();
                    System.Device.I2c.I2cBus.Count = 3;
                }

                public static int Angle() => System.Math2.Angle.Of();
            }

            public class Thing : Nowhere.Thing
            {
            }
            """, OptimizationLevel.Release, out IReadOnlyList<string> errors, "IotXmpp.Sample", unlisted, other, lie);
        Assert.All(errors, e => Assert.Contains("CS0433", e, StringComparison.Ordinal)); // none but a name in two references, if any
        IReadOnlyList<Finding> findings = FirmwareCheck.Run(
            new CheckOptions([assembly], [lie, unlisted, other, .. SampleCompiler.References.Where(r => Path.GetFileName(r) is "mscorlib.dll")], Repository.Path("firmware", "NanoReference", "Api")));

        Assert.Equal(["5 NANO011", "6 NANO011", "9 NANO011", "12 NANO011"], findings.Select(f => $"{f.Place.Line} {f.Rule.Id}"));
        Assert.Contains("nanoFramework.Nowhere", findings[3].Message, StringComparison.Ordinal);
    }

    private static bool IsVisible(TypeDefinition type) => type.IsNested ? type.IsNestedPublic && IsVisible(type.DeclaringType) : type.IsPublic;

    /// <summary>What the compiler adds to a reference assembly and the runtime has by itself.</summary>
    private static bool IsOwn(MethodDefinition method) => method.IsRuntime || (method.IsConstructor && method.Parameters.Count == 0 && method.DeclaringType.IsValueType);
}
