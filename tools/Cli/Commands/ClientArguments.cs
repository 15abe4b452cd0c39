using System.CommandLine;
using IotXmpp.Cli.Operator;
using IotXmpp.Cli.Output;

namespace IotXmpp.Cli.Commands;

/// <summary>The options that every command has that talks to a hub.</summary>
internal sealed class ClientArguments
{
    private readonly Option<string?> _hub = new("--hub") { Description = "the hub: xmpp://host:port (STARTTLS) or xmpps://host:port (IOTXMPP_HUB)", HelpName = "ADDRESS" };
    private readonly Option<string?> _jid = new("--jid") { Description = "your account, name@domain (IOTXMPP_JID); its password by IOTXMPP_PASSWORD, profile or prompt", HelpName = "JID" };
    private readonly Option<string?> _ca = new("--ca") { Description = "PEM file of the authority to trust, such as the hub's ca.pem (IOTXMPP_CA)", HelpName = "FILE" };
    private readonly Option<string?> _profile = new("--profile") { Description = $"profile file, mode 0600 (IOTXMPP_PROFILE; default {Profile.DefaultPath})", HelpName = "FILE" };
    private readonly Option<TimeSpan?> _timeout = Durations.Optional("--timeout", "how long connecting, and each answer, may take (IOTXMPP_TIMEOUT; default 10 s)");
    private readonly Option<bool> _json = JsonOption();

    /// <summary>The option <c>--json</c>.</summary>
    public static Option<bool> JsonOption() => new("--json") { Description = "one JSON object a line on standard output, and nothing else there" };

    /// <summary>Adds arguments and options to a command, in their order.</summary>
    public static void Add(Command command, IEnumerable<Symbol> symbols)
    {
        foreach (Symbol symbol in symbols)
        {
            if (symbol is Option option)
            {
                command.Options.Add(option);
            }
            else
            {
                command.Arguments.Add((Argument)symbol);
            }
        }
    }

    /// <summary>Adds the options to a command.</summary>
    public ClientArguments(Command command)
    {
        foreach (Option option in (Option[])[_hub, _jid, _ca, _profile, _timeout, _json])
        {
            command.Options.Add(option);
        }
    }

    /// <summary>Where the command writes.</summary>
    public Screen ScreenOf(ParseResult parsed) => new(parsed.GetValue(_json));

    /// <summary>How long an answer may take.</summary>
    public TimeSpan TimeoutOf(ParseResult parsed)
    {
        if (parsed.GetValue(_timeout) is { } given)
        {
            return given;
        }

        string? set = Environment.GetEnvironmentVariable("IOTXMPP_TIMEOUT");
        return string.IsNullOrEmpty(set) ? TimeSpan.FromSeconds(10)
            : Words.TryDuration(set, out TimeSpan span) ? span
            : throw new CliException(ExitCode.Usage, $"IOTXMPP_TIMEOUT is '{set}', which is no duration: a number with its unit is expected, such as 30s or 5m");
    }

    /// <summary>The log-in, from options, environment, profile and prompt.</summary>
    public Login LoginOf(ParseResult parsed) =>
        Login.Resolve(parsed.GetValue(_hub), parsed.GetValue(_jid), parsed.GetValue(_ca), parsed.GetValue(_profile));

    /// <summary>The same, where nobody logs in: a password is not needed.</summary>
    public Login LoginWithoutPasswordOf(ParseResult parsed) =>
        Login.Resolve(parsed.GetValue(_hub), parsed.GetValue(_jid), parsed.GetValue(_ca), parsed.GetValue(_profile), needsPassword: false);

    /// <summary>The profile file that is named, or the usual one.</summary>
    public string ProfilePathOf(ParseResult parsed) => parsed.GetValue(_profile) ?? Profile.DefaultPath;

    /// <summary>What stands after <c>--hub</c>, <c>--jid</c> and <c>--ca</c>.</summary>
    public (string? Hub, string? Jid, string? Ca) Given(ParseResult parsed) => (parsed.GetValue(_hub), parsed.GetValue(_jid), parsed.GetValue(_ca));

    /// <summary>Connects.</summary>
    public Task<HubClient> ConnectAsync(ParseResult parsed, bool available, CancellationToken cancel, Action<Host.XmppConnection>? prepare = null) =>
        HubClient.ConnectAsync(LoginOf(parsed), TimeoutOf(parsed), available, cancel, prepare);
}

/// <summary>Options that are durations with a unit.</summary>
internal static class Durations
{
    /// <summary>An option with a default.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="description">What it is.</param>
    /// <param name="standard">The default.</param>
    public static Option<TimeSpan> Option(string name, string description, TimeSpan standard) => new(name)
    {
        Description = $"{description}; 500ms, 30s, 5m, 2h (default {standard.TotalSeconds:0} s)",
        HelpName = "TIME",
        CustomParser = Parse,
        DefaultValueFactory = _ => standard,
    };

    /// <summary>An option without a default.</summary>
    public static Option<TimeSpan?> Optional(string name, string description) => new(name)
    {
        Description = $"{description}; 500ms, 30s, 5m, 2h",
        HelpName = "TIME",
        CustomParser = result => Parse(result) is var span && span > TimeSpan.Zero ? span : null,
    };

    private static TimeSpan Parse(System.CommandLine.Parsing.ArgumentResult result)
    {
        string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : string.Empty;
        if (Words.TryDuration(text, out TimeSpan span))
        {
            return span;
        }

        result.AddError($"'{text}' is no duration: a number with its unit is expected, such as 30s or 5m");
        return default;
    }
}
