namespace IotXmpp.NanoCheck;

/// <summary>What a run looks at.</summary>
/// <param name="Assemblies">The firmware.</param>
/// <param name="References">The assemblies that it refers to.</param>
/// <param name="ApiFolder">The folder of the API lists.</param>
internal sealed record CheckOptions(IReadOnlyList<string> Assemblies, IReadOnlyList<string> References, string ApiFolder)
{
    /// <summary>Reads a command line and says in one sentence what is wrong with it.</summary>
    /// <exception cref="NanoCheckException">It is wrong.</exception>
    internal static CheckOptions Parse(IReadOnlyList<string> arguments)
    {
        var assemblies = new List<string>();
        var references = new List<string>();
        string? api = null;
        for (int i = 0; i < arguments.Count; i++)
        {
            string argument = arguments[i];
            switch (argument)
            {
                case "--reference":
                    references.Add(Existing(Value(arguments, ref i), "reference"));
                    break;
                case "--references":
                    string list = Existing(Value(arguments, ref i), "list of references");
                    references.AddRange(File.ReadLines(list).Select(l => l.Trim()).Where(l => l.Length > 0).Select(l => Existing(l, $"reference (named in {list})")));
                    break;
                case "--api" when api is not null:
                    throw new NanoCheckException("--api is given twice");
                case "--api":
                    api = Value(arguments, ref i);
                    break;
                case ['-', ..]:
                    throw new NanoCheckException($"There is no option {argument}");
                default:
                    assemblies.Add(Existing(argument, "assembly"));
                    break;
            }
        }

        if (assemblies.Count == 0)
        {
            throw new NanoCheckException("Say which assembly to look at");
        }

        api ??= FindApi();
        return Directory.Exists(api) ? new CheckOptions(assemblies, references, api) : throw new NanoCheckException($"There is no folder {api} for --api");
    }

    private static string Value(IReadOnlyList<string> arguments, ref int i) =>
        i + 1 < arguments.Count && !arguments[i + 1].StartsWith('-') ? arguments[++i] : throw new NanoCheckException($"{arguments[i]} needs a value");

    private static string Existing(string path, string what) => File.Exists(path) ? path : throw new NanoCheckException($"There is no {what} {path}");

    private static string FindApi()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string api = Path.Combine(folder.FullName, "firmware", "NanoReference", "Api");
            if (Directory.Exists(api))
            {
                return api;
            }
        }

        throw new NanoCheckException("No folder above this tool has firmware/NanoReference/Api: say --api DIR");
    }
}
