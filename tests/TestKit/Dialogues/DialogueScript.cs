using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using IotXmpp.TestKit.Net;

namespace IotXmpp.TestKit.Dialogues;

/// <summary>How a client of a dialogue reaches the server.</summary>
public enum DialogueTransport
{
    /// <summary>TCP as it is.</summary>
    Plain,

    /// <summary>TCP, then STARTTLS (RFC 6120 §5).</summary>
    StartTls,

    /// <summary>TLS from the first byte (XEP-0368).</summary>
    DirectTls,
}

/// <summary>One client (session) that takes part.</summary>
/// <param name="Name">What the steps call it.</param>
/// <param name="Account">The account's name; sessions of one account name the same.</param>
/// <param name="Resource">The resource it binds, or null to let the server choose.</param>
/// <param name="Transport">How it reaches the server.</param>
/// <param name="Mechanism">The SASL mechanism, or null for the best offered.</param>
/// <param name="Owner">The account that owns this one, if it is a thing's.</param>
/// <param name="StreamManagement">Whether it enables XEP-0198 with resumption right after binding and answers requests.</param>
public sealed record DialogueClient(string Name, string Account, string? Resource, DialogueTransport Transport, string? Mechanism, string? Owner, bool StreamManagement, bool IsAdministrator = false);

/// <summary>One step.</summary>
/// <param name="Line">Its line in the file, for messages.</param>
/// <param name="Who">The clients it is about.</param>
/// <param name="Verb">What they do.</param>
/// <param name="Argument">What stands behind the verb.</param>
/// <param name="Body">The indented lines below, without their indentation.</param>
public sealed record DialogueStep(int Line, IReadOnlyList<string> Who, string Verb, string Argument, string Body);

/// <summary>A scripted conversation. The format is told in tests/Dialogues/README.md.</summary>
public sealed partial class DialogueScript
{
    /// <summary>What a step may say: the words as they stand in the file, singular first. Longer ones win.</summary>
    private static readonly (string Words, string Verb)[] Verbs =
    [
        ("opens a connection", "open"), ("opens a TLS connection", "open-tls"), ("opens a stream", "stream"), ("begins anew", "anew"), ("starts TLS", "tls"),
        ("authenticates", "authenticate"), ("authenticates with", "authenticate"), ("authenticates by SASL2", "sasl2"), ("authenticates by SASL2:", "sasl2"),
        ("authenticates by SASL2 with a wrong password:", "sasl2-wrong"), ("authenticates by SASL2 with a changed hash:", "sasl2-changed"), ("opens a stream as itself", "stream-from"),
        ("is disabled", "disable"), ("gets another password", "password"), ("fails to authenticate with", "refused"), ("binds", "bind"), ("connects", "connect"), ("connect", "connect"),
        ("goes online", "online"), ("go online", "online"), ("goes online with priority", "online"), ("go online with priority", "online"),
        ("are friends", "friends"), ("sends:", "send"), ("receives:", "receive"), ("receive:", "receive"), ("receives in any order:", "receive-any"),
        ("receives nothing", "nothing"), ("receive nothing", "nothing"), ("receives anything", "drain"), ("receive anything", "drain"),
        ("skips to:", "skip"), ("receives stream header:", "header"), ("receives stream error", "stream-error"), ("disconnects", "disconnect"),
        ("is cut", "cut"), ("is disconnected", "disconnected"), ("is dropped", "dropped"), ("stays connected", "stays"), ("stay connected", "stays"), ("resumes", "resume"), ("passes:", "time"),
    ];

    private readonly List<DialogueClient> clients = [];
    private readonly List<DialogueStep> steps = [];

    private DialogueScript(string name) => Name = name;

    /// <summary>The file's name, as folder/name.</summary>
    public string Name { get; }

    /// <summary>What it shows, in a sentence.</summary>
    public string About { get; private set; } = "";

    /// <summary>The document and section that says so.</summary>
    public string Standard { get; private set; } = "";

    /// <summary>Settings that the server must run with (JSON), or empty for the usual ones.</summary>
    public string Settings { get; private set; } = "";

    /// <summary>Who takes part.</summary>
    public IReadOnlyList<DialogueClient> Clients => clients;

    /// <summary>What happens, in order.</summary>
    public IReadOnlyList<DialogueStep> Steps => steps;

    /// <summary>Reads a script.</summary>
    /// <exception cref="DialogueException">It is not one; the message names the line.</exception>
    public static DialogueScript Parse(string name, string text)
    {
        var script = new DialogueScript(name);
        var lines = text.ReplaceLineEndings("\n").Split('\n');
        var header = true;
        for (var i = 0; i < lines.Length; i++)
        {
            var line = lines[i].TrimEnd();
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            if (header)
            {
                header = line != "---";
                if (header)
                {
                    script.Head(line, i + 1);
                }

                continue;
            }

            if (line[0] == ' ')
            {
                throw script.Bad(i + 1, "an indented line without a step above it");
            }

            var body = new List<string>();
            var start = i + 1;
            while (i + 1 < lines.Length && (lines[i + 1].StartsWith(' ') || (string.IsNullOrWhiteSpace(lines[i + 1]) && MoreBody(lines, i + 1))))
            {
                body.Add(lines[++i]);
            }

            script.steps.Add(script.Step(line, start, body));
        }

        script.Check(text);
        return script;
    }

    private static bool MoreBody(string[] lines, int from)
    {
        while (from < lines.Length && string.IsNullOrWhiteSpace(lines[from]))
        {
            from++;
        }

        return from < lines.Length && lines[from].StartsWith(' ');
    }

    private void Head(string line, int number)
    {
        var colon = line.IndexOf(": ", StringComparison.Ordinal);
        var key = colon < 0 ? line : line[..colon];
        var value = colon < 0 ? "" : line[(colon + 2)..].Trim();
        switch (key)
        {
            case "about":
                About = value;
                break;
            case "standard":
                Standard = value;
                break;
            case "settings":
                Settings = value;
                break;
            case var _ when key.StartsWith("client ", StringComparison.Ordinal):
                clients.Add(Client(key[7..].Trim(), value, number));
                break;
            default:
                throw Bad(number, $"unknown header '{key}'");
        }
    }

    private DialogueClient Client(string name, string options, int number)
    {
        var client = new DialogueClient(name, name, name == "" ? null : "r", DialogueTransport.Plain, null, null, false);
        foreach (var option in options.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = option.Split('=', 2);
            client = (parts[0], parts.Length) switch
            {
                ("account", 2) => client with { Account = parts[1] },
                ("resource", 2) => client with { Resource = parts[1] == "any" ? null : parts[1] },
                ("mechanism", 2) => client with { Mechanism = parts[1] },
                ("owner", 2) => client with { Owner = parts[1] },
                ("admin", 1) => client with { IsAdministrator = true },
                ("starttls", 1) => client with { Transport = DialogueTransport.StartTls },
                ("tls", 1) => client with { Transport = DialogueTransport.DirectTls },
                ("sm", 1) => client with { StreamManagement = true },
                _ => throw Bad(number, $"unknown option '{option}' of client {name}"),
            };
        }

        return client;
    }

    private DialogueStep Step(string line, int number, List<string> body)
    {
        var (words, verb) = Verbs.Where(v => line.Contains(' ' + v.Words, StringComparison.Ordinal)).OrderByDescending(v => v.Words.Length).FirstOrDefault();
        if (verb is null)
        {
            throw Bad(number, $"no such step: '{line}'");
        }

        var at = line.IndexOf(' ' + words, StringComparison.Ordinal);
        var who = line[..at].Split([", ", " and "], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        foreach (var name in who.Where(n => verb != "time" && clients.All(c => c.Name != n)))
        {
            throw Bad(number, $"no client '{name}' in the header");
        }

        if (words.EndsWith(':') != (body.Count > 0) && verb != "time")
        {
            throw Bad(number, words.EndsWith(':') ? "the indented lines are missing" : "this step takes no indented lines");
        }

        var indent = body.Where(l => l.Trim().Length > 0).Select(l => l.Length - l.TrimStart().Length).DefaultIfEmpty(0).Min();
        var text = string.Join('\n', body.Select(l => l.Length > indent ? l[indent..] : ""));
        return new DialogueStep(number, who, verb, line[(at + 1 + words.Length)..].Trim(), text);
    }

    private void Check(string text)
    {
        if (About.Length == 0 || Standard.Length == 0)
        {
            throw Bad(1, "the header must say 'about:' and 'standard:'");
        }

        if (clients.Count == 0 || steps.Count == 0)
        {
            throw Bad(1, "a dialogue has clients and steps");
        }

        // A capture that is used once matches everything: then {some} says it honestly, and a misspelt name is found.
        foreach (var group in Capture().Matches(text).Select(m => m.Groups[1].Value).GroupBy(n => n).Where(g => g.Count() == 1))
        {
            if (group.Key is not ("any" or "some" or "time" or "none" or "nul" or "run"))
            {
                throw Bad(1, $"'{{{group.Key}}}' is used only once: write {{some}}, or mend the name");
            }
        }
    }

    private DialogueException Bad(int line, string what) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{Name}.xmpp:{line}: {what}"));

    [GeneratedRegex(@"\{(?:ht(?:-endp)? [a-z0-9-]+ )?([a-z][a-z0-9-]*)\}")]
    private static partial Regex Capture();
}
