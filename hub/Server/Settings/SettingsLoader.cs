using System.Collections;
using System.Diagnostics.CodeAnalysis;
using IotXmpp.Hub.Modules;

namespace IotXmpp.Hub.Server;

/// <summary>All settings of one start. Features ask for their sections; when all have asked, <see cref="ThrowIfUnknown"/> finds what nobody knows.</summary>
public sealed class HubSettings : IModuleSettings
{
    private readonly OptionsBinder _binder;
    private readonly Dictionary<string, object> _sections = new(StringComparer.OrdinalIgnoreCase);
    private readonly IReadOnlyList<SettingsSource> _sources;

    internal HubSettings(IReadOnlyList<SettingsSource> sources)
    {
        _sources = sources;
        _binder = new OptionsBinder(sources);
        Hub = new HubOptions();
        _binder.Bind(Hub, "");
        _binder.Allow("Logging");
    }

    /// <summary>The hub's own settings.</summary>
    public HubOptions Hub { get; }

    /// <summary>
    /// A section, bound to its options class (public properties with defaults; validated by <c>System.ComponentModel.DataAnnotations</c>). The same object
    /// each time. Values may be texts, whole numbers, numbers, true/false, enums, durations (<c>30s</c>), listen addresses, arrays and classes of these.
    /// </summary>
    /// <exception cref="SettingsException">A value is bad.</exception>
    public T Section<T>(string name)
        where T : class, new()
    {
        if (_sections.TryGetValue(name, out object? known))
        {
            return (T)known;
        }

        var options = new T();
        _binder.Bind(options, name);
        _sections.Add(name, options);
        return options;
    }

    /// <summary>Refuses a setting that belongs to nobody; to be called when all sections have been asked for.</summary>
    /// <exception cref="SettingsException">There is one.</exception>
    public void ThrowIfUnknown()
    {
        if (_binder.FirstUnknown() is { } line)
        {
            throw new SettingsException(line);
        }
    }

    /// <summary>The section <c>Logging</c> in the framework's form (names with colons), for the host.</summary>
    public IReadOnlyDictionary<string, string?> Logging()
    {
        var values = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        foreach (KeyValuePair<string, string> value in _sources.SelectMany(source => source.Values))
        {
            if (value.Key.StartsWith("Logging:", StringComparison.OrdinalIgnoreCase))
            {
                values[value.Key] = value.Value;
            }
        }

        return values;
    }
}

/// <summary>What came of reading the settings: settings, or a text to print and an exit code.</summary>
public sealed class SettingsResult
{
    internal SettingsResult(HubSettings? settings, string? message, int exitCode)
    {
        Settings = settings;
        Message = message;
        ExitCode = exitCode;
    }

    /// <summary>The settings; null when the program has to end.</summary>
    public HubSettings? Settings { get; }

    /// <summary>What to print before ending: the help (exit code 0, standard output) or one line that names the bad setting (2, standard error).</summary>
    public string? Message { get; }

    /// <summary>0 for the help, 2 for a bad setting.</summary>
    public int ExitCode { get; }

    /// <summary>True when the hub may start.</summary>
    [MemberNotNullWhen(true, nameof(Settings))]
    [MemberNotNullWhen(false, nameof(Message))]
    public bool IsOk => Settings is not null;
}

/// <summary>
/// Reads settings: <c>appsettings.json</c> beside the program, then <c>--settings FILE</c>, then the environment (<c>IOTXMPP_Section__Name</c>), then the
/// command line; later ones win. Unknown names and bad values are refused.
/// </summary>
public static class SettingsLoader
{
    /// <summary>The prefix of environment variables.</summary>
    public const string EnvironmentPrefix = "IOTXMPP_";

    /// <summary>The exit code for a bad setting.</summary>
    public const int BadSetting = 2;

    /// <summary>Options of the command line and the settings that they set; the same names in capitals, with underscores, in the environment.</summary>
    private static readonly Dictionary<string, string> s_aliases = new(StringComparer.OrdinalIgnoreCase)
    {
        ["domain"] = "Domain",
        ["data"] = "Data",
        ["c2s"] = "Listen:C2s",
        ["c2s-tls"] = "Listen:C2sTls",
        ["s2s"] = "Listen:S2s",
        ["s2s-tls"] = "Listen:S2sTls",
        ["component"] = "Listen:Component",
        ["proxy65"] = "Listen:Proxy65",
        ["http"] = "Listen:Http",
        ["https"] = "Listen:Https",
        ["plaintext"] = "Security:Plaintext",
        ["cert"] = "Tls:CertificateFile",
        ["key"] = "Tls:KeyFile",
        ["settings"] = SettingsFile,
    };

    private const string SettingsFile = "Settings";

    private const string Help = """
        IotXmpp.Server: the hub.

          --domain NAME          the served domain (localhost)
          --data DIR             the data folder, made when it is not there (iotxmpp-data)
          --c2s HOST:PORT        clients with STARTTLS (*:5222); 0 or nothing switches it off, as below
          --c2s-tls HOST:PORT    clients with direct TLS (*:5223)
          --s2s HOST:PORT        other servers with STARTTLS (off: the hub does not federate)
          --s2s-tls HOST:PORT    other servers with direct TLS (off)
          --component HOST:PORT  external components, XEP-0114 (off)
          --proxy65 HOST:PORT    a proxy for bytestreams between clients, XEP-0065 (off)
          --http HOST:PORT       HTTP (127.0.0.1:5280); beyond this machine only behind a proxy that Web:Proxies names
          --https HOST:PORT      HTTP over TLS, with the hub's certificate (off)
          --plaintext loopback   log-in without TLS from 127.0.0.0/8 (none)
          --cert FILE            the server's certificate and chain in PEM; without it the hub has its own authority, ca.pem in the data folder
          --key FILE             its private key in PEM
          --settings FILE.json   any setting, by section: { "Security": { "LoginThrottle": { "Enabled": false } } }
          --Section:Name VALUE   any single setting: --Security:LoginThrottle:Enabled false
          --help                 this text

        HOST is an IP address, localhost or * (every address). Durations are written 500ms, 30s, 5m, 2h, 7d.
        The same by environment: IOTXMPP_DOMAIN, IOTXMPP_C2S_TLS, IOTXMPP_SECURITY__LOGINTHROTTLE__ENABLED. The command line wins over the
        environment, that over the settings file, that over appsettings.json beside the program.
        Exit codes: 0 ended as asked, 1 could not start or failed, 2 a setting is bad, 75 an administrator wants it started again.
        """;

    /// <summary>Reads everything; <paramref name="environment"/> is <see cref="Environment.GetEnvironmentVariables()"/>.</summary>
    public static SettingsResult Load(IReadOnlyList<string> arguments, IDictionary environment)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        ArgumentNullException.ThrowIfNull(environment);
        if (arguments.Any(argument => argument is "--help" or "-h" or "-?"))
        {
            return new SettingsResult(null, Help, 0);
        }

        try
        {
            SettingsSource commandLine = FromCommandLine(arguments);
            SettingsSource variables = SettingsSource.FromEnvironment(environment, EnvironmentPrefix, s_aliases);
            var sources = new List<SettingsSource>();
            string beside = Path.Combine(AppContext.BaseDirectory, "appsettings.json");
            if (File.Exists(beside))
            {
                sources.Add(SettingsSource.FromJson(beside, "settings file"));
            }

            string? file = commandLine.Values.GetValueOrDefault(SettingsFile) ?? variables.Values.GetValueOrDefault(SettingsFile);
            commandLine.Values.Remove(SettingsFile);
            variables.Values.Remove(SettingsFile);
            if (!string.IsNullOrEmpty(file))
            {
                sources.Add(SettingsSource.FromJson(file, "settings file"));
            }

            sources.Add(variables);
            sources.Add(commandLine);
            return new SettingsResult(new HubSettings(sources), null, 0);
        }
        catch (SettingsException exception)
        {
            return new SettingsResult(null, exception.Message, BadSetting);
        }
    }

    private static SettingsSource FromCommandLine(IReadOnlyList<string> arguments)
    {
        var source = new SettingsSource("command line");
        for (int i = 0; i < arguments.Count; i++)
        {
            string argument = arguments[i];
            if (!argument.StartsWith("--", StringComparison.Ordinal) || argument.Length == 2)
            {
                throw new SettingsException($"'{argument}' on the command line is no option; --help lists them");
            }

            int equals = argument.IndexOf('=', StringComparison.Ordinal);
            string name = equals < 0 ? argument[2..] : argument[2..equals];
            bool isAlias = s_aliases.TryGetValue(name, out string? alias);
            if (!isAlias && !name.Contains(':', StringComparison.Ordinal))
            {
                throw new SettingsException($"unknown option --{name}; allowed: {string.Join(", ", s_aliases.Keys.Select(key => "--" + key))}, --Section:Name, --help");
            }

            string value;
            if (equals >= 0)
            {
                value = argument[(equals + 1)..];
            }
            else if (++i < arguments.Count)
            {
                value = arguments[i];
            }
            else
            {
                throw new SettingsException($"option --{name} needs a value; --help lists what is allowed");
            }

            string key = alias ?? name;
            if (!source.Values.TryAdd(key, value))
            {
                throw new SettingsException($"option --{name} is given twice");
            }

            source.WrittenAs[key] = "--" + name;
        }

        return source;
    }
}
