using Mono.Cecil;

namespace IotXmpp.NanoCheck.Api;

/// <summary>The public surface of the nanoFramework assemblies, from the lists in <c>firmware/NanoReference/Api</c>: facts of the real assemblies, and the only source of what there is.</summary>
internal sealed class ApiSurface
{
    private readonly Dictionary<string, ApiType> _types;
    private readonly HashSet<string> _assemblies;

    private ApiSurface(Dictionary<string, ApiType> types, HashSet<string> assemblies) => (_types, _assemblies) = (types, assemblies);

    /// <summary>The assemblies that have a list.</summary>
    internal IReadOnlyCollection<string> Assemblies => _assemblies;

    /// <summary>Reads all lists of a folder.</summary>
    /// <exception cref="NanoCheckException">There is none, or a line cannot be read.</exception>
    internal static ApiSurface Read(string folder)
    {
        var types = new Dictionary<string, ApiType>(StringComparer.Ordinal);
        var assemblies = new HashSet<string>(StringComparer.Ordinal);
        foreach (string file in Directory.EnumerateFiles(folder, "*.txt").Order(StringComparer.Ordinal))
        {
            string assembly = Path.GetFileNameWithoutExtension(file);
            assemblies.Add(assembly);
            ApiListReader.Read(file, assembly, types);
        }

        return assemblies.Count > 0 ? new ApiSurface(types, assemblies) : throw new NanoCheckException($"There is no list in {folder}");
    }

    /// <summary>Whether there is a list of the assembly.</summary>
    internal bool HasAssembly(string name) => _assemblies.Contains(name);

    /// <summary>The type of an assembly, or null.</summary>
    internal ApiType? Type(string assembly, TypeReference type) =>
        _types.TryGetValue(TypeText.Full(type), out ApiType? found) && found.Assembly == assembly ? found : null;

    /// <summary>Whether a type or what it inherits from has a member.</summary>
    internal bool HasMember(ApiType type, string signature) =>
        type.Members.Contains(signature) || type.Bases.Any(b => _types.TryGetValue(b, out ApiType? found) && HasMember(found, signature));
}
