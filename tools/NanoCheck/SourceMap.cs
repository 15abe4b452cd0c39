using System.Text.RegularExpressions;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace IotXmpp.NanoCheck;

/// <summary>Finds the line of source for code and declarations, from the portable PDB. Declarations without code have no line there: their file is searched for it.</summary>
internal sealed class SourceMap
{
    private readonly string _assembly;
    private readonly Lazy<Dictionary<int, string[]>> _documents;
    private readonly Dictionary<string, string[]> _lines = new(StringComparer.Ordinal);

    /// <param name="assembly">The assembly; its PDB stands beside it, or there is none.</param>
    internal SourceMap(string assembly)
    {
        _assembly = assembly;
        _documents = new(() => TypeDocuments.Read(Path.ChangeExtension(assembly, ".pdb")));
    }

    /// <summary>The statement that an instruction belongs to.</summary>
    internal SourcePlace Of(MethodDefinition method, Instruction instruction)
    {
        SequencePoint? best = null;
        foreach (SequencePoint point in method.DebugInformation.SequencePoints)
        {
            if (!point.IsHidden && (best is null || (point.Offset <= instruction.Offset && point.Offset >= best.Offset)))
            {
                best = point;
            }
        }

        return best is null ? Of(method) : new SourcePlace(best.Document.Url, best.StartLine, best.StartColumn);
    }

    /// <summary>The declaration of a type, field or method.</summary>
    internal SourcePlace Of(IMemberDefinition member)
    {
        TypeDefinition type = member as TypeDefinition ?? member.DeclaringType;
        foreach (string file in Files(type))
        {
            int start = Find(file, 0, TypePattern(type));
            if (start < 0)
            {
                continue;
            }

            int line = member is TypeDefinition ? start : Find(file, start, MemberPattern(member));
            line = line < 0 ? start : line;
            return new SourcePlace(file, line + 1, Lines(file)[line].TakeWhile(char.IsWhiteSpace).Count() + 1);
        }

        // What the compiler named, such as the method around top-level statements.
        SequencePoint? first = (member as MethodDefinition)?.DebugInformation.SequencePoints.FirstOrDefault(p => !p.IsHidden);
        return first is null ? new SourcePlace(_assembly, 0, 0) : new SourcePlace(first.Document.Url, first.StartLine, first.StartColumn);
    }

    private static Regex TypePattern(TypeDefinition type) => new($@"\b(class|struct|interface|enum|record|delegate\s.*)\s+{Regex.Escape(Bare(type.Name))}\b");

    private static Regex MemberPattern(IMemberDefinition member)
    {
        string name = Bare(member.Name);
        foreach (string accessor in (string[])["get_", "set_", "add_", "remove_"])
        {
            if (member is MethodDefinition { IsSpecialName: true } && name.StartsWith(accessor, StringComparison.Ordinal))
            {
                name = name[accessor.Length..];
                break;
            }
        }

        return member switch
        {
            MethodDefinition { IsConstructor: true } => new($@"\b{Regex.Escape(Bare(member.DeclaringType.Name))}\s*\("),
            MethodDefinition { IsSpecialName: false } => new($@"\b{Regex.Escape(name)}\s*[(<]"),
            _ => new($@"\b{Regex.Escape(name)}\b"),
        };
    }

    private static string Bare(string name) => name.Split('`')[0].Split('.')[^1];

    private IEnumerable<string> Files(TypeDefinition type)
    {
        IEnumerable<string> ofCode = type.Methods.Where(m => m.HasBody).SelectMany(m => m.DebugInformation.SequencePoints).Select(p => p.Document.Url);
        IEnumerable<string> ofTable = _documents.Value.GetValueOrDefault(type.MetadataToken.ToInt32(), []);
        IEnumerable<string> all = ofCode.Concat(ofTable);
        if (type.DeclaringType is not null)
        {
            all = all.Concat(Files(type.DeclaringType));
        }

        return all.Distinct().Where(File.Exists);
    }

    private int Find(string file, int from, Regex pattern)
    {
        string[] lines = Lines(file);
        for (int i = from; i < lines.Length; i++)
        {
            if (!lines[i].AsSpan().TrimStart().StartsWith("//") && pattern.IsMatch(lines[i]))
            {
                return i;
            }
        }

        return -1;
    }

    private string[] Lines(string file)
    {
        if (!_lines.TryGetValue(file, out string[]? lines))
        {
            _lines[file] = lines = File.ReadAllLines(file);
        }

        return lines;
    }
}
