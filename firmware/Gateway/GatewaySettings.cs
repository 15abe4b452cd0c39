using System.Collections;
using System.Globalization;
using System.Net;
using System.Text.Json;
using IotXmpp.Gateway.Pi;
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

    private static readonly string[] Known = ["hub", "ca", "jid", "password", "password-file", "data", "interval", "owner", "nodes", "serial", "rules", "rules-file", "max-samples", "max-bytes", "board", "parts", "beacons", "radio", "backlog", "update-key", "update-key-file"];

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

    /// <summary>Where things come in over TCP; null for nowhere. Default nowhere.</summary>
    public IPEndPoint? Nodes { get; init; }

    /// <summary>Serial lines with a thing at each: device and bits per second.</summary>
    public IReadOnlyList<(string Device, int Baud)> Serial { get; init; } = [];

    /// <summary>The local rules (see <see cref="Rule"/>).</summary>
    public string Rules { get; init; } = string.Empty;

    /// <summary>The board that it runs on, such as <see cref="PiPins.Pi4"/>; null for one without pins of ours.</summary>
    public BoardPins? Board { get; init; }

    /// <summary>What is wired to the board's pins (see <see cref="PartList"/>); empty for nothing.</summary>
    public string Parts { get; init; } = string.Empty;

    /// <summary>Bluetooth sensors that are listened to. Default none.</summary>
    public IReadOnlyList<Beacon> Beacons { get; init; } = [];

    /// <summary>The adapter that listens. Default <c>hci0</c>.</summary>
    public string Radio { get; init; } = "hci0";

    /// <summary>The fleet's key by which updates are known as its own; null takes none. Default none.</summary>
    public byte[]? UpdateKey { get; init; }

    /// <summary>How what waits goes out.</summary>
    public UplinkLimits Uplink { get; init; } = new();

    /// <summary>The bounds of what waits for the hub.</summary>
    public StoreLimits Store { get; init; } = new();

    /// <summary>The file with the keys of the things behind the gateway.</summary>
    public string NodesFile => NodesFileOf(DataFolder);

    /// <summary>The usage text.</summary>
    public static string Usage => """
        usage: iotxmpp-gateway --hub xmpps://HOST:PORT --jid ID@DOMAIN (--password-file FILE | --password WORD) [--ca FILE] [--data DIR] [--interval SECONDS] [--owner JID]
                               [--nodes HOST:PORT] [--serial DEVICE[@BAUD],…] [--rules "RULE; RULE" | --rules-file FILE] [--board BOARD] [--parts LIST] [--beacons LIST] [--radio hciN] [--max-samples N] [--max-bytes N] [--backlog N] [--update-key-file FILE] [--settings FILE.json]
               iotxmpp-gateway node add ID | node remove ID | node list   [--data DIR] [--settings FILE.json]
        --parts says what is wired to the board's pins, such as "bme280@0x76 relay@17,lost=off"; --board says which board it is, where that cannot be seen.
        --beacons listens to Bluetooth sensors (BTHome), such as porch=A4:C1:38:12:34:56; behind a / the key of one that encrypts, 32 hexadecimal digits.
        --nodes lets things in over TCP, such as 127.0.0.1:5290; each needs a key, which "node add" makes.
        Each setting can stand in the JSON file, in the environment (IOTXMPP_GATEWAY_HUB, …_PASSWORD_FILE, …) or here; the latter wins.
        """;

    /// <summary>Reads the settings.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="environment">The environment.</param>
    /// <exception cref="GatewaySettingsException">One is unknown, missing or wrong.</exception>
    public static GatewaySettings Read(IReadOnlyList<string> arguments, IDictionary environment) => Make(ReadValues(arguments, environment));

    /// <summary>Reads only where the keys of the things stand: for who adds or removes one.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="environment">The environment.</param>
    /// <exception cref="GatewaySettingsException">A setting is unknown or cannot be read.</exception>
    public static string ReadNodesFile(IReadOnlyList<string> arguments, IDictionary environment) => NodesFileOf(DataFolderOf(ReadValues(arguments, environment)));

    private static string NodesFileOf(string data) => Path.Combine(data, "nodes.json");

    private static string DataFolderOf(Dictionary<string, string> values) => values.GetValueOrDefault("data")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "iotxmpp-gateway");

    private static Dictionary<string, string> ReadValues(IReadOnlyList<string> arguments, IDictionary environment)
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

        return values;
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

        (BoardPins? board, string parts) = PartSettings.Read(values.GetValueOrDefault("board"), values.GetValueOrDefault("parts", string.Empty));
        return new GatewaySettings
        {
            Board = board,
            Parts = parts,
            Beacons = Beacon.ParseAll(values.GetValueOrDefault("beacons", string.Empty)),
            Radio = ReadRadio(values),
            UpdateKey = ReadUpdateKey(values),
            Uplink = new UplinkLimits { BacklogPerSecond = ReadNumber(values, "backlog", 1, 1_000_000, (long)new UplinkLimits().BacklogPerSecond) },
            Hub = hub,
            CaFile = values.GetValueOrDefault("ca"),
            Account = account,
            Password = values.TryGetValue("password-file", out string? file) ? ReadPassword(file) : Require(values, "password"),
            DataFolder = DataFolderOf(values),
            Interval = TimeSpan.FromSeconds(seconds),
            Owner = owner,
            Nodes = ReadEndPoint(values),
            Serial = ReadSerial(values),
            Rules = ReadRules(values),
            Store = new StoreLimits
            {
                MaxSamples = ReadNumber(values, "max-samples", 1000, 1_000_000_000, new StoreLimits().MaxSamples),
                MaxBytes = ReadNumber(values, "max-bytes", 1 << 20, 1L << 40, new StoreLimits().MaxBytes),
            },
        };
    }

    private static IPEndPoint? ReadEndPoint(Dictionary<string, string> values)
    {
        if (!values.TryGetValue("nodes", out string? text) || text is "" or "0" or "off")
        {
            return null;
        }

        return text.Contains(':', StringComparison.Ordinal) && IPEndPoint.TryParse(text, out IPEndPoint? endPoint)
            ? endPoint
            : throw new GatewaySettingsException($"nodes: \"{text}\" is not ADDRESS:PORT, such as 127.0.0.1:5290, or 0.0.0.0:5290 for the whole network.");
    }

    private static byte[]? ReadUpdateKey(Dictionary<string, string> values)
    {
        if (values.ContainsKey("update-key") && values.ContainsKey("update-key-file"))
        {
            throw new GatewaySettingsException("update-key and update-key-file: give one of them.");
        }

        string? text = values.TryGetValue("update-key-file", out string? file) ? ReadPassword(file, "update-key-file") : values.GetValueOrDefault("update-key");
        byte[] key = new byte[34];
        return text is null ? null
            : Convert.TryFromBase64String(text.Trim(), key, out int bytes) && bytes == 32 ? key[..32]
            : throw new GatewaySettingsException("update-key: it is no update key: base64 of 32 bytes, as iotxmpp firmware key makes it.");
    }

    /// <summary>Reads only where the data folder is: for the launcher, which must not stumble over settings that only a newer program knows.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="environment">The environment.</param>
    public static string FindDataFolder(IReadOnlyList<string> arguments, IDictionary environment)
    {
        string? data = Named("data");
        if (data is null && Named("settings") is { } file)
        {
            try
            {
                using JsonDocument document = JsonDocument.Parse(File.ReadAllText(file), new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
                data = document.RootElement.EnumerateObject().Where(m => Canonical(m.Name) == "data").Select(m => Text(m.Value)).LastOrDefault();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException)
            {
                // Told when all of them are read.
            }
        }

        return DataFolderOf(data is null ? [] : new Dictionary<string, string> { ["data"] = data });

        string? Named(string name)
        {
            for (int i = arguments.Count - 1; i >= 0; i--)
            {
                if (arguments[i].StartsWith($"--{name}=", StringComparison.Ordinal))
                {
                    return arguments[i][(name.Length + 3)..];
                }

                if (arguments[i] == "--" + name && i + 1 < arguments.Count)
                {
                    return arguments[i + 1];
                }
            }

            return environment[EnvironmentPrefix + name.ToUpperInvariant()] as string;
        }
    }

    private static string ReadRadio(Dictionary<string, string> values)
    {
        string radio = values.GetValueOrDefault("radio", "hci0");
        return HciSocket.Number(radio) >= 0 ? radio : throw new GatewaySettingsException($"radio: \"{radio}\" is no adapter, such as hci0.");
    }

    private static List<(string, int)> ReadSerial(Dictionary<string, string> values)
    {
        var lines = new List<(string, int)>();
        foreach (string line in values.GetValueOrDefault("serial", string.Empty).Split([',', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            int at = line.LastIndexOf('@');
            int baud = 115200;
            if (at >= 0 && (!int.TryParse(line[(at + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out baud) || !SerialStream.IsSpeed(baud)))
            {
                throw new GatewaySettingsException($"serial: \"{line[(at + 1)..]}\" is no speed: 9600, 19200, 38400, 57600, 115200, 230400, 460800 or 921600.");
            }

            lines.Add((at >= 0 ? line[..at] : line, baud));
        }

        return lines;
    }

    private static string ReadRules(Dictionary<string, string> values)
    {
        if (values.ContainsKey("rules") && values.ContainsKey("rules-file"))
        {
            throw new GatewaySettingsException("rules and rules-file: give one of them.");
        }

        string text = values.GetValueOrDefault("rules", string.Empty);
        if (values.TryGetValue("rules-file", out string? file))
        {
            try
            {
                text = File.ReadAllText(file);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new GatewaySettingsException($"rules-file: {file} cannot be read: {e.Message}", e);
            }
        }

        try
        {
            Rule.ParseAll(text);
            return text;
        }
        catch (RuleException e)
        {
            throw new GatewaySettingsException($"rules: {e.Message}.", e);
        }
    }

    private static long ReadNumber(Dictionary<string, string> values, string name, long least, long most, long otherwise)
    {
        if (!values.TryGetValue(name, out string? text))
        {
            return otherwise;
        }

        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number >= least && number <= most
            ? number
            : throw new GatewaySettingsException($"{name}: \"{text}\" is not a number from {least} to {most}.");
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
                Put(values, Canonical(member.Name), Text(member.Value), $"{file}: {member.Name}");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException)
        {
            throw new GatewaySettingsException($"settings: {file} cannot be read: {e.Message}", e);
        }
    }

    // A list is its entries with line ends between: rules, or serial lines.
    private static string Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Array => string.Join('\n', value.EnumerateArray().Select(Text)),
        _ => value.GetRawText(),
    };

    private static string ReadPassword(string file, string name = "password-file")
    {
        try
        {
            return File.ReadLines(file).FirstOrDefault() is { Length: > 0 } password ? password : throw new GatewaySettingsException($"{name}: {file} is empty.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new GatewaySettingsException($"{name}: {file} cannot be read: {e.Message}", e);
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
