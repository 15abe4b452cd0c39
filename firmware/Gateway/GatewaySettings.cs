using System.Collections;
using System.Globalization;
using System.Text.Json;
using IotXmpp.Host;
using IotXmpp.Things;
using IotXmpp.Xmpp;

namespace IotXmpp.Gateway;

/// <summary>A setting is unknown, missing or wrong; the message is one line that says which and what to do.</summary>
public sealed class GatewaySettingsException : Exception
{
    /// <summary>Without a message.</summary>
    public GatewaySettingsException()
    {
    }

    /// <summary>With its line.</summary>
    public GatewaySettingsException(string message)
        : base(message)
    {
    }

    /// <summary>With its line and cause.</summary>
    public GatewaySettingsException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>
/// A gateway's settings: from a JSON file (<c>--settings FILE</c>), over it the environment (<c>IOTXMPP_GATEWAY_HUB</c> …), over that the command line
/// (<c>--hub</c> …). An unknown or bad one stops the start.
/// </summary>
public sealed class GatewaySettings
{
    /// <summary>The environment's prefix.</summary>
    public const string EnvironmentPrefix = "IOTXMPP_GATEWAY_";

    private static readonly string[] Known = ["hub", "ca", "jid", "password", "password-file", "data", "interval", "owner"];

    /// <summary>Where the hub is.</summary>
    public required ServerAddress Hub { get; init; }

    /// <summary>The file with the hub's certificate authority; null trusts the system's.</summary>
    public string? CaFile { get; init; }

    /// <summary>The gateway's account, bare.</summary>
    public required Jid Account { get; init; }

    /// <summary>Its password.</summary>
    public required string Password { get; init; }

    /// <summary>Where it keeps settings and unsent samples.</summary>
    public required string DataFolder { get; init; }

    /// <summary>Time between samples. Default 30 s.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Whose asks to see the presence are granted; null for nobody's.</summary>
    public Jid? Owner { get; init; }

    /// <summary>The usage text.</summary>
    public static string Usage => """
        usage: iotxmpp-gateway --hub xmpps://HOST:PORT --jid ID@DOMAIN (--password-file FILE | --password WORD) [--ca FILE] [--data DIR] [--interval SECONDS] [--owner JID] [--settings FILE.json]
        Each setting can stand in the JSON file, in the environment (IOTXMPP_GATEWAY_HUB, …_PASSWORD_FILE, …) or here; the latter wins.
        """;

    /// <summary>Reads the settings.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="environment">The environment.</param>
    /// <exception cref="GatewaySettingsException">One is unknown, missing or wrong.</exception>
    public static GatewaySettings Read(IReadOnlyList<string> arguments, IDictionary environment)
    {
        Dictionary<string, string> line = ReadLine(arguments);
        Dictionary<string, string> values = [];
        if (line.Remove("settings", out string? file))
        {
            ReadFile(file, values);
        }

        foreach (DictionaryEntry entry in environment)
        {
            string name = (string)entry.Key;
            if (name.StartsWith(EnvironmentPrefix, StringComparison.Ordinal))
            {
                Put(values, Canonical(name[EnvironmentPrefix.Length..]), (string?)entry.Value ?? "", name);
            }
        }

        foreach ((string name, string value) in line)
        {
            Put(values, name, value, "--" + name);
        }

        return Make(values);
    }

    private static GatewaySettings Make(Dictionary<string, string> values)
    {
        string jid = Require(values, "jid");
        if (!Jid.TryParse(jid, out Jid account) || !account.IsBare || !ThingOptions.IsThingId(account.Local))
        {
            throw new GatewaySettingsException($"jid: \"{jid}\" is not the address of a thing: ID@DOMAIN, the id of a-z, 0-9 and -.");
        }

        if (!ServerAddress.TryParse(Require(values, "hub"), out ServerAddress? hub))
        {
            throw new GatewaySettingsException($"hub: \"{values["hub"]}\" is no address: xmpps://HOST:PORT or xmpp://HOST:PORT.");
        }

        if (values.ContainsKey("password") && values.ContainsKey("password-file"))
        {
            throw new GatewaySettingsException("password and password-file: give one of them.");
        }

        int seconds = 30;
        if (values.TryGetValue("interval", out string? interval) && (!int.TryParse(interval, NumberStyles.None, CultureInfo.InvariantCulture, out seconds) || seconds is < 1 or > 86400))
        {
            throw new GatewaySettingsException($"interval: \"{interval}\" is not a number of seconds from 1 to 86400.");
        }

        Jid? owner = null;
        if (values.TryGetValue("owner", out string? text) && !Jid.TryParse(text, out owner))
        {
            throw new GatewaySettingsException($"owner: \"{text}\" is no JID.");
        }

        return new GatewaySettings
        {
            Hub = hub,
            CaFile = values.GetValueOrDefault("ca"),
            Account = account,
            Password = values.TryGetValue("password-file", out string? file) ? ReadPassword(file) : Require(values, "password"),
            DataFolder = values.GetValueOrDefault("data") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "iotxmpp-gateway"),
            Interval = TimeSpan.FromSeconds(seconds),
            Owner = owner,
        };
    }

    private static Dictionary<string, string> ReadLine(IReadOnlyList<string> arguments)
    {
        Dictionary<string, string> line = [];
        for (int i = 0; i < arguments.Count; i++)
        {
            string argument = arguments[i];
            int equals = argument.IndexOf('=', StringComparison.Ordinal);
            string name = argument.StartsWith("--", StringComparison.Ordinal) ? argument[2..(equals < 0 ? argument.Length : equals)] : "";
            if (name != "settings" && !Known.Contains(name))
            {
                throw new GatewaySettingsException($"\"{argument}\" is not an option; there are --settings, --{string.Join(", --", Known)}.");
            }

            if (equals < 0 && i + 1 == arguments.Count)
            {
                throw new GatewaySettingsException($"--{name} needs a value.");
            }

            line[name] = equals < 0 ? arguments[++i] : argument[(equals + 1)..];
        }

        return line;
    }

    private static void ReadFile(string file, Dictionary<string, string> values)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllText(file), new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            foreach (JsonProperty member in document.RootElement.EnumerateObject())
            {
                Put(values, Canonical(member.Name), member.Value.ValueKind == JsonValueKind.String ? member.Value.GetString()! : member.Value.GetRawText(), $"{file}: {member.Name}");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException)
        {
            throw new GatewaySettingsException($"settings: {file} cannot be read: {e.Message}", e);
        }
    }

    private static string ReadPassword(string file)
    {
        try
        {
            return File.ReadLines(file).FirstOrDefault() is { Length: > 0 } password ? password : throw new GatewaySettingsException($"password-file: {file} is empty.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new GatewaySettingsException($"password-file: {file} cannot be read: {e.Message}", e);
        }
    }

    private static void Put(Dictionary<string, string> values, string name, string value, string where)
    {
        if (!Known.Contains(name))
        {
            throw new GatewaySettingsException($"{where} is not a setting; there are {string.Join(", ", Known)}.");
        }

        values[name] = value;
    }

    // PASSWORD_FILE of the environment and passwordFile of a file are password-file.
    private static string Canonical(string name)
        => name.Contains('_', StringComparison.Ordinal) || !name.Any(char.IsLower)
            ? name.Replace('_', '-').ToLowerInvariant()
            : string.Concat(name.Select(c => char.IsUpper(c) ? "-" + char.ToLowerInvariant(c) : c.ToString()));

    private static string Require(Dictionary<string, string> values, string name)
        => values.TryGetValue(name, out string? value) && value.Length > 0 ? value : throw new GatewaySettingsException($"{name} is not given: --{name}, or {EnvironmentPrefix}{name.Replace('-', '_').ToUpperInvariant()} in the environment.");
}
