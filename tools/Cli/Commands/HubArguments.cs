using System.Collections;
using System.CommandLine;
using IotXmpp.Hub.Server;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Cli.Commands;

/// <summary>The options of a hub, handed on to it as they are; <c>hub/Server</c> has the same.</summary>
internal sealed class HubArguments
{
    private static readonly string[] s_ours = ["IOTXMPP_HUB", "IOTXMPP_JID", "IOTXMPP_PASSWORD", "IOTXMPP_CA", "IOTXMPP_PROFILE", "IOTXMPP_TIMEOUT", "IOTXMPP_DEBUG"];

    private readonly Option<string?>[] _options;

    /// <summary>Adds the options to a command.</summary>
    public HubArguments(Command command, string dataDefault, string listenDefault)
    {
        Data = Text("--data", "DIR", $"the data folder, made when it is not there (default {dataDefault})");
        Domain = Text("--domain", "NAME", "the served domain (default localhost)");
        C2s = Text("--c2s", "HOST:PORT", $"where clients come with STARTTLS (default {listenDefault}:5222); port 0 is a free one, 0 alone switches it off");
        C2sTls = Text("--c2s-tls", "HOST:PORT", $"where clients come with direct TLS (default {listenDefault}:5223)");
        Http = Text("--http", "HOST:PORT", "where HTTP is served: to this machine, and to proxies that Web:Proxies names");
        Https = Text("--https", "HOST:PORT", "where HTTP is served over TLS, with the hub's certificate (default off)");
        _options =
        [
            Data, Domain, C2s, C2sTls, Http, Https,
            Text("--plaintext", "loopback", "allow log-in without TLS from 127.0.0.0/8"),
            Text("--cert", "FILE", "the server's certificate in PEM; without it the hub has an authority of its own"),
            Text("--key", "FILE", "its private key in PEM"),
            Text("--settings", "FILE.json", "any setting, by section; a single one is --Section:Name VALUE"),
        ];
        foreach (Option<string?> option in _options)
        {
            command.Options.Add(option);
        }

        // What is left goes to the hub, which knows its sections and refuses what it does not know.
        command.TreatUnmatchedTokensAsErrors = false;
    }

    public Option<string?> Data { get; }

    public Option<string?> Domain { get; }

    public Option<string?> C2s { get; }

    public Option<string?> C2sTls { get; }

    public Option<string?> Http { get; }

    public Option<string?> Https { get; }

    /// <summary>Reads the hub's settings.</summary>
    /// <param name="parsed">What was given.</param>
    /// <param name="defaults">Arguments for what was not given, by option name.</param>
    /// <exception cref="CliException">One is bad.</exception>
    public HubSettings Settings(ParseResult parsed, IReadOnlyDictionary<string, string>? defaults = null)
    {
        var arguments = new List<string>();
        foreach (Option<string?> option in _options)
        {
            string variable = "IOTXMPP_" + option.Name[2..].Replace('-', '_').ToUpperInvariant();
            string? value = parsed.GetValue(option) ?? (Environment.GetEnvironmentVariable(variable) is null ? defaults?.GetValueOrDefault(option.Name) : null);
            if (value is not null)
            {
                arguments.AddRange([option.Name, value]);
            }
        }

        foreach (KeyValuePair<string, string> setting in defaults ?? new Dictionary<string, string>())
        {
            if (setting.Key.Contains(':', StringComparison.Ordinal) && !parsed.UnmatchedTokens.Contains(setting.Key))
            {
                arguments.AddRange([setting.Key, setting.Value]);
            }
        }

        arguments.AddRange(parsed.UnmatchedTokens);
        IDictionary environment = Environment.GetEnvironmentVariables();
        foreach (string ours in s_ours)
        {
            environment.Remove(ours);
        }

        SettingsResult read = SettingsLoader.Load(arguments, environment);
        return read.IsOk ? read.Settings : throw new CliException(ExitCode.Usage, read.Message);
    }

    /// <summary>Starts a hub.</summary>
    /// <exception cref="CliException">It cannot start.</exception>
    public static async Task<HubServer> StartAsync(HubSettings settings, CancellationToken cancel, Action<ILoggingBuilder>? logging = null)
    {
        try
        {
            return await HubServer.StartAsync(settings, logging: logging, cancel: cancel);
        }
        catch (HubStartException e)
        {
            throw new CliException(e.ExitCode == SettingsLoader.BadSetting ? ExitCode.Usage : ExitCode.CannotStart, e.Message);
        }
    }

    private static Option<string?> Text(string name, string value, string description) => new(name) { HelpName = value, Description = description };
}
