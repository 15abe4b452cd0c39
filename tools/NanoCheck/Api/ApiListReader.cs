using System.Text.RegularExpressions;

namespace IotXmpp.NanoCheck.Api;

/// <summary>
/// Reads an API list. A line is a kind and a declaration in C#'s words with full names: <c>T class System.Net.IPAddress : System.Object</c>, then its members,
/// <c>M static int System.Int32.Parse(string s)</c>, <c>P int System.String.Length { get; }</c>, <c>F const int System.Int32.MaxValue = 2147483647</c>, <c>E …</c>.
/// </summary>
internal static partial class ApiListReader
{
    private static readonly string[] Modifiers = ["static", "protected", "abstract", "virtual", "override", "sealed", "readonly", "const", "event", "new"];

    /// <summary>Adds the types of a list.</summary>
    /// <exception cref="NanoCheckException">A line cannot be read.</exception>
    internal static void Read(string file, string assembly, Dictionary<string, ApiType> types)
    {
        ApiType? type = null;
        int number = 0;
        foreach (string line in File.ReadLines(file))
        {
            number++;
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            bool read = line.Length > 2 && line[1] == ' ' && line[0] switch
            {
                'T' => (type = ReadType(line[2..], assembly)) is not null && types.TryAdd(type.Name, type),
                'M' => type is not null && ReadMethod(type, line[2..]),
                'P' => type is not null && ReadProperty(type, line[2..]),
                'E' => type is not null && ReadEvent(type, line[2..]),
                'F' => type is not null && ReadField(type, line[2..]),
                _ => false,
            };
            if (!read)
            {
                throw new NanoCheckException($"{file}({number},1) cannot be read: {line}");
            }
        }
    }

    [GeneratedRegex(@"^(?:\[Flags\] )?(?:(?:static|abstract|sealed|readonly|ref) )*(class|struct|interface|enum|delegate) (.+)$")]
    private static partial Regex TypeLine();

    private static ApiType? ReadType(string text, string assembly)
    {
        Match match = TypeLine().Match(text);
        if (!match.Success)
        {
            return null;
        }

        string rest = match.Groups[2].Value;
        if (match.Groups[1].Value == "delegate")
        {
            int space = rest.IndexOf(' ');
            int open = rest.IndexOf('(');
            var made = new ApiType(Arity(rest[(space + 1)..open]), assembly);
            made.Bases.Add("System.MulticastDelegate");
            made.Members.Add("void .ctor(object,System.IntPtr)");
            made.Members.Add($"{rest[..space]} Invoke({Parameters(rest[(open + 1)..^1])})");
            return made;
        }

        string[] parts = rest.Split(" : ", 2);
        var type = new ApiType(Arity(parts[0]), assembly);
        if (match.Groups[1].Value != "enum")
        {
            type.Bases.AddRange(parts.Length > 1 ? Split(parts[1]).Select(Arity) : []);
        }

        // What each kind inherits without saying so.
        type.Bases.AddRange(match.Groups[1].Value switch
        {
            "struct" => ["System.ValueType", "System.Object"],
            "enum" => ["System.Enum", "System.ValueType", "System.Object"],
            _ when type.Name == "System.Object" => [],
            _ => (string[])["System.Object"],
        });
        return type;
    }

    private static bool ReadMethod(ApiType type, string text)
    {
        int open = text.IndexOf('(');
        if (open < 0 || !text.EndsWith(')') || !Head(type, text[..open], out bool isStatic, out string of, out string name))
        {
            return false;
        }

        string parameters = Parameters(text[(open + 1)..^1]);
        type.Members.Add(name == "ctor" ? $"void .ctor({parameters})" : $"{Static(isStatic)}{of} {name}({parameters})");
        return true;
    }

    private static bool ReadProperty(ApiType type, string text)
    {
        int body = text.IndexOf(" { ", StringComparison.Ordinal);
        if (body < 0)
        {
            return false;
        }

        string head = text[..body];
        string parameters = "";
        int index = head.IndexOf(".this[", StringComparison.Ordinal);
        if (index >= 0)
        {
            parameters = Parameters(head[(index + 6)..^1]);
            head = head[..index] + (type.Name == "System.String" ? ".Chars" : ".Item");
        }

        if (!Head(type, head, out bool isStatic, out string of, out string name))
        {
            return false;
        }

        if (text.IndexOf("get;", body, StringComparison.Ordinal) >= 0)
        {
            type.Members.Add($"{Static(isStatic)}{of} get_{name}({parameters})");
        }

        if (text.IndexOf("set;", body, StringComparison.Ordinal) >= 0)
        {
            type.Members.Add($"{Static(isStatic)}void set_{name}({(parameters.Length > 0 ? parameters + "," : "")}{of})");
        }

        return true;
    }

    private static bool ReadEvent(ApiType type, string text)
    {
        if (!Head(type, text, out bool isStatic, out string of, out string name))
        {
            return false;
        }

        type.Members.Add($"{Static(isStatic)}void add_{name}({of})");
        type.Members.Add($"{Static(isStatic)}void remove_{name}({of})");
        return true;
    }

    private static bool ReadField(ApiType type, string text)
    {
        string[] parts = text.Split(" = ", 2);
        if (!Head(type, parts[0], out _, out string of, out string name))
        {
            return false;
        }

        if (parts.Length == 2)
        {
            type.Constants[name] = parts[1];
        }

        type.Members.Add($"{(of.Length == 0 ? type.Name : of)} {name}");
        return true;
    }

    private static bool Head(ApiType type, string head, out bool isStatic, out string of, out string name)
    {
        string[] words = head.Split(' ');
        isStatic = words.Contains("static");
        of = string.Join(' ', words[..^1].Where(w => !Modifiers.Contains(w)));
        name = "";
        // A generic type stands as Name<T> in its members' names, so only what follows the last dot of the name is the member.
        string last = words[^1];
        int dot = last.LastIndexOf('.');
        if (dot < 0 || Arity(last[..dot]) != type.Name)
        {
            return false;
        }

        name = last[(dot + 1)..];
        return true;
    }

    private static string Static(bool isStatic) => isStatic ? "static " : "";

    private static string Parameters(string text) => string.Join(",", Split(text).Select(Parameter));

    private static string Parameter(string text)
    {
        string[] words = text.Split(" = ", 2)[0].Split(' ');
        IEnumerable<string> type = words[..^1].Where(w => w != "params");
        return string.Join(' ', type.Select(w => w is "out" or "in" ? "ref" : w));
    }

    private static string Arity(string name)
    {
        int open = name.IndexOf('<');
        return open < 0 ? name : $"{name[..open]}`{Split(name[(open + 1)..^1]).Count()}";
    }

    private static IEnumerable<string> Split(string text)
    {
        int depth = 0;
        int start = 0;
        for (int i = 0; i <= text.Length; i++)
        {
            if (i == text.Length || (text[i] == ',' && depth == 0))
            {
                if (i > start)
                {
                    yield return text[start..i].Trim();
                }

                start = i + 1;
            }
            else
            {
                depth += text[i] is '<' or '(' or '[' ? 1 : text[i] is '>' or ')' or ']' ? -1 : 0;
            }
        }
    }
}
